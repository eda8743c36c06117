/* Which flows a link has seen lately: tells a first SYN from its repetition, and finds a client's
 * first bytes. Pure; bounded: the least recently used flow of a set of four makes room. */
#ifndef SCENARIOS_ENGINE_FLOWS_H
#define SCENARIOS_ENGINE_FLOWS_H

#include "scenarios/engine/packet.h"

struct flows;
struct flows *flows_new(size_t max); /* a power of two, at least 4 */
void flows_free(struct flows *f);

/* A SYN on a link: true the first time, false for a repetition (same ends and sequence number). */
bool flows_open(struct flows *f, size_t link, const struct packet *syn);
/* A payload: "tls", "connect+tls", "http" or "other" when it tells what the flow is, once a flow;
 * NULL else. name: server name, or the CONNECT's target. */
const char *flows_first(struct flows *f, size_t link, const struct packet *p,
                        char name[PACKET_NAME_MAX]);
/* The same for a whole stream: what a client sent first on one connection, where the other side's
 * answers may stand between a CONNECT and what follows. NULL: not enough bytes to tell. */
const char *flows_kind(const void *bytes, size_t len, char name[PACKET_NAME_MAX]);

#endif
