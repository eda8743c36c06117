/* The witness: every first SYN and the first words of every flow, on every zone's bridge, by one
 * packet socket in the switch whose kernel filter lets nothing else through. Answered, refused or
 * dropped makes no difference: a try is seen. Frames are counted where a port of the bridge
 * receives them, so each crosses a link once. What the kernel could not hand over is counted
 * (tap.drops), never guessed.
 *
 * A secret in clear text is told too, once a secret and link, when it stands in one packet; the
 * keys of MAAS may cross to and from MAAS, whose own protocol is so.
 *
 * At the end each flow is told as a whole (flow.end), and all that was seen stands in a file that
 * wireshark reads, but for what may hold keys (pcapng.h).
 *
 * Bounds: CAPTURE_FRAMES frames wait; CAPTURE_FLOWS flows are known at a time, the least
 * recently used of a set of four makes room. Writer `capture` of the journal. */
#ifndef SCENARIOS_ENGINE_CAPTURE_H
#define SCENARIOS_ENGINE_CAPTURE_H

#include "lib/io/clk.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "scenarios/engine/labnet.h"
#include "scenarios/engine/launch.h"

#define CAPTURE_FRAMES     1024
#define CAPTURE_FRAME_SIZE 2048
#define CAPTURE_FLOWS      4096
#define CAPTURE_FILE_MAX   MIB(32) /* packets after that are not kept */

struct capture_try { /* a first SYN on a link */
    const char *link;
    const char *from_ip, *to_ip;
    int from_port, to_port;
};
typedef void capture_try_fn(void *arg, const struct capture_try *t);

struct capture_config {
    struct loop *loop;
    const struct lab *lab;
    const struct labnet *net;
    struct journal_ring *journal;
    const struct clk_domain *domain;
    const struct secrets *secrets; /* may be NULL; may grow */
    const char *packets;           /* file for the packets, "" = none */
    int64_t epoch_s;               /* domain time 0 in that file, since 1970 */
    capture_try_fn *on_try;        /* told after the record was written; may be NULL */
    void *arg;
};

struct capture;
int capture_new(struct capture **ret, const struct capture_config *c, struct err *e) MUST_CHECK;
void capture_free(struct capture *c);

/* Sends one SYN over every link and expects to see it; round is 1 at the start, 2 at the end. On a
 * link where anybody's wire costs nothing it hangs on nobody's turn but the capture's own. */
int capture_canaries(struct capture *c, int round, struct err *e) MUST_CHECK;
bool capture_canaries_seen(const struct capture *c, int round); /* on every link */
/* One flow.end each, in the order in which they began. */
void capture_flows(struct capture *c);
/* Asks the kernel how many packets it dropped, on whatever link: one tap.drops a link. With those
 * that were lost elsewhere without anybody wanting it. */
void capture_drops(struct capture *c, uint64_t lost_elsewhere);

#endif
