/* One YAML document as a tree of nodes, by libyaml's events, with the bounds of user data.
 *
 * Scalars are told apart as YAML 1.1 does it (cloud-init reads user data with PyYAML): an unquoted
 * 0600 is a number, an unquoted yes is a truth value. Aliases share the node they name; a bomb of
 * them is refused by weight: what the document would be with every alias written out. */
#ifndef MOCK_CLUSTER_YAML_NODE_H
#define MOCK_CLUSTER_YAML_NODE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum ynode_kind { YNODE_NULL, YNODE_BOOL, YNODE_NUMBER, YNODE_TEXT, YNODE_LIST, YNODE_MAP };

struct ynode {
    enum ynode_kind kind;
    size_t line;          /* from 1 */
    size_t weight, bytes; /* with aliases written out */
    char *text;           /* scalar, or anchor's bytes as written; NULL for lists and maps */
    size_t len;
    bool truth;
    bool open;            /* still being read: an alias to it would be a ring */
    struct ynode **items; /* of a list; of a map key, value, key, value */
    size_t n, cap;
    struct ynode *next; /* of all nodes, for freeing */
    char *anchor;
};
struct ynode_document {
    struct ynode *root; /* never NULL after success */
    struct ynode *all;
};

int ynode_read(const char *text, size_t len, struct ynode_document *ret, struct err *e) MUST_CHECK;
void ynode_drop(struct ynode_document *d);

const struct ynode *ynode_member(const struct ynode *map, const char *key); /* NULL: none */
const char *ynode_kind_name(enum ynode_kind k);

#endif
