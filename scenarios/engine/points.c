#include "scenarios/engine/points.h"

#include "lib/base/text.h"

static const struct point_row {
    const char *op;
    enum ev_kind kind;
    const char *asked; /* the server's own name of the operation */
    bool by_agent;     /* else by the gateway */
} rows[] = {
    {"allocate", EV_MAAS_CALL, "machines.allocate", false},
    {"deploy", EV_MAAS_CALL, "machines.deploy", false},
    {"release", EV_MAAS_CALL, "machines.release", false},
    {"read", EV_MAAS_CALL, "machines.read", false},
    {"register", EV_PAL_CALL, "register", false},
    {"claim", EV_PAL_CALL, "claim", false},
    {"report", EV_PAL_CALL, "report", false},
    {"handover", EV_PAL_CALL, "handover", false},
    {"hello", EV_PAL_CALL, "hello", true},
    {"fetch", EV_PAL_CALL, "feed", false},
};
_Static_assert(COUNTOF(rows) <= POINTS_OPS_MAX, "a counter for each operation");

/* Palette knows its callers by name, MAAS knows the gateway's key only, which others may hold. */
static bool is_by(const struct world *w, const struct point_row *row, const struct event *e)
{
    const struct lab_host *h;
    if (row->kind == EV_PAL_CALL)
        return row->by_agent || text_is(ev_text(e, EVF_WHO), "gateway");
    h = lab_host_at(w->run->lab, ev_text(e, EVF_PEER));
    return h != NULL && text_is(h->role, "gateway");
}

static void say(struct world *w, const struct point_row *row, int64_t count, const char *phase)
{
    struct event e;
    ev_init(&e, EV_POINT, world_now(w));
    ev_text_add(&e, EVF_OP, row->op);
    ev_int_add(&e, EVF_COUNT, count);
    ev_text_add(&e, EVF_PHASE, phase);
    world_put(w, &e);
}

static void reached(struct points *p, struct world *w, size_t i, bool lost)
{
    p->n[i]++;
    say(w, &rows[i], p->n[i], "asked");
    say(w, &rows[i], p->n[i], "done");
    if (!lost)
        say(w, &rows[i], p->n[i], "answered");
}

void points_feed(struct points *p, struct world *w, const struct event *e)
{
    bool works = p->works;
    if (e->kind == EV_PAL_WORK)
        p->works = true;
    if (e->kind == EV_PAL_CALL)
        p->works = false;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].kind == e->kind && text_is(rows[i].asked, ev_text(e, EVF_OP)) &&
            is_by(w, &rows[i], e) && (works || !text_is(rows[i].op, "fetch")))
            reached(p, w, i, ev_int(e, EVF_LOST) == 1);
}
