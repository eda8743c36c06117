/* A machine's files in memory, as far as user data touches them, and the services its image has.
 *
 * The tree owns its bytes. Paths are kept as the kernel would resolve them in a root of their own:
 * "/etc/../../x" is "/x". There are no links in here; the sandbox (sandbox.h) has them.
 * Bounds: TREE_FILES_MAX files of TREE_FILE_MAX bytes. Errors: one sentence, the tree unchanged. */
#ifndef MOCK_CLUSTER_TREE_H
#define MOCK_CLUSTER_TREE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define TREE_FILES_MAX 64
#define TREE_FILE_MAX  KIB(128)
#define TREE_PATH_MAX  256
#define TREE_OWNER_MAX 64

/* The units that the image has. */
enum tree_unit { TREE_CONTAINERD, TREE_AGENT, TREE_UNITS };
const char *tree_unit_name(enum tree_unit u);    /* "containerd.service" */
enum tree_unit tree_unit_find(const char *name); /* also without ".service"; else TREE_UNITS */
const char *tree_unit_dropin(enum tree_unit u);  /* folder of its drop-ins */

struct tree_file {
    char path[TREE_PATH_MAX];
    char owner[TREE_OWNER_MAX];
    unsigned mode;
    struct buf content;
    bool given; /* by user data; else the image's */
};
struct tree_service {
    bool enabled, active;
    unsigned starts;    /* by user data */
    struct buf loaded;  /* its drop-ins as of the last daemon-reload */
    struct buf running; /* its drop-ins as of its last start */
};
struct tree {
    size_t n;
    struct tree_file *at[TREE_FILES_MAX];
    struct tree_service units[TREE_UNITS];
    unsigned reloads;
};

void tree_init(struct tree *t); /* the image: /etc/environment with PATH, containerd running */
void tree_drop(struct tree *t);
const struct tree_file *tree_find(const struct tree *t, const char *path); /* NULL: none */
const char *tree_text(const struct tree *t, const char *path);             /* "" when absent */
/* false: empty, too long, or with a control character. out holds TREE_PATH_MAX. */
bool tree_path(const char *path, char *out);

struct tree_write {
    const char *path, *owner; /* owner "" = root:root */
    unsigned mode;            /* 0 = 0644 */
    bool append, given;
    const char *bytes;
    size_t len;
};
int tree_write(struct tree *t, const struct tree_write *w, struct err *e) MUST_CHECK;

/* systemctl's words over the tree; false: the image has no such unit. */
void tree_reload(struct tree *t);
bool tree_start(struct tree *t, const char *unit, bool restart);
bool tree_enable(struct tree *t, const char *unit);

/* All there is, one line a thing, for tests that hold two trees against each other. */
void tree_describe(const struct tree *t, struct buf *out);

#endif
