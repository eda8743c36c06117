#include "tests/bench/load.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int load_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

/* utime and stime of /proc/PID/stat, in milliseconds. */
static int64_t cpu_ms(pid_t pid)
{
    char path[48], text[512] = "", word[32];
    const char *at;
    int64_t ticks = 0, n;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = pid > 0 ? fopen(path, "r") : NULL;
    if (!f)
        return 0;
    at = fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
    fclose(f);
    at = at ? at + 2 : "";
    for (int i = 3; i <= 15 && text_next(&at, ' ', word, sizeof(word)); i++)
        if (i >= 14 && text_int(word, 0, INT64_MAX / 1000, &n))
            ticks += n;
    return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

/* --- one client ------------------------------------------------------------------------------- */

static void flush(struct load_client *c)
{
    while (c->out_at < c->out.len) {
        const ssize_t n =
            send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL);

        if (n <= 0) {
            c->l->broken = true;
            return;
        }
        c->out_at += (size_t)n;
    }
}

/* Requests are short: they fit into the socket. */
static void ask(struct load_client *c)
{
    buf_clear(&c->out);
    buf_clear(&c->in);
    c->out_at = c->left = 0;
    c->in_body = false;
    c->l->ask(c->l->arg, c, &c->out);
    c->asked_ns = clk_monotonic_ns();
    flush(c);
}

static void sample(struct load_sum *s, int64_t ns)
{
    if (!s->us)
        s->us = calloc(LOAD_SAMPLES_MAX, sizeof(s->us[0]));
    if (s->us && s->n_us < LOAD_SAMPLES_MAX)
        s->us[s->n_us++] = (uint32_t)(ns / 1000);
}

static void answered(struct load_client *c)
{
    struct load_sum *s = c->l->sum;

    sample(s, clk_monotonic_ns() - c->asked_ns);
    s->answers++;
    s->refused += c->status < 200 || c->status > 299;
    s->units += c->l->got(c->l->arg, c);
    ask(c);
}

/* The head is whole when true; what follows of the body is in c->in too. */
static bool head_read(struct load_client *c)
{
    const char *text = buf_text(&c->in), *end = strstr(text, "\r\n\r\n");
    const char *length = end ? strcasestr(text, "\r\nContent-Length:") : NULL;
    char digits[24];
    int64_t len = 0, status = 0;
    size_t have;

    if (!end)
        return false;
    length = length && length < end ? length + strlen("\r\nContent-Length:") : "0\r";
    length += strspn(length, " ");
    text_copy_len(digits, sizeof(digits), length, strcspn(length, "\r"));
    c->l->broken |= !text_int(digits, 0, INT64_MAX, &len) || c->in.len < 12;
    text_copy_len(digits, sizeof(digits), text + strlen("HTTP/1.1 "), 3);
    c->l->broken |= !text_int(digits, 100, 999, &status);
    have = c->in.len - (size_t)(end + 4 - text);
    c->l->broken |= have > (size_t)len;
    c->status = (int)status;
    c->left = c->l->broken ? 0 : (size_t)len - have;
    c->in_body = true;
    return true;
}

static void on_client(void *arg, uint32_t events)
{
    static char bytes[KIB(64)];
    struct load_client *c = arg;
    const bool drop = c->in_body && c->in.len + c->left > LOAD_BODY_MAX;
    const size_t size = c->in_body && c->left < sizeof(bytes) && !drop ? c->left : sizeof(bytes);
    ssize_t n;

    (void)events;
    if (drop) /* the kernel throws it away: no answer is longer than what is left */
        n = recv(c->fd, NULL, c->left, MSG_TRUNC | MSG_DONTWAIT);
    else
        n = recv(c->fd, bytes, size, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        c->l->broken = true;
        loop_watch_remove(&c->watch);
        return;
    }
    if (!drop)
        buf_add(&c->in, bytes, (size_t)n);
    if (c->in_body)
        c->left -= (size_t)n;
    else if (!head_read(c))
        return;
    if (c->left == 0 && !c->l->broken)
        answered(c);
}

/* --- a round ---------------------------------------------------------------------------------- */

static bool client_open(struct load *l, size_t i)
{
    struct load_client *c = &l->clients[i];
    struct err e = {0};

    *c = (struct load_client){.l = l, .i = i, .fd = load_connect(l->port)};
    buf_init(&c->out, KIB(4));
    buf_init(&c->in, LOAD_BODY_MAX + KIB(64));
    if (c->fd < 0 || loop_watch_add(l->loop, c->fd, EPOLLIN, on_client, c, &c->watch, &e) < 0)
        return false;
    ask(c);
    return true;
}

static void client_close(struct load_client *c)
{
    if (!c->l)
        return;
    loop_watch_remove(&c->watch);
    if (c->fd >= 0)
        close(c->fd);
    buf_drop(&c->out);
    buf_drop(&c->in);
}

static void on_end(void *arg)
{
    *(bool *)arg = true;
}

bool load_run(struct load *l, ms_t span)
{
    const int64_t from = clk_monotonic_ns(), used = cpu_ms(l->pid);
    bool over = false;
    struct loop_timer *end = loop_timer_new(l->loop, on_end, &over);

    assert(l->n <= LOAD_CLIENTS_MAX);
    l->broken = false;
    loop_timer_set(end, loop_now(l->loop) + span);
    for (size_t i = 0; i < l->n && !l->broken; i++)
        l->broken = !client_open(l, i);
    while (!over && !l->broken)
        loop_once(l->loop);
    l->sum->ns += clk_monotonic_ns() - from;
    l->sum->cpu_ms += cpu_ms(l->pid) - used;
    for (size_t i = 0; i < l->n; i++)
        client_close(&l->clients[i]);
    loop_timer_free(&end);
    return !l->broken;
}

/* --- what it came to -------------------------------------------------------------------------- */

double load_rate(const struct load_sum *s)
{
    return s->ns > 0 ? (double)s->units * 1e9 / (double)s->ns : 0;
}

double load_cost(const struct load_sum *s)
{
    return s->units > 0 ? (double)s->cpu_ms * 1000 / (double)s->units : 0;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

double load_p99_ms(struct load_sum *s)
{
    const size_t at = s->n_us * 99 / 100;

    if (s->n_us == 0)
        return 0;
    qsort(s->us, s->n_us, sizeof(s->us[0]), by_size);
    return (double)s->us[at] / 1000;
}

void load_sum_drop(struct load_sum *s)
{
    free(s->us);
    *s = (struct load_sum){0};
}
