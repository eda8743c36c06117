/* The sentences of the architecture page, and which rules rest on each. */
#include "scenarios/judge/sentences.h"

#include "lib/base/text.h"

#include <string.h>

const struct sentence sentences[] = {
#include "scenarios/judge/sentences.inc"
};
const size_t n_sentences = COUNTOF(sentences);

const char *sentence_class_name(enum sentence_class c)
{
    static const char *const names[SENTENCE_CLASSES] = {[SENTENCE_GRADED] = "graded",
                                                        [SENTENCE_PREMISE] = "premise",
                                                        [SENTENCE_INFORMATIVE] = "informative",
                                                        [SENTENCE_UNTESTABLE] = "untestable"};

    return names[c];
}

bool sentence_grounds(const struct sentence *s, const char *rule)
{
    const char *list = s->rules;
    char word[16];

    while (text_next(&list, ' ', word, sizeof word))
        if (text_is(word, rule))
            return true;
    return false;
}

/* --- places --------------------------------------------------------------------------------- */

struct span {
    int64_t first, last;
};

/* "L20-21" or "L20", blanks before it allowed. */
static bool span_read(const char *word, struct span *ret)
{
    char number[8];

    word += strspn(word, " ");
    if (*word++ != 'L' || !text_next(&word, '-', number, sizeof number) ||
        !text_int(number, 1, INT32_MAX, &ret->first))
        return false;
    ret->last = ret->first;
    return *word == '\0' || text_int(word + 1, ret->first, INT32_MAX, &ret->last);
}

static bool meets(struct span one, const char *list)
{
    struct span other;
    char word[24];

    while (text_next(&list, ',', word, sizeof word))
        if (span_read(word, &other) && one.first <= other.last && other.first <= one.last)
            return true;
    return false;
}

bool sentence_places_meet(const char *a, const char *b)
{
    struct span one;
    char word[24];

    while (text_next(&a, ',', word, sizeof word))
        if (span_read(word, &one) && meets(one, b))
            return true;
    return false;
}

/* --- words ---------------------------------------------------------------------------------- */

void sentences_write(struct buf *out)
{
    for (size_t i = 0; i < n_sentences; i++) {
        const struct sentence *s = &sentences[i];

        buf_printf(out, "%-8s %-11s %s  %s\n", s->lines, sentence_class_name(s->is), s->digest,
                   s->text);
        if (*s->rules)
            buf_printf(out, "  rules: %s\n", s->rules);
        if (*s->reading)
            buf_printf(out, "  read as: %s\n", s->reading);
        if (*s->unseen)
            buf_printf(out, "  cannot be seen: %s\n", s->unseen);
    }
}

/* A bar would end the cell, and the page's links lead nowhere from here. */
static void cell_add(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_char_add(out, '\\');
        buf_char_add(out, *text);
        if (*text == ']' && text[1] == '(')
            buf_char_add(out, ' ');
    }
}

void sentences_markdown(struct buf *out)
{
    buf_text_add(out, "| lines | sentence | class | rules | reading, and what cannot be seen |\n"
                      "|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_sentences; i++) {
        const struct sentence *s = &sentences[i];

        buf_printf(out, "| %s | ", s->lines + 1);
        cell_add(out, s->text);
        buf_printf(out, " | %s | %s | %s%s%s%s |\n", sentence_class_name(s->is), s->rules,
                   s->reading, *s->reading && *s->unseen ? " " : "",
                   *s->unseen ? "Cannot be seen: " : "", s->unseen);
    }
}
