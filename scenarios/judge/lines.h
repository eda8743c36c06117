/* A story's lines as monitors over the journal. Pure, and the same for engine and judge: the engine
 * feeds each record as it is merged and asks what to do next; the judge feeds the finished journal,
 * whose `act` records say what was done when. So both agree by construction.
 *
 * The prelude (`site cluster` lines) comes first: lines_act gives its acts, numbered from
 * SCRIPT_PRELUDE_FIRST on, the install at once, the creates when the gateway is Running and has its
 * account. The story begins at the record that shows the last of those clusters Running; nothing
 * else has to be said, for the engine and the judge see the same record. From there on all times,
 * `run` included, all points and all facts count. A prelude that takes longer than
 * LINES_PRELUDE_MAX ends the run, and its rules stay undecided.
 *
 * An act at a point is due with the record that reaches it: the N-th operation of
 * that kind since the story began. Whoever puts that record into the journal asks
 * lines_act before the operation goes on. */
#ifndef SCENARIOS_JUDGE_LINES_H
#define SCENARIOS_JUDGE_LINES_H

#include "scenarios/judge/judge.h"

#define LINES_PRELUDE_MAX HOURS(12)

enum line_state {
    LINE_WAITING, /* its time has not come */
    LINE_OPEN,    /* may come true, or has not been broken */
    LINE_TRUE,
    LINE_FALSE,
    LINE_DONE,  /* an act that was done */
    LINE_UNDONE /* an act that could not be done */
};

struct lines;
struct lines *lines_new(const struct script *s);
void lines_free(struct lines *l);

/* Records in order of seq. Time moves with records and with lines_time. */
void lines_feed(struct lines *l, const struct event *e);
void lines_time(struct lines *l, ms_t now);

/* The next act whose moment has come, or NULL. The engine does it and journals an `act` record with
 * the line's number; feeding that record marks the line done. */
const struct script_line *lines_act(const struct lines *l);
/* The next instant at which something may be due: an act, a deadline, the end of a `for`. */
ms_t lines_due(const struct lines *l);
/* When the story began; MS_NEVER while the prelude is being played. */
ms_t lines_origin(const struct lines *l);
/* Nothing is left to wait for: every by and then is decided, every at done, every end and premise
 * holds, and no never/always asks for more time; or `run` time is over. why: "decided", "time". */
bool lines_over(const struct lines *l, const char **ret_why);
/* No more records: end and premise lines are decided. */
void lines_end(struct lines *l);

enum line_state lines_state(const struct lines *l, size_t i);
/* What was seen of line i, for a report, and the events that showed it. */
void lines_seen(const struct lines *l, size_t i, char *out, size_t size,
                uint64_t evidence[JUDGE_EVIDENCE_MAX], size_t *ret_n);

/* For progress: "waiting for line 9 (by 15m gateway is Running)". */
void lines_progress(const struct lines *l, char *out, size_t size);

#endif
