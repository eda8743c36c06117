/* What may happen next in a world: to Palette, by its real transactions, to the processes that are
 * its gateways, to the agent, by the user, and with time. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/ownership_world.h"

#include <string.h>

/* --- Palette, the real one -------------------------------------------------------------------- */

static struct pal_life life_of(const union world *w)
{
    return (struct pal_life){.stage = w->stage,
                             .epoch = w->epoch,
                             .revision = w->revision,
                             .claim = w->claim,
                             .claim_epoch = w->claim_epoch,
                             .registered = w->registered,
                             .forced = w->forced,
                             .reclaimed = w->reclaimed,
                             .moving = w->moving,
                             .moved_until = 1,
                             .accepted = {.epoch = w->accepted_epoch,
                                          .claim = w->accepted_claim,
                                          .revision = w->accepted_revision}};
}

static void life_put(union world *w, const struct pal_life *l)
{
    w->stage = (uint8_t)l->stage;
    w->epoch = (uint8_t)l->epoch;
    w->revision = (uint8_t)l->revision;
    w->claim = (uint8_t)l->claim;
    w->claim_epoch = (uint8_t)l->claim_epoch;
    w->registered = l->registered;
    w->forced = l->forced;
    w->reclaimed = l->reclaimed;
    w->moving = l->moving;
    w->accepted_epoch = (uint8_t)l->accepted.epoch;
    w->accepted_claim = (uint8_t)l->accepted.claim;
    w->accepted_revision = (uint8_t)l->accepted.revision;
}

static const struct pal_verdict *move(union world *w, const struct pal_move *m)
{
    struct pal_life l = life_of(w);
    const struct pal_verdict *v = pal_life_move(&l, m);

    life_put(w, &l);
    return v;
}

/* The lease at its moment 0; it is held until 1. */
static struct pal_lease lease_of(const union world *w)
{
    return (struct pal_lease){
        .number = w->lease, .replica = {(char)('0' + w->holder)}, .until = w->holder ? 1 : 0};
}

/* Palette hears a call of this process about the cluster: it is the responsible gateway, and if it
 * is a replica it has the lease. */
static bool is_heard(const struct explorer *x, const union world *w, const struct letter *l)
{
    const struct pal_lease lease = lease_of(w);

    if (x->b->replicas && pal_lease_is_stale(&lease, l->lease, 0))
        return false;
    return !x->b->gateways || w->gateway == l->process;
}

/* --- who may act ------------------------------------------------------------------------------ */

static bool process_acts(const struct bounds *b, const struct process *p)
{
    return p->alive && p->sees && p->view_ours && p->holds > 0 && !p->offer_written && !p->lapsed &&
           (!b->replicas || p->lease > 0);
}

/* What GP-48 stops: it has a list with the cluster, and has not waited for too long. */
static bool has_lease(const struct process *p)
{
    return p->alive && p->sees && p->view_ours && !p->lapsed;
}

static bool agent_acts(const union world *w)
{
    return w->agent_alive && w->agent_owns;
}

const char *fault_of(const struct bounds *b, const union world *w)
{
    const bool by_cluster = pal_stage_row(w->stage)->by_cluster;
    int acting = 0;

    for (size_t i = 0; i < b->processes; i++) {
        if (!process_acts(b, &w->p[i]))
            continue;
        acting++;
        if (by_cluster)
            return "a gateway may act and does not own";
        if (b->gateways && w->gateway != i)
            return "a gateway may act and is not the responsible one";
    }
    if (agent_acts(w) && !by_cluster)
        return "the agent may act and does not own";
    return acting + agent_acts(w) > 1 ? "two may act" : NULL;
}

/* --- letters ---------------------------------------------------------------------------------- */

static void blame(struct explorer *x, bool wrong, const char *what)
{
    if (wrong && !x->wrong)
        x->wrong = what;
}

static void send(struct explorer *x, const char *how, union world w, struct letter l)
{
    if (w.n == x->b->messages)
        return;
    w.letters[w.n++] = l;
    reached(x, how, w);
}

/* The world after letter i was taken; a copy may still be under way. */
static union world without(const union world *w, size_t i, bool keep)
{
    union world out = *w;

    if (!keep)
        out.letters[i] = out.letters[--out.n];
    return out;
}

static void claim_arrives(struct explorer *x, union world w, const struct letter *l)
{
    const struct pal_move m = {.kind = PAL_MOVE_CLAIM, .offer = {.epoch = l->epoch}};
    const uint8_t claim = w.claim;
    struct letter answer = {.kind = M_CLAIM_REFUSED, .epoch = l->epoch, .process = l->process};

    if (w.claim == x->b->claims)
        return;
    if (is_heard(x, &w, l) && move(&w, &m)->status == 200)
        blame(x, pal_stage_row(w.stage)->by_cluster, "a claim of what the cluster owns");
    if (w.claim > claim) {
        answer.kind = M_CLAIMED;
        answer.epoch = w.epoch;
        answer.claim = w.claim;
        answer.asker = l->asker;
    }
    send(x, "claim arrives", w, answer);
}

static void offer_arrives(struct explorer *x, union world w, const struct letter *l)
{
    static const struct pal_verdict foreign = {false, 403, "Forbidden", ""};
    const struct pal_move m = {
        .kind = PAL_MOVE_HANDOVER,
        .offer = {.epoch = l->epoch, .claim = l->claim, .revision = l->revision},
        .complete = true};
    const bool was_absent = pal_stage_row(w.stage)->absent, had_agent = w.registered;
    const uint8_t revision = w.revision, moving = w.moving;
    const struct pal_verdict *v = is_heard(x, &w, l) ? move(&w, &m) : &foreign;
    struct letter answer = {.kind = M_OFFER_REFUSED, .process = l->process};

    blame(x, v->made && was_absent, "a switch after a delete");
    blame(x, v->made && !had_agent, "a switch to an agent that is not there");
    blame(x, v->made && l->revision != revision, "a switch with an old wish");
    blame(x, v->made && moving, "a switch of what is moving");
    if (v->status == 200)
        answer.kind = M_SWITCHED;
    else if (text_is(v->code, "StaleEpoch") || v->status == 404 || v->status == 403)
        answer.kind = M_OFFER_STALE;
    send(x, v->made ? "the switch" : "offer arrives", w, answer);
}

static void released_arrives(struct explorer *x, union world w, const struct letter *l)
{
    const struct pal_move m = {.kind = PAL_MOVE_RELEASED,
                               .offer = {.epoch = l->epoch, .claim = l->claim},
                               .complete = true};
    const bool agent_could = agent_acts(&w);
    const bool made = is_heard(x, &w, l) && move(&w, &m)->made;

    blame(x, made && (w.held || agent_could), "Deleted while something is owned");
    reached(x, made ? "Deleted" : "released arrives", w);
}

static void quiesced_arrives(struct explorer *x, union world w)
{
    const struct pal_move m = {.kind = PAL_MOVE_QUIESCED};

    (void)move(&w, &m);
    reached(x, "quiesced arrives", w);
}

/* What the gateway does with an answer. */
static void answer_arrives(struct explorer *x, union world w, const struct letter *l)
{
    struct process *p = &w.p[l->process];
    const bool same_epoch = p->sees && p->view_epoch == l->epoch;

    if (l->kind == M_CLAIMED) {
        if (!same_epoch || l->asker != p->asked)
            return;
        p->holds = l->claim > p->holds ? l->claim : p->holds;
    } else if (l->kind == M_CLAIM_REFUSED) {
        p->holds = 0;
        if (same_epoch)
            p->view_ours = 0;
    } else { /* the offer is over, one way or the other: claim again before anything else */
        p->holds = 0;
        p->offer_written = 0;
        if (l->kind == M_OFFER_REFUSED)
            p->asked = p->asked < x->b->offers ? p->asked + 1 : p->asked;
        else
            p->view_ours = 0;
    }
    reached(x, "answer arrives", w);
}

static void letter_arrives(struct explorer *x, const union world *w, size_t i, bool keep)
{
    const struct letter l = w->letters[i];
    const union world after = without(w, i, keep);

    switch ((enum message)l.kind) {
    case M_CLAIM:
        claim_arrives(x, after, &l);
        break;
    case M_OFFER:
        offer_arrives(x, after, &l);
        break;
    case M_RELEASED:
        released_arrives(x, after, &l);
        break;
    case M_QUIESCED:
        quiesced_arrives(x, after);
        break;
    case M_CLAIMED:
    case M_CLAIM_REFUSED:
    case M_SWITCHED:
    case M_OFFER_REFUSED:
    case M_OFFER_STALE:
        if (w->p[l.process].alive && !keep) /* a process takes an answer once */
            answer_arrives(x, after, &l);
        break;
    }
}

/* --- a gateway's process ---------------------------------------------------------------------- */

static void process_ends(struct process *p, bool loses_state)
{
    *p = (struct process){.offer_written = loses_state ? 0 : p->offer_written};
}

static void process_reads(struct explorer *x, union world w, size_t i)
{
    const struct pal_life l = life_of(&w);
    struct process *p = &w.p[i];
    const bool asked_with_new_cursor = p->sees && !p->view_ours && w.moving && w.gateway == i;
    const struct pal_move left = {.kind = PAL_MOVE_ARRIVE, .left = true};

    if (x->b->replicas && (p->lease == 0 || p->lease != w.lease || !w.holder))
        return; /* 409 StaleLease */
    if (!p->sees || p->view_epoch != w.epoch)
        p->holds = 0;
    if (p->offer_written != w.epoch)
        p->offer_written = 0;
    p->sees = 1;
    p->lapsed = 0;
    p->view_epoch = w.epoch;
    p->view_revision = w.revision;
    p->view_ours = pal_life_listed(&l) && (!x->b->gateways || w.gateway == i);
    p->view_absent = pal_stage_row(w.stage)->absent;
    reached(x, "feed", w);
    if (asked_with_new_cursor && move(&w, &left)->made) {
        w.gateway = 1 - w.gateway;
        reached(x, "the old gateway has left it", w);
    }
}

/* The first list after a start may be one that Palette made long ago. */
static void process_reads_old(struct explorer *x, union world w, size_t i)
{
    if (!x->b->loses)
        return; /* looked at with one gateway */
    w.p[i].sees = w.p[i].view_epoch = w.p[i].view_revision = w.p[i].view_ours = 1;
    reached(x, "an old list", w);
}

static void process_sends(struct explorer *x, const union world *w, size_t i)
{
    const struct process *p = &w->p[i];
    const uint8_t offers_until = x->b->gateways ? 2 : 1; /* the epochs of a create */
    const struct letter letter = {.epoch = p->view_epoch, .process = (uint8_t)i, .lease = p->lease};
    struct letter l = letter;
    union world after = *w;

    l.kind = M_CLAIM;
    l.asker = p->asked;
    if (w->claim < x->b->claims)
        send(x, "claim is sent", *w, l);
    if (p->holds == 0)
        return;
    after.p[i].offer_written = p->view_epoch;
    if (!p->offer_written && !p->view_absent && p->view_epoch <= offers_until)
        reached(x, "offer is written", after);
    l = letter;
    l.kind = M_OFFER;
    l.claim = p->holds;
    l.revision = p->view_revision;
    if (p->offer_written && p->view_epoch <= offers_until)
        send(x, "offer is sent", *w, l);
    l.kind = M_RELEASED;
    l.revision = 0;
    if (process_acts(x->b, p) && p->view_absent && !w->held)
        send(x, "released is sent", *w, l);
}

static void process_changes(struct explorer *x, union world w, size_t i)
{
    if (!process_acts(x->b, &w.p[i]))
        return;
    w.held = !w.p[i].view_absent;
    reached(x, w.held ? "gateway allocates" : "gateway releases", w);
}

static void process_steps(struct explorer *x, const union world *w, size_t i)
{
    union world after = *w;

    if (!w->p[i].alive) {
        after.p[i].alive = 1;
        reached(x, "gateway starts", after);
        return;
    }
    process_ends(&after.p[i], false);
    if (!x->b->gateways) /* there it is enough that its lease runs out */
        reached(x, "gateway dies", after);
    process_ends(&after.p[i], true);
    if (x->b->loses)
        reached(x, "gateway dies and loses its state", after);
    after = *w;
    after.p[i].lapsed = 1;
    if (x->b->gateways && has_lease(&w->p[i]))
        reached(x, "the gateway's lease has run out", after);
    process_reads(x, *w, i);
    if (!w->p[i].sees)
        process_reads_old(x, *w, i);
    if (w->p[i].sees && w->p[i].view_ours)
        process_sends(x, w, i);
    process_changes(x, *w, i);
}

/* --- replicas --------------------------------------------------------------------------------- */

/* PUT of the lease. A process that has a number renews it; one that has none learns one. */
static void replica_takes(struct explorer *x, union world w, size_t i)
{
    const char name[] = {(char)('1' + i), '\0'};
    struct pal_lease l = lease_of(&w);
    struct process *p = &w.p[i];

    if (pal_lease_is_anothers(&l, name, 0) || (w.lease == x->b->leases && !w.holder))
        return;
    (void)pal_lease_take(&l, name, 0);
    w.lease = (uint8_t)l.number;
    w.holder = (uint8_t)(i + 1);
    reached(x, "the lease is taken, the answer is lost", w);
    if (p->lease != w.lease)
        p->holds = 0; /* a new holder claims again */
    p->lease = w.lease;
    reached(x, "the lease is taken", w);
}

static void replica_steps(struct explorer *x, const union world *w, size_t i)
{
    union world after = *w;

    if (w->p[i].alive)
        replica_takes(x, *w, i);
    after.p[i].lease = 0;
    if (w->p[i].lease)
        reached(x, "its lease has run out", after); /* or it stops, and gives it back */
    after.holder = 0;
    if (w->holder == i + 1 && !w->p[i].lease) /* Palette's clock is behind the holder's */
        reached(x, "the lease is free", after);
}

/* --- the agent, the user, time ---------------------------------------------------------------- */

static void agent_steps(struct explorer *x, const union world *w)
{
    const struct pal_stage_row *row = pal_stage_row(w->stage);
    const struct pal_move hello = {.kind = PAL_MOVE_REGISTER, .speaks = true};
    union world after = *w;

    if (!w->agent_alive && move(&after, &hello)->status == 200) {
        after.agent_alive = 1;
        reached(x, "agent registers", after);
    }
    if (!w->agent_alive)
        return;
    after = *w;
    after.agent_owns = 1;
    if (row->by_cluster && !row->absent)
        reached(x, "assignment", after);
    after.held = 1;
    if (agent_acts(w))
        reached(x, "agent allocates", after);
    after = *w;
    after.agent_owns = 0;
    reached(x, "agent stops", after); /* asked to, or its lease has run out */
    if (row->by_cluster && row->absent && !w->agent_owns)
        send(x, "quiesced is sent", *w, (struct letter){.kind = M_QUIESCED});
    after.agent_alive = 0;
    if (x->b->agent_dies)
        reached(x, "agent dies", after);
}

static void user_moves(struct explorer *x, const union world *w)
{
    const struct pal_move delete = {.kind = PAL_MOVE_DELETE};
    const struct pal_move force = {.kind = PAL_MOVE_FORCE, .now = PAL_FORCE_MS};
    const struct pal_move change = {.kind = PAL_MOVE_CHANGE};
    const struct pal_move migrate = {.kind = PAL_MOVE_MIGRATE, .lease_end = 1};
    union world after = *w;

    if (move(&after, &delete)->made)
        reached(x, "user deletes", after);
    after = *w;
    if (x->b->forces && move(&after, &force)->made)
        reached(x, "user deletes by force", after);
    after = *w;
    if (x->b->changes && w->revision == 1 && move(&after, &change)->made)
        reached(x, "user changes", after);
    after = *w;
    if (!x->b->gateways || w->gateway != 0 || w->moving || !move(&after, &migrate)->made)
        return;
    after.gateway = !after.moving; /* one that owns itself is moved at once */
    reached(x, "user moves it to the other gateway", after);
}

/* Whoever has a lease stops before Palette's wait for it is over. */
static void time_passes(struct explorer *x, const union world *w)
{
    const struct pal_move out = {.kind = PAL_MOVE_LEASE_OUT,
                                 .now = PAL_OWNER_LEASE_MS + PAL_LEASE_MARGIN_MS};
    const struct pal_move silent = {.kind = PAL_MOVE_SILENT, .now = PAL_SILENT_MS};
    const struct pal_move arrive = {.kind = PAL_MOVE_ARRIVE, .now = 1};
    union world after = *w;

    if (!agent_acts(w) && move(&after, &out)->made)
        reached(x, "reclaimed without the agent", after);
    after = *w;
    if (x->b->silence && !w->agent_alive && w->revision < 3 && move(&after, &silent)->made)
        reached(x, "the agent is silent", after);
    after = *w;
    if (w->moving && !has_lease(&w->p[w->gateway]) && move(&after, &arrive)->made) {
        after.gateway = 1 - w->gateway;
        reached(x, "the old gateway's lease is over", after);
    }
}

void steps_take(struct explorer *x, const union world *w)
{
    for (size_t i = 0; i < x->b->processes; i++) {
        process_steps(x, w, i);
        if (x->b->replicas)
            replica_steps(x, w, i);
    }
    agent_steps(x, w);
    user_moves(x, w);
    time_passes(x, w);
    for (size_t i = 0; i < w->n; i++) {
        letter_arrives(x, w, i, false);
        letter_arrives(x, w, i, true);
        reached(x, "lost", without(w, i, false));
    }
}
