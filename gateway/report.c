/* What Palette is told of a cluster (profile, section 9): machine records, conditions, the
 * endpoint, events. Only on change; whatever fails is told later and holds up nothing. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static bool may_report(const struct gw_cluster *c)
{
    return c->item && c->listed && !c->left && c->claimed && !c->offered;
}

void gw_event_note(struct gw_cluster *c, const char *reason, const char *fmt, ...)
{
    struct gw_cluster_event *e = &c->events[c->n_events];
    va_list args;

    if (c->n_events == GW_EVENTS_MAX)
        return; /* the first ones say most */
    e->reason = reason;
    va_start(args, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, args);
    va_end(args);
    for (size_t i = 0; i < c->n_events; i++)
        if (text_is(c->events[i].message, e->message))
            return;
    c->n_events++;
}

void gw_blame(struct gw_cluster *c, int condition, const char *reason, const char *about)
{
    c->reasons[condition] = reason;
    snprintf(c->about[condition], sizeof c->about[condition], "%.*s",
             (int)sizeof c->about[condition] - 1, about);
}

/* FNV-1a: tells a change from no change, and is never 0. */
static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return h ? h : 1;
}

/* --- machine records -------------------------------------------------------------------------- */

static uint64_t record_hash(const struct gw_machine *m)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, KIB(8));
    gw_machine_record_write(m, &text);
    return hash_of(buf_text(&text));
}

ms_t gw_record_make_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!may_report(c) || !c->item->present || !m->fresh || m->record_uid[0] || !m->pool[0] ||
        (m->gone && !m->record_tried))
        return MS_NEVER;
    return m->annotated || m->gone ? g->now : MS_NEVER;
}

ms_t gw_record_set_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!may_report(c) || !m->fresh || !m->record_uid[0] || m->gone || !gw_is_held(c, m))
        return MS_NEVER;
    return record_hash(m) == m->reported ? MS_NEVER : g->now;
}

ms_t gw_record_drop_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!may_report(c) || !m->record_uid[0])
        return MS_NEVER;
    if (c->item->present)
        return m->gone ? g->now : MS_NEVER;
    return c->looked && m->fresh && gw_outcome_of(c, m) ? g->now : MS_NEVER;
}

struct made {
    char uid[GW_UID_MAX + 1];
};
static const struct jx_field made_fields[] = {
    JX_TEXT(struct made, uid, JX_MUST),
};

bool gw_record_make_good(struct gw_turn *t)
{
    struct made made = {0};

    if (!t->m)
        return true;
    t->m->record_tried = true;
    if (jx_read(buf_text(&t->r->body), t->r->body.len, made_fields, COUNTOF(made_fields), 0, &made,
                NULL) < 0 ||
        !made.uid[0])
        return false;
    memcpy(t->m->record_uid, made.uid, sizeof made.uid);
    t->m->reported = t->m->reporting;
    return true;
}

bool gw_record_set_good(struct gw_turn *t)
{
    if (t->m)
        t->m->reported = t->m->reporting;
    return true;
}

bool gw_record_drop_good(struct gw_turn *t)
{
    if (!t->m)
        return true;
    t->m->record_uid[0] = '\0';
    t->m->record_tried = false;
    return true;
}

void gw_record_before(struct gw_turn *t)
{
    if (t->m)
        t->m->reporting = record_hash(t->m);
}

/* C5 has been tried: a Palette that is away does not hold up MAAS (GP-76). */
void gw_record_missed(struct gw_turn *t)
{
    if (t->m)
        t->m->record_tried = true;
}

void gw_record_gone(struct gw_turn *t)
{
    if (!t->m)
        return;
    t->m->record_uid[0] = '\0';
    t->m->record_tried = t->m->record_tried && !t->m->gone;
}

/* --- endpoint --------------------------------------------------------------------------------- */

ms_t gw_endpoint_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const struct gw_item_endpoint *e = c->item ? &c->item->body.endpoint : NULL;

    (void)m;
    if (!may_report(c) || !c->item->present || c->item->odd || c->endpoint_told || !e->host[0])
        return MS_NEVER;
    return !e->managed || (c->name.known && c->name.id > 0) ? g->now : MS_NEVER;
}

bool gw_endpoint_good(struct gw_turn *t)
{
    t->c->endpoint_told = true;
    return true;
}

/* --- conditions (GP-77) ----------------------------------------------------------------------- */

static size_t count_rung(const struct gw_cluster *c, enum gw_rung rung, bool held,
                         struct buf *names)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_machines; i++) {
        const struct gw_machine *m = &c->machines[i];

        if (held ? !m->fresh || !gw_is_held(c, m)
                 : m->unwanted || m->gone || !m->fresh || gw_rung_of(m) != rung)
            continue;
        if (names)
            buf_printf(names, "%s%s", names->len > 0 ? " " : "", m->sid);
        n++;
    }
    return n;
}

static bool all_up(const struct gw_cluster *c)
{
    return c->looked && c->n_machines > 0 && !gw_pool_missing(c) &&
           count_rung(c, GW_UP, false, NULL) == c->n_machines;
}

struct saying {
    const char *reason; /* NULL: nothing to say; "": True */
    char about[GW_MESSAGE_MAX];
};

static void say(struct saying *s, const char *reason, const char *about)
{
    s->reason = reason;
    snprintf(s->about, sizeof s->about, "%.*s", (int)sizeof s->about - 1, about);
}

static void image_say(const struct gw_cluster *c, struct saying *s)
{
    if (c->image.known)
        say(s, "", c->item->head.image);
}

static void allocated_say(const struct gw_cluster *c, struct saying *s)
{
    if (c->item->odd)
        say(s, "UnsupportedItem", "this gateway cannot read the item");
    else if (c->looked && !gw_pool_missing(c) && !c->intent)
        say(s, "", "");
    else if (c->trouble)
        say(s, c->trouble, "MAAS");
}

static void deployed_say(const struct gw_cluster *c, struct saying *s)
{
    struct buf names SCOPED(buf_drop);

    buf_init(&names, GW_MESSAGE_MAX - 1);
    if (c->item->odd || !c->looked)
        return;
    if (all_up(c))
        say(s, "", "");
    else if (c->reasons[GW_COND_DEPLOYED])
        say(s, c->reasons[GW_COND_DEPLOYED], c->about[GW_COND_DEPLOYED]);
    else if (c->trouble && !gw_pool_missing(c))
        say(s, c->trouble, "MAAS");
    else if (count_rung(c, GW_GOING, false, &names) > 0)
        say(s, "Deploying", buf_text(&names));
}

static void endpoint_say(const struct gw_cluster *c, struct saying *s)
{
    if (!c->item->odd && c->item->body.endpoint.managed && c->looked && gw_name_is_settled(c))
        say(s, "", c->item->body.endpoint.host);
}

static void agent_say(const struct gw_cluster *c, struct saying *s)
{
    if (c->item->odd)
        return;
    if (c->item->body.agent.registered)
        say(s, "", "");
    else if (all_up(c))
        say(s, "WaitingForAgent", c->item->body.endpoint.host);
}

static void released_say(const struct gw_cluster *c, struct saying *s)
{
    struct buf names SCOPED(buf_drop);

    buf_init(&names, GW_MESSAGE_MAX - 1);
    if (c->item->odd) {
        say(s, "UnsupportedItem", "this gateway cannot read the item");
        return;
    }
    if (c->trouble)
        say(s, c->trouble, "MAAS");
    else if (c->looked && count_rung(c, GW_LEAVING, true, &names) > 0)
        say(s, "Releasing", buf_text(&names));
    else if (gw_is_clear(c))
        say(s, "", "");
}

static const struct {
    const char *type;
    bool present;
    bool own; /* says itself when its reason stands */
    void (*say)(const struct gw_cluster *c, struct saying *s);
} conditions[GW_CONDITIONS] = {
    [GW_COND_IMAGE] = {"ImageAvailable", true, false, image_say},
    [GW_COND_ALLOCATED] = {"MachinesAllocated", true, false, allocated_say},
    [GW_COND_DEPLOYED] = {"MachinesDeployed", true, true, deployed_say},
    [GW_COND_ENDPOINT] = {"EndpointReady", true, false, endpoint_say},
    [GW_COND_AGENT] = {"AgentReachable", true, false, agent_say},
    [GW_COND_RELEASED] = {"MachinesReleased", false, false, released_say},
};

bool gw_condition_of(const struct gw *g, const struct gw_cluster *c, int i,
                     struct gw_condition *ret)
{
    struct saying s = {0};

    (void)g;
    if (!c->item || c->item->present != conditions[i].present)
        return false;
    if (c->reasons[i] && !conditions[i].own && !c->item->odd)
        say(&s, c->reasons[i], c->about[i]);
    else
        conditions[i].say(c, &s);
    if (!s.reason)
        return false;
    ret->type = conditions[i].type;
    ret->reason = s.reason;
    memcpy(ret->message, s.about, sizeof ret->message);
    return true;
}

/* 0: there is nothing to say */
static uint64_t condition_hash(const struct gw *g, const struct gw_cluster *c, int i)
{
    struct gw_condition k = {0};
    char text[GW_MESSAGE_MAX * 2];

    if (!gw_condition_of(g, c, i, &k))
        return 0;
    snprintf(text, sizeof text, "%s\n%s", k.reason, k.message);
    return hash_of(text);
}

static ms_t condition_due(const struct gw *g, const struct gw_cluster *c, int i)
{
    const uint64_t now = condition_hash(g, c, i);

    if (now == 0 || now == c->told[i])
        return MS_NEVER;
    return c->told_at[i] == GW_LONG_AGO ? g->now
                                        : ms_max(g->now, c->told_at[i] + g->timing.report_ms);
}

ms_t gw_conditions_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    ms_t at = MS_NEVER;

    (void)m;
    for (int i = 0; may_report(c) && i < GW_CONDITIONS; i++)
        at = ms_min(at, condition_due(g, c, i));
    return at;
}

void gw_conditions_before(struct gw_turn *t)
{
    for (int i = 0; i < GW_CONDITIONS; i++) {
        const bool due = condition_due(t->g, t->c, i) <= t->g->now;

        t->c->telling[i] = due ? condition_hash(t->g, t->c, i) : 0;
        if (due) /* also a report whose answer is lost may have arrived */
            t->c->told_at[i] = t->g->now;
    }
}

bool gw_conditions_good(struct gw_turn *t)
{
    for (int i = 0; i < GW_CONDITIONS; i++)
        if (t->c->telling[i])
            t->c->told[i] = t->c->telling[i];
    return true;
}

/* --- events ----------------------------------------------------------------------------------- */

ms_t gw_cluster_event_when(const struct gw *g, const struct gw_cluster *c,
                           const struct gw_machine *m)
{
    (void)m;
    return may_report(c) && c->n_events > 0 ? g->now : MS_NEVER;
}

bool gw_event_good(struct gw_turn *t)
{
    if (t->c->n_events == 0)
        return true;
    t->c->n_events--;
    memmove(&t->c->events[0], &t->c->events[1], t->c->n_events * sizeof t->c->events[0]);
    return true;
}

/* Wrong or not wanted in this form: not said again (GP-88). */
void gw_report_dropped(struct gw_turn *t)
{
    if (t->step == GW_STEP_CONDITIONS)
        (void)gw_conditions_good(t);
    else if (t->step == GW_STEP_EVENT)
        (void)gw_event_good(t);
    else if (t->step == GW_STEP_ENDPOINT)
        t->c->endpoint_told = true;
    else if (t->step == GW_STEP_RECORD_SET)
        (void)gw_record_set_good(t);
    else if (t->step == GW_STEP_RECORD_DROP)
        (void)gw_record_drop_good(t);
    else
        gw_record_missed(t);
}
