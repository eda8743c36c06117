/* What a host's ruleset does with the first packet of a flow, read from the very text that nft is
 * given in stage netns: so the simulator's probes are held against the rules and not against the
 * table that says what they should be. Pure.
 *
 * Read is what labs use: chains with a hook and a policy; rules of "ip saddr", "ip daddr", "tcp
 * dport" (with !=) and "ct state new"; the ends accept, drop and masquerade. Rules for other states
 * of a flow do not concern a first packet. */
#ifndef SCENARIOS_ENGINE_LAB_RULES_H
#define SCENARIOS_ENGINE_LAB_RULES_H

#include "scenarios/engine/lab.h"

enum lab_end { LAB_PASSES, LAB_DROPS, LAB_REWRITES };

struct lab_packet {
    const char *from, *to; /* addresses */
    int to_port;
};
/* hook: "forward", "input" or "postrouting". No chain there: it passes. */
enum lab_end lab_rules_end(const struct lab_host *h, const char *hook, const struct lab_packet *p);

/* The table, with its family, and the chain that stand at the hook: "inet site", "passing". false:
 * there is none. */
bool lab_rules_chain(const struct lab_host *h, const char *hook, char *ret_table, char *ret_chain,
                     size_t size);

#endif
