#include "scenarios/report/words.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/judge/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDTH_DEFAULT 100

int words_width(int width)
{
    if (width == 0)
        return WIDTH_DEFAULT;
    return width < REPORT_WIDTH_MIN ? REPORT_WIDTH_MIN : width;
}

/* Characters, not bytes: continuation bytes take no column. */
static int columns(const char *text, size_t len)
{
    int n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* C0, DEL, and C1 as UTF-8 writes them: all of them mean something to a terminal. */
static bool is_control(const char *p)
{
    const unsigned char c = (unsigned char)p[0], d = (unsigned char)p[1];

    return c < ' ' || c == 0x7f || (c == 0xc2 && d < 0xa0);
}

void words_safe(struct buf *out, const char *text, size_t max)
{
    for (size_t n = 0; *text; n++) {
        const size_t len = jx_utf8_len(text);

        if (n == max) {
            buf_text_add(out, "…");
            return;
        }
        if (*text == '\n' || *text == '\t')
            buf_char_add(out, ' ');
        else if (len == 0 || is_control(text))
            buf_char_add(out, '?');
        else
            buf_add(out, text, len);
        text += len > 0 ? len : 1;
    }
}

void words_wrap(struct buf *out, const char *from, int indent, int width)
{
    struct buf safe SCOPED(buf_drop) = {0};
    const char *text;
    int column = indent;
    bool first = true;

    buf_init(&safe, KIB(64));
    words_safe(&safe, from, SIZE_MAX);
    text = buf_text(&safe);
    while (*(text += strspn(text, " \n"))) {
        size_t len = strcspn(text, " \n");
        int n = columns(text, len);

        if (!first && column + 1 + n > width) {
            buf_printf(out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            buf_char_add(out, ' ');
            column++;
        }
        buf_add(out, text, len);
        column += n;
        text += len;
        first = false;
    }
}

void words_row(struct buf *out, const char *label, const char *text, int indent, int width)
{
    const int label_width = 11;

    if (!text[0])
        return;
    buf_printf(out, "%*s%-*s", indent, "", label_width, label);
    words_wrap(out, text, indent + label_width, width);
    buf_char_add(out, '\n');
}

size_t words_order(const char *id)
{
    for (size_t i = 0; i < n_rules; i++)
        if (text_is(rules[i].id, id))
            return i;
    for (size_t i = 0; i < n_promises; i++)
        if (text_is(promises[i].id, id))
            return n_rules + i;
    return n_rules + n_promises;
}

const char *words_sentence(const char *id)
{
    const struct rule *rule = rule_find(id);
    const struct promise *promise = promise_find(id);

    return rule ? rule->sentence : promise ? promise->sentence : "";
}

const struct event *words_event(const struct ev_list *journal, uint64_t seq)
{
    size_t low = 0, high = journal ? journal->n : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct event *e = ev_list_at(journal, middle);

        if (e->seq == seq)
            return e;
        if (e->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void words_number(const char *story, char *out, size_t size)
{
    size_t len = strspn(story, "0123456789");

    text_copy_len(out, size, story, len > 0 ? len : strlen(story));
}

const char *words_expects(enum expect e)
{
    static const enum verdict of[] = {[EXPECT_PASS] = VERDICT_PASS,
                                      [EXPECT_FAIL] = VERDICT_FAIL,
                                      [EXPECT_VACUOUS] = VERDICT_VACUOUS,
                                      [EXPECT_INCONCLUSIVE] = VERDICT_INCONCLUSIVE};

    return verdict_word(of[e]);
}

void words_story(struct buf *out, const struct judgement *j)
{
    words_safe(out, j->story, SIZE_MAX);
    if (j->over[0]) {
        buf_text_add(out, " with ");
        words_safe(out, j->over, SIZE_MAX);
    }
}

void words_again(struct buf *out, const struct report_story *s)
{
    const struct judgement *j = s->judgement;

    buf_printf(out, "gateproof run %s", j->story);
    if (j->stage < STAGE_COUNT)
        buf_printf(out, " --stage %s", stage_name(j->stage));
    if (j->clock < CLOCK_COUNT)
        buf_printf(out, " --clock %s", clock_name(j->clock));
    buf_printf(out, " --seed %" PRIu64, j->seed);
    if (j->over[0])
        buf_printf(out, strchr(j->over, ' ') ? " --over '%s'" : " --over %s", j->over);
    buf_text_add(out, s->options ? s->options : "");
}

static bool is_bare(const char *value)
{
    for (const char *p = value; *p; p++)
        if (jx_utf8_len(p) != 1 || *p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
            return false;
    return *value != '\0';
}

/* Every field as name=value; a value with blanks or nothing in it stands in quotes. */
static void fields_write(struct buf *out, const struct event *e)
{
    for (int f = 0; f < EV_FIELD_COUNT; f++) {
        const char *value = ev_text(e, (enum ev_field)f);

        if (!ev_has(e, (enum ev_field)f))
            continue;
        buf_printf(out, " %s=", ev_field_name((enum ev_field)f));
        if (is_bare(value))
            buf_text_add(out, value);
        else
            jx_write_text(out, value);
    }
}

void report_event(struct buf *out, const struct event *e)
{
    buf_printf(out, "#%-6" PRIu64 " %" PRId64 ".%03" PRId64 "s %s %s", e->seq, e->t / 1000,
               e->t % 1000, ev_src_name(e->src), ev_kind_name(e->kind));
    fields_write(out, e);
}
