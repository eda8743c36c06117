#include "scenarios/report/sequence.h"

#include "lib/base/text.h"
#include "scenarios/judge/ledger.h"
#include "scenarios/report/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_ROWS   5    /* of what happened last */
#define AROUND_MAX 6    /* rows on either side of one record; fewer where there are more records */
#define LOOK_MAX   4000 /* records looked at on either side */

static const char *const lane_names[LANE_COUNT] = {
    [LANE_USER] = "user",       [LANE_STRANGER] = "stranger", [LANE_PALETTE] = "palette",
    [LANE_ROUTER] = "router",   [LANE_PROXY] = "proxy",       [LANE_DNS] = "dns",
    [LANE_GATEWAY] = "gateway", [LANE_MAAS] = "maas",         [LANE_NODES] = "nodes",
    [LANE_OTHER] = "others",
};

const char *lane_name(enum lane l)
{
    assert(l < LANE_COUNT);
    return lane_names[l];
}

static enum lane lane_of(const struct ledger *l, const char *role, const char *address)
{
    const char *there = address[0] ? ledger_role(l, address) : "";
    const char *name = there[0] ? there : role;

    for (int i = 0; i < LANE_COUNT; i++)
        if (text_is(lane_names[i], name))
            return (enum lane)i;
    return text_is(name, "agent") || text_is(name, "node") ? LANE_NODES : LANE_OTHER;
}

/* --- what a record shows --------------------------------------------------------------------- */

static void words_fill(struct sequence_row *s, const struct event *e, const char *lead,
                       const enum ev_field *fields, size_t n)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, sizeof(s->words) - 1);
    buf_text_add(&text, lead);
    for (size_t i = 0; i < n; i++)
        if (ev_text(e, fields[i])[0]) {
            buf_text_add(&text, text.len > 0 ? " " : "");
            words_safe(&text, ev_text(e, fields[i]), 60);
        }
    text_copy(s->words, sizeof(s->words), buf_text(&text));
}

enum ends { ENDS_MAAS_CALL, ENDS_PAL_CALL, ENDS_FLOW, ENDS_PROXY, ENDS_WHO, ENDS_AT };

static const struct shown {
    enum ev_kind kind;
    enum ends ends;
    enum lane at; /* ENDS_AT */
    const char *lead;
    enum ev_field fields[4];
} shown[] = {
    {EV_MAAS_CALL, ENDS_MAAS_CALL, 0, "", {EVF_OP, EVF_MACHINE, EVF_NAME, EVF_STATUS}},
    {EV_PAL_CALL, ENDS_PAL_CALL, 0, "", {EVF_OP, EVF_CLUSTER, EVF_CODE, EVF_STATUS}},
    {EV_PROXY_CONNECT, ENDS_PROXY, 0, "CONNECT", {EVF_SNI, EVF_STATUS, EVF_CODE, EVF_WHY}},
    {EV_FLOW_TRY, ENDS_FLOW, 0, "SYN to", {EVF_TO_IP, EVF_TO_PORT, EVF_LINK, EVF_KIND}},
    {EV_FLOW_FIRST, ENDS_FLOW, 0, "", {EVF_KIND, EVF_SNI, EVF_TO_PORT, EVF_LINK}},
    {EV_MAAS_STATE, ENDS_AT, LANE_MAAS, "", {EVF_MACHINE, EVF_BEFORE, EVF_STATE, EVF_OWNER}},
    {EV_PAL_CLUSTER, ENDS_AT, LANE_PALETTE, "", {EVF_CLUSTER, EVF_BEFORE, EVF_STATE, EVF_HEALTH}},
    {EV_PAL_OWNER, ENDS_AT, LANE_PALETTE, "", {EVF_CLUSTER, EVF_OWNER, EVF_EPOCH, EVF_WHY}},
    {EV_PAL_GATEWAY, ENDS_AT, LANE_PALETTE, "gateway", {EVF_BEFORE, EVF_STATE, EVF_WHY, EVF_NAME}},
    {EV_PROG, ENDS_WHO, 0, "", {EVF_KIND, EVF_SIGNAL, EVF_STATUS, EVF_WHY}},
    {EV_ACT, ENDS_AT, LANE_USER, "", {EVF_VERB, EVF_WHY, EVF_NAME, EVF_KIND}},
    {EV_FAULT, ENDS_AT, LANE_MAAS, "fault", {EVF_NAME, EVF_KIND, EVF_WHY, EVF_COUNT}},
    {EV_NODE_BOOT, ENDS_AT, LANE_NODES, "boots", {EVF_MACHINE, EVF_CLUSTER, EVF_WHY, EVF_KIND}},
};

static void ends_fill(const struct ledger *l, const struct event *e, enum ends ends,
                      struct sequence_row *ret)
{
    switch (ends) {
    case ENDS_MAAS_CALL:
        ret->from = lane_of(l, "node", ev_text(e, EVF_PEER));
        ret->to = LANE_MAAS;
        break;
    case ENDS_PAL_CALL: /* through NAT the peer is the router: who called says it better */
        ret->from = lane_of(l, ev_text(e, EVF_WHO), "");
        ret->to = LANE_PALETTE;
        break;
    case ENDS_PROXY:
        ret->from = lane_of(l, ev_text(e, EVF_FROM), ev_text(e, EVF_FROM_IP));
        ret->to = LANE_PROXY;
        break;
    case ENDS_FLOW:
        ret->from = lane_of(l, ev_text(e, EVF_FROM), ev_text(e, EVF_FROM_IP));
        ret->to = lane_of(l, ev_text(e, EVF_TO), ev_text(e, EVF_TO_IP));
        break;
    case ENDS_WHO:
        ret->from = ret->to = lane_of(l, ev_text(e, EVF_WHO), "");
        break;
    case ENDS_AT:
        break;
    }
}

/* What MAAS has at the start: nobody did that. */
static bool is_inventory(const struct event *e)
{
    return e->kind == EV_MAAS_STATE && ev_text(e, EVF_BEFORE)[0] == '\0';
}

static bool row_of(const struct ledger *l, const struct event *e, struct sequence_row *ret)
{
    for (size_t i = 0; i < COUNTOF(shown); i++) {
        if (shown[i].kind != e->kind || is_inventory(e))
            continue;
        *ret = (struct sequence_row){.event = e, .from = shown[i].at, .to = shown[i].at};
        words_fill(ret, e, shown[i].lead, shown[i].fields, COUNTOF(shown[i].fields));
        ends_fill(l, e, shown[i].ends, ret);
        return true;
    }
    return false;
}

/* Evidence is always shown: what has no row of its own stands where its writer is. */
static void any_row_of(const struct ledger *l, const struct event *e, struct sequence_row *ret)
{
    static const enum lane writers[EVS_COUNT] = {
        [EVS_ENGINE] = LANE_OTHER, [EVS_CAPTURE] = LANE_OTHER,   [EVS_PALETTE] = LANE_PALETTE,
        [EVS_MAAS] = LANE_MAAS,    [EVS_AGENT] = LANE_NODES,     [EVS_PROXY] = LANE_PROXY,
        [EVS_DNS] = LANE_DNS,      [EVS_LAUNCHER] = LANE_GATEWAY};
    static const enum ev_field fields[] = {EVF_KIND, EVF_NAME,   EVF_OP,     EVF_CLUSTER,
                                           EVF_LINK, EVF_ANSWER, EVF_STATUS, EVF_WHY};

    if (row_of(l, e, ret))
        return;
    *ret = (struct sequence_row){.event = e, .from = writers[e->src], .to = writers[e->src]};
    words_fill(ret, e, ev_kind_name(e->kind), fields, COUNTOF(fields));
}

/* --- which records --------------------------------------------------------------------------- */

struct choosing {
    const struct ev_list *journal;
    size_t n_seqs;
    uint64_t seqs[JUDGE_EVIDENCE_MAX]; /* rising */
    struct ledger *ledger;
    struct sequence *out;
};

static bool is_evidence(const struct choosing *c, const struct event *e)
{
    for (size_t i = 0; i < c->n_seqs; i++)
        if (c->seqs[i] == e->seq)
            return true;
    return false;
}

static size_t index_of(const struct ev_list *journal, uint64_t seq)
{
    size_t i = 0;

    while (i < journal->n && ev_list_at(journal, i)->seq < seq)
        i++;
    return i < journal->n && ev_list_at(journal, i)->seq == seq ? i : journal->n;
}

static bool is_alike(const struct sequence_row *a, const struct sequence_row *b)
{
    return a->from == b->from && a->to == b->to && text_is(a->words, b->words);
}

/* How far to go from the middle for so many different rows: an index on that side. */
static size_t reach(const struct choosing *c, size_t middle, int step, size_t rows)
{
    struct sequence_row last = {.words = ""}, row;
    size_t i = middle;

    for (size_t looked = 0; rows > 0 && looked < LOOK_MAX; looked++) {
        if (step < 0 ? i == 0 : i + 1 >= c->journal->n)
            break;
        i = step < 0 ? i - 1 : i + 1;
        if (!row_of(c->ledger, ev_list_at(c->journal, i), &row) || is_alike(&row, &last))
            continue;
        last = row;
        rows--;
    }
    return i;
}

static void row_add(const struct choosing *c, const struct event *e)
{
    struct sequence *s = c->out;
    const bool here = is_evidence(c, e);
    struct sequence_row row;

    if (here)
        any_row_of(c->ledger, e, &row);
    else if (!row_of(c->ledger, e, &row))
        return;
    row.here = here;
    if (s->n > 0 && !here && !s->rows[s->n - 1].here && is_alike(&row, &s->rows[s->n - 1])) {
        s->rows[s->n - 1].alike++;
        return;
    }
    if (s->n == SEQUENCE_ROWS_MAX)
        return;
    s->rows[s->n++] = row;
    s->lanes[row.from] = s->lanes[row.to] = true;
}

/* Returns the index behind the last record that was looked at. */
static size_t around_add(const struct choosing *c, size_t rows)
{
    size_t next = 0; /* what is before it has been added */

    for (size_t i = 0; i < c->n_seqs; i++) {
        const size_t middle = index_of(c->journal, c->seqs[i]);
        size_t first, last;

        if (middle == c->journal->n)
            continue;
        first = reach(c, middle, -1, rows);
        last = reach(c, middle, 1, rows);
        for (size_t k = first < next ? next : first; k <= last; k++)
            row_add(c, ev_list_at(c->journal, k));
        next = last + 1 > next ? last + 1 : next;
    }
    return next;
}

static void end_add(const struct choosing *c, size_t next)
{
    const size_t n = c->journal->n, first = n > 0 ? reach(c, n - 1, -1, END_ROWS) : 0;
    const size_t rows = c->out->n;

    for (size_t i = first > next ? first : next; i < n; i++)
        row_add(c, ev_list_at(c->journal, i));
    if (first > next && c->out->n > rows)
        c->out->gap = rows;
}

static void seq_insert(struct choosing *c, uint64_t seq)
{
    size_t i = c->n_seqs++;

    for (; i > 0 && c->seqs[i - 1] > seq; i--)
        c->seqs[i] = c->seqs[i - 1];
    c->seqs[i] = seq;
}

static void free_ledger(struct ledger **l)
{
    free(*l);
}

void sequence_make(struct sequence *s, const struct ev_list *journal, const uint64_t *seqs,
                   size_t n, bool with_end)
{
    struct ledger *l SCOPED(free_ledger) = calloc(1, sizeof(*l));
    struct choosing c = {.journal = journal, .ledger = l, .out = s};
    size_t next = 0;

    if (!l)
        WRONG("out of memory");
    *s = (struct sequence){.n = 0};
    for (size_t i = 0; i < n && i < JUDGE_EVIDENCE_MAX; i++)
        seq_insert(&c, seqs[i]);
    for (size_t i = 0; i < journal->n; i++)
        ledger_feed(l, ev_list_at(journal, i));
    if (c.n_seqs > 0)
        next = around_add(&c, c.n_seqs < AROUND_MAX ? AROUND_MAX / c.n_seqs : 1);
    if (s->n > 0 && with_end)
        end_add(&c, next);
}
