#include "tests/bench/talk.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX KIB(64)

void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static void on_enough(void *arg)
{
    (void)arg;
}

void talks_init(struct talks *t)
{
    struct err e = {0};

    *t = (struct talks){.loop = NULL};
    if (loop_new(&t->loop, NULL, &e) < 0)
        die("%s", e.text);
    t->enough = loop_timer_new(t->loop, on_enough, NULL);
}

static void status_read(struct line *l)
{
    char digits[4] = "";
    int64_t status = 0;

    if (l->in.len < 12 || !text_copy_len(digits, sizeof(digits), buf_text(&l->in) + 9, 3) ||
        !text_int(digits, 100, 599, &status))
        die("no answer of HTTP: %.100s", buf_text(&l->in));
    l->status = (int)status;
}

/* The answer's length when its head is there; 0. */
static size_t whole_len(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *len;

    if (!end)
        return 0;
    len = strcasestr(text, "\r\nContent-Length:");
    if (!len || len > end)
        return (size_t)(end - text) + 4;
    return (size_t)(end - text) + 4 + strtoul(len + strlen("\r\nContent-Length:"), NULL, 10);
}

/* Whole answers only. */
static void on_line(void *arg, uint32_t events)
{
    struct line *l = arg;
    struct talks *t = l->talks;
    static char bytes[READ_MAX];
    const ssize_t n = recv(l->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    size_t whole;

    (void)events;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 || !l->asking)
        die("a connection ended: %s", n < 0 ? strerror(errno) : "by the other side");
    buf_add(&l->in, bytes, (size_t)n);
    whole = whole_len(buf_text(&l->in));
    if (whole == 0 || l->in.len < whole)
        return;
    l->asking = false;
    t->asking--;
    status_read(l);
    if (l->done)
        l->done(l, l->status, buf_text(&l->in));
}

void line_open(struct talks *t, struct line *l, int port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct err e = {0};
    int one = 1;

    *l = (struct line){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
        die("connecting to port %d: %s", port, strerror(errno));
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    l->talks = t;
    if (loop_watch_add(t->loop, l->fd, EPOLLIN, on_line, l, &l->watch, &e) < 0)
        die("%s", e.text);
    buf_init(&l->in, MIB(8));
    buf_init(&l->out, KIB(64));
}

/* Requests are small: the kernel takes them whole. */
void line_ask(struct talks *t, struct line *l, const char *method, const char *path,
              const char *headers, const char *body)
{
    buf_clear(&l->out);
    buf_printf(&l->out, "%s %s HTTP/1.1\r\nHost: palette\r\n%s", method, path, headers);
    if (body)
        buf_printf(&l->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    else
        buf_text_add(&l->out, "\r\n");
    buf_clear(&l->in);
    l->asking = true;
    l->asked_ns = clk_monotonic_ns();
    t->asking++;
    if (send(l->fd, buf_text(&l->out), l->out.len, MSG_NOSIGNAL) != (ssize_t)l->out.len)
        die("sending: %s", strerror(errno));
}

void talks_run(struct talks *t, int wait_ms)
{
    loop_timer_set(t->enough, loop_now(t->loop) + wait_ms);
    (void)loop_once(t->loop);
}

const char *line_wait(struct talks *t, struct line *l, const char *method, const char *path,
                      const char *headers, const char *body, int status)
{
    line_ask(t, l, method, path, headers, body);
    while (l->asking)
        talks_run(t, 1000);
    if (l->status != status)
        die("%s %s: wanted %d, got %.300s", method, path, status, buf_text(&l->in));
    return buf_text(&l->in);
}

void pick(const char *answer, const char *before, char *out, size_t size)
{
    const char *at = strstr(answer, before);

    if (!at ||
        !text_copy_len(out, size, at + strlen(before), strcspn(at + strlen(before), "\"\r\n")))
        die("no %s in %.300s", before, answer);
}
