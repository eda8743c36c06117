#include "scenarios/engine/gallery.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORIES_MAX 4 /* of one rogue */
#define BUILD       "ci/build release"

int gallery_take(struct run *r, struct err *e)
{
    const char *near = rogue_nearest(r->manifest.rogue);
    char word[sizeof r->manifest.command[0]], mock[1100], node[1100];
    const char *const needed[] = {r->manifest.command[0], mock, node};

    if (*r->manifest.rogue == '\0')
        return 0;
    r->rogue = rogue_find(r->manifest.rogue);
    if (!r->rogue)
        return err_set(e, -EINVAL, "%.200s: rogue: there is no '%s'%s%s%s; docs/rogues.md has them",
                       r->options.gateway, r->manifest.rogue, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    if (strchr(r->manifest.command[0], '/') != NULL)
        return 0; /* somebody's own: it was found when the manifest was read */
    text_copy(word, sizeof word, r->manifest.command[0]);
    snprintf(r->manifest.command[0], sizeof r->manifest.command[0], "%.400s/%.100s", r->options.bin,
             word);
    snprintf(mock, sizeof mock, "%s/mock-palette-rogue", r->options.bin);
    snprintf(node, sizeof node, "%s/mock-cluster-rogue", r->options.bin);
    for (size_t i = 0; i < COUNTOF(needed); i++)
        if (access(needed[i], X_OK) < 0)
            return err_set(e, -ENOENT,
                           "%.200s: there is no %s: a rogue is a test build and is not shipped; "
                           "make it with: " BUILD,
                           r->options.gateway, needed[i]);
    return 0;
}

static void judged(const struct run *r, struct rogue_played *played, struct rogue_finding *f)
{
    for (size_t i = 0; i < r->n; i++)
        played[i] = (struct rogue_played){.judgement = &r->items[i]->judgement,
                                          .journal = &r->items[i]->journal};
    rogue_judge(r->rogue, played, r->n, f);
}

void gallery_say(const struct run *r, struct buf *out)
{
    struct rogue_played *played;
    struct rogue_finding f;

    if (!r->rogue)
        return;
    played = calloc(r->n + 1, sizeof *played);
    if (!played)
        WRONG("out of memory");
    judged(r, played, &f);
    rogue_text(r->rogue, played, &f, out);
    free(played);
}

/* --- another program --- */

int gallery_become(const char *bin, struct err *e)
{
    SCOPED(buf_drop) struct buf words = {0};
    char path[1100], **argv;
    size_t n = 0, at = 0;
    int r;

    buf_init(&words, KIB(64));
    r = file_read("/proc/self/cmdline", &words, e);
    if (r < 0)
        return r;
    argv = calloc(words.len + 1, sizeof *argv); /* each word has an end: there are not more */
    if (!argv)
        WRONG("out of memory");
    for (; at < words.len; at += strlen(words.data + at) + 1)
        argv[n++] = words.data + at;
    snprintf(path, sizeof path, "%s/" GALLERY_PROGRAM, bin);
    fflush(NULL);
    execv(path, argv);
    r = -errno;
    free(argv);
    return err_set(
        e, r,
        "stage sim plays rogues in a test build of the harness, and there is no %s; make "
        "it with: " BUILD,
        path);
}

/* --- the gallery --- */

static int one_played(const struct run_options *o, const struct rogue *rogue, struct buf *out,
                      bool *ret_caught, struct err *e)
{
    SCOPED(buf_drop) struct buf folder = {0}, manifest = {0};
    struct run_options own = *o;
    struct rogue_played *played;
    struct rogue_finding f;
    const char *words[STORIES_MAX], *list = rogue->story;
    char numbers[STORIES_MAX][16];
    struct run *r = NULL;
    size_t n = 0;
    int code;

    while (n < STORIES_MAX && text_next(&list, ' ', numbers[n], sizeof numbers[0])) {
        words[n] = numbers[n];
        n++;
    }
    buf_init(&folder, KIB(4));
    buf_init(&manifest, KIB(4));
    buf_printf(&folder, "%s/%s", o->out, rogue->name);
    buf_printf(&manifest, "%s/../tests/rogues/%s.json", o->data, rogue->name);
    own.out = buf_text(&folder);
    own.gateway = buf_text(&manifest);
    own.words = words;
    own.n_words = n;
    own.over = *rogue->over ? rogue->over : NULL;
    code = run_plan(&own, &r, e);
    if (code == 0)
        code = run_play(r, e);
    if (code == 0) {
        played = calloc(r->n + 1, sizeof *played);
        if (!played)
            WRONG("out of memory");
        judged(r, played, &f);
        rogue_text(rogue, played, &f, out);
        *ret_caught = *ret_caught && f.caught;
        free(played);
    }
    run_free(r);
    return code;
}

int gallery_play(const struct run_options *o, const char *only, struct buf *out, bool *ret_caught,
                 struct err *e)
{
    size_t n = 0;
    int code = 0;

    *ret_caught = true;
    for (size_t i = 0; i < n_rogues && code == 0; i++) {
        if (only && !text_is(only, rogues[i].name))
            continue;
        n++;
        code = one_played(o, &rogues[i], out, ret_caught, e);
    }
    if (code == 0 && n == 0)
        code = err_set(e, -EINVAL, "no rogue '%s'; docs/rogues.md has them", only);
    if (code == 0)
        buf_printf(out, "gallery: %zu rogues on stage %s, %s\n", n, o->stage,
                   *ret_caught ? "all caught" : "NOT all caught");
    return code;
}
