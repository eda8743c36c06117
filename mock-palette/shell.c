#include "mock-palette/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct shell {
    struct palette *palette;
    struct store *store; /* NULL: nothing is kept */
    ms_t now;
};

const struct palette *shell_palette(const struct shell *k)
{
    return k->palette;
}

static void put_row(void *arg, const char *key, const char *bytes, size_t len)
{
    store_put(arg, key, bytes, len);
}

/* A Palette that says yes and forgets would be another one than its file says. */
static void keep(struct shell *k, ms_t now)
{
    struct err e = {0};

    if (!k->store)
        return;
    palette_rows(k->palette, put_row, k->store);
    if (store_commit(k->store, now, &e) == 0)
        return;
    fprintf(stderr, "mock-palette: %s\n", e.text);
    _exit(EXIT_FAILURE);
}

static int take_row(void *arg, const char *key, const char *bytes, size_t len, struct err *e)
{
    struct shell *k = arg;

    return palette_row_take(k->palette, k->now, key, bytes, len, e);
}

int shell_open(struct shell **ret, struct palette *p, const char *path,
               const struct mockd_shared *s, struct err *e)
{
    struct shell *k = calloc(1, sizeof(*k));
    int err = 0;

    if (!k)
        WRONG("out of memory");
    k->palette = p;
    if (path[0])
        err = store_open(&k->store, path, e);
    if (err == 0 && k->store) {
        k->now = s->timed ? s->now : store_now(k->store, s->factor);
        err = store_load(k->store, take_row, k, e);
    }
    if (err == 0)
        err = palette_resume(p, e);
    if (err < 0) {
        store_close(k->store);
        free(k);
        return err;
    }
    keep(k, k->now); /* what a new Palette is made of, too */
    *ret = k;
    return 0;
}

ms_t shell_began(const struct shell *k)
{
    return k->now;
}

void shell_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                  struct http_reply *rp)
{
    struct shell *k = app;

    if (ctx->door == 1)
        palette_control(k->palette, ctx, rq, rp);
    else
        palette_handle(k->palette, ctx, rq, rp);
    keep(k, ctx->now);
}

ms_t shell_due(void *app)
{
    struct shell *k = app;

    return palette_due(k->palette);
}

void shell_tick(void *app, ms_t now, struct http_reply *rp)
{
    struct shell *k = app;

    palette_tick(k->palette, now, rp);
    keep(k, now);
}

void shell_met(void *app, ms_t now, const char *misdeed, struct ev_list *events)
{
    struct shell *k = app;

    palette_met(k->palette, now, misdeed, events);
}

void shell_words(void *app, ms_t now, const char *words, struct http_reply *rp)
{
    struct shell *k = app;

    if (!palette_do(k->palette, now, words, rp))
        fprintf(stderr, "mock-palette: cannot do: %s\n", words);
    keep(k, now);
}
