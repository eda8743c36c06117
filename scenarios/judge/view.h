/* What the journal has said so far, in the form that facts ask for it: who has which address, what
 * Palette shows, what the programs did, whether the evidence is whole. Fed once a record, in
 * constant time; every table has a bound, and what goes over it is counted, not kept. */
#ifndef SCENARIOS_JUDGE_VIEW_H
#define SCENARIOS_JUDGE_VIEW_H

#include "scenarios/engine/verbs.h"
#include "scenarios/judge/judge.h"
#include "scenarios/judge/ledger.h"

#define VIEW_HOSTS_MAX    64
#define VIEW_GATEWAYS_MAX 16
#define VIEW_ACCOUNTS_MAX 64
#define VIEW_LINKS_MAX    16
#define VIEW_ROLES_MAX    16
#define VIEW_NAME_MAX     64
#define VIEW_CLUSTERS_MAX 32
#define VIEW_NODES_MAX    32 /* of one cluster */
#define VIEW_LABELS_MAX   16 /* of one cluster */

struct view_evidence {
    bool wanted; /* chains are only checked when a line asks */
    uint64_t seq;
    uint64_t nth[EVS_COUNT];
    char chain[EVS_COUNT][EV_CHAIN_LEN + 1];
    bool ended[EVS_COUNT];
    bool drops_said;
    size_t n_links;
    struct view_link {
        char name[VIEW_NAME_MAX];
        bool begun, ended; /* canaries */
    } links[VIEW_LINKS_MAX];
    char torn[160]; /* "" = not torn so far */
    uint64_t torn_at;
};

struct view_cluster { /* what Palette and the private side show of it; the newest of its name */
    char name[VIEW_NAME_MAX], uid[VIEW_NAME_MAX * 2];
    char state[VIEW_NAME_MAX], health[VIEW_NAME_MAX];
    bool was_running;
    size_t n_nodes;
    struct view_node {
        char machine[VIEW_NAME_MAX]; /* as in pal.node */
        bool seen, deleted;
    } nodes[VIEW_NODES_MAX];
    size_t n_labels;
    char labels[VIEW_LABELS_MAX][VIEW_NAME_MAX * 4]; /* that the agent applied, key=value */
    char answer[EV_VALUE_MAX];                       /* addresses of its DNS record */
    char record[EV_VALUE_MAX];                       /* the record's name */
    int64_t beats;                                   /* since Running */
    ms_t last_beat;                                  /* or the instant of Running */
    int64_t dials;                                   /* to its API since Running */
    bool answers;                                    /* the last of them */
};

struct view {
    const struct script *script;
    ms_t now;

    size_t n_hosts;
    struct view_host {
        char name[VIEW_NAME_MAX], role[VIEW_NAME_MAX], ip[VIEW_NAME_MAX];
    } hosts[VIEW_HOSTS_MAX];

    size_t n_gateways; /* the first one made, and not Palette's own, is the story's */
    struct view_gateway {
        char uid[VIEW_NAME_MAX * 2], state[VIEW_NAME_MAX];
        bool is_system; /* Palette's own */
    } gateways[VIEW_GATEWAYS_MAX];
    size_t enrolled_i; /* whose code was taken last; 0: the first, or nobody's */
    size_t n_accounts;
    struct view_account {
        char uid[VIEW_NAME_MAX * 2], bound_to[VIEW_NAME_MAX * 2], name[VIEW_NAME_MAX];
        bool deleted;
    } accounts[VIEW_ACCOUNTS_MAX];
    int64_t gateways_over, accounts_over; /* beyond the tables */

    size_t n_clusters;
    struct view_cluster clusters[VIEW_CLUSTERS_MAX];
    struct ledger ledger;

    bool alive, frozen, term_sent; /* the gateway's program */
    bool over; /* the run has ended: whoever ends after it was ended by the harness */
    ms_t dead_since, dead_longest; /* dead_since: MS_NEVER while it lives, or before its start */
    struct view_system {           /* the same of the one inside Palette */
        bool started, alive;
        ms_t dead_since, dead_longest;
    } system;
    int64_t starts, good_stops;
    int64_t wires_cut;    /* acts that cut a wire, less those that mended one */
    bool link_cut;        /* a wire between the gateway and Palette is */
    bool bad_certificate; /* Palette showed one that must not be taken, and does so still */
    bool was_running;     /* Palette has shown Running once */
    ms_t last_sign;       /* of the link; also moved by what stops the clock of the rule */

    int64_t user_acts, user_answers, user_last_status;
    char user_last_answer[EV_VALUE_MAX];

    int64_t secrets, secrets_in_output;
    char secret[VIEW_NAME_MAX * 2]; /* "maas-key in output" */

    size_t n_roles; /* that are probed */
    char roles[VIEW_ROLES_MAX][VIEW_NAME_MAX];
    bool probed[VIEW_ROLES_MAX][VIEW_ROLES_MAX], probes_done;
    int64_t probes, probes_wrong;
    char probe_wrong[VIEW_NAME_MAX * 3];

    struct view_evidence evidence;
};

void view_init(struct view *v, const struct script *s);
void view_feed(struct view *v, const struct event *e);

/* Role of an address, of a name such as maas.site, or of either with ":port"; "" = nobody's. */
const char *view_role(const struct view *v, const char *address_or_name);
/* A cluster's name for a node of it, else the role. */
const char *view_party(const struct view *v, const char *address_or_name);
/* The newest cluster of that name, or NULL. */
const struct view_cluster *view_cluster(const struct view *v, const char *name);
/* Nodes that Palette shows and the agent has seen. */
int64_t view_nodes(const struct view_cluster *c);
/* The longest time for which the gateway's program did not live, so far. */
ms_t view_gateway_dead(const struct view *v);
ms_t view_system_dead(const struct view *v);
/* Does this record make the event happen? Asked before the view is fed the record. */
bool view_happens(const struct view *v, const struct verb_event *x, const struct event *e);
/* An act on a wire was done: cut or mended. */
bool view_is_wire(const struct event *e, const char *word);
/* It lies between the gateway and Palette. */
bool view_is_link(const struct event *e);
/* It lies between that cluster and Palette. */
bool view_is_voice(const struct event *e, const char *cluster);
/* An act that took Palette away or brought it back: "cut" and "mended" as of a wire to it. */
bool view_is_palette(const struct event *e, const char *word);
/* The span of a `while` is open now. */
bool view_spans(const struct view *v, const struct verb_event *x);
/* The story's gateway: whose code was taken last, else the first at the site. Or NULL. */
const struct view_gateway *view_gateway(const struct view *v);
/* The program lives, the way is open, the link has been up once: silence counts. */
bool view_link_counts(const struct view *v);
/* NULL when every pair was probed and matched; else what is missing or wrong. */
const char *view_probes_wrong(const struct view *v, char *out, size_t size);
/* NULL when the evidence is whole: so far, or (final) to the last word of every writer. */
const char *view_evidence_torn(const struct view *v, bool final);

#endif
