/* What a refusal of bad input looks like: one line on stderr, nothing on stdout, status 3, no
 * report. */
#ifndef TESTS_WIRE_CLI_REFUSES_H
#define TESTS_WIRE_CLI_REFUSES_H

#include "tests/wire/cli.h"

#define WORDS_MAX         6
#define REFUSAL_BYTES_MAX 700 /* one line a human reads */

/* Collects what is wrong with all rows of a table, so that one red row does not hide the next. */
struct cli_tally {
    struct buf complaints;
};

void cli_tally_init(struct cli_tally *t);
/* Fails the test with all complaints; frees. */
void cli_tally_end(struct cli_tally *t);
/* words: each must stand in the one line; ends with NULL. */
void cli_refuses(struct cli_tally *t, const struct cli_room *room, const char *what,
                 const char *const *args, const char *const *env, const char *const *words);

#endif
