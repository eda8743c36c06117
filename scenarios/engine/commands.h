/* The commands of gateproof: one row each in commands.c. */
#ifndef SCENARIOS_ENGINE_COMMANDS_H
#define SCENARIOS_ENGINE_COMMANDS_H

#include "lib/io/opts.h"
#include "scenarios/engine/run.h"

#define EXIT_UNPROVEN 2
#define EXIT_USAGE    3 /* wrong words, or bad input: nothing was started */

void commands_help(const struct opts *o, struct buf *out);
/* Exit status of the command, or a negative errno with its sentence (EXIT_USAGE). */
int commands_do(const struct opts *o, const char *const *words, size_t n, struct err *e) MUST_CHECK;

/* One line on stderr. What a file or a word holds cannot drive the reader's terminal: control bytes
 * and what is no UTF-8 become '?', line ends become blanks. */
void commands_complain(const struct err *e);

#endif
