#include "mock-maas/users_file.h"

#include "lib/base/jx.h"
#include "lib/io/file.h"

#include <errno.h>
#include <string.h>

#define USERS_FILE_MAX KIB(64)

static const struct jx_field fields[] = {
    JX_TEXT(struct maas_user, name, JX_MUST),
    JX_TEXT(struct maas_user, key, JX_MUST),
    JX_BOOL(struct maas_user, superuser, "superuser", 0),
    JX_TEXT(struct maas_user, email, 0),
    JX_TEXT(struct maas_user, password, 0),
};

struct adding {
    struct maas_config *c;
    struct err *e;
};

static bool is_key(const char *key)
{
    const char *second = strchr(key, ':'), *third = second ? strchr(second + 1, ':') : NULL;

    return third && second > key && third > second + 1 && third[1] && !strchr(third + 1, ':');
}

static int add(void *arg, size_t i, const void *element)
{
    const struct adding *a = arg;
    const struct maas_user *u = element;

    if (a->c->n_users == MAAS_USERS_MAX)
        return err_set(a->e, -E2BIG, "more than %d users", MAAS_USERS_MAX);
    if (u->name[0] == '\0')
        return err_set(a->e, -EINVAL, "[%zu].name: must not be empty", i);
    if (!is_key(u->key))
        return err_set(a->e, -EINVAL, "[%zu].key: must be consumer:token:secret", i);
    a->c->users[a->c->n_users++] = *u;
    return 0;
}

int users_file_read(const char *path, struct maas_config *c, struct err *e)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct adding a = {.c = c, .e = e};
    struct maas_user u;
    int err;

    buf_init(&text, USERS_FILE_MAX);
    err = file_read(path, &text, e);
    if (err < 0)
        return err;
    err = jx_read_list(buf_text(&text), text.len, fields, COUNTOF(fields), JX_STRICT, &u, sizeof(u),
                       add, &a, e);
    return err < 0 ? err_at(e, "%s", path) : 0;
}
