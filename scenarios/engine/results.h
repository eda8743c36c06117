/* A run's report: as files beside the journals, and one format of it on stdout. */
#ifndef SCENARIOS_ENGINE_RESULTS_H
#define SCENARIOS_ENGINE_RESULTS_H

#include "scenarios/engine/run.h"

enum results_format {
    RESULTS_TEXT,
    RESULTS_JSON,
    RESULTS_JUNIT,
    RESULTS_MARKDOWN,
    RESULTS_FORMATS
};

/* By the name that --format takes. */
int results_format_find(const char *name, enum results_format *ret, struct err *e) MUST_CHECK;
/* Whether the folder can be made and written: told before the first story, not after the last. */
int results_prepare(const char *out, struct err *e) MUST_CHECK;
/* What an earlier run wrote for these stories, or began to write when it was killed, goes: nobody
 * shall take it for this run's, which may end before its first story. */
void results_remove(const struct run *r);
/* Writes all formats below options.out and this one to stdout. */
int results_write(const struct run *r, enum results_format format, struct err *e) MUST_CHECK;

/* `gateproof explain WORD --run DIR`: what the run whose report lies in DIR said about a rule or
 * about a story, each verdict with its events and what happened around them. */
int results_explain(struct buf *out, const char *dir, const char *word, int width, struct err *e)
    MUST_CHECK;

/* Columns of the terminal behind stdout, or 100. */
int screen_width(void);

#endif
