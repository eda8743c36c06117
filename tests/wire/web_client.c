#include "tests/test.h"

#include "tests/wire/web_client.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEB_BYTES_MAX MIB(16)

static bool tls_later(struct web *w, int n)
{
    int why = SSL_get_error(w->ssl, n);

    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static ssize_t web_write(struct web *w)
{
    int n;

    if (!w->ssl)
        return send(w->fd, w->out.data, w->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    n = SSL_write(w->ssl, w->out.data, (int)w->out.len);
    if (n <= 0)
        errno = tls_later(w, n) ? EAGAIN : EPIPE;
    return n > 0 ? n : -1;
}

static ssize_t web_read(struct web *w, char *bytes, size_t size)
{
    int n;

    if (!w->ssl)
        return recv(w->fd, bytes, size, MSG_DONTWAIT);
    n = SSL_read(w->ssl, bytes, (int)size);
    if (n > 0)
        return n;
    errno = tls_later(w, n) ? EAGAIN : EPIPE;
    return SSL_get_error(w->ssl, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static void web_events(struct web *w)
{
    if (w->watch)
        loop_watch_change(w->watch, (w->eof || w->broken ? 0 : EPOLLIN) |
                                        (w->out.len && !w->broken ? EPOLLOUT : 0));
}

static void web_flush(struct web *w)
{
    while (w->out.len > 0) {
        ssize_t n = web_write(w);

        if (n < 0) {
            w->broken = w->broken || errno != EAGAIN;
            break;
        }
        buf_cut(&w->out, (size_t)n);
    }
    if (w->broken)
        buf_clear(&w->out);
}

static void on_web(void *arg, uint32_t events)
{
    struct web *w = arg;
    char bytes[16384];
    ssize_t n;

    (void)events;
    while ((n = web_read(w, bytes, sizeof(bytes))) > 0)
        buf_add(&w->in, bytes, (size_t)n);
    if (n == 0)
        w->eof = true;
    else if (errno != EAGAIN)
        w->broken = true;
    web_flush(w);
    if (w->broken) /* the error condition would wake us again and again */
        loop_watch_remove(&w->watch);
    web_events(w);
}

void web_open(struct web *w, struct loop *l, int port, SSL_CTX *tls)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct err e = {0};

    *w = (struct web){.loop = l};
    buf_init(&w->in, WEB_BYTES_MAX);
    buf_init(&w->out, WEB_BYTES_MAX);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(w->fd >= 0);
    assert_int_equal(connect(w->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    if (tls) {
        assert_int_equal(fcntl(w->fd, F_SETFL, O_NONBLOCK), 0);
        w->ssl = SSL_new(tls);
        SSL_set_mode(w->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_set_fd(w->ssl, w->fd);
        SSL_set_connect_state(w->ssl);
        SSL_set_tlsext_host_name(w->ssl, "palette.example");
        assert_int_equal(SSL_set1_host(w->ssl, "palette.example"), 1);
    }
    must(loop_watch_add(l, w->fd, EPOLLIN, on_web, w, &w->watch, &e), &e);
    if (tls)
        (void)SSL_connect(w->ssl); /* the hello; the rest goes with reading and writing */
}

void web_close(struct web *w)
{
    loop_watch_remove(&w->watch);
    SSL_free(w->ssl);
    w->ssl = NULL;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    buf_drop(&w->in);
    buf_drop(&w->out);
}

void web_half_close(struct web *w)
{
    assert_int_equal(w->out.len, 0);
    shutdown(w->fd, SHUT_WR);
}

void web_say_len(struct web *w, const void *bytes, size_t len)
{
    buf_add(&w->out, bytes, len);
    assert_false(w->out.full);
    web_flush(w);
    web_events(w);
}

void web_say(struct web *w, const char *text)
{
    web_say_len(w, text, strlen(text));
}

struct watch_dog {
    int64_t until_ns;
    struct loop_timer *timer;
};

static void on_dog(void *arg)
{
    (void)arg; /* only ends the wait, so that the time is looked at */
}

static void dog_round(struct loop *l, struct watch_dog *d, const char *what)
{
    if (clk_kernel_ns() > d->until_ns) {
        loop_timer_free(&d->timer);
        fail_msg("waited %d ms in vain for: %s", WEB_WAIT_MS, what);
    }
    assert_true(loop_once(l));
}

static struct watch_dog dog_new(struct loop *l)
{
    struct watch_dog d = {.until_ns = clk_kernel_ns() + (int64_t)WEB_WAIT_MS * 1000000};

    if (!clk_attached()) {
        d.timer = loop_timer_new(l, on_dog, NULL);
        loop_timer_set(d.timer, loop_now(l) + WEB_WAIT_MS + 1);
    }
    return d;
}

void web_until(struct web *w, const char *text)
{
    struct watch_dog dog = dog_new(w->loop);

    while (!memmem(buf_text(&w->in), w->in.len, text, strlen(text))) {
        if (w->eof || w->broken)
            fail_msg("the server left before it said: %s\nit said: %s", text, buf_text(&w->in));
        dog_round(w->loop, &dog, text);
    }
    loop_timer_free(&dog.timer);
}

void web_until_end(struct web *w)
{
    struct watch_dog dog = dog_new(w->loop);

    while (!w->eof && !w->broken)
        dog_round(w->loop, &dog, "the server's end");
    loop_timer_free(&dog.timer);
}

void web_until_set(struct loop *l, const bool *flag)
{
    struct watch_dog dog = dog_new(l);

    while (!*flag)
        dog_round(l, &dog, "a flag");
    loop_timer_free(&dog.timer);
}

static size_t answer_len(const struct web *w, bool head_only)
{
    const char *text = buf_text(&w->in);
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    size_t head = end ? (size_t)(end - text) + 4 : 0;
    size_t body = 0;

    if (!end)
        return 0;
    if (!head_only && length && length < end)
        body = strtoul(length + strlen("Content-Length: "), NULL, 10);
    return w->in.len >= head + body ? head + body : 0;
}

const char *web_answer(struct web *w, bool head_only)
{
    static char answer[65536];
    struct watch_dog dog = dog_new(w->loop);
    size_t len;

    while ((len = answer_len(w, head_only)) == 0) {
        if (w->eof || w->broken)
            fail_msg("the server left in the middle of: %s", buf_text(&w->in));
        dog_round(w->loop, &dog, "a whole answer");
    }
    loop_timer_free(&dog.timer);
    assert_true(len < sizeof(answer));
    memcpy(answer, w->in.data, len);
    answer[len] = '\0';
    buf_cut(&w->in, len);
    return answer;
}

const char *web_ask(struct web *w, const char *text, const char *status)
{
    const char *answer;

    web_say(w, text);
    answer = web_answer(w, false);
    if (!text_begins(answer, status))
        fail_msg("asked: %s\nwanted: %s\nseen: %s", text, status, answer);
    return answer;
}
