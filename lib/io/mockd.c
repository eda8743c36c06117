#include "lib/io/mockd.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/hold.h"
#include "lib/io/mock_certs.h"
#include "lib/io/slot.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_MACHINE    1
#define NS_PER_MS       INT64_C(1000000)
#define EXIT_USAGE      3
#define OWN_PAGES_BYTES MIB(4)  /* long answers get pages of their own, and give them back … */
#define KEPT_BYTES      MIB(32) /* … and that much of freed memory is kept for the next ones */
#define ARENAS          2
#define JOURNAL_TAKE_MS 1000 /* a stand-alone journal is taken from its ring so often */

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
    SLOT_ROWS,
    SLOT_WISHES_ROW,
    {.name = "journal", .arg = "FILE", .what = "write the journal there at the end"},
    {.name = "hold-fd",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = 65535,
     .what =
         "inherited socket: where phases of operations are told and waited for (for gateproof)"},
    {.name = "hold-at", .arg = "OPS", .what = "those operations, with commas between"},
    {.name = "control",
     .arg = "ADDRESS:PORT",
     .what = "where the mock itself can be looked at and told what to do"},
    {.name = "control-port-file", .arg = "FILE", .what = "write the port of --control there"},
    {.name = "port-file", .arg = "FILE", .what = "write the port there once it listens"},
    {.name = "conns-before",
     .kind = OPT_INT,
     .arg = "N",
     .value = "0",
     .min = 0,
     .max = INT64_MAX,
     .what = "connections of the program before this one: numbers go on (for gateproof)"},
    {.name = "routes", .kind = OPT_FLAG, .what = "print the operations and stop"},
};

struct running {
    const struct mockd *m;
    const struct opts *o;
    struct slot slot; /* its ring is what we write */
    struct loop *loop;
    struct loop_timer *taking;
    struct journal_ring *reader; /* of a stand-alone journal */
    struct ev_list taken;
    struct mockd_app app;
    struct tls_server *tls;
    struct mock_certs *certs; /* with --authority */
    struct httpd *httpd;
    struct hold *hold;
    struct slot_wishes *wishes;
    char address[SLOT_ADDRESS_MAX], control_address[SLOT_ADDRESS_MAX];
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
    journal_end(r->slot.ring, clk_domain_ms(&r->slot.domain));
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

static int start_slot(struct running *r, struct err *e)
{
    return slot_open(&r->slot, r->o, e);
}

static int start_loop(struct running *r, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    int err = loop_new(&r->loop, r->slot.page, e);

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
    err = journal_ring_map(fds, &r->slot.ring, e);
    if (err < 0)
        return err;
    r->taking = loop_timer_new(r->loop, take, r);
    take(r);
    return 0;
}

static int start_journal(struct running *r, struct err *e)
{
    return !r->slot.ring && opt_given(r->o, "journal") ? start_own_journal(r, e) : 0;
}

static int start_app(struct running *r, struct err *e)
{
    const struct mockd_shared shared = {.seed = (uint64_t)opt_int(r->o, "seed"),
                                        .factor = r->slot.domain.factor,
                                        .timed = r->slot.page || opt_given(r->o, "domain-start"),
                                        .now = clk_domain_ms(&r->slot.domain)};
    int err = r->m->open(r->o, &shared, &r->app, e);

    if (err == 0 && !shared.timed)
        r->slot.domain.start_ns -= clk_domain_to_own(&r->slot.domain, r->app.began) * NS_PER_MS;
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

/* A second door, without TLS. Started by hand it is there unasked. */
static int read_control(struct running *r, struct httpd_config *c, struct err *e)
{
    const bool given = opt_given(r->o, "control");
    int err;

    if (given && !r->m->control_door)
        return err_set(e, -EINVAL, "--control: %s has no such door", r->m->name);
    if (!given && (!r->m->control_door || opt_given(r->o, "journal-fds")))
        return 0;
    err = slot_address_read("control", given ? opt_text(r->o, "control") : "127.0.0.1:0",
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

/* What was wished meanwhile is done before the next step. */
static void hold_there(void *arg, const char *phase, const char *words)
{
    struct running *r = arg;

    hold_at(r->hold, phase, words);
    slot_wishes_take(r->wishes);
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
                             .pool = r->slot.page || r->hold ? 1 : 4,
                             .point = r->hold ? point_of : NULL,
                             .hold = r->hold ? hold_there : NULL,
                             .hold_arg = r,
                             .certificate = r->certs ? on_certificate : NULL,
                             .certificate_arg = r,
                             .app = r->app.app,
                             .handle = r->app.handle,
                             .due = r->app.due,
                             .tick = r->app.tick,
                             .met = r->app.met,
                             .domain = r->slot.domain,
                             .journal = r->slot.ring,
                             .conns_before = (uint64_t)opt_int(r->o, "conns-before")};
    int err = slot_address_read("listen", opt_text(r->o, "listen"), r->address, &r->port, e);

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

static void on_wish(void *arg, const char *line)
{
    struct running *r = arg;

    httpd_tell(r->httpd, r->m->control, line);
}

static int start_wishes(struct running *r, struct err *e)
{
    if (opt_given(r->o, "control-fd") && !r->m->control)
        return err_set(e, -EINVAL, "--control-fd: %s takes no wishes", r->m->name);
    return slot_wishes_open(&r->wishes, r->loop, r->o, on_wish, r, e);
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
    if (slot_port_write(r->o, "control-port-file", r->control_port, e) < 0 ||
        slot_port_write(r->o, "port-file", r->port, e) < 0)
        return e->code;
    if (!opt_given(r->o, "journal-fds"))
        ready(r);
    return 0;
}

static int run(struct running *r, struct err *e)
{
    static int (*const steps[])(struct running *, struct err *) = {
        start_slot, start_loop,  start_journal, start_app,
        start_tls,  start_holds, start_httpd,   start_wishes};

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

    if (slot_said(o, m->name))
        return true;
    buf_init(&text, KIB(64));
    if (opt_flag(o, "routes"))
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
