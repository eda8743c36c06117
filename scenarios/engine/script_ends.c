/* What stands at the end of a story's line: tags, and before, after or while with what happens. */
#include "scenarios/engine/script_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- tags ------------------------------------------------------------------------------------ */

#define RULE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_tag(const struct script_word *word)
{
    return word->text[0] == '[' && !word->quoted;
}

/* "REG-2", as far as that can be told without the rules. */
static bool is_rules_name(const char *text)
{
    const char *dash = strchr(text, '-');

    return dash && dash > text && strspn(text, RULE_LETTERS) == (size_t)(dash - text) &&
           dash[1] != '\0' && dash[1 + strspn(dash + 1, "0123456789")] == '\0';
}

/* "[REG-2] [REG-3]" for rules that share a pair of brackets, or have half of one; false: the words
 * from `first` on are something else. */
static bool tags_rewrite(const struct script_words *w, size_t first, struct buf *out)
{
    char words[SCRIPT_WORD_BYTES_MAX], rule[32];
    const char *cursor = words;

    script_join(w, first, w->n, words, sizeof words);
    for (char *at = words; *(at += strcspn(at, ",;[]")) != '\0';)
        *at = ' ';
    while (text_next(&cursor, ' ', rule, sizeof rule)) {
        if (!is_rules_name(rule))
            return false;
        buf_printf(out, "%s[%s]", out->len > 0 ? " " : "", rule);
    }
    return out->len > 0;
}

/* Whoever has two rules in mind writes [REG-2 REG-3] first. */
static int tags_shared_check(const struct script_reader *r)
{
    const struct script_words *w = &r->words;
    SCOPED(buf_drop) struct buf tags = {0};
    size_t first = 0;
    bool shared = false;

    while (first < w->n && !is_tag(&w->at[first]))
        first++;
    for (size_t i = first; i < w->n; i++)
        shared = shared || strpbrk(w->at[i].text, ",;") || strstr(w->at[i].text, "][") ||
                 (i > first && !is_tag(&w->at[i]));
    buf_init(&tags, SCRIPT_WORD_BYTES_MAX);
    if (!shared || !tags_rewrite(w, first, &tags))
        return 0;
    return script_wrong(&r->place, w->at[first].column,
                        "each rule has brackets of its own; write %s", buf_text(&tags));
}

static int tag_read(const struct script_reader *r, const struct script_word *word,
                    struct script_line *line)
{
    const size_t len = strlen(word->text);
    char id[SCRIPT_WORD_BYTES_MAX];

    if (word->text[len - 1] != ']' || len < 3)
        return script_wrong(&r->place, word->column, "'%s' is no tag; write one such as [REG-1]",
                            word->text);
    (void)text_copy_len(id, sizeof id, word->text + 1, len - 2);
    if (text_is_nocase(id, "note"))
        return script_wrong(&r->place, word->column,
                            "no line only warns; tag a rule of level SHOULD (`gateproof rules`), "
                            "or remove the line");
    return script_rule_add(r, word, id, line->rules, &line->n_rules, SCRIPT_RULES_MAX);
}

int script_tags_read(struct script_reader *r, struct script_line *line)
{
    struct script_words *w = &r->words;
    size_t first = w->n, i;
    int bad = tags_shared_check(r);

    while (first > 0 && is_tag(&w->at[first - 1]))
        first--;
    for (i = first; i < w->n && bad == 0; i++)
        bad = tag_read(r, &w->at[i], line);
    w->n = first;
    return bad;
}

/* --- before, after, while ----------------------------------------------------------------------
 */

static const char *const suffix_names[] = {[SUFFIX_NONE] = "or",
                                           [SUFFIX_BEFORE] = "before",
                                           [SUFFIX_AFTER] = "after",
                                           [SUFFIX_WHILE] = "while",
                                           NULL};

/* What is in quotes is not what the word before it wants: says what was meant. */
static int suffix_is_wrong(const struct script_reader *r, const struct script_word *event,
                           bool wants_span)
{
    struct verb_event x;
    char near[96];

    if (verb_event(event->text, &x))
        return script_wrong(&r->place, event->column,
                            wants_span ? "\"%s\" happens at an instant; write after \"%s\""
                                       : "\"%s\" is a span; write while \"%s\"",
                            event->text, event->text);
    if (verb_event_near(event->text, wants_span, near, sizeof near))
        return script_wrong(&r->place, event->column, "\"%s\" is no %s; did you mean \"%s\"?",
                            event->text, wants_span ? "span" : "event", near);
    return script_wrong(&r->place, event->column,
                        wants_span ? "\"%s\" is no span; write one such as \"gateway dead\" "
                                     "(docs/stories.md lists them)"
                                   : "\"%s\" is no event; write one such as \"running c1\" or "
                                     "\"gateway dies\" (docs/stories.md lists them)",
                        event->text);
}

int script_suffix_read(struct script_reader *r, size_t first, struct script_line *line)
{
    struct script_words *w = &r->words;
    const struct script_word *event = &w->at[w->n - 1];
    struct verb_event x;
    size_t suffix;

    if (w->n < first + 3 || !event->quoted || text_is(w->at[first].text, "first") ||
        text_is(w->at[first].text, "every"))
        return 0;
    suffix = script_index_of(suffix_names, w->at[w->n - 2].text);
    if (suffix == SUFFIX_NONE || !suffix_names[suffix])
        return 0;
    if (!verb_event(event->text, &x) || x.is_span != (suffix == SUFFIX_WHILE) ||
        !text_copy(line->event, sizeof line->event, event->text))
        return suffix_is_wrong(r, event, suffix == SUFFIX_WHILE);
    line->suffix = (enum script_suffix)suffix;
    w->n -= 2;
    w->end_column = w->at[w->n].column;
    return 0;
}
