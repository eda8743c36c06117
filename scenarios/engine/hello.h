/* The first record of a TLS client, as the simulator's clients send it. Pure. There is no TLS
 * behind it: what crosses a simulated link before the first answer is real, the rest is not sent.
 * Source: RFC 8446 section 4.1.2 (ClientHello), RFC 6066 section 3 (server name). */
#ifndef SCENARIOS_ENGINE_HELLO_H
#define SCENARIOS_ENGINE_HELLO_H

#include "lib/base/buf.h"
#include "lib/base/rng.h"

/* Adds one whole record. host: a name becomes the server name, an IPv4 address is never sent as
 * one. */
void hello_write(struct buf *out, const char *host, struct rng *rng);

#endif
