/* The two pictures of a sequence: lanes of letters for a terminal, Mermaid for a page. */
#include "scenarios/report/sequence.h"
#include "scenarios/report/words.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LANE_WIDTH     10
#define LANES_WIDTH    (LANE_WIDTH * LANE_COUNT + 1)
#define LEFT_WIDTH     20 /* mark, time and number of a record */
#define WORDS_WIDTH    24 /* fewer columns for words than this: no lanes, but "who → whom" */
#define MERMAID_LETTER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:_-/=>()+"

static int columns_of(const struct sequence *s, int columns[LANE_COUNT])
{
    int n = 0;

    for (int i = 0; i < LANE_COUNT; i++)
        columns[i] = s->lanes[i] ? LANE_WIDTH * n++ : -1;
    return n * LANE_WIDTH;
}

static void left_write(struct buf *out, const struct sequence_row *r, int indent)
{
    char number[32];

    snprintf(number, sizeof(number), "#%" PRIu64, r->event->seq);
    buf_printf(out, "%*s%s%6" PRId64 ".%03" PRId64 " %-6s ", indent - 2, "", r->here ? "=>" : "  ",
               r->event->t / 1000, r->event->t % 1000, number);
}

static void words_write(struct buf *out, const struct sequence_row *r, bool who, int indent,
                        int width)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(1));
    if (who)
        buf_text_add(&text, lane_name(r->from));
    if (who && r->from != r->to)
        buf_printf(&text, " → %s", lane_name(r->to));
    buf_printf(&text, "%s%s", who ? ": " : "", r->words);
    if (r->alike > 0)
        buf_printf(&text, " (and %zu more alike)", r->alike);
    words_wrap(out, buf_text(&text), indent, width);
    buf_char_add(out, '\n');
}

static void lanes_head_write(struct buf *out, const struct sequence *s, int end, int indent)
{
    int column = 0;

    buf_printf(out, "%*s%-*s", indent, "", LEFT_WIDTH - 2, "around");
    for (int i = 0; i < LANE_COUNT; i++)
        if (s->lanes[i]) {
            column += LANE_WIDTH;
            buf_printf(out, "%-*s", column < end ? LANE_WIDTH : 0, lane_name((enum lane)i));
        }
    buf_char_add(out, '\n');
}

static void lanes_row_write(struct buf *out, const struct sequence_row *r,
                            const int columns[LANE_COUNT], int end)
{
    const int from = columns[r->from], to = columns[r->to];
    const int left = from < to ? from : to, right = from < to ? to : from;
    char row[LANES_WIDTH + 1];

    memset(row, ' ', sizeof(row));
    for (int i = 0; i < LANE_COUNT; i++)
        if (columns[i] >= 0)
            row[columns[i]] = '|';
    for (int k = left + 1; k < right; k++)
        row[k] = '-';
    if (left == right)
        row[left] = '*';
    else
        row[from < to ? right - 1 : left + 1] = from < to ? '>' : '<';
    row[end - LANE_WIDTH + 2] = '\0';
    buf_text_add(out, row);
    buf_char_add(out, ' ');
}

/* A line that waited in vain: what happened last says more than what was there at its beginning. */
static bool is_about_absence(const struct story_verdict *v)
{
    return v->verdict != VERDICT_PASS && v->line > 0 && text_begins(v->expected, "by ");
}

void report_sequence(struct buf *out, const struct ev_list *journal, const struct story_verdict *v,
                     int indent, int width)
{
    int columns[LANE_COUNT], end, words_indent;
    struct sequence s;
    bool lanes;

    sequence_make(&s, journal, v->evidence, v->n_evidence, is_about_absence(v));
    if (s.n == 0)
        return;
    end = columns_of(&s, columns);
    words_indent = indent - 2 + LEFT_WIDTH + end - LANE_WIDTH + 3;
    lanes = words_indent + WORDS_WIDTH <= words_width(width);
    if (lanes)
        lanes_head_write(out, &s, end, indent);
    else
        buf_printf(out, "%*saround\n", indent, "");
    for (size_t i = 0; i < s.n; i++) {
        if (s.gap > 0 && i == s.gap)
            buf_printf(out, "%*s... and at the end of the run\n", indent, "");
        left_write(out, &s.rows[i], indent);
        if (lanes)
            lanes_row_write(out, &s.rows[i], columns, end);
        words_write(out, &s.rows[i], !lanes, lanes ? words_indent : indent - 2 + LEFT_WIDTH,
                    words_width(width));
    }
}

/* --- Mermaid --------------------------------------------------------------------------------- */

/* Its grammar gives meaning to more signs than can be escaped: what is not plain is left out. */
static void mermaid_words(struct buf *out, const struct sequence_row *r)
{
    char words[SEQUENCE_WORDS_MAX];
    size_t n = 0;

    for (const char *p = r->words; *p && n + 1 < sizeof(words); p++)
        words[n++] = (char)(strchr(MERMAID_LETTER, *p) ? *p : '.');
    words[n] = '\0';
    buf_printf(out, "%" PRId64 ".%03" PRId64 " s, no. %" PRIu64 "%s: %s", r->event->t / 1000,
               r->event->t % 1000, r->event->seq, r->here ? " (evidence)" : "", words);
    if (r->alike > 0)
        buf_printf(out, " and %zu more alike", r->alike);
    buf_char_add(out, '\n');
}

void report_mermaid(struct buf *out, const struct ev_list *journal, const struct story_verdict *v)
{
    struct sequence s;

    sequence_make(&s, journal, v->evidence, v->n_evidence, is_about_absence(v));
    if (s.n == 0)
        return;
    buf_text_add(out, "```mermaid\nsequenceDiagram\n");
    for (int i = 0; i < LANE_COUNT; i++)
        if (s.lanes[i])
            buf_printf(out, "    participant %s\n", lane_name((enum lane)i));
    for (size_t i = 0; i < s.n; i++) {
        const struct sequence_row *r = &s.rows[i];

        if (s.gap > 0 && i == s.gap)
            buf_printf(out, "    Note over %s: and at the end of the run\n", lane_name(r->from));
        if (r->from == r->to)
            buf_printf(out, "    Note over %s: ", lane_name(r->from));
        else
            buf_printf(out, "    %s->>%s: ", lane_name(r->from), lane_name(r->to));
        mermaid_words(out, r);
    }
    buf_text_add(out, "```\n");
}
