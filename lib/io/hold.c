#include "lib/io/hold.h"

#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct hold {
    struct loop *loop;
    int fd; /* -1: nobody listens any more */
    const char *ops;
};

int hold_new(struct hold **ret, struct loop *l, int fd, const char *ops, struct err *e)
{
    const struct timeval patience = {.tv_sec = HOLD_MAX_MS / 1000};
    struct hold *h;

    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
        return err_errno(e, "descriptor %d to hold at", fd);
    h = calloc(1, sizeof(*h));
    if (h == NULL)
        WRONG("out of memory");
    *h = (struct hold){.loop = l, .fd = fd, .ops = ops};
    *ret = h;
    return 0;
}

void hold_free(struct hold *h)
{
    if (h == NULL)
        return;
    if (h->fd >= 0)
        (void)close(h->fd);
    free(h);
}

bool hold_wants(const struct hold *h, const char *op)
{
    const char *at = h->ops;
    char one[64];

    while (h->fd >= 0 && text_next(&at, ',', one, sizeof(one)))
        if (text_is(one, op))
            return true;
    return false;
}

static void hold_over(struct hold *h)
{
    (void)close(h->fd);
    h->fd = -1;
}

/* A word that came too late is not taken for the next one. */
static void await_word(struct hold *h, const char *line)
{
    char go;
    ssize_t n = recv(h->fd, &go, 1, 0);

    if (n < 0 && errno == EAGAIN)
        fprintf(stderr, "nobody let us go on at: %s\n", line);
    else if (n <= 0)
        hold_over(h);
}

void hold_at(struct hold *h, const char *phase, const char *what)
{
    char line[HOLD_LINE_MAX], late;
    int n = snprintf(line, sizeof(line), "%s %s", phase, what);

    assert(n > 0 && (size_t)n < sizeof(line));
    if (h->fd < 0)
        return;
    while (recv(h->fd, &late, 1, MSG_DONTWAIT) > 0)
        ;
    if (send(h->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
        hold_over(h);
    else if (!loop_hold(h->loop))
        await_word(h, line);
}
