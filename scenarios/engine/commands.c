#include "scenarios/engine/commands_private.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/engine/coverage.h"
#include "scenarios/engine/gallery.h"
#include "scenarios/engine/kills.h"
#include "scenarios/engine/lab_draw.h"
#include "scenarios/engine/progress.h"
#include "scenarios/engine/results.h"
#include "scenarios/judge/clauses.h"
#include "scenarios/judge/failures.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/sentences.h"
#include "scenarios/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GATEPROOF_ROGUES
#define GATEPROOF_ROGUES 0 /* 1 in test builds, whose simulator has rogues in it */
#endif

static void free_script(struct script **s)
{
    free(*s);
}

static struct script *script_new(void)
{
    struct script *s = calloc(1, sizeof *s);

    if (s == NULL)
        WRONG("out of memory");
    return s;
}

/* --- run ------------------------------------------------------------------------------------ */

static int exit_of(const struct run *r)
{
    if (!r->fell_back)
        return r->summary.exit_status;
    fflush(stdout); /* the last word, also where both go into one file */
    fprintf(stderr, "\nThe stories ran in the simulator only: %s\n", r->forbidden);
    return r->summary.exit_status;
}

void command_again_options(const struct command_call *c, struct buf *out)
{
    static const char *const names[] = {"gateway", "data", "proxy"};

    for (size_t i = 0; i < COUNTOF(names); i++)
        if (*opt_text(c->o, names[i]) != '\0')
            buf_printf(out, " --%s %s", names[i], opt_text(c->o, names[i]));
}

/* Whether the rogue that was played, if it was one, is caught: the last word on stdout. */
static int rogue_print(const struct run *r, enum results_format format)
{
    SCOPED(buf_drop) struct buf out = {0};

    buf_init(&out, KIB(64));
    if (format == RESULTS_TEXT)
        gallery_say(r, &out);
    return command_print(&out);
}

static int do_run(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf again = {0};
    struct run_options o = {.data = c->data,
                            .bin = c->bin,
                            .gateway = c->gateway,
                            .out = opt_text(c->o, "out"),
                            .stage = opt_text(c->o, "stage"),
                            .clock = opt_text(c->o, "clock"),
                            .proxy = opt_text(c->o, "proxy"),
                            .seed = (uint64_t)opt_int(c->o, "seed"),
                            .jobs = opt_int(c->o, "jobs"),
                            .over = *opt_text(c->o, "over") != '\0' ? opt_text(c->o, "over") : NULL,
                            .keep_packets = opt_flag(c->o, "keep-packets"),
                            .rogue_core = GATEPROOF_ROGUES,
                            .words = c->words,
                            .n_words = c->n_words};
    struct run *r = NULL;
    enum results_format format = RESULTS_TEXT;
    int code = results_format_find(opt_text(c->o, "format"), &format, e);

    buf_init(&again, KIB(4));
    command_again_options(c, &again);
    o.again = buf_text(&again);

    if (code == 0)
        code = run_plan(&o, &r, e);
    if (code == RUN_BY_ROGUES)
        code = gallery_become(c->bin, e);
    if (code == 0)
        code = results_prepare(o.out, e);
    if (code < 0) {
        run_free(r);
        if (code != RUN_FORBIDDEN)
            return code;
        commands_complain(e);
        return EXIT_UNPROVEN;
    }
    code = run_play(r, e);
    /* Green in the simulator proves nothing of the network: the report must say so too. */
    if (code == 0 && r->fell_back && r->summary.exit_status == 0)
        r->summary.exit_status = 2;
    if (code == 0)
        code = results_write(r, format, e);
    if (code == 0)
        code = rogue_print(r, format);
    if (code < 0) {
        /* the harness could not do its work: not a verdict, and not wrong words either */
        commands_complain(e);
        code = EXIT_UNPROVEN;
    } else {
        code = exit_of(r);
    }
    run_free(r);
    return code;
}

static int do_gallery(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};
    const char *stage = opt_text(c->o, "stage");
    struct run_options o = {.data = c->data,
                            .bin = c->bin,
                            .out = opt_text(c->o, "out"),
                            .stage = *stage ? stage : "sim",
                            .clock = opt_text(c->o, "clock"),
                            .seed = (uint64_t)opt_int(c->o, "seed"),
                            .jobs = opt_int(c->o, "jobs"),
                            .rogue_core = GATEPROOF_ROGUES,
                            .again = ""};
    bool caught = false;
    int code;

    buf_init(&out, MIB(1));
    if (text_is(opt_text(c->o, "format"), "markdown")) {
        rogues_markdown(&out);
        return command_print(&out);
    }
    code = gallery_play(&o, c->n_words > 0 ? c->words[0] : NULL, &out, &caught, e);
    if (code == RUN_BY_ROGUES)
        code = gallery_become(c->bin, e);
    command_print(&out);
    if (code != RUN_FORBIDDEN)
        return code < 0 ? code : !caught;
    commands_complain(e);
    return EXIT_UNPROVEN;
}

static int do_kills(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};
    const char *stage = opt_text(c->o, "stage");
    const struct kills_options o = {
        .run = {.data = c->data,
                .bin = c->bin,
                .gateway = c->gateway,
                .out = opt_text(c->o, "out"),
                .stage = *stage ? stage : "sim",
                .clock = "",
                .seed = (uint64_t)opt_int(c->o, "seed"),
                .jobs = opt_int(c->o, "jobs"),
                .over = *opt_text(c->o, "over") != '\0' ? opt_text(c->o, "over") : NULL,
                .again = "",
                .words = c->words,
                .n_words = c->n_words},
        .depth = opt_int(c->o, "depth"),
        .each = opt_int(c->o, "each"),
        .repeats = opt_int(c->o, "repeats"),
        .sample = opt_int(c->o, "sample"),
        .every = opt_int(c->o, "every"),
        .at = opt_text(c->o, "at")};
    bool balanced = false;
    int code;

    buf_init(&out, MIB(1));
    code = kills_play(&o, &out, &balanced, e);
    command_print(&out);
    if (code == RUN_FORBIDDEN)
        commands_complain(e);
    return code == RUN_FORBIDDEN ? EXIT_UNPROVEN : code < 0 ? code : !balanced;
}

/* --- list, rules, explain, lab -------------------------------------------------------------- */

static void story_line(struct buf *out, const struct script *s, bool markdown)
{
    buf_printf(out, markdown ? "| %s | %s | " : "%-34s %s  ", s->name, s->title);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        if ((s->stages & BIT(i)) != 0)
            buf_printf(out, "%s ", stage_name((enum stage_id)i));
    buf_text_add(out, markdown ? "|\n" : "\n");
}

static int do_list(const struct command_call *c, struct err *e)
{
    SCOPED(free_script) struct script *s = script_new();
    SCOPED(buf_drop) struct buf out = {0};
    const bool markdown = text_is(opt_text(c->o, "format"), "markdown");
    char(*names)[64] = NULL;
    size_t n = 0;
    int code = stories_list(c->data, &names, &n, e);

    buf_init(&out, MIB(1));
    if (markdown)
        buf_text_add(&out, "# Stories\n\nMade from `scenarios/stories` and the verb table; "
                           "`ci/check-docs` holds it against them. [How to write one](#writing-a-"
                           "story) stands below the list.\n\n| story | claim | stages "
                           "|\n|---|---|---|\n");
    for (size_t i = 0; i < n && code == 0; i++) {
        code = story_load(c->data, names[i], NULL, s, e);
        if (code == 0)
            story_line(&out, s, markdown);
    }
    free(names);
    if (markdown) {
        language_markdown(&out);
        verbs_markdown(&out);
    }
    return code < 0 ? code : command_print(&out);
}

static int do_rules(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};

    const bool markdown = text_is(opt_text(c->o, "format"), "markdown");

    buf_init(&out, MIB(1));
    if (opt_flag(c->o, "coverage") && coverage_write(&out, c->data, screen_width(), e) < 0)
        return e->code;
    if (opt_flag(c->o, "coverage"))
        return command_print(&out);
    if (opt_flag(c->o, "sentences"))
        sentences_write(&out);
    else if (opt_flag(c->o, "clauses"))
        clauses_write(&out, markdown);
    else if (opt_flag(c->o, "failures"))
        failures_write(&out, markdown);
    else if (markdown)
        rules_markdown(&out);
    else
        explain_list(&out, progress_colour(STDOUT_FILENO));
    return command_print(&out);
}

/* The whole name of a story that was named so or by its number; "" when there is none. */
static int story_find(const struct command_call *c, const char *word, char (*ret)[64],
                      struct err *e)
{
    const size_t len = strlen(word);
    char(*names)[64] = NULL;
    size_t n = 0;
    const int code = stories_list(c->data, &names, &n, e);

    (*ret)[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (text_is(names[i], word) ||
            (len == 3 && text_begins(names[i], word) && names[i][3] == '-'))
            text_copy(*ret, sizeof *ret, names[i]);
    free(names);
    return code;
}

static int do_explain(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};
    const char *word = c->n_words == 0 ? "" : c->words[0];
    char name[64];
    int code;

    if (*word == '\0')
        return err_set(e, -EINVAL,
                       "explain what? A rule (gateproof explain REG-3) or a story "
                       "(gateproof explain 100)");
    buf_init(&out, REPORT_BYTES_MAX);
    if (*opt_text(c->o, "run") != '\0') {
        code = results_explain(&out, opt_text(c->o, "run"), word, screen_width(), e);
        return code < 0 ? code : command_print(&out);
    }
    if (explain_rule(&out, word, screen_width()))
        return command_print(&out);
    code = story_find(c, word, &name, e);
    if (code < 0)
        return code;
    if (*name != '\0')
        return command_explain_story(c, name, e);
    return err_set(e, -EINVAL, "%.*s, and `gateproof list` the stories",
                   (int)strcspn(buf_text(&out), "\n"), buf_text(&out));
}

/* --- journals ------------------------------------------------------------------------------- */

static int do_journal(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};
    struct ev_list list;
    int code;

    buf_init(&out, MIB(512));
    if (c->n_words == 0) {
        journal_markdown(&out);
        return command_print(&out);
    }
    ev_list_init(&list);
    code = journal_file_read(c->words[0], &list, e);
    if (code == 0)
        ev_project(&list, &out);
    ev_list_drop(&list);
    return code < 0 ? code : command_print(&out);
}

static int do_judge(const struct command_call *c, struct err *e)
{
    SCOPED(free_script) struct script *s = script_new();
    SCOPED(buf_drop) struct buf text = {0};
    struct judgement *j = calloc(1, sizeof *j);
    struct ev_list list;
    char name[64];
    int code;

    if (j == NULL)
        WRONG("out of memory");
    ev_list_init(&list);
    code = c->n_words == 2 ? story_find(c, c->words[0], &name, e)
                           : err_set(e, -EINVAL, "judge takes STORY JOURNAL, both");
    if (code == 0 && *name == '\0')
        code = err_set(e, -EINVAL, "no story '%s'; `gateproof list` shows them all", c->words[0]);
    if (code == 0)
        code = story_load(c->data, name, NULL, s, e);
    if (code == 0)
        code = journal_file_read(c->words[1], &list, e);
    if (code == 0) {
        struct summary sum;
        struct report_story story = {.judgement = j, .journal = &list, .journal_path = c->words[1]};
        struct report r = {.name = "",
                           .vendor = "",
                           .version = "",
                           .harness_version = GATEPROOF_VERSION,
                           .summary = &sum,
                           .stories = &story,
                           .n_stories = 1,
                           .width = screen_width()};

        judge_story(s, &list, NULL, j);
        summarise(j, 1, &sum);
        buf_init(&text, REPORT_BYTES_MAX);
        report_text(&text, &r);
        command_print(&text);
        code = sum.exit_status;
    }
    ev_list_drop(&list);
    free(j);
    return code;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct command {
    const char *name, *words, *what;
    size_t words_max;
    command_fn *act;
} commands[] = {
    {"run", "[STORY…]",
     "play stories against a gateway and judge it; all of them when none is named. "
     "A story is named by its name, its number (100) or its family (1)",
     SIZE_MAX, do_run},
    {"list", "", "the stories and what each claims", 0, do_list},
    {"rules", "", "all rules of the topology and which are graded today", 0, do_rules},
    {"explain", "RULE|STORY",
     "a rule in plain words, or a story with a picture of its network; with --run DIR also what that "
     "run said about it, the events it rests on and what happened around them",
     1, do_explain},
    {"lab", "[show|up|down] [SHAPE]",
     "a picture of a topology; up builds it and leaves it standing, down ends it; lab shell SHAPE "
     "HOST [COMMAND] is a shell in one of its hosts",
     4, command_lab},
    {"judge", "STORY JOURNAL", "judge a journal again, without the gateway", 2, do_judge},
    {"gallery", "[ROGUE]",
     "plays gateways that break one rule on purpose, each in the story that must catch it", 1,
     do_gallery},
    {"kills", "[STORY…]",
     "kills the reference at every point of the stories and looks whether all is well afterwards",
     SIZE_MAX, do_kills},
    {"journal", "[FILE]",
     "a journal as two runs are compared by; without FILE what its events mean", 1, do_journal},
};

void commands_help(const struct opts *o, struct buf *out)
{
    buf_text_add(out, "gateproof proves Private Cloud Gateways between Palette and MAAS.\n\n");
    for (size_t i = 0; i < COUNTOF(commands); i++)
        buf_printf(out, "  gateproof %-8s %-14s %s\n", commands[i].name, commands[i].words,
                   commands[i].what);
    buf_text_add(out, "\n");
    opts_help(o, out);
    buf_text_add(out,
                 "\nexamples:\n"
                 "  gateproof run                      every story against the reference\n"
                 "  gateproof run 100 --stage sim      one story, in the simulator\n"
                 "  gateproof run --gateway ../mine/gateway.json --format junit\n"
                 "  gateproof explain REG-3\n"
                 "  gateproof explain REG-3 --run gateproof-report\n"
                 "\nexit status: 0 every graded MUST passed, 1 a failure, 2 something was not\n"
                 "proven, 3 wrong words or bad input (nothing was started)\n");
}

/* The folder of this program, "" when the kernel does not say. */
static void own_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    char *slash;

    out[n < 0 ? 0 : n] = '\0';
    slash = strrchr(out, '/');
    if (slash != NULL)
        *slash = '\0';
}

static void places(struct command_call *c)
{
    char installed[1100];

    own_folder(c->bin, sizeof c->bin);
    snprintf(installed, sizeof installed, "%s/../share/gateproof/scenarios", c->bin);
    if (*opt_text(c->o, "data") != '\0')
        text_copy(c->data, sizeof c->data, opt_text(c->o, "data"));
    else
        text_copy(c->data, sizeof c->data,
                  file_exists(installed) ? installed : GATEPROOF_SOURCE_DATA);
    if (*opt_text(c->o, "gateway") != '\0')
        text_copy(c->gateway, sizeof c->gateway, opt_text(c->o, "gateway"));
    else
        snprintf(c->gateway, sizeof c->gateway, "%s/gateway.json", c->bin);
}

static int command_do(const struct command *command, const struct command_call *c, struct err *e)
{
    if (c->n_words > command->words_max)
        return err_set(e, -EINVAL, "%s takes %s; remove '%s'", command->name,
                       *command->words == '\0' ? "no word" : command->words,
                       c->words[command->words_max]);
    return command->act(c, e);
}

void commands_complain(const struct err *e)
{
    const char *at = e->text;

    fputs("gateproof: ", stderr);
    while (*at != '\0') {
        const size_t len = jx_utf8_len(at);

        if (*at == '\n' || *at == '\t')
            fputc(' ', stderr);
        else if (len == 0 || (unsigned char)*at < ' ' || *at == 0x7f)
            fputc('?', stderr);
        else
            fwrite(at, 1, len, stderr);
        at += len == 0 ? 1 : len;
    }
    fputc('\n', stderr);
}

int commands_do(const struct opts *o, const char *const *words, size_t n, struct err *e)
{
    const char *names[COUNTOF(commands) + 1] = {NULL};
    struct command_call c = {.o = o, .words = words + 1, .n_words = n - 1};
    const char *near;

    places(&c);
    for (size_t i = 0; i < COUNTOF(commands); i++) {
        if (text_is(commands[i].name, words[0]))
            return command_do(&commands[i], &c, e);
        names[i] = commands[i].name;
    }
    near = text_nearest(words[0], names);
    return err_set(e, -EINVAL, "no command '%s'%s%s%s; `gateproof --help` shows them", words[0],
                   near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                   near == NULL ? "" : "'?");
}
