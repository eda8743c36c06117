/* JSON as a tree that keeps every letter of its scalars: 1.0 stays 1.0. For comparing recorded
 * bodies with live ones. */
#ifndef REPLAY_TREE_H
#define REPLAY_TREE_H

#include "lib/base/buf.h"

enum tree_kind { TREE_OBJECT, TREE_ARRAY, TREE_TEXT, TREE_OTHER /* numbers, true, false, null */ };

struct tree {
    enum tree_kind kind;
    char *name;  /* in an object, decoded; else NULL */
    char *value; /* of a text decoded, of others as written; NULL for objects and arrays */
    struct tree *first, *next;
};

struct tree *tree_read(const char *text); /* NULL: no JSON, or something behind it */
void tree_free(struct tree *t);
void tree_drop(struct tree **t);                                          /* for SCOPED */
const struct tree *tree_get(const struct tree *object, const char *name); /* or NULL */
const char *tree_text(const struct tree *object, const char *name);       /* "" when absent */
bool tree_is_null(const struct tree *t); /* absent counts as null */
/* As Python's json.dumps(…, indent=4, ensure_ascii=False) writes it, members in their order. */
void tree_write(const struct tree *t, struct buf *out);
void tree_write_compact(const struct tree *t, struct buf *out); /* on one line, as json.dumps(…) */

#endif
