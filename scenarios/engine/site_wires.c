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
