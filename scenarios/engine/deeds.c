#include "scenarios/engine/deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

static void said(struct deeds *d)
{
    struct event e;
    d->line[d->len] = '\0';
    d->len = 0;
    ev_init(&e, EV_ROGUE_ACT, world_now(d->w));
    ev_text_add(&e, EVF_NAME, d->w->run->manifest->rogue);
    ev_text_add(&e, EVF_TEXT, d->line);
    world_put(d->w, &e);
}

static void heard(struct deeds *d, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            said(d);
        else if (d->len < sizeof(d->line) - 1) /* a longer line is cut */
            d->line[d->len++] = bytes[i];
    }
}

static void on_readable(void *arg, uint32_t events)
{
    struct deeds *d = arg;
    char bytes[DEEDS_LINE_MAX];
    ssize_t n;
    (void)events;
    while ((n = read(d->hear_fd, bytes, sizeof(bytes))) > 0)
        heard(d, bytes, (size_t)n);
}

int deeds_open(struct deeds *d, struct world *w, struct err *e)
{
    int fds[2];
    *d = (struct deeds){.w = w, .hear_fd = -1, .tell_fd = -1};
    if (w->run->manifest->rogue[0] == '\0')
        return 0;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe for a rogue");
    d->hear_fd = fds[0];
    d->tell_fd = fds[1];
    /* The rogue's end blocks: what it tells is not lost. */
    if (fcntl(d->hear_fd, F_SETFL, O_NONBLOCK) < 0)
        return err_errno(e, "a pipe for a rogue");
    return loop_watch_add(w->loop, d->hear_fd, EPOLLIN, on_readable, d, &d->watch, e);
}

void deeds_close(struct deeds *d)
{
    loop_watch_remove(&d->watch);
    if (d->tell_fd >= 0) {
        close(d->hear_fd);
        close(d->tell_fd);
    }
    d->hear_fd = d->tell_fd = -1;
}
