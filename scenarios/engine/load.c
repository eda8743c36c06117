/* From files to values: stories, labs, manifest. */
#include "scenarios/engine/run.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 512 /* files in one folder */

/* Text, so that what stands behind a zero byte is not left out in silence. */
static int load(const char *path, struct buf *text, struct err *e)
{
    int r;

    buf_init(text, SCRIPT_TEXT_MAX);
    r = file_read(path, text, e);
    if (r == 0 && strlen(buf_text(text)) != text->len)
        r = err_set(e, -EINVAL, "%s: a zero byte; this is no text file", path);
    return r;
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
    if (r == 0)
        r = lab_read(path, buf_text(&text), text.len, ret, e);
    if (r == 0 && !text_is(ret->name, name))
        r = err_set(e, -EINVAL, "%s: name: '%s' is not the file's; write '%s'", path, ret->name,
                    name);
    return r;
}

/* --- the manifest and what it names --------------------------------------------------------------
 */

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The PATH that a gateway is started with. */
static bool is_on_path(const char *word)
{
    static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                          "/usr/bin",        "/sbin",          "/bin"};
    char path[1024];

    for (size_t i = 0; i < COUNTOF(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], word);
        if (is_program(path))
            return true;
    }
    return false;
}

/* A word with $GP_… is known at the start only. */
static int program_check(const struct manifest *m, const char *field, const char *word,
                         struct err *e)
{
    char path[sizeof m->dir + MANIFEST_WORD_MAX];

    if (strchr(word, '$') != NULL)
        return 0;
    if (*m->rogue != '\0' && strchr(word, '/') == NULL)
        return 0; /* lies beside gateproof: rogue_take() looks */
    if (strchr(word, '/') == NULL)
        return is_on_path(word) ? 0
                                : err_set(e, -EINVAL,
                                          "%s[0]: no program '%s' in the folders of PATH; write "
                                          "./%s for one beside the manifest",
                                          field, word, word);
    snprintf(path, sizeof path, "%s%s%s", *word == '/' ? "" : m->dir, *word == '/' ? "" : "/",
             word);
    if (!file_exists(path))
        return err_set(e, -EINVAL, "%s[0]: there is no %s; paths begin at the manifest's folder",
                       field, path);
    return is_program(path) ? 0
                            : err_set(e, -EINVAL,
                                      "%s[0]: %s is no program; name a file that may be run "
                                      "(chmod +x)",
                                      field, path);
}

static int files_check(const struct manifest *m, struct err *e)
{
    char path[sizeof m->dir + MANIFEST_WORD_MAX];
    int r = program_check(m, "command", m->command[0], e);

    if (r == 0 && m->n_kill > 0)
        r = program_check(m, "kill_command", m->kill_command[0], e);
    if (r < 0 || *m->config == '\0')
        return r;
    snprintf(path, sizeof path, "%s%s%s", *m->config == '/' ? "" : m->dir,
             *m->config == '/' ? "" : "/", m->config);
    return access(path, R_OK) == 0 ? 0
                                   : err_errno(e,
                                               "config: %s cannot be read; name a file beside "
                                               "the manifest",
                                               path);
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
    if (r < 0)
        return r;
    return files_check(ret, e) < 0 ? err_at(e, "%.200s", path) : 0;
}

/* --- folders -------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int names_list(const char *data, const char *folder, const char *ending, char (**ret)[64],
                      size_t *ret_n, struct err *e)
{
    char path[1024];
    char(*names)[64] = calloc(NAMES_MAX, sizeof *names);
    struct dirent *entry;
    size_t n = 0;
    DIR *dir;

    if (names == NULL)
        WRONG("out of memory");
    snprintf(path, sizeof path, "%s/%s", data, folder);
    dir = opendir(path);
    if (dir == NULL) {
        free(names);
        return err_errno(e,
                         "%s: the folder of %s cannot be read (--data or GATEPROOF_DATA names the "
                         "folder above it)",
                         path, folder);
    }
    while (n < NAMES_MAX && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (text_ends(entry->d_name, ending) &&
            text_copy_len(names[n], sizeof names[n], entry->d_name, len - strlen(ending)))
            n++;
    }
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    *ret = names;
    *ret_n = n;
    return 0;
}

int stories_list(const char *data, char (**ret)[64], size_t *ret_n, struct err *e)
{
    return names_list(data, "stories", ".scn", ret, ret_n, e);
}

int labs_list(const char *data, char (**ret)[64], size_t *ret_n, struct err *e)
{
    return names_list(data, "labs", ".json", ret, ret_n, e);
}
