/* What the machines' errand does next: rules over the table of machines, the first that is due
 * wins.
 *
 * Nothing here is remembered between steps but the table: what MAAS showed, what Palette's
 * inventory says, what the user wants. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <string.h>

/* --- the table -------------------------------------------------------------------------------- */

struct agent_machine *agent_machine_find(struct agent *a, const char *id)
{
    for (size_t i = 0; i < a->n_machines; i++)
        if (text_is(a->machines[i].id, id))
            return &a->machines[i];
    return NULL;
}

struct agent_machine *agent_machine_add(struct agent *a, const char *id)
{
    struct agent_machine *m;

    if (a->n_machines == AGENT_MACHINES_MAX)
        return NULL;
    m = &a->machines[a->n_machines];
    *m = (struct agent_machine){
        .state = AGENT_OTHER, .said = "", .due = a->now, .record_due = a->now};
    m->deploy_sent = AGENT_LONG_AGO;
    if (!text_copy(m->id, sizeof m->id, id))
        return NULL;
    a->n_machines++;
    return m;
}

void agent_machine_forget(struct agent *a, struct agent_machine *m)
{
    const size_t i = (size_t)(m - a->machines);

    memmove(m, m + 1, (a->n_machines - i - 1) * sizeof *m);
    a->n_machines--;
}

bool agent_is_self(const struct agent *a, const struct agent_machine *m)
{
    return text_is(m->id, a->config.system_id);
}

static const char *const words[AGENT_STATES] = {
    [AGENT_ALLOCATED] = "Pending",    [AGENT_DEPLOYING] = "Provisioning",
    [AGENT_DEPLOYED] = "Provisioned", [AGENT_LEAVING] = "Deleting",
    [AGENT_FAILED] = "Failed",        [AGENT_OTHER] = "Unknown",
};
static const char running[] = "Running";

static const char *known_word(const char *text)
{
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (text_is(words[i], text))
            return words[i];
    return text_is(running, text) ? running : "";
}

/* Palette's inventory is who is recorded; what it does not name any more is looked at anew. */
void agent_inventory_merge(struct agent *a)
{
    for (size_t i = 0; agent_owns(a) && i < a->assigned.n_inventory; i++) {
        const struct agent_row *row = &a->assigned.inventory[i];
        struct agent_machine *m = agent_machine_find(a, row->system_id);

        if (!m) {
            m = agent_machine_add(a, row->system_id);
            a->look_due = a->now;
        }
        if (!m)
            return;
        memcpy(m->uid, row->uid, sizeof m->uid);
        m->up = row->registered;
        if (!m->said[0])
            m->said = known_word(row->state);
        a->tells = a->tells || (agent_is_self(a, m) && m->up);
        if (!m->pool[0])
            memcpy(m->pool, row->pool, sizeof m->pool);
    }
    if (agent_owns(a))
        a->look_due = ms_min(a->look_due, ms_max(a->now, a->looked_at + a->timing.poll_ms));
}

const char *agent_state_word(const struct agent *a, const struct agent_machine *m)
{
    if (m->gone)
        return words[AGENT_LEAVING];
    if (m->state == AGENT_DEPLOYED && (m->up || !a->tells || agent_is_self(a, m)))
        return running;
    return words[m->state];
}

/* --- may I? ----------------------------------------------------------------------------------- */

bool agent_owns(const struct agent *a)
{
    return text_is(a->assigned.owner, "cluster");
}

static bool has_account(const struct agent *a)
{
    return agent_owns(a) && a->assigned.account.endpoint[0];
}

bool agent_may_change(const struct agent *a)
{
    return has_account(a) && !a->assigned.quiesce && a->now - a->lease_sent <= a->timing.lease_ms;
}

static ms_t settle_end(const struct agent *a)
{
    return a->change_unknown + a->timing.settle_ms;
}

/* --- pools ------------------------------------------------------------------------------------ */

const struct agent_pool *agent_pool_find(const struct agent *a, const char *name)
{
    for (size_t i = 0; i < a->assigned.n_pools; i++)
        if (text_is(a->assigned.pools[i].config.name, name))
            return &a->assigned.pools[i];
    return NULL;
}

static int64_t pool_has(const struct agent *a, const char *name)
{
    int64_t n = 0;

    for (size_t i = 0; i < a->n_machines; i++)
        n += !a->machines[i].gone && !a->machines[i].freed && text_is(a->machines[i].pool, name);
    return n;
}

static bool everything_looked_at(const struct agent *a)
{
    for (size_t i = 0; i < a->n_machines; i++)
        if (!a->machines[i].looked && !a->machines[i].freed)
            return false;
    return a->looked_at != AGENT_LONG_AGO;
}

/* --- rules ------------------------------------------------------------------------------------ */

struct choice {
    const struct agent *a;
    enum agent_op op;
    const struct agent_machine *machine;
    const char *pool;
    ms_t at;
};

/* Earlier rules win among those that are due; else the earliest. */
static void offer(struct choice *c, enum agent_op op, const struct agent_machine *m,
                  const char *pool, ms_t at)
{
    at = ms_max(at, c->a->now);
    if (at >= c->at)
        return;
    c->op = op;
    c->machine = m;
    c->pool = pool;
    c->at = at;
}

static bool is_held(const struct agent_machine *m)
{
    return m->looked && !m->freed;
}

static void offer_reads(struct choice *c)
{
    const struct agent *a = c->a;

    offer(c, AGENT_OP_LOOK, NULL, "", a->look_due);
    for (size_t i = 0; i < a->n_machines; i++)
        if (a->machines[i].check)
            offer(c, AGENT_OP_CHECK, &a->machines[i], "", a->machines[i].due);
}

/* One machine's next change in MAAS. */
static void offer_change(struct choice *c, const struct agent_machine *m)
{
    if (!is_held(m) || m->check)
        return;
    if (m->gone) {
        if (m->state != AGENT_LEAVING)
            offer(c, AGENT_OP_RELEASE, m, "", m->due);
        return;
    }
    if (!m->marked && m->state <= AGENT_DEPLOYED)
        offer(c, AGENT_OP_ANNOTATE, m, "", m->due);
    else if (m->state == AGENT_ALLOCATED)
        offer(c, AGENT_OP_DEPLOY, m, "", m->due);
}

static void offer_record(struct choice *c, const struct agent_machine *m)
{
    if (m->freed && m->uid[0])
        offer(c, AGENT_OP_RECORD_DROP, m, m->pool, m->record_due);
    else if (is_held(m) && !m->uid[0] && m->pool[0])
        offer(c, AGENT_OP_RECORD_MAKE, m, m->pool, m->record_due);
    else if (is_held(m) && m->uid[0] && !text_is(m->said, agent_state_word(c->a, m)))
        offer(c, AGENT_OP_RECORD_CHANGE, m, m->pool, m->record_due);
}

/* Not before every earlier change has settled and all that is there has been seen (GP-58). */
static void offer_allocate(struct choice *c)
{
    const struct agent *a = c->a;
    const ms_t at = ms_max(a->allocate_due, settle_end(a));

    if (!everything_looked_at(a) || a->n_machines == AGENT_MACHINES_MAX)
        return;
    for (size_t i = 0; i < a->assigned.n_pools; i++) {
        const struct agent_pool *p = &a->assigned.pools[i];

        if (pool_has(a, p->config.name) >= p->config.size)
            continue;
        if (a->looked_at < at) /* nothing new since the last unknown outcome settled: look first */
            offer(c, AGENT_OP_LOOK, NULL, "", ms_max(at, a->look_pause));
        else
            offer(c, AGENT_OP_ALLOCATE, NULL, p->config.name, at);
        return;
    }
}

/* Asked to stop: no more changes; what an open change brought is seen and recorded first. */
static void offer_quiesced(struct choice *c)
{
    const struct agent *a = c->a;

    if (!a->assigned.quiesce || (a->quiesced && a->quiesced_epoch == a->assigned.epoch))
        return;
    if (!has_account(a)) { /* began to live after the question: there is nothing to end */
        offer(c, AGENT_OP_QUIESCED, NULL, "", settle_end(a));
        return;
    }
    if (c->at <= a->now) /* a record or a look is due */
        return;
    if (a->looked_at < settle_end(a)) {
        offer(c, AGENT_OP_LOOK, NULL, "", ms_max(settle_end(a), a->look_pause));
        return;
    }
    if (!everything_looked_at(a))
        return;
    for (size_t i = 0; i < a->n_machines; i++)
        if (is_held(&a->machines[i]) && !a->machines[i].uid[0] && a->machines[i].pool[0])
            return;
    offer(c, AGENT_OP_QUIESCED, NULL, "", a->errands[AGENT_AT_WORK].due);
}

ms_t agent_work_next(const struct agent *a, struct agent_errand *ret)
{
    struct choice c = {.a = a, .at = MS_NEVER, .pool = ""};

    if (!agent_owns(a))
        return MS_NEVER;
    if (has_account(a))
        offer_reads(&c);
    for (size_t i = 0; agent_may_change(a) && i < a->n_machines; i++)
        offer_change(&c, &a->machines[i]);
    for (size_t i = 0; i < a->n_machines; i++)
        offer_record(&c, &a->machines[i]);
    if (agent_may_change(a))
        offer_allocate(&c);
    offer_quiesced(&c);
    if (c.at == MS_NEVER)
        return MS_NEVER;
    ret->op = c.op;
    (void)text_copy(ret->machine, sizeof ret->machine, c.machine ? c.machine->id : "");
    (void)text_copy(ret->pool, sizeof ret->pool, c.pool);
    return c.at;
}

bool agent_settled(const struct agent *a)
{
    if (!everything_looked_at(a))
        return false;
    for (size_t i = 0; i < a->n_machines; i++)
        if (a->machines[i].gone || !text_is(a->machines[i].said, running))
            return false;
    for (size_t i = 0; i < a->assigned.n_pools; i++)
        if (pool_has(a, a->assigned.pools[i].config.name) != a->assigned.pools[i].config.size)
            return false;
    return true;
}
