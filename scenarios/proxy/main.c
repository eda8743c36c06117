/* lab-proxy: the CONNECT proxy of a lab, for the only way out or as a temptation. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/opts.h"
#include "scenarios/proxy/door.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EXIT_MACHINE 1
#define EXIT_USAGE   3
#define NAME         "lab-proxy"
#define WISHES_MAX   KIB(4)

static const struct opt_row rows[] = {
    {.name = "listen",
     .arg = "ADDRESS:PORT",
     .value = "127.0.0.1:0",
     .what = "where to listen; port 0 takes a free one"},
    {.name = "allow-ports",
     .arg = "PORTS",
     .value = "443",
     .what = "ports that a CONNECT may ask for, or any"},
    {.name = "user", .arg = "NAME", .what = "who may use it; without it everybody"},
    {.name = "password-file", .arg = "FILE", .what = "the user's password, one line"},
    {.name = "behaves",
     .arg = "HOW",
     .value = "honest",
     .what = "honest, refuses, closes, cuts (after 200), silent, or a status to answer with"},
    {.name = "idle",
     .kind = OPT_DURATION,
     .arg = "TIME",
     .value = "0s",
     .what = "a tunnel without a byte for so long is closed; 0s: never"},
    {.name = "servers", .arg = "LIST", .what = "name servers instead of resolv.conf's"},
    {.name = "factor",
     .kind = OPT_INT,
     .arg = "F",
     .value = "1",
     .min = 1,
     .max = 3600,
     .what = "time goes F times faster"},
    {.name = "journal-fds", .arg = "COUNTER,RING", .what = "inherited journal (for gateproof)"},
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
    {.name = "domain-start",
     .kind = OPT_INT,
     .arg = "NS",
     .min = 0,
     .max = INT64_MAX,
     .what = "monotonic clock at domain time 0; default: now"},
    {.name = "port-file", .arg = "FILE", .what = "write the port there once it listens"},
};
static const char usage[] =
    NAME " [options]\n\nAn HTTP proxy that knows CONNECT and nothing else.\n";

struct running {
    const struct opts *o;
    struct loop *loop;
    struct clk_page *page;
    struct dns *dns;
    struct door *door;
    struct door_config config;
    char address[64];
    struct loop_watch *controlled;
    struct buf wishes; /* read, and no whole line yet */
};

/* --- wishes ------------------------------------------------------------------------------------
 */

static void wishes_take(struct running *r)
{
    char line[128];
    const char *text = buf_text(&r->wishes), *end;

    for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
        if (!text_copy_len(line, sizeof line, text, (size_t)(end - text)) ||
            !door_wish(r->door, line))
            fprintf(stderr, NAME ": cannot do: %.100s\n", line);
    buf_cut(&r->wishes, (size_t)(text - buf_text(&r->wishes)));
}

static void on_wish(void *arg, uint32_t events)
{
    struct running *r = arg;
    char bytes[KIB(1)];
    ssize_t n = read((int)opt_int(r->o, "control-fd"), bytes, sizeof bytes);

    (void)events;
    if (n <= 0) { /* nobody is left to wish */
        loop_watch_remove(&r->controlled);
        return;
    }
    buf_add(&r->wishes, bytes, (size_t)n);
    wishes_take(r);
}

static int start_control(struct running *r, struct err *e)
{
    if (!opt_given(r->o, "control-fd"))
        return 0;
    buf_init(&r->wishes, WISHES_MAX);
    return loop_watch_add(r->loop, (int)opt_int(r->o, "control-fd"), EPOLLIN, on_wish, r,
                          &r->controlled, e);
}

/* --- birth and end -----------------------------------------------------------------------------
 */

static void on_signal(void *arg, int signo)
{
    struct running *r = arg;

    if (signo == SIGPIPE)
        return;
    if (r->door)
        door_end(r->door);
    journal_end(r->config.journal, clk_domain_ms(&r->config.domain));
    _exit(EXIT_SUCCESS);
}

static int start_clock(struct running *r, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT, SIGPIPE};
    int code = 0;

    if (opt_given(r->o, "clock-fd")) {
        code = clk_page_map((int)opt_int(r->o, "clock-fd"), &r->page, e);
        if (code < 0)
            return code;
        clk_attach(r->page);
    }
    r->config.domain.factor = r->page ? 1 : (int)opt_int(r->o, "factor");
    r->config.domain.start_ns =
        opt_given(r->o, "domain-start") ? opt_int(r->o, "domain-start") : clk_monotonic_ns();
    code = loop_new(&r->loop, r->page, e);
    return code < 0 ? code : loop_signals(r->loop, signos, COUNTOF(signos), on_signal, r, e);
}

static int read_password(struct running *r, struct err *e)
{
    struct proxy_rules *rules = &r->config.rules;
    struct buf text SCOPED(buf_drop) = {0};
    int code;

    if (!text_copy(rules->user, sizeof rules->user, opt_text(r->o, "user")))
        return err_set(e, -EINVAL, "--user: longer than %zu bytes", sizeof rules->user - 1);
    if (!opt_given(r->o, "password-file"))
        return 0;
    buf_init(&text, PROXY_WORD_MAX);
    code = file_read(opt_text(r->o, "password-file"), &text, e);
    if (code < 0)
        return code;
    if (!text_copy_len(rules->password, sizeof rules->password, buf_text(&text),
                       strcspn(buf_text(&text), "\r\n")))
        return err_set(e, -EINVAL, "--password-file: longer than %zu bytes",
                       sizeof rules->password - 1);
    explicit_bzero(text.data, text.len);
    return 0;
}

static int read_rules(struct running *r, struct err *e)
{
    const char *listen = opt_text(r->o, "listen"), *colon = strrchr(listen, ':');
    struct proxy_rules *rules = &r->config.rules;
    int64_t port = 0;

    if (!colon || !text_copy_len(r->address, sizeof r->address, listen, (size_t)(colon - listen)) ||
        !text_int(colon + 1, 0, 65535, &port))
        return err_set(e, -EINVAL, "--listen '%.80s': wanted is ADDRESS:PORT", listen);
    r->config.address = r->address;
    r->config.port = (int)port;
    r->config.idle_ms = opt_ms(r->o, "idle");
    if (!proxy_way_read(opt_text(r->o, "behaves"), &rules->way, &rules->status))
        return err_set(e, -EINVAL,
                       "--behaves '%.40s': wanted is honest, refuses, closes, cuts, silent or a "
                       "status from 400 to 599",
                       opt_text(r->o, "behaves"));
    if (proxy_ports_read(opt_text(r->o, "allow-ports"), rules, e) < 0)
        return err_at(e, "--allow-ports");
    return read_password(r, e);
}

static int start_door(struct running *r, struct err *e)
{
    int code = 0;

    if (opt_given(r->o, "journal-fds"))
        code = journal_ring_map(opt_text(r->o, "journal-fds"), &r->config.journal, e);
    if (code == 0)
        code = dns_new(&r->dns, r->loop, e);
    if (code == 0 && opt_given(r->o, "servers"))
        code = dns_servers(r->dns, opt_text(r->o, "servers"), e);
    return code < 0 ? code : door_open(&r->door, r->loop, r->dns, &r->config, e);
}

/* The port file first: whoever has read the line finds the file. */
static int tell(const struct running *r, struct err *e)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%d\n", door_port(r->door));

    if (opt_given(r->o, "port-file") &&
        file_write(opt_text(r->o, "port-file"), text, (size_t)n, 0644, e) < 0)
        return e->code;
    if (!opt_given(r->o, "journal-fds")) {
        printf(NAME " listens on http://%s:%d\n", r->address, door_port(r->door));
        fflush(stdout);
    }
    return 0;
}

static int run(struct running *r, struct err *e)
{
    static int (*const steps[])(struct running *, struct err *) = {start_clock, start_door,
                                                                   start_control};

    for (size_t i = 0; i < COUNTOF(steps); i++) {
        int code = steps[i](r, e);

        if (code < 0)
            return code;
    }
    if (tell(r, e) < 0)
        return e->code;
    loop_run(r->loop);
    return 0;
}

static bool said_instead(const struct opts *o)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    if (opt_flag(o, "help"))
        opts_help(o, &text);
    else if (opt_flag(o, "show-config"))
        opts_show(o, &text);
    else if (opt_flag(o, "version"))
        buf_printf(&text, NAME " %s\n", GATEPROOF_VERSION);
    else
        return false;
    fputs(buf_text(&text), stdout);
    return true;
}

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

int main(int argc, char **argv)
{
    struct opts *o SCOPED(opts_drop) = NULL;
    struct running r = {.page = NULL};
    struct err e = {0};
    int code = opts_new(&o, usage, rows, COUNTOF(rows), &e);

    if (code == 0)
        code = opts_args(o, argc, argv, &e);
    if (code == 0 && said_instead(o))
        return EXIT_SUCCESS;
    r.o = o;
    if (code == 0)
        code = opts_check(o, &e);
    if (code == 0)
        code = read_rules(&r, &e);
    if (code < 0) {
        fprintf(stderr, NAME ": %s\n", e.text);
        return EXIT_USAGE;
    }
    if (run(&r, &e) < 0) {
        fprintf(stderr, NAME ": %s\n", e.text);
        _exit(EXIT_MACHINE);
    }
    return EXIT_SUCCESS;
}
