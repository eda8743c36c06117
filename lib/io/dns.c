#include "lib/io/dns.h"

#include "lib/base/text.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define DNS_NAME_MAX    256
#define DNS_WHY_MAX     64
#define DNS_SOCKETS_MAX 32 /* c-ares: one UDP and one TCP socket a server */

struct dns_ask {
    struct dns *dns;
    struct dns_ask *next;
    char host[DNS_NAME_MAX];
    dns_done_fn *done; /* NULL: cancelled, c-ares still owes its callback */
    void *arg;
    bool answered; /* waits for its turn on the loop */
    char addresses[DNS_ADDRESSES_MAX][DNS_ADDRESS_MAX];
    size_t n;
    char why[DNS_WHY_MAX];
};

struct dns_kept {
    char host[DNS_NAME_MAX];
    ms_t until; /* loop_now(); 0 = free place */
    char addresses[DNS_ADDRESSES_MAX][DNS_ADDRESS_MAX];
    size_t n;
};

struct dns_socket {
    struct dns *dns;
    ares_socket_t fd;
    struct loop_watch *watch; /* NULL = free place */
};

struct dns {
    struct loop *loop;
    ares_channel channel;
    struct loop_timer *due;   /* c-ares' own time-outs */
    struct loop_timer *ready; /* answers are handed out here, never within dns_lookup */
    struct dns_ask *asks, **last;
    size_t n_asks;
    struct dns_kept kept[DNS_CACHE_MAX];
    struct dns_socket sockets[DNS_SOCKETS_MAX];
};

/* --- c-ares on the loop --------------------------------------------------------------------- */

static void due_set(struct dns *d)
{
    struct timeval tv;

    if (!ares_timeout(d->channel, NULL, &tv)) {
        loop_timer_set(d->due, MS_NEVER);
        return;
    }
    /* Rounded up: a timer that fires early finds nothing to time out and only comes again. */
    loop_timer_set(d->due, loop_now(d->loop) + (ms_t)tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000);
}

static void on_due(void *arg)
{
    struct dns *d = arg;

    ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    due_set(d);
}

static void on_socket(void *arg, uint32_t events)
{
    struct dns_socket *s = arg;
    struct dns *d = s->dns;
    ares_socket_t fd = s->fd;
    bool readable = events & (EPOLLIN | EPOLLERR | EPOLLHUP);
    bool writable = events & EPOLLOUT;

    ares_process_fd(d->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    due_set(d);
}

static struct dns_socket *socket_find(struct dns *d, ares_socket_t fd)
{
    struct dns_socket *unused = NULL;

    for (size_t i = 0; i < DNS_SOCKETS_MAX; i++) {
        struct dns_socket *s = &d->sockets[i];

        if (s->watch && s->fd == fd)
            return s;
        if (!s->watch && !unused)
            unused = s;
    }
    return unused;
}

/* c-ares says what it wants to know of a socket; nothing means that it is about to close it. A
 * socket that finds no place is not watched: its question times out, as if the server were dead. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns *d = arg;
    struct dns_socket *s = socket_find(d, fd);
    uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);

    if (!s)
        return;
    if (!events) {
        loop_watch_remove(&s->watch);
        return;
    }
    if (s->watch) {
        loop_watch_change(s->watch, events);
        return;
    }
    s->fd = fd;
    if (loop_watch_add(d->loop, fd, events, on_socket, s, &s->watch, NULL) < 0)
        s->watch = NULL;
}

/* --- what is kept --------------------------------------------------------------------------- */

static struct dns_kept *kept_find(struct dns *d, const char *host)
{
    for (size_t i = 0; i < DNS_CACHE_MAX; i++)
        if (d->kept[i].until > loop_now(d->loop) && text_is_nocase(d->kept[i].host, host))
            return &d->kept[i];
    return NULL;
}

static void keep(struct dns *d, const struct dns_ask *a, ms_t ttl_ms)
{
    struct dns_kept *place = kept_find(d, a->host);

    if (ttl_ms <= 0)
        return;
    for (size_t i = 0; !place && i < DNS_CACHE_MAX; i++)
        if (d->kept[i].until <= loop_now(d->loop))
            place = &d->kept[i];
    if (!place) {
        place = &d->kept[0];
        for (size_t i = 1; i < DNS_CACHE_MAX; i++)
            if (d->kept[i].until < place->until)
                place = &d->kept[i];
    }
    (void)text_copy(place->host, sizeof(place->host), a->host);
    memcpy(place->addresses, a->addresses, sizeof(place->addresses));
    place->n = a->n;
    place->until = loop_now(d->loop) + ms_min(ttl_ms, DNS_KEEP_MAX_MS);
}

void dns_forget(struct dns *d, const char *host)
{
    struct dns_kept *k = kept_find(d, host);

    if (k)
        k->until = 0;
}

/* --- questions ------------------------------------------------------------------------------ */

static void answered(struct dns_ask *a)
{
    a->answered = true;
    loop_timer_set(a->dns->ready, loop_now(a->dns->loop));
}

static void refuse(struct dns_ask *a, const char *why)
{
    a->n = 0;
    (void)text_copy(a->why, sizeof(a->why), why);
    answered(a);
}

static void address_add(struct dns_ask *a, const struct ares_addrinfo_node *node)
{
    const void *bytes;

    if (a->n == DNS_ADDRESSES_MAX)
        return;
    if (node->ai_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
    else
        bytes = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
    if (inet_ntop(node->ai_family, bytes, a->addresses[a->n], DNS_ADDRESS_MAX))
        a->n++;
}

/* IPv4 first whichever answer arrived first: two runs must not differ by that. */
static ms_t addresses_take(struct dns_ask *a, const struct ares_addrinfo *info)
{
    static const int families[] = {AF_INET, AF_INET6};
    ms_t ttl_ms = DNS_KEEP_MAX_MS;

    for (size_t f = 0; f < COUNTOF(families); f++) {
        for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
            if (node->ai_family != families[f])
                continue;
            address_add(a, node);
            ttl_ms = ms_min(ttl_ms, SECONDS(node->ai_ttl));
        }
    }
    return ttl_ms;
}

static void ask_unlink(struct dns_ask *a)
{
    struct dns *d = a->dns;
    struct dns_ask **at = &d->asks;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    if (d->last == &a->next)
        d->last = at;
    d->n_asks--;
    free(a);
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct dns_ask *a = arg;

    (void)timeouts;
    if (status == ARES_SUCCESS && info) {
        ms_t ttl_ms = addresses_take(a, info);

        if (a->n)
            keep(a->dns, a, ttl_ms);
    }
    if (info)
        ares_freeaddrinfo(info);
    if (!a->done) {
        ask_unlink(a);
        return;
    }
    if (a->n)
        answered(a);
    else
        refuse(a, status == ARES_SUCCESS ? "the name has no address" : ares_strerror(status));
}

static void on_ready(void *arg)
{
    struct dns *d = arg;
    struct dns_ask *a = d->asks;

    while (a && !a->answered)
        a = a->next;
    if (!a)
        return;
    /* One at a time: what a callback starts or cancels may change the list. */
    loop_timer_set(d->ready, loop_now(d->loop));
    dns_done_fn *done = a->done;
    void *done_arg = a->arg;
    char addresses[DNS_ADDRESSES_MAX][DNS_ADDRESS_MAX];
    char why[DNS_WHY_MAX];
    size_t n = a->n;

    memcpy(addresses, a->addresses, sizeof(addresses));
    memcpy(why, a->why, sizeof(why));
    ask_unlink(a);
    done(done_arg, addresses, n, why);
}

static bool is_literal(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static void ask_begin(struct dns_ask *a)
{
    static const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
    struct dns *d = a->dns;
    const struct dns_kept *kept = kept_find(d, a->host);

    if (is_literal(a->host)) {
        (void)text_copy(a->addresses[0], DNS_ADDRESS_MAX, a->host);
        a->n = 1;
        answered(a);
    } else if (kept) {
        memcpy(a->addresses, kept->addresses, sizeof(a->addresses));
        a->n = kept->n;
        answered(a);
    } else {
        ares_getaddrinfo(d->channel, a->host, NULL, &hints, on_answer, a);
        due_set(d);
    }
}

struct dns_ask *dns_lookup(struct dns *d, const char *host, dns_done_fn *done, void *arg)
{
    struct dns_ask *a = calloc(1, sizeof(*a));

    assert(done);
    if (!a)
        abort();
    *a = (struct dns_ask){.dns = d, .done = done, .arg = arg};
    *d->last = a;
    d->last = &a->next;
    d->n_asks++;
    if (!text_copy(a->host, sizeof(a->host), host) || !*host)
        refuse(a, "this is no host name");
    else if (d->n_asks > DNS_ASKS_MAX)
        refuse(a, "too many names are being asked for at once");
    else
        ask_begin(a);
    return a;
}

void dns_cancel(struct dns_ask **ask)
{
    struct dns_ask *a = STEAL(*ask);

    if (!a)
        return;
    a->done = NULL;
    if (a->answered)
        ask_unlink(a);
}

/* --- birth and end -------------------------------------------------------------------------- */

int dns_servers(struct dns *d, const char *servers, struct err *e)
{
    int status = ares_set_servers_ports_csv(d->channel, servers);

    if (status != ARES_SUCCESS)
        return err_set(e, -EINVAL, "name servers \"%s\": %s; wanted are ADDRESS[:PORT] with commas",
                       servers, ares_strerror(status));
    return 0;
}

int dns_new(struct dns **ret, struct loop *l, struct err *e)
{
    struct dns *d = calloc(1, sizeof(*d));
    struct ares_options options = {.sock_state_cb = on_state,
                                   .sock_state_cb_data = d,
                                   .timeout = DNS_TRY_MS,
                                   .tries = DNS_TRIES};
    int status;

    if (!d)
        abort();
    d->loop = l;
    d->last = &d->asks;
    for (size_t i = 0; i < DNS_SOCKETS_MAX; i++)
        d->sockets[i].dns = d;
    status = ares_init_options(&d->channel, &options,
                               ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS) {
        free(d);
        return err_set(e, -EIO, "the resolver cannot start: %s; is /etc/resolv.conf readable?",
                       ares_strerror(status));
    }
    d->due = loop_timer_new(l, on_due, d);
    d->ready = loop_timer_new(l, on_ready, d);
    *ret = d;
    return 0;
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    for (struct dns_ask *a = d->asks; a; a = a->next)
        a->done = NULL;
    ares_destroy(d->channel); /* calls back every question still open, which frees it */
    while (d->asks)
        ask_unlink(d->asks);
    loop_timer_free(&d->due);
    loop_timer_free(&d->ready);
    free(d);
}
