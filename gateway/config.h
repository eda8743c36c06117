/* The launch contract's environment (profile, sections 2 and 3) as checked values. Every check says
 * in one sentence which variable is wrong, how, and what to do; a sentence never quotes a value
 * that is a secret or may hold one (URLs and proxies may). Nothing is opened but files. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "gateway/core.h"
#include "lib/io/opts.h"

#define CONFIG_CONTRACT     "1"
#define CONFIG_PATH_MAX     1024
#define CONFIG_LISTEN_MAX   108 /* a unix socket's path is no longer */
#define CONFIG_FILE         "/etc/gateproof/pcg.conf"
#define CONFIG_SECRETS_DIR  "/etc/gateproof/secrets"
#define CONFIG_STATE_DIR    "/var/lib/gateproof-pcg"
#define CONFIG_USER         "gateproof-pcg" /* whom the service runs as */
#define CONFIG_EXIT_REFUSED 89              /* GP-9 */
#define CONFIG_EXIT_WRONG   1               /* GP-10 */

struct config { /* holds secrets: config_drop */
    struct gw_config gw;
    char state_dir[CONFIG_PATH_MAX];
    char secrets_dir[CONFIG_PATH_MAX]; /* "" = not given */
    char palette_ca[CONFIG_PATH_MAX];  /* "" = the system's anchors */
    char maas_ca[CONFIG_PATH_MAX];
    char proxy_ca[CONFIG_PATH_MAX]; /* "" = none; beside the others, through the proxy (GP-26) */
    char listen[CONFIG_LISTEN_MAX]; /* metrics and health; "" = nowhere. See gateway/peek.h */
    int clock_fd;                   /* -1 = the kernel's clock */
    int log_level;                  /* enum log_level */
    int log_form;                   /* enum log_form */
    char *maas_ca_pem;              /* text of that file, for machines; owned; NULL = not given */
    char remark[512];               /* one thing worth a warning that is no error; "" = nothing */
};

/* The option table; static. */
const struct opt_row *config_rows(size_t *ret_n);

/* GP-9, before anything else is looked at: true with a sentence when the contract's version is not
 * ours or a feature is asked for that we do not have. */
bool config_refused(char *const *envp, char *why, size_t size);

/* Takes variables away by which libraries would let the environment decide about trust, proxies,
 * names or key logs (GP-6, GP-23). */
void config_clean_environment(void);

/* Options, the environment and a file together: that of --config-file, or CONFIG_FILE when it is
 * there and nobody launches us by contract. opts_free(*ret). */
int config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e) MUST_CHECK;
int config_read(const struct opts *o, struct config *ret, struct err *e) MUST_CHECK;
/* One value as the option of that name takes it; errors begin with `label`. */
int config_take(const char *name, const char *label, const char *text, struct config *c,
                struct err *e) MUST_CHECK;

/* Where a configuration came from, so that it can be read again (GP-15). */
struct config_source {
    int argc;
    char **argv, **envp;
};
/* The same again, files included. Refused, with *ret untouched, also when what a running gateway
 * cannot change has changed. */
int config_again(const struct config_source *source, const struct config *now, struct config *ret,
                 struct err *e) MUST_CHECK;
void config_drop(struct config *c);

#endif
