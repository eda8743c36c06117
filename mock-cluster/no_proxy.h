/* Whether a node reaches a host without its proxy: exact names and addresses, domains with a dot in
 * front, and IPv4 nets, as agent.json's noProxy lists them (GP-83). Our own reading: what judges a
 * gateway's list does not share the gateway's code. */
#ifndef MOCK_CLUSTER_NO_PROXY_H
#define MOCK_CLUSTER_NO_PROXY_H

#include "mock-cluster/agent.h"

bool cluster_no_proxy(const char *list, const char *host);
/* The proxy that calls of the agent to that target go through; NULL: straight, as always to MAAS
 * (GP-93). */
const char *cluster_proxy_for(const struct agent_config *c, enum agent_target target);

#endif
