/* Bytes at the door of metrics and health: an answer of one of four kinds, or a hang-up. */
#include "gateway/peek.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct peek *peek;
static struct sockaddr_un door = {.sun_family = AF_UNIX};

static const struct watch *look(void *arg)
{
    static const struct watch nothing = {.state.version = "1"};

    (void)arg;
    return &nothing;
}

static void close_all(void)
{
    peek_close(peek);
    loop_free(loop);
}

static void open_once(void)
{
    char where[128];
    struct err e;

    if (peek)
        return;
    snprintf(door.sun_path, sizeof(door.sun_path), "/tmp/peek_fuzz.%d", (int)getpid());
    snprintf(where, sizeof(where), "unix:%s", door.sun_path);
    if (loop_new(&loop, NULL, &e) < 0 || peek_open(&peek, loop, where, look, NULL, &e) < 0 ||
        atexit(close_all))
        abort();
}

static void answer_check(const char *answer)
{
    static const char *const beginnings[] = {
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 503 Service Unavailable\r\n", "HTTP/1.1 404 Not Found\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\n"};
    bool known = !*answer;

    for (size_t i = 0; i < COUNTOF(beginnings); i++)
        known = known || text_begins(answer, beginnings[i]);
    assert(known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answer[PEEK_ANSWER_MAX + KIB(2)];
    size_t len = 0;
    ssize_t n = 0;
    int fd;

    open_once();
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&door, sizeof(door)) < 0)
        abort();
    (void)!send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT); /* more than it holds: torn */
    shutdown(fd, SHUT_WR);
    do {
        loop_once(loop);
        while ((n = recv(fd, answer + len, sizeof(answer) - 1 - len, MSG_DONTWAIT)) > 0)
            len += (size_t)n;
        assert(len < sizeof(answer) - 1);
    } while (n < 0 && errno == EAGAIN);
    answer[len] = '\0';
    answer_check(answer);
    close(fd);
    return 0;
}
