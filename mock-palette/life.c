/* The state table, the refusals in the order in which they are looked for, and the effects. */
#include "mock-palette/life.h"

#include "mock-palette/refusals.h"

#include <string.h>

#define AGENT_ALIVE (PAL_CAN_REGISTER | PAL_CAN_BEAT | PAL_CAN_READ)

/* clang-format off */
static const struct pal_stage_row stages[PAL_STAGE_COUNT] = {
    /*                           shown           cluster absent gateway may                                        agent may */
    [PAL_STAGE_PENDING]      = {"Pending",       false, false, PAL_CAN_CLAIM,                                      0},
    [PAL_STAGE_PROVISIONING] = {"Provisioning",  false, false, PAL_CAN_CLAIM | PAL_CAN_REPORT | PAL_CAN_HANDOVER,  AGENT_ALIVE},
    [PAL_STAGE_RUNNING]      = {"Running",       true,  false, 0,                                                  AGENT_ALIVE | PAL_CAN_REPORT},
    [PAL_STAGE_RECLAIM]      = {"Deleting",      true,  true,  0,                                                  AGENT_ALIVE | PAL_CAN_REPORT | PAL_CAN_QUIESCED},
    [PAL_STAGE_DELETING]     = {"Deleting",      false, true,  PAL_CAN_CLAIM | PAL_CAN_REPORT | PAL_CAN_RELEASED,  0},
    [PAL_STAGE_DELETED]      = {"Deleted",       false, true,  PAL_CAN_RELEASED,                                   0},
};
/* clang-format on */

const struct pal_stage_row *pal_stage_row(enum pal_stage stage)
{
    return &stages[stage];
}

void pal_life_init(struct pal_life *l)
{
    *l = (struct pal_life){.stage = PAL_STAGE_PENDING, .epoch = 1, .revision = 1};
}

const char *pal_life_shown(const struct pal_life *l)
{
    return stages[l->forced ? PAL_STAGE_DELETED : l->stage].name;
}

bool pal_life_listed(const struct pal_life *l)
{
    return l->stage != PAL_STAGE_DELETED && !stages[l->stage].by_cluster && !l->moving;
}

unsigned pal_life_gateway_may(const struct pal_life *l)
{
    return l->moving ? 0 : stages[l->stage].gateway;
}

/* --- what is asked of a move ------------------------------------------------------------------ */

static ms_t lease_end(const struct pal_life *l)
{
    return ms_max(l->agent_last, l->switched_at) + PAL_OWNER_LEASE_MS + PAL_LEASE_MARGIN_MS;
}

/* The epoch is over, or it is not the gateway's at all. */
static bool epoch_is_old(const struct pal_life *l, const struct pal_move *m)
{
    return m->offer.epoch != l->epoch || !pal_life_listed(l);
}

static bool claim_is_old(const struct pal_life *l, const struct pal_move *m)
{
    return m->offer.claim != l->claim || l->claim_epoch != l->epoch;
}

static bool revision_is_old(const struct pal_life *l, const struct pal_move *m)
{
    return m->offer.revision != l->revision;
}

/* A copy of the offer that made the switch: the same answer, as long as the switch stands. */
static bool offer_was_accepted(const struct pal_life *l, const struct pal_move *m)
{
    const struct pal_offer *o = &l->accepted;

    return stages[l->stage].by_cluster && o->epoch == m->offer.epoch &&
           o->claim == m->offer.claim && o->revision == m->offer.revision &&
           o->machines == m->offer.machines;
}

static bool agent_is_missing(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return !l->registered;
}

static bool list_is_incomplete(const struct pal_life *l, const struct pal_move *m)
{
    (void)l;
    return !m->complete;
}

static bool is_absent(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return stages[l->stage].absent;
}

static bool is_present(const struct pal_life *l, const struct pal_move *m)
{
    return !is_absent(l, m);
}

static bool is_gone(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return l->stage == PAL_STAGE_DELETED;
}

static bool is_hidden(const struct pal_life *l, const struct pal_move *m)
{
    return l->forced || is_gone(l, m);
}

static bool is_fresh(const struct pal_life *l, const struct pal_move *m)
{
    return m->now < l->deleted_at + PAL_FORCE_MS;
}

static bool agent_is_refused(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return l->forced || !(stages[l->stage].agent & PAL_CAN_REGISTER);
}

static bool is_reclaimed(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return l->stage == PAL_STAGE_DELETING && l->reclaimed;
}

static bool is_not_reclaim(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return l->stage != PAL_STAGE_RECLAIM;
}

static bool lease_holds(const struct pal_life *l, const struct pal_move *m)
{
    return l->stage != PAL_STAGE_RECLAIM || m->now < lease_end(l);
}

static bool is_kept(const struct pal_life *l, const struct pal_move *m)
{
    return !l->forced || l->stage == PAL_STAGE_DELETED ||
           m->now < l->forced_at + PAL_FORCED_KEEP_MS;
}

static bool agent_is_heard(const struct pal_life *l, const struct pal_move *m)
{
    return !l->registered || l->stage != PAL_STAGE_PROVISIONING ||
           m->now < l->agent_last + PAL_SILENT_MS;
}

static bool is_at_rest(const struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    return !l->moving;
}

/* GP-75: it may still be at work with the list it has. */
static bool old_gateway_may_act(const struct pal_life *l, const struct pal_move *m)
{
    return !m->left && m->now < l->moved_until;
}

/* --- the transaction table -------------------------------------------------------------------- */

static const struct rule {
    enum pal_move_kind kind;
    bool (*holds)(const struct pal_life *l, const struct pal_move *m);
    struct pal_verdict verdict; /* when it holds; the first of the move's rows decides */
} rules[] = {
    {PAL_MOVE_CLAIM, is_gone, {false, 404, "ResourceNotFound", "The cluster is deleted."}},
    {PAL_MOVE_CLAIM, epoch_is_old, {false, 409, "StaleEpoch", "The epoch is over."}},

    {PAL_MOVE_HANDOVER, is_gone, {false, 404, "ResourceNotFound", "The cluster is deleted."}},
    {PAL_MOVE_HANDOVER, offer_was_accepted, {false, 200, "", ""}},
    {PAL_MOVE_HANDOVER, epoch_is_old, {false, 409, "StaleEpoch", "The epoch is over."}},
    {PAL_MOVE_HANDOVER, is_absent, {false, 409, "Deleting", "The user has deleted the cluster."}},
    {PAL_MOVE_HANDOVER, claim_is_old, {false, 409, "StaleClaim", "A later claim was accepted."}},
    {PAL_MOVE_HANDOVER,
     agent_is_missing,
     {false, 409, "AgentNotRegistered", "No agent of the cluster has registered."}},
    {PAL_MOVE_HANDOVER,
     revision_is_old,
     {false, 409, "StaleRevision", "The item has changed since."}},
    {PAL_MOVE_HANDOVER,
     list_is_incomplete,
     {false, 409, "InventoryIncomplete", "The machines are not those that have a record."}},

    {PAL_MOVE_RELEASED, is_gone, {false, 200, "", ""}},
    {PAL_MOVE_RELEASED, epoch_is_old, {false, 409, "StaleEpoch", "The epoch is over."}},
    {PAL_MOVE_RELEASED, is_present, {false, 409, "NotDeleting", "Nobody has deleted the cluster."}},
    {PAL_MOVE_RELEASED, claim_is_old, {false, 409, "StaleClaim", "A later claim was accepted."}},
    {PAL_MOVE_RELEASED,
     list_is_incomplete,
     {false, 409, "InventoryIncomplete", "A machine of the inventory is not in the list."}},

    {PAL_MOVE_DELETE, is_hidden, {false, 404, "ResourceNotFound", "There is no such cluster."}},
    {PAL_MOVE_DELETE, is_absent, {false, 204, "", ""}},

    {PAL_MOVE_FORCE, is_hidden, {false, 404, "ResourceNotFound", "There is no such cluster."}},
    {PAL_MOVE_FORCE, is_present, {false, 409, "ForceDeleteTooEarly", "Delete the cluster first."}},
    {PAL_MOVE_FORCE,
     is_fresh,
     {false, 409, "ForceDeleteTooEarly", "The cluster has not been Deleting for long enough."}},

    {PAL_MOVE_REGISTER,
     agent_is_refused,
     {false, 401, "CredentialRevoked", "Agents of this cluster are refused."}},

    {PAL_MOVE_QUIESCED, is_reclaimed, {false, 204, "", ""}},
    {PAL_MOVE_QUIESCED, is_not_reclaim, {false, 409, "NotQuiescing", "The agent was not asked."}},

    {PAL_MOVE_CHANGE, is_hidden, {false, 404, "ResourceNotFound", "There is no such cluster."}},
    {PAL_MOVE_CHANGE, is_absent, {false, 409, "Deleting", "The cluster is being deleted."}},

    {PAL_MOVE_LEASE_OUT,
     lease_holds,
     {false, 409, "LeaseHolds", "The agent's lease has not run out."}},
    {PAL_MOVE_KEEP_OUT, is_kept, {false, 409, "ItemKept", "The item is kept."}},
    {PAL_MOVE_SILENT, agent_is_heard, {false, 409, "AgentHeard", "The agent was heard."}},

    {PAL_MOVE_MIGRATE, is_gone, {false, 404, "ResourceNotFound", "The cluster is deleted."}},
    {PAL_MOVE_ARRIVE, is_at_rest, {false, 409, "NotMoving", "Nobody has moved the cluster."}},
    {PAL_MOVE_ARRIVE,
     old_gateway_may_act,
     {false, 409, "LeaseHolds", "The old gateway may still be at work."}},
};

/* --- effects ---------------------------------------------------------------------------------- */

static void raise_epoch(struct pal_life *l, enum pal_stage stage)
{
    l->epoch++;
    l->revision = 1;
    l->stage = stage;
}

static void do_claim(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->claim++;
    l->claim_epoch = l->epoch;
    if (l->stage == PAL_STAGE_PENDING)
        l->stage = PAL_STAGE_PROVISIONING;
}

static void do_handover(struct pal_life *l, const struct pal_move *m)
{
    l->accepted = m->offer;
    l->switched_at = m->now;
    raise_epoch(l, PAL_STAGE_RUNNING);
}

static void do_released(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->stage = PAL_STAGE_DELETED;
    l->moving = false;
}

static void do_delete(struct pal_life *l, const struct pal_move *m)
{
    l->deleted_at = m->now;
    l->revision++;
    l->stage = stages[l->stage].by_cluster ? PAL_STAGE_RECLAIM : PAL_STAGE_DELETING;
}

static void do_force(struct pal_life *l, const struct pal_move *m)
{
    l->forced = true;
    l->forced_at = m->now;
    l->revision++;
}

static void do_register(struct pal_life *l, const struct pal_move *m)
{
    if (!m->speaks)
        return;
    l->agent_last = m->now;
    if (l->registered)
        return;
    l->registered = true;
    l->revision++;
}

static void do_quiesced(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->reclaimed = l->quiesced = true;
    raise_epoch(l, PAL_STAGE_DELETING);
}

static void do_change(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->revision++;
}

static void do_lease_out(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->reclaimed = true;
    l->quiesced = false;
    raise_epoch(l, PAL_STAGE_DELETING);
}

static void do_silent(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->registered = false;
    l->revision++;
}

/* A cluster that owns itself is on no list: its gateway is another one from now on. */
static void do_migrate(struct pal_life *l, const struct pal_move *m)
{
    if (stages[l->stage].by_cluster) {
        raise_epoch(l, l->stage);
        return;
    }
    if (!l->moving)
        l->moved_until = m->lease_end;
    l->moving = true;
}

static void do_arrive(struct pal_life *l, const struct pal_move *m)
{
    (void)m;
    l->moving = false;
    raise_epoch(l, l->stage);
}

static const struct effect {
    void (*make)(struct pal_life *l, const struct pal_move *m);
    struct pal_verdict verdict;
} effects[PAL_MOVE_COUNT] = {
    [PAL_MOVE_CLAIM] = {do_claim, {true, 200, "", ""}},
    [PAL_MOVE_HANDOVER] = {do_handover, {true, 200, "", ""}},
    [PAL_MOVE_RELEASED] = {do_released, {true, 200, "", ""}},
    [PAL_MOVE_DELETE] = {do_delete, {true, 204, "", ""}},
    [PAL_MOVE_FORCE] = {do_force, {true, 204, "", ""}},
    [PAL_MOVE_REGISTER] = {do_register, {true, 200, "", ""}},
    [PAL_MOVE_QUIESCED] = {do_quiesced, {true, 204, "", ""}},
    [PAL_MOVE_CHANGE] = {do_change, {true, 204, "", ""}},
    [PAL_MOVE_LEASE_OUT] = {do_lease_out, {true, 200, "", ""}},
    [PAL_MOVE_KEEP_OUT] = {do_released, {true, 200, "", ""}},
    [PAL_MOVE_SILENT] = {do_silent, {true, 200, "", ""}},
    [PAL_MOVE_MIGRATE] = {do_migrate, {true, 204, "", ""}},
    [PAL_MOVE_ARRIVE] = {do_arrive, {true, 200, "", ""}},
};

const struct pal_verdict *pal_life_move(struct pal_life *l, const struct pal_move *m)
{
    for (size_t i = 0; i < COUNTOF(rules); i++)
        if (rules[i].kind == m->kind && pal_bites(PAL_NO_COUNT + i) && rules[i].holds(l, m))
            return &rules[i].verdict;
    effects[m->kind].make(l, m);
    return &effects[m->kind].verdict;
}

size_t pal_life_rules(void)
{
    return COUNTOF(rules);
}

const char *pal_life_rule(size_t i)
{
    return rules[i].verdict.code[0] ? rules[i].verdict.code : "repeated";
}

ms_t pal_life_due(const struct pal_life *l)
{
    ms_t due = l->stage == PAL_STAGE_RECLAIM ? lease_end(l) : MS_NEVER;

    if (l->forced && l->stage != PAL_STAGE_DELETED)
        due = ms_min(due, l->forced_at + PAL_FORCED_KEEP_MS);
    if (l->stage == PAL_STAGE_PROVISIONING && l->registered)
        due = ms_min(due, l->agent_last + PAL_SILENT_MS);
    if (l->moving)
        due = ms_min(due, l->moved_until);
    return due;
}
