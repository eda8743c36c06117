/* Which hosts are reached without the proxy (GP-26, GP_NO_PROXY). Our own matcher: libraries differ
 * from each other, and libcurl knows neither IPv6 CIDRs nor host:port.
 *
 * Items stand between commas or blanks, in any case:
 *   *                      everything
 *   name  .name  *.name    that name and every name below it; a final dot does not count
 *   address                that address, IPv6 with or without brackets
 *   address/bits           every address of the block; never a name
 *   item:port              the same at that port only; an IPv6 address then needs its brackets
 * An item that is none of these matches nothing. */
#ifndef GATEWAY_NO_PROXY_H
#define GATEWAY_NO_PROXY_H

#include "lib/base/base.h"

#define NO_PROXY_ITEM_MAX 256 /* a longer item matches nothing */

/* host: a name, or an address without brackets. */
bool no_proxy_has(const char *list, const char *host, int port);
/* The first item that is none of the forms above, copied to out; false when all are fine. */
bool no_proxy_odd(const char *list, char *out, size_t size);

#endif
