#include "scenarios/engine/holds.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only wakes the loop: the round that follows reads. */
static void on_stands(void *arg, uint32_t events)
{
    (void)arg;
    (void)events;
}

static int end_open(struct hold_end *at, struct world *w, struct err *e)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return err_errno(e, "a socket on which a mock tells where it stands");
    at->ours_fd = fds[0];
    at->theirs_fd = fds[1];
    return loop_watch_add(w->loop, at->ours_fd, EPOLLIN, on_stands, at, &at->watch, e);
}

int holds_init(struct holds *h, struct world *w, const struct points *p, struct err *e)
{
    static const enum ev_kind kinds[HOLDS_SERVERS] = {EV_MAAS_CALL, EV_PAL_CALL};
    int r = 0;
    *h = (struct holds){.stepped = w->stepped};
    for (size_t i = 0; i < HOLDS_SERVERS; i++)
        h->at[i] = (struct hold_end){.kind = kinds[i], .ours_fd = -1, .theirs_fd = -1};
    for (size_t i = 0; i < HOLDS_SERVERS && r == 0; i++)
        if (points_ops(p, kinds[i], h->at[i].ops, sizeof(h->at[i].ops)))
            r = end_open(&h->at[i], w, e);
    return r;
}

const struct hold_end *holds_of(const struct holds *h, enum ev_kind kind)
{
    for (size_t i = 0; i < HOLDS_SERVERS; i++)
        if (h->at[i].kind == kind && h->at[i].theirs_fd >= 0)
            return &h->at[i];
    return NULL;
}

bool holds_next(struct holds *h, enum ev_kind *ret_kind, char ret_words[HOLD_LINE_MAX])
{
    for (size_t i = 0; i < HOLDS_SERVERS; i++) {
        struct hold_end *at = &h->at[i];
        ssize_t n = at->watch != NULL && !at->stands
                        ? recv(at->ours_fd, ret_words, HOLD_LINE_MAX - 1, MSG_DONTWAIT)
                        : -1;
        if (n <= 0)
            continue;
        ret_words[n] = '\0';
        *ret_kind = at->kind;
        at->stands = true;
        return true;
    }
    return false;
}

void holds_go(struct holds *h)
{
    for (size_t i = 0; i < HOLDS_SERVERS; i++)
        if (h->at[i].stands) {
            if (!h->stepped)
                (void)send(h->at[i].ours_fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            h->at[i].stands = false;
        }
}

static void end_close(struct hold_end *at)
{
    if (at->ops[0] == '\0')
        return;
    loop_watch_remove(&at->watch);
    if (at->ours_fd >= 0)
        close(at->ours_fd);
    if (at->theirs_fd >= 0)
        close(at->theirs_fd);
    at->ours_fd = at->theirs_fd = -1;
    at->stands = false;
}

int holds_renew(struct holds *h, struct world *w, enum ev_kind kind, struct err *e)
{
    for (size_t i = 0; i < HOLDS_SERVERS; i++) {
        struct hold_end *at = &h->at[i];
        if (at->kind != kind || at->ops[0] == '\0')
            continue;
        end_close(at);
        return end_open(at, w, e);
    }
    return 0;
}

void holds_end(struct holds *h)
{
    for (size_t i = 0; i < HOLDS_SERVERS; i++)
        end_close(&h->at[i]);
}
