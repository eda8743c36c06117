/* User data over a tree: files are written, and systemctl's words move the image's units. */
#include "mock-cluster/userdata.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define SHELL_ONLY "\"'`$&|;<>()*?[]#~=%!{}\\\n" /* a text without these is a list of words */
#define WORD_MAX   128

struct words {
    size_t n;
    char at[USERDATA_WORDS_MAX][WORD_MAX];
};

static void wrong_first(struct userdata_outcome *out, const char *where, const char *what)
{
    if (!out->why[0])
        (void)snprintf(out->why, sizeof out->why, "%s: %.400s", where, what);
}

static void files_write(const struct userdata *u, struct tree *t, struct userdata_outcome *out)
{
    for (size_t i = 0; i < u->n_files; i++) {
        const struct userdata_file *f = &u->files[i];
        const struct tree_write w = {.path = f->path,
                                     .owner = f->owner,
                                     .mode = f->mode,
                                     .append = f->append,
                                     .given = true,
                                     .bytes = buf_text(&f->content),
                                     .len = f->content.len};
        struct err e = {0};

        if (tree_write(t, &w, &e) < 0) {
            wrong_first(out, "write_files", e.text);
            return;
        }
        out->written++;
    }
}

/* false: only a shell can say what this is. */
static bool words_of(const struct userdata_command *c, struct words *ret)
{
    const char *cursor = c->words[0];

    ret->n = 0;
    if (c->shell && strpbrk(cursor, SHELL_ONLY))
        return false;
    while (c->shell && ret->n < USERDATA_WORDS_MAX &&
           text_next(&cursor, ' ', ret->at[ret->n], WORD_MAX))
        ret->n++;
    for (size_t i = 0; !c->shell && i < c->n; i++)
        if (!text_copy(ret->at[ret->n++], WORD_MAX, c->words[i]))
            return false;
    return ret->n > 0;
}

/* --- systemctl -------------------------------------------------------------------------------- */

static bool do_reload(struct tree *t, const char *unit)
{
    if (unit)
        return false;
    tree_reload(t);
    return true;
}

static bool do_start(struct tree *t, const char *unit)
{
    return unit && tree_start(t, unit, false);
}

static bool do_restart(struct tree *t, const char *unit)
{
    return unit && tree_start(t, unit, true);
}

static bool do_enable(struct tree *t, const char *unit)
{
    return unit && tree_enable(t, unit);
}

static bool do_enable_now(struct tree *t, const char *unit)
{
    return unit && tree_enable(t, unit) && tree_start(t, unit, false);
}

static const struct systemctl_row {
    const char *verb, *option;
    bool (*run)(struct tree *t, const char *unit);
} systemctl_rows[] = {
    {"daemon-reload", "", do_reload},   {"start", "", do_start},
    {"restart", "", do_restart},        {"enable", "", do_enable},
    {"enable", "--now", do_enable_now},
};

static bool systemctl(struct tree *t, const struct words *w)
{
    const char *verb = w->n > 1 ? w->at[1] : "";
    const bool option = w->n > 2 && text_begins(w->at[2], "--");
    const char *unit = w->n > 2 + (size_t)option ? w->at[2 + option] : NULL;

    if (w->n > 3 + (size_t)option)
        return false;
    for (size_t i = 0; i < COUNTOF(systemctl_rows); i++)
        if (text_is(verb, systemctl_rows[i].verb) &&
            text_is(option ? w->at[2] : "", systemctl_rows[i].option))
            return systemctl_rows[i].run(t, unit);
    return false;
}

static bool is_systemctl(const char *word)
{
    return text_is(word, "systemctl") || text_is(word, "/bin/systemctl") ||
           text_is(word, "/usr/bin/systemctl");
}

void userdata_apply(const struct userdata *u, struct tree *t, struct userdata_outcome *ret)
{
    *ret = (struct userdata_outcome){0};
    files_write(u, t, ret);
    for (size_t i = 0; i < u->n_commands; i++) {
        struct words w;

        if (!words_of(&u->commands[i], &w) || !is_systemctl(w.at[0]))
            ret->strange++;
        else if (systemctl(t, &w))
            ret->done++;
        else
            wrong_first(ret, "runcmd: systemctl fails", w.n > 1 ? w.at[1] : "");
    }
}
