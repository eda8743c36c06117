/* Machines of a MAAS: their statuses and the law of their changes, what each one is, and the hands
 * that change it. Only maas_move() writes a status; it asserts the law and emits maas.state.
 * Facts: MAAS 3.7.3 node_status.py; recordings in tests/contract/replay. */
#ifndef MOCK_MAAS_MACHINE_H
#define MOCK_MAAS_MACHINE_H

#include "lib/base/event.h"
#include "mock-maas/maas.h"
#include "mock-maas/net.h"

#define MAAS_DISKS_MAX       16
#define MAAS_NICS_MAX        16
#define MAAS_LABELS_MAX      16 /* tags of one machine */
#define MAAS_ANNOTATIONS_MAX 64
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

/* How long things take in domain time: part of the world, these are the defaults (status.c). */
enum maas_duration {
    MAAS_TAKES_POWER,      /* deploy accepted → power is on */
    MAAS_TAKES_BOOT,       /* deploy accepted, or switched on → the system runs its user data */
    MAAS_TAKES_DEPLOY,     /* deploy accepted → Deployed */
    MAAS_TAKES_RELEASE,    /* Releasing → Ready */
    MAAS_TAKES_ERASE,      /* Disk erasing → Releasing */
    MAAS_TAKES_COMMISSION, /* Commissioning → Testing or Ready */
    MAAS_TAKES_TEST,       /* Testing → what was before */
    MAAS_TAKES_RESCUE,     /* into rescue mode, and out of it */
    /* What MAAS's status monitor allows, when nothing comes back from the machine. */
    MAAS_LIMIT_DEPLOY,
    MAAS_LIMIT_RELEASE,
    MAAS_LIMIT_COMMISSION,
    MAAS_LIMIT_RESCUE,
    MAAS_DURATION_COUNT
};
const char *maas_duration_name(enum maas_duration d); /* "deploy", "limit-deploy": in worlds */
ms_t maas_takes(enum maas_duration d);

/* What changes a machine though nobody asks. */
enum maas_timer { MAAS_TIMER_POWER, MAAS_TIMER_BOOT, MAAS_TIMER_SETTLE, MAAS_TIMER_COUNT };

/* What goes wrong in MAAS itself (mishaps.c); a request's own faults are in maas.h. */
enum maas_mishap {
    MAAS_MISHAP_DEPLOY_FAILS,
    MAAS_MISHAP_DEPLOY_HANGS,
    MAAS_MISHAP_RELEASE_FAILS,
    MAAS_MISHAP_RELEASE_HANGS,
    MAAS_MISHAP_COMMISSION_FAILS,
    MAAS_MISHAP_COMMISSION_HANGS,
    MAAS_MISHAP_TEST_FAILS,
    MAAS_MISHAP_TEST_HANGS,
    MAAS_MISHAP_ERASE_FAILS,
    MAAS_MISHAP_ERASE_HANGS,
    MAAS_MISHAP_RESCUE_HANGS,
    MAAS_MISHAP_BMC_DEAD,
    MAAS_MISHAP_STALE_READ,
    MAAS_MISHAP_POWER_STRANGE,
    MAAS_MISHAP_VANISHES,
    MAAS_MISHAP_OWNER_CHANGES,
    MAAS_MISHAP_NO_ADDRESSES,
    MAAS_MISHAP_NO_RACKS,
    MAAS_MISHAP_KEY_REVOKED,
    MAAS_MISHAP_USER_INACTIVE,
    MAAS_MISHAP_IMAGE_GONE,
    MAAS_MISHAP_CLOCK_SKEWED,
    MAAS_MISHAP_REFUSES,
    MAAS_MISHAP_CERT_RENEWED, /* in the order of enum http_certificate */
    MAAS_MISHAP_CERT_EXPIRED,
    MAAS_MISHAP_CERT_WRONG_NAME,
    MAAS_MISHAP_CERT_WRONG_AUTHORITY,
    MAAS_MISHAP_CERT_SELF_SIGNED,
    MAAS_MISHAP_CERT_OLD_PROTOCOL,
    MAAS_MISHAP_COUNT
};
const char *maas_mishap_name(enum maas_mishap what);
struct maas_machine;
struct maas;
void maas_mishap_arm(struct maas *m, struct maas_machine *one, enum maas_mishap what);
void maas_mishap_wished(struct maas *m, enum maas_mishap what); /* of the door: armed, maas_met */
void maas_mishap_done(struct maas *m, enum maas_mishap what);   /* armed and fired in one */
/* Does it go wrong now? When it was armed, or when the seed says so (one in so many). Counted. */
bool maas_mishap(struct maas *m, const struct maas_machine *one, enum maas_mishap what);
enum maas_mishap maas_mishap_of_hang(enum maas_status s);
/* "deploy-fails one in 20"; 0: never by itself. false: no such words. */
bool maas_mishap_words(struct maas *m, const char *words);

/* What commissioning finds in a machine of a kind; many machines are of one. */
struct maas_hardware {
    char name[64];
    char info[18][64]; /* in the order of maas_hardware_fields */
    char nic_vendor[64], nic_product[64], nic_firmware[64], disk_model[64];
    int64_t cpu_speed, link_speed;
    char lldp[256], lshw[256]; /* XML */
};
extern const char *const maas_hardware_fields[18];

struct maas_nic {
    int64_t id, link;     /* link 0: none */
    int64_t vlan, subnet; /* 0: none */
    bool no_address;      /* mode link_up */
    bool is_static;       /* mode static: `ip` stays; else auto */
    int64_t parent;       /* of a bridge: the interface below it; else 0 */
    bool ovs, stp;        /* of a bridge */
    int64_t forward_delay;
    char name[16], mac[18];
    char ip[64];    /* while assigned */
    char lease[64]; /* what commissioning saw, shown while nothing is assigned; "" */
};
struct maas_disk {
    int64_t id, size; /* bytes */
    int64_t block_size;
    char name[16], serial[40], model[40], tags[64]; /* tags: "ssd,sata" */
    bool root;                                      /* carries "/" */
};
struct maas_annotation {
    char *key, *value;
};
struct maas_parameter { /* of power */
    char name[32];
    char *value;
};

struct maas_shown { /* kept bytes: as an element of a list */
    char *text;     /* NULL: changed since */
    size_t len;
    uint64_t epoch; /* m->epoch when it was made */
};
#define MAAS_SHOWN_MAX MIB(12) /* of all machines together */

struct maas_machine {
    int64_t id; /* in MAAS's database: the order of lists */
    bool gone;  /* deleted */
    char system_id[8], hostname[64], uuid[37], description[256];
    char architecture[32], power_type[16], swap_size[24], min_hwe_kernel[32];
    int64_t zone, pool, domain; /* their ids */
    int64_t cpu_count, memory_mb;
    char found_name[64];          /* what its serial numbers are made of */
    int64_t found_cpus, found_mb; /* as commissioning found them, whatever was changed since */
    const struct maas_hardware *hardware; /* NULL: never commissioned, nothing is known of it */
    size_t n_disks, n_labels, n_nics, n_parameters;
    struct maas_disk *disks; /* owned, as nics and parameters */
    struct maas_nic *nics;   /* the first one boots */
    struct maas_parameter *parameters;
    char labels[MAAS_LABELS_MAX][64];
    char ip[64];   /* its own once it is deployed */
    bool ip_fixed; /* known before, whatever is free */

    enum maas_status status, before; /* before: where Testing and rescue go back to */
    enum maas_power power;
    char owner[64]; /* "": nobody */
    char agent_name[MAAS_AGENT_MAX];
    size_t n_annotations;
    struct maas_annotation *annotations; /* by key; owned */
    bool locked, netboot, ephemeral, hw_sync, crash_dump;
    bool addressed;          /* has `ip` */
    bool bare;               /* its disks have no partitions */
    bool never_commissioned; /* was added as deployed: released, it is New */
    char osystem[32], distro_series[64], hwe_kernel[32], error_description[256];
    char message[160];                            /* status_message; "": null */
    const char *action;                           /* status_action; NULL: null */
    int64_t commissioning, testing, installation; /* numbers of its last script sets, 0: none */
    int commissioning_status;                     /* -1 none, 0 pending, 2 passed, 3 failed */
    int testing_status;
    char *user_data; /* as it was sent; owned; NULL: none */

    ms_t at[MAAS_TIMER_COUNT];   /* MS_NEVER: not running */
    bool running;                /* has booted what was deployed */
    uint64_t boots;              /* of all its lives */
    uint64_t bad;                /* BIT(mishap): what goes wrong with it whenever it can */
    uint64_t wrong;              /* what goes wrong with what is under way */
    uint64_t hangs;              /* BIT(status): does not leave it until MAAS gives up */
    enum maas_status was_status; /* before its last change: what a stale read shows */
    char was_owner[64];
    enum maas_status stay;    /* is left no sooner than stay_ms after it was entered */
    ms_t stay_ms;             /* 0: no such wish */
    bool listed;              /* is among MAAS's machines */
    struct maas_shown *shown; /* its JSON as it was last shown; owned; NULL in copies */
    bool timed;               /* stands in m->timed */
    bool ready;               /* stands in m->ready */
    double ready_cost;        /* at the place of this cost */
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

/* why is what MAAS says of it; "": nothing. */
void maas_failed(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
                 const char *why);

/* Changes of a life, in terms of MAAS's operations. Callers have checked that they may be. */
void maas_acquire(const struct maas_hands *h, struct maas_machine *one, const char *owner,
                  const char *agent_name);
struct maas_system { /* what is deployed */
    char osystem[32], series[64], kernel[32];
    const char *user_data; /* NULL: none */
    bool ephemeral, hw_sync, crash_dump;
};
void maas_deploy(const struct maas_hands *h, struct maas_machine *one, const struct maas_system *s);
/* What is under way: a deployment, commissioning, test or erasing. */
void maas_abort(const struct maas_hands *h, struct maas_machine *one);
void maas_release(const struct maas_hands *h, struct maas_machine *one, bool erase);
void maas_power_set(const struct maas_hands *h, struct maas_machine *one, bool on);
void maas_commission(const struct maas_hands *h, struct maas_machine *one, const char *owner,
                     bool tests);
void maas_test(const struct maas_hands *h, struct maas_machine *one, const char *owner);
void maas_rescue(const struct maas_hands *h, struct maas_machine *one, const char *owner);
void maas_rescue_end(const struct maas_hands *h, struct maas_machine *one);
void maas_break(const struct maas_hands *h, struct maas_machine *one, const char *comment);
void maas_fix(const struct maas_hands *h, struct maas_machine *one);
void maas_timer_set(const struct maas_hands *h, struct maas_machine *one, enum maas_timer timer,
                    ms_t when);
/* status_message and status_action, which are the last event of MAAS about it; h NULL: no event. */
void maas_message(const struct maas_hands *h, struct maas_machine *one, const char *text,
                  const char *action);
/* Its place among the Ready ones, after its status, cores or memory changed. */
void maas_ready_sort(struct maas *m, struct maas_machine *one);
/* Its own addresses, and with them the names that follow it. false: the subnet at *ret is
 * exhausted; nothing was taken. */
bool maas_addresses_take(const struct maas_hands *h, struct maas_machine *one,
                         const struct maas_subnet **ret);
void maas_addresses_drop(const struct maas_hands *h, struct maas_machine *one);
void maas_names_follow(const struct maas_hands *h, const struct maas_machine *one); /* dns.c */
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
struct maas_machine *maas_machine_at(const struct maas *m, size_t i); /* also those gone */
/* A new one, New, with an id of its own; NULL: no place. Not yet listed: maas_machine_list(). */
struct maas_machine *maas_machine_new(struct maas *m, const char *system_id, const char *hostname);
void maas_machine_list(struct maas *m, struct maas_machine *one);
void maas_machine_free(struct maas_machine *one);
struct maas_nic *maas_nic_add(struct maas *m, struct maas_machine *one, const char *name,
                              const char *mac);
struct maas_disk *maas_disk_add(struct maas *m, struct maas_machine *one, const char *name,
                                int64_t size);
void maas_parameter_set(struct maas_machine *one, const char *name, const char *value);
const char *maas_parameter(const struct maas_machine *one, const char *name); /* or "" */
size_t maas_annotation_find(const struct maas_machine *one, const char *key);
bool maas_annotation_set(struct maas_machine *one, const char *key, const char *value);
void maas_annotations_clear(struct maas_machine *one);
void maas_stock_drop(struct maas *m);
void maas_timed_add(struct maas *m, struct maas_machine *one);
struct maas_machine *maas_timed_first(struct maas *m, enum maas_timer *ret); /* or NULL */
void maas_timed_drop(struct maas *m);
void maas_changed(struct maas *m, struct maas_machine *one); /* what was kept of it is old */
void maas_system_id_make(struct maas *m, char out[8]);
void maas_uuid_make(const char *from, char out[37]);
/* A bridge on every connected interface, as `allocate` may ask for; gone with the release. */
struct maas_bridges {
    bool all, ovs, stp;
    int64_t forward_delay;
};
void maas_bridges_make(struct maas *m, struct maas_machine *one, const struct maas_bridges *how);
void maas_bridges_drop(struct maas_machine *one);
/* Commissioning takes away links and partitions, and puts the usual ones there when it is done. */
void maas_layout_clear(struct maas_machine *one);
/* What is found in it when it is commissioned and nothing else was said of it. */
void maas_hardware_find(struct maas *m, struct maas_machine *one);
struct maas_machine *maas_machine_find(struct maas *m, const char *system_id); /* NULL: none */
struct maas_machine *maas_machine_named(struct maas *m, const char *hostname);

#endif
