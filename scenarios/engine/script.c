#include "scenarios/engine/script_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/outfit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const when_names[WHEN_COUNT + 1] = {
    [WHEN_SITE] = "site", [WHEN_AT] = "at",           [WHEN_BY] = "by",
    [WHEN_THEN] = "then", [WHEN_NEVER] = "never",     [WHEN_ALWAYS] = "always",
    [WHEN_END] = "end",   [WHEN_PREMISE] = "premise",
};
const char *const script_stage_names[STAGE_COUNT + 1] = {
    [STAGE_SIM] = "sim", [STAGE_LOOPBACK] = "loopback", [STAGE_NETNS] = "netns"};
static const char *const clock_names[CLOCK_COUNT + 1] = {[CLOCK_VIRTUAL] = "virtual",
                                                         [CLOCK_STEPPED] = "stepped",
                                                         [CLOCK_FAKETIME] = "faketime",
                                                         [CLOCK_WALL] = "wall"};

const char *when_name(enum when w)
{
    assert(w < WHEN_COUNT);
    return when_names[w];
}

const char *stage_name(enum stage_id s)
{
    assert(s < STAGE_COUNT);
    return script_stage_names[s];
}

const char *clock_name(enum clock_id c)
{
    assert(c < CLOCK_COUNT);
    return clock_names[c];
}

/* Index of the word in a list that ends with NULL; the length of the list when it is not there. */
size_t script_index_of(const char *const *names, const char *name)
{
    size_t i = 0;

    while (names[i] && !text_is(names[i], name))
        i++;
    return i;
}

enum stage_id stage_find(const char *name)
{
    return (enum stage_id)script_index_of(script_stage_names, name);
}

enum clock_id clock_find(const char *name)
{
    return (enum clock_id)script_index_of(clock_names, name);
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Takes `for TIME` off the end of a never or always. */
static int for_read(struct script_reader *r, struct script_line *line)
{
    struct script_words *w = &r->words;

    if ((line->when != WHEN_NEVER && line->when != WHEN_ALWAYS) || w->n < 3 ||
        !text_is(w->at[w->n - 2].text, "for"))
        return 0;
    line->has_for = true;
    w->n -= 2;
    return text_duration(w->at[w->n + 1].text, &line->for_ms)
               ? 0
               : script_wrong(&r->place, w->at[w->n + 1].column,
                              "'%s' is no time; write one such as 90s, 15m or 1h30m",
                              w->at[w->n + 1].text);
}

/* "allocate.1.done", with a pause behind it: "allocate.1.done+30m". false: it looks like none. */
static bool point_read(struct script_line *line, const char *text)
{
    const char *plus = strchr(text, '+');
    char point[64];

    if (!text_copy_len(point, sizeof point, text, plus ? (size_t)(plus - text) : strlen(text)) ||
        !verb_point(point, &line->point) || (plus && !text_duration(plus + 1, &line->time)))
        return false;
    line->has_point = true;
    return true;
}

/* What stands behind `at`: a point, or a time. */
static int instant_read(struct script_reader *r, struct script_line *line)
{
    const struct script_words *w = &r->words;

    if (w->n < 2 || !strchr(w->at[1].text, '.'))
        return script_time_read(r, 1, "at", &line->time);
    return point_read(line, w->at[1].text)
               ? 0
               : script_wrong(&r->place, w->at[1].column,
                              "'%s' is no point; write OPERATION.N.PHASE, with a pause if you "
                              "like, such as allocate.1.done+30m",
                              w->at[1].text);
}

/* The time behind at, by and then; *ret_first is the first word of the verb. */
static int line_time_read(struct script_reader *r, struct script_line *line, size_t *ret_first)
{
    const struct script_words *w = &r->words;
    int bad = 0;

    *ret_first = 1;
    if (line->when == WHEN_AT || line->when == WHEN_BY) {
        bad = line->when == WHEN_AT ? instant_read(r, line)
                                    : script_time_read(r, 1, "by", &line->time);
        *ret_first = 2;
    } else if (line->when == WHEN_THEN && w->n > 1 && w->at[1].text[0] == '+') {
        if (!text_duration(w->at[1].text + 1, &line->time))
            bad = script_wrong(&r->place, w->at[1].column,
                               "'%s' is no pause; write one such as +5m", w->at[1].text);
        *ret_first = 2;
    }
    if (bad == 0 && *ret_first >= w->n)
        bad = script_wrong(&r->place, w->end_column,
                           "the line ends too early; write what '%s' is "
                           "about",
                           when_name(line->when));
    return bad;
}

/* What can only be said knowing the lines above. */
static int line_place_check(struct script_reader *r, const struct script_line *line)
{
    const int column = r->words.at[0].column;

    if (text_is(line->verb->id, "site.shape") && *script_site(r->s, line->verb->id, 0, "") != '\0')
        return script_wrong(&r->place, column,
                            "a second shape; remove one, or write over SHAPE nat direct and site "
                            "shape SHAPE");

    if (line->when == WHEN_THEN && !r->has_by)
        return script_wrong(&r->place, column,
                            "'then' has no 'by' above it; write 'at TIME', or a 'by' line first");
    if (line->has_point && line->verb->kind != VERB_ACT)
        return script_wrong(&r->place, r->words.at[1].column,
                            "only an act can be done at a point; write 'at TIME' for a fact");
    if ((line->when == WHEN_AT || line->when == WHEN_BY) && !line->has_point &&
        line->time < r->last_at)
        return script_wrong(&r->place, column,
                            "this time lies before the 'at' line above; put the lines in order "
                            "of time");
    if (line->suffix != SUFFIX_NONE && line->verb->kind != VERB_FACT)
        return script_wrong(&r->place, column,
                            "only a fact can end in before, after or while; "
                            "remove it");
    if (line->n_rules > 0 && (line->verb->kind != VERB_FACT || line->when == WHEN_PREMISE))
        return script_wrong(&r->place, column,
                            "only a fact can decide a rule, and a premise decides none; move the "
                            "tag to a fact");
    if (line->when == WHEN_AT && !line->has_point)
        r->last_at = line->time;
    r->has_by = r->has_by || line->when == WHEN_BY;
    return 0;
}

/* --- two facts with `or` between
 * ------------------------------------------------------------------
 */

static int or_read(struct script_reader *r, size_t at, struct script_line *line)
{
    struct script_line *other = &r->s->ors[r->s->n_ors];
    int bad;

    if (r->s->n_ors == SCRIPT_ORS_MAX)
        return script_wrong(&r->place, r->words.at[at].column, "more than %d facts with 'or'",
                            SCRIPT_ORS_MAX);
    *other = *line;
    bad = script_match(&r->place, &r->words, at + 1, line->when, other);
    if (bad == 0 && other->verb->kind != VERB_FACT)
        bad = script_wrong(&r->place, r->words.at[at].column, "'or' stands between facts");
    line->or_next = ++r->s->n_ors;
    return bad;
}

/* The verb of a line, or of each side of an `or`. */
static int verb_read(struct script_reader *r, size_t first, struct script_line *line)
{
    struct script_words left = r->words;
    size_t at = first;
    int bad;

    while (at < r->words.n && (r->words.at[at].quoted || !text_is(r->words.at[at].text, "or")))
        at++;
    left.n = at;
    if (at < r->words.n)
        left.end_column = r->words.at[at].column;
    bad = script_match(&r->place, &left, first, line->when, line);
    return bad < 0 || at == r->words.n ? bad : or_read(r, at, line);
}

/* Where the story can go on from here: everywhere from a fact that is only judged. */
static unsigned stages_of(const struct script *s, const struct script_line *line)
{
    const bool waited = line->when == WHEN_AT || line->when == WHEN_BY || line->when == WHEN_THEN;
    if (line->verb->kind == VERB_FACT && !waited)
        return BIT(STAGE_COUNT) - 1;
    return line->verb->stages &
           (line->or_next > 0 ? s->ors[line->or_next - 1].verb->stages : BIT(STAGE_COUNT) - 1);
}

static int line_read(struct script_reader *r, enum when when)
{
    struct script *s = r->s;
    struct script_line *line = &s->lines[s->n_lines];
    size_t first = 0;
    int bad;

    if (s->n_lines == SCRIPT_LINES_MAX)
        return script_wrong(&r->place, 1, "more than %d lines; split the story", SCRIPT_LINES_MAX);
    line->number = r->place.number;
    line->when = when;
    bad = script_tags_read(r, line);
    if (bad == 0)
        bad = line_time_read(r, line, &first);
    if (bad < 0)
        return bad;
    line->column = r->words.at[first].column;
    script_join(&r->words, first, r->words.n, line->text, sizeof line->text);
    bad = for_read(r, line);
    if (bad == 0)
        bad = script_suffix_read(r, first, line);
    if (bad == 0)
        bad = verb_read(r, first, line);
    if (bad == 0)
        bad = line_place_check(r, line);
    if (bad < 0)
        return bad;
    r->stages &= stages_of(s, line);
    s->n_lines++;
    return 0;
}

/* --- the file -------------------------------------------------------------------------------- */

/* What follows the over-word: nothing, or the pause in POINT+30m; NULL when it is another word. */
static const char *over_pause(const struct script_word *word, const char *over)
{
    const size_t len = strlen(over);

    if (word->quoted || !text_begins(word->text, over) ||
        (word->text[len] != '\0' && word->text[len] != '+'))
        return NULL;
    return word->text + len;
}

static void words_put_in(struct script_reader *r)
{
    size_t i, k;

    for (i = 0; i < r->words.n; i++)
        for (k = 0; k < r->s->n_over; k++) {
            struct script_word *word = &r->words.at[i];
            const char *pause = over_pause(word, r->s->over[k].word);
            char rest[SCRIPT_WORD_MAX];
            if (!pause || !text_copy(rest, sizeof rest, pause))
                continue;
            r->over_used[k] = true;
            snprintf(word->text, sizeof word->text, "%s%s",
                     r->values ? r->values[k] : r->s->over[k].values[0], rest);
            break;
        }
}

static int first_word_is_wrong(const struct script_reader *r)
{
    const char *names[WHEN_COUNT + SCRIPT_HEADERS + 1] = {NULL}, *nearest;
    const struct script_word *word = &r->words.at[0];
    SCOPED(buf_drop) struct buf all = {0};
    size_t i;

    for (i = 0; i < WHEN_COUNT; i++)
        names[i] = when_names[i];
    for (i = 0; i < SCRIPT_HEADERS; i++)
        names[WHEN_COUNT + i] = script_header_word(i);
    nearest = text_nearest(word->text, names);
    if (nearest)
        return script_wrong(&r->place, word->column, "'%s' is not known here; did you mean '%s'?",
                            word->text, nearest);
    buf_init(&all, KIB(1));
    for (i = 0; names[i]; i++)
        buf_printf(&all, "%s%s", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
    return script_wrong(&r->place, word->column, "a line cannot begin with '%s'; begin with %s",
                        word->text, buf_text(&all));
}

static int any_line_read(struct script_reader *r, const char *text, size_t len)
{
    int bad = script_split(&r->place, text, len, &r->words);
    size_t i;

    if (bad < 0 || r->words.n == 0)
        return bad;
    for (i = 0; i < SCRIPT_HEADERS; i++)
        if (text_is(script_header_word(i), r->words.at[0].text) &&
            text_is(script_header_word(i), "over"))
            return script_header_read(r, i);
    words_put_in(r);
    for (i = 0; i < SCRIPT_HEADERS; i++)
        if (text_is(script_header_word(i), r->words.at[0].text))
            return script_header_read(r, i);
    i = script_index_of(when_names, r->words.at[0].text);
    return i < WHEN_COUNT ? line_read(r, (enum when)i) : first_word_is_wrong(r);
}

static bool line_decides(const struct script_line *line)
{
    return line->verb->kind == VERB_FACT && line->when != WHEN_PREMISE;
}

static int lines_check(struct script_reader *r)
{
    const struct script *s = r->s;
    bool decides = s->n_grades > 0;
    size_t i;

    for (i = 0; i < s->n_lines; i++) {
        const struct script_line *line = &s->lines[i];
        const ms_t until = line->has_for ? line->for_ms : line->time;

        decides = decides || line_decides(line);
        r->place.number = line->number;
        if (until > s->run_ms)
            return script_wrong(&r->place, line->column,
                                "this time lies after the end of the run; write a longer 'run'");
    }
    r->place.number = 1;
    if (!decides)
        return script_wrong(&r->place, 1, "the story decides nothing; write a fact or 'grades'");
    return 0;
}

static struct script_line *prelude_add(struct script *s, const char *verb, const char *text)
{
    struct script_line *act = &s->prelude[s->n_prelude];

    *act = (struct script_line){.number = SCRIPT_PRELUDE_FIRST + (int)s->n_prelude++,
                                .when = WHEN_AT,
                                .verb = verb_find(verb)};
    (void)text_copy(act->text, sizeof act->text, text);
    return act;
}

/* Palette's own gateway, where the story needs it, and the account on it. */
static void prelude_system(struct script *s)
{
    const char *account = script_site(s, "site.account", 0, "");
    struct outfit o;

    outfit_read(s, &o);
    if (!o.has_system)
        return;
    text_copy(prelude_add(s, "system.act", "system gateway starts")->args[0], SCRIPT_WORD_MAX,
              "starts");
    s->prelude[0].n_args = 1;
    if (*account != '\0') {
        struct script_line *act = prelude_add(s, "user.registers-account-toggle", "");

        snprintf(act->text, sizeof act->text, "user registers account %.100s toggle on", account);
        act->n_args = 2;
        text_copy(act->args[0], SCRIPT_WORD_MAX, account);
        text_copy(act->args[1], SCRIPT_WORD_MAX, "on");
    }
}

/* Each `site cluster` becomes the user's act, after an install or on the system gateway's account.
 */
static int prelude_make(struct script_reader *r)
{
    const bool on_system = script_has_site(r->s, "site.account");
    struct script *s = r->s;
    bool installed = on_system;
    size_t i;

    prelude_system(s);
    for (i = 0; i < s->n_lines; i++) {
        const struct script_line *line = &s->lines[i];
        struct script_line *act;

        if (!text_is(line->verb->id, "site.cluster"))
            continue;
        r->place.number = line->number;
        if (s->n_prelude == SCRIPT_PRELUDE_MAX)
            return script_wrong(&r->place, line->column, "more than %d clusters before the run",
                                SCRIPT_PRELUDE_MAX - 1);
        if (!installed)
            (void)prelude_add(s, "gateway.installs", "gateway installs");
        installed = true;
        act = prelude_add(s, "user.creates-cluster", "");
        snprintf(act->text, sizeof act->text, "user creates %.200s", line->text);
        act->n_args = line->n_args;
        memcpy(act->args, line->args, sizeof act->args);
    }
    return 0;
}

static int whole_check(struct script_reader *r)
{
    struct script *s = r->s;
    size_t i;

    r->place.number = 1;
    if (s->title[0] == '\0')
        return script_wrong(&r->place, 1,
                            "the title is missing; write scenario \"What must come true\"");
    if (s->run_ms == 0)
        return script_wrong(&r->place, 1,
                            "'run' is missing; write the longest it may last, such "
                            "as run 1h");
    for (i = 0; i < s->n_over; i++) {
        r->place.number = r->over_lines[i];
        if (!r->over_used[i])
            return script_wrong(&r->place, 1, "%s is used nowhere below; use it or remove the line",
                                s->over[i].word);
    }
    s->stages = r->stages;
    r->place.number = 1;
    if (s->stages == 0)
        return script_wrong(&r->place, 1, "no stage has all of these acts; see the verb reference");
    if (prelude_make(r) < 0)
        return -EINVAL;
    return lines_check(r);
}

static int name_read(const char *path, char *out, size_t size, struct err *e)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const size_t len = strlen(base) - (text_ends(base, ".scn") ? 4 : 0);

    if (!text_copy_len(out, size, base, len))
        return err_set(e, -EINVAL, "%s: the file's name is longer than %zu bytes; shorten it", path,
                       size - 1);
    return 0;
}

static int file_read(struct script_reader *r, const char *text)
{
    const char *line = text;

    if (strlen(text) > SCRIPT_TEXT_MAX)
        return err_set(r->place.e, -EINVAL, "%s: larger than %zu bytes; split the story",
                       r->place.file, (size_t)SCRIPT_TEXT_MAX);
    for (r->place.number = 1; *line; r->place.number++) {
        const size_t len = strcspn(line, "\n");
        const int bad = any_line_read(r, line, len);
        if (bad < 0)
            return bad;
        line += len + (line[len] == '\n');
    }
    return whole_check(r);
}

int script_read(const char *name, const char *text, const char *const *values, struct script *ret,
                struct err *e)
{
    struct script_reader *r = calloc(1, sizeof *r);
    struct script *s = calloc(1, sizeof *s);
    int bad;

    if (!r || !s)
        WRONG("no memory");
    *r = (struct script_reader){.place = {.file = name, .e = e},
                                .s = s,
                                .values = values,
                                .last_at = -1,
                                .stages = (unsigned)(BIT(STAGE_COUNT) - 1)};
    bad = name_read(name, s->name, sizeof s->name, e);
    if (bad == 0)
        bad = file_read(r, text);
    if (bad == 0)
        *ret = *s;
    free(s);
    free(r);
    return bad;
}

bool script_values(const struct script *s, size_t i, const char *ret[SCRIPT_OVER_MAX])
{
    size_t k = s->n_over;

    while (k-- > 0) { /* the last `over` turns fastest */
        ret[k] = s->over[k].values[i % s->over[k].n];
        i /= s->over[k].n;
    }
    return i == 0;
}

const char *script_site(const struct script *s, const char *verb_id, size_t arg,
                        const char *fallback)
{
    size_t i;

    for (i = 0; i < s->n_lines; i++)
        if (s->lines[i].when == WHEN_SITE && text_is(s->lines[i].verb->id, verb_id))
            return arg < s->lines[i].n_args ? s->lines[i].args[arg] : fallback;
    return fallback;
}

bool script_uses(const struct script *s, const char *verb)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (s->lines[i].verb && text_is(s->lines[i].verb->id, verb))
            return true;
    return false;
}

bool script_has_site(const struct script *s, const char *verb_id)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (s->lines[i].when == WHEN_SITE && text_is(s->lines[i].verb->id, verb_id))
            return true;
    return false;
}
