#include "lib/io/mockd.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/hold.h"
#include "lib/io/mock_certs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EXIT_MACHINE     1
#define NS_PER_MS        INT64_C(1000000)
#define EXIT_USAGE       3
#define CONTROL_LINE_MAX 256
#define OWN_PAGES_BYTES  MIB(4)  /* long answers get pages of their own, and give them back … */
#define KEPT_BYTES       MIB(32) /* … and that much of freed memory is kept for the next ones */
#define ARENAS           2
#define JOURNAL_TAKE_MS  1000 /* a stand-alone journal is taken from its ring so often */

static const struct opt_row shared_rows[] = {
    {.name = "listen",
     .arg = "ADDRESS:PORT",
     .what = "where to listen; port 0 takes a free one",
     .value = "127.0.0.1:0"},
    {.name = "cert", .arg = "FILE", .what = "certificate chain (PEM): https instead of http"},
    {.name = "key", .arg = "FILE", .what = "private key of --cert"},
    {.name = "authority",
     .arg = "DIR",
     .what = "https with certificates from the authority of this folder (ca.pem, ca.key; made when "
             "missing)"},
    {.name = "names",
     .arg = "LIST",
     .value = "localhost,127.0.0.1",
     .what = "names in the certificates of --authority"},
    {.name = "seed",
     .kind = OPT_INT,
     .arg = "N",
     .value = "1",
     .min = 0,
     .max = INT64_MAX,
     .what = "what names and numbers are drawn from"},
    {.name = "factor",
     .kind = OPT_INT,
     .arg = "F",
     .value = "1",
     .min = 1,
     .max = 3600,
     .what = "time goes F times faster"},
    {.name = "journal-fds", .arg = "COUNTER,RING", .what = "inherited journal (for gateproof)"},
    {.name = "journal", .arg = "FILE", .what = "write the journal there at the end"},
    {.name = "clock-fd",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = 65535,
     .what = "inherited clock page (for gateproof)"},
    {.name = "control-fd",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = 65535,
     .what = "inherited pipe with one wish a line (for gateproof)"},
    {.name = "hold-fd",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = 65535,
     .what =
         "inherited socket: where phases of operations are told and waited for (for gateproof)"},
    {.name = "hold-at", .arg = "OPS", .what = "those operations, with commas between"},
    {.name = "domain-start",
     .kind = OPT_INT,
     .arg = "NS",
     .min = 0,
     .max = INT64_MAX,
     .what = "monotonic clock at domain time 0; default: now"},
    {.name = "control",
     .arg = "ADDRESS:PORT",
     .what = "where the mock itself can be looked at and told what to do"},
    {.name = "control-port-file", .arg = "FILE", .what = "write the port of --control there"},
    {.name = "port-file", .arg = "FILE", .what = "write the port there once it listens"},
    {.name = "routes", .kind = OPT_FLAG, .what = "print the operations and stop"},
};

struct running {
    const struct mockd *m;
    const struct opts *o;
    struct clk_page *page;
    struct loop *loop;
    struct loop_timer *taking;
    struct clk_domain domain;
    struct journal_ring *ring;   /* what we write */
    struct journal_ring *reader; /* of a stand-alone journal */
    struct ev_list taken;
    struct mockd_app app;
    struct tls_server *tls;
    struct mock_certs *certs; /* with --authority */
    struct httpd *httpd;
    struct hold *hold;
    struct loop_watch *controlled;
    struct buf control; /* what was read of it and is no whole line yet */
    char address[64], control_address[64];
    int port, control_port;
};

/* --- end ------------------------------------------------------------------------------------- */

static void take(void *arg)
{
    struct running *r = arg;

    journal_take(r->reader, &r->taken);
    loop_timer_set(r->taking, loop_now(r->loop) + JOURNAL_TAKE_MS);
}

/* civetweb takes seconds to stop, so nothing is stopped: the journal is ended and we are gone. */
static void on_signal(void *arg, int signo)
{
    struct running *r = arg;
    struct err e = {0};
    int status = EXIT_SUCCESS;

    (void)signo;
    journal_end(r->ring, clk_domain_ms(&r->domain));
    if (r->reader) {
        journal_take(r->reader, &r->taken);
        if (journal_file_write(opt_text(r->o, "journal"), &r->taken, &e) < 0) {
            fprintf(stderr, "%s: %s\n", r->m->name, e.text);
            status = EXIT_MACHINE;
        }
    }
    fflush(stdout);
    _exit(status);
}

/* --- start, one door after the other --------------------------------------------------------- */

static int start_clock(struct running *r, struct err *e)
{
    int err;

    if (opt_given(r->o, "clock-fd")) {
        err = clk_page_map((int)opt_int(r->o, "clock-fd"), &r->page, e);
        if (err < 0)
            return err;
        clk_attach(r->page);
    }
    r->domain.factor = r->page ? 1 : (int)opt_int(r->o, "factor");
    r->domain.start_ns =
        opt_given(r->o, "domain-start") ? opt_int(r->o, "domain-start") : clk_monotonic_ns();
    return 0;
}

static int start_loop(struct running *r, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    int err = loop_new(&r->loop, r->page, e);

    if (err < 0)
        return err;
    if (sigaction(SIGPIPE, &ignore, NULL) < 0)
        return err_errno(e, "SIGPIPE");
    return loop_signals(r->loop, signos, COUNTOF(signos), on_signal, r, e);
}

static int start_own_journal(struct running *r, struct err *e)
{
    int counter = -1, ring = -1, err = journal_counter_new(&counter, e);
    char fds[32];

    if (err == 0)
        err = journal_ring_new(counter, r->m->src, &ring, &r->reader, e);
    if (err < 0)
        return err;
    snprintf(fds, sizeof(fds), "%d,%d", counter, ring);
    err = journal_ring_map(fds, &r->ring, e);
    if (err < 0)
        return err;
    r->taking = loop_timer_new(r->loop, take, r);
    take(r);
    return 0;
}

static int start_journal(struct running *r, struct err *e)
{
    if (opt_given(r->o, "journal-fds"))
        return journal_ring_map(opt_text(r->o, "journal-fds"), &r->ring, e);
    return opt_given(r->o, "journal") ? start_own_journal(r, e) : 0;
}

static int start_app(struct running *r, struct err *e)
{
    const struct mockd_shared shared = {.seed = (uint64_t)opt_int(r->o, "seed"),
                                        .factor = r->domain.factor,
                                        .timed = r->page || opt_given(r->o, "domain-start"),
                                        .now = clk_domain_ms(&r->domain)};
    int err = r->m->open(r->o, &shared, &r->app, e);

    if (err == 0 && !shared.timed)
        r->domain.start_ns -= clk_domain_to_own(&r->domain, r->app.began) * NS_PER_MS;
    return err;
}

static int start_tls(struct running *r, struct err *e)
{
    if (opt_given(r->o, "authority") && opt_given(r->o, "cert"))
        return err_set(e, -EINVAL, "--authority makes a certificate, and --cert gives one: choose");
    if (opt_given(r->o, "authority"))
        return mock_certs_open(&r->certs, opt_text(r->o, "authority"), opt_text(r->o, "names"),
                               &r->tls, e);
    if (!opt_given(r->o, "cert"))
        return 0;
    if (!opt_given(r->o, "key"))
        return err_set(e, -EINVAL, "--cert wants --key beside it");
    return tls_server_new(&r->tls, opt_text(r->o, "cert"), opt_text(r->o, "key"), e);
}

static int read_listen(const char *option, const char *text, char address[64], int *ret,
                       struct err *e)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;

    if (!colon || !text_copy_len(address, 64, text, (size_t)(colon - text)) ||
        !text_int(colon + 1, 0, 65535, &port))
        return err_set(e, -EINVAL, "--%s '%.80s': wanted is ADDRESS:PORT", option, text);
    *ret = (int)port;
    return 0;
}

/* A second door, without TLS. Started by hand it is there unasked. */
static int read_control(struct running *r, struct httpd_config *c, struct err *e)
{
    const bool given = opt_given(r->o, "control");
    int err;

    if (given && !r->m->control_door)
        return err_set(e, -EINVAL, "--control: %s has no such door", r->m->name);
    if (!given && (!r->m->control_door || opt_given(r->o, "journal-fds")))
        return 0;
    err = read_listen("control", given ? opt_text(r->o, "control") : "127.0.0.1:0",
                      r->control_address, &c->listen[1].port, e);
    c->listen[1].address = r->control_address;
    c->n_listen = 2;
    return err;
}

static int start_holds(struct running *r, struct err *e)
{
    if (!opt_given(r->o, "hold-fd"))
        return 0;
    if (!opt_given(r->o, "hold-at") || !r->m->op)
        return err_set(e, -EINVAL, "--hold-fd wants --hold-at beside it, in a mock that can hold");
    return hold_new(&r->hold, r->loop, (int)opt_int(r->o, "hold-fd"), opt_text(r->o, "hold-at"), e);
}

static bool point_of(void *arg, void *app, const char *peer, uint64_t conn,
                     const struct http_request *rq, char out[HTTPD_POINT_MAX])
{
    const struct running *r = arg;
    const char *op = r->m->op(rq), *who = r->m->who ? r->m->who(app, rq) : "-";
    int n = snprintf(out, HTTPD_POINT_MAX, "%s %s %s %" PRIu64, op, who, peer, conn);

    return n > 0 && n < HTTPD_POINT_MAX && hold_wants(r->hold, op);
}

static void on_control(void *arg, uint32_t events);

/* What was wished meanwhile is done before the next step. */
static void hold_there(void *arg, const char *phase, const char *words)
{
    struct running *r = arg;

    hold_at(r->hold, phase, words);
    if (r->controlled)
        on_control(r, 0);
}

static void on_certificate(void *arg, enum http_certificate which)
{
    struct running *r = arg;
    struct err e = {0};

    if (mock_certs_show(r->certs, which, &e) < 0)
        fprintf(stderr, "%s: %s\n", r->m->name, e.text);
}

static int start_httpd(struct running *r, struct err *e)
{
    struct httpd_config c = {.name = r->m->name,
                             .n_listen = 1,
                             .pool = r->page || r->hold ? 1 : 4,
                             .point = r->hold ? point_of : NULL,
                             .hold = r->hold ? hold_there : NULL,
                             .hold_arg = r,
                             .certificate = r->certs ? on_certificate : NULL,
                             .certificate_arg = r,
                             .app = r->app.app,
                             .handle = r->app.handle,
                             .due = r->app.due,
                             .tick = r->app.tick,
                             .domain = r->domain,
                             .journal = r->ring};
    int err = read_listen("listen", opt_text(r->o, "listen"), r->address, &r->port, e);

    if (err == 0)
        err = read_control(r, &c, e);
    if (err < 0)
        return err;
    c.listen[0].address = r->address;
    c.listen[0].port = r->port;
    c.listen[0].tls = r->tls;
    err = httpd_start(&r->httpd, r->loop, &c, e);
    if (err < 0)
        return err;
    r->port = httpd_port(r->httpd, 0);
    if (c.n_listen > 1)
        r->control_port = httpd_port(r->httpd, 1);
    return 0;
}

/* --- wishes ----------------------------------------------------------------------------------- */

static void control_lines(struct running *r)
{
    char line[CONTROL_LINE_MAX];
    const char *text = buf_text(&r->control), *end;

    for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
        if (text_copy_len(line, sizeof(line), text, (size_t)(end - text)))
            httpd_tell(r->httpd, r->m->control, line);
    buf_cut(&r->control, (size_t)(text - buf_text(&r->control)));
}

static void on_control(void *arg, uint32_t events)
{
    struct running *r = arg;
    char bytes[KIB(4)];
    ssize_t n = read((int)opt_int(r->o, "control-fd"), bytes, sizeof(bytes));

    (void)events;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) { /* nobody is left to wish */
        loop_watch_remove(&r->controlled);
        return;
    }
    buf_add(&r->control, bytes, (size_t)n);
    control_lines(r);
}

static int start_control(struct running *r, struct err *e)
{
    if (!opt_given(r->o, "control-fd"))
        return 0;
    if (!r->m->control)
        return err_set(e, -EINVAL, "--control-fd: %s takes no wishes", r->m->name);
    if (fcntl((int)opt_int(r->o, "control-fd"), F_SETFL, O_NONBLOCK) < 0)
        return err_errno(e, "--control-fd");
    buf_init(&r->control, KIB(64));
    return loop_watch_add(r->loop, (int)opt_int(r->o, "control-fd"), EPOLLIN, on_control, r,
                          &r->controlled, e);
}

/* The port file first: whoever has read the line finds the file. */
static int port_write(const struct running *r, const char *option, int port, struct err *e)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%d\n", port);

    if (!opt_given(r->o, option))
        return 0;
    return file_write(opt_text(r->o, option), text, (size_t)n, 0644, e);
}

/* Somebody started it by himself. */
static void ready(const struct running *r)
{
    struct mockd_doors d = {.control = ""};

    snprintf(d.url, sizeof(d.url), "%s://%s:%d%s", r->tls ? "https" : "http", r->address, r->port,
             r->m->base);
    if (r->control_port) {
        snprintf(d.control, sizeof(d.control), "http://%s:%d/", r->control_address,
                 r->control_port);
        printf("%s is controlled at %s\n", r->m->name, d.control);
    }
    printf("%s listens on %s\n", r->m->name, d.url);
    if (r->m->greet)
        r->m->greet(r->o, &r->app, &d);
    fflush(stdout);
}

static int tell(const struct running *r, struct err *e)
{
    if (port_write(r, "control-port-file", r->control_port, e) < 0 ||
        port_write(r, "port-file", r->port, e) < 0)
        return e->code;
    if (!opt_given(r->o, "journal-fds"))
        ready(r);
    return 0;
}

static int run(struct running *r, struct err *e)
{
    static int (*const steps[])(struct running *, struct err *) = {
        start_clock, start_loop,  start_journal, start_app,
        start_tls,   start_holds, start_httpd,   start_control};

    (void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_ARENA_MAX, ARENAS);
    for (size_t i = 0; i < COUNTOF(steps); i++) {
        int err = steps[i](r, e);

        if (err < 0)
            return err;
    }
    if (tell(r, e) < 0)
        return e->code;
    loop_run(r->loop);
    return 0;
}

/* --- words instead of a run ------------------------------------------------------------------ */

static void print_routes(const struct mockd *m)
{
    const struct http_route *routes;
    size_t n = m->routes(&routes);

    for (size_t i = 0; i < n; i++) {
        char path[160];

        snprintf(path, sizeof(path), "%s%s%s", routes[i].path, routes[i].op ? "?op=" : "",
                 routes[i].op ? routes[i].op : "");
        if (m->basis)
            printf("%-6s %-56s %-27s %s\n", routes[i].method, path, routes[i].name, m->basis(i));
        else
            printf("%-6s %-56s %s\n", routes[i].method, path, routes[i].name);
    }
}

static bool said_instead(const struct mockd *m, const struct opts *o)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    if (opt_flag(o, "help"))
        opts_help(o, &text);
    else if (opt_flag(o, "show-config"))
        opts_show(o, &text);
    else if (opt_flag(o, "version"))
        buf_printf(&text, "%s %s\n", m->name, GATEPROOF_VERSION);
    else if (opt_flag(o, "routes"))
        print_routes(m);
    else if (!m->said || !m->said(o, &text))
        return false;
    fputs(buf_text(&text), stdout);
    return true;
}

static int read_options(const struct mockd *m, int argc, char **argv, struct opt_row *rows,
                        struct opts **ret, struct err *e)
{
    int err;

    assert(COUNTOF(shared_rows) + m->n_rows <= OPTS_MAX);
    memcpy(rows, shared_rows, sizeof(shared_rows));
    memcpy(rows + COUNTOF(shared_rows), m->rows, m->n_rows * sizeof(*rows));
    err = opts_new(ret, m->what, rows, COUNTOF(shared_rows) + m->n_rows, e);
    if (err == 0)
        err = opts_args(*ret, argc, argv, e);
    return err;
}

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

int mockd_main(const struct mockd *m, int argc, char **argv)
{
    struct opt_row rows[OPTS_MAX];
    struct opts *o SCOPED(opts_drop) = NULL;
    struct running r = {.m = m};
    struct err e = {0};
    int err = read_options(m, argc, argv, rows, &o, &e);

    if (err == 0 && said_instead(m, o))
        return EXIT_SUCCESS;
    if (err == 0)
        err = opts_check(o, &e);
    if (err < 0) {
        fprintf(stderr, "%s: %s\n", m->name, e.text);
        return EXIT_USAGE;
    }
    r.o = o;
    if (run(&r, &e) < 0) {
        fprintf(stderr, "%s: %s\n", m->name, e.text);
        _exit(EXIT_MACHINE); /* as after TERM: what was opened is not taken apart */
    }
    return EXIT_SUCCESS;
}
