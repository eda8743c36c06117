/* One verdict of one story, as a person needs it to act on it. */
#include "scenarios/report/words.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDENT 2

static void events_write(struct buf *out, const struct report_story *s,
                         const struct story_verdict *v, int width)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(8));
    for (size_t i = 0; i < v->n_evidence; i++) {
        const struct event *e = words_event(s->journal, v->evidence[i]);

        buf_clear(&text);
        if (e)
            report_event(&text, e);
        else
            buf_printf(&text, "#%" PRIu64, v->evidence[i]);
        words_row(out, i == 0 ? "events" : "", buf_text(&text), INDENT, width);
    }
}

static void story_row_write(struct buf *out, const struct judgement *j,
                            const struct story_verdict *v, int width)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(1));
    words_story(&text, j);
    if (j->stage < STAGE_COUNT && j->clock < CLOCK_COUNT)
        buf_printf(&text, " (%s, %s)", stage_name(j->stage), clock_name(j->clock));
    if (v->line > 0)
        buf_printf(&text, ", line %d", v->line);
    words_row(out, "story", buf_text(&text), INDENT, width);
}

void report_finding(struct buf *out, const struct report_story *s, const struct story_verdict *v,
                    int width)
{
    struct buf again SCOPED(buf_drop) = {0};

    buf_init(&again, KIB(4));
    words_again(&again, s);
    width = words_width(width);
    story_row_write(out, s->judgement, v, width);
    words_row(out, "clause", v->clause, INDENT, width);
    words_row(out, "expected", v->expected, INDENT, width);
    words_row(out, "seen", v->seen, INDENT, width);
    words_row(out, "note", v->note, INDENT, width);
    events_write(out, s, v, width);
    if (s->journal)
        report_sequence(out, s->journal, v, INDENT, width);
    words_row(out, "journal", s->journal_path ? s->journal_path : "", INDENT, width);
    words_row(out, "again", buf_text(&again), INDENT, width);
}
