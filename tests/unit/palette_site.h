/* A Palette, a user of it and a gateway that knows how to speak: what every Palette test begins
 * with. The canaries are secrets that must come back nowhere but where the profile says. */
#ifndef TESTS_UNIT_PALETTE_SITE_H
#define TESTS_UNIT_PALETTE_SITE_H

#include "mock-palette/palette.h"
#include "tests/unit/mock_talk.h"
#include "tests/unit/palette_shadow.h"

#define API_KEY       "api-key-canary-0123456789"
#define SECRET        "gateway-secret-canary-0123456789abcdefghijk-A"
#define OTHER_SECRET  "gateway-secret-canary-0123456789abcdefghijk-B"
#define MAAS_CONSUMER "consumercanary0000"
#define MAAS_TOKEN    "tokencanary0000000"
#define MAAS_SECRET   "secretcanary00000000000000000000"
#define MAAS_KEY      MAAS_CONSUMER ":" MAAS_TOKEN ":" MAAS_SECRET
#define MAAS_ACCOUNT  "{\"apiEndpoint\":\"http://10.10.0.3:5240/MAAS\",\"apiKey\":\"" MAAS_KEY "\"}"

struct palette_site {
    struct palette *palette;
    struct palette *kept; /* the same, unless a test made another one */
    struct mock m;
    struct talk t;        /* the last request, and its answer */
    struct shadow shadow; /* what a store would hold: looked at after each request */
    struct palette_config config;
    char uid[64], code[64], self_uid[64], token[128], cursor[128];
    char path[256]; /* the last at() */
};

int palette_site_setup(void **state);                                /* a fresh Palette */
int palette_site_make(void **state, const struct palette_config *c); /* one of another kind */
int palette_site_teardown(void **state);

/* Each asks and leaves the answer in s->t. */
int user(struct palette_site *s, const char *method, const char *target, const char *body);
int user_in(struct palette_site *s, const char *project, const char *method, const char *target,
            const char *body); /* from where that project is */
int gateway(struct palette_site *s, const char *method, const char *target, const char *body);
int credential(struct palette_site *s, const char *uid, const char *code, const char *secret);
int palette_beat(struct palette_site *s);
/* What is said at the control port. true: done, and its events are in s->m. */
bool palette_wish(struct palette_site *s, const char *words);
int palette_feed(struct palette_site *s);     /* keeps the cursor of a 200 */
void palette_pair(struct palette_site *s);    /* a code, and with it a gateway: uid and code */
void palette_enrol(struct palette_site *s);   /* + token and selfClusterUid */
void palette_running(struct palette_site *s); /* + registered, beat, feed */
/* The program dies, and another one goes on with what was kept. */
void palette_dies(struct palette_site *s);
void palette_pass(struct palette_site *s, ms_t ms); /* time passes, ticks fall due */
/* Path of this gateway: at(s, "/v1/pcg/%s/register"). Valid until the next call. */
const char *at(struct palette_site *s, const char *fmt);
/* The last answer is this refusal: status, application/json, code. */
void refused(struct palette_site *s, int status, const char *code);

#endif
