#include "tests/test.h"

#include "tests/wire/raw_server.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_open(int type, int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

/* --- TCP and TLS ----------------------------------------------------------------------------- */

static void conn_close(struct raw_conn *c)
{
    loop_watch_remove(&c->watch);
    SSL_free(c->ssl);
    close(c->fd);
    buf_drop(&c->input);
    *c = (struct raw_conn){.fd = -1};
}

static void conn_write(struct raw_conn *c, const char *text)
{
    size_t len = strlen(text);

    if (c->secure)
        (void)!SSL_write(c->ssl, text, (int)len);
    else
        (void)!send(c->fd, text, len, MSG_NOSIGNAL);
}

static void tls_begin(struct raw_conn *c)
{
    c->ssl = SSL_new(tls_server_ctx(c->server->tls));
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_accept_state(c->ssl);
    c->secure = true;
}

/* A whole request is there: its head, and as many bytes as it announced. */
static bool request_take(struct raw_conn *c)
{
    const char *text = buf_text(&c->input), *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "Content-Length:");
    int64_t body = 0;
    char digits[16];
    size_t total;

    if (!end)
        return false;
    if (length && length < end) {
        length += strlen("Content-Length:");
        length += strspn(length, " ");
        assert_true(text_copy_len(digits, sizeof(digits), length, strcspn(length, "\r")));
        assert_true(text_int(digits, 0, INT32_MAX, &body));
    }
    total = (size_t)(end + 4 - text) + (size_t)body;
    if (c->input.len < total)
        return false;
    buf_cut(&c->input, total);
    return true;
}

static void answer(struct raw_conn *c)
{
    struct raw_server *s = c->server;
    size_t i = c->n_requests++;
    const char *text;

    if (s->connect_answer && i == 0) {
        conn_write(c, s->connect_answer);
        if (s->tls)
            tls_begin(c);
        return;
    }
    s->n_requests++;
    i -= s->connect_answer != NULL;
    while (i > 0 && (i >= RAW_ANSWERS_MAX || !s->answers[i]))
        i--;
    text = s->answers[i];
    if (!text)
        return;
    conn_write(c, text);
    if (s->close_after || !*text)
        conn_close(c);
}

static void on_conn(void *arg, uint32_t events)
{
    struct raw_conn *c = arg;
    struct raw_server *s = c->server;
    char bytes[4096];
    ssize_t n;

    (void)events;
    for (;;) {
        n = c->secure ? SSL_read(c->ssl, bytes, sizeof(bytes)) : read(c->fd, bytes, sizeof(bytes));
        if (n <= 0)
            break;
        buf_add(&c->input, bytes, (size_t)n);
        buf_add(&s->seen, bytes, (size_t)n);
        while (c->server && request_take(c))
            answer(c);
        if (!c->server)
            return;
    }
    if (c->secure) {
        if (SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_READ)
            conn_close(c);
    } else if (n == 0) {
        conn_close(c);
    }
}

static void on_accept(void *arg, uint32_t events)
{
    struct raw_server *s = arg;
    struct raw_conn *c = s->conns;
    struct err e;
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    s->n_conns++;
    while (c->server)
        assert_true(++c < s->conns + RAW_CONNS_MAX);
    *c = (struct raw_conn){.server = s, .fd = fd};
    buf_init(&c->input, MIB(1));
    if (s->tls && !s->connect_answer)
        tls_begin(c);
    must(loop_watch_add(s->loop, fd, EPOLLIN, on_conn, c, &c->watch, &e), &e);
}

void raw_server_start(struct raw_server *s, struct loop *l)
{
    struct err e;

    s->loop = l;
    buf_init(&s->seen, MIB(1));
    s->fd = socket_open(SOCK_STREAM, &s->port);
    assert_int_equal(listen(s->fd, 16), 0);
    must(loop_watch_add(l, s->fd, EPOLLIN, on_accept, s, &s->watch, &e), &e);
}

void raw_server_stop(struct raw_server *s)
{
    for (size_t i = 0; i < RAW_CONNS_MAX; i++)
        if (s->conns[i].server)
            conn_close(&s->conns[i]);
    loop_watch_remove(&s->watch);
    close(s->fd);
    buf_drop(&s->seen);
}

/* --- names ----------------------------------------------------------------------------------- */

/* "\3www\7example\0" → "www.example"; returns the bytes it took. */
static size_t name_read(const uint8_t *at, size_t left, char *out, size_t size)
{
    size_t used = 0, len = 0;

    while (used < left && at[used]) {
        size_t part = at[used++];

        assert_true(used + part < left && len + part + 2 < size);
        memcpy(out + len, at + used, part);
        len += part;
        out[len++] = '.';
        used += part;
    }
    out[len ? len - 1 : 0] = 0;
    return used + 1;
}

static size_t reply_write(struct raw_dns *d, uint8_t *bytes, size_t question_end, bool asks_a,
                          const char *name)
{
    size_t len = question_end;

    bytes[2] = 0x84; /* an answer, authoritative */
    bytes[3] = 0x03; /* NXDOMAIN, unless found */
    memset(bytes + 6, 0, 6);
    for (size_t i = 0; i < RAW_NAMES_MAX && d->names[i].name; i++) {
        uint32_t ttl = htonl((uint32_t)d->names[i].ttl_s);

        if (strcasecmp(d->names[i].name, name))
            continue;
        bytes[3] = 0;
        if (!asks_a)
            break;
        bytes[7] = 1;
        memcpy(bytes + len, "\xc0\x0c\0\1\0\1", 6);
        memcpy(bytes + len + 6, &ttl, 4);
        memcpy(bytes + len + 10, "\0\4", 2);
        assert_int_equal(inet_pton(AF_INET, d->names[i].ipv4, bytes + len + 12), 1);
        len += 16;
    }
    return len;
}

static void on_question(void *arg, uint32_t events)
{
    struct raw_dns *d = arg;
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    uint8_t bytes[512];
    char name[256];
    ssize_t n = recvfrom(d->fd, bytes, 256, 0, (struct sockaddr *)&from, &from_len);
    size_t end;
    bool asks_a;

    (void)events;
    if (n < 17)
        return;
    end = 12 + name_read(bytes + 12, (size_t)n - 12, name, sizeof(name));
    asks_a = bytes[end + 1] == 1;
    d->n_questions += asks_a;
    if (d->silent)
        return;
    end = reply_write(d, bytes, end + 4, asks_a, name);
    (void)!sendto(d->fd, bytes, end, 0, (struct sockaddr *)&from, from_len);
}

void raw_dns_start(struct raw_dns *d, struct loop *l)
{
    struct err e;

    d->loop = l;
    d->fd = socket_open(SOCK_DGRAM, &d->port);
    must(loop_watch_add(l, d->fd, EPOLLIN, on_question, d, &d->watch, &e), &e);
}

void raw_dns_stop(struct raw_dns *d)
{
    loop_watch_remove(&d->watch);
    close(d->fd);
}

/* --- time ------------------------------------------------------------------------------------ */

static void on_nothing(void *arg, int epoll_fd, uint64_t own_deadline_ns)
{
    struct clk_page *page = arg;

    (void)epoll_fd;
    assert_true(own_deadline_ns != CLK_NEVER);
    page->now_ns = own_deadline_ns;
}

struct loop *raw_clock_loop(void)
{
    static struct clk_page page;
    struct loop *l = NULL;
    struct err e;

    page = (struct clk_page){.magic = CLK_PAGE_MAGIC, .version = 1, .epoch_s = clk_realtime_s()};
    clk_attach(&page);
    must(loop_new(&l, NULL, &e), &e);
    loop_waiter(l, on_nothing, &page);
    return l;
}

void raw_clock_stop(void)
{
    clk_attach(NULL);
}
