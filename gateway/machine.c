/* One machine of a cluster: what MAAS's status means, whether it is held (GP-56), whether it is
 * what was asked for (GP-95), and what its end was (GP-71). */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define GIB_IN_CENTI_GB   UINT64_C(1073741824)
#define CENTI_GB_IN_BYTES UINT64_C(10000000)

static const struct gw_status_row rows[] = {
    {0, GW_FREE, "Unknown", "New"},
    {1, GW_ODD, "Unknown", "Commissioning"},
    {2, GW_ODD, "Unknown", "Failed commissioning"},
    {3, GW_ODD, "Unknown", "Missing"},
    {4, GW_FREE, "Unknown", "Ready"},
    {5, GW_ODD, "Unknown", "Reserved"},
    {6, GW_UP, "Provisioned", "Deployed"},
    {7, GW_ODD, "Unknown", "Retired"},
    {8, GW_FAILED, "Unknown", "Broken"},
    {9, GW_GOING, "Provisioning", "Deploying"},
    {10, GW_FRESH, "Pending", "Allocated"},
    {11, GW_FAILED, "Failed", "Failed deployment"},
    {12, GW_LEAVING, "Deleting", "Releasing"},
    {13, GW_FAILED, "Failed", "Releasing failed"},
    {14, GW_LEAVING, "Deleting", "Disk erasing"},
    {15, GW_FAILED, "Failed", "Failed disk erasing"},
    {21, GW_ODD, "Unknown", "Testing"},
};
/* rescue mode, failed testing, and whatever a later MAAS brings: looked at again, never acted on
 * while the cluster is wanted */
static const struct gw_status_row other = {-1, GW_ODD, "Unknown", "another status"};

const struct gw_status_row *gw_status_find(int64_t status)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].status == status)
            return &rows[i];
    return &other;
}

enum gw_rung gw_rung_of(const struct gw_machine *m)
{
    return gw_status_find(m->status)->rung;
}

bool gw_is_held(const struct gw_cluster *c, const struct gw_machine *m)
{
    if (m->absent || m->forbidden)
        return false;
    if (!m->fresh)
        return true; /* until we know better; changes ask for `fresh` themselves */
    if (!m->owner[0])
        return false;
    if (m->annotated)
        return true;
    if (m->marked)
        return !c->key_user.admin || text_is(m->owner, c->key_user.name);
    /* the mark goes when the power-off begins; nobody else gets it before the release has ended */
    return m->released && text_is(m->owner, c->key_user.name) && gw_rung_of(m) == GW_LEAVING;
}

bool gw_is_control_plane(const struct gw_cluster *c, const struct gw_machine *m)
{
    const struct gw_pool *p = gw_pool_find(c, m->pool);

    return p && p->config.control_plane;
}

/* --- seeing ----------------------------------------------------------------------------------- */

static void address_add(struct gw_machine *m, const char *address)
{
    for (size_t i = 0; i < m->n_addresses; i++)
        if (text_is(m->addresses[i], address))
            return;
    if (address[0] && m->n_addresses < GW_ADDRESSES_MAX)
        memcpy(m->addresses[m->n_addresses++], address, GW_ADDRESS_LEN);
}

/* Those of the account's preferred subnets come first, in its order. */
static void addresses_take(const struct gw_turn *t, struct gw_machine *m,
                           const struct gw_seen *seen)
{
    const struct gw_account *a = gw_cluster_account(t->g, t->c);

    m->n_addresses = m->n_cidrs = 0;
    for (size_t s = 0; a && s < a->n_subnets; s++)
        for (size_t i = 0; i < seen->n_addresses; i++)
            if (gw_cidr_has(a->subnets[s], seen->addresses[i]))
                address_add(m, seen->addresses[i]);
    for (size_t i = 0; i < seen->n_addresses; i++)
        address_add(m, seen->addresses[i]);
    for (size_t i = 0; i < seen->n_cards; i++) {
        for (size_t k = 0; k < seen->cards[i].n_links; k++) {
            const char *cidr = seen->cards[i].links[k].subnet.cidr;

            if (cidr[0] && m->n_cidrs < GW_ADDRESSES_MAX)
                memcpy(m->cidrs[m->n_cidrs++], cidr, GW_ADDRESS_LEN);
        }
    }
}

static void clocks_set(const struct gw_turn *t, struct gw_machine *m, enum gw_rung rung)
{
    if (rung != GW_GOING)
        m->deploy_at = GW_LONG_AGO;
    else if (m->deploy_at == GW_LONG_AGO)
        m->deploy_at = t->g->now;
    if (rung != GW_UP)
        m->up_at = GW_LONG_AGO;
    else if (m->up_at == GW_LONG_AGO)
        m->up_at = t->g->now;
}

/* What was refused is tried again after a pause, and in a pause a machine may change hands. */
static ms_t next_try(const struct gw *g, const struct gw_machine *m)
{
    static const int steps[] = {GW_STEP_DEPLOY, GW_STEP_RELEASE};
    ms_t at = MS_NEVER;

    for (size_t i = 0; i < COUNTOF(steps); i++)
        if (m->tries[steps[i]].failures > 0 && m->tries[steps[i]].due > g->now)
            at = ms_min(at, m->tries[steps[i]].due);
    return at;
}

static void lost(struct gw_turn *t, struct gw_machine *m)
{
    m->gone = true;
    if (m->unwanted)
        return;
    gw_event_note(t->c, "MachineVanished", "machine %s is not held for the cluster any more",
                  m->sid);
    gw_blame(t->c, GW_COND_DEPLOYED, "MachineVanished", m->sid);
}

void gw_machine_see(struct gw_turn *t, struct gw_machine *m, const struct gw_seen *seen)
{
    const bool is_get = t->step == GW_STEP_READ || t->step == GW_STEP_LOOK;
    const enum gw_rung rung = gw_status_find(seen->status)->rung;

    m->fresh = true;
    m->absent = m->forbidden = false;
    m->status = seen->status;
    memcpy(m->owner, seen->owner, sizeof m->owner);
    memcpy(m->hostname, seen->hostname, sizeof m->hostname);
    memcpy(m->zone, seen->zone.name, sizeof m->zone);
    m->annotated = text_is(seen->marks.cluster, t->c->uid);
    if (!m->owner[0] || (seen->marks.cluster[0] && !m->annotated))
        m->marked = false;
    addresses_take(t, m, seen);
    gw_networks_check(t, m);
    clocks_set(t, m, rung);
    if (rung == GW_UP)
        t->c->n_bad = 0;
    m->named_after = is_get && (rung == GW_GOING || rung == GW_UP);
    m->read_due = MS_NEVER;
    m->poll_due = rung == GW_FREE || rung == GW_FRESH
                      ? MS_NEVER
                      : t->g->now + ms_max(t->g->timing.maas_poll_ms, 1);
    m->read_due = ms_min(m->read_due, next_try(t->g, m));
    if (!t->c->item || !t->c->item->present)
        return;
    if (!gw_is_held(t->c, m))
        lost(t, m);
    else if (rung == GW_FAILED && !m->unwanted)
        gw_machine_give_up(t, m, "DeployFailed");
}

/* Not again while there is another, and the more there are the later: MAAS would give the same one
 * at once. */
static void avoid(struct gw_turn *t, const struct gw_machine *m)
{
    struct gw_cluster *c = t->c;
    struct gw_try *allocate = &c->tries[GW_STEP_ALLOCATE];
    bool known = false;

    for (size_t i = 0; i < c->n_avoid; i++)
        known = known || text_is(c->avoid[i], m->sid);
    if (!known && c->n_avoid == GW_AVOID_MAX) {
        memmove(c->avoid[0], c->avoid[1], sizeof c->avoid - sizeof c->avoid[0]);
        c->n_avoid--;
    }
    if (!known)
        memcpy(c->avoid[c->n_avoid++], m->sid, sizeof m->sid);
    allocate->failures = ++c->n_bad;
    allocate->due = t->g->now + gw_maas_backoff(t->g, allocate->failures);
}

void gw_machine_give_up(struct gw_turn *t, struct gw_machine *m, const char *reason)
{
    struct gw_cluster *c = t->c;

    m->unwanted = true;
    gw_event_note(c, reason, "machine %s (%s) is given up and replaced", m->sid,
                  gw_status_find(m->status)->name);
    gw_blame(c, GW_COND_DEPLOYED, reason, m->sid);
    gw_say(t->fx, GW_WARNING, "cluster %.64s: machine %s: %s: it is released and replaced", c->uid,
           m->sid, reason);
    avoid(t, m);
}

void gw_machine_misfit(struct gw_turn *t, struct gw_machine *m)
{
    m->unwanted = true;
    gw_event_note(t->c, "BadConstraint", "machine %s is not what was asked for: it is released",
                  m->sid);
    gw_say(t->fx, GW_WARNING, "cluster %.64s: MAAS gave machine %s, which does not fit", t->c->uid,
           m->sid);
    avoid(t, m);
}

/* --- the machine got against the request ------------------------------------------------------ */

static bool is_one_of(const char *name, const char list[][GW_NAME_LEN], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i], name))
            return true;
    return false;
}

static bool has_disk(const struct gw_seen *seen, int64_t disk_gb)
{
    const uint64_t bytes =
        (uint64_t)disk_gb * GIB_IN_CENTI_GB / CENTI_GB_IN_BYTES * CENTI_GB_IN_BYTES;

    for (size_t i = 0; i < seen->n_disks; i++)
        if ((uint64_t)seen->disks[i].bytes >= bytes)
            return true;
    return seen->n_disks == 0 || bytes == 0; /* a MAAS that does not tell */
}

static bool has_arch(const struct gw_cluster *c, const char *arch)
{
    for (size_t i = 0; i < c->image.n_archs; i++)
        if (strncmp(arch, c->image.archs[i], strcspn(arch, "/")) == 0)
            return true;
    return c->image.n_archs == 0 || !arch[0];
}

/* Made by MAAS on a host of virtual machines, or found on one. */
static bool is_virtual(const struct gw_seen *seen)
{
    return seen->vm_host.name[0] || seen->vm_host.id > 0;
}

bool gw_machine_fits(const struct gw_cluster *c, const struct gw_pool *p,
                     const struct gw_seen *seen)
{
    const struct gw_pool_cloud *want = &p->cloud;

    for (size_t i = 0; i < want->n_tags; i++)
        if (want->tags[i][0] && !is_one_of(want->tags[i], seen->tags, seen->n_tags))
            return false;
    if (want->n_azs > 0 && !is_one_of("", want->azs, want->n_azs) &&
        !is_one_of(seen->zone.name, want->azs, want->n_azs))
        return false;
    return !(is_virtual(seen) && !c->take_virtual) &&
           (!want->pool[0] || text_is(want->pool, seen->pool.name)) &&
           seen->cpu >= want->type.cpu && seen->mem_mb >= want->type.mem_mb &&
           has_disk(seen, want->type.disk_gb) && has_arch(c, seen->arch);
}

/* --- its end ---------------------------------------------------------------------------------- */

/* NULL: it is held, or nobody can tell. */
const char *gw_outcome_of(const struct gw_cluster *c, const struct gw_machine *m)
{
    if (m->absent)
        return "absent";
    if (m->forbidden) /* another user's key would get 403 for our own machines, too */
        return c->user[0] && !text_is(c->user, c->key_user.name) ? NULL : "foreign";
    if (!m->fresh || gw_is_held(c, m))
        return NULL;
    return !m->owner[0] && gw_rung_of(m) == GW_FREE ? "ready" : "foreign";
}
