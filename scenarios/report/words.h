/* What the reports have in common: wrapping, order of rules, the events of a story. Private. */
#ifndef SCENARIOS_REPORT_WORDS_H
#define SCENARIOS_REPORT_WORDS_H

#include "scenarios/report/report.h"

/* Appends at most max characters of a text that others wrote: what could drive a terminal, and what
 * is no UTF-8, becomes '?', line ends and tabs become blanks. Longer ones end in "…". */
void words_safe(struct buf *out, const char *text, size_t max);

/* Appends text, made safe, broken at blanks so that no line is longer than width. The first line
 * goes on where the caller is (column `indent`), the others begin with `indent` blanks. No newline
 * at the end. */
void words_wrap(struct buf *out, const char *text, int indent, int width);
/* "label     text", wrapped, with a newline; nothing when the text is empty. */
void words_row(struct buf *out, const char *label, const char *text, int indent, int width);
int words_width(int width); /* never below REPORT_WIDTH_MIN; 0 = 100 */

/* Place of a rule in the catalogue, promises after all rules: the order of every report. */
size_t words_order(const char *rule);
const char *words_sentence(const char *rule); /* of a rule or a promise, "" when unknown */

/* NULL when there is no such record. */
const struct event *words_event(const struct ev_list *journal, uint64_t seq);
/* "100" of "100-install-and-register". */
void words_number(const char *story, char *out, size_t size);
/* The verdict that a story is meant to end with. */
const char *words_expects(enum expect e);
/* "101-life with node": the story and what `over` put in. */
void words_story(struct buf *out, const struct judgement *j);
/* The command that plays the story again. */
void words_again(struct buf *out, const struct report_story *s);

#endif
