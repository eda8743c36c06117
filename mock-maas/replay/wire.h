/* Sends a replay's requests to a running server, one after the other, over one connection. */
#ifndef REPLAY_WIRE_H
#define REPLAY_WIRE_H

#include "mock-maas/replay/run.h"

struct wire;
/* control: "http://127.0.0.1:1234" of mock-maas's --control; "" for a server without one: then no
 * world is made and no step is done. */
struct wire *wire_new(const char *control);
void wire_free(struct wire *w);
/* The server behind it; lives as long as the wire. */
const struct replay_server *wire_server(const struct wire *w);

#endif
