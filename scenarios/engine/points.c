#include "scenarios/engine/points.h"

#include "lib/base/text.h"

#include <stdio.h>

static const struct point_row {
    const char *op;
    enum ev_kind kind;
    const char *asked; /* the server's own name of the operation */
    bool by_anybody;   /* else by the gateway: of others there are none, or they count as well */
    const char *also;  /* another name of it in the record of the call */
} rows[] = {
    {"allocate", EV_MAAS_CALL, "machines.allocate", false, NULL},
    {"deploy", EV_MAAS_CALL, "machines.deploy", false, NULL},
    {"release", EV_MAAS_CALL, "machines.release", false, NULL},
    {"read", EV_MAAS_CALL, "machines.read", false, NULL},
    {"register", EV_PAL_CALL, "register", false, NULL},
    {"claim", EV_PAL_CALL, "claim", false, NULL},
    {"report", EV_PAL_CALL, "report", false, NULL},
    {"handover", EV_PAL_CALL, "handover", false, NULL},
    {"hello", EV_PAL_CALL, "hello", true, NULL},
    {"fetch", EV_PAL_CALL, "feed", false, NULL},
    {"mark", EV_MAAS_CALL, "machines.annotate", false, NULL},
    {"name", EV_MAAS_CALL, "dnsresources.create", false, NULL},
    {"unname", EV_MAAS_CALL, "dnsresources.delete", false, NULL},
    {"enrol", EV_PAL_CALL, "renew", true, "enrol"},
    {"account", EV_PAL_CALL, "account-create", false, NULL},
    {"record", EV_PAL_CALL, "machine-post", false, NULL},
    {"released", EV_PAL_CALL, "released", false, NULL},
};
_Static_assert(COUNTOF(rows) <= POINTS_OPS_MAX, "a counter for each operation");

/* Palette knows its callers by name, MAAS knows the gateway's key only, which others may hold. */
static bool is_by(const struct world *w, const struct point_row *row, const char *who,
                  const char *peer)
{
    const struct lab_host *h;
    if (row->kind == EV_PAL_CALL)
        return row->by_anybody || text_is(who, "gateway");
    h = lab_host_at(w->run->lab, peer);
    return h != NULL && text_is(h->role, "gateway");
}

static bool is_op(const struct point_row *row, const char *op)
{
    return text_is(row->asked, op) || (row->also != NULL && text_is(row->also, op));
}

static bool is_fetch(const struct point_row *row)
{
    return text_is(row->op, "fetch");
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
    if (!is_fetch(&rows[i]))
        say(w, &rows[i], p->n[i], "asked");
    say(w, &rows[i], p->n[i], "done");
    if (!lost)
        say(w, &rows[i], p->n[i], "answered");
}

void points_feed(struct points *p, struct world *w, const struct event *e)
{
    if (e->kind == EV_PAL_WORK)
        p->works = true;
    if (e->kind == EV_PAL_CALL) {
        p->listed = p->works;
        p->works = false;
    }
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (!p->told[i] && rows[i].kind == e->kind && is_op(&rows[i], ev_text(e, EVF_OP)) &&
            is_by(w, &rows[i], ev_text(e, EVF_WHO), ev_text(e, EVF_PEER)) &&
            (p->listed || !is_fetch(&rows[i])))
            reached(p, w, i, ev_int(e, EVF_LOST) == 1);
}

/* --- told by the servers ------------------------------------------------------------------------
 */

static void name(struct points *p, const struct script_line *line)
{
    for (size_t i = 0; i < COUNTOF(rows) && line->has_point; i++)
        p->told[i] = p->told[i] || text_is(rows[i].op, line->point.op);
}

void points_init(struct points *p, const struct script *story)
{
    *p = (struct points){0};
    for (size_t i = 0; story != NULL && i < story->n_lines; i++)
        name(p, &story->lines[i]);
}

bool points_ops(const struct points *p, enum ev_kind kind, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (p->told[i] && rows[i].kind == kind && len < size)
            len +=
                (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? "," : "", rows[i].asked);
    assert(len < size);
    return len > 0;
}

static struct points_open *open_find(struct points *p, size_t row, int64_t conn)
{
    for (size_t i = 0; i < POINTS_OPEN_MAX; i++)
        if (p->open[i].used && p->open[i].row == row && p->open[i].conn == conn)
            return &p->open[i];
    return NULL;
}

/* What was open on that connection was lost on the way. */
static struct points_open *open_new(struct points *p, size_t row, int64_t conn)
{
    struct points_open *o = open_find(p, row, conn);
    if (o == NULL)
        o = &p->open[++p->last_open % POINTS_OPEN_MAX];
    *o = (struct points_open){.used = true, .row = row, .conn = conn, .nth = ++p->n[row]};
    return o;
}

static void told(struct points *p, struct world *w, size_t row, int64_t conn, const char *phase)
{
    const bool first = text_is(phase, is_fetch(&rows[row]) ? "done" : "asked");
    struct points_open *o = NULL;
    if (!first)
        o = open_find(p, row, conn);
    else if (p->listed || !is_fetch(&rows[row]))
        o = open_new(p, row, conn);
    if (o == NULL)
        return;
    say(w, &rows[row], o->nth, phase);
    o->used = !text_is(phase, "answered");
}

void points_held(struct points *p, struct world *w, enum ev_kind kind, const char *words)
{
    char phase[16], op[64], who[16], peer[LAB_ADDRESS_MAX], conn[24];
    int64_t n;
    if (!text_next(&words, ' ', phase, sizeof(phase)) || !text_next(&words, ' ', op, sizeof(op)) ||
        !text_next(&words, ' ', who, sizeof(who)) || !text_next(&words, ' ', peer, sizeof(peer)) ||
        !text_next(&words, ' ', conn, sizeof(conn)) || !text_int(conn, 1, INT64_MAX, &n))
        WRONG("a mock stopped at words that are none");
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (p->told[i] && rows[i].kind == kind && text_is(rows[i].asked, op) &&
            is_by(w, &rows[i], who, peer))
            told(p, w, i, n, phase);
}
