/* What a story's site lines give a gateway beside its addresses: the proxy it is told of, the list
 * of exceptions, variables that stand in its environment against the contract, and the features
 * that it needs for all this. Pure; the same for both stages, for the plan and for the judge. */
#ifndef SCENARIOS_ENGINE_OUTFIT_H
#define SCENARIOS_ENGINE_OUTFIT_H

#include "lib/base/buf.h"
#include "lib/base/event.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/script.h"

#define OUTFIT_STRAYS_MAX 8
#define OUTFIT_WORD_MAX   64
#define OUTFIT_URL_MAX    128

struct outfit {
    bool self_hosted;    /* Palette is; else SaaS */
    bool maas_tls;       /* MAAS is https, with an authority of its own */
    bool has_site;       /* a gateway is installed at the site */
    bool has_system;     /* the story needs Palette's own gateway, and this Palette has one */
    bool has_proxy_line; /* a proxy program runs, told of or not */
    bool bumps, trusts;  /* the story lets it open TLS; tells a gateway to trust that */
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

/* Where MAAS is called in this lab; "" where it has none. */
void outfit_maas_url(const struct outfit *o, const struct lab *l, char ret[OUTFIT_URL_MAX]);

/* What the gateway is told from now on, in an act's words: a proxy's URL, or NULL for none. */
void outfit_told(struct outfit *o, const char *proxy);

/* Features that the gateway at the site needs, "pcg,proxy", or Palette's own: "system-gateway". */
void outfit_features(const struct outfit *o, bool is_system, struct buf *out);
/* The first feature or kind of robustness needed that the comma list does not hold, or NULL. */
const char *outfit_lacks(const struct outfit *o, const char *declared);
/* For run.begin: "proxy=http://10.10.0.9:3128 proxy-sum=… credentials=1 no-proxy=…": the address
 * without credentials and the digest of the whole; nothing without a proxy line. */
void outfit_params(const struct outfit *o, struct buf *out);

/* The record lab.path: what the lab's table says of the way from Palette to MAAS, and which Palette
 * it is. */
void outfit_path(const struct lab *l, const struct outfit *o, struct event *ret);
/* The fleet as mock-maas reads it, when the story says what a machine is like or the lab has its
 * machines elsewhere: so many, the others as in every lab. Else nothing. */
void outfit_fleet(const struct script *s, const struct lab *l, size_t n_machines, struct buf *out);

/* For the verb table. */
bool outfit_is_machine_spec(const char *text); /* "zone=z2,cpu=16,tags=ssd+gpu" */
bool outfit_is_proxy(const char *text);        /* "unused", or a proxy's URL */
bool outfit_is_variable(const char *text);     /* NAME=VALUE */
bool outfit_is_proxy_url(const char *text);
/* The same of the three names that a proxy has. */
bool outfit_is_proxy_variable(const char *text);

#endif
