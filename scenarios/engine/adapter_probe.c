#include "scenarios/engine/adapter_probe.h"

#include "scenarios/engine/guest.h"
#include "scenarios/engine/mocks.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define REFUSE_MAX_MS  SECONDS(10) /* GP-9 */
#define STATUS_REFUSED 89
#define PROBE_UID      "000000000000000000000001"
#define PROBE_CODE     "adapter-probe-code"

struct trial {
    struct world w;
    struct guest g;
    bool connected, ended, late, stopped, hung;
};

static void on_try(void *arg, const struct capture_try *t)
{
    struct trial *x = arg;
    const struct lab_host *h = lab_host_at(x->w.run->lab, t->from_ip);
    if (h != NULL && text_is(h->role, GUEST_NAME))
        x->connected = true;
}

static void on_ended(void *arg)
{
    ((struct trial *)arg)->ended = true;
}

static void on_late(void *arg)
{
    ((struct trial *)arg)->late = true;
}

static void on_lost(void *arg, struct ctl_slot *s, const char *why)
{
    struct trial *x = arg;
    x->hung = x->hung || text_is(why, "hung");
    guest_lost(&x->g, s, why);
}

/* One start, to its end. TERM after the first connection, or after `max_ms`. */
static int run_once(struct trial *x, const char *contract, const char *features, ms_t max_ms,
                    struct err *e)
{
    struct loop_timer *t = loop_timer_new(x->w.loop, on_late, x);
    x->connected = x->ended = x->late = x->stopped = false;
    x->g.contract = contract;
    x->g.features = features;
    int r = guest_start(&x->g, e);
    loop_timer_set(t, loop_now(x->w.loop) + max_ms);
    while (r == 0 && !x->ended) {
        if ((x->connected || x->late) && !x->stopped) {
            x->stopped = true;
            guest_stop(&x->g);
            continue;
        }
        (void)loop_once(x->w.loop);
    }
    loop_timer_free(&t);
    return r;
}

static int judge_end(const struct trial *x, const char *which, int wanted, struct err *e)
{
    int value = 0;
    if (x->hung)
        return err_set(
            e, -EPROTO,
            "%s does not keep the launch contract: started %s under the clock 'stepped', "
            "which it declares, it never rested on the clock page (GP-114, "
            "docs/time.md)",
            x->w.run->manifest->name, which);
    bool exited = prog_exited(x->g.at.prog, &value);
    if (exited && value == wanted)
        return 0;
    return err_set(
        e, -EPROTO,
        "%s does not keep the launch contract: started %s it ended with %s %d instead of "
        "status %d (GP-20, GP-9, GP-12, GP-17); its output is in %s/" GUEST_NAME ".log",
        x->w.run->manifest->name, which, exited ? "status" : "signal", value, wanted,
        x->w.run->out_dir);
}

static int try_refusal(struct trial *x, const char *contract, const char *features,
                       const char *which, struct err *e)
{
    int r = run_once(x, contract, features, REFUSE_MAX_MS, e);
    if (r < 0)
        return r;
    if (x->connected)
        return err_set(e, -EPROTO, "%s opened a connection before it refused, started %s (GP-9)",
                       x->w.run->manifest->name, which);
    if (x->late)
        return err_set(e, -EPROTO, "%s did not end within 10 s, started %s (GP-9)",
                       x->w.run->manifest->name, which);
    return judge_end(x, which, STATUS_REFUSED, e);
}

static int try_all(struct trial *x, struct err *e)
{
    char word[40];
    ms_t ready_ms = SECONDS(x->w.run->manifest->start_seconds);
    snprintf(word, sizeof(word), "pcg,x-%08x", (unsigned)rng_next(&x->w.rng));
    int r = try_refusal(x, "1", word, "with an unknown feature", e);
    if (r == 0)
        r = try_refusal(x, "99", "pcg", "with GP_CONTRACT=99", e);
    if (r == 0)
        r = run_once(x, "1", "pcg", ready_ms, e);
    return r < 0 ? r : judge_end(x, "with all it needs and then sent TERM", 0, e);
}

static int open_all(struct trial *x, const struct stage_run *run, const char *dir, struct err *e)
{
    int r = world_open(&x->w, run, dir, e);
    x->w.on_try = on_try;
    x->w.on_try_arg = x;
    x->w.on_lost = on_lost;
    x->w.on_lost_arg = x;
    if (r == 0)
        r = mocks_certify(&x->w, e);
    if (r == 0)
        r = guest_init(&x->g, &x->w, false, e);
    if (r == 0)
        r = guest_secrets(&x->g, PROBE_UID, PROBE_CODE, e);
    x->g.ended = on_ended;
    x->g.arg = x;
    return r;
}

int adapter_probe(const struct stage_run *run, const char *dir, struct err *e)
{
    struct trial *x = calloc(1, sizeof(*x));
    if (x == NULL)
        WRONG("out of memory");
    int r = open_all(x, run, dir, e);
    if (r == 0)
        r = try_all(x, e);
    guest_free(&x->g);
    world_close(&x->w);
    free(x);
    return r;
}
