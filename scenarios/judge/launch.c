/* The launch contract, judged by the launcher's records alone. It is no rule of the topology: a
 * gateway that breaks it cannot be trusted to have been tested at all. */
#include "scenarios/judge/laws_private.h"

#include "lib/base/text.h"

#include <stdio.h>

#define SIGNAL_KILL      9
#define EXIT_UNSUPPORTED 89 /* GP-9 */

struct launch {
    bool started, asked, killed, refused; /* since the last start, but for started */
    bool stepped;
};

static const char expected[] =
    "ends only when asked and with status 0, leaves nothing, keeps quiet";

static void broken(struct story_verdict *ret, const struct event *e, const char *clause,
                   const char *seen)
{
    if (ret->verdict == VERDICT_FAIL)
        return;
    law_fail(ret, expected, "%s", seen);
    text_copy(ret->clause, sizeof(ret->clause), clause);
    law_witness(ret, e);
}

static void judge_exit(const struct launch *l, const struct event *e, struct story_verdict *ret)
{
    int64_t status = ev_int(e, EVF_STATUS), signal = ev_int(e, EVF_SIGNAL);
    char seen[96];

    if (l->killed)
        return;
    snprintf(seen, sizeof(seen), "it ended with %s %s%s", signal > 0 ? "signal" : "status",
             ev_text(e, signal > 0 ? EVF_SIGNAL : EVF_STATUS), l->asked ? "" : ", unasked");
    if (status == EXIT_UNSUPPORTED && !l->asked && ret->verdict != VERDICT_FAIL) {
        law_fail(ret, expected, "it refused a feature that its manifest declares (status 89)");
        ret->verdict = VERDICT_UNDECLARED;
        text_copy(ret->clause, sizeof(ret->clause), "GP-9, GP-16");
        law_witness(ret, e);
    } else if (!l->asked && (!l->refused || signal > 0 || status == 0)) {
        broken(ret, e, "GP-16", seen);
    } else if (l->asked && (signal > 0 || status != 0)) {
        broken(ret, e, "GP-12, GP-17", seen);
    }
}

static void judge_hung(const struct launch *l, const struct event *e, struct story_verdict *ret)
{
    if (l->asked)
        broken(ret, e, "GP-12", "it did not end within its stop_seconds after TERM");
    else
        broken(ret, e, l->stepped ? "GP-114" : "GP-12", "it hung: neither waiting nor ending");
}

/* A refusal that lasts is the one reason to end by oneself (GP-35). */
static bool is_refusal(const struct event *e)
{
    return e->kind == EV_PAL_ENROL && ev_int(e, EVF_ACCEPTED) == 0;
}

static void follow(struct launch *l, const struct event *e)
{
    if (e->kind == EV_RUN_BEGIN)
        l->stepped = ev_is(e, EVF_CLOCK, "stepped");
    if (law_is_start(e))
        *l = (struct launch){.started = true, .stepped = l->stepped};
    l->asked = l->asked || law_is_prog(e, "stopped");
    l->killed = l->killed || (law_is_prog(e, "signalled") && ev_int(e, EVF_SIGNAL) == SIGNAL_KILL);
    l->refused = l->refused || is_refusal(e);
}

bool law_launch(const struct ev_list *journal, struct story_verdict *ret)
{
    struct launch l = {0};

    *ret = (struct story_verdict){.rule = "LAUNCH", .verdict = VERDICT_PASS};
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        follow(&l, e);
        if (law_is_prog(e, "exited"))
            judge_exit(&l, e, ret);
        else if (law_is_prog(e, "hung"))
            judge_hung(&l, e, ret);
        else if (law_is_prog(e, "flooded"))
            broken(ret, e, "GP-18", "it wrote more output than is kept");
        else if (law_is_prog(e, "unsynced"))
            broken(ret, e, "GP-8", "it took a step before the record for it was durable");
        else if (law_is_prog(e, "forked-away"))
            broken(ret, e, "GP-13", "a process of it outlived its kill");
    }
    if (ret->verdict == VERDICT_PASS) {
        law_pass(ret, expected, "so it did");
        text_copy(ret->clause, sizeof(ret->clause), "GP-12, GP-13, GP-16, GP-17, GP-18");
    }
    return l.started || ret->verdict != VERDICT_PASS;
}
