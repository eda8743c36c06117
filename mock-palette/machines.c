/* Machine records (v1MaasMachine): written by whoever owns the cluster, kept per pool for readers.
 * One record a system id, whoever writes it and however often. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

#define NICS_MAX 16

static const char *const states[] = {"Pending",  "Provisioning", "Provisioned", "Running",
                                     "Deleting", "Deleted",      "Failed",      "Unknown"};

/* --- the body --------------------------------------------------------------------------------- */

struct nic {
    size_t n;
    char addresses[PAL_ADDRESSES_MAX][64];
};
static const struct jx_field nic_fields[] = {
    JX_TEXTS(struct nic, addresses, n, "privateIPs", 0),
};
struct record {
    struct record_meta {
        char name[64];
    } meta;
    struct record_spec {
        char hostname[PAL_NAME_MAX], az[128];
        size_t n_nics;
        struct nic nics[NICS_MAX];
    } spec;
    struct record_status {
        char state[16];
    } status;
};
static const struct jx_field meta_fields[] = {JX_TEXT(struct record_meta, name, 0)};
static const struct jx_field spec_fields[] = {
    JX_TEXT(struct record_spec, hostname, 0),
    JX_TEXT(struct record_spec, az, 0),
    JX_ARRAY(struct record_spec, nics, n_nics, "nics", 0, nic_fields),
};
static const struct jx_field status_fields[] = {
    JX_TEXT_AS(struct record_status, state, "instanceState", 0),
};
static const struct jx_field fields[] = {
    JX_OBJECT(struct record, meta, "metadata", 0, meta_fields),
    JX_OBJECT(struct record, spec, "spec", 0, spec_fields),
    JX_OBJECT(struct record, status, "status", 0, status_fields),
};

static bool state_is_known(const char *state)
{
    for (size_t i = 0; i < COUNTOF(states); i++)
        if (text_is(states[i], state))
            return true;
    return false;
}

static bool record_read(struct pal_ask *a, struct record *ret)
{
    if (!pal_body(a, fields, COUNTOF(fields), ret))
        return false;
    if (pal_no(a, PAL_NO_INSTANCE_STATE,
               ret->status.state[0] && !state_is_known(ret->status.state)))
        return false;
    return true;
}

/* --- keeping it ------------------------------------------------------------------------------- */

static void journal_node(struct pal_ask *a, const struct pal_machine *m, const char *kind)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_NODE, a->cluster, a->ctx->now);
    ev_text_add(&e, EVF_MACHINE, m->system_id);
    ev_text_add(&e, EVF_NAME, m->hostname);
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_STATE, m->state);
    ev_text_add(&e, EVF_WHO, a->who == PAL_AGENT ? "agent" : "gateway");
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_list_add(&a->rp->events, &e);
}

static void addresses_put(struct pal_machine *m, const struct record *r)
{
    m->n_addresses = 0;
    for (size_t i = 0; i < r->spec.n_nics; i++)
        for (size_t j = 0; j < r->spec.nics[i].n && m->n_addresses < PAL_ADDRESSES_MAX; j++)
            text_copy(m->addresses[m->n_addresses++], sizeof(m->addresses[0]),
                      r->spec.nics[i].addresses[j]);
}

/* What a PUT leaves out stays. Says "seen" when the agent names the node as Running. */
static void record_put(struct pal_ask *a, struct pal_machine *m, const struct record *r,
                       const char *kind)
{
    const bool ran = text_is(m->state, "Running");

    if (r->spec.hostname[0])
        text_copy(m->hostname, sizeof(m->hostname), r->spec.hostname);
    if (r->spec.az[0])
        text_copy(m->az, sizeof(m->az), r->spec.az);
    if (r->status.state[0])
        text_copy(m->state, sizeof(m->state), r->status.state);
    if (r->spec.n_nics > 0)
        addresses_put(m, r);
    pal_mask_text(a, m->hostname, sizeof(m->hostname), "machine record");
    pal_mask_text(a, m->az, sizeof(m->az), "machine record");
    journal_node(a, m, kind);
    if (a->who == PAL_AGENT && !ran && text_is(m->state, "Running"))
        journal_node(a, m, "seen");
    pal_assignment_changed(a->cluster, a->rp);
}

static bool pool_is_known(struct pal_ask *a)
{
    return !pal_no(a, PAL_NO_POOL_UNKNOWN, !pal_pool_find(a->cluster, http_var(&a->vars, "pool")));
}

static bool is_system_id(const char *id)
{
    return id[0] && id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static struct pal_machine *machine_new(struct pal_ask *a, const char *system_id)
{
    struct pal_cluster *c = a->cluster;
    struct pal_machine *m;

    if (pal_no(a, PAL_NO_MACHINES_FULL, c->n_machines == PAL_MACHINES_MAX))
        return NULL;
    c->machines = pal_grow(c->machines, c->n_machines, sizeof(*m));
    m = &c->machines[c->n_machines++];
    *m = (struct pal_machine){.state = "Unknown"};
    pal_uid_make(a->p, m->uid);
    text_copy(m->system_id, sizeof(m->system_id), system_id);
    return m;
}

/* POST …/machinePools/{pool}/machines: 201 with the same uid for the same system id. */
void pal_machine_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct record r = {.spec = {.n_nics = 0}};
    struct pal_machine *m;
    const char *kind = "changed";

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT) || !record_read(a, &r))
        return;
    if (pal_no(a, PAL_NO_MACHINE_NAME, !is_system_id(r.meta.name)))
        return;
    if (!pool_is_known(a))
        return;
    m = pal_machine_find(a->cluster, r.meta.name);
    if (!m)
        m = machine_new(a, r.meta.name);
    if (!m)
        return;
    if (!m->recorded)
        kind = "made";
    m->recorded = true;
    text_copy(m->pool, sizeof(m->pool), http_var(&a->vars, "pool"));
    record_put(a, m, &r, kind);
    pal_answer_uid(a, m->uid);
}

static struct pal_machine *machine_of(struct pal_ask *a)
{
    struct pal_cluster *c = a->cluster;

    for (size_t i = 0; i < c->n_machines; i++)
        if (c->machines[i].recorded &&
            text_is(c->machines[i].uid, http_var(&a->vars, "machineUid")))
            return &c->machines[i];
    pal_no(a, PAL_NO_MACHINE_UNKNOWN, true);
    return NULL;
}

/* PUT …/machines/{machineUid} */
void pal_machine_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct record r = {.spec = {.n_nics = 0}};
    struct pal_machine *m;

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT) || !record_read(a, &r))
        return;
    m = machine_of(a);
    if (!m)
        return;
    record_put(a, m, &r, "changed");
    pal_answer(a, 204, NULL);
}

/* DELETE …/machines/{machineUid}: the inventory of a delete still names it. */
void pal_machine_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    struct pal_machine *m;

    if (!pal_cluster_may(a, c, PAL_CAN_REPORT))
        return;
    m = machine_of(a);
    if (!m)
        return;
    m->recorded = false;
    text_copy(m->state, sizeof(m->state), "Deleted");
    journal_node(a, m, "deleted");
    if (!m->inventory)
        memmove(m, m + 1, (size_t)(&c->machines[--c->n_machines] - m) * sizeof(*m));
    pal_assignment_changed(c, a->rp);
    pal_answer(a, 204, NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* GET …/machinePools/{pool}/machines */
void pal_machines(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_cluster *c = a->cluster;
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};

    if (!pool_is_known(a) || !pal_list_begin(&l, a))
        return;
    for (size_t i = 0; i < c->n_machines; i++) {
        const struct pal_machine *m = &c->machines[i];

        if (!m->recorded || !text_is(m->pool, http_var(&a->vars, "pool")))
            continue;
        pal_machine_write(m, &l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

/* GET …/machines/{machineUid} */
void pal_machine(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_machine *m = machine_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!m)
        return;
    buf_init(&body, KIB(64));
    pal_machine_write(m, &body);
    pal_answer(a, 200, buf_text(&body));
}

/* --- maintenance ------------------------------------------------------------------------------ */

struct maintenance {
    char action[16], state[32];
};
static const struct jx_field maintenance_fields[] = {
    JX_TEXT(struct maintenance, action, 0),
    JX_TEXT(struct maintenance, state, 0),
};

static bool maintenance_read(struct pal_ask *a, struct maintenance *ret)
{
    return pal_body(a, maintenance_fields, COUNTOF(maintenance_fields), ret) &&
           !pal_no(a, PAL_NO_MAINTENANCE_ACTION,
                   !text_is(ret->action, "cordon") && !text_is(ret->action, "uncordon"));
}

/* PUT …/machines/{machineUid}/maintenance: asked of the node, which is to say how far it is. */
void pal_maintenance(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct maintenance in = {.action = ""};
    struct pal_machine *m = machine_of(a);

    if (!m || !maintenance_read(a, &in))
        return;
    text_copy(m->maintenance, sizeof(m->maintenance), in.action);
    text_copy(m->maintenance_state, sizeof(m->maintenance_state), "Pending");
    pal_answer(a, 204, NULL);
}

/* PUT …/machines/{machineUid}/maintenance/status: the agent's answer. */
void pal_maintenance_status(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct maintenance in = {.action = ""};
    struct pal_machine *m;

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT))
        return;
    m = machine_of(a);
    if (!m || !maintenance_read(a, &in))
        return;
    text_copy(m->maintenance, sizeof(m->maintenance), in.action);
    text_copy(m->maintenance_state, sizeof(m->maintenance_state), in.state);
    pal_mask_text(a, m->maintenance_state, sizeof(m->maintenance_state), "maintenance");
    pal_answer(a, 204, NULL);
}
