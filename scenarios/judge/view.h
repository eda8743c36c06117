/* What the journal has said so far, in the form that facts ask for it: who has which address, what
 * Palette shows, what the programs did, whether the evidence is whole. Fed once a record, in
 * constant time; every table has a bound, and what goes over it is counted, not kept. */
#ifndef SCENARIOS_JUDGE_VIEW_H
#define SCENARIOS_JUDGE_VIEW_H

#include "scenarios/judge/judge.h"

#define VIEW_HOSTS_MAX    64
#define VIEW_GATEWAYS_MAX 16
#define VIEW_ACCOUNTS_MAX 64
#define VIEW_LINKS_MAX    16
#define VIEW_ROLES_MAX    16
#define VIEW_NAME_MAX     64

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

struct view {
    const struct script *script;
    ms_t now;

    size_t n_hosts;
    struct view_host {
        char name[VIEW_NAME_MAX], role[VIEW_NAME_MAX], ip[VIEW_NAME_MAX];
    } hosts[VIEW_HOSTS_MAX];

    size_t n_gateways; /* the first one made is the story's */
    struct view_gateway {
        char uid[VIEW_NAME_MAX * 2], state[VIEW_NAME_MAX];
    } gateways[VIEW_GATEWAYS_MAX];
    size_t n_accounts;
    struct view_account {
        char uid[VIEW_NAME_MAX * 2], bound_to[VIEW_NAME_MAX * 2];
        bool deleted;
    } accounts[VIEW_ACCOUNTS_MAX];
    int64_t gateways_over, accounts_over; /* beyond the tables */

    bool alive, frozen, term_sent; /* the gateway's program */
    int64_t starts, good_stops;
    bool was_running; /* Palette has shown Running once */
    ms_t last_sign;   /* of the link; also moved by what stops the clock of the rule */

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
/* The story's gateway, or NULL. */
const struct view_gateway *view_gateway(const struct view *v);
/* The program lives, the link has been up once: silence counts. */
bool view_link_counts(const struct view *v);
/* NULL when every pair was probed and matched; else what is missing or wrong. */
const char *view_probes_wrong(const struct view *v, char *out, size_t size);
/* NULL when the evidence is whole: so far, or (final) to the last word of every writer. */
const char *view_evidence_torn(const struct view *v, bool final);

#endif
