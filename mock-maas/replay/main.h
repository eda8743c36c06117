/* The program in the program: mock-maas replay. */
#ifndef REPLAY_MAIN_H
#define REPLAY_MAIN_H

/* `mock-maas replay …`: argv[0] is "replay". Exit status: 0 when what missed is what --misses
 * lists, 1 otherwise, 3 for bad usage. */
int replay_main(int argc, char **argv);

#endif
