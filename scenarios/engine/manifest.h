/* A gateway's manifest, gateway.json (profile, section 1). Pure. One error names file, field and
 * remedy; nothing is started before it is clean. */
#ifndef SCENARIOS_ENGINE_MANIFEST_H
#define SCENARIOS_ENGINE_MANIFEST_H

#include "lib/base/err.h"

#define MANIFEST_WORDS_MAX 32
#define MANIFEST_WORD_MAX  512

struct manifest {
    int64_t contract;
    char profile[16], name[64], vendor[64], version[64];
    size_t n_command, n_kill, n_features, n_clocks, n_robustness;
    char command[MANIFEST_WORDS_MAX][MANIFEST_WORD_MAX];
    char kill_command[MANIFEST_WORDS_MAX][MANIFEST_WORD_MAX];
    char config[MANIFEST_WORD_MAX];
    char features[8][32];
    char provision[16];
    char clocks[4][16];
    char robustness[3][16];
    int64_t start_seconds, stop_seconds;
    char rogue[48]; /* our own test builds only: a row of scenarios/judge/rogues.c, "" = none */
    char dir[1024]; /* where the file lies: working directory of the command */
};
int manifest_read(const char *file, const char *text, size_t len, struct manifest *ret,
                  struct err *e) MUST_CHECK;
bool manifest_has_feature(const struct manifest *m, const char *feature);
bool manifest_has_clock(const struct manifest *m, const char *clock);
/* Features joined by commas. */
void manifest_features(const struct manifest *m, char *out, size_t size);

#endif
