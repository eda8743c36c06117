/* What MAAS and Palette answered about machines, into the table. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <string.h>

#define IDLE_LOOKS 20 /* machines at rest are looked at so much more rarely */

/* --- outcomes --------------------------------------------------------------------------------- */

enum fate {
    FATE_DONE,
    FATE_UNKNOWN, /* it may have been done, or may still be done (GP-100) */
    FATE_BUSY,    /* not done; MAAS says when to come again */
    FATE_REFUSED, /* not done, and not by asking again soon */
    FATE_NOT_SENT /* nothing arrived there */
};

static enum fate fate_of(const struct http_result *r)
{
    static const enum fate broken[HTTP_OUTCOME_COUNT] = {
        [HTTP_NO_NAME] = FATE_NOT_SENT,    [HTTP_NO_CONNECT] = FATE_NOT_SENT,
        [HTTP_TLS_FAILED] = FATE_NOT_SENT, [HTTP_TIMEOUT] = FATE_UNKNOWN,
        [HTTP_BROKEN] = FATE_UNKNOWN,      [HTTP_PROXY_FAILED] = FATE_NOT_SENT,
    };

    if (r->outcome != HTTP_ANSWERED)
        return broken[r->outcome];
    if (agent_good(r))
        return FATE_DONE;
    if ((r->status == 409 || r->status == 503) && agent_retry_after(r) > 0)
        return FATE_BUSY;
    if (r->status >= 500 || (r->status == 401 && cluster_says(r, "Nonce already used")))
        return FATE_UNKNOWN;
    return FATE_REFUSED;
}

static ms_t pause_for(struct agent *a, unsigned failures, const struct http_result *r)
{
    const ms_t pause = agent_backoff(a, failures, a->timing.retry_base_ms, a->timing.retry_max_ms);

    return a->now + ms_max(pause, agent_retry_after(r));
}

/* --- looking ---------------------------------------------------------------------------------- */

/* A machine of the marker's list without annotations: the open allocate brought it, or one of a
 * life before this one; it goes to a pool that is short. */
static void pool_guess(struct agent *a, struct agent_machine *m, const struct agent_seen *s)
{
    if (m->pool[0])
        return;
    if (s->marks.pool[0]) {
        memcpy(m->pool, s->marks.pool, sizeof m->pool);
        return;
    }
    if (a->allocate_open) {
        memcpy(m->pool, a->allocate_pool, sizeof m->pool);
        return;
    }
    for (size_t i = 0; i < a->assigned.n_pools && !m->pool[0]; i++) {
        const struct agent_pool *p = &a->assigned.pools[i];
        int64_t has = 0;

        for (size_t k = 0; k < a->n_machines; k++)
            has += text_is(a->machines[k].pool, p->config.name) && !a->machines[k].gone;
        if (has < p->config.size)
            memcpy(m->pool, p->config.name, sizeof m->pool);
    }
    m->gone = !m->pool[0];
}

static void seen_take(struct agent *a, struct agent_machine *m, const struct agent_seen *s)
{
    m->looked = true;
    m->check = m->freed = false;
    m->state = cluster_state(s->status);
    memcpy(m->hostname, s->hostname, sizeof m->hostname);
    memcpy(m->zone, s->zone.name, sizeof m->zone);
    (void)text_copy(m->address, sizeof m->address, s->n_addresses ? s->addresses[0] : "");
    m->marked = text_is(s->marks.cluster, a->config.cluster_uid) && s->marks.pool[0];
    if (s->marks.pcg[0])
        memcpy(a->pcg, s->marks.pcg, sizeof a->pcg);
    if (m->state == AGENT_DEPLOYING && m->deploy_sent == AGENT_LONG_AGO)
        m->deploy_sent = a->now;
}

static void listed(struct agent *a, const struct agent_seen *s)
{
    struct agent_machine *m = agent_machine_find(a, s->system_id);
    const bool is_new = !m;

    if (!s->owner) /* whoever it is that answers, this is nobody's machine */
        return;
    if (!m)
        m = agent_machine_add(a, s->system_id);
    if (!m)
        return;
    seen_take(a, m, s);
    pool_guess(a, m, s);
    if (is_new)
        a->allocate_open = false;
}

/* What failed, or takes too long, or is more than the user wants, is not wanted any more. */
static void unwanted(struct agent *a)
{
    for (size_t i = 0; i < a->n_machines; i++) {
        struct agent_machine *m = &a->machines[i];

        if (agent_is_self(a, m) || m->freed)
            continue;
        if (m->state == AGENT_FAILED ||
            (m->state == AGENT_DEPLOYING && a->now - m->deploy_sent > a->timing.deploy_ms))
            m->gone = true;
    }
    for (size_t i = a->n_machines; a->assigned.n_pools > 0 && i-- > 0;) {
        struct agent_machine *m = &a->machines[i];
        const struct agent_pool *p = agent_pool_find(a, m->pool);
        int64_t has = 0;

        for (size_t k = 0; k < a->n_machines; k++)
            has += text_is(a->machines[k].pool, m->pool) && !a->machines[k].gone &&
                   !a->machines[k].freed;
        if (has > (p ? p->config.size : 0) && m->looked && !m->freed && m->pool[0] &&
            !agent_is_self(a, m))
            m->gone = true;
    }
}

static void look_again(struct agent *a)
{
    bool moving = a->allocate_open;

    for (size_t i = 0; i < a->n_machines; i++)
        moving = moving || a->machines[i].gone || a->machines[i].state != AGENT_DEPLOYED;
    a->look_due = a->now + ms_max(moving ? a->timing.poll_ms : IDLE_LOOKS * a->timing.poll_ms, 1);
}

void agent_look_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                     struct agent_effects *fx)
{
    (void)fx;
    e->due = a->now;
    for (size_t i = 0; agent_good(r) && i < a->n_machines; i++) {
        a->machines[i].check = !a->machines[i].freed;
        a->machines[i].due = a->machines[i].gone ? a->machines[i].due : a->now;
    }
    if (!agent_good(r) || !cluster_machines_read(a, r, listed)) {
        e->failures++;
        a->look_due = a->look_pause = pause_for(a, e->failures, r);
        return;
    }
    e->failures = 0;
    a->looked_at = e->sent;
    if (e->sent >= a->change_unknown + a->timing.settle_ms)
        a->allocate_open = false;
    unwanted(a);
    look_again(a);
}

static void freed(struct agent *a, struct agent_machine *m, struct agent_effects *fx)
{
    if (!m->gone)
        agent_say(fx, 1, "machine %s is not this cluster's any more", m->id);
    m->check = false;
    m->freed = true;
    m->record_due = a->now;
    if (!m->uid[0])
        agent_machine_forget(a, m);
}

/* Keeps asking about the machine alone, with pauses. */
static void check_later(struct agent *a, struct agent_machine *m, const struct http_result *r)
{
    m->check = true;
    m->failures++;
    m->due = pause_for(a, m->failures, r);
}

void agent_check_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                      struct agent_effects *fx)
{
    struct agent_machine *m = agent_machine_find(a, e->machine);
    struct agent_seen s SCOPED(cluster_machine_drop) = {0};

    e->due = a->now;
    if (!m)
        return;
    if (r->outcome == HTTP_ANSWERED && r->status == 404) {
        freed(a, m, fx);
        return;
    }
    if (!agent_good(r) || !cluster_machine_read(r, &s)) {
        check_later(a, m, r);
        return;
    }
    m->failures = 0;
    if (s.owner && text_is(s.marks.cluster, a->config.cluster_uid)) {
        seen_take(a, m, &s);
        pool_guess(a, m, &s);
    } else {
        freed(a, m, fx);
    }
}

/* --- allocate --------------------------------------------------------------------------------- */

static bool has_word(const char words[][AGENT_WORD_MAX], size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(words[i], word))
            return true;
    return false;
}

static bool fits(const struct agent_pool *p, const struct agent_seen *s)
{
    const struct agent_pool_cloud *c = &p->cloud;

    for (size_t i = 0; i < c->n_tags; i++)
        if (c->tags[i][0] && !has_word(s->tags, s->n_tags, c->tags[i]))
            return false;
    return s->cpu >= c->type.cpu && s->mem_mb >= c->type.mem_mb &&
           (c->n_azs == 0 || has_word(c->azs, c->n_azs, s->zone.name)) &&
           (!c->resource_pool[0] || text_is(c->resource_pool, s->pool.name));
}

static void allocated(struct agent *a, const struct agent_errand *e, const struct agent_seen *s,
                      struct agent_effects *fx)
{
    const struct agent_pool *p = agent_pool_find(a, e->pool);
    struct agent_machine *m = agent_machine_find(a, s->system_id);

    a->allocate_failures = 0;
    if (!m)
        m = agent_machine_add(a, s->system_id);
    if (!m)
        return;
    m->gone = false;
    seen_take(a, m, s);
    memcpy(m->pool, e->pool, sizeof m->pool);
    m->deploy_sent = AGENT_LONG_AGO;
    m->due = m->record_due = a->now;
    if (!p || !fits(p, s)) {
        m->gone = true;
        agent_say(fx, 1, "machine %s is not as it was asked for", m->id);
    }
    look_again(a);
}

void agent_allocate_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                         struct agent_effects *fx)
{
    struct agent_seen s SCOPED(cluster_machine_drop) = {0};
    enum fate fate = fate_of(r);

    e->due = a->now;
    if (fate == FATE_DONE && cluster_machine_read(r, &s) && s.owner) {
        allocated(a, e, &s, fx);
        return;
    }
    if (fate == FATE_DONE)
        fate = FATE_UNKNOWN;
    a->allocate_failures++;
    a->allocate_due =
        fate == FATE_BUSY ? a->now + agent_retry_after(r) : pause_for(a, a->allocate_failures, r);
    if (fate != FATE_UNKNOWN)
        return;
    a->change_unknown = e->sent;
    a->allocate_open = true;
    memcpy(a->allocate_pool, e->pool, sizeof a->allocate_pool);
    a->look_due = pause_for(a, 0, r);
}

/* --- annotate, deploy, release ---------------------------------------------------------------- */

/* The machine as the answer shows it; false: it was not done, or nobody knows. */
static struct agent_machine *changed(struct agent *a, struct agent_errand *e,
                                     const struct http_result *r, struct agent_seen *s)
{
    struct agent_machine *m = agent_machine_find(a, e->machine);
    const enum fate fate = fate_of(r);

    e->due = a->now;
    if (!m)
        return NULL;
    if (fate == FATE_DONE && cluster_machine_read(r, s) && text_is(s->system_id, m->id)) {
        m->failures = 0;
        seen_take(a, m, s);
        look_again(a);
        return m;
    }
    if (fate == FATE_UNKNOWN || fate == FATE_DONE)
        a->change_unknown = e->sent;
    check_later(a, m, r);
    return NULL;
}

void agent_annotate_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                         struct agent_effects *fx)
{
    struct agent_seen s SCOPED(cluster_machine_drop) = {0};

    (void)fx;
    (void)changed(a, e, r, &s);
}

void agent_deploy_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                       struct agent_effects *fx)
{
    struct agent_seen s SCOPED(cluster_machine_drop) = {0};
    struct agent_machine *m = changed(a, e, r, &s);

    if (m) {
        m->deploy_sent = e->sent;
        return;
    }
    m = agent_machine_find(a, e->machine);
    if (m && r->outcome == HTTP_ANSWERED && r->status == 400) {
        m->gone = true;
        a->allocate_failures++;
        a->allocate_due = pause_for(a, a->allocate_failures, r);
        agent_say(fx, 1, "machine %s cannot be deployed", m->id);
    }
}

void agent_release_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                        struct agent_effects *fx)
{
    struct agent_seen s SCOPED(cluster_machine_drop) = {0};
    struct agent_machine *m = changed(a, e, r, &s);

    if (m && !s.owner)
        freed(a, m, fx);
}

/* --- records ---------------------------------------------------------------------------------- */

static void record_later(struct agent *a, struct agent_machine *m, const struct http_result *r)
{
    m->record_failures++;
    m->record_due = a->now + ms_max(agent_backoff(a, m->record_failures, a->timing.backoff_base_ms,
                                                  a->timing.backoff_max_ms),
                                    agent_retry_after(r));
}

void agent_record_made(struct agent *a, struct agent_errand *e, const struct http_result *r,
                       struct agent_effects *fx)
{
    struct agent_machine *m = agent_machine_find(a, e->machine);

    (void)fx;
    e->due = a->now;
    if (!m)
        return;
    if (!agent_good(r) || !agent_uid_read(r, m->uid, sizeof m->uid)) {
        record_later(a, m, r);
        return;
    }
    m->record_failures = 0;
    m->said = a->saying;
}

void agent_record_changed(struct agent *a, struct agent_errand *e, const struct http_result *r,
                          struct agent_effects *fx)
{
    struct agent_machine *m = agent_machine_find(a, e->machine);

    (void)fx;
    e->due = a->now;
    if (!m)
        return;
    if (agent_good(r)) {
        m->record_failures = 0;
        m->said = a->saying;
        return;
    }
    record_later(a, m, r);
    if (r->outcome == HTTP_ANSWERED && r->status == 404)
        m->uid[0] = '\0'; /* made anew */
}

void agent_record_dropped(struct agent *a, struct agent_errand *e, const struct http_result *r,
                          struct agent_effects *fx)
{
    struct agent_machine *m = agent_machine_find(a, e->machine);

    (void)fx;
    e->due = a->now;
    if (!m)
        return;
    if (agent_good(r) || (r->outcome == HTTP_ANSWERED && r->status == 404))
        agent_machine_forget(a, m);
    else
        record_later(a, m, r);
}

void agent_quiesced_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                         struct agent_effects *fx)
{
    e->due = a->now;
    if (agent_good(r)) {
        e->failures = 0;
        a->quiesced = true;
        a->quiesced_epoch = a->assigned.epoch;
        agent_say(fx, 2, "gives its machines back");
        return;
    }
    e->failures++;
    e->due = a->now + ms_max(agent_backoff(a, e->failures, a->timing.backoff_base_ms,
                                           a->timing.backoff_max_ms),
                             agent_retry_after(r));
}
