/* Two members of one name in one object: json-c keeps the last and says nothing, another reader
 * keeps the first. In our own files that is a mistake, and it is told with its path. */
#include "lib/base/jx_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX  512 /* of one object */
#define NAME_LEN_MAX 63
#define PATH_LEN_MAX 200

struct step { /* where we are, outermost last */
    const struct step *up;
    const char *name; /* of a member; NULL: the index-th element */
    size_t index;
};

struct walk {
    const char *at; /* in a text that json-c has taken: what is looked for below is there */
    struct err *e;
};

static int value_walk(struct walk *w, const struct step *here);

static void blanks_skip(struct walk *w)
{
    w->at += strspn(w->at, " \t\r\n");
}

static bool took(struct walk *w, char c)
{
    blanks_skip(w);
    if (*w->at != c)
        return false;
    w->at++;
    return true;
}

/* Over a text in quotes, w->at at the first. */
static void quoted_skip(struct walk *w)
{
    w->at++;
    while (*w->at != '"' && *w->at != '\0')
        w->at += *w->at == '\\' && w->at[1] != '\0' ? 2 : 1;
    w->at += *w->at == '"';
}

/* Without its escapes, so that "\u0061" and "a" are the same name. A longer name than any of ours
 * is cut, and not told apart from its like. */
static void name_take(struct walk *w, char name[NAME_LEN_MAX + 1])
{
    const char *from = w->at;
    struct buf list SCOPED(buf_drop) = {0};

    quoted_skip(w);
    buf_init(&list, 6 * NAME_LEN_MAX + 4);
    buf_char_add(&list, '[');
    buf_add(&list, from, (size_t)(w->at - from));
    buf_char_add(&list, ']');
    if (!jx_pick(buf_text(&list), list.len, "0", name, NAME_LEN_MAX + 1))
        snprintf(name, NAME_LEN_MAX + 1, "%.*s", NAME_LEN_MAX, from);
}

static size_t path_write(const struct step *here, char *out, size_t size)
{
    size_t len = here ? path_write(here->up, out, size) : 0;
    int n;

    if (!here || len >= size)
        return len;
    n = here->name ? snprintf(out + len, size - len, "%s%.64s", len > 0 ? "." : "", here->name)
                   : snprintf(out + len, size - len, "[%zu]", here->index);
    return n > 0 ? len + (size_t)n : len;
}

static int told(const struct walk *w, const struct step *here, const char *what)
{
    char path[PATH_LEN_MAX] = "";

    path_write(here, path, sizeof(path));
    return err_set(w->e, -EINVAL, "%s: %s", path[0] ? path : "the whole", what);
}

static bool is_known(char (*names)[NAME_LEN_MAX + 1], size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int member_walk(struct walk *w, const struct step *up, char (*names)[NAME_LEN_MAX + 1],
                       size_t n)
{
    const struct step here = {.up = up, .name = names[n]};

    if (is_known(names, n, names[n]))
        return told(w, &here, "stands there twice; remove one");
    (void)took(w, ':');
    return value_walk(w, &here);
}

static int object_walk(struct walk *w, const struct step *up)
{
    char(*names)[NAME_LEN_MAX + 1] = calloc(MEMBERS_MAX, sizeof(*names));
    size_t n = 0;
    int r = 0;

    if (!names)
        WRONG("out of memory");
    while (r == 0 && (blanks_skip(w), *w->at == '"')) {
        if (n == MEMBERS_MAX) {
            r = told(w, up, "an object of more members than are ever asked for");
            break;
        }
        name_take(w, names[n]);
        r = member_walk(w, up, names, n++);
        (void)took(w, ',');
    }
    (void)took(w, '}');
    free(names);
    return r;
}

static int array_walk(struct walk *w, const struct step *up)
{
    struct step here = {.up = up};
    int r = 0;

    for (; r == 0 && !took(w, ']') && *w->at != '\0'; here.index++) {
        r = value_walk(w, &here);
        (void)took(w, ',');
    }
    return r;
}

static int value_walk(struct walk *w, const struct step *here)
{
    blanks_skip(w);
    if (took(w, '{'))
        return object_walk(w, here);
    if (took(w, '['))
        return array_walk(w, here);
    if (*w->at == '"')
        quoted_skip(w);
    else
        w->at += strcspn(w->at, ",]} \t\r\n");
    return 0;
}

int jx_check_no_twice(const char *text, size_t len, struct err *e)
{
    char *copy = strndup(text, len); /* with a zero at its end */
    struct walk w = {.at = copy, .e = e};
    int r;

    if (!copy)
        WRONG("out of memory");
    r = value_walk(&w, NULL);
    free(copy);
    return r;
}
