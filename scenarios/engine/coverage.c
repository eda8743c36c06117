#include "scenarios/engine/coverage.h"

#include "lib/base/text.h"
#include "scenarios/engine/run.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/rogues.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/sentences.h"
#include "scenarios/report/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX   80
#define STORIES_MAX KIB(2) /* numbers of a rule's stories, as text */
#define LABEL       "%-10s"

struct coverage {
    char stories[RULES_MAX][STORIES_MAX]; /* in the rules' order; a bracket: by law alone */
    size_t n_graded;
};

static bool is_tagged(const struct script *s, const char *rule)
{
    for (size_t i = 0; i < s->n_lines; i++)
        for (size_t k = 0; k < s->lines[i].n_rules; k++)
            if (text_is(s->lines[i].rules[k], rule))
                return true;
    return false;
}

static bool is_named(const struct script *s, const char *rule)
{
    for (size_t i = 0; i < s->n_grades; i++)
        if (text_is(s->grades[i], rule))
            return true;
    return false;
}

/* A story that is meant to end otherwise than green grades the harness, not the gateway. */
static void story_take(struct coverage *c, const struct script *s)
{
    for (size_t i = 0; i < n_rules && s->expect == EXPECT_PASS; i++) {
        const bool tagged = is_tagged(s, rules[i].id);
        const size_t len = strlen(c->stories[i]);

        if (tagged || is_named(s, rules[i].id))
            snprintf(c->stories[i] + len, STORIES_MAX - len, tagged ? " %.3s" : " (%.3s)", s->name);
    }
}

static int stories_take(struct coverage *c, const char *data, struct err *e)
{
    struct script *s = calloc(1, sizeof *s);
    char(*names)[64] = NULL;
    size_t n = 0;
    int code = stories_list(data, &names, &n, e);

    if (!s)
        WRONG("out of memory");
    for (size_t i = 0; i < n && code == 0; i++) {
        code = story_load(data, names[i], NULL, s, e);
        if (code == 0)
            story_take(c, s);
    }
    free(names);
    free(s);
    return code;
}

/* --- words ---------------------------------------------------------------------------------- */

static void row(struct buf *out, const char *label, const char *text, int width)
{
    if (*text == '\0')
        return;
    buf_printf(out, "  " LABEL, label);
    words_wrap(out, text, 12, width);
    buf_char_add(out, '\n');
}

static void page_rows(struct buf *out, const char *rule, int width)
{
    const char *label = "page";

    for (size_t i = 0; i < n_sentences; i++) {
        SCOPED(buf_drop) struct buf text = {0};

        if (!sentence_grounds(&sentences[i], rule))
            continue;
        buf_init(&text, KIB(4));
        buf_printf(&text, "%s \"%s\"", sentences[i].lines, sentences[i].text);
        row(out, label, buf_text(&text), width);
        label = "";
    }
}

static void rogues_row(struct buf *out, const char *rule, int width)
{
    SCOPED(buf_drop) struct buf text = {0};

    buf_init(&text, KIB(4));
    for (size_t i = 0; i < n_rogues; i++) {
        const char *list = rogues[i].must;
        char word[16];

        while (text_next(&list, ' ', word, sizeof word))
            if (text_is(word, rule))
                buf_printf(&text, "%s%s in %s", text.len > 0 ? ", " : "", rogues[i].name,
                           rogues[i].story);
    }
    row(out, "rogues", buf_text(&text), width);
}

/* Where a law judges: what the law reads. Where lines alone do: what the catalogue says. */
static void channels_add(struct buf *out, const struct rule *r)
{
    const struct law *law = law_find(r->id);

    buf_text_add(out, "evidence");
    if (!law)
        buf_printf(out, " %s", r->channels);
    for (unsigned i = 0; law && i < LAW_CHANNELS; i++)
        if (law->channels & BIT(i))
            buf_printf(out, " %s", law_channel_name(BIT(i)));
    buf_printf(out, ", %s", law ? "by law and lines" : "by lines of its stories");
}

static void rule_write(struct buf *out, struct coverage *c, size_t i, int width)
{
    const struct rule *r = &rules[i];
    const char *stories = c->stories[i];

    c->n_graded += *stories != '\0';
    buf_printf(out, "%s  %s, %s; ", r->id, rule_level_name(r->level), rule_ground_name(r->ground));
    channels_add(out, r);
    buf_char_add(out, '\n');
    row(out, "rule", r->sentence, width);
    page_rows(out, r->id, width);
    row(out, "stories", *stories ? stories : "none", width);
    rogues_row(out, r->id, width);
}

int coverage_write(struct buf *out, const char *data, int width, struct err *e)
{
    struct coverage *c = calloc(1, sizeof *c);
    size_t n[SENTENCE_CLASSES] = {0};
    int code;

    if (!c)
        WRONG("out of memory");
    assert(n_rules <= RULES_MAX);
    code = stories_take(c, data, e);
    for (size_t i = 0; i < n_rules && code == 0; i++)
        rule_write(out, c, i, words_width(width));
    for (size_t i = 0; i < n_sentences; i++)
        n[sentences[i].is]++;
    buf_printf(out,
               "%zu rules, %zu with a story; a story in brackets grades by law alone\n"
               "%zu sentences of the page:",
               n_rules, c->n_graded, n_sentences);
    for (int k = 0; k < SENTENCE_CLASSES; k++)
        buf_printf(out, "%s %zu %s", k > 0 ? "," : "", n[k],
                   sentence_class_name((enum sentence_class)k));
    buf_char_add(out, '\n');
    free(c);
    return code;
}
