/* A machine that was deployed: it fetches its user data at MAAS's door, executes it in the sandbox,
 * or, where this machine forbids one, does the same to a tree of files in memory (userdata.h), and
 * is its agent until it is switched off (SIGTERM, SIGKILL). A reboot is a new process.
 *
 * Files of its own (authorities of the agent, certificate of port 6443) are below `root`. */
#ifndef MOCK_CLUSTER_NODE_H
#define MOCK_CLUSTER_NODE_H

#include "lib/io/slot.h"

#define NODE_NAME "mock-cluster"

struct node_config {
    const struct opts *opts; /* for the pipe of wishes */
    const char *system_id, *hostname, *maas_url, *maas_ca, *address, *root, *busybox;
    const char *slow; /* "c1=3h,c2=1m": whose agents wait so long before their first call */
    struct slot slot;
    uint64_t seed;
    int sandbox_seconds;
    bool interprets;  /* no sandbox */
    const char *from; /* at which its calls begin; "" = the kernel's choice */
};
/* Runs until it is told to stop. 0, or 1 after a line on stderr. */
int node_run(const struct node_config *c);

#endif
