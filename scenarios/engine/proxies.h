/* The proxies of a run: a program at each of the lab's hosts of role proxy, a slot each when
 * stepped. They run when the story has a `site proxy` line. What one says goes through a ring of
 * its own and is said again by this process as writer `proxy`, with the role of whoever asked. */
#ifndef SCENARIOS_ENGINE_PROXIES_H
#define SCENARIOS_ENGINE_PROXIES_H

#include "scenarios/engine/outfit.h"
#include "scenarios/engine/world.h"

#define PROXIES_ROLE "proxy"

#define PROXIES_MAX 2
/* Below the world's folder: the authority of the proxies, when the story lets them open TLS. */
#define PROXIES_AUTHORITY "tls-proxy"

struct proxies {
    struct world *w;
    struct outfit outfit;
    size_t n;
    struct proxy {
        struct proxies *all;
        const struct lab_host *h;
        struct slotted at;
        struct journal_ring *ring;
        int ring_fd, counter_fd;
        int hears_fd, told_fd; /* the pipe of proxies_tell */
    } one[PROXIES_MAX];
    struct err broken; /* one ended unasked: the run cannot go on */
    bool ending, is_witness;
};

/* Returns when they listen; 0 at once when the story wants none. *p must stay where it is. */
int proxies_start(struct proxies *p, struct world *w, struct err *e) MUST_CHECK;
/* Another behaviour of all of them, in a story's words (door_wish): done in their next turn. */
bool proxies_tell(struct proxies *p, const char *words);
/* TERM, in answer to which they say the end of every tunnel. */
void proxies_end(struct proxies *p);
bool proxies_gone(const struct proxies *p);
void proxies_free(struct proxies *p);

#endif
