/* A lab as network namespaces: one a host, and one, the switch, with a bridge for each zone in it:
 * nothing there has an address, so zones meet in routers only, and one witness sees all links.
 *
 * Built by the process it lives in (pid 1 of its own namespaces, ns.h); dies with it. Namespaces
 * are held by descriptors only. A socket stays in the namespace where it was made, so one process
 * serves and watches everywhere. After labnet_new the caller is in the host of role `user`, or,
 * where the lab has none, in an empty namespace: `home`. Addresses, MACs and indexes follow from
 * the lab file alone, so two runs look alike on the wire. */
#ifndef SCENARIOS_ENGINE_LABNET_H
#define SCENARIOS_ENGINE_LABNET_H

#include "scenarios/engine/lab.h"
#include "scenarios/engine/wires.h"

struct labnet;

/* Hosts of role `without` are left out ("": none): they keep their place in the table, and nobody
 * lives there. */
int labnet_new(struct labnet **ret, const struct lab *l, const char *without, struct err *e)
    MUST_CHECK;
void labnet_free(struct labnet *n); /* leaves the caller where it is */

/* Descriptors of namespaces, ours. host_i is an index into the lab's table. */
int labnet_host(const struct labnet *n, size_t host_i);
int labnet_switch(const struct labnet *n);
int labnet_home(const struct labnet *n);
/* The zone of a bridge's port in the switch, by interface index; SIZE_MAX: no port (a bridge
 * itself, to which frames are handed that nobody sent to it). */
size_t labnet_zone_of_port(const struct labnet *n, int index);

/* A socket made in that namespace (close-on-exec, non-blocking); the caller is home again. */
int labnet_socket(const struct labnet *n, int ns, int domain, int type, int protocol, struct err *e)
    MUST_CHECK;

/* Does anybody live at that place of the table? */
bool labnet_is_built(const struct labnet *n, size_t host_i);
/* Takes the host's link off its zone's bridge: what it sends comes out of the switch's interface
 * `near`, and `far` leads to the bridge in its place. Nothing passes until somebody carries it from
 * the one to the other. Once a link; the caller is home again. */
int labnet_splice(struct labnet *n, size_t host_i, size_t link_i, int *ret_near, int *ret_far,
                  struct err *e) MUST_CHECK;

/* Cuts these wires and mends all others, by rules beside the lab's own; the caller is home again.
 */
int labnet_wires(struct labnet *n, const struct wires *w, struct err *e) MUST_CHECK;

/* --- a lab that is kept (keeper.h) --------------------------------------------------------------
 */

#define LABNET_FDS_HOSTS 2 /* before them: where its maker lives, and the room of its bridges */
#define LABNET_FDS_MAX   (LABNET_FDS_HOSTS + LAB_HOSTS_MAX)

/* All hosts of the lab with their links, and nobody has an address. The caller is somewhere in it;
 * *l must outlive it until it is dressed. */
int labnet_frame(struct labnet **ret, const struct lab *l, struct err *e) MUST_CHECK;
/* false: of a lab that forgets, or takes time, no other is made. */
bool labnet_keeps(const struct lab *l);
/* Can that lab be made of this one: the same hosts at the same links, and nothing but addresses,
 * routes and rules differs? */
bool labnet_fits(const struct labnet *n, const struct lab *l);
/* Addresses, routes and rules of a lab that fits, but of hosts of role `without`, for a frame that
 * is blank. Both belong to the caller and must outlive it. Negative: it is of no more use. */
int labnet_dress(struct labnet *n, const struct lab *l, const char *without, struct err *e)
    MUST_CHECK;
/* A frame again, as blank as a new one (blank.h); when nobody lives in it any more. Negative: it
 * is of no more use. */
int labnet_strip(struct labnet *n, struct err *e) MUST_CHECK;
/* Its descriptors, for another process; -1: no such host. */
void labnet_show(const struct labnet *n, int ret[LABNET_FDS_MAX]);
/* There: the lab of those descriptors, which become its own, also on error. The caller is home. */
int labnet_lent(struct labnet **ret, const struct lab *l, const char *without, const int *fds,
                struct err *e) MUST_CHECK;

/* Index of the host in the lab's table. */
size_t labnet_host_index(const struct lab *l, const struct lab_host *h);
/* Address of the host in that zone, or NULL. */
const char *labnet_address_in(const struct lab_host *h, const char *zone);

#endif
