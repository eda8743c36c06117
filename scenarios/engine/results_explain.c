/* What a finished run said about one rule or story, from its report.json and its journals: neither
 * the gateway nor the stories are needed any more. A rule's own text comes first, so that one page
 * holds what is asked, how it is judged and what was seen. */
#include "scenarios/engine/results.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/engine/stage.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/rules.h"
#include "scenarios/report/report.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PASSES_SHOWN_MAX 3 /* in full, of one rule: the others are told by their names */
#define FLOWS_SHOWN_MAX  3 /* in a filter of packets */

struct explaining {
    const char *dir, *word;
    int width;
    size_t n, n_passes;
    struct buf *out, more; /* more: names of passes beyond the first */
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

/* --- packets --------------------------------------------------------------------------------- */

/* "ip.addr == 10.10.0.2 && ip.addr == 203.0.113.10 || …" of the events' flows, each once. */
static void filter_write(struct buf *out, const struct ev_list *journal,
                         const struct story_verdict *v)
{
    SCOPED(buf_drop) struct buf one = {0};
    size_t n = 0;

    buf_init(&one, 256);
    for (size_t i = 0; i < journal->n && n < FLOWS_SHOWN_MAX; i++) {
        const struct event *e = ev_list_at(journal, i);
        bool shown = false;

        for (size_t k = 0; k < v->n_evidence; k++)
            shown = shown || v->evidence[k] == e->seq;
        if (!shown || !ev_has(e, EVF_FROM_IP) || !ev_has(e, EVF_TO_IP))
            continue;
        buf_clear(&one);
        buf_printf(&one, "(ip.addr == %s && ip.addr == %s%s%s)", ev_text(e, EVF_FROM_IP),
                   ev_text(e, EVF_TO_IP), ev_has(e, EVF_FROM_PORT) ? " && tcp.port == " : "",
                   ev_has(e, EVF_FROM_PORT) ? ev_text(e, EVF_FROM_PORT) : "");
        if (strstr(buf_text(out), buf_text(&one)))
            continue;
        buf_printf(out, "%s%s", n++ == 0 ? "" : " || ", buf_text(&one));
    }
}

/* Where the packets are that a rule was judged by, or how to keep them. */
static void packets_explain(struct explaining *x, const struct report_story *s,
                            const struct story_verdict *v)
{
    const struct rule *rule = rule_find(v->rule);
    const char *path = s->journal_path, *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) : 0;
    char cut[2200], all[2200];
    SCOPED(buf_drop) struct buf filter = {0};

    if (!rule || !strstr(rule->channels, "NET") || !slash)
        return;
    buf_init(&filter, KIB(1));
    filter_write(&filter, s->journal, v);
    snprintf(cut, sizeof cut, "%.*s/%s.pcapng", folder, path, v->rule);
    snprintf(all, sizeof all, "%.*s/" STAGE_PACKETS, folder, path);
    if (file_exists(cut))
        buf_printf(x->out, "  packets    %s\n", cut);
    else if (file_exists(all))
        buf_printf(x->out, "  packets    %s%s%s\n", all,
                   filter.len > 0 ? "\n             these flows: " : "", buf_text(&filter));
    else if (s->judgement->stage == STAGE_SIM)
        buf_text_add(x->out, "  packets    the simulator has none: play it with --stage netns "
                             "--keep-packets\n");
    else
        buf_text_add(x->out, "  packets    not kept, as nothing was wrong: play it again with "
                             "--keep-packets\n");
}

/* --- verdicts -------------------------------------------------------------------------------- */

/* A pass points at nothing by itself: what its law looked at is shown in its place. */
static void looked_at(const struct report_story *s, struct story_verdict *v,
                      struct law_looked *looked)
{
    const struct law *law = law_find(v->rule);

    looked->n = 0;
    if (v->verdict != VERDICT_PASS || v->n_evidence > 0 || !law || s->journal->n == 0)
        return;
    law_looked_at(law, s->journal, looked);
    v->n_evidence = looked->n;
    memcpy(v->evidence, looked->seqs, sizeof looked->seqs);
}

static void verdict_explain(struct explaining *x, const struct report_story *s,
                            const struct story_verdict *given)
{
    struct story_verdict v = *given;
    struct law_looked looked;

    looked_at(s, &v, &looked);
    buf_printf(x->out, "%s%s %s\n", x->n++ > 0 ? "\n" : "", verdict_word(v.verdict), v.rule);
    report_finding(x->out, s, &v, x->width);
    if (looked.n > 0)
        buf_printf(x->out, "  looked at  %s; the first of each are shown\n", looked.words);
    packets_explain(x, s, &v);
    if (v.verdict != VERDICT_PASS)
        buf_printf(x->out, "  to do      %s\n", verdict_what_to_do(v.verdict));
}

/* Of a rule that passes in seventy stories the first few show enough. */
static bool is_told_by_name(struct explaining *x, const struct judgement *j,
                            const struct story_verdict *v)
{
    if (v->verdict != VERDICT_PASS || x->n_passes++ < PASSES_SHOWN_MAX)
        return false;
    buf_printf(&x->more, " %s%s%s", j->story, j->over[0] ? " with " : "", j->over);
    return true;
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
        if (whole || (text_is_nocase(j->at[i].rule, x->word) && !is_told_by_name(x, j, &j->at[i])))
            verdict_explain(x, &s, &j->at[i]);
    ev_list_drop(&journal);
    return code;
}

/* What is asked, before what was seen. Of a story nothing. */
static void rule_explain(struct buf *out, const char *dir, const char *word, int width)
{
    SCOPED(buf_drop) struct buf page = {0};
    char id[16] = "";

    buf_init(&page, KIB(64));
    for (size_t i = 0; word[i] && i + 1 < sizeof id; i++)
        id[i] = (char)toupper((unsigned char)word[i]);
    if (explain_rule(&page, id, width))
        buf_printf(out, "%s\nWhat the run in %s says\n\n", buf_text(&page), dir);
}

int results_explain(struct buf *out, const char *dir, const char *word, int width, struct err *e)
{
    struct explaining x = {.dir = dir, .word = word, .width = width, .out = out, .e = e};
    SCOPED(buf_drop) struct buf text = {0};
    char path[1100];
    int code;

    snprintf(path, sizeof path, "%s/report.json", dir);
    buf_init(&text, REPORT_BYTES_MAX);
    buf_init(&x.more, REPORT_BYTES_MAX);
    rule_explain(out, dir, word, width);
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
    if (x.more.len > 0)
        buf_printf(out, "\nIt passes as well in%s; `gateproof explain STORY --run %s` shows one\n",
                   buf_text(&x.more), dir);
    buf_drop(&x.more);
    return code;
}
