#include "scenarios/engine/witness.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/proxy/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS      20 /* kernel time between two looks whether it listens */
#define LOG_MAX      MIB(16)
#define LOG_WORD_MAX 512
#define SQUID        "/usr/sbin/squid"
#define TINYPROXY    "/usr/bin/tinyproxy"
#define UNSHARE      "/usr/bin/unshare"
#define FDS_MAX      256 /* of tinyproxy's clients */

/* --- what each is told --------------------------------------------------------------------------
 */

struct making {
    struct world *w;
    const struct lab_host *h;
    int port;
    const struct outfit *o;
    const char *log, *helper; /* paths */
    struct buf conf;
};

/* It asks a helper about credentials: "user password", percent-encoded as in a URL, one a line. */
static int squid_helper(const struct making *m, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {0};
    char name[64];
    buf_init(&text, KIB(1));
    buf_printf(&text,
               "while read -r user password; do\n"
               "    [ \"$user $password\" = '%s %s' ] && echo OK || echo ERR\n"
               "done\n",
               m->o->user, m->o->password);
    snprintf(name, sizeof(name), "%.32s.helper", m->h->name);
    return world_write(m->w, name, buf_text(&text), e);
}

static int squid_conf(struct making *m, struct err *e)
{
    const bool asks = m->o->user[0] != '\0';
    buf_printf(&m->conf,
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
               "access_log stdio:%s lab\n"
               "cache_log %s.cache\n"
               "coredump_dir %s\n"
               "acl tls port 443\n"
               "acl tunnel method CONNECT\n"
               "http_access deny !tunnel\n"
               "http_access deny !tls\n",
               m->h->links[0].address, m->port, (int)(PROXY_CALM_MS / 1000), m->log, m->log,
               m->w->dir);
    if (asks)
        buf_printf(&m->conf,
                   "auth_param basic program /bin/sh %s\n"
                   "auth_param basic children 1\n"
                   "auth_param basic realm lab\n"
                   "acl known proxy_auth REQUIRED\n"
                   "http_access deny !known\n",
                   m->helper);
    buf_text_add(&m->conf, "http_access allow all\n");
    return asks ? squid_helper(m, e) : 0;
}

static int tinyproxy_conf(struct making *m, struct err *e)
{
    (void)e;
    buf_printf(&m->conf,
               "Listen %s\n"
               "Port %d\n"
               "Timeout 86400\n"
               "MaxClients 200\n"
               "DisableViaHeader Yes\n"
               "LogFile \"%s\"\n"
               "LogLevel Info\n"
               "ConnectPort 443\n",
               m->h->links[0].address, m->port, m->log);
    if (m->o->user[0] != '\0')
        buf_printf(&m->conf, "BasicAuth %s %s\n", m->o->user, m->o->password);
    return 0;
}

/* --- what each has logged -----------------------------------------------------------------------
 */

struct saying {
    struct world *w;
    uint64_t n;
    struct tiny { /* by descriptor: a client that was not done with yet */
        bool is_open, asked, made;
        char from[64], method[16], target[LOG_WORD_MAX];
    } tiny[FDS_MAX];
};

struct log_line {
    char from[64], status[8], method[16], target[LOG_WORD_MAX], sent[24], received[24];
};

/* As our own proxy would have said it: its words and these are made by the same function. */
static void say_line(struct saying *s, const struct log_line *x)
{
    const struct lab_host *h = lab_host_at(s->w->run->lab, x->from);
    const char *from = h != NULL ? h->role : x->from;
    struct proxy_ask ask = {.port = 0};
    int64_t status = 0, sent = 0, received = 0;
    struct event e;
    s->n++;
    (void)text_int(x->status, 0, 999, &status);
    (void)text_int(x->sent, 0, INT64_MAX, &sent);
    (void)text_int(x->received, 0, INT64_MAX, &received);
    (void)text_copy(ask.method, sizeof(ask.method), x->method);
    (void)text_copy(ask.target, sizeof(ask.target), x->target);
    proxy_asked(&e, world_now(s->w), s->n, from, x->from, &ask, (int)status);
    journal_put(s->w->rings.ring[EVS_PROXY], &e);
    if (status != 200)
        return;
    proxy_closed(&e, world_now(s->w), s->n, from, x->from, &ask, "client");
    proxy_counted(&e, (uint64_t)sent, (uint64_t)received);
    journal_put(s->w->rings.ring[EVS_PROXY], &e);
}

/* squid writes a tunnel's line at the tunnel's end. */
static void squid_line(struct saying *s, const char *line)
{
    struct log_line x;
    struct {
        char *to;
        size_t size;
    } words[] = {{x.from, sizeof(x.from)},     {x.status, sizeof(x.status)},
                 {x.method, sizeof(x.method)}, {x.target, sizeof(x.target)},
                 {x.sent, sizeof(x.sent)},     {x.received, sizeof(x.received)}};
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (!text_next(&line, ' ', words[i].to, words[i].size))
            return;
    if (!text_begins(x.target, "error:")) /* who knocked and said nothing */
        say_line(s, &x);
}

/* tinyproxy says no status and no bytes: a client whose tunnel was made, or not. */
static void tiny_end(struct saying *s, struct tiny *t)
{
    struct log_line x = {.sent = "0", .received = "0"};
    if (t->asked) {
        (void)text_copy(x.from, sizeof(x.from), t->from);
        (void)text_copy(x.status, sizeof(x.status), t->made ? "200" : "403");
        (void)text_copy(x.method, sizeof(x.method), t->method);
        (void)text_copy(x.target, sizeof(x.target), t->target);
        say_line(s, &x);
    }
    *t = (struct tiny){.is_open = false};
}

static void tiny_connects(struct saying *s, struct tiny *t, const char *rest)
{
    tiny_end(s, t); /* the descriptor is another client's now */
    t->is_open = true;
    (void)text_copy(t->from, sizeof(t->from), rest);
}

static void tiny_asks(struct saying *s, struct tiny *t, const char *rest)
{
    (void)s;
    t->asked = text_next(&rest, ' ', t->method, sizeof(t->method)) &&
               text_next(&rest, ' ', t->target, sizeof(t->target));
}

/* The line names the target only: of those who wait for it, one has got it. */
static void tiny_made(struct saying *s, const char *line)
{
    const char *host = strstr(line, "host \"");
    for (size_t i = 0; host != NULL && i < FDS_MAX; i++) {
        struct tiny *t = &s->tiny[i];
        const size_t len = strcspn(t->target, ":");
        if (!t->asked || t->made || strncmp(host + strlen("host \""), t->target, len) != 0)
            continue;
        t->made = true;
        return;
    }
}

static void tinyproxy_line(struct saying *s, const char *line)
{
    static const struct {
        const char *words;
        void (*on)(struct saying *s, struct tiny *t, const char *rest);
    } rows[] = {{"Connect (file descriptor ", tiny_connects},
                {"Request (file descriptor ", tiny_asks}};
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *at = strstr(line, rows[i].words), *end = at != NULL ? strstr(at, "): ") : NULL;
        char digits[8];
        int64_t fd;
        at = at != NULL ? at + strlen(rows[i].words) : NULL;
        if (end != NULL && text_copy_len(digits, sizeof(digits), at, (size_t)(end - at)) &&
            text_int(digits, 0, FDS_MAX - 1, &fd))
            rows[i].on(s, &s->tiny[fd], end + strlen("): "));
    }
    if (strstr(line, "Established connection to host ") != NULL)
        tiny_made(s, line);
}

/* --- the table ----------------------------------------------------------------------------------
 */

static const struct kind {
    const char *name, *programs[2];
    const char *words[8]; /* "%" is the configuration */
    int (*conf)(struct making *m, struct err *e);
    void (*line)(struct saying *s, const char *line);
} kinds[] = {
    /* squid will not be uid 0, not even of a namespace of ours: it gets one of its own, as uid 13
     */
    {"squid",
     {SQUID, UNSHARE},
     {UNSHARE, "--map-user=13", "--map-group=13", "--", SQUID, "-N", "-f", "%"},
     squid_conf,
     squid_line},
    {"tinyproxy", {TINYPROXY}, {TINYPROXY, "-d", "-c", "%"}, tinyproxy_conf, tinyproxy_line},
};

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

int witness_find(const char *name, struct err *e)
{
    const char *names[COUNTOF(kinds) + 1] = {NULL}, *near;
    struct buf list SCOPED(buf_drop) = {0};

    if (kind_of(name) != NULL)
        return 0;
    buf_init(&list, KIB(1));
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        names[i] = kinds[i].name;
        buf_printf(&list, "%s%s", i == 0 ? "" : " or ", names[i]);
    }
    near = text_nearest(name, names);
    if (near != NULL)
        return err_set(e, -EINVAL, "--proxy: no proxy '%s'; did you mean '%s'?", name, near);
    return err_set(e, -EINVAL, "--proxy: no proxy '%s'; write %s, or leave --proxy away for ours",
                   name, buf_text(&list));
}

const char *witness_lacks(const char *name)
{
    static char text[128];
    const struct kind *k = kind_of(name);
    for (size_t i = 0; i < COUNTOF(k->programs) && k->programs[i] != NULL; i++) {
        if (access(k->programs[i], X_OK) == 0)
            continue;
        snprintf(text, sizeof(text),
                 i == 0 ? "%s is not installed here; type `sudo ci/deps all`"
                        : "unshare is not installed here; type `sudo apt-get install util-linux`",
                 k->name);
        return text;
    }
    return "";
}

/* --- start --------------------------------------------------------------------------------------
 */

static void path_of(const struct world *w, const struct lab_host *h, const char *what,
                    char out[WORLD_PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof(name), "%.32s.%s", h->name, what);
    world_path(w, out, name);
}

int witness_prepare(struct world *w, const struct lab_host *h, int port, const struct outfit *o,
                    char conf[WORLD_PATH_MAX], const char *argv[WITNESS_WORDS_MAX], struct err *e)
{
    const struct kind *k = kind_of(w->run->proxy);
    char log[WORLD_PATH_MAX], helper[WORLD_PATH_MAX], name[64];
    struct making m = {.w = w, .h = h, .port = port, .o = o, .log = log, .helper = helper};
    size_t n = 0;
    buf_init(&m.conf, KIB(8));
    path_of(w, h, "log", log);
    path_of(w, h, "helper", helper);
    path_of(w, h, "conf", conf);
    snprintf(name, sizeof(name), "%.32s.conf", h->name);
    int r = k->conf(&m, e);
    if (r == 0)
        r = world_write(w, name, buf_text(&m.conf), e);
    buf_drop(&m.conf);
    for (; n < COUNTOF(k->words) && k->words[n] != NULL; n++)
        argv[n] = text_is(k->words[n], "%") ? conf : k->words[n];
    argv[n] = NULL;
    return r;
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
    return late
               ? err_set(e, -ETIMEDOUT, "%s does not listen after %d s; its words are in %s/%s.log",
                         w->run->proxy, WITNESS_START_MAX_MS / 1000, w->run->out_dir,
                         prog_name(s->prog))
               : 0;
}

/* --- the end ------------------------------------------------------------------------------------
 */

void witness_say(struct world *w, const struct lab_host *h)
{
    const struct kind *k = kind_of(w->run->proxy);
    SCOPED(buf_drop) struct buf text = {0};
    char path[WORLD_PATH_MAX], line[LOG_WORD_MAX * 2];
    struct saying *s = calloc(1, sizeof(*s));
    const char *at;
    if (s == NULL)
        WRONG("out of memory");
    s->w = w;
    buf_init(&text, LOG_MAX);
    path_of(w, h, "log", path);
    /* without it the law misses the tunnels, and says so */
    at = file_read(path, &text, NULL) < 0 ? "" : buf_text(&text);
    while (text_next(&at, '\n', line, sizeof(line)))
        k->line(s, line);
    for (size_t i = 0; i < FDS_MAX; i++)
        tiny_end(s, &s->tiny[i]);
    free(s);
}
