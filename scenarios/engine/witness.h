/* Proxies that are not ours as independent witnesses of the same verdicts: squid and tinyproxy, on
 * clock wall only, at the place of our own. One is started as itself, with a configuration made
 * here, and what it logged is said by this process as writer `proxy` when it has ended. */
#ifndef SCENARIOS_ENGINE_WITNESS_H
#define SCENARIOS_ENGINE_WITNESS_H

#include "scenarios/engine/outfit.h"
#include "scenarios/engine/world.h"

#define WITNESS_START_MAX_MS 20000 /* kernel time until it listens */

/* Is there one of that name? One sentence with those that are, if not. */
int witness_find(const char *name, struct err *e) MUST_CHECK;
/* "" when the programs it needs are installed; else what to type. */
const char *witness_lacks(const char *name);

/* Writes its configuration, and the words that start it. */
#define WITNESS_WORDS_MAX 12
int witness_prepare(struct world *w, const struct lab_host *h, int port, const struct outfit *o,
                    char conf[WORLD_PATH_MAX], const char *argv[WITNESS_WORDS_MAX], struct err *e)
    MUST_CHECK;
/* Until it takes connections; `broken` is set when it ends unasked. */
int witness_await(struct world *w, const struct lab_host *h, int port, const struct slotted *s,
                  const struct err *broken, struct err *e) MUST_CHECK;
/* After its end: each line of its log as proxy.connect and proxy.close, or proxy.refuse. */
void witness_say(struct world *w, const struct lab_host *h);

#endif
