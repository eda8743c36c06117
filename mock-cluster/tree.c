/* Files and units in memory. */
#include "mock-cluster/tree.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MODE_NEW    0644
#define ENVIRONMENT "/etc/environment"
#define IMAGE_PATH  "PATH=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n"
#define UNIT_SUFFIX ".service"
#define DROPINS_MAX (TREE_FILES_MAX * TREE_FILE_MAX)

static const struct unit_row {
    const char *name, *dropin;
    bool enabled, active; /* in the image */
} unit_rows[TREE_UNITS] = {
    [TREE_CONTAINERD] = {"containerd.service", "/etc/systemd/system/containerd.service.d/", true,
                         true},
    [TREE_AGENT] = {"gateproof-agent.service", "/etc/systemd/system/gateproof-agent.service.d/",
                    false, false},
};

const char *tree_unit_name(enum tree_unit u)
{
    assert(u < TREE_UNITS);
    return unit_rows[u].name;
}

const char *tree_unit_dropin(enum tree_unit u)
{
    assert(u < TREE_UNITS);
    return unit_rows[u].dropin;
}

enum tree_unit tree_unit_find(const char *name)
{
    const size_t suffix = strlen(UNIT_SUFFIX);

    for (unsigned u = 0; u < TREE_UNITS; u++) {
        const size_t bare = strlen(unit_rows[u].name) - suffix;

        if (text_is(name, unit_rows[u].name) ||
            (strlen(name) == bare && memcmp(name, unit_rows[u].name, bare) == 0))
            return (enum tree_unit)u;
    }
    return TREE_UNITS;
}

/* --- paths ------------------------------------------------------------------------------------ */

/* One segment of a path onto what is there; "." stays, ".." goes back but never above the root. */
static bool path_step(char *out, const char *segment, size_t len)
{
    const size_t have = strlen(out);

    if (len == 0 || (len == 1 && segment[0] == '.'))
        return true;
    if (len == 2 && segment[0] == '.' && segment[1] == '.') {
        char *last = strrchr(out, '/');

        if (last)
            *last = '\0';
        return true;
    }
    if (have + len + 2 > TREE_PATH_MAX)
        return false;
    out[have] = '/';
    memcpy(out + have + 1, segment, len);
    out[have + 1 + len] = '\0';
    return true;
}

bool tree_path(const char *path, char *out)
{
    char clean[TREE_PATH_MAX] = "";

    for (const char *p = path; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    while (*path) {
        const size_t len = strcspn(path, "/");

        if (!path_step(clean, path, len))
            return false;
        path += len + (path[len] == '/');
    }
    memcpy(out, clean, sizeof clean);
    return clean[0] != '\0';
}

/* --- files ------------------------------------------------------------------------------------ */

static struct tree_file *find(const struct tree *t, const char *clean)
{
    for (size_t i = 0; i < t->n; i++)
        if (text_is(t->at[i]->path, clean))
            return t->at[i];
    return NULL;
}

const struct tree_file *tree_find(const struct tree *t, const char *path)
{
    char clean[TREE_PATH_MAX];

    return tree_path(path, clean) ? find(t, clean) : NULL;
}

const char *tree_text(const struct tree *t, const char *path)
{
    const struct tree_file *f = tree_find(t, path);

    return f ? buf_text(&f->content) : "";
}

static bool is_folder_of(const char *folder, const char *path)
{
    const size_t len = strlen(folder);

    return strncmp(folder, path, len) == 0 && path[len] == '/';
}

/* A file where a folder is needed, or a folder where the file should be. */
static int check_place(const struct tree *t, const char *clean, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        if (is_folder_of(t->at[i]->path, clean))
            return err_set(e, -ENOTDIR, "%s: %s is a file, no folder", clean, t->at[i]->path);
        if (is_folder_of(clean, t->at[i]->path))
            return err_set(e, -EISDIR, "%s is a folder", clean);
    }
    return 0;
}

static struct tree_file *file_new(struct tree *t, const char *clean)
{
    struct tree_file *f = calloc(1, sizeof *f);

    if (!f)
        WRONG("no memory");
    memcpy(f->path, clean, strlen(clean) + 1);
    (void)text_copy(f->owner, sizeof f->owner, "root:root");
    f->mode = MODE_NEW;
    buf_init(&f->content, TREE_FILE_MAX);
    t->at[t->n++] = f;
    return f;
}

int tree_write(struct tree *t, const struct tree_write *w, struct err *e)
{
    char clean[TREE_PATH_MAX];
    struct tree_file *f;
    size_t had;
    int err;

    if (!tree_path(w->path, clean))
        return err_set(e, -EINVAL, "a path that no file can have");
    err = check_place(t, clean, e);
    if (err < 0)
        return err;
    f = find(t, clean);
    had = f && w->append ? f->content.len : 0;
    if (had + w->len > TREE_FILE_MAX)
        return err_set(e, -EFBIG, "%s would be larger than %zu bytes", clean, TREE_FILE_MAX);
    if (!f && t->n == TREE_FILES_MAX)
        return err_set(e, -ENOSPC, "more than %d files", TREE_FILES_MAX);
    if (!f)
        f = file_new(t, clean);
    if (!w->append)
        buf_clear(&f->content);
    buf_add(&f->content, w->bytes, w->len);
    f->mode = w->mode ? w->mode : MODE_NEW; /* as cloud-init does, also for a file that was there */
    if (w->owner[0])
        (void)text_copy(f->owner, sizeof f->owner, w->owner);
    f->given = f->given || w->given;
    return 0;
}

/* --- units ------------------------------------------------------------------------------------ */

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct tree_file *const *)a)->path, (*(struct tree_file *const *)b)->path);
}

/* In the order in which systemd reads them: of their names. */
static void dropins(const struct tree *t, enum tree_unit u, struct buf *out)
{
    struct tree_file *sorted[TREE_FILES_MAX];

    memcpy(sorted, t->at, sizeof sorted);
    qsort(sorted, t->n, sizeof sorted[0], by_path);
    buf_clear(out);
    for (size_t i = 0; i < t->n; i++)
        if (text_begins(sorted[i]->path, unit_rows[u].dropin) &&
            text_ends(sorted[i]->path, ".conf"))
            buf_add(out, buf_text(&sorted[i]->content), sorted[i]->content.len);
}

void tree_reload(struct tree *t)
{
    for (unsigned u = 0; u < TREE_UNITS; u++)
        dropins(t, (enum tree_unit)u, &t->units[u].loaded);
    t->reloads++;
}

bool tree_start(struct tree *t, const char *unit, bool restart)
{
    const enum tree_unit u = tree_unit_find(unit);
    struct tree_service *s;

    if (u == TREE_UNITS)
        return false;
    s = &t->units[u];
    if (s->active && !restart)
        return true;
    s->active = true;
    s->starts++;
    buf_clear(&s->running);
    buf_add(&s->running, buf_text(&s->loaded), s->loaded.len);
    return true;
}

bool tree_enable(struct tree *t, const char *unit)
{
    const enum tree_unit u = tree_unit_find(unit);

    if (u == TREE_UNITS)
        return false;
    t->units[u].enabled = true;
    return true;
}

void tree_init(struct tree *t)
{
    const struct tree_write image = {
        .path = ENVIRONMENT, .owner = "", .bytes = IMAGE_PATH, .len = strlen(IMAGE_PATH)};
    int err;

    *t = (struct tree){0};
    err = tree_write(t, &image, NULL);
    assert(err == 0);
    for (unsigned u = 0; u < TREE_UNITS; u++) {
        t->units[u].enabled = unit_rows[u].enabled;
        t->units[u].active = unit_rows[u].active;
        buf_init(&t->units[u].loaded, DROPINS_MAX);
        buf_init(&t->units[u].running, DROPINS_MAX);
    }
}

void tree_drop(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        buf_drop(&t->at[i]->content);
        free(t->at[i]);
    }
    for (unsigned u = 0; u < TREE_UNITS; u++) {
        buf_drop(&t->units[u].loaded);
        buf_drop(&t->units[u].running);
    }
    t->n = 0;
}

void tree_describe(const struct tree *t, struct buf *out)
{
    struct tree_file *sorted[TREE_FILES_MAX];

    memcpy(sorted, t->at, sizeof sorted);
    qsort(sorted, t->n, sizeof sorted[0], by_path);
    for (size_t i = 0; i < t->n; i++)
        buf_printf(out, "%s %04o %s %zu\n%s\n", sorted[i]->path, sorted[i]->mode, sorted[i]->owner,
                   sorted[i]->content.len, buf_text(&sorted[i]->content));
    buf_printf(out, "daemon-reload %u\n", t->reloads);
    for (unsigned u = 0; u < TREE_UNITS; u++)
        buf_printf(out, "%s %s %s starts %u\n%s\n", unit_rows[u].name,
                   t->units[u].enabled ? "enabled" : "disabled",
                   t->units[u].active ? "active" : "inactive", t->units[u].starts,
                   buf_text(&t->units[u].running));
}
