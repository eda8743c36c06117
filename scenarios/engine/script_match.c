/* Words against the rows of the verb table. The row that came furthest says what was expected, so
 * that the table is parser and error message in one. */
#include "scenarios/engine/script_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define EXPECTED_TOLD_MAX 16 /* of more words only the nearest are told … */
#define EXPECTED_NEAR     4  /* … so many of them */
#define EXPECTED_MAX      96 /* words that could have stood at the furthest place */

struct expected {
    size_t at; /* index of the word where the best rows gave up */
    size_t n;
    const char *words[EXPECTED_MAX + 1]; /* ends with NULL; literals live in `texts` */
    char texts[EXPECTED_MAX][32];
    size_t n_texts;
    const struct verb_place *place; /* one that has no list of words */
    bool end;                       /* the line could have ended there */
};

static const struct verb_place *place_find(const char *form_word)
{
    const size_t len = strlen(form_word);
    size_t i;

    for (i = 0; i < n_verb_places; i++)
        if (strlen(verb_places[i].name) == len - 2 &&
            memcmp(verb_places[i].name, form_word + 1, len - 2) == 0)
            return &verb_places[i];
    WRONG("a verb's form names a place that is not in verb_places");
}

static bool expected_is_new(struct expected *x, size_t at)
{
    if (at < x->at)
        return false;
    if (at > x->at)
        *x = (struct expected){.at = at};
    return true;
}

static void expect_word(struct expected *x, size_t at, const char *word, size_t len)
{
    size_t i;

    if (!expected_is_new(x, at) || x->n == EXPECTED_MAX)
        return;
    for (i = 0; i < x->n; i++)
        if (strlen(x->words[i]) == len && memcmp(x->words[i], word, len) == 0)
            return;
    if (!text_copy_len(x->texts[x->n_texts], sizeof x->texts[0], word, len))
        WRONG("a verb's form holds too long a word");
    x->words[x->n++] = x->texts[x->n_texts++];
}

static void expect_place(struct expected *x, size_t at, const struct verb_place *place)
{
    const char *const *word;

    if (!expected_is_new(x, at))
        return;
    if (!place->words || place->fits)
        x->place = place;
    for (word = place->words; word && *word; word++)
        expect_word(x, at, *word, strlen(*word));
}

static bool place_fits(const struct verb_place *place, const char *text)
{
    const char *const *word;

    if (place->words) {
        for (word = place->words; *word; word++)
            if (text_is(*word, text))
                return true;
        return place->fits && place->fits(text);
    }
    return !place->fits || place->fits(text);
}

struct row { /* one row being tried */
    const struct script_words *w;
    size_t at;
    struct script_line *line;
    struct expected *x;
};

static bool arg_add(struct row *r, const char *text)
{
    struct script_line *line = r->line;

    assert(line->n_args < SCRIPT_ARGS_MAX);
    return text_copy(line->args[line->n_args++], SCRIPT_WORD_MAX, text);
}

static void try_optional(struct row *r, const char *word, size_t len)
{
    const bool there = r->at < r->w->n && strlen(r->w->at[r->at].text) == len &&
                       memcmp(r->w->at[r->at].text, word, len) == 0;

    if (!there)
        expect_word(r->x, r->at, word, len);
    (void)arg_add(r, there ? r->w->at[r->at].text : "");
    r->at += there;
}

static bool try_place(struct row *r, const char *form_word)
{
    const struct verb_place *place = place_find(form_word);

    if (r->at == r->w->n || !place_fits(place, r->w->at[r->at].text)) {
        expect_place(r->x, r->at, place);
        return false;
    }
    if (place->is_rest) {
        char rest[SCRIPT_WORD_MAX];
        script_join(r->w, r->at, r->w->n, rest, sizeof rest);
        r->at = r->w->n;
        return arg_add(r, rest);
    }
    return arg_add(r, r->w->at[r->at++].text);
}

static bool try_word(struct row *r, const char *form_word)
{
    if (r->at < r->w->n && text_is(r->w->at[r->at].text, form_word)) {
        r->at++;
        return true;
    }
    expect_word(r->x, r->at, form_word, strlen(form_word));
    return false;
}

static bool try_row(const struct script_words *w, size_t first, const struct verb *verb,
                    struct script_line *line, struct expected *x)
{
    struct row r = {.w = w, .at = first, .line = line, .x = x};
    const char *cursor = verb->form;
    char form_word[32];

    line->n_args = 0;
    while (text_next(&cursor, ' ', form_word, sizeof form_word)) {
        if (form_word[0] == '[')
            try_optional(&r, form_word + 1, strlen(form_word) - 2);
        else if (!(form_word[0] == '{' ? try_place(&r, form_word) : try_word(&r, form_word)))
            return false;
    }
    if (r.at < w->n) {
        if (expected_is_new(x, r.at))
            x->end = true;
        return false;
    }
    line->verb = verb;
    return true;
}

/* "'a', 'b' or a count: …". Nobody reads forty words: of many only those nearest to what stands
 * there. */
static void expected_write(const struct expected *x, const char *near_to, char *out, size_t size)
{
    const bool all = x->n <= EXPECTED_TOLD_MAX;
    const char *near[EXPECTED_NEAR];
    const char *const *told = all || *near_to == '\0' ? x->words : near;
    const size_t n = all ? x->n : text_nearest_first(near_to, x->words, near, EXPECTED_NEAR);
    struct buf text;

    buf_init(&text, size - 1);
    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%s'%s'", i == 0 ? "" : i + 1 == n && !x->place ? " or " : ", ", told[i]);
    if (x->place)
        buf_printf(&text, "%s%s", x->n > 0 ? " or " : "", x->place->what);
    if (!all)
        buf_printf(&text, "; docs/stories.md lists all %zu words", x->n);
    (void)text_copy(out, size, buf_text(&text));
    buf_drop(&text);
}

static bool is_rules_name(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= 2 && strchr(text, '-') &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") == strlen(text);
}

/* As an over-word is written. */
static bool is_capitals(const char *text)
{
    return strlen(text) > 1 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

/* What somebody meant who goes on where a line is over; false: no idea. */
static bool hint_write(const struct script_words *w, size_t at, char *out, size_t size)
{
    const struct script_word *word = &w->at[at];
    const char *next = at + 1 < w->n ? w->at[at + 1].text : "mended";
    const bool event = text_is(word->text, "after") || text_is(word->text, "before") ||
                       text_is(word->text, "while");

    if (event)
        snprintf(out, size, "'%s' wants what happens in quotes; write %s \"%.40s\"", word->text,
                 word->text, next[0] == '[' ? "mended" : next);
    else if (text_is(word->text, "for"))
        snprintf(out, size, "'for' wants a time; write one such as for 30m");
    else if (is_rules_name(word->text))
        snprintf(out, size, "a rule stands in brackets; write [%.20s]", word->text);
    return event || text_is(word->text, "for") || is_rules_name(word->text);
}

static int no_row(const struct script_place *p, const struct script_words *w,
                  const struct expected *x)
{
    const struct script_word *word = &w->at[x->at];
    const char *nearest;
    char list[400];

    expected_write(x, x->at == w->n ? "" : word->text, list, sizeof list);
    if (x->at == w->n)
        return script_wrong(p, w->end_column, "the line ends too early; write %s", list);
    nearest = text_nearest(word->text, x->words);
    if (!nearest && x->place && text_is(x->place->name, "event") &&
        verb_event_near(word->text, false, list, sizeof list))
        nearest = list;
    if (nearest)
        return script_wrong(p, word->column, "'%s' is not known here; did you mean '%s'?",
                            word->text, nearest);
    if (is_capitals(word->text))
        return script_wrong(p, word->column,
                            "'%s' stands for values and has none; write 'over %s VALUE…' above",
                            word->text, word->text);
    if (x->end && hint_write(w, x->at, list, sizeof list))
        return script_wrong(p, word->column, "%s", list);
    if (x->end)
        return script_wrong(p, word->column, "nothing can follow '%s' here; remove '%s'",
                            w->at[x->at - 1].text, word->text);
    return script_wrong(p, word->column, "'%s' does not fit here; write %s", word->text, list);
}

/* What a line of each WHEN may say, and what to write when it says something else. */
static const struct when_rule {
    unsigned kinds;
    const char *wants;
} when_rules[WHEN_COUNT] = {
    [WHEN_SITE] = {BIT(VERB_SITE), "what is there before the run"},
    [WHEN_AT] = {BIT(VERB_ACT) | BIT(VERB_FACT), "an act, or a fact that is true at that instant"},
    [WHEN_BY] = {BIT(VERB_FACT), "a fact"},
    [WHEN_THEN] = {BIT(VERB_ACT), "an act"},
    [WHEN_NEVER] = {BIT(VERB_FACT), "a fact"},
    [WHEN_ALWAYS] = {BIT(VERB_FACT), "a fact"},
    [WHEN_END] = {BIT(VERB_FACT), "a fact"},
    [WHEN_PREMISE] = {BIT(VERB_FACT), "a fact"},
};

static int wrong_kind(const struct script_place *p, const struct script_words *w, size_t first,
                      enum when when, enum verb_kind kind)
{
    static const char *const kinds[] = {
        [VERB_SITE] = "part of the site", [VERB_ACT] = "an act", [VERB_FACT] = "a fact"};
    static const char *const begins[] = {
        [VERB_SITE] = "site", [VERB_ACT] = "at TIME", [VERB_FACT] = "by TIME"};
    char words[200];

    script_join(w, first, w->n, words, sizeof words);
    return script_wrong(p, w->at[first].column, "'%s' is %s and '%s' wants %s; write '%s %s'",
                        words, kinds[kind], when_name(when), when_rules[when].wants, begins[kind],
                        words);
}

int script_match(const struct script_place *p, const struct script_words *w, size_t first,
                 enum when when, struct script_line *ret)
{
    struct expected x = {.at = first}, ignored = {.at = 0};
    struct script_line other;
    size_t i;

    for (i = 0; i < n_verbs; i++)
        if ((when_rules[when].kinds & BIT(verbs[i].kind)) && try_row(w, first, &verbs[i], ret, &x))
            return 0;
    for (i = 0; i < n_verbs; i++)
        if (try_row(w, first, &verbs[i], &other, &ignored))
            return wrong_kind(p, w, first, when, verbs[i].kind);
    return no_row(p, w, &x);
}
