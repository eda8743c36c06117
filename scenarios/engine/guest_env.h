/* The environment of a gateway, exactly the profile's table (GP-6), and its use in a command. */
#ifndef SCENARIOS_ENGINE_GUEST_ENV_H
#define SCENARIOS_ENGINE_GUEST_ENV_H

#include "scenarios/engine/guest.h"

#define GUEST_ENV_BYTES KIB(32)

struct guest_env {
    size_t n;
    const char *at[GUEST_ENV_MAX + 1]; /* NAME=value, ends with NULL */
    struct buf text;
};
void guest_env_make(struct guest_env *x, const struct guest *g, int page_fd);
void guest_env_drop(struct guest_env *x);
const char *const *guest_env_list(const struct guest_env *x);
/* Replaces $GP_… in each word by its value, "" when it is not given. argv has n + 1 places and
 * points into x. */
void guest_env_expand(struct guest_env *x, const char (*words)[MANIFEST_WORD_MAX], size_t n,
                      const char **argv);

/* For programs whose output and end are nobody's business. */
void guest_env_ignore(void *arg, struct prog *p);
void guest_env_ignore_secret(void *arg, struct prog *p, const char *name);

#endif
