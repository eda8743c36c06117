/* What a finished run said about one rule or story, from its report.json and its journals: neither
 * the gateway nor the stories are needed any more. */
#include "scenarios/engine/results.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct explaining {
    const char *dir, *word;
    int width;
    size_t n;
    struct buf *out;
    struct err *e;
};

/* The report may have been carried elsewhere with its folder: then the path in it leads nowhere,
 * but its last two names still hold. */
static bool journal_path(const struct explaining *x, const char *said, char *out, size_t size)
{
    const char *name = said + strlen(said);
    int slashes = 0;

    if (*said == '\0')
        return false;
    while (name > said && slashes < 2)
        slashes += *--name == '/';
    snprintf(out, size, "%s%s%s", x->dir, slashes == 2 ? "" : "/", name);
    if (!file_exists(out))
        snprintf(out, size, "%s", said);
    return file_exists(out);
}

static bool is_story(const char *word, const char *story)
{
    return text_is(word, story) ||
           (strlen(word) == 3 && text_begins(story, word) && story[3] == '-');
}

static void verdict_explain(struct explaining *x, const struct report_story *s,
                            const struct story_verdict *v)
{
    buf_printf(x->out, "%s%s %s\n", x->n++ > 0 ? "\n" : "", verdict_word(v->verdict), v->rule);
    report_finding(x->out, s, v, x->width);
    if (v->verdict != VERDICT_PASS)
        buf_printf(x->out, "  to do      %s\n", verdict_what_to_do(v->verdict));
}

static int story_explain(void *arg, const struct report_read *read)
{
    const struct judgement *j = &read->judgement;
    struct explaining *x = arg;
    const bool whole = is_story(x->word, j->story);
    struct ev_list journal;
    char path[2048] = "";
    struct report_story s = {
        .judgement = j, .journal = &journal, .journal_path = path, .options = read->options};
    bool wanted = whole;
    int code = 0;

    for (size_t i = 0; i < j->n && !wanted; i++)
        wanted = text_is_nocase(j->at[i].rule, x->word);
    if (!wanted)
        return 0;
    ev_list_init(&journal);
    if (journal_path(x, read->journal, path, sizeof path))
        code = journal_file_read(path, &journal, x->e);
    else
        path[0] = '\0';
    for (size_t i = 0; i < j->n && code == 0; i++)
        if (whole || text_is_nocase(j->at[i].rule, x->word))
            verdict_explain(x, &s, &j->at[i]);
    ev_list_drop(&journal);
    return code;
}

int results_explain(struct buf *out, const char *dir, const char *word, int width, struct err *e)
{
    struct explaining x = {.dir = dir, .word = word, .width = width, .out = out, .e = e};
    SCOPED(buf_drop) struct buf text = {0};
    char path[1100];
    int code;

    snprintf(path, sizeof path, "%s/report.json", dir);
    buf_init(&text, REPORT_BYTES_MAX);
    if (!file_exists(path))
        return err_set(e, -ENOENT, "--run: there is no %s; name the folder that a run had as --out",
                       path);
    code = file_read(path, &text, e);
    if (code == 0 && report_json_read(buf_text(&text), text.len, story_explain, &x, e) < 0)
        code = err_at(e, "--run: %s", path);
    if (code == 0 && x.n == 0)
        code = err_set(e, -EINVAL,
                       "--run: the run in %s says nothing about '%s'; its report.txt shows what it "
                       "judged",
                       dir, word);
    return code;
}
