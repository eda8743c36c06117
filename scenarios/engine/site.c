/* Life of a site and its journal. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

void site_put(struct site *s, enum ev_src src, struct event *e)
{
    e->src = src;
    e->seq = ++s->seq;
    e->nth = ++s->nth[src];
    ev_chain(e, s->chain[src], e->chain);
    memcpy(s->chain[src], e->chain, sizeof e->chain);
    if (s->lose_next[src]) {
        s->lose_next[src] = false;
        return;
    }
    ev_list_add(s->journal, e);
}

/* "node 2 of c1" is the second that registered. */
static void hello_note(struct site *s, const struct event *e)
{
    if (e->kind != EV_PAL_HELLO || ev_int(e, EVF_ACCEPTED) != 1 || s->n_hellos == SITE_HELLOS_MAX)
        return;
    for (size_t i = 0; i < s->n_hellos; i++)
        if (text_is(s->hellos[i].cluster, ev_text(e, EVF_CLUSTER)) &&
            text_is(s->hellos[i].system_id, ev_text(e, EVF_MACHINE)))
            return;
    text_copy(s->hellos[s->n_hellos].cluster, sizeof s->hellos[0].cluster, ev_text(e, EVF_CLUSTER));
    text_copy(s->hellos[s->n_hellos].system_id, sizeof s->hellos[0].system_id,
              ev_text(e, EVF_MACHINE));
    s->n_hellos++;
}

void site_put_list(struct site *s, enum ev_src src, struct ev_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct event *from = ev_list_at(l, i);
        struct event e;

        memcpy(&e, from, EVENT_HEAD_SIZE + from->len);
        hello_note(s, &e);
        site_record_note(s, &e);
        for (size_t k = 0; k < s->n_secrets; k++)
            if (memmem(e.bytes, e.len, s->secrets[k].text, strlen(s->secrets[k].text)) != NULL)
                site_scan(s, s->secrets[k].text, "journal");
        site_put(s, src, &e);
    }
    ev_list_clear(l);
}

void site_secret_add(struct site *s, const char *name, const char *text)
{
    assert(s->n_secrets < SITE_SECRETS_MAX);
    if (*text == '\0')
        return;
    text_copy(s->secrets[s->n_secrets].name, sizeof s->secrets[0].name, name);
    if (text_copy(s->secrets[s->n_secrets].text, sizeof s->secrets[0].text, text))
        s->n_secrets++;
}

void site_scan(struct site *s, const char *text, const char *where)
{
    for (size_t i = 0; i < s->n_secrets; i++) {
        struct event e;

        if (strstr(text, s->secrets[i].text) == NULL)
            continue;
        ev_init(&e, EV_SECRET_HIT, s->now);
        ev_text_add(&e, EVF_NAME, s->secrets[i].name);
        ev_text_add(&e, EVF_WHERE, where);
        site_put(s, EVS_ENGINE, &e);
    }
}

/* consumer:token:secret as MAAS makes them: 18, 18 and 32 letters. */
static void maas_key_make(struct site *s)
{
    static const size_t lengths[] = {18, 18, 32};
    static const char *const names[] = {"maas-consumer", "maas-token", "maas-secret"};
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
    char *to = s->maas_key;

    for (size_t i = 0; i < COUNTOF(lengths); i++) {
        char *part = to;

        for (size_t k = 0; k < lengths[i]; k++)
            *to++ = letters[rng_between(&s->rng, 0, (int64_t)sizeof letters - 2)];
        *to = '\0';
        site_secret_add(s, names[i], part);
        if (i + 1 < COUNTOF(lengths))
            *to++ = ':';
    }
}

static const char *address_of(const struct site *s, const char *role)
{
    const struct lab_host *h = lab_role(s->lab, role);

    return h == NULL ? "" : h->links[0].address;
}

#define SYSTEM_SECRET_LEN 43 /* 256 bits in base64url */

static void system_secret_make(struct site *s)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789-_";

    for (size_t i = 0; i < SYSTEM_SECRET_LEN; i++)
        s->system_secret[i] = letters[rng_between(&s->rng, 0, (int64_t)sizeof letters - 2)];
    site_secret_add(s, "gateway-secret", s->system_secret);
}

static void servers_make(struct site *s, const char *fleet)
{
    struct maas_config maas = {.seed = s->seed,
                               .epoch_s = SITE_EPOCH_S,
                               .factor = 1,
                               .n_users = 1,
                               .n_machines = s->n_machines,
                               .fleet = fleet,
                               .authority = s->outfit.maas_tls,
                               .erase_on_release = s->erase};

    text_copy(maas.users[0].name, sizeof maas.users[0].name, "installer");
    text_copy(maas.users[0].key, sizeof maas.users[0].key, s->maas_key);
    maas.users[0].superuser = true;
    s->servers[SITE_PALETTE] = (struct site_server){.role = "palette",
                                                    .https = true,
                                                    .port = 443,
                                                    .src = EVS_PALETTE,
                                                    .app = site_palette_new(s),
                                                    .address = address_of(s, "palette"),
                                                    .handle = palette_handle,
                                                    .due = palette_due,
                                                    .tick = palette_tick,
                                                    .met = palette_met};
    s->servers[SITE_MAAS] = (struct site_server){.role = "maas",
                                                 .https = s->outfit.maas_tls,
                                                 .port = 5240,
                                                 .src = EVS_MAAS,
                                                 .app = maas_new(&maas),
                                                 .address = address_of(s, "maas"),
                                                 .handle = maas_handle,
                                                 .due = maas_due,
                                                 .tick = maas_tick,
                                                 .met = maas_met};
}

struct site *site_new(const struct lab *lab, const struct script *script, uint64_t seed,
                      struct ev_list *journal)
{
    return site_new_rogue(lab, script, seed, "", journal);
}

struct site *site_new_rogue(const struct lab *lab, const struct script *script, uint64_t seed,
                            const char *rogue, struct ev_list *journal)
{
    struct site *s = calloc(1, sizeof *s);
    SCOPED(buf_drop) struct buf fleet = {0};

    if (s == NULL)
        WRONG("out of memory");
    s->lab = lab;
    s->seed = seed;
    s->journal = journal;
    s->dial_at = MS_NEVER;
    int64_t machines = SITE_MACHINES;

    text_copy(s->story, sizeof s->story, script->name);
    text_copy(s->rogue, sizeof s->rogue, rogue ? rogue : "");
    s->erase = script_has_site(script, "site.erase");
    text_int(script_site(script, "site.machines", 0, ""), 0, SITE_NODES_MAX, &machines);
    s->n_machines = (size_t)machines;
    rng_seed(&s->rng, seed);
    site_lag_init(s);
    for (size_t i = 0; i < 32; i++)
        s->api_key[i] = "0123456789abcdef"[rng_between(&s->rng, 0, 15)];
    site_secret_add(s, "api-key", s->api_key);
    site_proxy_init(s, script);
    maas_key_make(s);
    if (s->outfit.has_system)
        system_secret_make(s);
    buf_init(&fleet, KIB(16));
    outfit_fleet(script, s->lab, s->n_machines, &fleet);
    servers_make(s, fleet.len > 0 ? buf_text(&fleet) : NULL);
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        http_request_init(&s->calls[i].rq);
        http_result_init(&s->calls[i].result);
    }
    site_gateway_init(&s->gateway, "gateway", SITE_GATEWAY);
    site_gateway_init(&s->system, "system-gateway", SITE_SYSTEM);
    return s;
}

void site_free(struct site *s)
{
    if (s == NULL)
        return;
    site_nodes_drop(s);
    site_gateway_drop(&s->gateway);
    site_gateway_drop(&s->system);
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        http_request_drop(&s->calls[i].rq);
        http_result_drop(&s->calls[i].result);
    }
    site_palette_drop(s);
    maas_free(s->servers[SITE_MAAS].app);
    free(s);
}

ms_t site_due(const struct site *s)
{
    ms_t due = ms_min(ms_min(site_net_due(s), site_gateway_due(&s->gateway)),
                      ms_min(site_nodes_due(s), site_user_due(s)));

    due = ms_min(due, site_gateway_due(&s->system));
    for (size_t i = 0; i < SITE_SERVERS; i++)
        if (!s->servers[i].down)
            due = ms_min(due, s->servers[i].due(s->servers[i].app));
    return due == MS_NEVER ? MS_NEVER : ms_max(due, s->now);
}

/* One instant may start the next thing at the same instant; a bound turns a loop that feeds itself
 * into our own bug instead of a hang. */
#define SITE_ROUNDS_MAX 100000

void site_run_to(struct site *s, ms_t now)
{
    assert(now >= s->now);
    s->at_point = false;
    for (size_t round = 0; site_due(s) <= now; round++) {
        if (round == SITE_ROUNDS_MAX)
            WRONG("the site does not come to rest");
        s->now = site_due(s);
        site_net_step(s);
        site_nodes_look(s);
        if (s->at_point)
            return;
        site_gateway_step(s, &s->gateway);
        site_gateway_step(s, &s->system);
        site_nodes_step(s);
        site_user_step(s);
    }
    s->now = now;
}

static void canaries(struct site *s, int64_t count)
{
    for (size_t i = 0; i < s->lab->n_zones; i++) {
        struct event e;

        ev_init(&e, EV_TAP_CANARY, s->now);
        ev_text_add(&e, EVF_LINK, s->lab->zones[i].name);
        ev_int_add(&e, EVF_COUNT, count);
        site_put(s, EVS_CAPTURE, &e);
    }
}

void site_begin(struct site *s, const char *stage, const char *clock)
{
    struct event e;

    ev_init(&e, EV_RUN_BEGIN, 0);
    ev_text_add(&e, EVF_STORY, s->story);
    ev_text_add(&e, EVF_STAGE, stage);
    ev_text_add(&e, EVF_CLOCK, clock);
    ev_int_add(&e, EVF_SEED, (int64_t)s->seed);
    if (s->outfit.has_proxy_line) {
        SCOPED(buf_drop) struct buf params = {0};

        buf_init(&params, EV_VALUE_MAX);
        outfit_params(&s->outfit, &params);
        ev_text_add(&e, EVF_PARAMS, buf_text(&params));
    }
    site_put(s, EVS_ENGINE, &e);
    outfit_path(s->lab, &s->outfit, &e);
    site_put(s, EVS_ENGINE, &e);
    for (size_t i = 0; i < s->lab->n_hosts; i++) {
        const struct lab_host *h = &s->lab->hosts[i];

        for (size_t k = 0; k < h->n_links; k++) {
            lab_host_event(h, k, h->links[k].address, &e);
            site_put(s, EVS_ENGINE, &e);
            if (h->links[k].also[0] == '\0')
                continue;
            lab_host_event(h, k, h->links[k].also, &e);
            site_put(s, EVS_ENGINE, &e);
        }
    }
    canaries(s, 1);
}

static void taps_end(struct site *s)
{
    canaries(s, 2);
    for (size_t i = 0; i < s->lab->n_zones; i++) {
        struct event e;

        ev_init(&e, EV_TAP_DROPS, s->now);
        ev_text_add(&e, EVF_LINK, s->lab->zones[i].name);
        ev_int_add(&e, EVF_LOST, 0);
        site_put(s, EVS_CAPTURE, &e);
    }
}

void site_say_again(struct site *s, bool equal, int64_t n, uint64_t differs)
{
    struct event e;

    ev_init(&e, EV_RUN_AGAIN, s->now);
    ev_text_add(&e, EVF_KIND, equal ? "equal" : "differs");
    ev_int_add(&e, EVF_COUNT, equal ? n : (int64_t)differs - 1);
    site_put(s, EVS_ENGINE, &e);
}

void site_end(struct site *s, const char *why)
{
    static const enum ev_src writers[] = {EVS_CAPTURE, EVS_MAAS,  EVS_PALETTE,
                                          EVS_AGENT,   EVS_PROXY, EVS_ENGINE};
    struct event e;

    site_proxy_end(s);
    site_flows_end(s);
    taps_end(s);
    ev_init(&e, EV_RUN_END, s->now);
    ev_text_add(&e, EVF_WHY, why);
    site_put(s, EVS_ENGINE, &e);
    for (size_t i = 0; i < COUNTOF(writers); i++) {
        ev_init(&e, EV_WRITER_END, s->now);
        ev_int_add(&e, EVF_COUNT, (int64_t)s->nth[writers[i]]);
        ev_text_add(&e, EVF_CHAIN_END, s->chain[writers[i]]);
        s->lose_next[writers[i]] = false;
        site_put(s, writers[i], &e);
    }
}
