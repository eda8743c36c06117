/* The gateway under test: started by its manifest's command with the environment of GP-6,
 * signalled, ended, and what is to be said about it written to the journal (prog, secret.hit).
 * Knows the launch contract and nothing else about a gateway. */
#ifndef SCENARIOS_ENGINE_GUEST_H
#define SCENARIOS_ENGINE_GUEST_H

#include "scenarios/engine/deeds.h"
#include "scenarios/engine/outfit.h"

#define GUEST_ENV_MAX  40
#define GUEST_NAME     "gateway"
#define GUEST_SYSTEM   "system-gateway"
#define GUEST_PROXY_CA "gateway-proxy-ca.pem" /* below the world's folder */
#define GUEST_KILL_MS  5000                   /* what a kill_command may take (GP-4) */

struct guest {
    struct world *w;
    bool is_system;   /* the one inside Palette: on Palette's host, without pairing (GP-108) */
    const char *name; /* of its log, its folders and in the journal */
    struct slotted at;
    struct slotted killer; /* kill_command */
    char uid[64];
    int64_t wall_shift_s; /* of its host's wall clock; stepped only */
    char secrets_dir[64]; /* below the world's folder */
    struct deeds deeds;   /* of a rogue */
    struct outfit outfit; /* what it is told of proxies, from its next start on */
    bool trusts_proxy;    /* GP_PROXY_CA_FILE holds the proxies' authority */
    int starts;
    bool frozen, asked, killed;
    struct loop_timer *patience; /* TERM asked for: until it counts as hung */
    struct loop_timer *killer_end;
    void (*ended)(void *arg); /* may be NULL */
    void *arg;
    /* For the adapter probe: instead of "pcg" and "1"; NULL else. */
    const char *features, *contract;
};

/* Makes its folders. mocks_certify must have been called. *g must stay where it is. */
int guest_init(struct guest *g, struct world *w, bool is_system, struct err *e) MUST_CHECK;
void guest_free(struct guest *g);

/* The secret files of a first start. code may be "", and is not looked at for Palette's own. */
int guest_secrets(struct guest *g, const char *uid, const char *code, struct err *e) MUST_CHECK;
/* -ENOENT, …: the command cannot be started at all, which is the harness's caller's mistake. */
int guest_start(struct guest *g, struct err *e) MUST_CHECK;
bool guest_running(const struct guest *g);
void guest_stop(struct guest *g); /* TERM; hung, and killed, after stop_seconds */
void guest_kill(struct guest *g);
void guest_freeze(struct guest *g, bool frozen);
/* It may have the file of the proxies' authority: given from the start to one that reads it again
 * on HUP, else from when it is told to trust. */
bool guest_has_proxy_ca(const struct guest *g);
/* Puts the proxies' authority into that file; it counts from the next start, or HUP. */
int guest_trust_proxy(struct guest *g, struct err *e) MUST_CHECK;
void guest_hup(struct guest *g); /* to one that runs and declares `reload`, and to no other */
/* KILL, and an empty state directory. */
int guest_wipe(struct guest *g, struct err *e) MUST_CHECK;
/* From now on, and after each start. */
void guest_clock(struct guest *g, int64_t shift_s);
/* The controller lost it. */
void guest_lost(struct guest *g, const struct ctl_slot *s, const char *why);

#endif
