/* From files to values: stories, labs, manifest. */
#include "scenarios/engine/run.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORIES_MAX 512

static int load(const char *path, struct buf *text, struct err *e)
{
    buf_init(text, SCRIPT_TEXT_MAX);
    return file_read(path, text, e);
}

int story_load(const char *data, const char *name, const char *const *values, struct script *ret,
               struct err *e)
{
    SCOPED(buf_drop) struct buf text = {0};
    char path[1024];
    int r;

    snprintf(path, sizeof path, "%s/stories/%s.scn", data, name);
    r = load(path, &text, e);
    return r < 0 ? r : script_read(path, buf_text(&text), values, ret, e);
}

int lab_load(const char *data, const char *name, struct lab *ret, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {0};
    char path[1024];
    int r;

    snprintf(path, sizeof path, "%s/labs/%s.json", data, name);
    r = load(path, &text, e);
    return r < 0 ? r : lab_read(path, buf_text(&text), text.len, ret, e);
}

int manifest_load(const char *path, struct manifest *ret, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {0};
    char *real;
    char *slash;
    int r = load(path, &text, e);

    if (r < 0)
        return err_at(e, "the gateway's manifest");
    r = manifest_read(path, buf_text(&text), text.len, ret, e);
    if (r < 0)
        return r;
    real = realpath(path, NULL);
    if (real == NULL)
        return err_errno(e, "%s", path);
    slash = strrchr(real, '/');
    *slash = '\0';
    if (!text_copy(ret->dir, sizeof ret->dir, real))
        r = err_set(e, -ENAMETOOLONG, "%s: the path of its folder is longer than %zu", path,
                    sizeof ret->dir);
    free(real);
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int stories_list(const char *data, char (**ret)[64], size_t *ret_n, struct err *e)
{
    char path[1024];
    char(*names)[64] = calloc(STORIES_MAX, sizeof *names);
    struct dirent *entry;
    size_t n = 0;
    DIR *dir;

    if (names == NULL)
        WRONG("out of memory");
    snprintf(path, sizeof path, "%s/stories", data);
    dir = opendir(path);
    if (dir == NULL) {
        free(names);
        return err_errno(e, "%s: the folder of stories cannot be read", path);
    }
    while (n < STORIES_MAX && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (text_ends(entry->d_name, ".scn") &&
            text_copy_len(names[n], sizeof names[n], entry->d_name, len - 4))
            n++;
    }
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    *ret = names;
    *ret_n = n;
    return 0;
}
