#include "scenarios/judge/ledger.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static void keep(char *dst, size_t size, const char *text)
{
    if (!text_copy(dst, size, text))
        (void)text_copy_len(dst, size, text, size - 1);
}

/* --- finding --------------------------------------------------------------------------------- */

static const struct ledger_host *host_of(const struct ledger *l, const char *address)
{
    const size_t len = strcspn(address, ":");

    for (size_t i = 0; i < l->n_hosts; i++)
        if (strlen(l->hosts[i].ip) == len && memcmp(l->hosts[i].ip, address, len) == 0)
            return &l->hosts[i];
    return NULL;
}

const char *ledger_role(const struct ledger *l, const char *address)
{
    const struct ledger_host *h = host_of(l, address);

    return h ? h->role : "";
}

const char *ledger_name(const struct ledger *l, const char *address)
{
    const struct ledger_host *h = host_of(l, address);

    return h ? h->name : "";
}

const char *ledger_party(const struct ledger *l, const char *address)
{
    const struct ledger_host *h = host_of(l, address);
    const struct ledger_machine *m = h ? ledger_machine_named(l, h->name) : NULL;
    const char *cluster = m ? ledger_cluster_of(l, m) : "";

    return cluster[0] != '\0' ? cluster : h ? h->role : "";
}

const struct ledger_cluster *ledger_cluster(const struct ledger *l, const char *name)
{
    for (size_t i = l->n_clusters; i > 0; i--)
        if (text_is(l->clusters[i - 1].name, name))
            return &l->clusters[i - 1];
    return NULL;
}

const struct ledger_cluster *ledger_marked(const struct ledger *l, const char *marker)
{
    for (size_t i = l->n_clusters; i > 0 && marker[0] != '\0'; i--)
        if (text_is(l->clusters[i - 1].marker, marker))
            return &l->clusters[i - 1];
    return NULL;
}

const struct ledger_machine *ledger_machine(const struct ledger *l, const char *uid)
{
    for (size_t i = 0; i < l->n_machines; i++)
        if (text_is(l->machines[i].uid, uid))
            return &l->machines[i];
    return NULL;
}

const struct ledger_machine *ledger_machine_named(const struct ledger *l, const char *name)
{
    for (size_t i = 0; i < l->n_machines; i++)
        if (text_is(l->machines[i].name, name))
            return &l->machines[i];
    return NULL;
}

const char *ledger_cluster_of(const struct ledger *l, const struct ledger_machine *m)
{
    const struct ledger_life *life = m->life == LEDGER_NONE ? NULL : &l->lives[m->life];

    return life && life->cluster != LEDGER_NONE ? l->clusters[life->cluster].name : "";
}

/* A record's name begins with the cluster's and the end of its uid. */
static const struct ledger_cluster *recorded(const struct ledger *l, const char *record)
{
    for (size_t i = l->n_clusters; i > 0 && record[0] != '\0'; i--) {
        const struct ledger_cluster *c = &l->clusters[i - 1];
        const size_t len = strlen(c->name);

        if (text_begins(record, c->name) && record[len] == '-')
            return c;
    }
    return NULL;
}

bool ledger_is_gateway(const struct ledger *l, const char *role)
{
    return text_is(role, "gateway") || (l->has_system && text_is(role, "palette"));
}

const char *ledger_cluster_of_call(const struct ledger *l, const struct event *e)
{
    const struct ledger_cluster *c = ledger_marked(l, ev_text(e, EVF_MARKER));
    const struct ledger_machine *m = ledger_machine(l, ev_text(e, EVF_UID));

    if (!c && !m)
        c = recorded(l, ev_text(e, EVF_NAME));
    return c ? c->name : m ? ledger_cluster_of(l, m) : "";
}

/* --- a life ---------------------------------------------------------------------------------- */

static struct ledger_life *open_life(struct ledger *l, const struct ledger_machine *m)
{
    if (m->life == LEDGER_NONE || l->lives[m->life].given != MS_NEVER)
        return NULL;
    return &l->lives[m->life];
}

bool ledger_is_held(const struct ledger *l, const struct ledger_machine *m)
{
    return m->life != LEDGER_NONE && l->lives[m->life].given == MS_NEVER;
}

static void begin_life(struct ledger *l, struct ledger_machine *m, const struct event *e)
{
    struct ledger_life *life = &l->lives[l->n_lives];

    if (l->n_lives == LEDGER_LIVES_MAX) {
        l->over = true;
        return;
    }
    *life = (struct ledger_life){.machine = (size_t)(m - l->machines),
                                 .cluster = LEDGER_NONE,
                                 .taken = e->t,
                                 .given = MS_NEVER,
                                 .taken_seq = e->seq};
    keep(life->owner, sizeof life->owner, m->owner);
    m->life = l->n_lives++;
}

static void two_owners(struct ledger *l, const struct ledger_machine *m, const char *first,
                       const char *second, const struct event *e)
{
    if (l->two_owners[0] != '\0')
        return;
    snprintf(l->two_owners, sizeof l->two_owners, "%.40s was %.50s's and became %.50s's at once",
             m->name, first, second);
    l->two_owners_seq = e->seq;
}

/* The mark on a machine that is held says for whom; MAAS takes it off when a release begins. */
static void mark(struct ledger *l, struct ledger_machine *m, const struct event *e)
{
    const struct ledger_cluster *c = ledger_marked(l, ev_text(e, EVF_MARKER));
    struct ledger_life *life = open_life(l, m);
    const size_t i = c ? (size_t)(c - l->clusters) : LEDGER_NONE;

    if (!life || !c)
        return;
    if (life->cluster != LEDGER_NONE && life->cluster != i)
        two_owners(l, m, l->clusters[life->cluster].name, c->name, e);
    life->cluster = i;
}

static void own(struct ledger *l, struct ledger_machine *m, const struct event *e)
{
    const bool gone = e->kind == EV_MAAS_STATE && ev_is(e, EVF_STATE, "absent");
    const char *owner = gone ? "" : ev_text(e, EVF_OWNER);
    struct ledger_life *life = open_life(l, m);

    if (life && !text_is(life->owner, owner)) {
        if (owner[0] != '\0')
            two_owners(l, m, life->owner, owner, e);
        life->given = e->t;
        life->given_seq = e->seq;
        life = NULL;
    }
    keep(m->owner, sizeof m->owner, owner);
    if (!life && owner[0] != '\0')
        begin_life(l, m, e);
    mark(l, m, e);
    life = open_life(l, m);
    if (life && e->kind == EV_MAAS_STATE && ev_is(e, EVF_STATE, "Allocated"))
        life->allocated_seq = life->allocated_seq > 0 ? life->allocated_seq : e->seq;
    if (life && e->kind == EV_MAAS_STATE && ev_is(e, EVF_STATE, "Deploying"))
        life->deploying_seq = life->deploying_seq > 0 ? life->deploying_seq : e->seq;
}

/* --- feeding --------------------------------------------------------------------------------- */

static void on_host(struct ledger *l, const struct event *e)
{
    struct ledger_host *h = &l->hosts[l->n_hosts];

    if (l->n_hosts == LEDGER_HOSTS_MAX) {
        l->over = true;
        return;
    }
    l->n_hosts++;
    keep(h->ip, sizeof h->ip, ev_text(e, EVF_IP));
    keep(h->role, sizeof h->role, ev_text(e, EVF_WHO));
    keep(h->name, sizeof h->name, ev_text(e, EVF_NAME));
}

static void on_machine(struct ledger *l, const struct event *e)
{
    struct ledger_machine *m = (struct ledger_machine *)ledger_machine(l, ev_text(e, EVF_UID));

    if (!m && l->n_machines == LEDGER_MACHINES_MAX) {
        l->over = true;
        return;
    }
    if (!m) {
        m = &l->machines[l->n_machines++];
        m->life = LEDGER_NONE;
        keep(m->uid, sizeof m->uid, ev_text(e, EVF_UID));
    }
    keep(m->name, sizeof m->name, ev_text(e, EVF_MACHINE));
    if (e->kind == EV_MAAS_STATE)
        keep(m->state, sizeof m->state, ev_text(e, EVF_STATE));
    own(l, m, e);
}

static void on_cluster(struct ledger *l, const struct event *e)
{
    const bool made = ev_is(e, EVF_BEFORE, "");
    struct ledger_cluster *c =
        made ? NULL : (struct ledger_cluster *)ledger_cluster(l, ev_text(e, EVF_CLUSTER));

    if (!c && l->n_clusters == LEDGER_CLUSTERS_MAX) {
        l->over = true;
        return;
    }
    if (!c) {
        c = &l->clusters[l->n_clusters++];
        keep(c->name, sizeof c->name, ev_text(e, EVF_CLUSTER));
        keep(c->uid, sizeof c->uid, ev_text(e, EVF_UID));
        keep(c->marker, sizeof c->marker, ev_text(e, EVF_MARKER));
        keep(c->owner, sizeof c->owner, "gateway");
    }
    keep(c->state, sizeof c->state, ev_text(e, EVF_STATE));
}

static void on_owner(struct ledger *l, const struct event *e)
{
    struct ledger_cluster *c = (struct ledger_cluster *)ledger_cluster(l, ev_text(e, EVF_CLUSTER));

    if (c)
        keep(c->owner, sizeof c->owner, ev_text(e, EVF_OWNER));
}

static void user_add(struct ledger *l, const char *user)
{
    for (size_t i = 0; i < l->n_users; i++)
        if (text_is(l->users[i], user))
            return;
    if (user[0] == '\0')
        return;
    if (l->n_users == LEDGER_USERS_MAX)
        l->over = true;
    else
        keep(l->users[l->n_users++], LEDGER_WORD_MAX, user);
}

static bool op_is(const struct event *e, const char *wanted)
{
    const char *dot = strrchr(ev_text(e, EVF_OP), '.');

    return dot && text_is(dot + 1, wanted);
}

/* The record of a call follows those of what it did: it says who did it. */
static void on_call(struct ledger *l, const struct event *e)
{
    const char *known = ledger_party(l, ev_text(e, EVF_PEER));
    const char *party = known[0] != '\0' ? known : ev_text(e, EVF_PEER);
    const struct ledger_machine *m = ledger_machine(l, ev_text(e, EVF_UID));
    struct ledger_life *life = m && m->life != LEDGER_NONE ? &l->lives[m->life] : NULL;
    const bool begins = life && life->taken_seq > l->call_seq;

    l->call_seq = e->seq;
    if (ledger_is_gateway(l, ledger_role(l, ev_text(e, EVF_PEER))))
        user_add(l, ev_text(e, EVF_WHO));
    if (!life || ev_int(e, EVF_STATUS) >= 400)
        return;
    life->by_deploy = life->by_deploy || (begins && op_is(e, "deploy"));
    if (op_is(e, "allocate") && life->taken_by[0] == '\0' && life->given == MS_NEVER)
        keep(life->taken_by, sizeof life->taken_by, party);
    if (op_is(e, "release") && life->given_by[0] == '\0')
        keep(life->given_by, sizeof life->given_by, party);
}

static void on_program(struct ledger *l, const struct event *e)
{
    l->has_system = l->has_system || ev_is(e, EVF_WHO, "system-gateway");
}

static const struct {
    enum ev_kind kind;
    void (*on)(struct ledger *l, const struct event *e);
} rows[] = {
    {EV_PROG, on_program},      {EV_LAB_HOST, on_host},       {EV_MAAS_STATE, on_machine},
    {EV_MAAS_MARK, on_machine}, {EV_PAL_CLUSTER, on_cluster}, {EV_PAL_OWNER, on_owner},
    {EV_MAAS_CALL, on_call},
};

void ledger_feed(struct ledger *l, const struct event *e)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].kind == e->kind)
            rows[i].on(l, e);
}

/* --- asking ---------------------------------------------------------------------------------- */

static bool is_gateways(const struct ledger *l, const struct ledger_life *life)
{
    for (size_t i = 0; i < l->n_users; i++)
        if (text_is(l->users[i], life->owner))
            return true;
    return false;
}

int64_t ledger_held(const struct ledger *l, const char *name)
{
    int64_t n = 0;

    for (size_t i = 0; i < l->n_lives; i++) {
        const struct ledger_life *life = &l->lives[i];

        if (life->given != MS_NEVER || !is_gateways(l, life))
            continue;
        n += !name ||
             (life->cluster != LEDGER_NONE && text_is(l->clusters[life->cluster].name, name) &&
              &l->clusters[life->cluster] == ledger_cluster(l, name));
    }
    return n;
}

static bool lives(const struct ledger_cluster *c)
{
    return !text_is(c->state, "Deleted");
}

const char *ledger_wrong(const struct ledger *l, char *out, size_t size)
{
    if (l->over)
        return "more machines or clusters than the ledger has lines";
    if (l->two_owners[0] != '\0')
        return l->two_owners;
    for (size_t i = 0; i < l->n_lives; i++) {
        const struct ledger_life *life = &l->lives[i];
        const char *machine = l->machines[life->machine].name;

        if (life->given != MS_NEVER || !is_gateways(l, life))
            continue;
        if (life->cluster == LEDGER_NONE)
            snprintf(out, size, "%.60s is held for no cluster", machine);
        else if (!lives(&l->clusters[life->cluster]))
            snprintf(out, size, "%.60s is held for %.60s, which is Deleted", machine,
                     l->clusters[life->cluster].name);
        else
            continue;
        return out;
    }
    return NULL;
}
