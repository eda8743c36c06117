/* `gateproof explain STORY`: what decides how the story ends, and its lines as they are written, so
 * that nothing of them is lost on the way. */
#include "scenarios/engine/commands_private.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_script(struct script **s)
{
    free(*s);
}

static bool is_known(const struct buf *rules, const char *rule)
{
    const char *at = strstr(buf_text(rules), rule);

    return at && strspn(at + strlen(rule), "0123456789") == 0;
}

static void rule_add(struct buf *rules, const char *rule)
{
    if (!is_known(rules, rule))
        buf_printf(rules, "%s%s", rules->len > 0 ? " " : "", rule);
}

static void rules_list(struct buf *out, const struct script *s)
{
    for (size_t i = 0; i < s->n_lines; i++)
        for (size_t k = 0; k < s->lines[i].n_rules; k++)
            rule_add(out, s->lines[i].rules[k]);
    for (size_t i = 0; i < s->n_grades; i++)
        rule_add(out, s->grades[i]);
}

static size_t runs_of(const struct script *s)
{
    size_t n = 1;

    for (size_t i = 0; i < s->n_over; i++)
        n *= s->over[i].n;
    return n;
}

/* --- the header, as what it means --------------------------------------------------------------
 */

static void over_write(struct buf *out, const struct script *s)
{
    for (size_t i = 0; i < s->n_over; i++) {
        buf_printf(out, "  over     %s:", s->over[i].word);
        for (size_t k = 0; k < s->over[i].n; k++)
            buf_printf(out, " %s", s->over[i].values[k]);
        buf_text_add(out, "\n");
    }
    if (s->n_over > 0)
        buf_printf(out, "           %zu runs, one for each%s; the story fails if one does\n",
                   runs_of(s), s->n_over > 1 ? " combination" : " value");
}

static void expect_write(struct buf *out, const struct script *s)
{
    static const char *const means[] = {
        [EXPECT_PASS] = "pass",
        [EXPECT_FAIL] = "fail: it must end red, and only what it says of the harness (H-n) counts",
        [EXPECT_VACUOUS] =
            "vacuous: it must not get to the point, and only what it says of the harness (H-n) "
            "counts",
        [EXPECT_INCONCLUSIVE] =
            "inconclusive: its evidence must not do, and only what it says of the harness (H-n) "
            "counts"};

    buf_printf(out, "  expect   %s\n", means[s->expect]);
}

static void stages_write(struct buf *out, const struct script *s)
{
    buf_text_add(out, "  stages  ");
    for (int i = 0; i < STAGE_COUNT; i++)
        if (s->stages & BIT(i))
            buf_printf(out, " %s", stage_name((enum stage_id)i));
    if (*s->wall_skip != '\0')
        buf_printf(out, "\n  wall     not played on clock wall: %s\n", s->wall_skip);
    else
        buf_printf(out, "\n  wall     factor %d\n",
                   s->wall_factor > 0 ? s->wall_factor : RUN_WALL_FACTOR);
}

static void header_write(struct buf *out, const struct script *s)
{
    SCOPED(buf_drop) struct buf rules = {0};
    char span[24];

    buf_init(&rules, KIB(4));
    rules_list(&rules, s);
    text_duration_write(s->run_ms, span, sizeof span);
    buf_printf(out, "%s\n  \"%s\"\n\n  grades   %s\n", s->name, s->title, buf_text(&rules));
    expect_write(out, s);
    over_write(out, s);
    stages_write(out, s);
    buf_printf(out, "  run      %s at most\n", span);
}

/* --- its lines ------------------------------------------------------------------------------- */

static bool is_line(const struct script *s, int number)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (s->lines[i].number == number)
            return true;
    return false;
}

static void lines_write(struct buf *out, const struct script *s, const char *text)
{
    for (int number = 1; *text != '\0'; number++) {
        const size_t len = strcspn(text, "\n");

        if (is_line(s, number))
            buf_printf(out, "  %.*s\n", (int)(len - (len > 0 && text[len - 1] == '\r')), text);
        text += len + (text[len] == '\n');
    }
}

/* The word of `over` that stands for the shape; NULL: all runs have the same. */
static const struct script_over *shapes_of(const struct script *s, const char *text)
{
    for (size_t i = 0; i < s->n_over; i++) {
        char line[64];

        snprintf(line, sizeof line, "shape %s", s->over[i].word);
        if (strstr(text, line))
            return &s->over[i];
    }
    return NULL;
}

static int topology_write(const struct command_call *c, const struct script *s, const char *text,
                          struct buf *out, struct err *e)
{
    const struct script_over *over = shapes_of(s, text);
    const char *shape = script_site(s, "site.shape", 0, "nat");
    int code;

    if (over)
        buf_printf(out, "\n  topology %s: this is %s, `gateproof lab show` draws the other %zu\n\n",
                   over->word, shape, over->n - 1);
    else
        buf_printf(out, "\n  topology %s\n\n", shape);
    code = command_lab_print(c, shape, out, e);
    buf_text_add(out, "\n");
    return code;
}

int command_explain_story(const struct command_call *c, const char *name, struct err *e)
{
    SCOPED(free_script) struct script *s = calloc(1, sizeof *s);
    SCOPED(buf_drop) struct buf text = {0}, out = {0};
    char path[1200];
    int code;

    if (s == NULL)
        WRONG("out of memory");
    snprintf(path, sizeof path, "%s/stories/%s.scn", c->data, name);
    buf_init(&text, SCRIPT_TEXT_MAX);
    buf_init(&out, KIB(128));
    code = story_load(c->data, name, NULL, s, e);
    if (code == 0)
        code = file_read(path, &text, e);
    if (code < 0)
        return code;
    header_write(&out, s);
    code = topology_write(c, s, buf_text(&text), &out, e);
    if (code < 0)
        return code;
    lines_write(&out, s, buf_text(&text));
    buf_printf(&out, "\n  run it: gateproof run %s", s->name);
    command_again_options(c, &out);
    buf_text_add(&out, "\n");
    return command_print(&out);
}
