/* What a machine found in its user data when it booted: the parameters of node.boot as fields, and
 * questions about them. The judge's own reading of a list of exceptions, so that a gateway and its
 * judge cannot be wrong together. Private to the judge. */
#ifndef SCENARIOS_JUDGE_HANDED_H
#define SCENARIOS_JUDGE_HANDED_H

#include "lib/base/event.h"

#define HANDED_WORD_MAX 128

struct handed {
    char endpoint[HANDED_WORD_MAX], proxy[HANDED_WORD_MAX]; /* "none", or host:port */
    char https_sum[24], http_sum[24];                       /* digests of the whole values */
    char environment[16], containerd[16];                   /* same, none, other */
    char no_proxy[EV_VALUE_MAX];                            /* "" = none */
};
/* false: the record is no node.boot, or the machine found no agent.json. */
bool handed_read(const struct event *boot, struct handed *ret);

bool handed_no_proxy(const struct handed *h); /* in any place */
/* The value of HTTP_PROXY, HTTPS_PROXY or NO_PROXY, as all places say it. */
bool handed_has(const struct handed *h, const char *name, const char *value);
/* Is the host of a URL or of host:port. */
bool handed_host_is(const char *url, const char *host);

/* "name=value" of parameters, "" when it is not there; is_rest: to the end of the text. */
void handed_param(const char *params, const char *name, bool is_rest, char *out, size_t size);
/* The next item of a list, between commas or blanks. */
bool handed_next(const char **at, char *out, size_t size);

/* Does the list of exceptions cover this name or address? */
bool handed_covers(const char *list, const char *what);
/* Does it hold this very item? */
bool handed_lists(const char *list, const char *item);

#endif
