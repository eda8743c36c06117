/* lab-proxy: the CONNECT proxy of a lab, for the only way out or as a temptation. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/slot.h"
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
    {.name = "authority",
     .arg = "DIR",
     .what =
         "open the TLS of tunnels when told so, with leaves of this folder's authority (ca.pem, "
         "ca.key; made when missing)"},
    {.name = "anchors",
     .arg = "FILE",
     .what = "whom to trust when TLS is opened, instead of the system's (PEM)"},
    {.name = "breaks-tls", .kind = OPT_FLAG, .what = "do so from the start"},
    {.name = "servers", .arg = "LIST", .what = "name servers instead of resolv.conf's"},
    SLOT_ROWS,
    SLOT_WISHES_ROW,
    {.name = "port-file", .arg = "FILE", .what = "write the port there once it listens"},
};
static const char usage[] =
    NAME " [options]\n\nAn HTTP proxy that knows CONNECT and nothing else.\n";

struct running {
    const struct opts *o;
    struct loop *loop;
    struct slot slot;
    struct dns *dns;
    struct door *door;
    struct door_config config;
    struct slot_wishes *wishes;
    char address[SLOT_ADDRESS_MAX];
};

/* --- wishes ------------------------------------------------------------------------------------
 */

static void on_wish(void *arg, const char *line)
{
    struct running *r = arg;

    if (!door_wish(r->door, line))
        fprintf(stderr, NAME ": cannot do: %.100s\n", line);
}

static int start_wishes(struct running *r, struct err *e)
{
    return slot_wishes_open(&r->wishes, r->loop, r->o, on_wish, r, e);
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

static int start_slot(struct running *r, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT, SIGPIPE};
    int code = slot_open(&r->slot, r->o, e);

    if (code < 0)
        return code;
    r->config.domain = r->slot.domain;
    r->config.journal = r->slot.ring;
    code = loop_new(&r->loop, r->slot.page, e);
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
    struct proxy_rules *rules = &r->config.rules;
    int code =
        slot_address_read("listen", opt_text(r->o, "listen"), r->address, &r->config.port, e);

    if (code < 0)
        return code;
    r->config.address = r->address;
    r->config.idle_ms = opt_ms(r->o, "idle");
    rules->bumps = opt_flag(r->o, "breaks-tls");
    if (!proxy_way_read(opt_text(r->o, "behaves"), &rules->way, &rules->status))
        return err_set(e, -EINVAL,
                       "--behaves '%.40s': wanted is honest, refuses, closes, cuts, silent or a "
                       "status from 400 to 599",
                       opt_text(r->o, "behaves"));
    if (proxy_ports_read(opt_text(r->o, "allow-ports"), rules, e) < 0)
        return err_at(e, "--allow-ports");
    return read_password(r, e);
}

static int start_house(struct running *r, struct err *e)
{
    if (opt_given(r->o, "authority"))
        return bump_house_new(&r->config.bumps, opt_text(r->o, "authority"),
                              opt_text(r->o, "anchors"), e);
    return opt_flag(r->o, "breaks-tls")
               ? err_set(e, -EINVAL, "--breaks-tls wants --authority beside it")
               : 0;
}

static int start_door(struct running *r, struct err *e)
{
    int code = dns_new(&r->dns, r->loop, e);

    if (code == 0 && opt_given(r->o, "servers"))
        code = dns_servers(r->dns, opt_text(r->o, "servers"), e);
    return code < 0 ? code : door_open(&r->door, r->loop, r->dns, &r->config, e);
}

static int tell(const struct running *r, struct err *e)
{
    if (slot_port_write(r->o, "port-file", door_port(r->door), e) < 0)
        return e->code;
    if (!opt_given(r->o, "journal-fds")) {
        printf(NAME " listens on http://%s:%d\n", r->address, door_port(r->door));
        fflush(stdout);
    }
    return 0;
}

static int run(struct running *r, struct err *e)
{
    /* what is ready is served in this order: who connects after a wish finds it come true */
    static int (*const steps[])(struct running *, struct err *) = {start_slot, start_house,
                                                                   start_wishes, start_door};

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

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

int main(int argc, char **argv)
{
    struct opts *o SCOPED(opts_drop) = NULL;
    struct running r = {.door = NULL};
    struct err e = {0};
    int code = opts_new(&o, usage, rows, COUNTOF(rows), &e);

    if (code == 0)
        code = opts_args(o, argc, argv, &e);
    if (code == 0 && slot_said(o, NAME))
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
