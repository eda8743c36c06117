/* One packet socket over the whole switch of a lab, with a ring and a filter in the kernel: IPv4
 * TCP packets that begin or end a flow or carry words a person could read. Incoming frames only, so
 * that each is seen once a link. Facts: packet(7), the kernel's packet_mmap documentation. */
#ifndef SCENARIOS_ENGINE_SNIFFER_H
#define SCENARIOS_ENGINE_SNIFFER_H

#include "scenarios/engine/capture.h"

struct sniffer;
/* port: interface index in the switch. bytes begin with the IPv4 header and are cut at the frame.
 */
typedef void sniffer_fn(void *arg, int port, const uint8_t *bytes, size_t len);

int sniffer_new(struct sniffer **ret, struct loop *l, const struct labnet *net, sniffer_fn *fn,
                void *arg, struct err *e) MUST_CHECK;
void sniffer_free(struct sniffer *s);     /* NULL is fine */
uint64_t sniffer_lost(struct sniffer *s); /* packets the kernel dropped until now */

#endif
