/* The launch contract's environment (profile, sections 2 and 3) as checked values. Every check says
 * in one sentence which variable is wrong, how, and what to do; a sentence never quotes a value
 * that is a secret or may hold one (URLs and proxies may). Nothing is opened but files. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "gateway/core.h"
#include "lib/io/opts.h"

#define CONFIG_CONTRACT     "1"
#define CONFIG_PATH_MAX     1024
#define CONFIG_EXIT_REFUSED 89 /* GP-9 */
#define CONFIG_EXIT_WRONG   1  /* GP-10 */

struct config { /* holds secrets: config_drop */
    struct gw_config gw;
    char state_dir[CONFIG_PATH_MAX];
    char secrets_dir[CONFIG_PATH_MAX]; /* "" = not given */
    char palette_ca[CONFIG_PATH_MAX];  /* "" = the system's anchors */
    char maas_ca[CONFIG_PATH_MAX];
    int clock_fd;      /* -1 = the kernel's clock */
    int log_level;     /* enum log_level */
    char *maas_ca_pem; /* text of that file, for machines; owned; NULL = not given */
    char remark[512];  /* one thing worth a warning that is no error; "" = nothing */
};

/* The option table; static. */
const struct opt_row *config_rows(size_t *ret_n);

/* GP-9, before anything else is looked at: true with a sentence when the contract's version is not
 * ours or a feature is asked for that we do not have. */
bool config_refused(char *const *envp, char *why, size_t size);

/* Takes variables away by which libraries would let the environment decide about trust, proxies,
 * names or key logs (GP-6, GP-23). */
void config_clean_environment(void);

/* Options, the environment and the file of --config-file together; opts_free(*ret). */
int config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e) MUST_CHECK;
int config_read(const struct opts *o, struct config *ret, struct err *e) MUST_CHECK;
void config_drop(struct config *c);

#endif
