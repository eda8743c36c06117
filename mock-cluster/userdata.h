/* User data: `#cloud-config` and one YAML or JSON document, read strictly, and executed over a
 * tree.
 *
 * Reading keeps what is executed (write_files, runcmd) and the names of all other keys. It refuses
 * what cloud-init's schema refuses, and whatever the profile forbids (GP-79): other first lines,
 * several documents, tags, merge keys, a key that comes twice, unknown keys of a file, compressed
 * content. A refusal is one sentence that names the place and never quotes content: user data is a
 * secret.
 * Bounds: USERDATA_MAX bytes, USERDATA_DEPTH_MAX levels, USERDATA_WEIGHT_MAX nodes and
 * USERDATA_TEXT_MAX bytes after aliases are followed. */
#ifndef MOCK_CLUSTER_USERDATA_H
#define MOCK_CLUSTER_USERDATA_H

#include "mock-cluster/tree.h"

#define USERDATA_MAX          KIB(64) /* GP-79 */
#define USERDATA_DEPTH_MAX    16
#define USERDATA_WEIGHT_MAX   8192
#define USERDATA_TEXT_MAX     KIB(256)
#define USERDATA_FILES_MAX    32
#define USERDATA_COMMANDS_MAX 32
#define USERDATA_WORDS_MAX    32
#define USERDATA_KEYS_MAX     32
#define USERDATA_KEY_MAX      64

struct userdata_file {
    char path[TREE_PATH_MAX]; /* as written */
    char owner[TREE_OWNER_MAX];
    unsigned mode; /* 0: not given */
    bool append;
    struct buf content; /* decoded */
};
struct userdata_command {
    bool shell; /* one text for sh -c; else a list of arguments */
    size_t n;
    char *words[USERDATA_WORDS_MAX]; /* owned */
};
struct userdata {
    size_t n_files, n_commands, n_keys;
    struct userdata_file files[USERDATA_FILES_MAX];
    struct userdata_command commands[USERDATA_COMMANDS_MAX];
    char keys[USERDATA_KEYS_MAX][USERDATA_KEY_MAX]; /* neither executed nor checked here */
};

/* *ret need not be initialised; on success userdata_drop() frees what it holds. */
int userdata_read(const char *text, size_t len, struct userdata *ret, struct err *e) MUST_CHECK;
void userdata_drop(struct userdata *u);

/* What a machine made of it. Nothing in here is an error of ours: a file that cannot be written
 * ends write_files, a command that fails is followed by the next one, as in cloud-init. */
struct userdata_outcome {
    size_t written, done;
    size_t strange;         /* commands that only a real machine could do */
    char why[ERR_TEXT_MAX]; /* the first thing that went wrong; "" */
};
void userdata_apply(const struct userdata *u, struct tree *t, struct userdata_outcome *ret);

#endif
