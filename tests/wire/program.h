/* A program under test as a child on the test's loop: its output is kept, its end is an event. */
#ifndef TESTS_WIRE_PROGRAM_H
#define TESTS_WIRE_PROGRAM_H

#include "lib/base/buf.h"
#include "lib/io/loop.h"

#define PROGRAM_PATIENCE_MS SECONDS(20)

struct program {
    struct loop *loop;
    pid_t pid; /* 0: not started */
    int pidfd, out_fd;
    int status; /* as waitpid gives it */
    bool ended, out_of_patience;
    struct loop_watch *on_end, *on_out;
    struct loop_timer *patience;
    struct buf out; /* stdout and stderr */
};

void program_start(struct program *p, struct loop *l, const char *path, char **argv, char **envp);
void program_stop_listening(struct program *p); /* closes our end of its output */
void program_signal(const struct program *p, int signo);
/* Waits for its end: the exit code, or minus the signal. */
int program_exit(struct program *p);
void program_until_said(struct program *p, const char *text);
void program_drop(struct program *p); /* kills what still runs */

#endif
