/* gateproof-pcg-rogue: the reference gateway's program with `--rogue NAME`. The name becomes part
 * of the version, and what the rogue does is told over the descriptor that the harness gave it. */
#include "tests/rogues/rogue.h"

#include "gateway/config.h"
#include "lib/base/text.h"
#include "lib/io/call_inner.h"
#include "lib/io/log.h"
#include "scenarios/proxy/door.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION         "--rogue"
#define WORDS_MAX      32
#define CARRIER        "GATEPROOF_ROGUE" /* from the command line to the configuration */
#define STRAY          "GATEPROOF_STRAY" /* what HTTPS_PROXY was before the program put it away */
#define ROGUE_LINE_MAX KIB(2)

int __real_opts_args(struct opts *o, int argc, char **argv, struct err *e);
int __wrap_opts_args(struct opts *o, int argc, char **argv, struct err *e);
int __real_config_read(const struct opts *o, struct config *ret, struct err *e);
int __wrap_config_read(const struct opts *o, struct config *ret, struct err *e);
void __real_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void __wrap_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

void __real_loop_run(struct loop *l);
void __wrap_loop_run(struct loop *l);
void __real_call_trust_set(const struct call *c);
void __wrap_call_trust_set(const struct call *c);

static bool tunnel_closed;
static bool has_acted; /* this process is one gateway */

static bool is_rogue(const char *name)
{
    const char *own = getenv(CARRIER);

    return own && text_begins(own, name);
}

/* Takes the option away, so that the program's own table never sees it; asked again on HUP. */
int __wrap_opts_args(struct opts *o, int argc, char **argv, struct err *e)
{
    static char *words[WORDS_MAX + 1]; /* must live as long as the options */
    int n = 0;

    for (int i = 0; i < argc && n < WORDS_MAX; i++) {
        if (!text_is(argv[i], OPTION) || i + 1 == argc) {
            words[n++] = argv[i];
            continue;
        }
        if (!gw_rogue_find(argv[++i]))
            return err_set(e, -EINVAL, OPTION ": there is no rogue '%.40s'", argv[i]);
        if (setenv(CARRIER, argv[i], 1) < 0)
            return err_errno(e, OPTION);
    }
    words[n] = NULL;
    if (is_rogue(ROGUE_STRAY) && getenv("HTTPS_PROXY"))
        (void)setenv(STRAY, getenv("HTTPS_PROXY"), 1);
    return __real_opts_args(o, n, words, e);
}

/* --- what a rogue does beside its core --- */

bool gw_rogue_tunnel_closed(const struct gw *g)
{
    (void)g;
    return tunnel_closed;
}

/* A tunnel that the other side has ended is found dead when it is wanted again. */
static int on_close(void *arg, curl_socket_t fd)
{
    (void)arg;
    tunnel_closed = true;
    return close(fd);
}

void __wrap_call_trust_set(const struct call *c)
{
    __real_call_trust_set(c);
    if (is_rogue(ROGUE_HASTY) && c->proxied)
        curl_easy_setopt(c->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    if (!is_rogue(ROGUE_TRUSTING) || !has_acted)
        return;
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* A relay on the gateway's own loop: a proxy as the labs have them. */
void __wrap_loop_run(struct loop *l)
{
    const struct door_config c = {.address = "0.0.0.0",
                                  .port = ROGUE_RELAY_PORT,
                                  .rules = {.n_ports = 1, .ports = {443}},
                                  .domain = {.factor = 1}};
    struct door *door = NULL;
    struct dns *dns = NULL;

    if (is_rogue(ROGUE_RELAY) &&
        (dns_new(&dns, l, NULL) < 0 || door_open(&door, l, dns, &c, NULL) < 0))
        WRONG("a relay that cannot listen");
    __real_loop_run(l);
    if (!door)
        return;
    door_end(door);
    door_free(door);
    dns_free(dns);
}

int __wrap_config_read(const struct opts *o, struct config *ret, struct err *e)
{
    const char *name = getenv(CARRIER);
    const int r = __real_config_read(o, ret, e);
    const size_t len = strlen(ret->gw.version);

    if (r == 0 && name)
        snprintf(ret->gw.version + len, sizeof ret->gw.version - len, "+%s", name);
    if (r == 0 && getenv(STRAY) && !ret->gw.https_proxy[0])
        (void)text_copy(ret->gw.no_proxy, sizeof ret->gw.no_proxy, getenv(STRAY));
    return r;
}

static void tell(const char *text)
{
    const char *number = getenv("GP_ROGUE_FD");
    char line[ROGUE_LINE_MAX];
    int64_t fd;
    const int n = snprintf(line, sizeof line, "%s\n", text);

    /* a harness that is gone has no use for it */
    if (number && text_int(number, 0, INT32_MAX, &fd) && n > 0 && (size_t)n < sizeof line &&
        write((int)fd, line, (size_t)n) < 0)
        return;
}

void __wrap_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
    char text[ROGUE_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (text_begins(text, ROGUE_ACT)) {
        has_acted = true;
        tell(text + sizeof ROGUE_ACT - 1);
    }
    __real_log_line(l, level, "%s", text);
}
