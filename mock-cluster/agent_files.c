/* User data of another machine of the cluster, made from this node's own files (GP-68, GP-80). */
#include "mock-cluster/agent.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "mock-cluster/agent_inner.h"
#include "mock-cluster/userdata.h"

#include <string.h>

#define ENVIRONMENT "/etc/environment"
#define OWN_FOLDER  "/etc/gateproof/"
#define DROPIN_FILE "http-proxy.conf"

const char *const agent_proxy_names[AGENT_PROXY_NAMES] = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
                                                          "http_proxy", "https_proxy", "no_proxy"};

bool agent_has_proxy(const struct agent_config *c)
{
    return c->proxy.http[0] || c->proxy.https[0];
}

void agent_environment_line(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s=\"%s\"\n", name, value);
}

void agent_dropin_line(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "Environment=\"%s=", name);
    for (const char *p = value; *p; p++) {
        buf_char_add(out, *p);
        if (*p == '%') /* a specifier to systemd */
            buf_char_add(out, '%');
    }
    buf_text_add(out, "\"\n");
}

static void lines(const struct agent_config *c, struct buf *out, size_t n,
                  void (*line_write)(struct buf *, const char *, const char *))
{
    const char *const values[] = {c->proxy.http, c->proxy.https, c->proxy.no_proxy};

    for (size_t i = 0; i < n; i++)
        if (values[i % COUNTOF(values)][0])
            line_write(out, agent_proxy_names[i], values[i % COUNTOF(values)]);
}

struct file_out {
    const char *path, *mode;
    bool append;
    const char *content;
};

static void file_write(struct buf *out, const struct file_out *f)
{
    buf_text_add(out, out->data[out->len - 1] == '[' ? "" : ",\n");
    buf_text_add(out, "{\"path\":");
    jx_write_text(out, f->path);
    buf_printf(out, ",\"permissions\":\"%s\"", f->mode);
    if (f->append)
        buf_text_add(out, ",\"append\":true");
    buf_text_add(out, ",\"content\":");
    jx_write_text(out, f->content);
    buf_char_add(out, '}');
}

static void proxy_files(const struct agent_config *c, struct buf *out)
{
    struct buf text SCOPED(buf_drop);
    char path[TREE_PATH_MAX];

    buf_init(&text, USERDATA_MAX);
    lines(c, &text, AGENT_PROXY_NAMES, agent_environment_line);
    file_write(out, &(struct file_out){ENVIRONMENT, "0644", true, buf_text(&text)});
    buf_clear(&text);
    buf_text_add(&text, "[Service]\n");
    lines(c, &text, AGENT_PROXY_NAMES / 2, agent_dropin_line);
    (void)text_copy(path, sizeof path, tree_unit_dropin(TREE_CONTAINERD));
    memcpy(path + strlen(path), DROPIN_FILE, sizeof DROPIN_FILE);
    file_write(out, &(struct file_out){path, "0600", false, buf_text(&text)});
}

/* Authorities and whatever else stands beside agent.json go on as they are. */
static void own_files(const struct tree *t, struct buf *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tree_file *f = t->at[i];

        if (f->given && text_begins(f->path, OWN_FOLDER) && !text_is(f->path, AGENT_JSON))
            file_write(out, &(struct file_out){f->path, f->mode & 077 ? "0644" : "0600", false,
                                               buf_text(&f->content)});
    }
}

void agent_userdata_write(const struct tree *t, const struct agent_peer *peer, struct buf *out)
{
    struct agent_config c;
    struct buf json SCOPED(buf_drop);
    bool good = agent_config_read(t, &c, NULL) == 0;

    assert(good);
    good = text_copy(c.system_id, sizeof c.system_id, peer->system_id) &&
           text_copy(c.pool, sizeof c.pool, peer->pool) &&
           text_copy(c.role, sizeof c.role, peer->role);
    assert(good);
    buf_init(&json, USERDATA_MAX);
    agent_config_write(&c, &json);
    buf_text_add(out, "#cloud-config\n{\"write_files\":[");
    file_write(out, &(struct file_out){AGENT_JSON, "0600", false, buf_text(&json)});
    own_files(t, out);
    if (agent_has_proxy(&c))
        proxy_files(&c, out);
    buf_text_add(out, "],\n\"runcmd\":[[\"systemctl\",\"daemon-reload\"]");
    if (agent_has_proxy(&c))
        buf_text_add(out, ",[\"systemctl\",\"restart\",\"containerd\"]");
    buf_printf(out, ",[\"systemctl\",\"enable\",\"--now\",\"%s\"]]}\n", tree_unit_name(TREE_AGENT));
}
