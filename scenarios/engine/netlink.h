/* Links, addresses, routes and nftables of the network namespace we are in, by rtnetlink in
 * process: no `ip`, no `nft`, no /run/netns. Framing by libmnl, rulesets by libnftables.
 *
 * A socket belongs to the namespace in which it was opened. Interface indexes are chosen by the
 * caller, so nothing has to be looked up. Facts: rtnetlink(7), veth(4). */
#ifndef SCENARIOS_ENGINE_NETLINK_H
#define SCENARIOS_ENGINE_NETLINK_H

#include "lib/base/err.h"

#define NL_MAC_LEN 6

struct mnl_socket;
struct nl {
    struct mnl_socket *socket;
    uint32_t seq;
};

int nl_open(struct nl *ret, struct err *e) MUST_CHECK; /* in the namespace we are in */
void nl_close(struct nl *n);

int nl_link_up(struct nl *n, int index, struct err *e) MUST_CHECK;
/* A bridge, up, without spanning tree and multicast snooping: it says nothing by itself. */
int nl_bridge_add(struct nl *n, const char *name, int index, const uint8_t mac[NL_MAC_LEN],
                  struct err *e) MUST_CHECK;

struct nl_end {
    const char *name;
    int index;
    uint8_t mac[NL_MAC_LEN];
};
/* A pair: `port` here, up, as a port of the bridge with index `master`; `far`, down (the kernel
 * opens no end before the pair is whole), in the namespace of descriptor `far_ns`. */
int nl_veth_add(struct nl *n, const struct nl_end *port, int master, const struct nl_end *far,
                int far_ns, struct err *e) MUST_CHECK;
/* The bridge that the link is a port of; 0: of none. */
int nl_master_set(struct nl *n, int index, int master, struct err *e) MUST_CHECK;
int nl_address_add(struct nl *n, int index, const char *address, int prefix, struct err *e)
    MUST_CHECK;
/* net "0.0.0.0/0" is the default route. */
int nl_route_add(struct nl *n, const char *net, const char *via, struct err *e) MUST_CHECK;

/* Waits until every link that is up carries traffic (operstate up, bridge ports forwarding).
 * Without it about one first connection in ten loses a second. Bounded: -ETIMEDOUT after 2 s. */
int nl_wait_ready(struct err *e) MUST_CHECK;

/* Writes /proc/sys/PATH of the namespace we are in. */
int nl_sysctl(const char *path, const char *value, struct err *e) MUST_CHECK;
/* Runs a ruleset's text in the namespace we are in. */
int nl_nft(const char *rules, struct err *e) MUST_CHECK;

/* "10.10.0.0/24" → address and length; false when it is none. */
bool nl_net_read(const char *net, uint32_t *ret_address, int *ret_prefix);

#endif
