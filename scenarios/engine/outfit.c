#include "scenarios/engine/outfit.h"

#include "lib/base/digest.h"
#include "lib/base/proxy.h"
#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <ctype.h>
#include <string.h>

#define SUM_BYTES 8        /* of a digest, as machines tell theirs */
#define UNUSED    "unused" /* a proxy runs, and nobody is told */
#define EMPTY     "empty"  /* a list that was left empty */

bool outfit_is_proxy_url(const char *text)
{
    struct url u;

    return proxy_read(text, &u, NULL) == 0;
}

bool outfit_is_proxy(const char *text)
{
    return text_is(text, UNUSED) || outfit_is_proxy_url(text);
}

bool outfit_is_variable(const char *text)
{
    const char *at = text;

    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    return at > text && *at == '=' && at[1] != '\0';
}

bool outfit_is_proxy_variable(const char *text)
{
    return outfit_is_variable(text) &&
           (text_begins(text, "HTTP_PROXY=") || text_begins(text, "HTTPS_PROXY=") ||
            text_begins(text, "NO_PROXY="));
}

/* user:password of a URL, percent-decoded. */
static void credentials_read(const struct url *u, struct outfit *o)
{
    const char *colon = strchr(u->userinfo, ':');
    const size_t len = colon ? (size_t)(colon - u->userinfo) : strlen(u->userinfo);
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, OUTFIT_WORD_MAX);
    (void)url_decode(&text, u->userinfo, len, false);
    (void)text_copy(o->user, sizeof o->user, buf_text(&text));
    buf_clear(&text);
    if (colon)
        (void)url_decode(&text, colon + 1, strlen(colon + 1), false);
    (void)text_copy(o->password, sizeof o->password, buf_text(&text));
}

static bool has_act(const struct script *s, const char *verb)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (text_is(s->lines[i].verb->id, verb))
            return true;
    return false;
}

static void proxy_take(struct outfit *o, const char *proxy)
{
    struct url u;

    if (proxy_read(proxy, &u, NULL) < 0)
        return;
    (void)text_copy(o->proxy, sizeof o->proxy, proxy);
    (void)text_copy(o->host, sizeof o->host, u.host);
    o->port = u.port;
    credentials_read(&u, o);
}

/* The list of exceptions stays when there is something to except from. */
void outfit_told(struct outfit *o, const char *proxy)
{
    o->proxy[0] = o->host[0] = o->user[0] = o->password[0] = '\0';
    o->port = 0;
    if (proxy)
        proxy_take(o, proxy);
    else
        o->no_proxy[0] = '\0';
}

static void robustness_read(const struct script *s, struct outfit *ret)
{
    for (size_t i = 0; i < s->n_lines; i++) {
        const struct script_line *line = &s->lines[i];

        if (line->verb->kind != VERB_ACT)
            continue;
        if (text_is(line->verb->id, "gateway.act") && text_is(line->args[0], "loses-power"))
            ret->loses_power = true;
        if (text_is(line->verb->id, "gateway.wiped"))
            ret->is_wiped = true;
        if (text_begins(line->verb->id, "gateway.clock-"))
            ret->clock_jumps = true;
    }
}

void outfit_read(const struct script *s, struct outfit *ret)
{
    const char *proxy = script_site(s, "site.proxy", 0, "");
    const char *list = script_site(s, "site.no-proxy", 0, EMPTY);

    *ret = (struct outfit){.has_proxy_line = proxy[0] != '\0',
                           .bumps = has_act(s, "proxy.breaks-tls"),
                           .trusts = has_act(s, "gateway.told-trust")};
    robustness_read(s, ret);
    for (size_t i = 0; i < s->n_lines && ret->n_strays < OUTFIT_STRAYS_MAX; i++)
        if (s->lines[i].when == WHEN_SITE && text_is(s->lines[i].verb->id, "site.environment"))
            ret->strays[ret->n_strays++] = s->lines[i].args[0];
    if (!ret->has_proxy_line || text_is(proxy, UNUSED))
        return;
    proxy_take(ret, proxy);
    if (!text_is(list, EMPTY))
        (void)text_copy(ret->no_proxy, sizeof ret->no_proxy, list);
}

static bool always(const struct outfit *o)
{
    (void)o;
    return true;
}

static bool has_proxy(const struct outfit *o)
{
    return o->proxy[0] != '\0';
}

static bool has_credentials(const struct outfit *o)
{
    return o->user[0] != '\0';
}

static bool has_trust(const struct outfit *o)
{
    return o->trusts;
}

static const struct {
    const char *feature;
    bool (*is_needed)(const struct outfit *o);
} features[] = {{"pcg", always},
                {"proxy", has_proxy},
                {"proxy-auth", has_credentials},
                {"proxy-ca", has_trust}};

static bool loses_power(const struct outfit *o)
{
    return o->loses_power;
}

static bool is_wiped(const struct outfit *o)
{
    return o->is_wiped;
}

static bool clock_jumps(const struct outfit *o)
{
    return o->clock_jumps;
}

/* No gateway hears of these words at its start: they are the manifest's promise alone. */
static const struct {
    const char *word;
    bool (*is_needed)(const struct outfit *o);
} robustness[] = {
    {"power-cut", loses_power}, {"state-loss", is_wiped}, {"clock-jump", clock_jumps}};

void outfit_features(const struct outfit *o, struct buf *out)
{
    for (size_t i = 0; i < COUNTOF(features); i++)
        if (features[i].is_needed(o))
            buf_printf(out, "%s%s", i == 0 ? "" : ",", features[i].feature);
}

static bool has_word(const char *list, const char *wanted)
{
    char word[32];

    while (text_next(&list, ',', word, sizeof word))
        if (text_is(word, wanted))
            return true;
    return false;
}

const char *outfit_lacks(const struct outfit *o, const char *declared)
{
    for (size_t i = 0; i < COUNTOF(features); i++)
        if (features[i].is_needed(o) && !has_word(declared, features[i].feature))
            return features[i].feature;
    for (size_t i = 0; i < COUNTOF(robustness); i++)
        if (robustness[i].is_needed(o) && !has_word(declared, robustness[i].word))
            return robustness[i].word;
    return NULL;
}

void outfit_params(const struct outfit *o, struct buf *out)
{
    uint8_t digest[SHA256_LEN];
    char sum[2 * SUM_BYTES + 1];

    if (!o->has_proxy_line)
        return;
    if (o->proxy[0] == '\0') {
        buf_text_add(out, "proxy=none");
        return;
    }
    digest_sha256(o->proxy, strlen(o->proxy), digest);
    text_hex(digest, SUM_BYTES, sum);
    buf_printf(out, "proxy=http://%s:%d proxy-sum=%s%s", o->host, o->port, sum,
               o->user[0] ? " credentials=1" : "");
    if (o->no_proxy[0])
        buf_printf(out, " no-proxy=%s", o->no_proxy);
}
