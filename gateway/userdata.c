/* User data (profile, section 10): "#cloud-config" and one JSON document, which is YAML as well and
 * leaves nothing to indentation. It is a secret: it goes into the deploy call and nowhere else. */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>
#include <string.h>

#define AGENT_PATH      "/etc/gateproof/agent.json"
#define PALETTE_CA_PATH "/etc/gateproof/palette-ca.pem"
#define MAAS_CA_PATH    "/etc/gateproof/maas-ca.pem"
#define ENV_PATH        "/etc/environment"
#define UNIT_PATH       "/etc/systemd/system/containerd.service.d/http-proxy.conf"

void gw_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
}

void gw_base64(struct buf *out, const char *bytes, size_t len)
{
    enum { GROUP = 3 };

    for (size_t i = 0; i < len; i += GROUP) {
        char four[GROUP * 2 + 1];
        const size_t n = len - i < GROUP ? len - i : GROUP;

        text_base64url(bytes + i, n, four);
        for (char *p = four; *p; p++)
            *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
        buf_text_add(out, four);
        buf_text_add(out, n == 1 ? "==" : n == 2 ? "=" : "");
    }
}

static const char *given(const char *text)
{
    return text ? text : "";
}

static bool has_proxy(const struct gw *g)
{
    return g->config.http_proxy[0] || g->config.https_proxy[0];
}

/* --- agent.json ------------------------------------------------------------------------------- */

static void member(struct buf *out, const char *name, const char *value)
{
    const char last = out->len > 0 ? out->data[out->len - 1] : '{';

    if (last != '{' && last != '[')
        buf_char_add(out, ',');
    jx_write_text(out, name);
    buf_char_add(out, ':');
    jx_write_text(out, value);
}

static void agent_write(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                        struct buf *out)
{
    const struct gw_item *item = c->item;
    const struct gw_item_body *b = &item->body;
    const bool proxy = has_proxy(g);
    struct buf no_proxy SCOPED(buf_drop);

    buf_init(&no_proxy, GW_USERDATA_MAX);
    if (proxy)
        gw_no_proxy_write(g, c, m, &no_proxy);
    buf_char_add(out, '{');
    member(out, "profile", "1.0");
    member(out, "clusterUid", c->uid);
    member(out, "clusterName", given(item->head.name));
    member(out, "systemId", m->sid);
    member(out, "pool", m->pool);
    member(out, "role", m->role);
    buf_text_add(out, ",\"palette\":{");
    member(out, "url", b->agent.url);
    member(out, "caFile", given(b->agent.ca_cert)[0] ? PALETTE_CA_PATH : "");
    buf_char_add(out, '}');
    member(out, "joinToken", given(b->agent.join_token));
    member(out, "marker", c->marker);
    member(out, "image", item->head.image);
    buf_text_add(out, ",\"endpoint\":{");
    member(out, "host", b->endpoint.host);
    buf_printf(out, ",\"port\":%lld}", (long long)b->endpoint.port);
    member(out, "maasCaFile", given(g->config.maas_ca)[0] ? MAAS_CA_PATH : "");
    buf_text_add(out, ",\"proxy\":{");
    member(out, "httpProxy", g->config.http_proxy);
    member(out, "httpsProxy", g->config.https_proxy);
    member(out, "noProxy", buf_text(&no_proxy));
    buf_text_add(out, "}}\n");
    gw_wipe(&no_proxy);
}

/* --- the proxy's files -------------------------------------------------------------------------
 */

struct setting {
    const char *name, *value;
};

/* HTTP_PROXY="…", or for systemd Environment="HTTP_PROXY=…" with %% for %. */
static void setting_write(struct buf *out, const char *name, const char *value, bool unit)
{
    buf_printf(out, unit ? "Environment=\"%s=" : "%s=\"", name);
    for (const char *p = value; *p; p++) {
        if (unit && *p == '%')
            buf_char_add(out, '%');
        buf_char_add(out, *p);
    }
    buf_text_add(out, "\"\n");
}

static void settings_write(const struct gw *g, const struct gw_cluster *c,
                           const struct gw_machine *m, struct buf *out, bool unit)
{
    struct buf no_proxy SCOPED(buf_drop);

    buf_init(&no_proxy, GW_USERDATA_MAX);
    gw_no_proxy_write(g, c, m, &no_proxy);
    {
        const struct setting settings[] = {
            {"HTTP_PROXY", g->config.http_proxy},   {"HTTPS_PROXY", g->config.https_proxy},
            {"NO_PROXY", buf_text(&no_proxy)},      {"http_proxy", g->config.http_proxy},
            {"https_proxy", g->config.https_proxy}, {"no_proxy", buf_text(&no_proxy)},
        };
        const size_t n = unit ? COUNTOF(settings) / 2 : COUNTOF(settings);

        if (unit)
            buf_text_add(out, "[Service]\n");
        for (size_t i = 0; i < n; i++)
            if (settings[i].value[0])
                setting_write(out, settings[i].name, settings[i].value, unit);
    }
    gw_wipe(&no_proxy);
}

/* --- the document ------------------------------------------------------------------------------
 */

static void file_write(struct buf *out, const char *path, const char *mode, bool append,
                       const char *content)
{
    buf_char_add(out, out->data[out->len - 1] == '[' ? '{' : ',');
    if (out->data[out->len - 1] == ',')
        buf_char_add(out, '{');
    member(out, "path", path);
    member(out, "owner", "root:root");
    member(out, "permissions", mode);
    if (append)
        buf_text_add(out, ",\"append\":true");
    member(out, "content", content);
    buf_char_add(out, '}');
}

static void proxy_files(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                        struct buf *out)
{
    static const struct {
        const char *path, *mode;
        bool unit;
    } files[] = {{ENV_PATH, "0644", false}, {UNIT_PATH, "0600", true}};

    for (size_t i = 0; i < COUNTOF(files); i++) {
        struct buf text SCOPED(buf_drop);

        buf_init(&text, GW_USERDATA_MAX);
        settings_write(g, c, m, &text, files[i].unit);
        file_write(out, files[i].path, files[i].mode, !files[i].unit, buf_text(&text));
        gw_wipe(&text);
    }
}

static bool is_list(const char *raw)
{
    return raw && raw[0] == '[' && !text_is(raw, "[]");
}

static void extras_write(const struct gw_item_cloud *cloud, struct buf *out)
{
    if (is_list(cloud->ssh_keys))
        buf_printf(out,
                   ",\"users\":[\"default\",{\"name\":\"spectro\",\"shell\":\"/bin/bash\","
                   "\"sudo\":\"ALL=(ALL) NOPASSWD:ALL\",\"ssh_authorized_keys\":%s}]",
                   cloud->ssh_keys);
    if (is_list(cloud->ntp_servers))
        buf_printf(out, ",\"ntp\":{\"enabled\":true,\"servers\":%s}", cloud->ntp_servers);
}

bool gw_userdata_write(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                       struct buf *out)
{
    struct buf agent SCOPED(buf_drop);

    buf_init(&agent, GW_USERDATA_MAX);
    agent_write(g, c, m, &agent);
    buf_text_add(out, "#cloud-config\n{\"write_files\":[");
    file_write(out, AGENT_PATH, "0600", false, buf_text(&agent));
    gw_wipe(&agent);
    if (given(c->item->body.agent.ca_cert)[0])
        file_write(out, PALETTE_CA_PATH, "0644", false, c->item->body.agent.ca_cert);
    if (given(g->config.maas_ca)[0])
        file_write(out, MAAS_CA_PATH, "0644", false, g->config.maas_ca);
    if (has_proxy(g))
        proxy_files(g, c, m, out);
    buf_text_add(out, "],\"runcmd\":[[\"systemctl\",\"daemon-reload\"],");
    if (has_proxy(g))
        buf_text_add(out, "[\"systemctl\",\"restart\",\"containerd\"],");
    buf_text_add(out, "[\"systemctl\",\"enable\",\"--now\",\"gateproof-agent.service\"]]");
    extras_write(&c->item->body.cloud, out);
    buf_text_add(out, "}\n");
    return !out->full && !agent.full;
}
