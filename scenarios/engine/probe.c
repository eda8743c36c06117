#include "scenarios/engine/probe.h"

#include "lib/base/text.h"
#include "scenarios/engine/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG        LAB_REACH_MAX
#define REFUSAL_MAX_MS 30000 /* of kernel time; only ever waited for where somebody is silent */

enum outcome { OUTCOME_NONE, OUTCOME_OPEN, OUTCOME_REFUSED };

struct row {
    struct probe *p;
    const struct lab_host *from, *to;
    int fd;
    struct loop_watch *watch;
    enum outcome outcome;
    bool seen;                     /* on the source's link */
    char seen_as[LAB_ADDRESS_MAX]; /* on the target's link, "" = it did not get there */
};

struct probe {
    struct probe_config config;
    probe_done_fn *done;
    void *arg;
    struct loop_timer *silence;
    size_t n_open; /* rows without an outcome */
    struct row rows[LAB_REACH_MAX];
    size_t n_listeners;
    int listeners[LAB_HOSTS_MAX];
};

static int target_port(const struct lab_host *h)
{
    return h->listen != 0 ? h->listen : PROBE_LISTEN_PORT;
}

static bool target_address(const struct row *r, struct sockaddr_in *ret)
{
    *ret = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)target_port(r->to))};
    return inet_pton(AF_INET, r->to->links[0].address, &ret->sin_addr) == 1;
}

/* --- what is found ------------------------------------------------------------------------------
 */

static bool has_link(const struct lab_host *h, const char *zone)
{
    return labnet_address_in(h, zone) != NULL;
}

void probe_try(struct probe *p, const struct capture_try *t)
{
    /* Masquerading keeps a source port that is free, and ours are. */
    size_t i = (size_t)(t->from_port - PROBE_PORT);
    if (t->from_port < PROBE_PORT || i >= p->config.lab->n_reach)
        return;
    struct row *r = &p->rows[i];
    if (t->to_port != target_port(r->to) || !text_is(t->to_ip, r->to->links[0].address))
        return;
    if (has_link(r->from, t->link))
        r->seen = true;
    if (has_link(r->to, t->link))
        (void)text_copy(r->seen_as, sizeof(r->seen_as), t->from_ip);
}

static const char *answer_of(const struct row *r, const char *expected_as)
{
    const char *own = r->from->links[0].address;
    if (r->outcome == OUTCOME_REFUSED)
        return reach_name(REACH_REFUSED);
    if (!r->seen)
        return "unseen";
    if (r->outcome == OUTCOME_NONE)
        return reach_name(REACH_DROP);
    if (r->seen_as[0] == '\0') /* it was answered, and never came to the target's own link */
        return reach_name(REACH_DECOY);
    if (text_is(r->seen_as, own))
        return reach_name(REACH_OPEN);
    /* By a wrong address is not as the table says: the address itself is the answer. */
    return text_is(r->seen_as, expected_as) ? reach_name(REACH_NAT) : r->seen_as;
}

static void tell(const struct row *r)
{
    const struct probe_config *c = &r->p->config;
    const char *seen_as;
    struct event e;
    enum reach expected = lab_reaches(c->lab, r->from->role, r->to->role, &seen_as);
    ev_init(&e, EV_PROBE, clk_domain_ms(c->domain));
    ev_text_add(&e, EVF_FROM, r->from->role);
    ev_text_add(&e, EVF_TO, r->to->role);
    ev_text_add(&e, EVF_ANSWER, answer_of(r, seen_as));
    ev_text_add(&e, EVF_EXPECTED, reach_name(expected));
    ev_text_add(&e, EVF_FROM_IP, r->seen_as);
    journal_put(c->journal, &e);
}

/* On a busy machine a router's answer may stand in the kernel's queue while the domain's time goes
 * on. Who is to be refused is awaited; who is not answered then is silent. */
static void await_refusal(struct probe *p, size_t i)
{
    struct row *r = &p->rows[i];
    struct sockaddr_in to;
    if (p->config.lab->reach[i].reach != REACH_REFUSED || r->outcome != OUTCOME_NONE)
        return;
    (void)target_address(r, &to); /* it was one at the start */
    const int code = answer_await(r->fd, &to, REFUSAL_MAX_MS);
    if (code != -EALREADY)
        r->outcome = code == 0 ? OUTCOME_OPEN : OUTCOME_REFUSED;
}

static void finish(void *arg)
{
    struct probe *p = arg;
    for (size_t i = 0; i < p->config.lab->n_reach; i++)
        await_refusal(p, i);
    for (size_t i = 0; i < p->config.lab->n_reach; i++)
        tell(&p->rows[i]);
    p->done(p->arg);
}

static void decide(struct row *r, int error)
{
    struct probe *p = r->p;
    loop_watch_remove(&r->watch);
    r->outcome = error == 0 ? OUTCOME_OPEN : OUTCOME_REFUSED;
    /* Told from the timer, also when all are answered: the capture may have its turn before. */
    if (--p->n_open == 0)
        loop_timer_set(p->silence, loop_now(p->config.loop) + 1);
}

static void on_outcome(void *arg, uint32_t events)
{
    struct row *r = arg;
    (void)events;
    decide(r, answer_take(r->fd));
}

/* --- the start ----------------------------------------------------------------------------------
 */

static int bound_socket(struct probe *p, const struct lab_host *h, int port, struct err *e)
{
    const struct probe_config *c = &p->config;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, ns = labnet_host(c->net, labnet_host_index(c->lab, h));
    if (inet_pton(AF_INET, h->links[0].address, &a.sin_addr) != 1)
        return err_set(e, -EINVAL, "%s: no IPv4 address", h->name);
    int fd = labnet_socket(c->net, ns, AF_INET, SOCK_STREAM, 0, e);
    if (fd < 0)
        return fd;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        int r = err_errno(e, "%s: bind port %d for a probe", h->name, port);
        close(fd);
        return r;
    }
    return fd;
}

/* Somebody who listens already is as good. */
static int listen_at(struct probe *p, const struct lab_host *h, struct err *e)
{
    struct err why = {0};
    int fd = bound_socket(p, h, target_port(h), &why);
    if (fd == -EADDRINUSE)
        return 0;
    if (fd < 0)
        return err_set(e, fd, "%s", why.text);
    p->listeners[p->n_listeners++] = fd;
    if (listen(fd, BACKLOG) < 0)
        return errno == EADDRINUSE ? 0 : err_errno(e, "%s: listen for a probe", h->name);
    return 0;
}

static int row_start(struct row *r, int port, struct err *e)
{
    struct sockaddr_in a;
    r->fd = bound_socket(r->p, r->from, port, e);
    if (r->fd < 0)
        return r->fd;
    if (!target_address(r, &a))
        return err_set(e, -EINVAL, "%s: no IPv4 address", r->to->name);
    r->p->n_open++;
    if (connect(r->fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS) {
        decide(r, errno);
        return 0;
    }
    return loop_watch_add(r->p->config.loop, r->fd, EPOLLOUT, on_outcome, r, &r->watch, e);
}

static int rows_start(struct probe *p, struct err *e)
{
    const struct lab *l = p->config.lab;
    int r = 0;
    for (size_t i = 0; i < l->n_reach && r >= 0; i++) {
        struct row *row = &p->rows[i];
        *row = (struct row){.p = p,
                            .from = lab_role(l, l->reach[i].from),
                            .to = lab_role(l, l->reach[i].to),
                            .fd = -1};
        if (row->from == NULL || row->to == NULL)
            return err_set(e, -EINVAL, "lab %s: reach[%zu] names a role nobody has", l->name, i);
        r = row_start(row, PROBE_PORT + (int)i, e);
    }
    return r;
}

int probe_start(struct probe **ret, const struct probe_config *c, probe_done_fn *done, void *arg,
                struct err *e)
{
    struct probe *p = calloc(1, sizeof(*p));
    int r = 0;
    if (p == NULL)
        WRONG("out of memory");
    *p = (struct probe){.config = *c, .done = done, .arg = arg};
    for (size_t i = 0; i < LAB_REACH_MAX; i++)
        p->rows[i].fd = -1;
    p->silence = loop_timer_new(c->loop, finish, p);
    loop_timer_set(p->silence, loop_now(c->loop) + c->silence_ms);
    for (size_t i = 0; i < c->lab->n_hosts && r == 0; i++)
        r = listen_at(p, &c->lab->hosts[i], e);
    if (r == 0)
        r = rows_start(p, e);
    if (r < 0) {
        probe_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void probe_free(struct probe *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < LAB_REACH_MAX; i++) {
        loop_watch_remove(&p->rows[i].watch);
        if (p->rows[i].fd >= 0)
            close(p->rows[i].fd);
    }
    for (size_t i = 0; i < p->n_listeners; i++)
        close(p->listeners[i]);
    loop_timer_free(&p->silence);
    free(p);
}
