#include "lib/io/call_inner.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static void on_curl_due(void *arg)
{
    struct caller *k = arg;
    int running;

    curl_multi_socket_action(k->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    call_reap(k);
}

/* Lives from curl's first word about a socket to its last. Curl closes a socket that is still
 * connecting before it says so; what is watched is therefore a copy of the descriptor, which only
 * we close. */
struct call_socket {
    struct caller *caller;
    struct call_socket *next;
    curl_socket_t fd;
    int copy_fd;
    struct loop_watch *watch;
};

static void on_socket(void *arg, uint32_t events)
{
    struct call_socket *s = arg;
    struct caller *k = s->caller;
    int running;
    int bits = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

    /* `s` may be gone after this. */
    curl_multi_socket_action(k->multi, s->fd, bits, &running);
    call_reap(k);
}

static void socket_forget(struct call_socket *s)
{
    struct call_socket **at = &s->caller->sockets;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    loop_watch_remove(&s->watch);
    if (s->copy_fd >= 0)
        close(s->copy_fd);
    free(s);
}

static struct call_socket *socket_new(struct caller *k, curl_socket_t fd)
{
    struct call_socket *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    *s = (struct call_socket){
        .caller = k, .fd = fd, .copy_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .next = k->sockets};
    k->sockets = s;
    curl_multi_assign(k->multi, fd, s);
    return s;
}

/* A socket that cannot be watched is left alone: its call ends by its time-out. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    static const uint32_t events[] = {[CURL_POLL_NONE] = 0,
                                      [CURL_POLL_IN] = EPOLLIN,
                                      [CURL_POLL_OUT] = EPOLLOUT,
                                      [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT};
    struct caller *k = arg;
    struct call_socket *s = of_socket;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            socket_forget(s);
        return 0;
    }
    assert(what >= 0 && (size_t)what < COUNTOF(events));
    if (!s)
        s = socket_new(k, fd);
    if (s->watch)
        loop_watch_change(s->watch, events[what]);
    else if (s->copy_fd >= 0 &&
             loop_watch_add(k->loop, s->copy_fd, events[what], on_socket, s, &s->watch, NULL) < 0)
        s->watch = NULL;
    return 0;
}

static int on_curl_timer(CURLM *multi, long in_ms, void *arg)
{
    struct caller *k = arg;

    (void)multi;
    loop_timer_set(k->due, in_ms < 0 ? MS_NEVER : loop_now(k->loop) + in_ms);
    return 0;
}

void call_curl_start(struct caller *k)
{
    k->due = loop_timer_new(k->loop, on_curl_due, k);
    k->multi = curl_multi_init();
    if (!k->multi)
        abort();
    curl_multi_setopt(k->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(k->multi, CURLMOPT_SOCKETDATA, k);
    curl_multi_setopt(k->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(k->multi, CURLMOPT_TIMERDATA, k);
    curl_multi_setopt(k->multi, CURLMOPT_MAXCONNECTS, (long)CALL_IDLE_MAX);
    curl_multi_setopt(k->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

void call_curl_end(struct caller *k)
{
    curl_multi_cleanup(k->multi);
    while (k->sockets)
        socket_forget(k->sockets);
    loop_timer_free(&k->due);
}
