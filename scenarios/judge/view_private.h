/* Between the files of the view. */
#ifndef SCENARIOS_JUDGE_VIEW_PRIVATE_H
#define SCENARIOS_JUDGE_VIEW_PRIVATE_H

#include "scenarios/judge/view.h"

void view_evidence_feed(struct view_evidence *x, const struct event *e);
void view_cluster_feed(struct view *v, const struct event *e);

#endif
