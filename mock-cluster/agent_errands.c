/* Effects, pauses, and the errands every node has: register, heartbeat, assignment, wishes, labels.
 */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLINGS_MAX     24
#define RETRY_AFTER_S_MAX 31622400

/* --- effects ---------------------------------------------------------------------------------- */

void agent_effects_init(struct agent_effects *fx)
{
    fx->n = 0;
}

void agent_effects_drop(struct agent_effects *fx)
{
    for (size_t i = 0; i < fx->n; i++)
        if (fx->at[i].kind == AGENT_FX_CALL)
            http_call_drop(&fx->at[i].call);
    fx->n = 0;
}

struct agent_effect *agent_effect_add(struct agent_effects *fx, enum agent_effect_kind kind)
{
    struct agent_effect *e;

    assert(fx->n < AGENT_EFFECTS_MAX);
    e = &fx->at[fx->n++];
    *e = (struct agent_effect){.kind = kind};
    return e;
}

void agent_say(struct agent_effects *fx, int level, const char *fmt, ...)
{
    struct agent_effect *e = agent_effect_add(fx, AGENT_FX_SAY);
    va_list args;

    e->level = level;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
}

void agent_cancel(struct agent *a, size_t i, struct agent_effects *fx)
{
    if (a->errands[i].ticket == 0)
        return;
    agent_effect_add(fx, AGENT_FX_CANCEL)->ticket = a->errands[i].ticket;
    a->errands[i].ticket = 0;
}

/* --- pauses ----------------------------------------------------------------------------------- */

ms_t agent_backoff(struct agent *a, unsigned failures, ms_t base, ms_t most)
{
    const ms_t grown = ms_max(base, 1) << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
    const ms_t pause = ms_max(ms_min(most, grown), 1);

    return rng_between(&a->rng, (pause + 1) / 2, pause);
}

ms_t agent_retry_after(const struct http_result *r)
{
    char text[32];
    int64_t s = 0;

    if (r->outcome != HTTP_ANSWERED ||
        !http_header_get(&r->headers, "Retry-After", text, sizeof text) ||
        !text_int(text, 0, RETRY_AFTER_S_MAX, &s))
        return 0;
    return SECONDS(s);
}

bool agent_good(const struct http_result *r)
{
    return r->outcome == HTTP_ANSWERED && r->status >= 200 && r->status <= 299;
}

/* Palette did not do it: again later. A refusal is not hurried. */
static void later(struct agent *a, struct agent_errand *e, const struct http_result *r)
{
    const bool refused =
        r->outcome == HTTP_ANSWERED && r->status >= 300 && r->status < 500 && r->status != 429;
    const ms_t most = a->timing.backoff_max_ms;
    const ms_t pause =
        refused ? most : agent_backoff(a, e->failures + 1, a->timing.backoff_base_ms, most);

    e->failures++;
    e->due = a->now + ms_max(pause, agent_retry_after(r));
}

/* --- register and heartbeat ------------------------------------------------------------------- */

static void wake(struct agent *a, size_t i)
{
    struct agent_errand *e = &a->errands[i];

    if (e->ticket == 0 && e->due == MS_NEVER)
        e->due = a->now;
}

void agent_register_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                         struct agent_effects *fx)
{
    struct agent_grant g SCOPED(agent_grant_drop) = {0};

    if (!agent_good(r) || !agent_grant_read(r, &g) ||
        (g.timing && !agent_timing_read(&a->timing, g.timing))) {
        later(a, e, r);
        return;
    }
    if (!a->token[0])
        agent_say(fx, 2, "registered with Palette");
    (void)text_copy(a->token, sizeof a->token, g.token);
    a->token_old = false;
    e->failures = 0;
    e->due = ms_max(e->sent + g.expires_ms / 2, a->now);
    wake(a, AGENT_AT_BEAT);
    if (a->init)
        wake(a, AGENT_AT_ASSIGNMENT);
}

void agent_beat_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                     struct agent_effects *fx)
{
    (void)fx;
    e->failures = agent_good(r) ? 0 : e->failures + 1;
    e->due = a->now + ms_max(ms_max(a->timing.heartbeat_ms, 1), agent_retry_after(r));
}

/* --- assignment ------------------------------------------------------------------------------- */

/* Labels that the cluster bears are reported when they are others than those reported last. */
static void labels_look(struct agent *a)
{
    struct agent_errand *e = &a->errands[AGENT_AT_LABELS];
    const char *labels = a->assigned.labels ? a->assigned.labels : "";

    if (e->ticket == 0)
        e->due = agent_owns(a) && !text_is(labels, a->labels_said) ? a->now : MS_NEVER;
}

static void owner_errands(struct agent *a)
{
    static const size_t works[] = {AGENT_AT_APPLY, AGENT_AT_WORK};

    labels_look(a);
    for (size_t i = 0; i < COUNTOF(works); i++) {
        if (agent_owns(a))
            wake(a, works[i]);
        else if (a->errands[works[i]].ticket == 0)
            a->errands[works[i]].due = MS_NEVER;
    }
}

/* Asked to give back, the owner still needs what it was told before. */
static void assignment_quiesce(struct agent *a, const struct agent_assignment *s)
{
    memcpy(a->assigned.cursor, s->cursor, sizeof a->assigned.cursor);
    a->assigned.quiesce = true;
}

/* Most of its places are empty, and stay untouched. */
static void assigned_copy(struct agent_assignment *to, const struct agent_assignment *from)
{
    memcpy(to, from, offsetof(struct agent_assignment, inventory));
    memcpy(to->inventory, from->inventory, from->n_inventory * sizeof from->inventory[0]);
    to->n_pools = from->n_pools;
    memcpy(to->pools, from->pools, from->n_pools * sizeof from->pools[0]);
    to->labels = from->labels;
}

static void assignment_take(struct agent *a, struct agent_assignment *s, struct agent_effects *fx)
{
    const bool owned = agent_owns(a);

    if (s->quiesce && owned && s->epoch == a->assigned.epoch && !s->account.endpoint[0] &&
        a->assigned.account.endpoint[0]) {
        assignment_quiesce(a, s);
        return;
    }

    if (a->assigned.epoch != s->epoch)
        a->quiesced = false;
    agent_assignment_drop(&a->assigned);
    assigned_copy(&a->assigned, s);
    s->labels = NULL;
    if (!agent_owns(a))
        memset(&a->assigned.account, 0, sizeof a->assigned.account);
    else if (!owned) {
        a->look_due = a->now;
        agent_say(fx, 2, "the cluster owns its machines from epoch %lld on", (long long)s->epoch);
    }
    agent_inventory_merge(a);
    owner_errands(a);
}

void agent_assignment_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                           struct agent_effects *fx)
{
    struct agent_assignment *s;
    bool good;

    if (r->outcome == HTTP_ANSWERED && r->status == 410 && a->assigned.cursor[0]) {
        a->assigned.cursor[0] = '\0';
        e->due = a->now;
        return;
    }
    s = calloc(1, sizeof *s);
    if (!s)
        WRONG("no memory");
    good = agent_good(r) && (r->status == 204 || agent_assignment_read(r, s));
    if (good) {
        a->lease_sent = e->sent;
        e->failures = 0;
        e->due = a->now;
        if (r->status != 204)
            assignment_take(a, s, fx);
        if (!a->assigned
                 .cursor[0]) /* an answer without a cursor is not asked for without a pause */
            e->due = a->now + a->timing.gap_ms;
    } else {
        later(a, e, r);
    }
    agent_assignment_drop(s);
    free(s);
}

/* --- wishes, labels -------------------------------------------------------------------- */

/* A new wish: the assignment is asked for at once, without waiting for the long poll's end. */
void agent_apply_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                      struct agent_effects *fx)
{
    struct agent_errand *assignment = &a->errands[AGENT_AT_ASSIGNMENT];
    char hash[AGENT_WORD_MAX] = "";

    e->due = a->now + ms_max(ms_max(a->timing.heartbeat_ms, 1), agent_retry_after(r));
    if (!agent_owns(a)) {
        e->due = MS_NEVER;
        return;
    }
    if (!agent_good(r) || !agent_hash_read(r, hash, sizeof hash))
        return;
    if (!text_is(hash, a->wish)) {
        memcpy(a->wish, hash, sizeof a->wish);
        agent_cancel(a, AGENT_AT_ASSIGNMENT, fx);
        a->assigned.cursor[0] = '\0';
        assignment->due = a->now;
        return;
    }
    if (text_is(a->wish, a->applied) || !agent_settled(a))
        return;
    e->op = AGENT_OP_APPLIED;
    e->due = a->now;
}

/* What Palette makes of it does not matter: it is a courtesy. */
void agent_applied_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                        struct agent_effects *fx)
{
    (void)r;
    (void)fx;
    memcpy(a->applied, a->wish, sizeof a->applied);
    e->op = AGENT_OP_APPLY;
    e->due = agent_owns(a) ? a->now + ms_max(a->timing.heartbeat_ms, 1) : MS_NEVER;
}

void agent_labels_done(struct agent *a, struct agent_errand *e, const struct http_result *r,
                       struct agent_effects *fx)
{
    (void)fx;
    if (agent_good(r)) {
        free(a->labels_said);
        a->labels_said = STEAL(a->labels_sent);
        e->failures = 0;
    }
    labels_look(a);
    if (!agent_good(r) && e->due != MS_NEVER)
        later(a, e, r);
}
