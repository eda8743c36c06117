/* What the capture reads off a link: one IPv4 TCP packet, and the first words of a flow. Pure.
 *
 * Foreign bytes: everything is checked against the length given, truncated packets give what is
 * there, nothing is trusted. Sources: RFC 791, RFC 9293, RFC 8446 section 4.1.2, RFC 6066 section
 * 3, RFC 9110 section 9.3.6. */
#ifndef SCENARIOS_ENGINE_PACKET_H
#define SCENARIOS_ENGINE_PACKET_H

#include "lib/base/base.h"

#define PACKET_NAME_MAX 256

struct packet {
    uint32_t from, to; /* addresses, host order */
    uint16_t from_port, to_port;
    uint32_t seq;
    bool syn, ack, rst, fin;
    const uint8_t *payload; /* into the bytes given */
    size_t len;             /* of what is there of the payload */
};
/* bytes begin with the IPv4 header. false: no whole TCP header of an unfragmented IPv4 packet. */
bool packet_read(const uint8_t *bytes, size_t len, struct packet *ret);

enum first_kind { FIRST_TLS, FIRST_CONNECT, FIRST_HTTP, FIRST_OTHER };
/* What a client's first bytes are. name: server name of a ClientHello, target of a CONNECT, else
 * "". A name with a byte outside printable ASCII becomes "". */
enum first_kind packet_first(const uint8_t *bytes, size_t len, char name[PACKET_NAME_MAX]);

/* "203.0.113.10"; out holds 16 bytes. */
void packet_address_write(uint32_t address, char *out, size_t size);

#endif
