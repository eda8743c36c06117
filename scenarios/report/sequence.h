/* Who said what to whom around the records that a verdict names: the same rows for the picture a
 * terminal shows and for the one a CI page draws. Private to scenarios/report. */
#ifndef SCENARIOS_REPORT_SEQUENCE_H
#define SCENARIOS_REPORT_SEQUENCE_H

#include "lib/base/buf.h"
#include "lib/base/event.h"

#define SEQUENCE_ROWS_MAX  40
#define SEQUENCE_WORDS_MAX 160

/* One lane a party, in the order from outside to inside; only those that are needed are drawn. */
enum lane {
    LANE_USER,
    LANE_STRANGER,
    LANE_PALETTE,
    LANE_ROUTER,
    LANE_PROXY,
    LANE_DNS,
    LANE_GATEWAY,
    LANE_MAAS,
    LANE_NODES,
    LANE_OTHER,
    LANE_COUNT
};
const char *lane_name(enum lane l);

struct sequence_row {
    const struct event *event;
    enum lane from, to; /* the same: something happened there */
    char words[SEQUENCE_WORDS_MAX];
    bool here;    /* named as evidence */
    size_t alike; /* so many more like it follow at once and are not shown */
};
struct sequence {
    size_t n;
    struct sequence_row rows[SEQUENCE_ROWS_MAX];
    size_t gap; /* the row before which something is left out, 0 = none */
    bool lanes[LANE_COUNT];
};

/* The records with these numbers and what happened around them; n = 0 when none of them is there.
 * with_end: and what happened last, for a verdict on something that never came. The events stay the
 * journal's. */
void sequence_make(struct sequence *s, const struct ev_list *journal, const uint64_t *seqs,
                   size_t n, bool with_end);

#endif
