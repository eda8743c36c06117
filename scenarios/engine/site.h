/* A whole site in one process: the reference core, both models, the lab's network as a model, and
 * the journal they write. Pure: time is handed in, nothing of the world is touched, a thousand of
 * them live side by side.
 *
 * The wire is crossed as bytes: what the core asks for is encoded by its own wire code, routed by
 * the models' route tables, answered as bytes and decoded again. A call travels as flights with a
 * latency; ties are broken by the order in which they were sent, so two runs never differ. */
#ifndef SCENARIOS_ENGINE_SITE_H
#define SCENARIOS_ENGINE_SITE_H

#include "lib/base/event.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/script.h"

#define SITE_MACHINES      6 /* of the fleet, unless the story says `site machines N` */
#define SITE_LATENCY_MS    1
#define SITE_DIAL_EVERY_MS MINUTES(5) /* a neighbour asks each cluster's API so often */
#define SITE_FLIGHTS_MAX   512
#define SITE_SECRETS_MAX   16
#define SITE_KEEP_IDLE_MS  SECONDS(118) /* libcurl drops a connection that was idle longer */

struct site;

/* The journal is the caller's; the site gives its records seq, nth and chain. */
struct site *site_new(const struct lab *lab, const struct script *script, uint64_t seed,
                      struct ev_list *journal);
/* The same with that rogue as its gateway, and its doors ajar: of a test build, whose core knows
 * it. NULL or "" = a good one. */
struct site *site_new_rogue(const struct lab *lab, const struct script *script, uint64_t seed,
                            const char *rogue, struct ev_list *journal);
void site_free(struct site *s);
/* Before it begins: the reference gateway provisions so. */
void site_bootstrap(struct site *s, bool bootstrap);
/* The gateway's nth sync is not carried out, as if the core had not asked for it: for the test that
 * each of them is needed. 0: all are. */
#define SITE_SYNCS_ALL UINT64_MAX /* none is carried out */
void site_lose_sync(struct site *s, uint64_t nth);
uint64_t site_syncs(const struct site *s); /* how many there were */

/* --- where the gateway can be killed: before and after each effect of its core that leaves a trace
 * outside of it, and when the answer to a call reaches it ------------------------------------- */

enum site_effect {
    SITE_RECORD,
    SITE_SYNC,
    SITE_TO_MAAS,
    SITE_TO_PALETTE,
    SITE_LOCAL,
    SITE_EFFECTS
};
const char *site_effect_name(enum site_effect k);
enum site_phase { SITE_BEFORE, SITE_AFTER, SITE_ANSWERED, SITE_PHASES };
const char *site_phase_name(enum site_phase p);
#define SITE_WHAT_MAX 160

struct site_moment {
    uint64_t effect; /* the n-th since site_watch, from 1 */
    enum site_effect kind;
    enum site_phase phase;
    bool same;     /* nothing happened since the moment before this one: the same state */
    bool unsynced; /* records were written that a loss of power takes away */
    const char
        *what; /* "POST http://maas…/?op=allocate": a call's line, a record's key; no secret */
};
/* Told of each moment; may kill the gateway there and then by site_kill. NULL: nobody is. */
typedef void site_moment_fn(void *arg, struct site *s, const struct site_moment *m);
void site_watch(struct site *s, site_moment_fn *fn, void *arg);
/* SIGKILL. keep: what was written and not synced is there afterwards, as with a file that the
 * kernel still holds; else it is lost, as with a loss of power. */
void site_kill(struct site *s, bool keep);
bool site_alive(const struct site *s);
/* Equal when a kill leaves the same records. keep: as in site_kill. */
uint64_t site_store_digest(const struct site *s, bool keep);
void site_start(struct site *s);          /* again; it is dead */
bool site_is_asked(const struct site *s); /* something that the user wants is not carried out yet */

/* Everything that is due at `now` happens; now never goes back. */
void site_run_to(struct site *s, ms_t now);
ms_t site_due(const struct site *s); /* MS_NEVER when nothing is under way */

/* Does an act of the story at once and journals it. false: this stage has no such act (a bug of
 * the verb table: the parser keeps such stories off). */
bool site_act(struct site *s, const struct script_line *line);
/* Canary flows, and run.begin with the lab's hosts before anything else. */
void site_begin(struct site *s, const char *stage, const char *clock);
/* run.end, canaries, and every writer's last word. */
/* How this run compares with one of the same seed: so many records, equal or not; the first that
 * differs, 0: none. */
void site_say_again(struct site *s, bool equal, int64_t n, uint64_t differs);
void site_end(struct site *s, const char *why);

#endif
