#include "scenarios/engine/witness.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/proxy/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS      20 /* kernel time between two looks whether it listens */
#define LOG_FILE     "witness-access.log"
#define LOG_MAX      MIB(16)
#define LOG_WORD_MAX 512

static const char *const programs[] = {"/usr/sbin/squid", "/usr/bin/unshare"};

const char *witness_lacks(void)
{
    for (size_t i = 0; i < COUNTOF(programs); i++)
        if (access(programs[i], X_OK) < 0)
            return i == 0 ? "squid is not installed here; type `sudo ci/deps all`"
                          : "unshare is not installed here; type `sudo apt-get install util-linux`";
    return "";
}

/* --- start --------------------------------------------------------------------------------------
 */

/* squid will not be uid 0, not even of a namespace of ours: it gets one of its own, as uid 13. */
int witness_prepare(struct world *w, const struct lab_host *h, int port, char conf[WORLD_PATH_MAX],
                    const char *argv[WITNESS_WORDS_MAX], struct err *e)
{
    const char *const words[] = {
        programs[1], "--map-user=13", "--map-group=13", "--", programs[0], "-N", "-f", conf, NULL};
    SCOPED(buf_drop) struct buf text = {0};
    buf_init(&text, KIB(4));
    buf_printf(&text,
               "http_port %s:%d\n"
               "visible_hostname proxy.site\n"
               "pid_filename none\n"
               "cache deny all\n"
               "shutdown_lifetime 0 seconds\n"
               "pinger_enable off\n"
               "netdb_filename none\n"
               "max_filedescriptors 1024\n"
               "connect_timeout %d seconds\n"
               "logformat lab %%>a %%>Hs %%rm %%ru %%>st %%<st\n"
               "access_log stdio:%s/" LOG_FILE " lab\n"
               "cache_log %s/witness-cache.log\n"
               "coredump_dir %s\n"
               "acl tls port 443\n"
               "acl tunnel method CONNECT\n"
               "http_access deny !tunnel\n"
               "http_access deny !tls\n"
               "http_access allow all\n",
               h->links[0].address, port, (int)(PROXY_CALM_MS / 1000), w->dir, w->dir, w->dir);
    world_path(w, conf, "witness.conf");
    for (size_t i = 0; i < COUNTOF(words); i++)
        argv[i] = words[i];
    return world_write(w, "witness.conf", buf_text(&text), e);
}

static void on_time(void *arg)
{
    *(bool *)arg = true;
}

/* From its own host, so that no link sees the asking. */
static bool is_listening(struct world *w, const struct lab_host *h, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int ns = labnet_host(w->net, labnet_host_index(w->run->lab, h));
    int fd = labnet_socket(w->net, ns, AF_INET, SOCK_STREAM, 0, NULL);
    bool is = false;
    if (fd < 0)
        return false;
    /* within one host a connect is decided at once, or is refused */
    if (inet_pton(AF_INET, h->links[0].address, &a.sin_addr) == 1)
        is = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS;
    if (is) {
        struct sockaddr_in peer;
        socklen_t len = sizeof(peer);
        is = getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
    }
    close(fd);
    return is;
}

int witness_await(struct world *w, const struct lab_host *h, int port, const struct slotted *s,
                  const struct err *broken, struct err *e)
{
    bool late = false, looked = false;
    struct loop_timer *end = loop_timer_new(w->loop, on_time, &late);
    struct loop_timer *look = loop_timer_new(w->loop, on_time, &looked);
    loop_timer_set(end, loop_now(w->loop) + WITNESS_START_MAX_MS);
    while (!late && prog_running(s->prog) && !is_listening(w, h, port)) {
        looked = false;
        loop_timer_set(look, loop_now(w->loop) + LOOK_MS);
        while (!looked && !late && prog_running(s->prog))
            (void)loop_once(w->loop);
    }
    loop_timer_free(&end);
    loop_timer_free(&look);
    if (broken->code < 0)
        return err_set(e, broken->code, "%s", broken->text);
    return late ? err_set(e, -ETIMEDOUT, WITNESS_NAME " does not listen after %d s",
                          WITNESS_START_MAX_MS / 1000)
                : 0;
}

/* --- what it wrote ------------------------------------------------------------------------------
 */

struct log_line {
    char from[64], status[8], method[16], target[LOG_WORD_MAX], sent[24], received[24];
};

static bool line_read(const char *line, struct log_line *ret)
{
    struct {
        char *to;
        size_t size;
    } words[] = {{ret->from, sizeof(ret->from)},     {ret->status, sizeof(ret->status)},
                 {ret->method, sizeof(ret->method)}, {ret->target, sizeof(ret->target)},
                 {ret->sent, sizeof(ret->sent)},     {ret->received, sizeof(ret->received)}};
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (!text_next(&line, ' ', words[i].to, words[i].size))
            return false;
    return !text_begins(ret->target, "error:"); /* who knocked and said nothing */
}

/* As our own proxy would have said it: its words and these are made by the same function. */
static void say_line(struct world *w, uint64_t n, const struct log_line *x)
{
    const struct lab_host *h = lab_host_at(w->run->lab, x->from);
    const char *from = h != NULL ? h->role : x->from;
    struct proxy_ask ask = {.port = 0};
    int64_t status = 0, sent = 0, received = 0;
    struct event e;
    (void)text_int(x->status, 0, 999, &status);
    (void)text_int(x->sent, 0, INT64_MAX, &sent);
    (void)text_int(x->received, 0, INT64_MAX, &received);
    (void)text_copy(ask.method, sizeof(ask.method), x->method);
    (void)text_copy(ask.target, sizeof(ask.target), x->target);
    proxy_asked(&e, world_now(w), n, from, x->from, &ask, (int)status);
    journal_put(w->rings.ring[EVS_PROXY], &e);
    if (status != 200)
        return;
    proxy_closed(&e, world_now(w), n, from, x->from, &ask, "client");
    proxy_counted(&e, (uint64_t)sent, (uint64_t)received);
    journal_put(w->rings.ring[EVS_PROXY], &e);
}

void witness_say(struct world *w)
{
    SCOPED(buf_drop) struct buf text = {0};
    char path[WORLD_PATH_MAX], line[LOG_WORD_MAX * 2];
    const char *at;
    uint64_t n = 0;
    buf_init(&text, LOG_MAX);
    world_path(w, path, LOG_FILE);
    if (file_read(path, &text, NULL) < 0)
        return; /* the law misses the tunnels then, and says so */
    at = buf_text(&text);
    while (text_next(&at, '\n', line, sizeof(line))) {
        struct log_line x;
        if (line_read(line, &x))
            say_line(w, ++n, &x);
    }
}
