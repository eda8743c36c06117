#include "mock-maas/replay/main.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/opts.h"
#include "mock-maas/replay/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDING_MAX MIB(64)
#define WORLD_MAX     MIB(1)
#define PRINTED_MAX   MIB(4)

static const struct opt_row rows[] = {
    {.name = "url",
     .arg = "URL",
     .flags = OPT_MUST,
     .what = "the server, as http://127.0.0.1:5240"},
    {.name = "control", .arg = "URL", .what = "its --control, when it is a mock-maas"},
    {.name = "key",
     .arg = "LIST",
     .flags = OPT_MUST | OPT_SECRET,
     .what = "users' keys: alice=consumer:token:secret,bob=…"},
    {.name = "world", .arg = "FILE", .what = "what each session begins with (JSON)"},
    {.name = "steps", .arg = "FILE", .what = "what was done between records (JSON)"},
    {.name = "misses", .arg = "FILE", .what = "which records may miss, and why (JSON)"},
    {.name = "session", .arg = "NAME", .what = "only this one"},
};

/* --- files ------------------------------------------------------------------------------------ */

struct files { /* worlds that were read, by name; "" is --world */
    const struct opts *o;
    struct buf text;
};

static const char *world_text(void *arg, const char *name)
{
    struct files *f = arg;
    const char *steps = opt_text(f->o, "steps"), *slash = strrchr(steps, '/');
    struct buf path SCOPED(buf_drop) = {0};
    struct err e = {0};

    buf_init(&path, KIB(4));
    if (!*name)
        buf_text_add(&path, opt_text(f->o, "world"));
    else
        buf_printf(&path, "%.*s%s", slash ? (int)(slash - steps + 1) : 0, steps, name);
    if (!path.len)
        return NULL;
    if (file_read(buf_text(&path), &f->text, &e) == 0)
        return buf_text(&f->text);
    fprintf(stderr, "replay: %s\n", e.text);
    return NULL;
}

static int tree_file_read(const char *path, struct tree **ret, struct err *e)
{
    struct buf text SCOPED(buf_drop) = {0};
    int err = 0;

    if (!*path)
        return 0;
    buf_init(&text, WORLD_MAX);
    err = file_read(path, &text, e);
    if (err < 0)
        return err;
    *ret = tree_read(buf_text(&text));
    return *ret ? 0 : err_set(e, -EINVAL, "%s: is no JSON", path);
}

/* --- what may miss ---------------------------------------------------------------------------- */

static const struct tree *listed(const struct tree *misses, const char *id, const char *version)
{
    for (const struct tree *m = misses ? misses->first : NULL; m; m = m->next)
        if (text_is(tree_text(m, "id"), id) && text_begins(version, tree_text(m, "version")))
            return m;
    return NULL;
}

static bool was_asked(const struct replay *r, const char *id)
{
    const char *text = buf_text(&r->asked);
    char line[128];

    while (text_next(&text, '\n', line, sizeof(line)))
        if (text_is(line, id))
            return true;
    return false;
}

/* "  miss ID …" lines of what was printed. */
static size_t missed(const char *printed, const char *id)
{
    struct buf line SCOPED(buf_drop) = {0};
    size_t n = 0;

    buf_init(&line, KIB(1));
    buf_printf(&line, "  miss %-32s ", id);
    for (; (printed = strstr(printed, buf_text(&line))) != NULL; printed++)
        n++;
    return n;
}

static size_t surprises(const struct replay *r, const struct tree *misses)
{
    const char *printed = buf_text(r->out);
    size_t n = 0;
    char id[128];

    for (const char *at = printed; (at = strstr(at, "  miss ")) != NULL; at++) {
        text_copy_len(id, sizeof(id), at + 7, strcspn(at + 7, " "));
        if (listed(misses, id, r->version))
            continue;
        printf("not listed as a miss: %s\n", id);
        n++;
    }
    for (const struct tree *m = misses ? misses->first : NULL; m; m = m->next)
        if (listed(misses, tree_text(m, "id"), r->version) == m &&
            was_asked(r, tree_text(m, "id")) && !missed(printed, tree_text(m, "id"))) {
            printf("listed as a miss, and alike: %s\n", tree_text(m, "id"));
            n++;
        }
    return n;
}

/* --- one recording ---------------------------------------------------------------------------- */

static bool recording_run(struct replay *r, const char *path, const struct tree *misses)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct replay_score score;
    struct err e = {0};
    size_t strange;
    bool fine;

    buf_init(&text, RECORDING_MAX);
    buf_clear(r->out);
    buf_clear(&r->asked);
    if (file_read(path, &text, &e) < 0) {
        fprintf(stderr, "replay: %s\n", e.text);
        return false;
    }
    fine = replay_run(r, buf_text(&text), &score);
    fputs(buf_text(r->out), stdout);
    strange = surprises(r, misses);
    printf("%s: MAAS %s: %zu of %zu exchanges alike (%.1f %%), %zu control calls\n", path,
           r->version, score.same, score.n,
           score.n ? 100.0 * (double)score.same / (double)score.n : 0.0, score.controls);
    return fine && strange == 0;
}

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

static int run(const struct opts *o, struct err *e)
{
    struct tree *steps SCOPED(tree_drop) = NULL, *misses SCOPED(tree_drop) = NULL;
    struct files files = {.o = o};
    struct buf out SCOPED(buf_drop) = {0};
    struct wire *w;
    const char *const *paths;
    const size_t n = opts_words(o, &paths);
    bool fine = true;
    struct replay *r;

    if (tree_file_read(opt_text(o, "steps"), &steps, e) < 0 ||
        tree_file_read(opt_text(o, "misses"), &misses, e) < 0)
        return e->code;
    buf_init(&files.text, WORLD_MAX);
    buf_init(&out, PRINTED_MAX);
    w = wire_new(opt_text(o, "control"));
    r = calloc(1, sizeof(*r));
    if (!r)
        WRONG("out of memory");
    *r = (struct replay){.server = wire_server(w),
                         .url = opt_text(o, "url"),
                         .keys = opt_text(o, "key"),
                         .steps = steps,
                         .world = world_text,
                         .world_arg = &files,
                         .only = opt_text(o, "session"),
                         .out = &out};
    buf_init(&r->asked, PRINTED_MAX);
    for (size_t i = 0; i < n; i++)
        fine = recording_run(r, paths[i], misses) && fine;
    buf_drop(&r->asked);
    free(r);
    wire_free(w);
    buf_drop(&files.text);
    return fine && n > 0 ? 0 : 1;
}

int replay_main(int argc, char **argv)
{
    struct opts *o SCOPED(opts_drop) = NULL;
    struct buf help SCOPED(buf_drop) = {0};
    struct err e = {0};
    int err = opts_new(&o,
                       "mock-maas replay --url URL --key LIST [options] RECORDING…\n\n"
                       "Asks a server everything that was recorded and says what it answers "
                       "otherwise.\n",
                       rows, COUNTOF(rows), &e);

    if (err == 0)
        err = opts_args(o, argc, argv, &e);
    if (err == 0 && opt_flag(o, "help")) {
        buf_init(&help, KIB(16));
        opts_help(o, &help);
        fputs(buf_text(&help), stdout);
        return 0;
    }
    if (err == 0)
        err = opts_check(o, &e);
    if (err == 0)
        err = run(o, &e);
    if (err < 0)
        fprintf(stderr, "mock-maas replay: %s\n", e.text);
    return err < 0 ? 3 : err;
}
