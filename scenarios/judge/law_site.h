/* What the laws of clusters share: a walk over the journal that knows, at each record, who holds
 * which machine, how far each cluster's life has come, and whether the gateway is there. The state
 * is that before the record. Private to the files laws*.c. */
#ifndef SCENARIOS_JUDGE_LAW_SITE_H
#define SCENARIOS_JUDGE_LAW_SITE_H

#include "scenarios/judge/laws_private.h"
#include "scenarios/judge/ledger.h"

#define LAW_CLUSTERS_MAX 64
#define LAW_ABSENCES_MAX 32

/* One cluster's life; a name that is used again is another life. Records are NULL until they came.
 */
struct law_cluster {
    const char *name, *marker;
    const struct event *made, *hello, *running, *del, *deleted;
    const char *state;        /* that Palette shows now */
    const char *gateway;      /* whose work it is, or was last: its uid; NULL until it is told */
    size_t n[3];              /* for a law's own counting */
    const struct event *last; /* for a law's own */
    bool met;                 /* for a law's own */
};
struct law_site {
    const struct ev_list *journal;
    size_t next;
    const struct event *now; /* the record being looked at */
    struct ledger ledger;
    size_t n;
    struct law_cluster at[LAW_CLUSTERS_MAX];
    size_t n_wishes;
    struct law_wish {
        char cluster[32];
        int64_t nodes;
    } wishes[LAW_CLUSTERS_MAX];
    const char *system; /* uid of the gateway inside Palette; NULL until one is shown */
    size_t starts;      /* of the gateway's program, thaws included */
    bool away;          /* started once, and killed, ended or frozen since */
    ms_t away_since;    /* or since it came back */
};

struct law_site *law_site_new(const struct ev_list *journal);
void law_site_free(struct law_site **s);
/* The next record, or NULL; the one before it is taken in first. */
const struct event *law_site_next(struct law_site *s);
/* The cluster whose newest life has that name; NULL. */
struct law_cluster *law_site_cluster(struct law_site *s, const char *name);
/* The cluster that a MAAS call is about; NULL. */
struct law_cluster *law_site_called(struct law_site *s, const struct event *e);
/* The cluster for which the machine of a record (system id or host name) is held, or was; NULL. */
struct law_cluster *law_site_holder(struct law_site *s, const struct event *e);
/* Nodes that the user asked for last, by the acts of the story; -1 = not known. */
int64_t law_site_wanted(const struct law_site *s, const struct law_cluster *c);
/* Away for so long that no call of it can still be under way. */
bool law_site_is_away(const struct law_site *s, ms_t now);

/* Questions about a record, with the site's knowledge. */
bool law_by_gateway(const struct law_site *s, const struct event *e); /* a MAAS call's peer */
/* Also the one that the cluster belongs to, when there is one inside Palette and one elsewhere. */
bool law_by_its_gateway(const struct law_site *s, const struct event *e,
                        const struct law_cluster *c);
bool law_by_node_of(const struct law_site *s, const struct event *e, const struct law_cluster *c);
bool law_is_change(const struct event *e); /* a MAAS call that was answered below 400 and no GET */
bool law_is_op(const struct event *e, const char *op); /* last part of a MAAS operation's name */
bool law_lives(const struct law_cluster *c);           /* Running and not yet deleted by its user */

#endif
