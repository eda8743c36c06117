/* A Palette with a gateway that has an account, a user with a cluster, and an agent in it: what the
 * tests of clusters begin with. Built on palette_site.h; each call leaves its answer in s->t. */
#ifndef TESTS_UNIT_PALETTE_CLUSTER_SITE_H
#define TESTS_UNIT_PALETTE_CLUSTER_SITE_H

#include "tests/unit/palette_site.h"

struct cluster_site {
    struct palette_site *s;
    char account_uid[64];
    char uid[64], config_uid[64], join_token[128], marker[128]; /* of c1 */
    char agent_token[128];
    char path[256];
};

int cluster_site_setup(void **state);
int cluster_site_teardown(void **state);
/* CLUSTER_TEST(name, CLAUSE(54), …): the clauses of the profile that it proves, if any. */
#define CLUSTER_TEST(name, ...)                                                                    \
    site_clause_test(name, cluster_site_setup, cluster_site_teardown, __VA_ARGS__)

/* POST /v1/spectroclusters/maas with one control plane and so many workers; a status. Keeps the
 * uids of a 201. */
int cluster_create(struct cluster_site *c, const char *name, int workers);
/* The feed's item: asks for the list, keeps join token and marker. */
void cluster_item(struct cluster_site *c);
/* The list's first item has this field; "" when there is none. Of the last answer. */
const char *item_pick(struct cluster_site *c, const char *field, char *out, size_t size);

/* A gateway's call about c1, with X-Gp-Epoch (none when epoch is 0); path: "/…/%s/…" of its uid. */
int cluster_call(struct cluster_site *c, int epoch, const char *method, const char *path,
                 const char *body);
int config_call(struct cluster_site *c, int epoch, const char *method, const char *path,
                const char *body);
int claim(struct cluster_site *c, int epoch, int revision);
int machine_post(struct cluster_site *c, int epoch, const char *pool, const char *system_id);
int handover(struct cluster_site *c, int epoch, int claim_number, int revision,
             const char *machines);
int released(struct cluster_site *c, int epoch, int claim_number, const char *machines);

int hello(struct cluster_site *c, const char *system_id, const char *role); /* keeps the token */
int agent(struct cluster_site *c, const char *method, const char *path, const char *body);
int beat(struct cluster_site *c);
int assignment(struct cluster_site *c);

/* Up to that stage, with machines aaa111 (cp) and, of a cluster with workers, bbb222. */
void cluster_provisioning(struct cluster_site *c, int workers);
void cluster_running(struct cluster_site *c, int workers);
void cluster_reclaim(struct cluster_site *c, int workers);
#define BOTH "\"aaa111\",\"bbb222\""
#define BOTH_DONE                                                                                  \
    "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"},{\"systemId\":\"bbb222\",\"outcome\":\"ready\"}"

#endif
