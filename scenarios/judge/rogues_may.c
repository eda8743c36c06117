/* What may fail with a rogue: what the gallery's design lets its switch, and what a run has shown
 * beyond that. */
#include "scenarios/judge/rogues.h"

#include "lib/base/text.h"

#include <string.h>

const struct rogue_switch rogue_switches[] = {
#include "scenarios/judge/rogues_switches.inc"
};
const size_t n_rogue_switches = COUNTOF(rogue_switches);

const struct rogue_widening rogue_widenings[] = {
#include "scenarios/judge/rogues_widened.inc"
};
const size_t n_rogue_widenings = COUNTOF(rogue_widenings);

bool rogue_list_has(const char *list, const char *rule)
{
    char word[16];

    while (text_next(&list, ' ', word, sizeof word))
        if (text_is(word, rule))
            return true;
    return false;
}

/* "relay.backup" is a mood of "relay"; "no-heir.spg" has a row of its own. */
const struct rogue_switch *rogue_switch_of(const char *rogue)
{
    const size_t stem = strcspn(rogue, ".");
    const struct rogue_switch *ret = NULL;

    for (size_t i = 0; i < n_rogue_switches; i++) {
        const char *name = rogue_switches[i].name;

        if (text_is(name, rogue))
            return &rogue_switches[i];
        if (strlen(name) == stem && memcmp(name, rogue, stem) == 0)
            ret = &rogue_switches[i];
    }
    return ret;
}

const struct rogue_widening *rogue_widening_of(const char *rogue, const char *rule)
{
    for (size_t i = 0; i < n_rogue_widenings; i++)
        if (text_is(rogue_widenings[i].rogue, rogue) && text_is(rogue_widenings[i].rule, rule))
            return &rogue_widenings[i];
    return NULL;
}

bool rogue_may(const struct rogue *r, const char *rule)
{
    return rogue_list_has(r->may, rule) || rogue_widening_of(r->name, rule);
}

/* --- docs/rogues.md --- */

void rogue_widened_write(const struct rogue *r, struct buf *out)
{
    for (size_t i = 0; i < n_rogue_widenings; i++)
        if (text_is(rogue_widenings[i].rogue, r->name))
            buf_printf(out, " %s", rogue_widenings[i].rule);
}

void rogue_widenings_markdown(struct buf *out)
{
    buf_text_add(out, "\n| rogue | widened by | in story | its run | what was seen | why |\n"
                      "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_rogue_widenings; i++) {
        const struct rogue_widening *w = &rogue_widenings[i];

        buf_printf(out, "| `%s` | %s | %s | %s | %s | %s |\n", w->rogue, w->rule, w->story,
                   *w->over ? w->over : "the only one", w->seen, w->why);
    }
}
