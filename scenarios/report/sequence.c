/* Pictures for a person: who spoke with whom around a failure, and the machine ledger. */
#include "scenarios/report/words.h"

#include "lib/base/text.h"
#include "scenarios/judge/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AROUND_MAX 6 /* events shown before the record, and after it */
#define LANE_WIDTH 10
#define TIME_WIDTH 13

enum lane { LANE_USER, LANE_PALETTE, LANE_GATEWAY, LANE_MAAS, LANE_NODES, LANE_COUNT };

static const char *const lane_names[LANE_COUNT] = {"user", "palette", "gateway", "maas", "nodes"};

/* A line of the picture: an arrow, or a dot where from and to are the same. */
struct step {
    enum lane from, to;
    char words[160];
};

static enum lane lane_of(const struct ledger *l, const char *role, const char *address)
{
    const char *there = address[0] ? ledger_role(l, address) : "";
    const char *name = there[0] ? there : role;

    for (int i = 0; i < LANE_COUNT; i++)
        if (text_is(lane_names[i], name))
            return (enum lane)i;
    return text_is(name, "agent") || text_is(name, "node") ? LANE_NODES : LANE_USER;
}

/* --- what a record shows --------------------------------------------------------------------- */

static void words(struct step *s, const struct event *e, const enum ev_field *fields, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n && len < sizeof(s->words); i++)
        if (ev_text(e, fields[i])[0])
            len += (size_t)snprintf(s->words + len, sizeof(s->words) - len, "%s%.60s",
                                    len > 0 ? " " : "", ev_text(e, fields[i]));
}

enum ends { ENDS_MAAS_CALL, ENDS_PAL_CALL, ENDS_FLOW, ENDS_AT };

static const struct shown {
    enum ev_kind kind;
    enum ends ends;
    enum lane at; /* ENDS_AT */
    enum ev_field fields[4];
} shown[] = {
    {EV_MAAS_CALL, ENDS_MAAS_CALL, 0, {EVF_OP, EVF_MACHINE, EVF_NAME, EVF_STATUS}},
    {EV_PAL_CALL, ENDS_PAL_CALL, 0, {EVF_OP, EVF_CLUSTER, EVF_CODE, EVF_STATUS}},
    {EV_FLOW_TRY, ENDS_FLOW, 0, {EVF_KIND, EVF_TO_IP, EVF_TO_PORT, EVF_LINK}},
    {EV_MAAS_STATE, ENDS_AT, LANE_MAAS, {EVF_MACHINE, EVF_BEFORE, EVF_STATE, EVF_OWNER}},
    {EV_PAL_CLUSTER, ENDS_AT, LANE_PALETTE, {EVF_CLUSTER, EVF_BEFORE, EVF_STATE, EVF_HEALTH}},
    {EV_PAL_OWNER, ENDS_AT, LANE_PALETTE, {EVF_CLUSTER, EVF_OWNER, EVF_EPOCH, EVF_WHY}},
    {EV_PROG, ENDS_AT, LANE_GATEWAY, {EVF_KIND, EVF_SIGNAL, EVF_STATUS, EVF_WHY}},
    {EV_ACT, ENDS_AT, LANE_USER, {EVF_VERB, EVF_WHY, EVF_NAME, EVF_KIND}},
    {EV_FAULT, ENDS_AT, LANE_MAAS, {EVF_NAME, EVF_KIND, EVF_WHY, EVF_COUNT}},
    {EV_POINT, ENDS_AT, LANE_GATEWAY, {EVF_OP, EVF_COUNT, EVF_PHASE, EVF_WHY}},
    {EV_NODE_BOOT, ENDS_AT, LANE_NODES, {EVF_MACHINE, EVF_CLUSTER, EVF_WHY, EVF_KIND}},
};

static bool step_of(const struct ledger *l, const struct event *e, struct step *ret)
{
    for (size_t i = 0; i < COUNTOF(shown); i++) {
        if (shown[i].kind != e->kind)
            continue;
        *ret = (struct step){.from = shown[i].at, .to = shown[i].at};
        words(ret, e, shown[i].fields, COUNTOF(shown[i].fields));
        if (shown[i].ends == ENDS_MAAS_CALL) {
            ret->from = lane_of(l, "node", ev_text(e, EVF_PEER));
            ret->to = LANE_MAAS;
        } else if (shown[i].ends == ENDS_PAL_CALL) {
            ret->from = lane_of(l, ev_text(e, EVF_WHO), "");
            ret->to = LANE_PALETTE;
        } else if (shown[i].ends == ENDS_FLOW) {
            ret->from = lane_of(l, ev_text(e, EVF_FROM), ev_text(e, EVF_FROM_IP));
            ret->to = lane_of(l, ev_text(e, EVF_TO), ev_text(e, EVF_TO_IP));
        }
        return true;
    }
    return false;
}

/* --- drawing --------------------------------------------------------------------------------- */

static void lanes_write(struct buf *out, int indent)
{
    buf_printf(out, "%*s%-*s", indent, "", TIME_WIDTH, "around");
    for (int i = 0; i < LANE_COUNT; i++)
        buf_printf(out, "%-*s", i + 1 < LANE_COUNT ? LANE_WIDTH : 0, lane_names[i]);
    buf_char_add(out, '\n');
}

static void step_write(struct buf *out, const struct event *e, const struct step *s, bool here,
                       int indent)
{
    const int left = s->from < s->to ? (int)s->from : (int)s->to;
    const int right = s->from < s->to ? (int)s->to : (int)s->from;
    char row[LANE_WIDTH * LANE_COUNT + 1];

    memset(row, ' ', sizeof(row));
    for (int i = 0; i < LANE_COUNT; i++)
        row[i * LANE_WIDTH] = '|';
    for (int k = left * LANE_WIDTH + 1; k < right * LANE_WIDTH; k++)
        row[k] = '-';
    if (left == right)
        row[left * LANE_WIDTH] = '*';
    else
        row[s->from < s->to ? right * LANE_WIDTH - 1 : left * LANE_WIDTH + 1] =
            s->from < s->to ? '>' : '<';
    row[(LANE_COUNT - 1) * LANE_WIDTH + 1] = '\0';
    buf_printf(out, "%*s%s%8" PRId64 ".%03" PRId64 "%s %s %s\n", indent - 2, "", here ? "=>" : "  ",
               e->t / 1000, e->t % 1000, "", row, s->words);
}

/* The records to show: their indices, n of them at most, from the middle one to both sides. */
static size_t window(const struct ev_list *journal, size_t middle, const struct ledger *l,
                     size_t *first)
{
    struct step ignored;
    size_t before = 0, i = middle;

    while (i > 0 && before < AROUND_MAX) {
        before += step_of(l, ev_list_at(journal, i - 1), &ignored);
        i--;
    }
    *first = i;
    for (i = middle, before = 0; i < journal->n && before <= AROUND_MAX; i++)
        before += step_of(l, ev_list_at(journal, i), &ignored);
    return i;
}

static size_t index_of(const struct ev_list *journal, uint64_t seq)
{
    size_t i = 0;

    while (i < journal->n && ev_list_at(journal, i)->seq < seq)
        i++;
    return i < journal->n && ev_list_at(journal, i)->seq == seq ? i : journal->n;
}

static void free_ledger(struct ledger **l)
{
    free(*l);
}

static struct ledger *ledger_made(const struct ev_list *journal)
{
    struct ledger *l = calloc(1, sizeof(*l));

    if (!l)
        WRONG("out of memory");
    for (size_t i = 0; i < journal->n; i++)
        ledger_feed(l, ev_list_at(journal, i));
    return l;
}

void report_sequence(struct buf *out, const struct ev_list *journal, uint64_t seq, int indent)
{
    struct ledger *l SCOPED(free_ledger) = ledger_made(journal);
    const size_t middle = index_of(journal, seq);
    size_t first = 0, last;

    if (middle == journal->n)
        return;
    last = window(journal, middle, l, &first);
    lanes_write(out, indent);
    for (size_t i = first; i < last; i++) {
        const struct event *e = ev_list_at(journal, i);
        struct step s;

        if (step_of(l, e, &s))
            step_write(out, e, &s, i == middle, indent);
    }
}

/* --- the ledger ------------------------------------------------------------------------------ */

static void span_write(const struct ledger_life *life, char *taken, char *given, size_t size)
{
    text_duration_write(life->taken / 1000 * 1000, taken, size);
    snprintf(given, size, "-");
    if (life->given != MS_NEVER)
        text_duration_write(life->given / 1000 * 1000, given, size);
}

void report_ledger(struct buf *out, const struct ev_list *journal, int indent)
{
    struct ledger *l SCOPED(free_ledger) = ledger_made(journal);
    char wrong[160];
    const char *why = ledger_wrong(l, wrong, sizeof(wrong));

    if (l->n_lives == 0)
        return;
    buf_printf(out, "%*s%-8s %-8s %-10s %-10s %-10s %s\n", indent, "", "machine", "for", "taken",
               "by", "given", "by");
    for (size_t i = 0; i < l->n_lives; i++) {
        const struct ledger_life *life = &l->lives[i];
        char taken[24], given[24];

        span_write(life, taken, given, sizeof(taken));
        buf_printf(out, "%*s%-8s %-8s %-10s %-10s %-10s %s\n", indent, "",
                   l->machines[life->machine].name,
                   life->cluster == LEDGER_NONE ? life->owner : l->clusters[life->cluster].name,
                   taken, life->taken_by[0] ? life->taken_by : "?", given,
                   life->given == MS_NEVER ? "still held"
                   : life->given_by[0]     ? life->given_by
                                           : "?");
    }
    buf_printf(out, "%*s%s%s.\n", indent, "", why ? "It does not balance: " : "It balances",
               why ? why : "");
}
