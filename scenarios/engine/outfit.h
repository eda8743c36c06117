/* What a story's site lines give a gateway beside its addresses: the proxy it is told of, the list
 * of exceptions, variables that stand in its environment against the contract, and the features
 * that it needs for all this. Pure; the same for both stages, for the plan and for the judge. */
#ifndef SCENARIOS_ENGINE_OUTFIT_H
#define SCENARIOS_ENGINE_OUTFIT_H

#include "lib/base/buf.h"
#include "scenarios/engine/script.h"

#define OUTFIT_STRAYS_MAX 8
#define OUTFIT_WORD_MAX   64

struct outfit {
    bool has_proxy_line;         /* a proxy program runs, told of or not */
    bool bumps, trusts;          /* the story lets it open TLS; tells a gateway to trust that */
    char proxy[SCRIPT_WORD_MAX]; /* URL given to the gateway, credentials included; "" = none */
    char host[SCRIPT_WORD_MAX];  /* of it */
    int port;
    char user[OUTFIT_WORD_MAX], password[OUTFIT_WORD_MAX]; /* decoded; "" = none */
    char no_proxy[SCRIPT_WORD_MAX];
    /* What the story does to the gateway's host, and the manifest must promise to survive. */
    bool loses_power, is_wiped, clock_jumps;
    size_t n_strays;
    const char *strays[OUTFIT_STRAYS_MAX]; /* NAME=VALUE, in the script */
};
void outfit_read(const struct script *s, struct outfit *ret);

/* What the gateway is told from now on, in an act's words: a proxy's URL, or NULL for none. */
void outfit_told(struct outfit *o, const char *proxy);

/* Features that a run of the story needs, "pcg,proxy". */
void outfit_features(const struct outfit *o, struct buf *out);
/* The first feature or kind of robustness needed that the comma list does not hold, or NULL. */
const char *outfit_lacks(const struct outfit *o, const char *declared);
/* For run.begin: "proxy=http://10.10.0.9:3128 proxy-sum=… credentials=1 no-proxy=…": the address
 * without credentials and the digest of the whole; nothing without a proxy line. */
void outfit_params(const struct outfit *o, struct buf *out);

/* For the verb table. */
bool outfit_is_proxy(const char *text);    /* "unused", or a proxy's URL */
bool outfit_is_variable(const char *text); /* NAME=VALUE */
bool outfit_is_proxy_url(const char *text);
/* The same of the three names that a proxy has. */
bool outfit_is_proxy_variable(const char *text);

#endif
