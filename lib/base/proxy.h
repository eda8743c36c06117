/* Which calls go through an HTTP proxy, and how such a proxy is written. Letters only: the gateway
 * (GP-26) and the agents of its clusters (GP-83) decide with it, each from its own configuration.
 *
 * NO_PROXY is read by us, because libraries differ from each other: libcurl knows neither IPv6
 * CIDRs nor host:port, and wgetrc, Go and Python each have their own dots. Items stand between
 * commas or blanks, in any case:
 *   *                      everything
 *   name  .name  *.name    that name and every name below it; a final dot does not count
 *   address                that address, IPv6 with or without brackets
 *   address/bits           every address of the block; never a name
 *   item:port              the same at that port only; an IPv6 address then needs its brackets
 * An item that is none of these matches nothing. */
#ifndef BASE_PROXY_H
#define BASE_PROXY_H

#include "lib/base/url.h"

#define PROXY_MAX         (URL_USERINFO_MAX + URL_HOST_MAX + 32) /* holds every URL that is fine */
#define NO_PROXY_ITEM_MAX 256                                    /* a longer item matches nothing */

/* http://[USER:PASSWORD@]HOST[:PORT], user and password percent-coded, and no quote or backslash in
 * them, because such a URL also stands between quotes in files. -EINVAL with a sentence that does
 * not quote the text, which may hold a password. */
int proxy_read(const char *text, struct url *ret, struct err *e) MUST_CHECK;

/* The proxy for a call to that URL, which is `proxy`, or "": none is set, the list names the host,
 * or the URL is none of https. */
const char *proxy_for(const char *proxy, const char *no_proxy, const char *url);

/* host: a name, or an address without brackets. */
bool no_proxy_has(const char *list, const char *host, int port);
/* The first item that is none of the forms above, copied to out; false when all are fine. */
bool no_proxy_odd(const char *list, char *out, size_t size);

#endif
