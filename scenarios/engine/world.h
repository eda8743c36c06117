/* All that a run of real programs stands in: folders, clock, journal, and what its stage has of
 * lab, witness and name server (ground.h). The same for a story and for the adapter probe. Lives in
 * a process of its own, pid 1 of the run's namespaces where it has some.
 *
 * Stepped: this process is the controller, its page starts at WORLD_EPOCH_S, and the whole run is
 * pinned to the CPU it finds itself on. Wall: domain time is factor × monotonic time since the
 * opening. Below `dir` is what nobody else sees. */
#ifndef SCENARIOS_ENGINE_WORLD_H
#define SCENARIOS_ENGINE_WORLD_H

#include "lib/base/rng.h"
#include "lib/io/ctl.h"
#include "scenarios/engine/capture.h"
#include "scenarios/engine/ground.h"
#include "scenarios/engine/launch.h"
#include "scenarios/engine/names.h"
#include "scenarios/engine/relays.h"
#include "scenarios/engine/rings.h"
#include "scenarios/engine/slow_wires.h"
#include "scenarios/engine/stage.h"

#define WORLD_EPOCH_S   1782864000 /* 2026-07-01T00:00:00Z */
#define WORLD_PATH_MAX  512
#define WORLD_PROGS_MAX 16
#define WORLD_URL_MAX   128
#define WORLD_NODE_ROLE "node"

#define WORLD_PALETTE_NAME "palette.example"

struct world {
    const struct stage_run *run;
    char dir[128];
    bool stepped;
    bool with_nodes; /* the story needs the hosts of role node: else they are not built */
    struct loop *loop;
    struct ctl *ctl; /* stepped */
    struct clk_domain domain;
    int64_t epoch_s;
    struct rng rng;
    struct rings rings;
    const struct ground *ground;
    struct labnet *net; /* NULL on a stage without, as the next three */
    struct slow_wires *slow;
    struct capture *capture; /* sees packets */
    struct relays *relays;   /* see none */
    struct names *names;
    struct secrets secrets;
    struct prog *progs[WORLD_PROGS_MAX]; /* started, NULL = free place */
    char api_key[64], maas_key[128];
    char system_secret[64]; /* of Palette's own gateway */
    /* Whoever wants to hear of tries (probe) and of lost slots. */
    capture_try_fn *on_try;
    void *on_try_arg;
    ctl_lost_fn *on_lost;
    void *on_lost_arg;
};

/* dir: an empty folder that exists. Writes run.begin and lab.host records, sends the first canary.
 */
int world_open(struct world *w, const struct stage_run *r, const char *dir, struct err *e)
    MUST_CHECK;
void world_close(struct world *w);

/* The role whose hosts the run does not need, or "": they are left out of its lab. */
const char *world_without(const struct stage_run *r);
/* Does the lab as it was built have this host? */
bool world_has_host(const struct world *w, const struct lab_host *h);
ms_t world_now(const struct world *w); /* domain */
/* Timers of the loop: `ms` of domain time from now. */
ms_t world_after(const struct world *w, ms_t ms);
void world_put(struct world *w, struct event *e); /* as writer `engine` */
void world_path(const struct world *w, char out[WORLD_PATH_MAX], const char *name);
int world_write(const struct world *w, const char *name, const char *text, struct err *e)
    MUST_CHECK;

/* Palette's address as a gateway, an agent or a user is told it; inside: as Palette's own gateway
 * is (GP-113). */
void world_palette_url(const struct world *w, bool inside, char ret[WORLD_URL_MAX]);
/* The address at which this host's calls must begin, or "": its own. */
const char *world_from(const struct world *w, const struct lab_host *h);

/* What a program of a host is started with; its slot in a stepped run. */
struct slotted {
    struct prog *prog;
    struct ctl_slot *slot;
};
/* Fills netns, resolv_conf, hosts, log_file, secrets and fds of x (fds: the slot's are added to
 * those there), starts it, and gives it its first turn. page_fd: number for GP_CLOCK_FD, or -1; it
 * is known by world_slot before. */
int world_slot(struct world *w, const char *name, struct slotted *s, int *ret_page_fd,
               struct err *e) MUST_CHECK;
int world_start(struct world *w, const struct lab_host *h, struct launch *x, struct slotted *s,
                const struct prog_events *events, struct err *e) MUST_CHECK;
/* Signals the group and tells the controller. */
void world_signal(struct world *w, struct slotted *s, int signo);
void world_stop(struct world *w, struct slotted *s); /* frees both; kills what runs */
/* Pids of all programs started and not yet stopped. */
size_t world_pids(const struct world *w, pid_t ret[WORLD_PROGS_MAX]);

#endif
