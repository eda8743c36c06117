/* `gateproof explain` and `gateproof rules`: the catalogue on a screen. */
#include "scenarios/report/words.h"

#include "scenarios/judge/rules.h"
#include "scenarios/judge/sentences.h"

#include <stdio.h>
#include <string.h>

static void paragraph(struct buf *out, const char *title, const char *text, int width)
{
    if (!text[0])
        return;
    buf_printf(out, "\n%s\n  ", title);
    words_wrap(out, text, 2, width);
    buf_char_add(out, '\n');
}

static void state_paragraph(struct buf *out, const struct rule *r, int width)
{
    char text[256];

    snprintf(text, sizeof(text), "%s%s%s", rule_state_name(r->state), r->state_why[0] ? ": " : "",
             r->state_why);
    paragraph(out, "State", text, width);
}

/* What the architecture page says that the rule is read out of. */
static void page_paragraph(struct buf *out, const char *rule, int width)
{
    const char *title = "\nThe architecture page says\n";

    for (size_t i = 0; i < n_sentences; i++) {
        const struct sentence *s = &sentences[i];
        struct buf text SCOPED(buf_drop) = {0};

        if (!sentence_grounds(s, rule))
            continue;
        buf_init(&text, KIB(4));
        buf_printf(&text, "%s: \"%s\" %s%s%s", s->lines, s->text, s->reading,
                   *s->unseen ? " Cannot be seen: " : "", s->unseen);
        buf_printf(out, "%s  ", title);
        words_wrap(out, buf_text(&text), 4, width);
        buf_char_add(out, '\n');
        title = "";
    }
}

static void rule_page(struct buf *out, const struct rule *r, int width)
{
    buf_printf(out, "%s  %s, %s", r->id, rule_level_name(r->level), rule_ground_name(r->ground));
    buf_printf(out, "%s%s\n\n  ", r->seed[0] ? ", architecture page " : "", r->seed);
    words_wrap(out, r->sentence, 2, width);
    buf_char_add(out, '\n');
    page_paragraph(out, r->id, width);
    paragraph(out, "Why", r->why, width);
    paragraph(out, "Who is bound", r->bound, width);
    paragraph(out, "A bad one would", r->bad, width);
    paragraph(out, "What the judge looks at", r->law, width);
    paragraph(out, "How we read an open point", r->reading, width);
    paragraph(out, "When it fails", r->remedy, width);
    paragraph(out, "Clauses of the gateway profile", r->clauses, width);
    paragraph(out, "Evidence", r->channels, width);
    state_paragraph(out, r, width);
}

static void promise_page(struct buf *out, const struct promise *p, int width)
{
    buf_printf(out, "%s\n\n  ", p->id);
    words_wrap(out, p->sentence, 2, width);
    buf_char_add(out, '\n');
    paragraph(out, "What the judge looks at", p->law, width);
    paragraph(out, "When it fails", p->remedy, width);
    paragraph(out, "Clauses of the gateway profile", p->clauses, width);
}

/* The section of a mistyped rule is a better hint than any edit distance: "REG-9" is near REG-1. */
static const struct rule *same_section(const char *id)
{
    size_t len = strcspn(id, "-");

    for (size_t i = 0; i < n_rules; i++)
        if (len >= 2 && strncasecmp(rules[i].id, id, len) == 0)
            return &rules[i];
    return NULL;
}

bool explain_rule(struct buf *out, const char *id, int width)
{
    const struct rule *rule = rule_find(id), *near = same_section(id);
    const struct promise *promise = promise_find(id);

    if (rule)
        rule_page(out, rule, words_width(width));
    else if (promise)
        promise_page(out, promise, words_width(width));
    else
        buf_printf(out, "no rule '%.40s'; `gateproof rules` lists them%s%s%s\n", id,
                   near ? ", `gateproof explain " : "", near ? near->id : "",
                   near ? "` is the first of its section" : "");
    return rule || promise;
}

void explain_list(struct buf *out, bool colour)
{
    static const char *const colours[] = {
        [RULE_GRADED] = "\033[32m", [RULE_PLANNED] = "\033[33m", [RULE_UNTESTABLE] = "\033[36m"};

    for (size_t i = 0; i < n_rules; i++) {
        const struct rule *r = &rules[i];

        buf_printf(out, "%-6s %-7s%s%-11s%s", r->id, rule_level_name(r->level),
                   colour ? colours[r->state] : "", rule_state_name(r->state),
                   colour ? "\033[0m" : "");
        words_wrap(out, r->sentence, 25, words_width(0));
        buf_char_add(out, '\n');
    }
    for (size_t i = 0; i < n_promises; i++) {
        buf_printf(out, "%-6s %-7s%-11s", promises[i].id, "MUST", "harness");
        words_wrap(out, promises[i].sentence, 25, words_width(0));
        buf_char_add(out, '\n');
    }
}
