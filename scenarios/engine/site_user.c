/* The user of a site, through Palette's public API only. What a user wants may take several calls:
 * a wish remembers which comes next; the last one is journaled as pal.user. */
#include "scenarios/engine/site_private.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/engine/user_body.h"

#include <stdlib.h>
#include <string.h>

#define SYSTEM_LOOK "look-for-system" /* a step of the way */
#define CODE_SPEND  "spends-code"     /* another one */
#define RETRY_MS    SECONDS(1)        /* a user who finds no account yet looks again … */
#define RETRIES_MAX 600               /* … so often */

static void user_send(struct site *s, const struct site_wish *w, const char *verb,
                      const char *method, const char *path, const char *body)
{
    struct http_call call;

    http_call_init(&call, method);
    buf_text_add(&call.url, SITE_PALETTE_URL);
    buf_text_add(&call.url, path);
    http_header_add(&call.headers, "ApiKey", s->api_key);
    if (*body != '\0')
        http_header_add(&call.headers, "Content-Type", "application/json");
    buf_text_add(&call.body, body);
    call.timeout_ms = SITE_USER_TIMEOUT_MS;
    site_send(s, SITE_USER, (uint64_t)(w - s->wishes), verb, &call);
    http_call_drop(&call);
}

struct site_cluster *site_cluster_find(struct site *s, const char *name)
{
    /* a name may be used again after its cluster is gone: the newest counts */
    for (size_t i = s->n_clusters; i-- > 0;)
        if (text_is(s->clusters[i].name, name))
            return &s->clusters[i];
    return NULL;
}

/* --- installing ----------------------------------------------------------------------------- */

/* What every gateway is told. */
static void configure(const struct site *s, struct gw_config *c, const char *uid)
{
    SCOPED(buf_drop) struct buf text = {0};

    memset(c, 0, sizeof *c);
    text_copy(c->pcg_uid, sizeof c->pcg_uid, uid);
    buf_init(&text, sizeof c->version - 1);
    buf_printf(&text, "%s%s%s", GATEPROOF_VERSION, *s->rogue ? "+" : "", s->rogue);
    text_copy(c->version, sizeof c->version, buf_text(&text));
    text_copy(c->features, sizeof c->features, GW_FEATURES);
}

static void gateway_configure(struct site *s, const char *uid, const char *code)
{
    struct gw_config *c = &s->gateway.config;
    SCOPED(buf_drop) struct buf text = {0};
    char maas[OUTFIT_URL_MAX];

    configure(s, c, uid);
    site_config_proxy(s);
    text_copy(c->palette_url, sizeof c->palette_url, SITE_PALETTE_URL);
    text_copy(c->pairing_code, sizeof c->pairing_code, code);
    c->bootstrap = s->gateway.bootstrap;
    text_copy(c->maas_key, sizeof c->maas_key, s->maas_key);
    outfit_maas_url(&s->outfit, s->lab, maas);
    text_copy(c->maas_url, sizeof c->maas_url, maas);
    c->maas_ca = s->outfit.maas_tls ? SITE_MAAS_CA : NULL;
    buf_init(&text, URL_MAX);
    buf_printf(&text, "maas-%s", uid);
    text_copy(c->account_name, sizeof c->account_name, buf_text(&text));
}

/* A gateway that is to survive the loss of its state has its secret from a file (GP-7). */
static void secret_give(struct site *s)
{
    char *to = s->gateway.config.given_secret;

    if (!s->outfit.is_wiped)
        return;
    for (size_t i = 0; i < SITE_SECRET_LEN; i++)
        to[i] = (char)('a' + rng_between(&s->rng, 0, 25));
    to[SITE_SECRET_LEN] = '\0';
    site_secret_add(s, "gateway-secret", to);
}

/* Palette's own: its secret was put there, no MAAS is named, and Palette has a name of its own
 * inside, which no proxy is asked for (GP-109, GP-113). */
static void system_configure(struct site *s, const char *uid)
{
    const char *inside = lab_role(s->lab, "palette")->links[0].address;
    struct gw_config *c = &s->system.config;
    SCOPED(buf_drop) struct buf text = {0};

    configure(s, c, uid);
    text_copy(c->http_proxy, sizeof c->http_proxy, s->outfit.proxy);
    text_copy(c->https_proxy, sizeof c->https_proxy, s->outfit.proxy);
    text_copy(c->given_secret, sizeof c->given_secret, s->system_secret);
    buf_init(&text, URL_MAX);
    buf_printf(&text, "https://%s", inside);
    text_copy(c->palette_url, sizeof c->palette_url, buf_text(&text));
    buf_clear(&text);
    if (*s->outfit.proxy != '\0')
        buf_printf(&text, "%s%s%s", inside, *s->outfit.no_proxy == '\0' ? "" : ",",
                   s->outfit.no_proxy);
    text_copy(c->no_proxy, sizeof c->no_proxy, buf_text(&text));
}

/* Somebody else comes first with it: one more call, unseen. */
static void code_spend(struct site *s, struct site_wish *w, const char *uid, const char *code)
{
    SCOPED(buf_drop) struct buf path = {0}, body = {0};

    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(1));
    buf_printf(&path, USER_ENROL_PATH, uid);
    user_body_enrol(&body, code);
    w->used = true;
    user_send(s, w, CODE_SPEND, "POST", buf_text(&path), buf_text(&body));
}

static void installed(struct site *s, struct site_wish *w, const struct http_result *r)
{
    char code[GW_SECRET_MAX] = "", uid[GW_UID_MAX] = "";

    if (r->status != 200 ||
        !jx_pick(buf_text(&r->body), r->body.len, "pairingCode", code, sizeof code) ||
        !http_header_get(&r->headers, "X-Gp-Pcg-Uid", uid, sizeof uid))
        return; /* the journal has the user's failed call; the story's lines say the rest */
    user_code_spoil(w->text, code, uid);
    site_secret_add(s, "pairing-code", code);
    gateway_configure(s, uid, code);
    secret_give(s);
    if (text_is(w->text, USER_CODE_USED))
        code_spend(s, w, uid, code);
    else
        site_gateway_start(s, &s->gateway);
}

static void code_spent(struct site *s, struct site_wish *w, const struct http_result *r)
{
    (void)w;
    if (r->status == 200)
        site_gateway_start(s, &s->gateway);
}

static void install_ask(struct site *s, struct site_wish *w, const char *account)
{
    (void)account;
    user_send(s, w, "pairing-code", "GET", "/v1/overlords/pairing/code?cloudType=maas", "");
}

static void overlords_ask(struct site *s, struct site_wish *w, const char *account)
{
    (void)account;
    user_send(s, w, SYSTEM_LOOK, "GET", "/v1/overlords", "");
}

static void system_known(struct site *s, struct site_wish *w, const struct http_result *r)
{
    char uid[GW_UID_MAX] = "";

    (void)w;
    if (!user_system_pick(&r->body, uid, sizeof uid))
        return; /* lines that wait for it say the rest */
    system_configure(s, uid);
    site_gateway_start(s, &s->system);
}

/* --- accounts ------------------------------------------------------------------------------- */

static void account_post(struct site *s, struct site_wish *w, const char *overlord)
{
    SCOPED(buf_drop) struct buf body = {0};
    char maas[OUTFIT_URL_MAX];

    buf_init(&body, KIB(4));
    outfit_maas_url(&s->outfit, s->lab, maas);
    user_body_account(&body, w->account, overlord, maas, s->maas_key);
    user_send(s, w, w->kind, "POST", "/v1/cloudaccounts/maas", buf_text(&body));
}

/* on: Palette's own gateway, if the user is shown one, else he asks for it. off: the gateway at the
 * site. by hand: a uid that nobody showed him. Unsaid: none. */
static void register_ask(struct site *s, struct site_wish *w, const char *account)
{
    (void)account;
    if (text_is(w->text, "on"))
        user_send(s, w, SYSTEM_LOOK, "GET", "/v1/overlords", "");
    else
        account_post(s, w,
                     text_is(w->text, "off")       ? s->gateway.config.pcg_uid
                     : text_is(w->text, "by-hand") ? USER_SYSTEM_BY_HAND
                                                   : "");
}

static void system_looked(struct site *s, struct site_wish *w, const struct http_result *r)
{
    char uid[GW_UID_MAX] = "";
    SCOPED(buf_drop) struct buf path = {0};

    if (user_system_pick(&r->body, uid, sizeof uid)) {
        account_post(s, w, uid);
        return;
    }
    buf_init(&path, URL_PATH_MAX);
    buf_printf(&path, USER_SYSTEM_PATH, "none");
    user_send(s, w, w->kind, "POST", buf_text(&path), "");
}

/* --- questions ------------------------------------------------------------------------------ */

static void gateways_ask(struct site *s, struct site_wish *w, const char *account)
{
    (void)account;
    user_send(s, w, "lists-gateways", "GET", "/v1/overlords", "");
}

static void property_ask(struct site *s, struct site_wish *w, const char *account)
{
    SCOPED(buf_drop) struct buf path = {0};

    buf_init(&path, URL_PATH_MAX);
    buf_printf(&path, "/v1/cloudaccounts/maas/%s/properties/%s", account, w->text);
    user_send(s, w, "lists", "GET", buf_text(&path), "");
}

static void validate_ask(struct site *s, struct site_wish *w, const char *account)
{
    SCOPED(buf_drop) struct buf path = {0}, body = {0};

    (void)account;
    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(4));
    buf_printf(&path, "/v1/overlords/maas/%s/account/validate", s->gateway.config.pcg_uid);
    buf_printf(&body, "{\"account\":{\"apiEndpoint\":\"%s\",\"apiKey\":\"%s\"}}",
               s->gateway.config.maas_url, s->maas_key);
    user_send(s, w, "validates", "POST", buf_text(&path), buf_text(&body));
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

/* --- clusters ------------------------------------------------------------------------------- */

static void create_ask(struct site *s, struct site_wish *w, const char *account)
{
    SCOPED(buf_drop) struct buf body = {0};

    buf_init(&body, KIB(16));
    user_body_create(&body, w->name, account, w->nodes, w->text);
    user_send(s, w, "creates-cluster", "POST", "/v1/spectroclusters/maas", buf_text(&body));
}

/* The cluster has a uid; its configuration's uid is read for the days to come. */
static void created(struct site *s, struct site_wish *w, const struct http_result *r)
{
    struct site_cluster *c = &s->clusters[s->n_clusters];
    SCOPED(buf_drop) struct buf path = {0};

    if (r->status != 201 || s->n_clusters == SITE_CLUSTERS_MAX ||
        !jx_pick(buf_text(&r->body), r->body.len, "uid", c->uid, sizeof c->uid))
        return;
    text_copy(c->name, sizeof c->name, w->name);
    c->has_workers = w->nodes > 1;
    s->n_clusters++;
    buf_init(&path, URL_PATH_MAX);
    buf_printf(&path, "/v1/spectroclusters/%s", c->uid);
    w->used = true; /* one more call, unseen */
    user_send(s, w, "config", "GET", buf_text(&path), "");
}

static void config_known(struct site *s, struct site_wish *w, const struct http_result *r)
{
    struct site_cluster *c = site_cluster_find(s, w->name);

    if (c != NULL)
        jx_pick(buf_text(&r->body), r->body.len, "spec.cloudConfigRef.uid", c->config_uid,
                sizeof c->config_uid);
}

static void delete_ask(struct site *s, struct site_wish *w, const char *account)
{
    const struct site_cluster *c = site_cluster_find(s, w->name);
    SCOPED(buf_drop) struct buf path = {0};

    (void)account;
    buf_init(&path, URL_PATH_MAX);
    buf_printf(&path, "/v1/spectroclusters/%s", c == NULL ? "none" : c->uid);
    user_send(s, w, "deletes-cluster", "DELETE", buf_text(&path), "");
}

static void scale_ask(struct site *s, struct site_wish *w, const char *account)
{
    struct site_cluster *c = site_cluster_find(s, w->name);
    SCOPED(buf_drop) struct buf path = {0}, body = {0};

    (void)account;
    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(4));
    buf_printf(&path, "/v1/cloudconfigs/maas/%s/machinePools%s", c == NULL ? "none" : c->config_uid,
               c != NULL && c->has_workers ? "/workers" : "");
    user_body_workers(&body, w->nodes);
    user_send(s, w, "scales-cluster", c != NULL && c->has_workers ? "PUT" : "POST", buf_text(&path),
              buf_text(&body));
    if (c != NULL)
        c->has_workers = true;
}

static void label_ask(struct site *s, struct site_wish *w, const char *account)
{
    const struct site_cluster *c = site_cluster_find(s, w->name);
    SCOPED(buf_drop) struct buf path = {0}, body = {0};

    (void)account;
    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(4));
    buf_printf(&path, "/v1/spectroclusters/%s/metadata", c == NULL ? "none" : c->uid);
    user_body_label(&body, w->name, w->text);
    user_send(s, w, "labels-cluster", "PATCH", buf_text(&path), buf_text(&body));
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct wish_row {
    const char *kind;
    bool needs_account; /* its uid is read first */
    bool needs_cluster; /* waits until the user knows the cluster's uid */
    void (*ask)(struct site *s, struct site_wish *w, const char *account);
    void (*answered)(struct site *s, struct site_wish *w, const struct http_result *r);
} rows[] = {
    {"pairing-code", false, false, install_ask, installed},
    {"lists-gateways", false, false, gateways_ask, NULL},
    {"lists", true, false, property_ask, NULL},
    {"validates", true, false, validate_ask, NULL},
    {"creates-cluster", true, false, create_ask, created},
    {"deletes-cluster", false, true, delete_ask, NULL},
    {"scales-cluster", false, true, scale_ask, NULL},
    {"labels-cluster", false, true, label_ask, NULL},
    {"system-gateway", false, false, overlords_ask, NULL},
    {"registers-account", false, false, register_ask, NULL},
};

static const struct wish_row *row_of(const char *kind)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].kind, kind))
            return &rows[i];
    return NULL;
}

static void accounts_ask(struct site *s, struct site_wish *w)
{
    w->retry_at = MS_NEVER;
    user_send(s, w, "accounts", "GET", "/v1/cloudaccounts/maas", "");
}

/* A cluster that was just asked for is known when its answer has come. */
static bool cluster_awaited(struct site *s, const struct site_wish *w)
{
    for (size_t i = 0; i < SITE_WISHES_MAX; i++)
        if (s->wishes[i].used && text_is(s->wishes[i].kind, "creates-cluster") &&
            text_is(s->wishes[i].name, w->name))
            return true;
    return false;
}

static void wish_go(struct site *s, struct site_wish *w)
{
    const struct wish_row *row = row_of(w->kind);

    w->retry_at = MS_NEVER;
    if (row->needs_account)
        accounts_ask(s, w);
    else if (row->needs_cluster && cluster_awaited(s, w) && ++w->tries < RETRIES_MAX)
        w->retry_at = s->now + SITE_LATENCY_MS;
    else
        row->ask(s, w, "");
}

void site_user_wants(struct site *s, const char *kind, const char *name, const char *text,
                     int64_t nodes)
{
    site_user_wants_on(s, kind, "", name, text, nodes);
}

void site_user_wants_on(struct site *s, const char *kind, const char *account, const char *name,
                        const char *text, int64_t nodes)
{
    struct site_wish *w = NULL;

    for (size_t i = 0; i < SITE_WISHES_MAX && w == NULL; i++)
        if (!s->wishes[i].used)
            w = &s->wishes[i];
    if (w == NULL)
        WRONG("more wishes at once than SITE_WISHES_MAX");
    *w = (struct site_wish){.used = true, .nodes = nodes, .retry_at = MS_NEVER};
    text_copy(w->kind, sizeof w->kind, kind);
    text_copy(w->name, sizeof w->name, name);
    text_copy(w->text, sizeof w->text, text);
    text_copy(w->account, sizeof w->account, account);
    wish_go(s, w);
}

static void account_known(struct site *s, struct site_wish *w, const struct http_result *r)
{
    char uid[GW_UID_MAX] = "";

    if (!user_account_pick(&r->body, w->account, uid, sizeof uid) && ++w->tries < RETRIES_MAX)
        w->retry_at = s->now + RETRY_MS;
    else
        row_of(w->kind)->ask(s, w, *uid == '\0' ? "none" : uid);
}

/* A gateway of Palette's own among those that a list shows? */
static void shown_add(struct event *e, const struct http_result *r)
{
    char uid[GW_UID_MAX];

    ev_text_add(e, EVF_KIND,
                user_system_pick(&r->body, uid, sizeof uid) ? USER_SHOWN_SYSTEM : USER_SHOWN_NONE);
}

static void answer_tell(struct site *s, const struct site_wish *w, const struct site_call *c)
{
    SCOPED(buf_drop) struct buf names = {0};
    struct event e;

    buf_init(&names, EV_VALUE_MAX);
    ev_init(&e, EV_PAL_USER, s->now);
    ev_text_add(&e, EVF_VERB, c->verb);
    ev_int_add(&e, EVF_STATUS, c->result.status);
    if (*w->name != '\0')
        ev_text_add(&e, EVF_CLUSTER, w->name);
    if (text_is(c->verb, "registers-account"))
        ev_text_add(&e, EVF_NAME, w->account);
    if (text_is(c->verb, "lists-gateways"))
        shown_add(&e, &c->result);
    if (text_is(c->verb, "lists")) {
        answer_names(&c->result, &names);
        ev_text_add(&e, EVF_ANSWER, buf_text(&names));
    }
    site_put(s, EVS_ENGINE, &e);
}

/* Steps of the way: the journal does not tell of them. */
static const struct {
    const char *verb;
    bool goes_on; /* the wish is not over with it */
    void (*done)(struct site *s, struct site_wish *w, const struct http_result *r);
} steps[] = {{"accounts", true, account_known},
             {"config", false, config_known},
             {CODE_SPEND, false, code_spent}};

static bool step_done(struct site *s, struct site_wish *w, const struct site_call *c)
{
    const bool looks = text_is(c->verb, SYSTEM_LOOK);

    for (size_t i = 0; i < COUNTOF(steps); i++) {
        if (!text_is(c->verb, steps[i].verb))
            continue;
        w->used = steps[i].goes_on;
        steps[i].done(s, w, &c->result);
        return true;
    }
    if (!looks)
        return false;
    w->used = text_is(w->kind, "registers-account");
    (w->used ? system_looked : system_known)(s, w, &c->result);
    return true;
}

void site_user_reply(struct site *s, struct site_call *c)
{
    struct site_wish *w = &s->wishes[c->ticket];
    const struct wish_row *row = row_of(w->kind);

    if (step_done(s, w, c))
        return;
    w->used = false;
    answer_tell(s, w, c);
    if (row->answered != NULL)
        row->answered(s, w, &c->result);
}

ms_t site_user_due(const struct site *s)
{
    ms_t due = MS_NEVER;

    for (size_t i = 0; i < SITE_WISHES_MAX; i++)
        if (s->wishes[i].used)
            due = ms_min(due, s->wishes[i].retry_at);
    return due;
}

bool site_is_asked(const struct site *s)
{
    for (size_t i = 0; i < SITE_WISHES_MAX; i++)
        if (s->wishes[i].used)
            return true;
    return false;
}

void site_user_step(struct site *s)
{
    for (size_t i = 0; i < SITE_WISHES_MAX; i++)
        if (s->wishes[i].used && s->wishes[i].retry_at <= s->now)
            wish_go(s, &s->wishes[i]);
}
