/* The machines that MAAS deployed: they fetch their user data, run it over a tree of files, and
 * their agents live in the same process. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "mock-cluster/userdata.h"
#include "scenarios/engine/verbs.h"

#include <stdlib.h>
#include <string.h>

static const struct lab_host *node_host(const struct site *s, size_t i)
{
    const struct lab_host *first = lab_role(s->lab, "node");

    return first == NULL ? NULL : first + i;
}

static void node_event(struct site *s, size_t i, struct agent_event *ev);

static void node_off(struct site *s, size_t i)
{
    struct site_node *n = &s->nodes[i];

    agent_free(STEAL(n->agent));
    if (n->has_tree)
        tree_drop(&n->tree);
    n->has_tree = n->listening = false;
    site_close_all(s, SITE_CALLER_OF_NODE(i));
}

static void userdata_ask(struct site *s, size_t i)
{
    char maas[OUTFIT_URL_MAX];
    struct http_call call;

    outfit_maas_url(&s->outfit, s->lab, maas);
    http_call_init(&call, "GET");
    buf_printf(&call.url, "%s/metadata/2012-03-01/by-id/%s/user-data", maas, s->nodes[i].system_id);
    call.timeout_ms = SITE_USER_TIMEOUT_MS;
    site_send(s, SITE_CALLER_OF_NODE(i), 0, "user-data", &call);
    http_call_drop(&call);
}

/* --- boot ----------------------------------------------------------------------------------- */

static void boot_event(struct site *s, size_t i)
{
    const struct agent_config *c = agent_config(s->nodes[i].agent);
    const char *cluster = c == NULL ? "" : c->cluster_name;
    SCOPED(buf_drop) struct buf found = {0};
    struct event e;

    buf_init(&found, EV_VALUE_MAX);
    agent_found(&s->nodes[i].tree, &found);
    ev_init(&e, EV_NODE_BOOT, s->now);
    ev_text_add(&e, EVF_MACHINE, node_host(s, i)->name);
    ev_text_add(&e, EVF_CLUSTER, cluster);
    text_copy(s->nodes[i].cluster, sizeof s->nodes[i].cluster, cluster);
    ev_text_add(&e, EVF_UID, s->nodes[i].system_id);
    ev_text_add(&e, EVF_PARAMS, buf_text(&found));
    (void)wires_joins(&s->wires, node_host(s, i)->name, ev_text(&e, EVF_CLUSTER));
    site_put(s, EVS_AGENT, &e);
}

/* Whose agent was told to take its time. */
static void slow_down(struct site *s, struct site_node *n)
{
    struct agent_config *c = calloc(1, sizeof *c);

    if (c == NULL)
        WRONG("out of memory");
    if (s->n_slow > 0 && agent_config_read(&n->tree, c, NULL) == 0)
        for (size_t i = 0; i < s->n_slow; i++)
            if (text_is(s->slow[i].cluster, c->cluster_name))
                agent_slow(n->agent, s->slow[i].pause_ms);
    free(c);
}

static void node_boots(struct site *s, size_t i, const struct http_result *r)
{
    struct site_node *n = &s->nodes[i];
    struct agent_event ev = {.kind = AGENT_EV_START, .hostname = node_host(s, i)->name};
    struct userdata_outcome outcome;
    struct userdata u;
    struct err e = {0};

    if (r->outcome != HTTP_ANSWERED || r->status != 200)
        return;
    tree_init(&n->tree);
    n->has_tree = true;
    if (userdata_read(buf_text(&r->body), r->body.len, &u, &e) == 0) {
        userdata_apply(&u, &n->tree, &outcome);
        userdata_drop(&u);
    }
    if (!n->tree.units[TREE_AGENT].active)
        return; /* the user data did not ask for it: a machine without a voice */
    n->agent = agent_new();
    slow_down(s, n);
    ev.tree = &n->tree;
    ev.seed = rng_next(&s->rng);
    node_event(s, i, &ev);
    boot_event(s, i);
}

static size_t node_of_hostname(const struct site *s, const char *hostname)
{
    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        if (text_is(node_host(s, i)->name, hostname))
            return i;
    return SITE_NODES_MAX;
}

void site_nodes_look(struct site *s)
{
    struct maas_boot boots[SITE_NODES_MAX];
    bool on[SITE_NODES_MAX] = {false};
    size_t n;

    if (node_host(s, 0) == NULL)
        return;
    n = maas_booting(s->servers[SITE_MAAS].app, boots, SITE_NODES_MAX);
    for (size_t k = 0; k < n; k++) {
        const size_t i = node_of_hostname(s, boots[k].hostname);

        if (i == SITE_NODES_MAX)
            continue;
        on[i] = true;
        if (s->nodes[i].boots == boots[k].boots)
            continue;
        node_off(s, i);
        s->nodes[i].boots = boots[k].boots;
        s->nodes[i].dead = false;
        text_copy(s->nodes[i].system_id, sizeof s->nodes[i].system_id, boots[k].system_id);
        userdata_ask(s, i);
    }
    for (size_t i = 0; i < SITE_NODES_MAX; i++) {
        if (on[i] || s->nodes[i].boots == 0)
            continue;
        node_off(s, i);
        s->nodes[i].boots = 0;
        s->nodes[i].dead = false;
    }
}

/* --- acts on nodes -------------------------------------------------------------------------- */

/* Of the n-th machine that registered for the cluster, from 1; SITE_NODES_MAX: there is none. */
static size_t node_of(const struct site *s, const char *cluster, int64_t n)
{
    for (size_t i = 0; i < s->n_hellos; i++) {
        if (!text_is(s->hellos[i].cluster, cluster) || --n > 0)
            continue;
        for (size_t k = 0; k < SITE_NODES_MAX; k++)
            if (s->nodes[k].boots > 0 && text_is(s->nodes[k].system_id, s->hellos[i].system_id))
                return k;
        return SITE_NODES_MAX;
    }
    return SITE_NODES_MAX;
}

static size_t node_named(const struct site *s, const struct script_line *line)
{
    int64_t n = 0;

    return text_int(line->args[0], 1, SITE_HELLOS_MAX, &n) ? node_of(s, line->args[1], n)
                                                           : SITE_NODES_MAX;
}

/* A dead one, too: somebody switched it on again. */
bool site_node_reboots(struct site *s, const struct script_line *line)
{
    const size_t i = node_named(s, line);

    if (i == SITE_NODES_MAX)
        return false;
    node_off(s, i);
    s->nodes[i].dead = false;
    userdata_ask(s, i);
    return true;
}

/* MAAS does not hear of it: the machine stays Deployed. */
static bool node_dies(struct site *s, size_t i, const char *cluster)
{
    struct event e;

    if (i == SITE_NODES_MAX || s->nodes[i].agent == NULL)
        return false;
    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, "node");
    ev_text_add(&e, EVF_NAME, node_host(s, i)->name);
    ev_text_add(&e, EVF_CLUSTER, cluster);
    ev_text_add(&e, EVF_KIND, "signalled");
    ev_int_add(&e, EVF_SIGNAL, 9);
    site_put(s, EVS_ENGINE, &e);
    node_off(s, i);
    s->nodes[i].dead = true;
    return true;
}

bool site_node_dies(struct site *s, const struct script_line *line)
{
    return node_dies(s, node_named(s, line), line->args[1]);
}

/* Half of them: the first ones, so that the one that speaks for the cluster is among them. */
bool site_nodes_die(struct site *s, const struct script_line *line)
{
    int64_t n = 0, all = 0;
    bool any = false;

    for (size_t i = 0; i < s->n_hellos; i++)
        all += text_is(s->hellos[i].cluster, line->args[1]);
    n = text_is(line->args[0], "half") ? (all + 1) / 2 : all;
    for (int64_t k = 1; k <= n; k++)
        any = node_dies(s, node_of(s, line->args[1], k), line->args[1]) || any;
    return any;
}

static bool is_of(const struct site_node *n, const char *victims)
{
    return text_is(victims, "both") || text_is(n->cluster, victims);
}

bool site_victims_die(struct site *s, const struct script_line *line)
{
    bool any = false;

    if (text_is(line->args[0], "both")) {
        if (s->gateway.core == NULL)
            return false;
        site_gateway_kill(s, &s->gateway);
    }
    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        if (is_of(&s->nodes[i], line->args[0]))
            any = node_dies(s, i, s->nodes[i].cluster) || any;
    return any;
}

bool site_victims_come_back(struct site *s, const struct script_line *line)
{
    bool any = false;

    for (size_t i = 0; i < SITE_NODES_MAX; i++) {
        if (!s->nodes[i].dead || !is_of(&s->nodes[i], line->args[0]))
            continue;
        s->nodes[i].dead = false;
        userdata_ask(s, i);
        any = true;
    }
    if (text_is(line->args[0], "both") && s->gateway.core == NULL)
        site_gateway_start(s, &s->gateway);
    return any;
}

bool site_node_clock(struct site *s, const struct script_line *line)
{
    const size_t i = node_named(s, line);
    struct event e;
    ms_t off;

    if (i == SITE_NODES_MAX || !verb_offset(line->args[2], &off))
        return false;
    s->nodes[i].clock_off_s = off / 1000;
    ev_init(&e, EV_FAULT, s->now);
    ev_text_add(&e, EVF_NAME, "clock");
    ev_text_add(&e, EVF_KIND, "fired");
    ev_int_add(&e, EVF_COUNT, off / 1000);
    ev_text_add(&e, EVF_WHO, "node");
    site_put(s, EVS_ENGINE, &e);
    return true;
}

/* --- the agent's effects -------------------------------------------------------------------- */

static void effect_run(struct site *s, size_t i, struct agent_effect *f)
{
    switch (f->kind) {
    case AGENT_FX_CALL:
        site_send(s, SITE_CALLER_OF_NODE(i), f->ticket, "", &f->call);
        break;
    case AGENT_FX_CANCEL:
        site_cancel(s, SITE_CALLER_OF_NODE(i), f->ticket);
        break;
    case AGENT_FX_LISTEN:
        s->nodes[i].listening = f->port != 0;
        break;
    case AGENT_FX_SAY:
        site_scan(s, f->text, "output");
        break;
    }
}

static void node_event(struct site *s, size_t i, struct agent_event *ev)
{
    struct site_node *n = &s->nodes[i];

    if (n->agent == NULL)
        return;
    ev->time = s->now;
    ev->wall_s = SITE_EPOCH_S + s->now / 1000 + n->clock_off_s;
    agent_effects_init(&n->fx);
    agent_step(n->agent, ev, &n->fx);
    for (size_t k = 0; k < n->fx.n; k++)
        effect_run(s, i, &n->fx.at[k]);
    agent_effects_drop(&n->fx);
}

void site_node_reply(struct site *s, size_t i, struct site_call *c)
{
    struct agent_event ev = {.kind = AGENT_EV_REPLY, .ticket = c->ticket, .result = &c->result};

    if (text_is(c->verb, "user-data"))
        node_boots(s, i, &c->result);
    else
        node_event(s, i, &ev);
}

bool site_node_strays(struct site *s, const char *cluster, const char *other_uid)
{
    struct agent_event ev = {.kind = AGENT_EV_TIME};

    for (size_t i = 0; i < SITE_NODES_MAX; i++) {
        struct agent *a = s->nodes[i].agent;
        const struct agent_config *c = a == NULL ? NULL : agent_config(a);

        if (c == NULL || !text_is(c->cluster_name, cluster) || !agent_stray(a, other_uid))
            continue;
        node_event(s, i, &ev);
        return true;
    }
    return false;
}

/* --- the clusters' API, asked by a neighbour under its record's name ------------------------- */

static struct site_record_of *record_find(struct site *s, const char *name)
{
    for (size_t i = 0; i < s->n_records; i++)
        if (text_is(s->records[i].name, name))
            return &s->records[i];
    return NULL;
}

void site_record_note(struct site *s, const struct event *e)
{
    struct site_record_of *r = record_find(s, ev_text(e, EVF_NAME));
    const char *addresses = ev_text(e, EVF_ANSWER);

    if (e->kind != EV_MAAS_RECORD)
        return;
    if (ev_is(e, EVF_KIND, "deleted")) {
        if (r != NULL)
            *r = s->records[--s->n_records];
    } else {
        if (r == NULL && s->n_records < SITE_CLUSTERS_MAX)
            r = &s->records[s->n_records++];
        if (r != NULL) {
            text_copy(r->name, sizeof r->name, ev_text(e, EVF_NAME));
            text_next(&addresses, ' ', r->address, sizeof r->address);
        }
    }
    if (s->n_records == 0)
        s->dial_at = MS_NEVER;
    else if (s->dial_at == MS_NEVER)
        s->dial_at = s->now + SITE_DIAL_EVERY_MS;
}

static bool listens(const struct site *s, const struct lab_host *h)
{
    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        if (node_host(s, i) == h)
            return s->nodes[i].listening;
    return false;
}

static void dial(struct site *s, const struct site_record_of *r)
{
    const struct lab_host *from = lab_role(s->lab, "maas");
    const struct lab_host *to = lab_host_at(s->lab, r->address);
    char seen_as[LAB_ADDRESS_MAX];
    struct event e;

    /* another machine of the fleet where there is one, else MAAS's own host stands beside */
    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        if (s->nodes[i].agent != NULL && node_host(s, i) != to)
            from = node_host(s, i);
    if (to != NULL)
        site_syn(s, from, to, 6443, seen_as);
    ev_init(&e, EV_NODE_DIAL, s->now);
    ev_text_add(&e, EVF_MACHINE, from->name);
    ev_text_add(&e, EVF_TO, r->name);
    ev_text_add(&e, EVF_ANSWER, to != NULL && listens(s, to) ? "open" : "refused");
    site_put(s, EVS_AGENT, &e);
}

static void dials(struct site *s)
{
    if (s->dial_at > s->now)
        return;
    s->dial_at = s->now + SITE_DIAL_EVERY_MS;
    for (size_t i = 0; i < s->n_records; i++)
        dial(s, &s->records[i]);
}

void site_nodes_step(struct site *s)
{
    dials(s);
    for (size_t i = 0; i < SITE_NODES_MAX; i++) {
        struct agent_event ev = {.kind = AGENT_EV_TIME};

        if (s->nodes[i].agent != NULL && agent_due(s->nodes[i].agent) <= s->now)
            node_event(s, i, &ev);
    }
}

ms_t site_nodes_due(const struct site *s)
{
    ms_t due = s->dial_at;

    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        if (s->nodes[i].agent != NULL)
            due = ms_min(due, agent_due(s->nodes[i].agent));
    return due;
}

void site_nodes_drop(struct site *s)
{
    for (size_t i = 0; i < SITE_NODES_MAX; i++)
        node_off(s, i);
}
