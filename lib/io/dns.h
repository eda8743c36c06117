/* Names to addresses by c-ares on the loop: no thread, no getaddrinfo. Answers are kept for their
 * TTL, at most DNS_KEEP_MAX_MS; failures are not kept. Literal addresses answer at once. IPv4 comes
 * before IPv6, else the order is the server's. A server has DNS_TRY_MS, twice as long at each of
 * DNS_TRIES, so that an answer of some kind comes within seconds. */
#ifndef IO_DNS_H
#define IO_DNS_H

#include "lib/io/loop.h"

#define DNS_KEEP_MAX_MS   SECONDS(300)
#define DNS_ADDRESS_MAX   64
#define DNS_ADDRESSES_MAX 8
#define DNS_ASKS_MAX      256 /* at once; beyond: no address */
#define DNS_CACHE_MAX     64  /* names kept */
#define DNS_TRY_MS        2000
#define DNS_TRIES         3

struct dns;
struct dns_ask;
/* n = 0: the name does not resolve, `why` says in a few words. Called from the loop, never from
 * within dns_lookup. */
typedef void dns_done_fn(void *arg, char (*addresses)[DNS_ADDRESS_MAX], size_t n, const char *why);

int dns_new(struct dns **ret, struct loop *l, struct err *e) MUST_CHECK; /* reads resolv.conf */
void dns_free(struct dns *d); /* NULL is fine. Questions in flight end without their callback */
/* Other servers than resolv.conf's: "127.0.0.1:5300,[::1]:53". Only while nothing is asked. */
int dns_servers(struct dns *d, const char *servers, struct err *e) MUST_CHECK;
/* The question is gone once `done` was called: the caller forgets its pointer there. */
struct dns_ask *dns_lookup(struct dns *d, const char *host, dns_done_fn *done, void *arg);
void dns_cancel(struct dns_ask **ask);            /* no callback after this */
void dns_forget(struct dns *d, const char *host); /* next lookup asks again (GP-90) */

#endif
