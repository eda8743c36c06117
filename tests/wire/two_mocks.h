/* Both mocks as programs beside a test, a folder with certificates and files, and a person who
 * asked Palette for a pairing code: what the gateway's own commands are tried against. */
#ifndef TESTS_WIRE_TWO_MOCKS_H
#define TESTS_WIRE_TWO_MOCKS_H

#include "lib/io/call.h"
#include "lib/io/tls.h"
#include "tests/wire/program.h"

/* Whatever shows one of these shows a secret. */
#define CANARY_KEY   "ckcanary:tkcanary:skcanary"
#define CANARY_OTHER "okcanary:otcanary:oscanary"
#define CANARY       "canary"

struct two_mocks {
    struct loop *loop;
    struct dns *dns;
    struct program palette, maas;
    char dir[64], bin[256];
    char palette_url[64], maas_url[64], uid[64], code[64];
    bool answered;
};

/* maas_epoch_s: time of day at MAAS's start; 0 = now. */
void two_mocks_start(struct two_mocks *m, int64_t maas_epoch_s);
void two_mocks_stop(struct two_mocks *m); /* and removes the folder */
const char *two_mocks_path(const struct two_mocks *m, const char *name); /* the next few calls */
void two_mocks_write(const struct two_mocks *m, const char *name, const char *text);
/* A program of ours, with its words (NULL ends) and an environment of nothing but LANG. */
void two_mocks_launch(const struct two_mocks *m, struct program *p, const char *name,
                      const char *const *words);

#endif
