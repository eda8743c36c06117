#include "scenarios/judge/accounted.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/laws_private.h"

#include <stdio.h>

static const char expected[] = "every act took place, and every fault that was armed struck";

struct missing {
    int line; /* INT_MAX: nothing is */
    const char *text, *why;
    uint64_t seq;
};

/* The story is read from above: its first line that came to nothing is told. */
static void missing_take(struct missing *m, int line, const char *text, const char *why,
                         const struct event *e)
{
    if (line < m->line)
        *m = (struct missing){line, text, why, e ? e->seq : 0};
}

/* --- acts ------------------------------------------------------------------------------------ */

static const struct event *record_of(const struct ev_list *journal, int line)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_ACT && ev_int(e, EVF_LINE) == line)
            return e;
    }
    return NULL;
}

static size_t acts_look(const struct script *s, const struct lines *lines,
                        const struct ev_list *journal, struct missing *m)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_lines; i++) {
        const struct script_line *line = &s->lines[i];
        const struct event *done;

        if (line->verb->kind != VERB_ACT)
            continue;
        n++;
        if (lines_state(lines, i) == LINE_DONE)
            continue;
        done = record_of(journal, line->number);
        missing_take(m, line->number, line->text,
                     done ? "it could not be done" : "its moment never came", done);
    }
    return n;
}

/* --- faults ---------------------------------------------------------------------------------- */

/* These strike when they are armed, and nobody tells whom: connections that are refused or reset
 * are the kernel's, and a gateway need not hold one. */
static bool is_untold(const struct event *armed)
{
    return ev_is(armed, EVF_NAME, "refuses") || ev_is(armed, EVF_NAME, "connections-dropped");
}

static bool is_fault(const struct event *e, const char *kind)
{
    return e->kind == EV_FAULT && ev_is(e, EVF_KIND, kind);
}

static bool has_struck(const struct ev_list *journal, size_t armed)
{
    const struct event *a = ev_list_at(journal, armed);

    for (size_t i = armed + 1; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (is_fault(e, "fired") && ev_is(e, EVF_NAME, ev_text(a, EVF_NAME)) &&
            ev_is(e, EVF_WHO, ev_text(a, EVF_WHO)))
            return true;
    }
    return false;
}

/* Who arms a fault says so before the act is said to be done. */
static const struct event *act_behind(const struct ev_list *journal, size_t armed)
{
    for (size_t i = armed + 1; i < journal->n; i++)
        if (ev_list_at(journal, i)->kind == EV_ACT)
            return ev_list_at(journal, i);
    return ev_list_at(journal, armed);
}

static void faults_look(const struct ev_list *journal, struct missing *m)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i), *act;

        if (!is_fault(e, "armed") || is_untold(e) || has_struck(journal, i))
            continue;
        act = act_behind(journal, i);
        missing_take(m, (int)ev_int(act, EVF_LINE), ev_text(act, EVF_VERB),
                     "the fault was armed and never struck", e);
    }
}

bool accounted_judge(const struct script *s, const struct lines *lines,
                     const struct ev_list *journal, struct story_verdict *ret)
{
    struct missing m = {.line = INT32_MAX};
    const size_t n = acts_look(s, lines, journal, &m);

    faults_look(journal, &m);
    *ret = (struct story_verdict){.rule = "H-5"};
    law_pass(ret, expected, "so it was, of %zu acts", n);
    if (m.line < INT32_MAX) {
        ret->line = m.line;
        ret->seen[0] = '\0';
        law_unproven(ret, VERDICT_VACUOUS, "line %d came to nothing: %.120s: %s", m.line, m.text,
                     m.why);
        if (m.seq > 0)
            ret->evidence[ret->n_evidence++] = m.seq;
    }
    return n > 0;
}
