/* The lab's name server: answers A questions from the lab's table, NXDOMAIN for all other names, on
 * every address of the hosts with role `dns`. In this process, on this loop. Writer `dns`. */
#ifndef SCENARIOS_ENGINE_NAMES_H
#define SCENARIOS_ENGINE_NAMES_H

#include "lib/io/clk.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "scenarios/engine/labnet.h"

#define NAMES_SOCKETS_MAX 8

struct names;
/* All pointers stay the caller's and must outlive it. */
int names_new(struct names **ret, struct loop *l, const struct lab *lab, const struct labnet *net,
              struct journal_ring *journal, const struct clk_domain *domain, struct err *e)
    MUST_CHECK;
void names_free(struct names *n);

/* The server a host asks: one in a zone of its own, else the first; NULL when the lab has none. */
const char *names_server(const struct lab *l, const struct lab_host *h);

#endif
