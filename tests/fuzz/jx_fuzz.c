/* jx_read by a table of all kinds over any bytes; what was read is written, and must be read again
 * to the same text. */
#include "lib/base/jx.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct leaf {
    char name[16];
    int64_t n;
};
struct tree {
    char text[16];
    char *owned, *raw;
    int64_t n;
    ms_t ms;
    bool b;
    struct leaf leaf;
    size_t n_leaves, n_words;
    struct leaf leaves[4];
    char words[3][8];
};

static const struct jx_field leaf_fields[] = {
    JX_TEXT(struct leaf, name, JX_MUST),
    JX_INT(struct leaf, n, "n", 0, INT64_MIN, INT64_MAX),
};
static const struct jx_field tree_fields[] = {
    JX_TEXT(struct tree, text, 0),
    JX_OWNED(struct tree, owned, "owned", JX_SKIP_EMPTY, 64),
    JX_RAW(struct tree, raw, "raw", JX_SKIP_EMPTY, 4096),
    JX_INT(struct tree, n, "n", 0, -1000, 1000),
    JX_MS(struct tree, ms, "ms", 0, 0, HOURS(24)),
    JX_BOOL(struct tree, b, "b", 0),
    JX_OBJECT(struct tree, leaf, "leaf", JX_SKIP_EMPTY, leaf_fields),
    JX_ARRAY(struct tree, leaves, n_leaves, "leaves", 0, leaf_fields),
    JX_TEXTS(struct tree, words, n_words, "words", JX_SKIP_EMPTY),
};

static int read_tree(const char *text, size_t len, unsigned mode, struct tree *ret)
{
    struct err e;

    memset(ret, 0, sizeof(*ret));
    return jx_read(text, len, tree_fields, COUNTOF(tree_fields), mode, ret, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first SCOPED(buf_drop), second SCOPED(buf_drop);
    struct tree t;
    char picked[32];

    buf_init(&first, MIB(1));
    buf_init(&second, MIB(1));
    jx_pick((const char *)data, size, "leaves.0.name", picked, sizeof(picked));
    if (read_tree((const char *)data, size, 0, &t) == 0) {
        jx_write(&first, tree_fields, COUNTOF(tree_fields), &t);
        jx_drop(tree_fields, COUNTOF(tree_fields), &t);
        assert(read_tree(buf_text(&first), first.len, JX_STRICT, &t) == 0);
        jx_write(&second, tree_fields, COUNTOF(tree_fields), &t);
        jx_drop(tree_fields, COUNTOF(tree_fields), &t);
        assert(strcmp(buf_text(&first), buf_text(&second)) == 0);
    }
    return 0;
}
