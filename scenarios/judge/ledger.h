/* The machine ledger: one life a machine, from the moment it is taken until it is given back. Made
 * from MAAS's own journal (maas.state, maas.mark, maas.call), from Palette's pal.cluster, which
 * says which mark is which cluster, from pal.owner, and from lab.host, which says whose address is
 * whose; from nothing that a gateway says. Fed record by record, in constant time a machine.
 *
 * Every table has a bound; what goes over it makes the ledger say so, and nothing is proven then.
 */
#ifndef SCENARIOS_JUDGE_LEDGER_H
#define SCENARIOS_JUDGE_LEDGER_H

#include "lib/base/event.h"

#define LEDGER_HOSTS_MAX    64
#define LEDGER_USERS_MAX    8
#define LEDGER_CLUSTERS_MAX 64
#define LEDGER_MACHINES_MAX 64
#define LEDGER_LIVES_MAX    256
#define LEDGER_WORD_MAX     64
#define LEDGER_MARK_MAX     256
#define LEDGER_NONE         SIZE_MAX

struct ledger_host { /* an address of the lab */
    char ip[LEDGER_WORD_MAX], role[LEDGER_WORD_MAX], name[LEDGER_WORD_MAX];
};
struct ledger_cluster {
    char name[LEDGER_WORD_MAX], uid[LEDGER_WORD_MAX], marker[LEDGER_MARK_MAX];
    char state[LEDGER_WORD_MAX]; /* that Palette shows */
    char owner[LEDGER_WORD_MAX]; /* gateway or cluster */
};
struct ledger_machine {
    char uid[LEDGER_WORD_MAX], name[LEDGER_WORD_MAX]; /* system id, host name */
    char state[LEDGER_WORD_MAX];                      /* that MAAS shows */
    char owner[LEDGER_WORD_MAX];                      /* MAAS user, "" = nobody */
    size_t life;                                      /* the newest, LEDGER_NONE = none yet */
};
struct ledger_life {
    size_t machine, cluster; /* cluster: LEDGER_NONE while no known mark is on it */
    char owner[LEDGER_WORD_MAX];
    char taken_by[LEDGER_WORD_MAX]; /* party of the call that took it, "" = nobody was seen to */
    char given_by[LEDGER_WORD_MAX]; /* party of the call that gave it back */
    ms_t taken, given;              /* given: MS_NEVER while it is held */
    uint64_t taken_seq, given_seq;
    uint64_t allocated_seq, deploying_seq; /* 0: it never was */
    bool by_deploy; /* a deploy took it: MAAS allocates by itself what nobody has asked it for */
};

struct ledger {
    size_t n_hosts, n_users, n_clusters, n_machines, n_lives;
    struct ledger_host hosts[LEDGER_HOSTS_MAX];
    char users[LEDGER_USERS_MAX][LEDGER_WORD_MAX]; /* MAAS users whose keys the gateway used */
    struct ledger_cluster clusters[LEDGER_CLUSTERS_MAX];
    struct ledger_machine machines[LEDGER_MACHINES_MAX];
    struct ledger_life lives[LEDGER_LIVES_MAX];
    char two_owners[LEDGER_WORD_MAX * 3]; /* the first time a machine had them, "" = never */
    uint64_t two_owners_seq;
    uint64_t call_seq; /* of the last call at MAAS */
    bool has_system;   /* a gateway inside Palette was started */
    bool over;         /* a table was too small */
};

void ledger_feed(struct ledger *l, const struct event *e);

/* Who speaks from an address: a cluster's name for a node of it, else the host's role, "" = nobody.
 */
const char *ledger_party(const struct ledger *l, const char *address);
const char *ledger_name(const struct ledger *l, const char *address); /* of its host, or "" */
const char *ledger_role(const struct ledger *l, const char *address);
/* Is it a gateway's place: the role gateway, or Palette's host once one was started in there? */
bool ledger_is_gateway(const struct ledger *l, const char *role);
/* By name: the newest one. By system id. NULL = unknown. */
const struct ledger_cluster *ledger_cluster(const struct ledger *l, const char *name);
const struct ledger_cluster *ledger_marked(const struct ledger *l, const char *marker);
const struct ledger_machine *ledger_machine(const struct ledger *l, const char *uid);
const struct ledger_machine *ledger_machine_named(const struct ledger *l, const char *name);
/* Name of the cluster that the machine is held for, or was last; "" = none. */
const char *ledger_cluster_of(const struct ledger *l, const struct ledger_machine *m);
/* Name of the cluster that a call at MAAS is about: by its mark, its machine, its record; "". */
const char *ledger_cluster_of_call(const struct ledger *l, const struct event *e);
bool ledger_is_held(const struct ledger *l, const struct ledger_machine *m);
/* Machines held with keys that the gateway used; for one cluster when name is not NULL. */
int64_t ledger_held(const struct ledger *l, const char *name);
/* Taken = given back + held by a cluster that lives, and never two owners. NULL when it balances;
 * else what is wrong. */
const char *ledger_wrong(const struct ledger *l, char *out, size_t size);

#endif
