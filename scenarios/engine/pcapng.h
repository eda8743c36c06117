/* Packets in a file that wireshark, tshark and tcpdump read (pcapng): one interface a link of the
 * lab, by its name, raw IPv4. Pure. Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.
 *
 * What is kept of a packet: its headers; the handshakes of TLS whole; of a CONNECT the first line.
 * Everything else may hold keys, and is cut away: the length that was on the wire stays. */
#ifndef SCENARIOS_ENGINE_PCAPNG_H
#define SCENARIOS_ENGINE_PCAPNG_H

#include "lib/base/buf.h"
#include "scenarios/engine/packet.h"

void pcapng_begin(struct buf *out, const char *const *links, size_t n);
/* bytes begin with the IPv4 header; p is what packet_read made of them. t: since 1970. */
void pcapng_packet(struct buf *out, size_t link, ms_t t, const uint8_t *bytes,
                   const struct packet *p);

/* A file that pcapng_begin and pcapng_packet wrote, block by block. */
struct pcapng_block {
    const uint8_t *bytes; /* the whole block */
    size_t len;
    const uint8_t *packet; /* NULL: no packet, but what stands before them */
    size_t packet_len;
};
/* *at: 0 at first. false: the end, or bytes that are none of ours. */
bool pcapng_next(const uint8_t *bytes, size_t len, size_t *at, struct pcapng_block *ret);

#endif
