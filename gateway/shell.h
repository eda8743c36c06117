/* Around the core: effects become calls, records and lines; answers, time and signals become
 * events. The only place of the gateway with a socket, a file of state, or a clock. */
#ifndef GATEWAY_SHELL_H
#define GATEWAY_SHELL_H

#include "gateway/config.h"

#define SHELL_NAME "gateproof-pcg"

enum shell_exit { /* beside those of the launch contract (gateway/config.h) */
                  SHELL_EXIT_DONE = 0,
                  SHELL_EXIT_BROKEN = 1,  /* ours failed: configuration, disk, descriptors */
                  SHELL_EXIT_DOWN = 3,    /* status: no gateway is running */
                  SHELL_EXIT_UNLINKED = 4 /* status, install: it is not linked to Palette */
};

/* Runs until the core says exit or something of ours fails; what failed is said on stderr.
 * Returns the exit code. c must outlive the call; HUP replaces its content by what `source` gives
 * then (GP-15). */
int shell_run(struct config *c, const struct config_source *source);
/* Runs until Palette has registered this gateway, has answered a heartbeat and, with a MAAS, has
 * its account; SHELL_EXIT_UNLINKED when that takes longer. */
int shell_register(struct config *c, ms_t patience_ms);

#endif
