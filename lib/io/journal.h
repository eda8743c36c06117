/* Writing the journal: a ring in shared memory per writer, one sequence counter for all.
 *
 * A writer takes the number from the shared counter *before* the effect leaves it (bytes written,
 * process killed); the engine merges the rings by number. A ring that is full counts what it lost
 * and says so in the next record that fits: the judge then calls the evidence torn. Writers in one
 * process share one ring behind its lock. */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include "lib/base/event.h"

#define JOURNAL_RING_BYTES MIB(8)

struct journal_ring; /* one writer's end, or the reader's end */

/* The engine makes the counter and a ring per writer. A program that is started again gets a new
 * ring, or the one of the program before it, which must be dead: then it goes on in that one's
 * numbers and chain, and the two are one writer. Descriptors are inheritable memfds and the
 * caller's to close; what is mapped stays. NULL ret_fd: the ring is for this process alone. */
int journal_counter_new(int *ret_fd, struct err *e) MUST_CHECK;
int journal_ring_new(int counter_fd, enum ev_src src, int *ret_fd, struct journal_ring **ret,
                     struct err *e) MUST_CHECK;
/* A child maps what it inherited: "COUNTER,RING" in decimal, from the option --journal-fds. Goes on
 * behind what is in the ring. */
int journal_ring_map(const char *fds, struct journal_ring **ret, struct err *e) MUST_CHECK;
void journal_ring_free(struct journal_ring *r);

/* Gives the event seq, nth, src and chain, and puts it into the ring. Thread safe. NULL ring: the
 * event is dropped (a mock standing alone without --journal). A record that does not fit keeps
 * seq 0 and is counted; nth and chain stay without a gap, and the next one says `lost`. */
void journal_put(struct journal_ring *r, struct event *e);
/* The writer of this ring is dead: from now on this process writes in its place. */
void journal_take_over(struct journal_ring *r);
/* Moves what is there to the list, in the writer's order. Returns how many. One reader a ring. */
size_t journal_take(struct journal_ring *r, struct ev_list *out);
uint64_t journal_lost(const struct journal_ring *r);
/* The writer's last word (writer.end), once. */
void journal_end(struct journal_ring *r, ms_t t);

/* A journal as a file of JSON lines. */
int journal_file_write(const char *path, const struct ev_list *l, struct err *e) MUST_CHECK;
int journal_file_read(const char *path, struct ev_list *ret, struct err *e) MUST_CHECK;

#endif
