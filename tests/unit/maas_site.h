/* A MAAS with three users, and a client that signs. Requests are described, then spoilt where a
 * test wants them spoilt. */
#ifndef TESTS_UNIT_MAAS_SITE_H
#define TESTS_UNIT_MAAS_SITE_H

#include "mock-maas/model.h"
#include "tests/unit/mock_talk.h"

#define EPOCH_S      INT64_C(1782864000)
#define ALICE_SECRET "alicesecretcanary000000000000000"
#define ALICE_KEY    "aliceconsumer00000:alicetoken00000000:" ALICE_SECRET
#define BOB_KEY      "bobconsumer0000000:bobtoken0000000000:bobsecret00000000000000000000000"
#define ADMIN_KEY    "adminconsumer00000:admintoken00000000:adminsecret000000000000000000000"

struct maas_site {
    struct maas *maas;
    struct mock m;
    struct talk t;
    int64_t nonces;
};
int maas_site_setup(void **state);
int maas_site_teardown(void **state);

/* Values of a header by PLAINTEXT; NULL in `drop` leaves that parameter out. */
struct signing {
    const char *consumer, *token, *secret;
    const char *method;    /* PLAINTEXT when NULL */
    const char *nonce;     /* a fresh one when NULL */
    const char *timestamp; /* now when NULL */
    const char *signature; /* "%26" and the secret when NULL */
    const char *drop;      /* name of a parameter to leave out */
};
struct signing signing_of(const char *key, char *store, size_t size);
void signing_write(struct maas_site *s, const struct signing *how, struct buf *out);

/* Signs by that user's key (NULL: no credentials) and asks; returns the status. */
int maas_get(struct maas_site *s, const char *key, const char *target);
int maas_send(struct maas_site *s, const char *key, const char *method, const char *target,
              const char *form);
int maas_with(struct maas_site *s, const char *target, const char *authorization);
/* The last answer is exactly this one. */
void answered(const struct maas_site *s, int status, const char *type, const char *body);

/* Machines: what most tests do with m1. */
struct maas_machine *m1(struct maas_site *s);
int on_m1(struct maas_site *s, const char *key, const char *op, const char *form); /* POST */
int read_m1(struct maas_site *s, const char *key);
int allocate(struct maas_site *s, const char *key, const char *form);
void deploy_m1(struct maas_site *s);        /* as alice, marked mark1 */
void passes(struct maas_site *s, ms_t now); /* time passes, and nobody asks */
/* The last answer has that at a dotted path; "" for null and for nothing. */
void shows(struct maas_site *s, const char *path, const char *wanted);
const struct event *last_state(struct maas_site *s);

#endif
