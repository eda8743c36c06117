/* The lab's name server: answers A questions from the lab's table and from the records that MAAS
 * has, NXDOMAIN for all other names, on every address of the hosts with role `dns`. In this
 * process, on this loop. Writer `dns`. */
#ifndef SCENARIOS_ENGINE_NAMES_H
#define SCENARIOS_ENGINE_NAMES_H

#include "lib/io/clk.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "scenarios/engine/dns_packet.h"
#include "scenarios/engine/labnet.h"

#define NAMES_SOCKETS_MAX 8
#define NAMES_RECORDS_MAX 64
#define NAMES_MOVED_MAX   8

struct names;
/* All pointers stay the caller's and must outlive it. net NULL: nobody can ask, it only knows. */
int names_new(struct names **ret, struct loop *l, const struct lab *lab, const struct labnet *net,
              struct journal_ring *journal, const struct clk_domain *domain, struct err *e)
    MUST_CHECK;
/* A maas.record: made, changed, deleted. Of several addresses the first is given. */
void names_record(struct names *n, const struct event *e);
/* From now on the name leads there; "" : nowhere. */
void names_answer(struct names *n, const char *name, const char *address);
/* The address of a name, or NULL. */
const char *names_find(const struct names *n, const char *name);
/* The i-th record that MAAS ever had; its address is "" when it is gone. false: no more. */
bool names_at(const struct names *n, size_t i, const char **ret_name, const char **ret_address);
void names_free(struct names *n);

/* The server a host asks: one in a zone of its own, else the first; NULL when the lab has none. */
const char *names_server(const struct lab *l, const struct lab_host *h);

#endif
