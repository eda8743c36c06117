/* The frame of a mock's program: options, clock page, journal, TLS, listening, signals. What is
 * served is the model's business; a main is a table of own options and one function.
 *
 * Shared options: --listen, --cert, --key, --seed, --factor, --journal-fds or --journal,
 * --clock-fd,
 * --control-fd, --hold-fd, --hold-at, --domain-start, --port-file, --routes, --help, --show-config,
 * --version. Exit status: 0 after TERM or INT, 1 when the machine refuses something, 3 for bad
 * usage. */
#ifndef IO_MOCKD_H
#define IO_MOCKD_H

#include "lib/io/httpd.h"
#include "lib/io/opts.h"

struct mockd_app {
    void *app;
    httpd_handle_fn *handle;
    httpd_due_fn *due;
    httpd_tick_fn *tick;
    httpd_met_fn *met;
    ms_t began; /* domain time at which it goes on, unless --domain-start or a page says it */
};

/* What both models are told, read from the shared options. */
struct mockd_shared {
    uint64_t seed;
    int factor;
    bool timed; /* domain time is given from outside … */
    ms_t now;   /* … and is that much */
};
struct mockd_doors { /* where it listens: "http://127.0.0.1:5240/MAAS"; control "" when there is
                        none */
    char url[160], control[160];
};
struct mockd {
    const char *name; /* "mock-maas" */
    const char *what; /* one paragraph for --help */
    const char *base; /* path behind the address in the ready line: "/MAAS" */
    enum ev_src src;
    const struct opt_row *rows; /* own options */
    size_t n_rows;
    size_t (*routes)(const struct http_route **ret);
    /* Makes the application. It lives as long as the process. */
    int (*open)(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                struct err *e);
    /* For --hold-at: what a request asks for, as the journal names it, and who asks as far as the
     * model knows ("gateway", else "-"); who may be NULL. */
    const char *(*op)(const struct http_request *rq);
    const char *(*who)(const void *app, const struct http_request *rq);
    httpd_words_fn *control; /* lines of --control-fd, each without its end; may be NULL */
    /* There is a --control: requests of door 1 mean the mock itself. Whoever starts the program by
     * hand has one at a free port of 127.0.0.1 without asking. */
    bool control_door;
    const char *(*basis)(size_t route); /* last column of --routes; may be NULL */
    /* Words instead of a run, for options of its own; false: none of them was given. May be NULL.
     */
    bool (*said)(const struct opts *o, struct buf *out);
    /* Says how to talk to it once it is ready; not with an inherited journal: then whoever started
     * it knows. */
    void (*greet)(const struct opts *o, const struct mockd_app *app,
                  const struct mockd_doors *doors);
};

int mockd_main(const struct mockd *m, int argc, char **argv);

#endif
