/* GP-53 as a table: in each state each call, by whom it is made, and what comes of it. The state is
 * reached over the wire, a fresh one for each call. And below it, each state of the transaction
 * table with each move and each kind of numbers: what a move may never do. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/life.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

/* --- over the wire ---------------------------------------------------------------------------- */

struct place {
    struct cluster_site *c;
    int epoch, claim, revision; /* what the gateway knows */
};

static void pending(struct place *p)
{
    assert_int_equal(cluster_create(p->c, "c1", 0), 201);
    cluster_item(p->c);
}

static void provisioning(struct place *p)
{
    cluster_provisioning(p->c, 0);
    assert_int_equal(hello(p->c, "aaa111", "init"), 200);
    *p = (struct place){p->c, 1, 1, 2};
}

static void running(struct place *p)
{
    cluster_running(p->c, 0);
    *p = (struct place){p->c, 2, 1, 1};
}

static int delete_it(struct place *p, const char *more)
{
    snprintf(p->c->path, sizeof(p->c->path), "/v1/spectroclusters/%s%s", p->c->uid, more);
    return user(p->c->s, "DELETE", p->c->path, NULL);
}

static void reclaim(struct place *p)
{
    running(p);
    assert_int_equal(delete_it(p, ""), 204);
}

static void deleting(struct place *p)
{
    reclaim(p);
    assert_int_equal(agent(p->c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);
    p->epoch = 3;
}

static void deleted_create(struct place *p)
{
    provisioning(p);
    assert_int_equal(delete_it(p, ""), 204);
    p->revision = 3;
}

static void forced(struct place *p)
{
    deleting(p);
    palette_pass(p->c->s, SECONDS(900));
    assert_int_equal(credential(p->c->s, p->c->s->uid, NULL, SECRET), 200);
    talk_pick(&p->c->s->t, "token", p->c->s->token, sizeof(p->c->s->token));
    assert_int_equal(delete_it(p, "?forceDelete=true"), 204);
}

#define DONE "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"

static void deleted(struct place *p)
{
    deleting(p);
    assert_int_equal(claim(p->c, 3, 1), 200);
    assert_int_equal(released(p->c, 3, 2, DONE), 200);
    p->claim = 2;
}

static void moving(struct place *p)
{
    struct palette_site *s = p->c->s;
    char uid[64], token[128], body[256];

    provisioning(p);
    text_copy(uid, sizeof(uid), s->uid);
    text_copy(token, sizeof(token), s->token);
    palette_running(s);
    snprintf(body, sizeof(body), "{\"sourceUid\":\"%s\",\"targetUid\":\"%s\"}", uid, s->uid);
    assert_int_equal(user(s, "POST", "/v1/overlords/migrate", body), 204);
    text_copy(s->uid, sizeof(s->uid), uid);
    text_copy(s->token, sizeof(s->token), token);
}

static int call_claim(struct place *p)
{
    return claim(p->c, p->epoch, p->revision);
}

static int call_report(struct place *p)
{
    return cluster_call(p->c, p->epoch, "PATCH", "/v1/spectroclusters/%s/status/conditions", "[]");
}

static int call_machine(struct place *p)
{
    return machine_post(p->c, p->epoch, "cp", "ccc333");
}

static int call_handover(struct place *p)
{
    return handover(p->c, p->epoch, p->claim, p->revision, "\"aaa111\"");
}

static int call_released(struct place *p)
{
    return released(p->c, p->epoch, p->claim, DONE);
}

static int call_hello(struct place *p)
{
    return hello(p->c, "aaa111", "init");
}

static int call_beat(struct place *p)
{
    return beat(p->c);
}

static int call_assignment(struct place *p)
{
    return assignment(p->c);
}

static int call_agent_report(struct place *p)
{
    return agent(p->c, "PATCH", "/v1/spectroclusters/%s/status/conditions", "[]");
}

static int call_quiesced(struct place *p)
{
    return agent(p->c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}");
}

static int call_delete(struct place *p)
{
    return delete_it(p, "");
}

static int call_force(struct place *p)
{
    return delete_it(p, "?forceDelete=true");
}

static int call_change(struct place *p)
{
    snprintf(p->c->path, sizeof(p->c->path), "/v1/cloudconfigs/maas/%s/machinePools",
             p->c->config_uid);
    return user(p->c->s, "POST", p->c->path, "{\"poolConfig\":{\"name\":\"w\",\"size\":1}}");
}

/* clang-format off: the table */
static const struct {
    const char *name;
    int (*make)(struct place *p);
} calls[] = {
    {"claim", call_claim},
    {"report", call_report},
    {"machine record", call_machine},
    {"handover", call_handover},
    {"released", call_released},
    {"register", call_hello},
    {"beat", call_beat},
    {"assignment", call_assignment},
    {"agent's report", call_agent_report},
    {"quiesced", call_quiesced},
    {"delete", call_delete},
    {"force delete", call_force},
    {"change", call_change},
};
static const struct {
    const char *name;
    void (*make)(struct place *p);
    int status[COUNTOF(calls)];
} states[] = {
    /*                    the gateway's                 the agent's                  the user's
                          claim rep  mach hand rele     regi beat assi rep  quie    dele forc chan
     */
    {"Pending", pending, {200, 409, 409, 409, 409, 401, 401, 401, 401, 401, 204, 409, 201}},
    {"Provisioning",
     provisioning,
     {200, 204, 201, 200, 409, 200, 204, 200, 403, 409, 204, 409, 201}},
    {"Running", running, {409, 403, 403, 409, 409, 200, 204, 200, 204, 409, 204, 409, 201}},
    {"reclaim open", reclaim, {409, 403, 403, 409, 409, 200, 204, 200, 204, 204, 204, 409, 409}},
    {"Deleting", deleting, {200, 204, 201, 409, 409, 401, 401, 401, 401, 204, 204, 409, 409}},
    {"Deleting, a create",
     deleted_create,
     {200, 204, 201, 409, 200, 401, 401, 401, 401, 409, 204, 409, 409}},
    {"Deleted by force", forced, {200, 204, 201, 409, 409, 401, 401, 401, 401, 204, 404, 404, 404}},
    {"Deleted", deleted, {404, 403, 403, 404, 200, 401, 401, 401, 401, 409, 404, 404, 404}},
    {"moving", moving, {409, 409, 409, 409, 409, 200, 204, 200, 403, 409, 204, 409, 201}},
};
/* clang-format on */

static void each_call_in_each_state_is_answered_by_the_table(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNTOF(states); i++)
        for (size_t j = 0; j < COUNTOF(calls); j++) {
            struct place p = {.epoch = 1, .claim = 1, .revision = 1};
            void *site = NULL;
            int status;

            cluster_site_setup(&site);
            p.c = site;
            states[i].make(&p);
            status = calls[j].make(&p);
            if (status != states[i].status[j])
                print_error("%s, %s: %d %s\n", states[i].name, calls[j].name, status,
                            talk_body(&p.c->s->t));
            wrong += status != states[i].status[j];
            cluster_site_teardown(&site);
        }
    assert_int_equal(wrong, 0);
}

/* --- the transaction table -------------------------------------------------------------------- */

static bool same(const struct pal_life *a, const struct pal_life *b)
{
    return a->stage == b->stage && a->epoch == b->epoch && a->revision == b->revision &&
           a->claim == b->claim && a->claim_epoch == b->claim_epoch &&
           a->registered == b->registered && a->forced == b->forced &&
           a->reclaimed == b->reclaimed && a->quiesced == b->quiesced && a->moving == b->moving &&
           a->agent_last == b->agent_last;
}

static const char *fault_of(const struct pal_life *l, const struct pal_life *after,
                            const struct pal_move *m, const struct pal_verdict *v)
{
    const bool was_cluster = pal_stage_row(l->stage)->by_cluster;
    const bool is_cluster = pal_stage_row(after->stage)->by_cluster;
    const bool moved = m->kind == PAL_MOVE_ARRIVE || m->kind == PAL_MOVE_MIGRATE;

    if (!v->made)
        return same(l, after) ? NULL : "what is refused or repeated changes something";
    if (v->status >= 300)
        return "what is made is refused";
    if (after->epoch != l->epoch && after->epoch != l->epoch + 1)
        return "an epoch is left out or comes back";
    if (was_cluster != is_cluster && after->epoch == l->epoch && after->stage != PAL_STAGE_DELETED)
        return "the owner changes within an epoch";
    if (after->epoch != l->epoch && was_cluster == is_cluster && !moved)
        return "a new epoch for nothing";
    if (after->epoch == l->epoch && after->revision < l->revision)
        return "a revision goes back";
    if (after->claim < l->claim)
        return "a claim goes back";
    if (l->stage == PAL_STAGE_DELETED)
        return m->kind == PAL_MOVE_KEEP_OUT ? NULL : "something happens to what is Deleted";
    if (is_cluster && !was_cluster && !l->registered)
        return "a switch to nobody";
    if (l->forced && !after->forced)
        return "a forced delete is taken back";
    if (pal_stage_row(l->stage)->absent && !pal_stage_row(after->stage)->absent)
        return "a delete is taken back";
    if (after->stage == PAL_STAGE_DELETED && m->kind != PAL_MOVE_RELEASED &&
        m->kind != PAL_MOVE_KEEP_OUT)
        return "Deleted, and nobody has released";
    return NULL;
}

static void try_move(const struct pal_life *l, const struct pal_move *m)
{
    struct pal_life after = *l;
    const struct pal_verdict *v = pal_life_move(&after, m);
    const char *fault = fault_of(l, &after, m, v);

    if (fault)
        fail_msg("%s: stage %d epoch %d claim %d of %d registered %d forced %d moving %d, move %d "
                 "with epoch %d claim %d: %d %s",
                 fault, (int)l->stage, (int)l->epoch, (int)l->claim, (int)l->claim_epoch,
                 l->registered, l->forced, l->moving, (int)m->kind, (int)m->offer.epoch,
                 (int)m->offer.claim, v->status, v->code);
}

static size_t try_all_moves(const struct pal_life *l)
{
    size_t tries = 0;

    for (int kind = 0; kind < PAL_MOVE_COUNT; kind++)
        for (int epoch = -1; epoch <= 1; epoch++)
            for (int claim = -1; claim <= 0; claim++)
                for (int revision = -1; revision <= 0; revision++)
                    for (unsigned bits = 0; bits < 16; bits++) {
                        struct pal_move m = {.kind = (enum pal_move_kind)kind,
                                             .complete = bits & 1,
                                             .speaks = bits & 2,
                                             .left = bits & 4,
                                             .now = bits & 8 ? HOURS(100) : 0};

                        m.offer = (struct pal_offer){.epoch = l->epoch + epoch,
                                                     .claim = l->claim + claim,
                                                     .revision = l->revision + revision};
                        try_move(l, &m);
                        tries++;
                    }
    return tries;
}

static void no_move_does_what_it_may_not(void **state)
{
    size_t tries = 0;

    (void)state;
    for (int stage = 0; stage < PAL_STAGE_COUNT; stage++)
        for (int claim = 0; claim <= 2; claim++)
            for (unsigned bits = 0; bits < 64; bits++) {
                struct pal_life l = {.stage = (enum pal_stage)stage,
                                     .epoch = 2,
                                     .revision = 2,
                                     .claim = claim,
                                     .claim_epoch = bits & 1 ? 2 : 1,
                                     .registered = bits & 2,
                                     .forced = bits & 4,
                                     .reclaimed = bits & 8,
                                     .moving = bits & 16,
                                     .moved_until = 1};

                if (bits & 32)
                    l.accepted = (struct pal_offer){.epoch = 1, .claim = claim, .revision = 2};
                if ((l.forced && !pal_stage_row(l.stage)->absent) ||
                    (l.moving && pal_stage_row(l.stage)->by_cluster) ||
                    (l.moving && stage == PAL_STAGE_DELETED))
                    continue; /* cannot be */
                tries += try_all_moves(&l);
            }
    print_message("%zu moves\n", tries);
    assert_true(tries > 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(each_call_in_each_state_is_answered_by_the_table, CLAUSE(53), CLAUSE(62),
                    CLAUSE(69), CLAUSE(73), CLAUSE(74), CLAUSE(75)),
        clause_test(no_move_does_what_it_may_not, CLAUSE(44), CLAUSE(53), CLAUSE(54), CLAUSE(63)),
    };

    return run_tests(tests);
}
