#include "scenarios/engine/user_body.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

/* --- what is asked of machines --- */

struct wanted {
    char zone[WORD_MAX], pool[WORD_MAX], tags[WORD_MAX]; /* tags: ssd+gpu */
    int64_t cpu, mem;
};

static bool text_take(char out[WORD_MAX], const char *value)
{
    return *value != '\0' && text_copy(out, WORD_MAX, value) &&
           value[strcspn(value, "\"\\")] == '\0';
}

static bool wanted_take(struct wanted *w, const char *name, const char *value)
{
    if (text_is(name, "zone"))
        return text_take(w->zone, value);
    if (text_is(name, "pool"))
        return text_take(w->pool, value);
    if (text_is(name, "tags"))
        return text_take(w->tags, value);
    if (text_is(name, "cpu"))
        return text_int(value, 1, 1024, &w->cpu);
    return text_is(name, "mem") && text_int(value, 1, INT32_MAX, &w->mem);
}

static bool wanted_read(const char *text, struct wanted *ret)
{
    char word[2 * WORD_MAX];

    *ret = (struct wanted){.zone = "default", .pool = "default", .cpu = 4, .mem = 8192};
    while (text_next(&text, ',', word, sizeof word)) {
        char *value = strchr(word, '=');

        if (value == NULL)
            return false;
        *value++ = '\0';
        if (!wanted_take(ret, word, value))
            return false;
    }
    return true;
}

bool user_body_is_where(const char *text)
{
    struct wanted w;

    return wanted_read(text, &w);
}

static void tags_write(struct buf *out, const char *tags)
{
    char tag[WORD_MAX];

    for (size_t n = 0; text_next(&tags, '+', tag, sizeof tag); n++)
        buf_printf(out, "%s\"%s\"", n == 0 ? "" : ",", tag);
}

static void pool_write(struct buf *out, const char *name, int64_t size, bool control_plane,
                       const char *where)
{
    struct wanted w;

    (void)wanted_read(where, &w); /* the verb table took it */
    buf_printf(out, "{\"cloudConfig\":{\"azs\":[\"%s\"],\"resourcePool\":\"%s\",\"tags\":[", w.zone,
               w.pool);
    tags_write(out, w.tags);
    buf_printf(out,
               "],\"instanceType\":{\"minCPU\":%" PRId64 ",\"minMemInMB\":%" PRId64
               ",\"minDiskSizeInGB\":60}},"
               "\"poolConfig\":{\"name\":\"%s\",\"size\":%" PRId64 ",\"isControlPlane\":%s,"
               "\"labels\":[\"%s\"]}}",
               w.cpu, w.mem, name, size, control_plane ? "true" : "false",
               control_plane ? "control-plane" : "worker");
}

/* --- clusters --- */

void user_body_workers(struct buf *out, int64_t nodes)
{
    pool_write(out, "workers", nodes - 1, false, "");
}

void user_body_create(struct buf *out, const char *name, const char *account_uid, int64_t nodes,
                      const char *where)
{
    buf_printf(out,
               "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"cloudAccountUid\":\"%s\","
               "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[],\"ntpServers\":[]},"
               "\"machinepoolconfig\":[",
               name, account_uid);
    pool_write(out, "cp", 1, true, where);
    if (nodes > 1) {
        buf_char_add(out, ',');
        pool_write(out, "workers", nodes - 1, false, where);
    }
    buf_text_add(out, "]}}");
}

void user_body_label(struct buf *out, const char *name, const char *label)
{
    const char *equals = strchr(label, '=');
    buf_printf(out, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"%.*s\":\"%s\"}}}", name,
               equals == NULL ? 0 : (int)(equals - label), label, equals == NULL ? "" : equals + 1);
}

/* --- accounts and gateways --- */

void user_body_account(struct buf *out, const char *name, const char *overlord_uid,
                       const char *endpoint, const char *key)
{
    buf_printf(out, "{\"metadata\":{\"name\":\"%s\"", name);
    if (*overlord_uid != '\0')
        buf_printf(out, ",\"annotations\":{\"overlordUid\":\"%s\"}", overlord_uid);
    buf_printf(out, "},\"spec\":{\"apiEndpoint\":\"%s\",\"apiKey\":\"%s\"}}", endpoint, key);
}

const char *user_toggle(const struct script_line *line)
{
    if (text_is(line->verb->id, "user.registers-by-hand"))
        return "by-hand";
    return text_is(line->verb->id, "user.registers-account-toggle") ? line->args[1] : "";
}

#define LISTED_MAX 128

struct listed { /* a member of either list; the other list has nothing under the other names */
    char name[WORD_MAX * 2], uid[WORD_MAX * 2];
    bool is_system;
};
struct listed_all {
    size_t n;
    struct listed items[LISTED_MAX];
};
static const struct jx_field meta_fields[] = {JX_TEXT(struct listed, name, 0),
                                              JX_TEXT(struct listed, uid, 0)};
static const struct jx_field spec_fields[] = {JX_BOOL(struct listed, is_system, "isSystem", 0)};
static const struct jx_field listed_fields[] = {
    {.name = "metadata", .kind = JX_KIND_OBJECT, .fields = meta_fields, .n_fields = 2},
    {.name = "spec", .kind = JX_KIND_OBJECT, .fields = spec_fields, .n_fields = 1}};
static const struct jx_field all_fields[] = {
    JX_ARRAY(struct listed_all, items, n, "items", 0, listed_fields)};

static bool pick(const struct buf *body, bool (*is)(const struct listed *x, const char *name),
                 const char *name, char *uid, size_t size)
{
    struct listed_all *all = calloc(1, sizeof *all);
    bool found = false;

    if (all == NULL)
        WRONG("out of memory");
    if (jx_read(buf_text(body), body->len, all_fields, COUNTOF(all_fields), 0, all, NULL) == 0)
        for (size_t i = 0; i < all->n && !found; i++)
            found = is(&all->items[i], name) && text_copy(uid, size, all->items[i].uid);
    free(all);
    return found;
}

static bool is_named(const struct listed *x, const char *name)
{
    return text_is(x->name, name);
}

static bool is_any(const struct listed *x, const char *name)
{
    (void)name;
    return x->uid[0] != '\0';
}

static bool is_system(const struct listed *x, const char *name)
{
    (void)name;
    return x->is_system;
}

bool user_account_pick(const struct buf *body, const char *name, char *uid, size_t size)
{
    const bool own = *name == '\0' || text_is(name, "acc1");

    return (*name != '\0' && pick(body, is_named, name, uid, size)) ||
           (own && pick(body, is_any, name, uid, size));
}

bool user_system_pick(const struct buf *body, char *uid, size_t size)
{
    return pick(body, is_system, "", uid, size);
}

/* --- pairing codes --- */

const char *const user_codes[] = {USER_CODE_GOOD, USER_CODE_WRONG, USER_CODE_USED,
                                  USER_CODE_UNKNOWN, NULL};

/* The last letter or digit becomes another one. */
static void mistype(char *text)
{
    char *last = text + strlen(text) - 1;

    if (*text)
        *last = *last == '2' ? '3' : '2';
}

void user_code_spoil(const char *kind, char *code, char *uid)
{
    if (text_is(kind, USER_CODE_WRONG))
        mistype(code);
    if (text_is(kind, USER_CODE_UNKNOWN))
        mistype(uid);
}

void user_body_enrol(struct buf *out, const char *code)
{
    enum { SECRET_LEN = 43 };

    buf_text_add(out, "{\"gatewaySecret\":\"");
    for (size_t i = 0; i < SECRET_LEN; i++)
        buf_char_add(out, 'x');
    buf_text_add(out, "\",\"pairingCode\":");
    jx_write_text(out, code);
    buf_text_add(out, ",\"profile\":\"1.0\",\"version\":\"another\",\"features\":[\"pcg\"]}");
}
