/* What judge.c and summary.c share. */
#ifndef SCENARIOS_JUDGE_JUDGE_PRIVATE_H
#define SCENARIOS_JUDGE_JUDGE_PRIVATE_H

#include "scenarios/judge/laws.h"

/* 0 is the worst. The one order of verdicts, for a story and over all stories. */
int verdict_rank(enum verdict v);

#endif
