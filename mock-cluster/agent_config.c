/* What a node finds in its files: the identity of its agent, and what of it the journal may say. */
#include "mock-cluster/agent.h"

#include "lib/base/digest.h"
#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "mock-cluster/agent_inner.h"

#include <errno.h>
#include <string.h>

#define ENVIRONMENT "/etc/environment"
#define MARKER_MIN  8 /* section 0 of the profile */
#define MARKER_MAX  200
#define PORT_MAX    65535
#define SUM_BYTES   8

static const struct jx_field palette_fields[] = {
    JX_TEXT(struct agent_config_palette, url, JX_MUST),
    JX_TEXT_AS(struct agent_config_palette, ca_file, "caFile", 0),
};
static const struct jx_field endpoint_fields[] = {
    JX_TEXT(struct agent_config_endpoint, host, 0),
    JX_INT(struct agent_config_endpoint, port, "port", 0, 0, PORT_MAX),
};
static const struct jx_field proxy_fields[] = {
    JX_TEXT_AS(struct agent_config_proxy, http, "httpProxy", 0),
    JX_TEXT_AS(struct agent_config_proxy, https, "httpsProxy", 0),
    JX_TEXT_AS(struct agent_config_proxy, no_proxy, "noProxy", 0),
};
static const struct jx_field config_fields[] = {
    JX_TEXT(struct agent_config, profile, JX_MUST),
    JX_TEXT_AS(struct agent_config, cluster_uid, "clusterUid", JX_MUST),
    JX_TEXT_AS(struct agent_config, cluster_name, "clusterName", 0),
    JX_TEXT_AS(struct agent_config, system_id, "systemId", JX_MUST),
    JX_TEXT(struct agent_config, pool, 0),
    JX_TEXT(struct agent_config, role, JX_MUST),
    JX_OBJECT(struct agent_config, palette, "palette", JX_MUST, palette_fields),
    JX_TEXT_AS(struct agent_config, join_token, "joinToken", JX_MUST),
    JX_TEXT(struct agent_config, marker, JX_MUST),
    JX_TEXT(struct agent_config, image, 0),
    JX_OBJECT(struct agent_config, endpoint, "endpoint", 0, endpoint_fields),
    JX_TEXT_AS(struct agent_config, maas_ca_file, "maasCaFile", 0),
    JX_OBJECT(struct agent_config, proxy, "proxy", 0, proxy_fields),
};

void agent_config_write(const struct agent_config *c, struct buf *out)
{
    jx_write(out, config_fields, COUNTOF(config_fields), c);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool marker_is_fine(const char *marker)
{
    const size_t len = strlen(marker);

    return len >= MARKER_MIN && len <= MARKER_MAX &&
           strspn(marker, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-") ==
               len;
}

static int config_check(const struct agent_config *c, struct err *e)
{
    struct url u;

    if (!text_is(c->profile, "1.0"))
        return err_set(e, -EINVAL, AGENT_JSON ": profile must be \"1.0\"");
    if (!text_is(c->role, "init") && !text_is(c->role, "join"))
        return err_set(e, -EINVAL, AGENT_JSON ": role must be init or join");
    if (!marker_is_fine(c->marker))
        return err_set(e, -EINVAL, AGENT_JSON ": marker is empty or no marker");
    if (!c->cluster_uid[0] || !c->system_id[0] || !c->join_token[0])
        return err_set(e, -EINVAL, AGENT_JSON ": clusterUid, systemId or joinToken is empty");
    if (url_read(c->palette.url, &u, NULL) < 0 || u.userinfo[0] || u.query[0])
        return err_set(e, -EINVAL, AGENT_JSON ": palette.url cannot be used");
    return 0;
}

static int ca_check(const struct tree *t, const char *path, const char *name, struct err *e)
{
    if (path[0] && !tree_find(t, path))
        return err_set(e, -ENOENT, AGENT_JSON ": %s names a file that is not there", name);
    return 0;
}

int agent_config_fill(const struct tree *t, struct agent_config *c, struct err *e)
{
    const struct tree_file *f = tree_find(t, AGENT_JSON);
    int err;

    if (!f)
        return err_set(e, -ENOENT, "user data wrote no " AGENT_JSON);
    c->endpoint.port = AGENT_PORT;
    if (jx_read(buf_text(&f->content), f->content.len, config_fields, COUNTOF(config_fields), 0, c,
                e) < 0)
        return e ? err_at(e, AGENT_JSON) : -EINVAL;
    err = config_check(c, e);
    if (err == 0)
        err = ca_check(t, c->palette.ca_file, "palette.caFile", e);
    if (err == 0)
        err = ca_check(t, c->maas_ca_file, "maasCaFile", e);
    return err;
}

int agent_config_read(const struct tree *t, struct agent_config *ret, struct err *e)
{
    struct agent_config c = {.profile = ""};
    const int err = agent_config_fill(t, &c, e);

    if (err == 0)
        *ret = c;
    return err;
}

/* --- what the journal says of it -------------------------------------------------------------- */

static void sum_add(struct buf *out, const char *name, const char *text)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SUM_BYTES + 1];

    digest_sha256(text, strlen(text), digest);
    text_hex(digest, SUM_BYTES, hex);
    buf_printf(out, " %s=%s", name, text[0] ? hex : "none");
}

/* A proxy without its password: host and port. */
static void proxy_add(struct buf *out, const char *value)
{
    struct url u;

    if (url_read(value, &u, NULL) < 0)
        buf_printf(out, " proxy=%s", value[0] ? "unreadable" : "none");
    else
        buf_printf(out, " proxy=%s:%d", u.host, u.port);
}

static bool has_line(const char *text, const char *line)
{
    const size_t len = strlen(line);

    for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        if (strncmp(p, line, len) == 0 && (p[len] == '\n' || p[len] == '\0'))
            return true;
    return false;
}

/* Whether a file says about the proxy what agent.json says: all lines, some, or no proxy at all. */
static const char *place_word(const struct agent_config *c, const char *text,
                              void (*line_write)(struct buf *, const char *, const char *),
                              const char *const *names, size_t n)
{
    const char *const values[] = {c->proxy.http, c->proxy.https, c->proxy.no_proxy};
    size_t wanted = 0, there = 0;

    if (!agent_has_proxy(c))
        return strcasestr(text, "_proxy=") ? "other" : "none";
    for (size_t i = 0; i < n; i++) {
        struct buf line SCOPED(buf_drop);

        buf_init(&line, KIB(16));
        line_write(&line, names[i], values[i % COUNTOF(values)]);
        wanted += values[i % COUNTOF(values)][0] != '\0';
        line.len -= line.len > 0; /* without its line end */
        if (line.data)
            line.data[line.len] = '\0';
        there += values[i % COUNTOF(values)][0] && has_line(text, buf_text(&line));
    }
    return there == wanted ? "same" : there ? "other" : "none";
}

/* Anchors in a file that agent.json does not name: a proxy's, for one (GP-83 lets a gateway). */
static bool has_further_anchors(const struct tree *t, const struct agent_config *c)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tree_file *f = t->at[i];

        if (f->given && !text_is(f->path, c->palette.ca_file) &&
            !text_is(f->path, c->maas_ca_file) &&
            strstr(buf_text(&f->content), "-----BEGIN CERTIFICATE-----"))
            return true;
    }
    return false;
}

void agent_found(const struct tree *t, struct buf *out)
{
    struct agent_config c;

    if (agent_config_read(t, &c, NULL) < 0) {
        buf_text_add(out, "endpoint=none");
        return;
    }
    buf_printf(out, "endpoint=%s", c.palette.url);
    sum_add(out, "anchor", c.palette.ca_file[0] ? tree_text(t, c.palette.ca_file) : "");
    proxy_add(out, c.proxy.https[0] ? c.proxy.https : c.proxy.http);
    sum_add(out, "proxy-sum", c.proxy.https);
    sum_add(out, "http-proxy-sum", c.proxy.http);
    buf_printf(out, " environment=%s",
               place_word(&c, tree_text(t, ENVIRONMENT), agent_environment_line, agent_proxy_names,
                          AGENT_PROXY_NAMES));
    buf_printf(out, " containerd=%s",
               place_word(&c, buf_text(&t->units[TREE_CONTAINERD].running), agent_dropin_line,
                          agent_proxy_names, AGENT_PROXY_NAMES / 2));
    if (has_further_anchors(t, &c))
        buf_text_add(out, " further-anchors=yes");
    buf_printf(out, " no-proxy=%s", c.proxy.no_proxy[0] ? c.proxy.no_proxy : "none");
}
