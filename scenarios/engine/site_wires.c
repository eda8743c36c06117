/* Cut wires of a site. What was sent into a cut is gone for good: no sender of a simulated segment
 * tries again, so a call that met a cut ends by its caller's patience, as it does where a day
 * passes in less time than the kernel takes to repeat itself. */
#include "scenarios/engine/site_private.h"

bool site_wire_act(struct site *s, const struct script_line *line)
{
    return wires_act(&s->wires, line);
}

enum reach site_wire_reach(const struct site *s, const struct lab_host *from,
                           const struct lab_host *to, enum reach reach, size_t *n_hops)
{
    const enum wire_fate out = wires_fate(&s->wires, from, to);

    if (out != WIRE_OPEN)
        *n_hops = 1; /* only the sender's own link sees it */
    if (out == WIRE_RESETS)
        return REACH_REFUSED;
    return out == WIRE_SILENT || wires_fate(&s->wires, to, from) != WIRE_OPEN ? REACH_DROP : reach;
}

enum wire_fate site_wire_fate(const struct site *s, const struct site_call *c, bool answers)
{
    const struct lab_host *near = site_host_of(s, c->caller);
    const struct lab_host *far = lab_role(s->lab, s->servers[c->server].role);
    enum wire_fate fate;

    if (c->via != NULL) { /* two legs, and the first one that is cut decides */
        fate = answers ? wires_fate(&s->wires, far, c->via) : wires_fate(&s->wires, near, c->via);
        if (fate != WIRE_OPEN)
            return fate;
        return answers ? wires_fate(&s->wires, c->via, near) : wires_fate(&s->wires, c->via, far);
    }
    return answers ? wires_fate(&s->wires, far, near) : wires_fate(&s->wires, near, far);
}

/* --- routers that forget ---------------------------------------------------------------------- */

static void tell_forgotten(struct site *s, const struct lab_host *router, int64_t n)
{
    struct event e;

    ev_init(&e, EV_ROUTER_FORGOT, s->now);
    ev_text_add(&e, EVF_NAME, router->name);
    ev_int_add(&e, EVF_COUNT, n);
    site_put(s, EVS_ENGINE, &e);
}

bool site_conn_forgotten(struct site *s, struct site_conn *c)
{
    if (c->router == NULL || c->forgotten || s->now - c->idle_since < SECONDS(c->router->forgets_s))
        return c->forgotten;
    c->forgotten = true;
    tell_forgotten(s, c->router, 1);
    return true;
}

static int64_t forget_all(struct site *s, const struct lab_host *router)
{
    int64_t n = 0;

    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (!c->open || c->router != router || c->forgotten)
            continue;
        c->forgotten = true;
        n++;
    }
    return n;
}

bool site_router_forgets(struct site *s, const struct script_line *line)
{
    bool done = false;

    (void)line;
    for (size_t i = 0; i < s->lab->n_hosts; i++) {
        const struct lab_host *router = &s->lab->hosts[i];

        if (router->forgets_s == 0)
            continue;
        tell_forgotten(s, router, forget_all(s, router));
        done = true;
    }
    return done;
}
