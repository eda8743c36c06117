/* Clusters in the view, and the events that a story's lines name in quotes. */
#include "scenarios/judge/view_private.h"

#include "lib/base/text.h"

#include <string.h>

#define RECORD_TAIL 6 /* the end of the uid in the name of a cluster's record */

static void keep(char *dst, size_t size, const char *text)
{
    if (!text_copy(dst, size, text))
        (void)text_copy_len(dst, size, text, size - 1);
}

const struct view_cluster *view_cluster(const struct view *v, const char *name)
{
    size_t i;

    for (i = v->n_clusters; i > 0; i--)
        if (text_is(v->clusters[i - 1].name, name))
            return &v->clusters[i - 1];
    return NULL;
}

int64_t view_nodes(const struct view_cluster *c)
{
    int64_t n = 0;
    size_t i;

    for (i = 0; i < c->n_nodes; i++)
        n += c->nodes[i].seen && !c->nodes[i].deleted;
    return n;
}

static struct view_cluster *cluster_of(struct view *v, const struct event *e)
{
    return (struct view_cluster *)view_cluster(v, ev_text(e, EVF_CLUSTER));
}

static struct view_cluster *cluster_add(struct view *v, const struct event *e)
{
    struct view_cluster *c = &v->clusters[v->n_clusters];

    if (v->n_clusters == VIEW_CLUSTERS_MAX)
        return NULL;
    v->n_clusters++;
    keep(c->name, sizeof c->name, ev_text(e, EVF_CLUSTER));
    keep(c->uid, sizeof c->uid, ev_text(e, EVF_UID));
    return c;
}

static void on_cluster(struct view *v, const struct event *e)
{
    struct view_cluster *c = ev_is(e, EVF_BEFORE, "") ? NULL : cluster_of(v, e);

    c = c ? c : cluster_add(v, e);
    if (!c)
        return;
    if (ev_is(e, EVF_STATE, "Running") && !text_is(c->state, "Running")) {
        c->was_running = true;
        c->last_beat = e->t;
    }
    keep(c->state, sizeof c->state, ev_text(e, EVF_STATE));
    keep(c->health, sizeof c->health, ev_text(e, EVF_HEALTH));
}

static struct view_node *node_of(struct view_cluster *c, const char *machine)
{
    size_t i;

    for (i = 0; i < c->n_nodes; i++)
        if (text_is(c->nodes[i].machine, machine))
            return &c->nodes[i];
    if (c->n_nodes == VIEW_NODES_MAX)
        return NULL;
    keep(c->nodes[c->n_nodes].machine, sizeof c->nodes[0].machine, machine);
    return &c->nodes[c->n_nodes++];
}

static void on_node(struct view *v, const struct event *e)
{
    struct view_cluster *c = cluster_of(v, e);
    struct view_node *n = c ? node_of(c, ev_text(e, EVF_MACHINE)) : NULL;

    if (!n)
        return;
    n->deleted = ev_is(e, EVF_KIND, "deleted");
    n->seen = !n->deleted && (n->seen || ev_is(e, EVF_KIND, "seen"));
}

static void on_beat(struct view *v, const struct event *e)
{
    struct view_cluster *c = cluster_of(v, e);

    if (!c || !c->was_running)
        return;
    c->beats++;
    c->last_beat = e->t;
}

static void on_report(struct view *v, const struct event *e)
{
    const char *label = ev_text(e, EVF_LABEL);
    const size_t key = strcspn(label, "=") + 1;
    struct view_cluster *c = cluster_of(v, e);
    size_t i;

    if (!c || label[0] == '\0' || !ev_is(e, EVF_CONDITION, "LabelsApplied") ||
        !ev_is(e, EVF_STATE, "True"))
        return;
    for (i = 0; i < c->n_labels && strncmp(c->labels[i], label, key) != 0; i++)
        ;
    if (i == VIEW_LABELS_MAX)
        return;
    c->n_labels = i == c->n_labels ? i + 1 : c->n_labels;
    keep(c->labels[i], sizeof c->labels[0], label);
}

/* "c1-d2e3a4" of "c1-d2e3a4.maas": the cluster's name and the end of its uid. */
static bool is_record_of(const struct view_cluster *c, const char *record)
{
    const size_t len = strlen(c->name), uid = strlen(c->uid);
    const char *tail = c->uid + (uid > RECORD_TAIL ? uid - RECORD_TAIL : 0);

    return text_begins(record, c->name) && record[len] == '-' &&
           text_begins(record + len + 1, tail);
}

static void on_record(struct view *v, const struct event *e)
{
    const char *name = ev_text(e, EVF_NAME);
    size_t i;

    for (i = 0; i < v->n_clusters; i++)
        if (is_record_of(&v->clusters[i], name)) {
            keep(v->clusters[i].record, sizeof v->clusters[i].record, name);
            keep(v->clusters[i].answer, sizeof v->clusters[i].answer,
                 ev_is(e, EVF_KIND, "deleted") ? "" : ev_text(e, EVF_ANSWER));
        }
}

/* A neighbour's dial to the API: `to` is the cluster, or its record's name. */
static void on_dial(struct view *v, const struct event *e)
{
    const char *to = ev_text(e, EVF_TO);
    size_t i;

    for (i = 0; i < v->n_clusters; i++) {
        struct view_cluster *c = &v->clusters[i];

        if (!text_is(c->state, "Running") || (!text_is(c->name, to) && !is_record_of(c, to)))
            continue;
        c->dials++;
        c->answers = ev_is(e, EVF_ANSWER, "open");
    }
}

static const struct {
    enum ev_kind kind;
    void (*on)(struct view *v, const struct event *e);
} rows[] = {
    {EV_PAL_CLUSTER, on_cluster}, {EV_PAL_NODE, on_node},      {EV_PAL_BEAT, on_beat},
    {EV_PAL_REPORT, on_report},   {EV_MAAS_RECORD, on_record}, {EV_NODE_DIAL, on_dial},
};

void view_cluster_feed(struct view *v, const struct event *e)
{
    size_t i;

    for (i = 0; i < COUNTOF(rows); i++)
        if (rows[i].kind == e->kind)
            rows[i].on(v, e);
}

/* --- events in quotes ------------------------------------------------------------------------ */

static bool enters(const struct verb_event *x, const struct event *e, const char *state)
{
    return e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_CLUSTER, x->name) &&
           ev_is(e, EVF_STATE, state) && !ev_is(e, EVF_BEFORE, state);
}

static bool machine_enters(const struct view *v, const struct verb_event *x, const struct event *e,
                           const char *state)
{
    const struct ledger_machine *m;

    if (e->kind != EV_MAAS_STATE || !ev_is(e, EVF_STATE, state) || ev_is(e, EVF_BEFORE, state) ||
        ev_is(e, EVF_BEFORE, ""))
        return false;
    if (!x->of_cluster)
        return ev_is(e, EVF_MACHINE, x->name);
    m = ledger_machine(&v->ledger, ev_text(e, EVF_UID));
    return m && text_is(ledger_cluster_of(&v->ledger, m), x->name);
}

/* "palette starts" also when it "starts empty". */
static bool act_is(const char *words, const char *act)
{
    const size_t len = strlen(act);

    return strncmp(words, act, len) == 0 && (words[len] == '\0' || words[len] == ' ');
}

bool view_happens(const struct view *v, const struct verb_event *x, const struct event *e)
{
    switch (x->kind) {
    case VERB_EVENT_HELLO:
        return e->kind == EV_PAL_HELLO && ev_is(e, EVF_CLUSTER, x->name) &&
               ev_is(e, EVF_ACCEPTED, "1");
    case VERB_EVENT_RUNNING:
        return enters(x, e, "Running");
    case VERB_EVENT_DELETE:
        return enters(x, e, "Deleting");
    case VERB_EVENT_DELETED:
        return enters(x, e, "Deleted");
    case VERB_EVENT_READY:
        return machine_enters(v, x, e, "Ready");
    case VERB_EVENT_ALLOCATE:
        return machine_enters(v, x, e, "Allocated");
    case VERB_EVENT_DEPLOY:
        return machine_enters(v, x, e, "Deploying");
    case VERB_EVENT_DEPLOYED:
        return machine_enters(v, x, e, "Deployed");
    case VERB_EVENT_ACT:
        return e->kind == EV_ACT && ev_is(e, EVF_FIRED, "1") &&
               act_is(ev_text(e, EVF_VERB), x->name);
    case VERB_EVENT_DEAD:
        return e->kind == EV_PROG && ev_is(e, EVF_WHO, "node") && ev_is(e, EVF_KIND, "signalled") &&
               ev_is(e, EVF_CLUSTER, x->name);
    case VERB_EVENT_WIRE:
        return view_is_wire(e, x->name);
    case VERB_EVENT_CUT:
    case VERB_EVENT_GATEWAY_DEAD:
    case VERB_EVENT_BAD_CERTIFICATE:
    case VERB_EVENT_SYSTEM_DEAD:
        return false;
    }
    WRONG("an event without a kind");
}

bool view_spans(const struct view *v, const struct verb_event *x)
{
    if (x->kind == VERB_EVENT_BAD_CERTIFICATE)
        return v->bad_certificate;
    if (x->kind == VERB_EVENT_CUT)
        return v->wires_cut > 0;
    return (x->kind == VERB_EVENT_GATEWAY_DEAD && v->starts > 0 && !v->alive && !v->over) ||
           (x->kind == VERB_EVENT_SYSTEM_DEAD && v->system.started && !v->system.alive);
}
