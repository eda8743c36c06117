/* Our ends of the sockets on which the mocks tell where they stand (lib/io/hold): one for each mock
 * at whose operations the story has points, none otherwise. */
#ifndef SCENARIOS_ENGINE_HOLDS_H
#define SCENARIOS_ENGINE_HOLDS_H

#include "lib/io/hold.h"
#include "scenarios/engine/points.h"

#define HOLDS_SERVERS 2

struct holds {
    struct hold_end {
        enum ev_kind kind;      /* of the mock's records of calls */
        char ops[HOLD_OPS_MAX]; /* "": none */
        int ours_fd, theirs_fd; /* -1: this mock never stops */
        struct loop_watch *watch;
        bool stands;
    } at[HOLDS_SERVERS];
    bool stepped;
};

int holds_init(struct holds *h, struct world *w, const struct points *p, struct err *e) MUST_CHECK;
/* What a mock is started with: its place, or NULL when it never stops. */
const struct hold_end *holds_of(const struct holds *h, enum ev_kind kind);
/* A mock that stands and was not told of yet: its words, and the kind of its records of calls. */
/* That server was started again: what the program before it stood at is over. */
int holds_renew(struct holds *h, struct world *w, enum ev_kind kind, struct err *e) MUST_CHECK;
bool holds_next(struct holds *h, enum ev_kind *ret_kind, char ret_words[HOLD_LINE_MAX]);
/* Whoever stands goes on: on clock wall at once, else with its next turn. */
void holds_go(struct holds *h);
/* Nobody stops any more. All zero is fine. */
void holds_end(struct holds *h);

#endif
