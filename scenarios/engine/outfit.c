#include "scenarios/engine/outfit.h"

#include "lib/base/digest.h"
#include "lib/base/proxy.h"
#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <ctype.h>
#include <stdio.h>
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

static bool says(const struct script *s, const char *verb, const char *word)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (text_begins(s->lines[i].verb->id, verb) &&
            (!word || text_is(s->lines[i].args[1], word)))
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

void outfit_maas_url(const struct outfit *o, const struct lab *l, char ret[OUTFIT_URL_MAX])
{
    const struct lab_host *maas = lab_role(l, "maas");

    ret[0] = '\0';
    if (maas)
        snprintf(ret, OUTFIT_URL_MAX, "http%s://%s:%d/MAAS", o->maas_tls ? "s" : "",
                 maas->links[0].address, maas->listen);
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

/* Which gateways there are follows from what the story does. */
static void gateways_read(const struct script *s, struct outfit *o)
{
    const bool on_system = script_has_site(s, "site.account");

    o->maas_tls = script_has_site(s, "site.maas-tls");
    o->self_hosted = text_is(script_site(s, "site.palette", 0, ""), "self-hosted");
    o->has_site =
        says(s, "gateway.installs", NULL) || (says(s, "site.cluster", NULL) && !on_system);
    o->has_system = o->self_hosted && (on_system || says(s, "system.", NULL) ||
                                       says(s, "user.registers-account-toggle", "on"));
}

void outfit_read(const struct script *s, struct outfit *ret)
{
    const char *proxy = script_site(s, "site.proxy", 0, "");
    const char *list = script_site(s, "site.no-proxy", 0, EMPTY);

    *ret = (struct outfit){.has_proxy_line = proxy[0] != '\0',
                           .bumps = says(s, "proxy.breaks-tls", NULL),
                           .trusts = says(s, "gateway.told-trust", NULL)};
    robustness_read(s, ret);
    gateways_read(s, ret);
    for (size_t i = 0; i < s->n_lines && ret->n_strays < OUTFIT_STRAYS_MAX; i++)
        if (s->lines[i].when == WHEN_SITE && text_is(s->lines[i].verb->id, "site.environment"))
            ret->strays[ret->n_strays++] = s->lines[i].args[0];
    if (!ret->has_proxy_line || text_is(proxy, UNUSED))
        return;
    proxy_take(ret, proxy);
    if (!text_is(list, EMPTY))
        (void)text_copy(ret->no_proxy, sizeof ret->no_proxy, list);
}

static bool has_site(const struct outfit *o)
{
    return o->has_site;
}

static bool has_system(const struct outfit *o)
{
    return o->has_system;
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

enum { AT_SITE = 1, IN_PALETTE = 2 };
static const struct {
    const char *feature;
    unsigned where; /* whose feature it is */
    bool (*is_needed)(const struct outfit *o);
} features[] = {{"pcg", AT_SITE, has_site},
                {"system-gateway", IN_PALETTE, has_system},
                {"proxy", AT_SITE | IN_PALETTE, has_proxy},
                {"proxy-auth", AT_SITE | IN_PALETTE, has_credentials},
                {"proxy-ca", AT_SITE, has_trust}};

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

void outfit_features(const struct outfit *o, bool is_system, struct buf *out)
{
    for (size_t i = 0; i < COUNTOF(features); i++)
        if ((features[i].where & (is_system ? IN_PALETTE : AT_SITE)) && features[i].is_needed(o))
            buf_printf(out, "%s%s", out->len == 0 ? "" : ",", features[i].feature);
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

void outfit_path(const struct lab *l, const struct outfit *o, struct event *ret)
{
    const char *seen_as;

    ev_init(ret, EV_LAB_PATH, 0);
    ev_text_add(ret, EVF_FROM, "palette");
    ev_text_add(ret, EVF_TO, "maas");
    ev_text_add(ret, EVF_ANSWER, reach_name(lab_reaches(l, "palette", "maas", &seen_as)));
    ev_text_add(ret, EVF_KIND, o->self_hosted ? "self-hosted" : "saas");
}

/* --- machines --- */

static const char *const spec_texts[] = {"zone", "pool", "tags", NULL};
static const char *const spec_numbers[] = {"cpu", "mem", NULL};

static bool is_among(const char *const *names, const char *name)
{
    while (*names && !text_is(*names, name))
        names++;
    return *names != NULL;
}

/* One "name=value" of a list; false: it is none that a machine has. */
static bool spec_next(const char **list, char name[OUTFIT_WORD_MAX], char value[OUTFIT_WORD_MAX])
{
    char word[2 * OUTFIT_WORD_MAX];
    char *equals;
    int64_t number;

    if (!text_next(list, ',', word, sizeof word) || !(equals = strchr(word, '=')))
        return false;
    *equals = '\0';
    return text_copy(name, OUTFIT_WORD_MAX, word) &&
           text_copy(value, OUTFIT_WORD_MAX, equals + 1) &&
           (is_among(spec_texts, name)
                ? value[0] != '\0' && value[strcspn(value, "\"\\")] == '\0'
                : is_among(spec_numbers, name) && text_int(value, 1, INT32_MAX, &number));
}

bool outfit_is_machine_spec(const char *text)
{
    char name[OUTFIT_WORD_MAX], value[OUTFIT_WORD_MAX];

    while (*text)
        if (!spec_next(&text, name, value))
            return false;
    return true;
}

static void tags_write(const char *tags, struct buf *out)
{
    char tag[OUTFIT_WORD_MAX];

    buf_char_add(out, '[');
    for (size_t n = 0; text_next(&tags, '+', tag, sizeof tag); n++)
        buf_printf(out, "%s\"%s\"", n > 0 ? "," : "", tag);
    buf_char_add(out, ']');
}

static void spec_write(const char *spec, struct buf *out)
{
    char name[OUTFIT_WORD_MAX], value[OUTFIT_WORD_MAX];

    for (size_t n = 0; *spec && spec_next(&spec, name, value); n++) {
        buf_printf(out, "%s\"%s\":", n > 0 ? "," : "", name);
        if (text_is(name, "tags"))
            tags_write(value, out);
        else
            buf_printf(out, is_among(spec_numbers, name) ? "%s" : "\"%s\"", value);
    }
}

static const char *spec_of(const struct script *s, size_t machine)
{
    char name[24];

    snprintf(name, sizeof name, "m%zu", machine);
    for (size_t i = 0; i < s->n_lines; i++)
        if (text_is(s->lines[i].verb->id, "site.machine") && text_is(s->lines[i].args[0], name))
            return s->lines[i].args[1];
    return "";
}

/* The lab's machine of that number; NULL: it has none. */
static const struct lab_host *node_of(const struct lab *l, size_t machine)
{
    for (size_t i = 0; i < l->n_hosts; i++)
        if (text_is(l->hosts[i].role, "node") && --machine == 0)
            return &l->hosts[i];
    return NULL;
}

/* Where MAAS thinks of its machines when nobody says it. */
#define FLEET_NET "10.10.0.0/24"

static bool lives_elsewhere(const struct lab *l)
{
    const struct lab_host *first = node_of(l, 1);

    return first && !lab_net_has(FLEET_NET, first->links[0].address);
}

void outfit_fleet(const struct script *s, const struct lab *l, size_t n_machines, struct buf *out)
{
    const bool elsewhere = lives_elsewhere(l);

    if (!elsewhere && !script_has_site(s, "site.machine"))
        return;
    for (size_t i = 1; i <= n_machines; i++) {
        const struct lab_host *h = node_of(l, i);

        buf_text_add(out, i == 1 ? "[{" : ",{");
        spec_write(spec_of(s, i), out);
        if (elsewhere && h)
            buf_printf(out, "%s\"ip\":\"%s\"", *spec_of(s, i) ? "," : "", h->links[0].address);
        buf_char_add(out, '}');
    }
    buf_char_add(out, ']');
}
