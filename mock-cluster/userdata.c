/* User data: the first line, then one document; what of it a machine executes. */
#include "mock-cluster/userdata.h"

#include "lib/base/text.h"
#include "mock-cluster/yaml_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "#cloud-config"
#define MODE_MAX   07777
#define WHERE_MAX  64

/* --- small readings --------------------------------------------------------------------------- */

/* The node as a text, or NULL with a sentence. */
static const char *text_of(const struct ynode *node, const char *where, const char *key,
                           struct err *e)
{
    if (node->kind == YNODE_TEXT)
        return node->text;
    if (node->kind == YNODE_NUMBER || node->kind == YNODE_BOOL)
        (void)err_set(e, -EINVAL, "line %zu: %s.%s is %s; put it into quotes", node->line, where,
                      key, ynode_kind_name(node->kind));
    else
        (void)err_set(e, -EINVAL, "line %zu: %s.%s is %s, it must be a text", node->line, where,
                      key, ynode_kind_name(node->kind));
    return NULL;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Standard base64 with padding; line breaks between digits are fine, as in block scalars. */
static bool base64_read(const char *text, struct buf *out)
{
    uint32_t bits = 0;
    size_t n = 0, padding = 0;

    for (const char *p = text; *p; p++) {
        const int digit = base64_digit(*p);

        if (*p == '\n' || *p == '\r' || *p == ' ')
            continue;
        if (*p == '=' ? ++padding > 2 : (digit < 0 || padding > 0))
            return false;
        bits = bits << 6 | (uint32_t)(digit < 0 ? 0 : digit);
        if (++n % 4 != 0)
            continue;
        for (size_t i = 0; i < 3 - padding; i++)
            buf_char_add(out, (char)(bits >> (16 - 8 * i) & 0xff));
        bits = 0;
    }
    return n % 4 == 0;
}

/* --- write_files ------------------------------------------------------------------------------ */

struct file_reading {
    struct userdata_file *file;
    const char *content, *encoding;
    size_t content_len;
    char where[WHERE_MAX];
    struct err *e;
};

static int file_path(struct file_reading *r, const struct ynode *node)
{
    const char *text = text_of(node, r->where, "path", r->e);
    char clean[TREE_PATH_MAX];

    if (!text)
        return -EINVAL;
    if (!tree_path(text, clean) || !text_copy(r->file->path, sizeof r->file->path, text))
        return err_set(r->e, -EINVAL, "line %zu: %s.path: no file can have it", node->line,
                       r->where);
    return 0;
}

static int file_permissions(struct file_reading *r, const struct ynode *node)
{
    const char *text = text_of(node, r->where, "permissions", r->e);
    char *end;
    unsigned long mode;

    if (!text)
        return -EINVAL;
    text += text_begins(text, "0o") ? 2 : 0;
    mode = strtoul(text, &end, 8);
    if (*text < '0' || *text > '7' || *end || mode == 0 || mode > MODE_MAX)
        return err_set(r->e, -EINVAL,
                       "line %zu: %s.permissions must be an octal number like '0644'", node->line,
                       r->where);
    r->file->mode = (unsigned)mode;
    return 0;
}

static int file_owner(struct file_reading *r, const struct ynode *node)
{
    const char *text = text_of(node, r->where, "owner", r->e);

    if (!text)
        return -EINVAL;
    if (!text[0] || strpbrk(text, " \n\t/") ||
        !text_copy(r->file->owner, sizeof r->file->owner, text))
        return err_set(r->e, -EINVAL, "line %zu: %s.owner must be user:group", node->line,
                       r->where);
    return 0;
}

static int file_content(struct file_reading *r, const struct ynode *node)
{
    r->content = text_of(node, r->where, "content", r->e);
    r->content_len = node->len;
    return r->content ? 0 : -EINVAL;
}

static int file_encoding(struct file_reading *r, const struct ynode *node)
{
    r->encoding = text_of(node, r->where, "encoding", r->e);
    return r->encoding ? 0 : -EINVAL;
}

static int file_append(struct file_reading *r, const struct ynode *node)
{
    if (node->kind != YNODE_BOOL)
        return err_set(r->e, -EINVAL, "line %zu: %s.append must be true or false", node->line,
                       r->where);
    r->file->append = node->truth;
    return 0;
}

static int file_defer(struct file_reading *r, const struct ynode *node)
{
    if (node->kind != YNODE_BOOL || node->truth)
        return err_set(r->e, -EINVAL, "line %zu: %s.defer can only be false here", node->line,
                       r->where);
    return 0;
}

static const struct file_key {
    const char *name;
    int (*read)(struct file_reading *r, const struct ynode *node);
} file_keys[] = {
    {"path", file_path},       {"permissions", file_permissions}, {"owner", file_owner},
    {"content", file_content}, {"encoding", file_encoding},       {"append", file_append},
    {"defer", file_defer},
};

static int file_key_read(struct file_reading *r, const struct ynode *key, const struct ynode *node)
{
    for (size_t i = 0; i < COUNTOF(file_keys); i++)
        if (text_is(key->text, file_keys[i].name))
            return file_keys[i].read(r, node);
    return err_set(r->e, -EINVAL, "line %zu: %s has a key that no file has", key->line, r->where);
}

static int file_decode(struct file_reading *r, const struct ynode *node)
{
    const char *how = r->encoding ? r->encoding : "text/plain";

    if (text_is(how, "text/plain"))
        buf_add(&r->file->content, r->content, r->content_len);
    else if (!text_is(how, "b64") && !text_is(how, "base64"))
        return err_set(r->e, -EINVAL, "line %zu: %s.encoding must be text/plain or b64", node->line,
                       r->where);
    else if (!base64_read(r->content, &r->file->content))
        return err_set(r->e, -EINVAL, "line %zu: %s.content is no base64", node->line, r->where);
    if (r->file->content.full)
        return err_set(r->e, -EFBIG, "line %zu: %s.content is too large", node->line, r->where);
    return 0;
}

static int file_read_one(struct userdata *u, const struct ynode *node, struct err *e)
{
    struct file_reading r = {.file = &u->files[u->n_files], .content = "", .e = e};

    (void)snprintf(r.where, sizeof r.where, "write_files[%zu]", u->n_files);
    if (node->kind != YNODE_MAP)
        return err_set(e, -EINVAL, "line %zu: %s is %s, it must be a map", node->line, r.where,
                       ynode_kind_name(node->kind));
    *r.file = (struct userdata_file){0};
    buf_init(&r.file->content, TREE_FILE_MAX);
    u->n_files++;
    for (size_t i = 0; i < node->n; i += 2) {
        const int err = file_key_read(&r, node->items[i], node->items[i + 1]);

        if (err < 0)
            return err;
    }
    if (!r.file->path[0])
        return err_set(e, -EINVAL, "line %zu: %s has no path", node->line, r.where);
    return file_decode(&r, node);
}

/* A list under a key of the document, with a bound. */
static int list_check(const struct ynode *node, const char *key, size_t most, struct err *e)
{
    if (node->kind != YNODE_LIST)
        return err_set(e, -EINVAL, "line %zu: %s is %s, it must be a list", node->line, key,
                       ynode_kind_name(node->kind));
    if (node->n > most)
        return err_set(e, -EINVAL, "line %zu: %s has more than %zu items", node->line, key, most);
    return 0;
}

static int files_read(struct userdata *u, const struct ynode *node, struct err *e)
{
    int err = list_check(node, "write_files", USERDATA_FILES_MAX, e);

    for (size_t i = 0; err == 0 && i < node->n; i++)
        err = file_read_one(u, node->items[i], e);
    return err;
}

/* --- runcmd ----------------------------------------------------------------------------------- */

static int word_add(struct userdata_command *c, const struct ynode *node, const char *where,
                    struct err *e)
{
    const char *text = text_of(node, where, "words", e);

    if (!text)
        return -EINVAL;
    c->words[c->n] = strdup(text);
    if (!c->words[c->n])
        WRONG("no memory");
    c->n++;
    return 0;
}

static int command_read(struct userdata *u, const struct ynode *node, struct err *e)
{
    struct userdata_command *c = &u->commands[u->n_commands];
    char where[WHERE_MAX];
    int err;

    if (node->kind == YNODE_NULL) /* cloud-init skips these */
        return 0;
    (void)snprintf(where, sizeof where, "runcmd[%zu]", u->n_commands);
    *c = (struct userdata_command){.shell = node->kind == YNODE_TEXT};
    u->n_commands++;
    if (c->shell)
        return word_add(c, node, where, e);
    err = list_check(node, where, USERDATA_WORDS_MAX, e);
    if (err == 0 && node->n == 0)
        err = err_set(e, -EINVAL, "line %zu: %s is an empty list", node->line, where);
    for (size_t i = 0; err == 0 && i < node->n; i++)
        err = word_add(c, node->items[i], where, e);
    return err;
}

static int commands_read(struct userdata *u, const struct ynode *node, struct err *e)
{
    int err = list_check(node, "runcmd", USERDATA_COMMANDS_MAX, e);

    for (size_t i = 0; err == 0 && i < node->n; i++)
        err = command_read(u, node->items[i], e);
    return err;
}

/* --- the document ----------------------------------------------------------------------------- */

static int key_note(struct userdata *u, const struct ynode *key, struct err *e)
{
    if (u->n_keys == USERDATA_KEYS_MAX)
        return err_set(e, -EINVAL, "line %zu: more than %d keys", key->line, USERDATA_KEYS_MAX);
    if (!text_copy(u->keys[u->n_keys], USERDATA_KEY_MAX, key->text))
        return err_set(e, -EINVAL, "line %zu: a key is longer than any there is", key->line);
    u->n_keys++;
    return 0;
}

static int document_read(struct userdata *u, const struct ynode *root, struct err *e)
{
    int err = 0;

    if (root->kind != YNODE_MAP)
        return err_set(e, -EINVAL, "line %zu: the document is %s, it must be a map", root->line,
                       ynode_kind_name(root->kind));
    for (size_t i = 0; err == 0 && i < root->n; i += 2) {
        const struct ynode *key = root->items[i], *node = root->items[i + 1];

        if (text_is(key->text, "write_files"))
            err = files_read(u, node, e);
        else if (text_is(key->text, "runcmd"))
            err = commands_read(u, node, e);
        else
            err = key_note(u, key, e);
    }
    return err;
}

static int frame_check(const char *text, size_t len, struct err *e)
{
    const size_t first = strlen(FIRST_LINE);

    if (len > USERDATA_MAX)
        return err_set(e, -EFBIG, "user data is larger than %zu bytes", USERDATA_MAX);
    if (memchr(text, '\0', len))
        return err_set(e, -EINVAL, "user data holds a NUL byte; is it compressed?");
    if (len <= first || memcmp(text, FIRST_LINE, first) != 0 || text[first] != '\n')
        return err_set(e, -EINVAL, "the first line of user data must be " FIRST_LINE);
    return 0;
}

int userdata_read(const char *text, size_t len, struct userdata *ret, struct err *e)
{
    struct ynode_document d;
    int err = frame_check(text, len, e);

    *ret = (struct userdata){0};
    if (err == 0)
        err = ynode_read(text, len, &d, e);
    if (err < 0)
        return err;
    err = document_read(ret, d.root, e);
    ynode_drop(&d);
    if (err < 0)
        userdata_drop(ret);
    return err;
}

void userdata_drop(struct userdata *u)
{
    for (size_t i = 0; i < u->n_files; i++)
        buf_drop(&u->files[i].content);
    for (size_t i = 0; i < u->n_commands; i++)
        for (size_t w = 0; w < u->commands[i].n; w++)
            free(u->commands[i].words[w]);
    u->n_files = u->n_commands = u->n_keys = 0;
}
