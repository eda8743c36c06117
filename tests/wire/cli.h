/* The harness's program as a user has it: one command line in an environment of our own, its two
 * outputs apart, its exit status; and a folder of stories, labs and manifests to spoil.
 * Everything fails the test by itself; nothing outlives cli_room_drop. */
#ifndef TESTS_WIRE_CLI_H
#define TESTS_WIRE_CLI_H

#include "lib/base/buf.h"

#define CLI_ARGS_MAX   128
#define CLI_OUTPUT_MAX MIB(4)
#define CLI_PATH_MAX   256

/* A folder: stories/900-wrong.scn as the test writes it, labs/ as they are, report/ not made yet.
 */
struct cli_room {
    char dir[64];
    char out[CLI_PATH_MAX];  /* the report's folder, for --out */
    char data[CLI_PATH_MAX]; /* for --data */
};

struct cli_end {
    struct buf out, err; /* stdout and stderr */
    int status;          /* exit status, or minus the signal */
};

void cli_room_new(struct cli_room *room);
void cli_room_drop(struct cli_room *room);
void cli_report_remove(const struct cli_room *room); /* the folder --out names, if there */
/* Writes a file in the room's folder, with the folders above it; its path is valid for the next
 * eight calls. */
const char *cli_file(const struct cli_room *room, const char *name, const void *bytes, size_t len,
                     mode_t mode);
const char *cli_text(const struct cli_room *room, const char *name, const char *text);
const char *cli_path(const struct cli_room *room, const char *name);

/* args ends with NULL and begins with the command. env: "NAME=value" lines that are added to PATH
 * and HOME, or NULL. on_tty: both outputs are one terminal, all bytes are in `out`. */
void cli_run(struct cli_end *ret, const char *const *args, const char *const *env, bool on_tty,
             ms_t patience_ms);
/* As cli_run without a terminal, with stdout going into that file. */
void cli_run_into(const char *path, struct cli_end *ret, const char *const *args, ms_t patience_ms);
void cli_end_drop(struct cli_end *end);
/* The whole file, from the repository's root. */
void cli_read(const char *path, struct buf *out);

#endif
