/* `gateproof-pcg install`: asks what Palette's own installer asks, checks each answer at once,
 * writes the configuration (mode 0600) and a file for each secret (never shown again), registers,
 * and says what comes next. With --answers it asks nobody: the first answer that is not good ends
 * it. Nothing is written before all answers are good. */
#ifndef GATEWAY_INSTALL_H
#define GATEWAY_INSTALL_H

#define INSTALL_PATIENCE_MS SECONDS(60) /* for Palette to register us */
#define INSTALL_TRIES_MAX   5           /* for one answer of a person */

/* argv[0] is the word. Returns the exit code (gateway/shell.h). */
int install_main(int argc, char **argv);

#endif
