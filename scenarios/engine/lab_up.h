/* A lab that stays: `gateproof lab up|down|shell`. One process keeps it, in namespaces of its own,
 * and answers at a socket whose name is in no folder (unix(7), abstract), so that nothing has to be
 * cleaned away: when that process ends, by `lab down` or by any signal, the kernel takes
 * namespaces, links, shells and the name. No program runs in it but what people start; names of the
 * lab stand in its hosts file. A lab is its maker's: nobody else is answered.
 *
 * more: stands behind each command that an error tells to type, such as " --data DIR"; or "". */
#ifndef SCENARIOS_ENGINE_LAB_UP_H
#define SCENARIOS_ENGINE_LAB_UP_H

#include "scenarios/engine/lab.h"

/* Builds the lab and leaves a process behind that keeps it. *ret_us: how long the building took.
 * -EALREADY: it is up. */
int lab_up(const struct lab *l, const char *more, int64_t *ret_us, pid_t *ret_pid, struct err *e)
    MUST_CHECK;
/* Its keeper as we see it; 0: it is not up. */
pid_t lab_up_pid(const char *name);
/* Returns when all of it is gone. -ENOENT: it is not up. */
int lab_down(const char *name, const char *more, struct err *e) MUST_CHECK;
/* Runs a shell, or one command by `sh -c` (NULL: none), in a host of the lab; the exit status, or
 * negative. */
int lab_shell(const char *name, const char *host, const char *command, const char *more,
              struct err *e) MUST_CHECK;

#endif
