/* Machines of a MAAS: their statuses and the law of their changes, what each one is, and the hands
 * that change it. Only maas_move() writes a status; it asserts the law and emits maas.state.
 * Facts: MAAS 3.7.3 node_status.py; recordings in tests/contract/maas. */
#ifndef MOCK_MAAS_MACHINE_H
#define MOCK_MAAS_MACHINE_H

#include "lib/base/event.h"
#include "mock-maas/maas.h"

#define MAAS_DISKS_MAX       4
#define MAAS_LABELS_MAX      8 /* tags of one machine */
#define MAAS_ANNOTATIONS_MAX 16
#define MAAS_AGENT_MAX       256 /* agent_name has 255 letters at most */
#define MAAS_USER_DATA_MAX   KIB(256)

enum maas_status {
    MAAS_NEW,
    MAAS_COMMISSIONING,
    MAAS_FAILED_COMMISSIONING,
    MAAS_MISSING,
    MAAS_READY,
    MAAS_RESERVED,
    MAAS_DEPLOYED,
    MAAS_RETIRED,
    MAAS_BROKEN,
    MAAS_DEPLOYING,
    MAAS_ALLOCATED,
    MAAS_FAILED_DEPLOYMENT,
    MAAS_RELEASING,
    MAAS_FAILED_RELEASING,
    MAAS_DISK_ERASING,
    MAAS_FAILED_DISK_ERASING,
    MAAS_RESCUE_MODE,
    MAAS_ENTERING_RESCUE_MODE,
    MAAS_FAILED_ENTERING_RESCUE_MODE,
    MAAS_EXITING_RESCUE_MODE,
    MAAS_FAILED_EXITING_RESCUE_MODE,
    MAAS_TESTING,
    MAAS_FAILED_TESTING,
    MAAS_STATUS_COUNT
};
const char *maas_status_name(enum maas_status s);  /* "failed_releasing": in filters */
const char *maas_status_label(enum maas_status s); /* "Releasing failed": shown */
bool maas_status_may(enum maas_status from, enum maas_status to);
bool maas_status_releasable(enum maas_status s);
/* By label or name; blank, '-' and '_' are one letter, case does not matter. MAAS_STATUS_COUNT when
 * there is none. */
enum maas_status maas_status_find(const char *text);

enum maas_power {
    MAAS_POWER_ON,
    MAAS_POWER_OFF,
    MAAS_POWER_UNKNOWN,
    MAAS_POWER_ERROR,
    MAAS_POWER_COUNT
};
const char *maas_power_name(enum maas_power p);

/* How long things take in domain time. One table. */
enum maas_duration {
    MAAS_TAKES_POWER,   /* deploy accepted → power is on */
    MAAS_TAKES_BOOT,    /* deploy accepted, or switched on → the system runs its user data */
    MAAS_TAKES_DEPLOY,  /* deploy accepted → Deployed */
    MAAS_TAKES_RELEASE, /* Releasing → Ready */
    MAAS_TAKES_ERASE,   /* Disk erasing → Releasing */
    MAAS_DURATION_COUNT
};
ms_t maas_takes(enum maas_duration d);

/* What changes a machine though nobody asks. */
enum maas_timer { MAAS_TIMER_POWER, MAAS_TIMER_BOOT, MAAS_TIMER_SETTLE, MAAS_TIMER_COUNT };

struct maas_disk {
    int64_t id, size; /* bytes */
};
struct maas_annotation {
    char key[256], value[512];
};

struct maas_machine {
    int64_t id; /* in MAAS's database: the order of lists */
    bool gone;  /* deleted */
    char system_id[8], hostname[64], mac[18], uuid[37];
    char architecture[32], power_type[16];
    int64_t zone, pool; /* their ids */
    int64_t cpu_count, memory_mb;
    size_t n_disks, n_labels;
    struct maas_disk disks[MAAS_DISKS_MAX]; /* the first one carries "/" */
    char labels[MAAS_LABELS_MAX][64];
    char ip[64];    /* its own once it is deployed */
    char lease[64]; /* what commissioning saw, and what is shown until then */

    enum maas_status status;
    enum maas_power power;
    char owner[64]; /* "": nobody */
    char agent_name[MAAS_AGENT_MAX];
    size_t n_annotations;
    struct maas_annotation annotations[MAAS_ANNOTATIONS_MAX]; /* by key */
    bool locked, netboot;
    bool addressed; /* has `ip` */
    char osystem[32], distro_series[64], hwe_kernel[32], error_description[256];
    const char *message, *action; /* status_message and status_action; NULL: null */
    int64_t installation;         /* number of its last installation, 0: none */
    char *user_data;              /* as it was sent; owned; NULL: none */

    ms_t at[MAAS_TIMER_COUNT]; /* MS_NEVER: not running */
    bool running;              /* has booted what was deployed */
    uint64_t boots;            /* of all its lives */
    bool doomed;               /* its deployments fail */
    enum maas_status stay;     /* is left no sooner than stay_ms after it was entered */
    ms_t stay_ms;              /* 0: no such wish */
};

/* Who changes machines, and when. Seen late, `at` lies before `now`: what follows counts from `at`,
 * the records are stamped with `now`, so that a writer's times never go back. */
struct maas_hands {
    struct maas *m;
    ms_t now, at;
    struct ev_list *events;
};

void maas_move(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
               const char *why);
/* Emits maas.mark. */
void maas_marked(const struct maas_hands *h, const struct maas_machine *one, const char *why);

/* Changes of a life, in terms of MAAS's operations. Callers have checked that they may be. */
void maas_acquire(const struct maas_hands *h, struct maas_machine *one, const char *owner,
                  const char *agent_name);
void maas_deploy(const struct maas_hands *h, struct maas_machine *one, const char *osystem,
                 const char *series, const char *kernel, const char *user_data);
void maas_abort(const struct maas_hands *h, struct maas_machine *one); /* Deploying → Allocated */
void maas_release(const struct maas_hands *h, struct maas_machine *one, bool erase);
void maas_power_set(const struct maas_hands *h, struct maas_machine *one, bool on);
/* Its own address, and with it the names that follow it. */
void maas_address(const struct maas_hands *h, struct maas_machine *one, bool has);
/* As if operations had brought it there: who holds it stays. */
void maas_stand(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
                const char *why);
/* Free again, with nothing left of its last life. */
void maas_set_free(const struct maas_hands *h, struct maas_machine *one, const char *why);
void maas_appeared(const struct maas_hands *h,
                   const struct maas_machine *one); /* its first state */
void maas_machine_delete(const struct maas_hands *h, struct maas_machine *one, const char *why);
/* The first call emits every machine's first state. */
void maas_catch_up(const struct maas_hands *h);
ms_t maas_machines_due(const struct maas *m);

/* --- fleet ------------------------------------------------------------------------------------ */

void maas_fleet_make(struct maas *m);
struct maas_machine *maas_machine_find(struct maas *m, const char *system_id); /* NULL: none */
struct maas_machine *maas_machine_named(struct maas *m, const char *hostname);

#endif
