/* Header lines of a story, and the small readers that they share with other lines. */
#include "scenarios/engine/script_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define WALL_FACTOR_MAX 3600

/* --- small readers --------------------------------------------------------------------------- */

static bool is_rule(const char *text)
{
    const size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const size_t digits = text[letters] == '-' ? strspn(text + letters + 1, "0123456789") : 0;

    return letters >= 1 && letters <= 3 && digits >= 1 && digits <= 3 &&
           text[letters + 1 + digits] == '\0';
}

int script_rule_add(const struct script_reader *r, const struct script_word *w, const char *id,
                    char (*list)[8], size_t *n, size_t max)
{
    size_t i;

    if (!is_rule(id))
        return script_wrong(&r->place, w->column, "'%s' is no rule; write one such as REG-1", id);
    for (i = 0; i < *n; i++)
        if (text_is(list[i], id))
            return script_wrong(&r->place, w->column, "rule %s is named twice; remove one", id);
    if (*n == max)
        return script_wrong(&r->place, w->column, "more than %zu rules; split the line", max);
    (void)text_copy(list[(*n)++], sizeof list[0], id);
    return 0;
}

int script_time_read(const struct script_reader *r, size_t i, const char *after, ms_t *ret)
{
    const struct script_words *w = &r->words;

    if (i >= w->n)
        return script_wrong(&r->place, w->end_column,
                            "'%s' wants a time; write one such as 90s, 15m or 1h30m", after);
    if (!text_duration(w->at[i].text, ret))
        return script_wrong(&r->place, w->at[i].column,
                            "'%s' is no time; write one such as 90s, 15m or 1h30m", w->at[i].text);
    return 0;
}

/* The word's index in the list, or an error that names the nearest. */
static int choice_read(const struct script_reader *r, size_t i, const char *what,
                       const char *const *names, size_t *ret)
{
    const struct script_words *w = &r->words;
    const char *nearest;

    if (i >= w->n)
        return script_wrong(&r->place, w->end_column, "%s is missing; write one such as '%s'", what,
                            names[0]);
    *ret = script_index_of(names, w->at[i].text);
    if (names[*ret])
        return 0;
    nearest = text_nearest(w->at[i].text, names);
    return script_wrong(&r->place, w->at[i].column,
                        nearest ? "'%s' is not %s; did you mean '%s'?"
                                : "'%s' is not %s; write one such as '%s'",
                        w->at[i].text, what, nearest ? nearest : names[0]);
}

int script_words_end(const struct script_reader *r, size_t n)
{
    const struct script_words *w = &r->words;

    if (w->n <= n)
        return 0;
    return script_wrong(&r->place, w->at[n].column, "nothing can follow '%s' here; remove '%s'",
                        w->at[n - 1].text, w->at[n].text);
}

/* --- header lines ---------------------------------------------------------------------------- */

static int read_scenario(struct script_reader *r)
{
    const struct script_words *w = &r->words;

    if (w->n < 2 || !w->at[1].quoted || w->at[1].text[0] == '\0')
        return script_wrong(&r->place, w->n < 2 ? w->end_column : w->at[1].column,
                            "the claim is missing; write scenario \"What must come true\"");
    (void)text_copy(r->s->title, sizeof r->s->title, w->at[1].text);
    return script_words_end(r, 2);
}

static int read_grades(struct script_reader *r)
{
    size_t i;

    r->s->grades_number = r->place.number;
    if (r->words.n < 2)
        return script_wrong(&r->place, r->words.end_column,
                            "no rule is named; write one such as grades REG-1");
    for (i = 1; i < r->words.n; i++) {
        const int bad = script_rule_add(r, &r->words.at[i], r->words.at[i].text, r->s->grades,
                                        &r->s->n_grades, SCRIPT_GRADES_MAX);
        if (bad < 0)
            return bad;
    }
    return 0;
}

static int read_stages(struct script_reader *r)
{
    size_t i = 1, stage = 0;

    r->stages = 0;
    do {
        const int bad = choice_read(r, i, "a stage", script_stage_names, &stage);
        if (bad < 0)
            return bad;
        r->stages |= (unsigned)BIT(stage);
    } while (++i < r->words.n);
    return 0;
}

static int read_expect(struct script_reader *r)
{
    static const char *const names[] = {"fail", "vacuous", "inconclusive", NULL};
    static const enum expect expects[] = {EXPECT_FAIL, EXPECT_VACUOUS, EXPECT_INCONCLUSIVE};
    size_t i = 0;
    const int bad = choice_read(r, 1, "an expectation", names, &i);

    if (bad < 0)
        return bad;
    r->s->expect = expects[i];
    return script_words_end(r, 2);
}

static int read_run(struct script_reader *r)
{
    const int bad = script_time_read(r, 1, "run", &r->s->run_ms);

    if (bad < 0)
        return bad;
    if (r->s->run_ms == 0)
        return script_wrong(&r->place, r->words.at[1].column,
                            "a run of no length; write the longest it may last");
    if (r->s->run_ms > SCRIPT_RUN_MAX)
        return script_wrong(&r->place, r->words.at[1].column,
                            "a run longer than a year; write at most 8784h");
    return script_words_end(r, 2);
}

static int read_wall(struct script_reader *r)
{
    static const char *const names[] = {"skip", "factor", NULL};
    const struct script_words *w = &r->words;
    int64_t factor;
    size_t i = 0;
    const int bad = choice_read(r, 1, "what clock wall does", names, &i);

    if (bad < 0)
        return bad;
    if (w->n < 3)
        return script_wrong(&r->place, w->end_column,
                            "write 'wall skip REASON' or 'wall factor N'");
    if (i == 0) {
        if (w->n > 3 || !w->at[2].quoted)
            script_join(w, 2, w->n, r->s->wall_skip, sizeof r->s->wall_skip);
        else
            (void)text_copy(r->s->wall_skip, sizeof r->s->wall_skip, w->at[2].text);
        return 0;
    }
    if (!text_int(w->at[2].text, 1, WALL_FACTOR_MAX, &factor))
        return script_wrong(&r->place, w->at[2].column, "'%s' is no factor; write 1 to %d",
                            w->at[2].text, WALL_FACTOR_MAX);
    r->s->wall_factor = (int)factor;
    return script_words_end(r, 3);
}

static bool is_over_word(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] == '\0';
}

static int over_values(struct script_reader *r, struct script_over *over)
{
    const struct script_words *w = &r->words;
    size_t i;

    if (w->n < 3)
        return script_wrong(&r->place, w->end_column, "no value for %s; write them behind it",
                            over->word);
    for (i = 2; i < w->n; i++) {
        if (over->n == SCRIPT_VALUES_MAX)
            return script_wrong(&r->place, w->at[i].column, "more than %d values for %s",
                                SCRIPT_VALUES_MAX, over->word);
        if (!text_copy(over->values[over->n++], sizeof over->values[0], w->at[i].text))
            return script_wrong(&r->place, w->at[i].column, "a value longer than %zu bytes",
                                sizeof over->values[0] - 1);
    }
    return 0;
}

static int read_over(struct script_reader *r)
{
    const struct script_words *w = &r->words;
    struct script *s = r->s;
    struct script_over *over = &s->over[s->n_over];
    size_t i;
    int bad;

    if (s->n_over == SCRIPT_OVER_MAX)
        return script_wrong(&r->place, 1, "more than %d lines with over", SCRIPT_OVER_MAX);
    if (w->n < 2 || !is_over_word(w->at[1].text) ||
        !text_copy(over->word, sizeof over->word, w->at[1].text))
        return script_wrong(&r->place, w->n < 2 ? w->end_column : w->at[1].column,
                            "'over' wants a word in capitals; write one such as "
                            "over SHAPE nat direct");
    for (i = 0; i < s->n_over; i++)
        if (text_is(s->over[i].word, over->word))
            return script_wrong(&r->place, w->at[1].column,
                                "%s has values already; choose "
                                "another word",
                                over->word);
    bad = over_values(r, over);
    r->over_lines[s->n_over++] = r->place.number;
    return bad;
}

/* clang-format off */
static const struct header {
    const char *word;
    int (*read)(struct script_reader *r);
    bool may_repeat;
    struct script_header_doc doc;
} headers[] = {
    {"scenario", read_scenario, false,
     {"scenario \"CLAIM\"", "must be there", "What must come true, as a sentence in quotes."}},
    {"grades", read_grades, false,
     {"grades RULE…", "only the rules in brackets",
      "Rules that their laws judge in this story, over the whole journal. `gateproof rules` lists them, `gateproof explain RULE` says what its law looks at. A rule in brackets behind a line needs no `grades`."}},
    {"stages", read_stages, false,
     {"stages STAGE…", "all stages that have every act and every fact the story waits for",
      "Where the story may be played: sim, loopback, netns."}},
    {"wall", read_wall, true,
     {"wall factor N, or wall skip \"REASON\"", "factor 60",
      "For gateways whose clock cannot be moved (clocks wall and faketime, [time.md](time.md)): time goes N times faster, 1 to 3600, or the story is left out there, and why."}},
    {"over", read_over, true,
     {"over WORD VALUE…", "one run",
      "One run for each value, put in for the WORD in capitals wherever it stands below: `over SHAPE nat direct` and `site shape SHAPE`. 16 values at most; up to 4 such lines make all combinations. The story fails if one run fails; `--over` plays one of them."}},
    {"expect", read_expect, false,
     {"expect fail, vacuous or inconclusive", "pass",
      "How the story must end. Any but pass is for stories about the harness itself: only its rules H-1 and following then count."}},
    {"run", read_run, false,
     {"run TIME", "must be there",
      "The longest it may last; a year at most. It ends sooner when nothing is left to wait for."}},
};
/* clang-format on */

int script_header_read(struct script_reader *r, size_t i)
{
    if ((r->headers_seen & BIT(i)) && !headers[i].may_repeat)
        return script_wrong(&r->place, r->words.at[0].column,
                            "a second '%s' line; remove one of the two", headers[i].word);
    r->headers_seen |= (unsigned)BIT(i);
    return headers[i].read(r);
}

const char *script_header_word(size_t i)
{
    static_assert(COUNTOF(headers) == SCRIPT_HEADERS, "one row a header word");
    return headers[i].word;
}

const struct script_header_doc *script_header_doc(size_t i)
{
    return i < SCRIPT_HEADERS ? &headers[i].doc : NULL;
}
