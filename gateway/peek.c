#include "gateway/peek.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX "unix:"

struct peek_conn {
    struct peek *peek;
    int fd; /* -1: the place is free */
    struct loop_watch *watch;
    struct loop_timer *late;
    struct buf in, out;
};

struct peek {
    struct loop *loop;
    peek_look_fn *look;
    void *arg;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *again;                               /* set: nobody is let in until then */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" = TCP */
    struct peek_conn conns[PEEK_CONNS_MAX];
};

/* --- where ----------------------------------------------------------------------------------- */

union where {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static socklen_t local_read(const char *path, union where *ret)
{
    ret->local.sun_family = AF_UNIX;
    return *path == '/' && text_copy(ret->local.sun_path, sizeof(ret->local.sun_path), path)
               ? sizeof(ret->local)
               : 0;
}

/* 0: it is none of the forms. */
static socklen_t where_read(const char *text, union where *ret)
{
    static const char v4[] = "127.0.0.1:", v6[] = "[::1]:";
    int64_t port;

    memset(ret, 0, sizeof(*ret));
    if (text_begins(text, UNIX))
        return local_read(text + strlen(UNIX), ret);
    if (text_begins(text, v4) && text_int(text + strlen(v4), 1, 65535, &port)) {
        ret->v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        return sizeof(ret->v4);
    }
    if (text_begins(text, v6) && text_int(text + strlen(v6), 1, 65535, &port)) {
        ret->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                        .sin6_port = htons((uint16_t)port),
                                        .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        return sizeof(ret->v6);
    }
    return 0;
}

int peek_where_check(const char *where, struct err *e)
{
    union where at;

    return where_read(where, &at)
               ? 0
               : err_set(e, -EINVAL,
                         "'%.60s' is not 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; others than "
                         "this machine's have no business there",
                         where);
}

/* --- one exchange ---------------------------------------------------------------------------- */

static void conn_end(struct peek_conn *c)
{
    loop_watch_remove(&c->watch);
    loop_timer_free(&c->late);
    close(c->fd);
    c->fd = -1;
    buf_drop(&c->in);
    buf_drop(&c->out);
}

static void reply(struct peek_conn *c, int status, const char *reason, const struct buf *body)
{
    buf_printf(&c->out,
               "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
               status, reason, body->len);
    buf_text_add(&c->out, buf_text(body));
}

static void health_write(struct peek_conn *c, const struct watch *w, struct buf *body)
{
    const char *trouble = watch_trouble(w);

    buf_printf(body, "%s\n", *trouble ? trouble : "ok");
    reply(c, *trouble ? 503 : 200, *trouble ? "Service Unavailable" : "OK", body);
}

static void metrics_write(struct peek_conn *c, const struct watch *w, struct buf *body)
{
    watch_metrics_write(w, body);
    reply(c, 200, "OK", body);
}

static const struct {
    const char *line; /* how a request begins */
    void (*write)(struct peek_conn *c, const struct watch *w, struct buf *body);
} pages[] = {{"GET /metrics ", metrics_write}, {"GET /healthz ", health_write}};

static void answer(struct peek_conn *c)
{
    SCOPED(buf_drop) struct buf body = {.max = PEEK_ANSWER_MAX};
    const char *asked = buf_text(&c->in);

    for (size_t i = 0; i < COUNTOF(pages); i++) {
        if (!text_begins(asked, pages[i].line))
            continue;
        pages[i].write(c, c->peek->look(c->peek->arg), &body);
        return;
    }
    buf_text_add(&body, "there are GET /metrics and GET /healthz\n");
    if (text_begins(asked, "GET "))
        reply(c, 404, "Not Found", &body);
    else
        reply(c, 405, "Method Not Allowed", &body);
}

static void push(struct peek_conn *c)
{
    ssize_t n = send(c->fd, buf_text(&c->out), c->out.len, MSG_NOSIGNAL);

    if (n > 0)
        buf_cut(&c->out, (size_t)n);
    if (!c->out.len || (n < 0 && errno != EAGAIN))
        conn_end(c);
    else
        loop_watch_change(c->watch, EPOLLOUT);
}

static void on_conn(void *arg, uint32_t events)
{
    struct peek_conn *c = arg;
    char bytes[1024];
    ssize_t n;

    (void)events;
    if (c->out.len) {
        push(c);
        return;
    }
    n = recv(c->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EAGAIN)
        return;
    buf_add(&c->in, bytes, n > 0 ? (size_t)n : 0);
    if (n <= 0 || c->in.full) {
        conn_end(c);
        return;
    }
    if (!strstr(buf_text(&c->in), "\r\n\r\n"))
        return;
    answer(c);
    push(c);
}

static void on_late(void *arg)
{
    conn_end(arg);
}

/* --- the door -------------------------------------------------------------------------------- */

static struct peek_conn *place_find(struct peek *p)
{
    for (size_t i = 0; i < PEEK_CONNS_MAX; i++)
        if (p->conns[i].fd < 0)
            return &p->conns[i];
    return NULL;
}

static void on_accept(void *arg, uint32_t events)
{
    struct peek *p = arg;
    int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct peek_conn *c = place_find(p);

    (void)events;
    if (fd < 0 && errno != EAGAIN) {
        /* No descriptor is free: who waits would wake us for nothing, without a pause. */
        loop_watch_change(p->watch, 0);
        loop_timer_set(p->again, loop_now(p->loop) + PEEK_AGAIN_MS);
    }
    if (fd < 0)
        return;
    if (!c) {
        close(fd);
        return;
    }
    *c = (struct peek_conn){.peek = p, .fd = fd};
    buf_init(&c->in, PEEK_HEAD_MAX);
    buf_init(&c->out, PEEK_ANSWER_MAX + KIB(1));
    c->late = loop_timer_new(p->loop, on_late, c);
    loop_timer_set(c->late, loop_now(p->loop) + PEEK_MS);
    if (loop_watch_add(p->loop, fd, EPOLLIN, on_conn, c, &c->watch, NULL) < 0)
        conn_end(c);
}

static void on_again(void *arg)
{
    struct peek *p = arg;

    loop_watch_change(p->watch, EPOLLIN);
}

/* A socket that a former process left is in the way; anything else at that path is not ours. */
static void leftover_remove(const char *path)
{
    struct stat st;

    if (*path && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        (void)unlink(path);
}

static int listen_at(struct peek *p, const char *where, struct err *e)
{
    const int yes = 1;
    union where at;
    const socklen_t len = where_read(where, &at);

    if (!len)
        return peek_where_check(where, e);
    if (at.any.sa_family == AF_UNIX)
        memcpy(p->path, at.local.sun_path, sizeof(p->path));
    leftover_remove(p->path);
    p->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return err_errno(e, "GP_LISTEN: %s", where);
    (void)setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(p->fd, &at.any, len) < 0 || listen(p->fd, PEEK_CONNS_MAX) < 0)
        return err_errno(e, "GP_LISTEN: %s: take another port or path", where);
    return *p->path && chmod(p->path, 0660) < 0 ? err_errno(e, "GP_LISTEN: %s", where) : 0;
}

int peek_open(struct peek **ret, struct loop *l, const char *where, peek_look_fn *look, void *arg,
              struct err *e)
{
    struct peek *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        abort();
    *p = (struct peek){.loop = l, .look = look, .arg = arg, .fd = -1};
    for (size_t i = 0; i < PEEK_CONNS_MAX; i++)
        p->conns[i].fd = -1;
    p->again = loop_timer_new(l, on_again, p);
    r = listen_at(p, where, e);
    if (r == 0)
        r = loop_watch_add(l, p->fd, EPOLLIN, on_accept, p, &p->watch, e);
    if (r < 0) {
        p->path[0] = '\0';
        peek_close(p);
        return r;
    }
    *ret = p;
    return 0;
}

void peek_close(struct peek *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PEEK_CONNS_MAX; i++)
        if (p->conns[i].fd >= 0)
            conn_end(&p->conns[i]);
    loop_watch_remove(&p->watch);
    loop_timer_free(&p->again);
    if (p->fd >= 0)
        close(p->fd);
    leftover_remove(p->path);
    free(p);
}
