/* A story, its monitors, and a journal made by hand with true numbers and chains. */
#ifndef TESTS_UNIT_LINE_PLAY_H
#define TESTS_UNIT_LINE_PLAY_H

#include "tests/test.h"

#include "scenarios/judge/lines.h"

struct play {
    struct script script;
    struct lines *lines;
    struct ev_list journal;
    uint64_t seq, nth[EVS_COUNT];
    char chain[EVS_COUNT][EV_CHAIN_LEN + 1];
    bool fed; /* records go to the monitors at once */
};

/* The story's lines without scenario and run. */
struct play *play_new(const char *story);
void play_free(struct play *r);

/* "from=gateway to=palette": fields by name, values without blanks; '_' alone is the empty value.
 * The record gets its place in the chain and, unless r->fed is off, goes to the monitors. */
uint64_t play_put(struct play *r, enum ev_src src, ms_t t, enum ev_kind kind, const char *fields);
void play_act(struct play *r, ms_t t, int line, const char *fired);
/* An act that is no line of the story: its words as written. */
void play_act_of(struct play *r, ms_t t, const char *verb, int fired);
void play_state(struct play *r, ms_t t, const char *before, const char *state);

#define assert_line(r, i, wanted) assert_int_equal(lines_state((r)->lines, i), wanted)
void assert_seen(struct play *r, size_t i, const char *wanted);
bool play_is_over(const struct play *r, const char *why);

#endif
