/* Reports: the judge's findings as text for a person, as JSON (report.schema.json) and JUnit XML
 * for machines, as Markdown for a page; and the catalogue as Markdown and as `gateproof explain`.
 * All four say what one model says (model.h). Pure: everything goes into a buf, the same input
 * gives the same bytes. The caller chooses the buf's limit (REPORT_BYTES_MAX is plenty) and looks
 * at .full. */
#ifndef SCENARIOS_REPORT_REPORT_H
#define SCENARIOS_REPORT_REPORT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "scenarios/judge/judge.h"

#define REPORT_BYTES_MAX    MIB(16)
#define REPORT_WIDTH_MIN    60 /* narrower screens get lines of this width */
#define REPORT_JSON_VERSION 1
#define REPORT_OPTIONS_MAX  KIB(4)

struct report_story {
    const struct judgement *judgement;
    const struct ev_list
        *journal;             /* its events are shown beside a failure; NULL: only their numbers */
    const char *journal_path; /* "" when it was not kept */
    const char
        *options; /* of the run besides story, stage, clock and seed: " --gateway X"; or NULL */
};

struct report {
    const char *name, *vendor, *version; /* of the gateway, from its manifest; "" = not known */
    const char *harness_version;
    const struct summary *summary;
    const struct report_story *stories; /* in the order in which they were judged */
    size_t n_stories;
    const char *note; /* what a reader must know of the whole run, one sentence, or NULL */
    bool colour;      /* text only */
    int width;        /* text only; 0 = 100 */
};

void report_text(struct buf *out, const struct report *r);
void report_json(struct buf *out, const struct report *r);
void report_junit(struct buf *out, const struct report *r);
void report_markdown(struct buf *out, const struct report *r);
/* One verdict of one story with all that is needed to act on it: where, clause, expected, seen, the
 * events and what happened around them, the command that plays it again. */
void report_finding(struct buf *out, const struct report_story *s, const struct story_verdict *v,
                    int width);
/* Who said what to whom around the verdict's records, and last where it is about something that
 * never came; a line an event, under one lane a party where the width allows it. Nothing when none
 * of the records is there. */
void report_sequence(struct buf *out, const struct ev_list *journal, const struct story_verdict *v,
                     int indent, int width);
/* The same as a Mermaid diagram in a fence of its own. */
void report_mermaid(struct buf *out, const struct ev_list *journal, const struct story_verdict *v);
/* The machine ledger: a line a life, taken and given back by whom and for which cluster; nothing
 * when no machine was ever taken. */
void report_ledger(struct buf *out, const struct ev_list *journal, int indent);
/* One event in words: "12  8.250s  palette  pal.call  op=register status=204 …". */
void report_event(struct buf *out, const struct event *e);

/* --- reading back what report_json wrote --- */

struct report_read { /* one story of it; texts are empty where the report is silent */
    struct judgement judgement;
    char journal[1024];
    char options[REPORT_OPTIONS_MAX]; /* to play it again */
};
/* Calls `each` for each story in order, and stops at its first negative. What is no such report, or
 * one of another version, is -EINVAL and a sentence. */
int report_json_read(const char *text, size_t len,
                     int (*each)(void *arg, const struct report_read *story), void *arg,
                     struct err *e) MUST_CHECK;

/* `gateproof explain REG-3`, or LAUNCH, or H-1: false when there is no such rule; then out holds
 * one sentence with the nearest one. */
bool explain_rule(struct buf *out, const char *id, int width);
/* `gateproof rules`: a line a rule. */
void explain_list(struct buf *out, bool colour);
void rules_markdown(struct buf *out);    /* docs/rules.md */
void language_markdown(struct buf *out); /* how a story is written */
void verbs_markdown(struct buf *out);    /* the verbs' reference */
void journal_markdown(struct buf *out);  /* docs/journal.md */

#endif
