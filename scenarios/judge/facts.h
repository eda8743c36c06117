/* Facts: one row a verb. A fact reads records and the view, and nothing else; it is fed each record
 * once, before the view is, so that it sees the state that the record meets. */
#ifndef SCENARIOS_JUDGE_FACTS_H
#define SCENARIOS_JUDGE_FACTS_H

#include "scenarios/judge/view.h"

#define FACT_TIMES_MAX 64 /* in a window that a line counts in */
#define FACT_KEYS_MAX  4  /* credentials of one cluster that are remembered */

struct fact {
    const struct fact_row *row;
    const struct script_line *line;
    int64_t min, max;           /* of the line's count or number */
    struct verb_event edge;     /* of the line's suffix */
    bool met;                   /* it has happened */
    uint64_t first[2], last[2]; /* records of the two events of an order, 0 = not yet */
    int64_t count;              /* of what the fact counts */
    int64_t bad;                /* of what it forbids */
    uint64_t pending;           /* a record whose end is not known yet, 0: none … */
    ms_t pending_at;            /* … and its time */
    ms_t times[FACT_TIMES_MAX]; /* the last ones of what it counts, in a ring */
    struct fact_keys {          /* of each of two clusters */
        size_t n;
        char at[FACT_KEYS_MAX][VIEW_NAME_MAX];
    } keys[2];
    size_t n_evidence;
    uint64_t evidence[JUDGE_EVIDENCE_MAX]; /* first ones; of a state the one that made it */
};

/* Of what a fact speaks, and whether it notices what came before the story began. */
enum fact_scope {
    FACT_OF_EVENTS,  /* they happen in the story */
    FACT_OF_INSTANT, /* a state: a suffix says at which instants it is asked */
    FACT_OF_RUN      /* what the whole run made of things, its prelude included */
};
struct fact_row {
    const char *verb;
    void (*feed)(struct fact *f, const struct view *v, const struct event *e); /* may be NULL */
    bool (*holds)(const struct fact *f, const struct view *v, bool final);
    void (*seen)(const struct fact *f, const struct view *v, char *out, size_t size);
    enum fact_scope scope;
};

void fact_init(struct fact *f, const struct script_line *line);
/* counts: the story has begun. Before that, only the suffix takes notice. */
void fact_feed(struct fact *f, const struct view *v, const struct event *e, bool counts);
/* final: no record comes any more. */
bool fact_holds(const struct fact *f, const struct view *v, bool final);
void fact_seen(const struct fact *f, const struct view *v, char *out, size_t size);

#endif
