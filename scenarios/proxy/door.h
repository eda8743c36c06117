/* A CONNECT proxy on one loop: heads, tunnels, its journal. No thread, no child.
 *
 * Bounds: DOOR_TUNNELS_MAX clients at once (more are closed as they come), PROXY_HEAD_MAX of a
 * head, DOOR_BYTES_MAX under way in each direction of a tunnel (whoever sends more waits),
 * DOOR_HEAD_MS for a head, PROXY_CALM_MS for a connect. Names are asked for on the loop. Times are
 * domain time, so all of it holds under the stepped clock. Credentials never reach the journal. */
#ifndef SCENARIOS_PROXY_DOOR_H
#define SCENARIOS_PROXY_DOOR_H

#include "lib/io/dns.h"
#include "lib/io/journal.h"
#include "scenarios/proxy/bump.h"
#include "scenarios/proxy/connect.h"

#define DOOR_TUNNELS_MAX 128
#define DOOR_BYTES_MAX   KIB(32)
#define DOOR_HEAD_MS     SECONDS(30)

struct door_config {
    const char *address;
    int port; /* 0: a free one */
    struct proxy_rules rules;
    ms_t idle_ms;             /* a tunnel without a byte for so long is closed; 0: never */
    struct bump_house *bumps; /* NULL: a wish to open TLS cannot be met */
    struct clk_domain domain;
    struct journal_ring *journal; /* NULL: none */
};

struct door;
int door_open(struct door **ret, struct loop *l, struct dns *d, const struct door_config *c,
              struct err *e) MUST_CHECK;
int door_port(const struct door *d);
/* A wish of one line (proxy_wish): from now on, for tunnels that are open too. */
bool door_wish(struct door *d, const char *words);
/* The last word of every tunnel. */
void door_end(struct door *d);
void door_free(struct door *d); /* after door_end */

#endif
