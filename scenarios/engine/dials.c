#include "scenarios/engine/dials.h"

#include "lib/base/text.h"

#include "scenarios/engine/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(struct dial *x)
{
    loop_watch_remove(&x->watch);
    loop_timer_free(&x->late);
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}

static void tell(struct dial *x, const char *answer)
{
    struct world *w = x->all->w;
    struct event e;
    ev_init(&e, EV_NODE_DIAL, world_now(w));
    ev_text_add(&e, EVF_MACHINE, x->from);
    ev_text_add(&e, EVF_TO, x->to);
    ev_text_add(&e, EVF_ANSWER, answer);
    journal_put(w->rings.ring[EVS_AGENT], &e);
    end(x);
}

static void on_answer(void *arg, uint32_t events)
{
    struct dial *x = arg;
    (void)events;
    tell(x, reach_name(answer_take(x->fd) == 0 ? REACH_OPEN : REACH_REFUSED));
}

static void on_late(void *arg)
{
    struct dial *x = arg;
    tell(x, reach_name(answer_take(x->fd) == 0 ? REACH_DROP : REACH_REFUSED));
}

/* From that host's namespace; false: the harness cannot, and nothing is said. */
static bool call(struct dial *x, const struct lab_host *from, const char *address)
{
    const struct world *w = x->all->w;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DIALS_PORT)};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return false;
    x->fd = w->ground->socket(w, from, NULL);
    if (x->fd < 0)
        return false;
    return (connect(x->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS) &&
           loop_watch_add(w->loop, x->fd, EPOLLOUT, on_answer, x, &x->watch, NULL) == 0;
}

static void dial(struct dial *x, const char *name, const char *address)
{
    struct world *w = x->all->w;
    const struct lab_host *from = nodes_beside(x->all->nodes, address);
    if (from == NULL)
        from = lab_role(w->run->lab, "maas");
    end(x);
    x->from = from->name;
    if (!text_copy(x->to, sizeof(x->to), name))
        return;
    if (!call(x, from, address)) {
        end(x);
        return;
    }
    x->late = loop_timer_new(w->loop, on_late, x);
    loop_timer_set(x->late, world_after(w, DIALS_MAX_MS));
}

static void on_next(void *arg)
{
    struct dials *d = arg;
    const char *name, *address;
    bool any = false;
    for (size_t i = 0; i < DIALS_MAX && names_at(d->w->names, i, &name, &address); i++)
        if (address[0] != '\0') {
            any = true;
            dial(&d->at[i], name, address);
        }
    loop_timer_set(d->next, any ? world_after(d->w, DIALS_EVERY_MS) : MS_NEVER);
}

void dials_init(struct dials *d, struct world *w, const struct nodes *nodes)
{
    *d = (struct dials){.w = w, .nodes = nodes};
    for (size_t i = 0; i < DIALS_MAX; i++)
        d->at[i] = (struct dial){.all = d, .fd = -1};
    d->next = loop_timer_new(w->loop, on_next, d);
}

void dials_wake(struct dials *d)
{
    if (d->next != NULL && loop_timer_at(d->next) == MS_NEVER)
        loop_timer_set(d->next, world_after(d->w, DIALS_EVERY_MS));
}

void dials_free(struct dials *d)
{
    if (d->w == NULL)
        return;
    for (size_t i = 0; i < DIALS_MAX; i++)
        end(&d->at[i]);
    loop_timer_free(&d->next);
}
