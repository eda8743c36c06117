/* What an inspecting proxy does with the TLS of a tunnel: it answers the client's hello with a leaf
 * of its own authority for the host that the CONNECT asked for, speaks TLS to the target itself,
 * and reads what goes between. Bytes in, bytes out; the sockets are door.c's. Not pure: leaves are
 * made on the fly, below the authority's folder.
 *
 * Bounds: BUMP_HOSTS_MAX hosts in the life of a house (a leaf each). What a client sends before the
 * target is ready is held; bump_holds says how much, and whoever feeds a bump stops in time. */
#ifndef SCENARIOS_PROXY_BUMP_H
#define SCENARIOS_PROXY_BUMP_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define BUMP_HOSTS_MAX  16
#define BUMP_METHOD_MAX 16

enum bump_side { BUMP_CLIENT, BUMP_TARGET, BUMP_SIDES };

/* An authority in a folder (ca.pem, ca.key; made when they are missing), and whom the proxy itself
 * trusts: a file of anchors, "" = the system's. */
struct bump_house;
int bump_house_new(struct bump_house **ret, const char *dir, const char *anchors, struct err *e)
    MUST_CHECK;
void bump_house_free(struct bump_house *h);

struct bump; /* one tunnel */
/* NULL: no leaf can be made for the host any more. */
struct bump *bump_new(struct bump_house *h, const char *host);
void bump_free(struct bump *b); /* NULL is nothing */
/* Takes what a side sent (at first nothing of the target: its hello is due), and adds what goes to
 * each side. Returns the side that broke the talk, or BUMP_SIDES. */
enum bump_side bump_take(struct bump *b, enum bump_side from, const void *bytes, size_t len,
                         struct buf *to_client, struct buf *to_target);
/* A side will send no more: the other is told so. */
void bump_ended(struct bump *b, enum bump_side side, struct buf *to_client, struct buf *to_target);
size_t bump_holds(const struct bump *b);

/* What happened since it was asked last: the client's hello was answered; the first request became
 * readable: its method, "" when the bytes are no HTTP, and whether its head held credentials. */
bool bump_showed(struct bump *b);
bool bump_read(struct bump *b, char method[BUMP_METHOD_MAX], bool *ret_credentials);

#endif
