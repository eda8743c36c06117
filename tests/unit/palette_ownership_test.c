/* The real transactions of mock-palette/life.c in a world of a gateway that dies, loses its state
 * and reads old lists, an agent that dies and comes back, and messages that are lost, doubled and
 * late: every world that can be reached within the bounds is looked at. The alphabet is that of
 * tests/contract/ownership_model.py, and the machines are there: whoever may act may take one. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX   3 /* accepted */
#define MESSAGES_MAX 2 /* under way at once; each may be taken any number of times */
#define OFFERS_MAX   2 /* refused ones of a process */
#define NOBODY       9 /* asker of a claim whose process is dead */
#define WORLDS_MAX   (1U << 21)
#define SLOTS        (1U << 22)

enum message {
    M_CLAIM, /* to Palette */
    M_OFFER,
    M_RELEASED,
    M_QUIESCED,
    M_CLAIMED, /* to the gateway */
    M_CLAIM_REFUSED,
    M_SWITCHED,
    M_OFFER_REFUSED,
    M_OFFER_STALE
};

struct letter {
    uint8_t kind, epoch, claim, revision, asker;
};

/* Only bytes, so that equal worlds are equal memory. */
struct world {
    /* Palette */
    uint8_t stage, epoch, revision, claim, claim_epoch, registered, forced, quiesced;
    uint8_t accepted_epoch, accepted_claim, accepted_revision;
    /* the gateway: the process, and what is on its disk */
    uint8_t alive, sees, view_epoch, view_revision, view_ours, view_absent, holds, asked;
    uint8_t offer_written;
    /* the agent */
    uint8_t agent_alive, agent_owns;
    /* a machine is held for the cluster */
    uint8_t held;
    uint8_t n;
    struct letter letters[MESSAGES_MAX];
};

struct explorer {
    struct world *worlds;
    uint32_t *from; /* the world before */
    const char **how;
    uint32_t n;
    uint32_t *slots; /* 1 + index */
    uint8_t *dies;   /* Deleted can be reached */
    uint32_t at;
    bool again; /* the second pass: what can be reached is known, and looked up */
    bool reaches;
    const char *wrong;
};

/* --- Palette, the real one -------------------------------------------------------------------- */

static struct pal_life life_of(const struct world *w)
{
    return (struct pal_life){.stage = w->stage,
                             .epoch = w->epoch,
                             .revision = w->revision,
                             .claim = w->claim,
                             .claim_epoch = w->claim_epoch,
                             .registered = w->registered,
                             .forced = w->forced,
                             .quiesced = w->quiesced,
                             .accepted = {.epoch = w->accepted_epoch,
                                          .claim = w->accepted_claim,
                                          .revision = w->accepted_revision}};
}

static void life_put(struct world *w, const struct pal_life *l)
{
    w->stage = (uint8_t)l->stage;
    w->epoch = (uint8_t)l->epoch;
    w->revision = (uint8_t)l->revision;
    w->claim = (uint8_t)l->claim;
    w->claim_epoch = (uint8_t)l->claim_epoch;
    w->registered = l->registered;
    w->forced = l->forced;
    w->quiesced = l->quiesced;
    w->accepted_epoch = (uint8_t)l->accepted.epoch;
    w->accepted_claim = (uint8_t)l->accepted.claim;
    w->accepted_revision = (uint8_t)l->accepted.revision;
}

static const struct pal_verdict *move(struct world *w, const struct pal_move *m)
{
    struct pal_life l = life_of(w);
    const struct pal_verdict *v = pal_life_move(&l, m);

    life_put(w, &l);
    return v;
}

/* --- who may act ------------------------------------------------------------------------------ */

static bool gateway_acts(const struct world *w)
{
    return w->alive && w->sees && w->view_ours && w->holds > 0 && !w->offer_written;
}

static bool agent_acts(const struct world *w)
{
    return w->agent_alive && w->agent_owns;
}

static const char *fault_of(const struct world *w)
{
    const bool by_cluster = pal_stage_row(w->stage)->by_cluster;

    if (gateway_acts(w) && agent_acts(w))
        return "two owners may act";
    if (gateway_acts(w) && by_cluster)
        return "the gateway may act and does not own";
    if (agent_acts(w) && !by_cluster)
        return "the agent may act and does not own";
    return NULL;
}

/* --- the set of worlds ------------------------------------------------------------------------ */

static uint32_t slot_of(const struct explorer *x, const struct world *w)
{
    const uint8_t *bytes = (const uint8_t *)w;
    uint64_t h = UINT64_C(1469598103934665603);
    uint32_t i;

    for (size_t k = 0; k < sizeof(*w); k++)
        h = (h ^ bytes[k]) * UINT64_C(1099511628211);
    i = (uint32_t)(h ^ (h >> 32)) % SLOTS;
    while (x->slots[i] && memcmp(&x->worlds[x->slots[i] - 1], w, sizeof(*w)) != 0)
        i = (i + 1) % SLOTS;
    return i;
}

static bool before(const struct letter *a, const struct letter *b)
{
    return memcmp(a, b, sizeof(*a)) < 0;
}

/* Answers die with the process that waits for them; equal letters are one that may be taken twice.
 */
static void settle(struct world *w)
{
    struct letter kept[MESSAGES_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        struct letter l = w->letters[i];
        size_t k = n;

        if (!w->alive && l.kind >= M_CLAIMED)
            continue;
        if (!w->alive && l.kind == M_CLAIM)
            l.asker = NOBODY;
        for (size_t j = 0; j < n; j++)
            if (memcmp(&kept[j], &l, sizeof(l)) == 0)
                k = n + 1;
        if (k > n)
            continue;
        for (; k > 0 && before(&l, &kept[k - 1]); k--)
            kept[k] = kept[k - 1];
        kept[k] = l;
        n++;
    }
    memset(w->letters, 0, sizeof(w->letters));
    memcpy(w->letters, kept, n * sizeof(kept[0]));
    w->n = (uint8_t)n;
}

static void reached(struct explorer *x, const char *how, struct world w)
{
    uint32_t slot;

    settle(&w);
    slot = slot_of(x, &w);
    if (x->again) {
        assert_true(x->slots[slot]);
        x->reaches = x->reaches || x->dies[x->slots[slot] - 1];
        return;
    }
    if (x->slots[slot])
        return;
    assert_true(x->n < WORLDS_MAX);
    x->worlds[x->n] = w;
    x->from[x->n] = x->at;
    x->how[x->n] = how;
    x->slots[slot] = ++x->n;
    if (!x->wrong)
        x->wrong = fault_of(&w);
}

/* --- letters ---------------------------------------------------------------------------------- */

static void send(struct explorer *x, const char *how, struct world w, struct letter l)
{
    if (w.n == MESSAGES_MAX)
        return;
    w.letters[w.n++] = l;
    reached(x, how, w);
}

/* The world after letter i was taken; a copy may still be under way. */
static struct world without(const struct world *w, size_t i, bool keep)
{
    struct world out = *w;

    if (keep)
        return out;
    out.letters[i] = out.letters[--out.n];
    memset(&out.letters[out.n], 0, sizeof(out.letters[0]));
    return out;
}

static void claim_arrives(struct explorer *x, struct world w, const struct letter *l)
{
    const struct pal_move m = {.kind = PAL_MOVE_CLAIM, .offer = {.epoch = l->epoch}};
    const uint8_t claim = w.claim;
    struct letter answer = {.kind = M_CLAIM_REFUSED, .epoch = l->epoch};

    if (w.claim == CLAIMS_MAX)
        return;
    if (move(&w, &m)->status == 200 && pal_stage_row(w.stage)->by_cluster && !x->wrong)
        x->wrong = "a claim of what the cluster owns";
    if (w.claim > claim)
        answer = (struct letter){
            .kind = M_CLAIMED, .epoch = w.epoch, .claim = w.claim, .asker = l->asker};
    send(x, "claim arrives", w, answer);
}

static void offer_arrives(struct explorer *x, struct world w, const struct letter *l)
{
    const struct pal_move m = {
        .kind = PAL_MOVE_HANDOVER,
        .offer = {.epoch = l->epoch, .claim = l->claim, .revision = l->revision},
        .complete = true};
    const bool was_absent = pal_stage_row(w.stage)->absent, had_agent = w.registered;
    const uint8_t revision = w.revision;
    const struct pal_verdict *v = move(&w, &m);
    struct letter answer = {.kind = M_OFFER_REFUSED};

    if (v->made && was_absent && !x->wrong)
        x->wrong = "a switch after a delete";
    if (v->made && !had_agent && !x->wrong)
        x->wrong = "a switch to an agent that is not there";
    if (v->made && l->revision != revision && !x->wrong)
        x->wrong = "a switch with an old wish";
    if (v->status == 200)
        answer.kind = M_SWITCHED;
    else if (text_is(v->code, "StaleEpoch") || v->status == 404)
        answer.kind = M_OFFER_STALE;
    send(x, v->made ? "the switch" : "offer arrives", w, answer);
}

static void released_arrives(struct explorer *x, struct world w, const struct letter *l)
{
    const struct pal_move m = {.kind = PAL_MOVE_RELEASED,
                               .offer = {.epoch = l->epoch, .claim = l->claim},
                               .complete = true};
    const bool agent_could = agent_acts(&w);
    const struct pal_verdict *v = move(&w, &m);

    if (v->made && (w.held || agent_could) && !x->wrong)
        x->wrong = "Deleted while something is owned";
    reached(x, v->made ? "Deleted" : "released arrives", w);
}

static void quiesced_arrives(struct explorer *x, struct world w)
{
    const struct pal_move m = {.kind = PAL_MOVE_QUIESCED};

    (void)move(&w, &m);
    reached(x, "quiesced arrives", w);
}

/* What the gateway does with an answer. */
static void answer_arrives(struct explorer *x, struct world w, const struct letter *l)
{
    const bool same_epoch = w.sees && w.view_epoch == l->epoch;

    if (l->kind == M_CLAIMED) {
        if (!same_epoch || l->asker != w.asked)
            return;
        w.holds = l->claim > w.holds ? l->claim : w.holds;
    } else if (l->kind == M_CLAIM_REFUSED) {
        w.holds = 0;
        if (same_epoch)
            w.view_ours = 0;
    } else { /* the offer is over, one way or the other: claim again before anything else */
        w.holds = 0;
        w.offer_written = 0;
        if (l->kind == M_OFFER_REFUSED)
            w.asked = w.asked < OFFERS_MAX ? w.asked + 1 : w.asked;
        else
            w.view_ours = 0;
    }
    reached(x, "answer arrives", w);
}

static void letter_arrives(struct explorer *x, const struct world *w, size_t i, bool keep)
{
    const struct letter l = w->letters[i];
    const struct world after = without(w, i, keep);

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
        if (w->alive && !keep) /* a process takes an answer once */
            answer_arrives(x, after, &l);
        break;
    }
}

/* --- the gateway ------------------------------------------------------------------------------ */

static void process_ends(struct world *w)
{
    w->alive = w->sees = w->view_epoch = w->view_revision = w->view_ours = w->view_absent = 0;
    w->holds = w->asked = 0;
}

static void gateway_reads(struct explorer *x, struct world w)
{
    const struct pal_life l = life_of(&w);

    if (!w.sees || w.view_epoch != w.epoch) {
        w.holds = 0;
        w.offer_written = w.epoch == 1 ? w.offer_written : 0; /* it was of another epoch */
    }
    w.sees = 1;
    w.view_epoch = w.epoch;
    w.view_revision = w.revision;
    w.view_ours = pal_life_listed(&l);
    w.view_absent = pal_stage_row(w.stage)->absent;
    reached(x, "feed", w);
}

/* The first list after a start may be one that Palette made long ago. */
static void gateway_reads_old(struct explorer *x, struct world w)
{
    w.sees = w.view_epoch = w.view_revision = w.view_ours = 1;
    reached(x, "an old list", w);
}

static void gateway_sends(struct explorer *x, const struct world *w)
{
    const struct letter letter = {.epoch = w->view_epoch};
    struct letter l = letter;
    struct world after = *w;

    l.kind = M_CLAIM;
    l.asker = w->asked;
    if (w->claim < CLAIMS_MAX)
        send(x, "claim is sent", *w, l);
    if (w->holds == 0)
        return;
    after.offer_written = 1;
    if (!w->offer_written && !w->view_absent && w->view_epoch == 1)
        reached(x, "offer is written", after);
    l = letter;
    l.kind = M_OFFER;
    l.claim = w->holds;
    l.revision = w->view_revision;
    if (w->offer_written && w->view_epoch == 1)
        send(x, "offer is sent", *w, l);
    l.kind = M_RELEASED;
    l.revision = 0;
    if (gateway_acts(w) && w->view_absent && !w->held)
        send(x, "released is sent", *w, l);
}

static void gateway_changes(struct explorer *x, struct world w)
{
    if (!gateway_acts(&w))
        return;
    w.held = !w.view_absent;
    reached(x, w.held ? "gateway allocates" : "gateway releases", w);
}

static void gateway_steps(struct explorer *x, const struct world *w)
{
    struct world after = *w;

    if (!w->alive) {
        after.alive = 1;
        reached(x, "gateway starts", after);
        return;
    }
    process_ends(&after);
    reached(x, "gateway dies", after);
    after.offer_written = 0;
    reached(x, "gateway dies and loses its state", after);
    gateway_reads(x, *w);
    if (!w->sees)
        gateway_reads_old(x, *w);
    if (w->sees && w->view_ours)
        gateway_sends(x, w);
    gateway_changes(x, *w);
}

/* --- the agent, the user, time ---------------------------------------------------------------- */

static void agent_steps(struct explorer *x, const struct world *w)
{
    const struct pal_stage_row *row = pal_stage_row(w->stage);
    const struct pal_move hello = {.kind = PAL_MOVE_REGISTER, .speaks = true};
    struct world after = *w;

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
    reached(x, "agent dies", after);
}

static void user_moves(struct explorer *x, const struct world *w)
{
    const struct pal_move delete = {.kind = PAL_MOVE_DELETE};
    const struct pal_move force = {.kind = PAL_MOVE_FORCE, .now = PAL_FORCE_MS};
    const struct pal_move change = {.kind = PAL_MOVE_CHANGE};
    struct world after = *w;

    if (move(&after, &delete)->made)
        reached(x, "user deletes", after);
    after = *w;
    if (move(&after, &force)->made)
        reached(x, "user deletes by force", after);
    after = *w;
    if (w->revision == 1 && move(&after, &change)->made)
        reached(x, "user changes", after);
}

/* The agent's lease ends before Palette's wait for it does. */
static void time_passes(struct explorer *x, const struct world *w)
{
    const struct pal_move out = {.kind = PAL_MOVE_LEASE_OUT,
                                 .now = PAL_OWNER_LEASE_MS + PAL_LEASE_MARGIN_MS};
    struct world after = *w;

    if (!agent_acts(w) && move(&after, &out)->made)
        reached(x, "reclaimed without the agent", after);
}

static void explore_one(struct explorer *x, const struct world *w)
{
    gateway_steps(x, w);
    agent_steps(x, w);
    user_moves(x, w);
    time_passes(x, w);
    for (size_t i = 0; i < w->n; i++) {
        letter_arrives(x, w, i, false);
        letter_arrives(x, w, i, true);
        reached(x, "lost", without(w, i, false));
    }
}

/* --- the tests -------------------------------------------------------------------------------- */

static void say_path(const struct explorer *x)
{
    print_error("%s, by these steps, the last one first:\n", x->wrong);
    for (uint32_t i = x->n - 1; i > 0; i = x->from[i])
        print_error("  %s\n", x->how[i]);
}

static void explore(struct explorer *x)
{
    struct world first = {.stage = PAL_STAGE_PENDING, .epoch = 1, .revision = 1};

    x->worlds = calloc(WORLDS_MAX, sizeof(*x->worlds));
    x->from = calloc(WORLDS_MAX, sizeof(*x->from));
    x->how = calloc(WORLDS_MAX, sizeof(*x->how));
    x->dies = calloc(WORLDS_MAX, 1);
    x->slots = calloc(SLOTS, sizeof(*x->slots));
    assert_true(x->worlds && x->from && x->how && x->dies && x->slots);
    reached(x, "", first);
    for (x->at = 0; x->at < x->n && !x->wrong; x->at++) {
        const struct world w = x->worlds[x->at];

        explore_one(x, &w);
    }
}

static void explorer_free(struct explorer *x)
{
    free(x->worlds);
    free(x->from);
    free(x->how);
    free(x->dies);
    free(x->slots);
}

/* The last worlds to be found are the nearest to the end, so a few sweeps from there suffice. */
static void deaths_find(struct explorer *x)
{
    bool more = true;

    x->again = true;
    for (uint32_t i = 0; i < x->n; i++)
        x->dies[i] = x->worlds[i].stage == PAL_STAGE_DELETED;
    while (more) {
        more = false;
        for (uint32_t i = x->n; i > 0; i--) {
            const struct world w = x->worlds[i - 1];

            if (x->dies[i - 1])
                continue;
            x->reaches = false;
            explore_one(x, &w);
            x->dies[i - 1] = x->reaches;
            more = more || x->reaches;
        }
    }
}

static void no_order_of_messages_makes_two_owners_or_none(void **state)
{
    struct explorer x = {.n = 0};
    uint32_t stuck = 0;

    (void)state;
    explore(&x);
    print_message("%u worlds\n", x.n);
    if (x.wrong) {
        say_path(&x);
        fail();
    }
    /* enough happened for the answer to mean something */
    assert_true(x.n > 50000);
    deaths_find(&x);
    for (uint32_t i = 0; i < x.n; i++)
        if (!x.dies[i] && x.worlds[i].claim < CLAIMS_MAX - 1)
            stuck++;
    assert_int_equal(stuck, 0);
    explorer_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(no_order_of_messages_makes_two_owners_or_none),
    };

    return run_tests(tests);
}
