/* What the reports have in common: wrapping, order of rules, the events of a story. Private. */
#ifndef SCENARIOS_REPORT_WORDS_H
#define SCENARIOS_REPORT_WORDS_H

#include "scenarios/report/report.h"

/* Appends text broken at blanks so that no line is longer than width. The first line goes on where
 * the caller is (column `indent`), the others begin with `indent` blanks. No newline at the end. */
void words_wrap(struct buf *out, const char *text, int indent, int width);
/* "label     text", wrapped, with a newline; nothing when the text is empty. */
void words_row(struct buf *out, const char *label, const char *text, int indent, int width);
int words_width(int width); /* never below REPORT_WIDTH_MIN; 0 = 100 */

/* Place of a rule in the catalogue, promises after all rules: the order of every report. */
size_t words_order(const char *rule);
const char *words_sentence(const char *rule); /* of a rule or a promise, "" when unknown */

/* Fills order[0…n) with indices of the summary's rules in the catalogue's order. */
void words_sort(const struct summary *s, size_t order[JUDGE_VERDICTS_MAX]);

/* NULL when there is no such record. */
const struct event *words_event(const struct ev_list *journal, uint64_t seq);
/* "100" of "100-install-and-register". */
void words_number(const char *story, char *out, size_t size);
/* The command that plays the story again. */
void words_again(struct buf *out, const struct report_story *s);

#endif
