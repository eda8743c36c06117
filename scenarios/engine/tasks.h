/* What the user of a story wants done through Palette's public API. A wish may take several calls:
 * a task remembers which comes next; the last one is journalled as pal.user. What has to be known
 * for later acts is kept: the uids of clusters and of their configurations. */
#ifndef SCENARIOS_ENGINE_TASKS_H
#define SCENARIOS_ENGINE_TASKS_H

#include "scenarios/engine/guest.h"
#include "scenarios/engine/user.h"

#define TASKS_MAX          16 /* under way at once */
#define TASKS_CLUSTERS_MAX 16
#define TASKS_UID_MAX      64
#define TASKS_RETRY_MS     SECONDS(1) /* a user who finds no account yet looks again … */
#define TASKS_RETRIES_MAX  600        /* … so often */

struct task_row;
struct tasks {
    struct user *user;
    struct world *w;
    const struct guest *guest; /* whose account is asked about */
    struct err *broken;        /* the harness's own failures go there */
    struct task {
        struct tasks *all;
        const struct task_row *row; /* NULL: free */
        char name[64];              /* the cluster it is about */
        char text[128];             /* a property, a label, what is asked of machines */
        char account[64];           /* "" = the one that the gateway made */
        int64_t nodes;
        int tries;
        struct loop_timer *again;
    } at[TASKS_MAX];
    size_t n_clusters;
    struct task_cluster {
        char name[64], uid[TASKS_UID_MAX], config_uid[TASKS_UID_MAX];
        bool has_workers;
    } clusters[TASKS_CLUSTERS_MAX];
};

/* Pointers stay the caller's. *t must stay where it is. */
void tasks_init(struct tasks *t, struct world *w, struct user *user, const struct guest *guest,
                struct err *broken);
void tasks_free(struct tasks *t); /* the user is gone, or will not call back any more */

/* kind: "lists-gateways", "lists" (text: azs, …), "validates", "creates-cluster" (name, nodes),
 * "deletes-cluster", "scales-cluster", "labels-cluster" (text: key=value), "registers-account"
 * (text: on, off, by-hand or ""). account: "" = the one that the gateway made. false: no place,
 * and the harness is broken. */
bool tasks_begin_on(struct tasks *t, const char *kind, const char *account, const char *name,
                    const char *text, int64_t nodes);
bool tasks_begin(struct tasks *t, const char *kind, const char *name, const char *text,
                 int64_t nodes);
/* A name may be used again after its cluster is gone: the newest counts. NULL: none. */
struct task_cluster *tasks_cluster(struct tasks *t, const char *name);

#endif
