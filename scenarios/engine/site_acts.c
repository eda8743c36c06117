/* Acts of a story in a site: one row an act. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "lib/base/jx.h"
#include "scenarios/engine/verbs.h"

#include <stdlib.h>
#include <string.h>

typedef bool act_fn(struct site *s, const struct script_line *line);

/* --- the user, through Palette's public API ------------------------------------------------- */

#define PALETTE_URL "https://palette.example"

static void user_send(struct site *s, const char *verb, const char *method, const char *path,
                      const char *body)
{
    struct http_call call;

    http_call_init(&call, method);
    buf_text_add(&call.url, PALETTE_URL);
    buf_text_add(&call.url, path);
    http_header_add(&call.headers, "ApiKey", s->api_key);
    if (*body != '\0')
        http_header_add(&call.headers, "Content-Type", "application/json");
    buf_text_add(&call.body, body);
    call.timeout_ms = SITE_USER_TIMEOUT_MS;
    site_send(s, SITE_USER, 0, verb, &call);
    http_call_drop(&call);
}

static void user_get(struct site *s, const char *verb, const char *path)
{
    user_send(s, verb, "GET", path, "");
}

static void gateway_configure(struct site *s, const char *uid, const char *code)
{
    struct gw_config *c = &s->gateway.config;
    const struct lab_host *maas = lab_role(s->lab, "maas");
    struct buf url;

    memset(c, 0, sizeof *c);
    text_copy(c->palette_url, sizeof c->palette_url, PALETTE_URL);
    text_copy(c->pcg_uid, sizeof c->pcg_uid, uid);
    text_copy(c->pairing_code, sizeof c->pairing_code, code);
    text_copy(c->version, sizeof c->version, GATEPROOF_VERSION);
    text_copy(c->features, sizeof c->features, GW_FEATURES);
    text_copy(c->maas_key, sizeof c->maas_key, s->maas_key);
    buf_init(&url, URL_MAX);
    if (maas != NULL)
        buf_printf(&url, "http://%s:5240/MAAS", maas->links[0].address);
    text_copy(c->maas_url, sizeof c->maas_url, buf_text(&url));
    buf_clear(&url);
    buf_printf(&url, "maas-%s", uid);
    text_copy(c->account_name, sizeof c->account_name, buf_text(&url));
    buf_drop(&url);
}

static void installed(struct site *s, const struct http_result *r)
{
    char code[GW_SECRET_MAX] = "", uid[GW_UID_MAX] = "";

    if (r->status != 200 ||
        !jx_pick(buf_text(&r->body), r->body.len, "pairingCode", code, sizeof code) ||
        !http_header_get(&r->headers, "X-Gp-Pcg-Uid", uid, sizeof uid))
        return; /* the journal has the user's failed call; the story's lines say the rest */
    site_secret_add(s, "pairing-code", code);
    gateway_configure(s, uid, code);
    site_gateway_start(s);
}

/* The account is known by its uid now: the second half of an act on an account. */
static void account_known(struct site *s, const struct http_result *r)
{
    char uid[GW_UID_MAX] = "";
    SCOPED(buf_drop) struct buf path = {0}, body = {0};

    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(4));
    if (!jx_pick(buf_text(&r->body), r->body.len, "items.0.metadata.uid", uid, sizeof uid))
        text_copy(uid, sizeof uid, "none");
    if (!text_is(s->user_wish, "validate")) {
        buf_printf(&path, "/v1/cloudaccounts/maas/%s/properties/%s", uid, s->user_wish);
        user_get(s, "lists", buf_text(&path));
        return;
    }
    buf_printf(&path, "/v1/overlords/maas/%s/account/validate", s->gateway.config.pcg_uid);
    buf_printf(&body, "{\"account\":{\"apiEndpoint\":\"%s\",\"apiKey\":\"%s\"}}",
               s->gateway.config.maas_url, s->maas_key);
    user_send(s, "validates", "POST", buf_text(&path), buf_text(&body));
}

struct named {
    char name[128];
};

struct named_list {
    size_t n;
    struct named items[64];
};

static const struct jx_field named_fields[] = {JX_TEXT(struct named, name, 0)};
static const struct jx_field list_fields[] = {
    JX_ARRAY(struct named_list, items, n, "items", 0, named_fields)};

/* The names of an answer's items, "a,b"; "" when it holds none. */
static void answer_names(const struct http_result *r, struct buf *out)
{
    struct named_list *list = calloc(1, sizeof *list);

    if (list == NULL)
        WRONG("out of memory");
    if (jx_read(buf_text(&r->body), r->body.len, list_fields, COUNTOF(list_fields), 0, list,
                NULL) == 0)
        for (size_t i = 0; i < list->n; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : ",", list->items[i].name);
    free(list);
}

void site_user_reply(struct site *s, struct site_call *c)
{
    SCOPED(buf_drop) struct buf names = {0};
    struct event e;

    if (text_is(c->verb, "accounts")) {
        account_known(s, &c->result);
        return;
    }
    buf_init(&names, EV_VALUE_MAX);
    ev_init(&e, EV_PAL_USER, s->now);
    ev_text_add(&e, EVF_VERB, c->verb);
    ev_int_add(&e, EVF_STATUS, c->result.status);
    if (text_is(c->verb, "lists")) {
        answer_names(&c->result, &names);
        ev_text_add(&e, EVF_ANSWER, buf_text(&names));
    }
    site_put(s, EVS_ENGINE, &e);
    if (text_is(c->verb, "pairing-code"))
        installed(s, &c->result);
}

/* --- acts ----------------------------------------------------------------------------------- */

static bool gateway_installs(struct site *s, const struct script_line *line)
{
    (void)line;
    user_get(s, "pairing-code", "/v1/overlords/pairing/code?cloudType=maas");
    return true;
}

static void gateway_thaws(struct site *s)
{
    site_gateway_freeze(s, false);
}

static void gateway_freezes(struct site *s)
{
    site_gateway_freeze(s, true);
}

static bool gateway_act(struct site *s, const struct script_line *line)
{
    static const struct {
        const char *word;
        bool needs_running;
        void (*act)(struct site *s);
    } rows[] = {
        {"starts", false, site_gateway_start}, {"stops", true, site_gateway_stop},
        {"dies", true, site_gateway_kill},     {"freezes", true, gateway_freezes},
        {"thaws", true, gateway_thaws},
    };
    const char *word = line->args[line->n_args - 1];

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const bool running = s->gateway.core != NULL;

        if (!text_is(word, rows[i].word))
            continue;
        if (running != rows[i].needs_running)
            return false;
        rows[i].act(s);
        return true;
    }
    return false;
}

static bool probe_every_pair(struct site *s, const struct script_line *line)
{
    (void)line;
    site_probe_every_pair(s);
    return true;
}

static bool evidence_loses(struct site *s, const struct script_line *line)
{
    enum ev_src src = ev_src_find(line->args[0]);

    if (src == EVS_COUNT)
        return false;
    s->lose_next[src] = true;
    return true;
}

static bool user_lists_gateways(struct site *s, const struct script_line *line)
{
    (void)line;
    user_get(s, "lists-gateways", "/v1/overlords");
    return true;
}

static bool user_lists(struct site *s, const struct script_line *line)
{
    static const char *const kinds[][2] = {{"zones", "azs"},
                                           {"pools", "resourcePools"},
                                           {"domains", "domains"},
                                           {"subnets", "subnets"},
                                           {"tags", "tags"}};

    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(line->args[0], kinds[i][0]))
            text_copy(s->user_wish, sizeof s->user_wish, kinds[i][1]);
    user_get(s, "accounts", "/v1/cloudaccounts/maas");
    return true;
}

static bool user_validates(struct site *s, const struct script_line *line)
{
    (void)line;
    text_copy(s->user_wish, sizeof s->user_wish, "validate");
    user_get(s, "accounts", "/v1/cloudaccounts/maas");
    return true;
}

static const struct {
    const char *verb;
    act_fn *act;
} acts[] = {
    {"gateway.installs", gateway_installs},       {"gateway.act", gateway_act},
    {"probe.every-pair", probe_every_pair},       {"evidence.loses", evidence_loses},
    {"user.lists-gateways", user_lists_gateways}, {"user.lists", user_lists},
    {"user.validates", user_validates},
};

bool site_act(struct site *s, const struct script_line *line)
{
    for (size_t i = 0; i < COUNTOF(acts); i++) {
        struct event e;
        bool done;

        if (!text_is(acts[i].verb, line->verb->id))
            continue;
        done = acts[i].act(s, line);
        ev_init(&e, EV_ACT, s->now);
        ev_int_add(&e, EVF_LINE, line->number);
        ev_text_add(&e, EVF_VERB, line->text);
        ev_int_add(&e, EVF_FIRED, done);
        site_put(s, EVS_ENGINE, &e);
        return true;
    }
    return false;
}
