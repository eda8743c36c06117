/* The machine ledger as a table for a person. */
#include "scenarios/report/report.h"

#include "lib/base/text.h"
#include "scenarios/judge/ledger.h"

#include <stdio.h>
#include <stdlib.h>

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
