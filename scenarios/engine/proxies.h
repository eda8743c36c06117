/* The proxy of a run: the program at the lab's host of role proxy, as a slot when stepped. It runs
 * when the story has a `site proxy` line. What it says goes through a ring of its own and is said
 * again by this process as writer `proxy`, with the role of whoever asked. */
#ifndef SCENARIOS_ENGINE_PROXIES_H
#define SCENARIOS_ENGINE_PROXIES_H

#include "scenarios/engine/outfit.h"
#include "scenarios/engine/world.h"

#define PROXIES_ROLE "proxy"

struct proxies {
    struct world *w;
    struct outfit outfit;
    struct slotted at;
    struct journal_ring *ring;
    int ring_fd, counter_fd;
    int hears_fd, told_fd; /* the pipe of proxies_tell */
    struct err broken;     /* it ended unasked: the run cannot go on */
    bool ending, is_witness;
};

/* Returns when it listens; 0 at once when the story wants none. *p must stay where it is. */
int proxies_start(struct proxies *p, struct world *w, struct err *e) MUST_CHECK;
/* Another behaviour, in a story's words (door_wish): done in its next turn. */
bool proxies_tell(struct proxies *p, const char *words);
/* TERM, in answer to which it says the end of every tunnel. */
void proxies_end(struct proxies *p);
bool proxies_gone(const struct proxies *p);
void proxies_free(struct proxies *p);

#endif
