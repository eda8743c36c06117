/* Between the two files of the view. */
#ifndef SCENARIOS_JUDGE_VIEW_PRIVATE_H
#define SCENARIOS_JUDGE_VIEW_PRIVATE_H

#include "scenarios/judge/view.h"

void view_evidence_feed(struct view_evidence *x, const struct event *e);

#endif
