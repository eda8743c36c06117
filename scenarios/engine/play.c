#include "scenarios/engine/play.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS          10 /* wall: the rings are looked at so often */
#define PROGRESS_NS      INT64_C(100000000)
#define ACTS_A_ROUND_MAX SCRIPT_LINES_MAX
#define PLAY_CALM_MS     MINUTES(1)
#define ACTING_STEP_MS   SECONDS(1)
#define CANARY_MAX_MS    SECONDS(10) /* ours, for a machine that is busy */
#define MOCKS_END_MAX_MS SECONDS(5)
#define GUEST_END_MAX_MS SECONDS(2) /* beyond its own stop_seconds */

/* --- records ------------------------------------------------------------------------------------
 */

/* One record: its length, then the event up to its last field. */
static int sink(struct play *p, const struct event *e)
{
    char bytes[sizeof(uint64_t) + sizeof(*e)];
    uint64_t len = EVENT_HEAD_SIZE + e->len;
    memcpy(bytes, &len, sizeof(len));
    memcpy(bytes + sizeof(len), e, len);
    if (write(p->sink_fd, bytes, sizeof(len) + len) != (ssize_t)(sizeof(len) + len))
        return err_errno(&p->broken, "keep a record of the journal");
    return 0;
}

int play_sink_read(int fd, struct ev_list *ret, struct err *e)
{
    uint64_t len;
    off_t at = 0;
    struct event v;
    while (pread(fd, &len, sizeof(len), at) == (ssize_t)sizeof(len)) {
        if (len < EVENT_HEAD_SIZE || len > sizeof(v) ||
            pread(fd, &v, len, at + (off_t)sizeof(len)) != (ssize_t)len)
            return err_set(e, -EIO, "the journal of a run ends in the middle of a record");
        ev_list_add(ret, &v);
        at += (off_t)(sizeof(len) + len);
    }
    return 0;
}

/* A cut of the cluster's wires cuts those of its new machine as well. */
static void join_wires(struct play *p, const struct event *boot)
{
    struct err e = {0};
    if (wires_joins(&p->wires, ev_text(boot, EVF_MACHINE), ev_text(boot, EVF_CLUSTER)) &&
        p->w.ground->wires(&p->w, &p->wires, &e) < 0)
        p->broken = e;
}

static void take_one(struct play *p, const struct event *e)
{
    if (p->broken.code == 0)
        (void)sink(p, e);
    if (p->lines == NULL)
        return;
    lines_feed(p->lines, e);
    if (p->well != NULL)
        well_feed(p->well, e);
    mocks_feed(&p->mocks, e);
    nodes_feed(&p->nodes, e);
    points_feed(&p->points, &p->w, e);
    if (e->kind == EV_NODE_BOOT)
        join_wires(p, e);
    if (e->kind != EV_MAAS_RECORD)
        return;
    names_record(p->w.names, e);
    dials_wake(&p->dials);
}

/* Merges what was written since the last time, keeps it, and shows it to everybody here. What they
 * write about it (points) belongs to the same instant. */
static void take(struct play *p)
{
    struct rings *r = &p->w.rings;
    do {
        (void)rings_take(r, p->w.stepped);
        for (; p->sunk < r->out.n; p->sunk++)
            take_one(p, ev_list_at(&r->out, p->sunk));
    } while (rings_waiting(r));
}

/* A mock that stands at a phase of an operation has written all that came before it. */
static bool take_holds(struct play *p)
{
    enum ev_kind kind;
    char words[HOLD_LINE_MAX];
    bool stands = false;
    while (holds_next(&p->holds, &kind, words)) {
        do /* again only on clock wall, at most RINGS_GAP_MAX_MS */
            take(p);
        while (p->w.rings.held.n > 0);
        points_held(&p->points, &p->w, kind, words);
        take(p);
        stands = true;
    }
    return stands;
}

/* --- rounds -------------------------------------------------------------------------------------
 */

static void on_due(void *arg)
{
    (void)arg; /* the round that follows does what is due */
}

static void on_lost(void *arg, struct ctl_slot *s, const char *why)
{
    struct play *p = arg;
    guest_lost(&p->guest, s, why);
    guest_lost(&p->system, s, why);
    nodes_lost(&p->nodes, s, why);
    if ((s == p->mocks.maas.slot || s == p->mocks.palette.slot) && text_is(why, "hung"))
        err_set(&p->broken, -ETIMEDOUT, "mock-%s kept its turn too long", ctl_slot_name(s));
}

static void do_acts(struct play *p)
{
    for (int i = 0; i < ACTS_A_ROUND_MAX && p->acting == NULL && p->broken.code == 0; i++) {
        const struct script_line *line = lines_act(p->lines);
        if (line == NULL)
            return;
        if (!act_begin(p, line))
            err_set(&p->broken, -ENOTSUP, "line %d: stage %s has no act '%s'", line->number,
                    stage_name(p->w.run->stage), line->verb->id);
        take(p);
        lines_time(p->lines, world_now(&p->w));
    }
}

static void set_due(struct play *p)
{
    ms_t now = world_now(&p->w), due = lines_due(p->lines);
    /* An act that was begun stays due until it is done: time may go on, in steps. */
    if (due <= now)
        due = now + (p->acting != NULL ? ACTING_STEP_MS : 1);
    ms_t at = due == MS_NEVER ? MS_NEVER : world_after(&p->w, due - now);
    if (!p->w.stepped)
        at = ms_min(at, loop_now(p->w.loop) + LOOK_MS);
    loop_timer_set(p->due, at);
}

static void tell_progress(struct play *p, int64_t kernel_ns)
{
    const struct stage_run *r = p->w.run;
    char text[256];
    if (r->progress == NULL || kernel_ns - p->told_ns < PROGRESS_NS)
        return;
    p->told_ns = kernel_ns;
    lines_progress(p->lines, text, sizeof(text));
    r->progress(r->progress_arg, world_now(&p->w), text);
}

/* All has been well for a while since the gateway came back, with the story's last line. Until it
 * is the run goes on, also when the story has nothing left to wait for. */
static bool is_over(struct play *p, const char **ret_why)
{
    const size_t last = p->w.run->script->n_lines - 1;
    const ms_t now = world_now(&p->w);
    char why[WELL_WHY_MAX];
    bool over = lines_over(p->lines, ret_why);
    if (p->well == NULL || lines_state(p->lines, last) != LINE_DONE || text_is(*ret_why, "time"))
        return over;
    *ret_why = "decided";
    if (!well_is(p->well, why))
        p->calm = MS_NEVER;
    else if (p->calm == MS_NEVER)
        p->calm = now;
    return p->calm != MS_NEVER && now - p->calm >= PLAY_CALM_MS;
}

/* Why the run is over, or NULL. */
static const char *round_of(struct play *p)
{
    const char *why = "";
    int64_t kernel_ns = clk_kernel_ns();
    take(p);
    if (!take_holds(p)) /* else this very instant is the story's */
        nodes_step(&p->nodes);
    take(p);
    lines_time(p->lines, world_now(&p->w));
    act_go_on(p);
    do_acts(p);
    holds_go(&p->holds);
    if (p->broken.code == 0)
        p->broken = p->mocks.broken.code < 0 ? p->mocks.broken : p->nodes.broken;
    if (p->broken.code == 0)
        p->broken = p->proxies.broken;
    if (p->broken.code < 0)
        return "harness";
    if (p->acting == NULL && is_over(p, &why))
        return why;
    if (kernel_ns - p->begin_ns > p->w.run->budget_ms * 1000000)
        return "budget";
    tell_progress(p, kernel_ns);
    set_due(p);
    return NULL;
}

static const char *play_lines(struct play *p)
{
    const char *why;
    while ((why = round_of(p)) == NULL)
        (void)loop_once(p->w.loop);
    return why;
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_late(void *arg)
{
    *(bool *)arg = true;
}

/* Rounds without acts until `done`, or until so much of our own time has passed. */
static void settle(struct play *p, bool (*done)(const struct play *p), ms_t max_ms)
{
    bool late = false;
    struct loop_timer *t = loop_timer_new(p->w.loop, on_late, &late);
    loop_timer_set(t, loop_now(p->w.loop) + max_ms);
    loop_timer_set(p->due, MS_NEVER);
    for (take(p); !done(p) && !late; take(p))
        (void)loop_once(p->w.loop);
    loop_timer_free(&t);
}

static bool guest_is_gone(const struct play *p)
{
    return !guest_running(&p->guest) && !guest_running(&p->system);
}

static bool canaries_are_seen(const struct play *p)
{
    return p->w.ground->has_looked(&p->w);
}

static bool proxies_are_gone(const struct play *p)
{
    return proxies_gone(&p->proxies);
}

static bool mocks_are_gone(const struct play *p)
{
    return mocks_gone(&p->mocks);
}

static void say_end(struct play *p, const char *why)
{
    struct event e;
    ev_init(&e, EV_RUN_END, world_now(&p->w));
    ev_text_add(&e, EVF_WHY, why);
    if (p->broken.code < 0)
        ev_text_add(&e, EVF_TEXT, p->broken.text);
    world_put(&p->w, &e);
}

static void end_guests(struct play *p)
{
    struct guest *const both[] = {&p->guest, &p->system};
    for (size_t i = 0; i < COUNTOF(both); i++) {
        if (both[i]->frozen) /* it could not hear TERM */
            guest_kill(both[i]);
        guest_stop(both[i]);
    }
    settle(p, guest_is_gone, SECONDS(p->w.run->manifest->stop_seconds) + GUEST_END_MAX_MS);
    for (size_t i = 0; i < COUNTOF(both); i++)
        guest_kill(both[i]);
    settle(p, guest_is_gone, GUEST_END_MAX_MS);
}

/* Everybody's last word. */
static void end_all(struct play *p, const char *why)
{
    static const enum ev_src own[] = {EVS_CAPTURE, EVS_DNS, EVS_AGENT, EVS_PROXY, EVS_ENGINE};
    struct err e = {0};
    say_end(p, why);
    holds_end(&p->holds);
    probe_free(STEAL(p->probe));
    mappings_free(STEAL(p->mappings));
    user_free(STEAL(p->user));
    tasks_free(&p->tasks);
    dials_free(&p->dials);
    end_guests(p);
    nodes_free(&p->nodes);
    proxies_end(&p->proxies);
    settle(p, proxies_are_gone, MOCKS_END_MAX_MS);
    proxies_free(&p->proxies);
    if (p->w.ground->look_again(&p->w, &e) == 0)
        settle(p, canaries_are_seen, CANARY_MAX_MS);
    p->w.ground->tell(&p->w);
    mocks_end(&p->mocks);
    settle(p, mocks_are_gone, MOCKS_END_MAX_MS);
    for (size_t i = 0; i < COUNTOF(own); i++)
        journal_end(p->w.rings.ring[own[i]], world_now(&p->w));
    (void)rings_take(&p->w.rings, true);
    take(p);
}

static void on_try(void *arg, const struct capture_try *t)
{
    struct play *p = arg;
    if (p->probe != NULL)
        probe_try(p->probe, t);
    mappings_try(p->mappings, t);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static int open_all(struct play *p, const struct stage_run *r, const char *dir, struct err *e)
{
    int code = world_open(&p->w, r, dir, e);
    p->w.on_lost = on_lost;
    p->w.on_lost_arg = p;
    p->w.on_try = on_try;
    p->w.on_try_arg = p;
    points_init(&p->points, r->script);
    if (code == 0)
        code = holds_init(&p->holds, &p->w, &p->points, e);
    if (code == 0)
        code = mocks_start(&p->mocks, &p->w, &p->holds, e);
    if (code == 0)
        code = mappings_new(&p->mappings, &p->w, e);
    if (code == 0)
        code = proxies_start(&p->proxies, &p->w, e);
    if (code == 0)
        code = guest_init(&p->guest, &p->w, false, e);
    if (code == 0)
        code = guest_init(&p->system, &p->w, true, e);
    if (code == 0)
        code = nodes_init(&p->nodes, &p->w, e);
    if (code == 0)
        code = user_new(&p->user, &p->w, e);
    if (code < 0)
        return code;
    dials_init(&p->dials, &p->w, &p->nodes);
    tasks_init(&p->tasks, &p->w, p->user, &p->guest, &p->broken);
    p->lines = lines_new(r->script);
    p->calm = MS_NEVER;
    p->well = r->until_well ? calloc(1, sizeof(*p->well)) : NULL;
    if (r->until_well && p->well == NULL)
        WRONG("out of memory");
    if (p->well != NULL)
        well_init(p->well, r->script);
    p->due = loop_timer_new(p->w.loop, on_due, p);
    return 0;
}

static void close_all(struct play *p)
{
    holds_end(&p->holds);
    probe_free(p->probe);
    mappings_free(p->mappings);
    user_free(p->user);
    nodes_free(&p->nodes);
    proxies_free(&p->proxies);
    guest_free(&p->guest);
    guest_free(&p->system);
    if (p->mocks.w != NULL)
        mocks_free(&p->mocks);
    if (p->due != NULL)
        loop_timer_free(&p->due);
    if (p->lines != NULL)
        lines_free(p->lines);
    free(p->well);
    world_close(&p->w);
}

int play_story(struct play *p, const struct stage_run *r, const char *dir, int sink_fd,
               struct err *e)
{
    *p = (struct play){.sink_fd = sink_fd, .begin_ns = clk_kernel_ns()};
    int code = open_all(p, r, dir, e);
    if (code == 0) {
        end_all(p, play_lines(p));
        if (p->broken.code < 0)
            code = err_set(e, p->broken.code, "%s", p->broken.text);
    } else {
        (void)rings_take(&p->w.rings, true);
        take(p);
    }
    close_all(p);
    return code;
}
