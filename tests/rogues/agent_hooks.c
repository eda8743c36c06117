/* The door of agents: one whose user data names a second way out takes it while the first one
 * fails. No agent of ours knows of such a thing, and no good gateway writes it (relay.backup does).
 * That it was used is seen on the wire. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"
#include "tests/rogues/second_way.h"

void __real_agent_step(struct agent *a, const struct agent_event *event, struct agent_effects *fx);
void __wrap_agent_step(struct agent *a, const struct agent_event *event, struct agent_effects *fx);

static bool keeps_failing(const struct agent *a, uint64_t ticket)
{
    for (size_t i = 0; i < AGENT_ERRANDS; i++)
        if (a->errands[i].ticket == ticket)
            return a->errands[i].failures >= SECOND_WAY_AFTER;
    return false;
}

void __wrap_agent_step(struct agent *a, const struct agent_event *event, struct agent_effects *fx)
{
    const size_t before = fx->n;
    const char *way;

    __real_agent_step(a, event, fx);
    way = tree_text(&a->files, SECOND_WAY_PATH);
    for (size_t i = before; *way && i < fx->n; i++)
        if (fx->at[i].kind == AGENT_FX_CALL && fx->at[i].target == AGENT_PALETTE &&
            keeps_failing(a, fx->at[i].ticket))
            (void)text_copy(fx->at[i].call.proxy, sizeof fx->at[i].call.proxy, way);
}
