#include "scenarios/engine/world.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/faketime.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HTTPS_PORT 443

void world_path(const struct world *w, char out[WORLD_PATH_MAX], const char *name)
{
    snprintf(out, WORLD_PATH_MAX, "%s/%s", w->dir, name);
}

int world_write(const struct world *w, const char *name, const char *text, struct err *e)
{
    char path[WORLD_PATH_MAX];
    world_path(w, path, name);
    return file_write(path, text, strlen(text), 0600, e);
}

bool world_has_host(const struct world *w, const struct lab_host *h)
{
    return w->with_nodes || !text_is(h->role, WORLD_NODE_ROLE);
}

/* A host costs milliseconds, and most stories deploy nothing. */
static bool story_needs_nodes(const struct script *s)
{
    static const char *const ids[] = {"site.cluster", "user.creates-", "machine.", "probe."};
    for (size_t i = 0; s != NULL && i < s->n_lines; i++)
        for (size_t k = 0; k < COUNTOF(ids); k++)
            if (s->lines[i].verb != NULL && text_begins(s->lines[i].verb->id, ids[k]))
                return true;
    return s != NULL && s->n_prelude > 0;
}

const char *world_without(const struct stage_run *r)
{
    return story_needs_nodes(r->script) ? "" : WORLD_NODE_ROLE;
}

ms_t world_now(const struct world *w)
{
    return clk_domain_ms(&w->domain);
}

ms_t world_after(const struct world *w, ms_t ms)
{
    return loop_now(w->loop) + clk_domain_to_own(&w->domain, ms);
}

void world_put(struct world *w, struct event *e)
{
    journal_put(w->rings.ring[EVS_ENGINE], e);
}

/* --- the opening, step by step ------------------------------------------------------------------
 */

/* A program that starts again in this run goes on in its log; what an earlier run left goes. */
static void remove_old_logs(const struct world *w)
{
    static const char *const names[] = {
        "gateway", "mock-maas", "mock-palette", "kill-command", "proxy",   "node-m1", "node-m2",
        "node-m3", "node-m4",   "node-m5",      "node-m6",      "node-m7", "node-m8"};
    char path[WORLD_PATH_MAX];
    for (size_t i = 0; i < COUNTOF(names); i++) {
        snprintf(path, sizeof(path), "%s/%s.log", w->run->out_dir, names[i]);
        (void)unlink(path);
    }
}

/* Two CPUs make a turn twice as dear; side by side runs start on different ones by themselves. */
static int pin(struct err *e)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof(one), &one) < 0)
        return err_errno(e, "pin the run to one CPU");
    return 0;
}

static void lost(void *arg, struct ctl_slot *s, const char *why)
{
    struct world *w = arg;
    if (w->on_lost != NULL)
        w->on_lost(w->on_lost_arg, s, why);
}

/* After every turn: whoever had it may have written what the next act waits for. */
static bool something_written(void *arg)
{
    struct world *w = arg;
    return rings_waiting(&w->rings);
}

static int open_clock(struct world *w, struct err *e)
{
    int r = loop_new(&w->loop, NULL, e);
    w->epoch_s = clk_realtime_s();
    w->domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = w->run->factor};
    if (w->domain.factor < 1 || w->stepped)
        w->domain.factor = 1;
    if (r < 0 || !w->stepped)
        return r;
    r = pin(e);
    if (r == 0)
        r = ctl_new(&w->ctl, w->loop, WORLD_EPOCH_S, w->run->seed, lost, w, e);
    if (r < 0)
        return r;
    ctl_after_turn(w->ctl, something_written, w);
    clk_attach(ctl_own_page(w->ctl));
    w->epoch_s = WORLD_EPOCH_S;
    w->domain.start_ns = clk_monotonic_ns();
    return 0;
}

static int open_journal(struct world *w, struct err *e)
{
    static const struct {
        enum ev_src src;
        bool child;
    } writers[] = {{EVS_ENGINE, false}, {EVS_CAPTURE, false}, {EVS_DNS, false},
                   {EVS_AGENT, false},  {EVS_PROXY, false},   {EVS_MAAS, true},
                   {EVS_PALETTE, true}};
    int r = rings_new(&w->rings, e);
    for (size_t i = 0; i < COUNTOF(writers) && r == 0; i++)
        r = rings_open(&w->rings, writers[i].src, writers[i].child, e);
    return r;
}

/* What the gateway is told of a proxy: the laws of proxies begin with it. */
static void say_outfit(const struct stage_run *r, struct event *e)
{
    SCOPED(buf_drop) struct buf text = {0};
    struct outfit o;
    if (r->script == NULL)
        return;
    buf_init(&text, EV_VALUE_MAX);
    outfit_read(r->script, &o);
    outfit_params(&o, &text);
    if (text.len > 0)
        ev_text_add(e, EVF_PARAMS, buf_text(&text));
}

static void say_begin(struct world *w)
{
    const struct stage_run *r = w->run;
    const char *story = r->script != NULL ? r->script->name : "adapter-probe";
    struct outfit o = {.has_proxy_line = false};
    struct event e;
    ev_init(&e, EV_RUN_BEGIN, 0);
    ev_text_add(&e, EVF_STORY, story);
    ev_text_add(&e, EVF_STAGE, stage_name(r->stage));
    ev_text_add(&e, EVF_CLOCK, clock_name(r->clock));
    ev_int_add(&e, EVF_SEED, (int64_t)r->seed);
    say_outfit(r, &e);
    world_put(w, &e);
    if (r->script != NULL)
        outfit_read(r->script, &o);
    outfit_path(r->lab, &o, &e);
    world_put(w, &e);
    for (size_t i = 0; i < r->lab->n_hosts; i++) {
        const struct lab_host *h = &r->lab->hosts[i];
        for (size_t k = 0; k < h->n_links; k++) {
            lab_host_event(h, k, h->links[k].address, &e);
            world_put(w, &e);
            if (h->links[k].also[0] == '\0')
                continue;
            lab_host_event(h, k, h->links[k].also, &e);
            world_put(w, &e);
        }
    }
}

/* consumer:token:secret in the lengths that MAAS gives them. */
static void draw_maas_key(struct world *w)
{
    static const struct {
        const char *name;
        size_t len;
    } parts[] = {{"maas-consumer", 18}, {"maas-token", 18}, {"maas-secret", 32}};
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
    char *to = w->maas_key;
    for (size_t i = 0; i < COUNTOF(parts); i++) {
        char *part = to;
        for (size_t k = 0; k < parts[i].len; k++)
            *to++ = letters[rng_between(&w->rng, 0, (int64_t)sizeof(letters) - 2)];
        *to = '\0';
        secrets_add(&w->secrets, parts[i].name, part);
        if (i + 1 < COUNTOF(parts))
            *to++ = ':';
    }
}

static void draw_secrets(struct world *w)
{
    rng_seed(&w->rng, w->run->seed);
    for (size_t i = 0; i < 32; i++)
        w->api_key[i] = "0123456789abcdef"[rng_between(&w->rng, 0, 15)];
    secrets_add(&w->secrets, "api-key", w->api_key);
    draw_maas_key(w);
    for (size_t i = 0; i < 43; i++) /* 256 bits in base64url */
        w->system_secret[i] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[rng_between(&w->rng, 0, 31)];
    secrets_add(&w->secrets, "gateway-secret", w->system_secret);
}

int world_open(struct world *w, const struct stage_run *run, const char *dir, struct err *e)
{
    *w = (struct world){.run = run,
                        .ground = ground_of(run->stage),
                        .stepped = run->clock == CLOCK_STEPPED,
                        .with_nodes = *world_without(run) == '\0'};
    draw_secrets(w);
    remove_old_logs(w);
    int r = open_journal(w, e);
    if (r == 0 && !text_copy(w->dir, sizeof(w->dir), dir))
        r = err_set(e, -ENAMETOOLONG, "%s: the path is too long", dir);
    if (r == 0)
        r = w->ground->open(w, e);
    if (r == 0 && run->clock == CLOCK_FAKETIME)
        r = faketime_memory(e);
    if (r == 0)
        r = open_clock(w, e);
    if (r == 0)
        r = w->ground->build(w, e);
    if (r < 0)
        return r;
    say_begin(w);
    return w->ground->watch(w, e);
}

void world_close(struct world *w)
{
    w->ground->close(w);
    ctl_free(w->ctl);
    loop_free(w->loop);
    rings_drop(&w->rings);
}

void world_palette_url(const struct world *w, bool inside, char ret[WORLD_URL_MAX])
{
    const struct lab_host *h = lab_role(w->run->lab, "palette");
    if (w->ground->has_names && !inside)
        snprintf(ret, WORLD_URL_MAX, "https://" WORLD_PALETTE_NAME);
    else if (h->listen == HTTPS_PORT)
        snprintf(ret, WORLD_URL_MAX, "https://%s", h->links[0].address);
    else
        snprintf(ret, WORLD_URL_MAX, "https://%s:%d", h->links[0].address, h->listen);
}

const char *world_from(const struct world *w, const struct lab_host *h)
{
    return w->ground->binds ? h->links[0].address : "";
}

/* --- programs -----------------------------------------------------------------------------------
 */

int world_slot(struct world *w, const char *name, struct slotted *s, int *ret_page_fd,
               struct err *e)
{
    *s = (struct slotted){0};
    *ret_page_fd = -1;
    if (!w->stepped)
        return 0;
    int r = ctl_slot_new(w->ctl, name, &s->slot, e);
    if (r == 0)
        *ret_page_fd = ctl_slot_page_fd(s->slot);
    return r;
}

static void enlist(struct world *w, const struct prog *before, struct prog *after)
{
    for (size_t i = 0; i < WORLD_PROGS_MAX; i++)
        if (w->progs[i] == before) {
            w->progs[i] = after;
            return;
        }
    WRONG("more programs than a run has");
}

size_t world_pids(const struct world *w, pid_t ret[WORLD_PROGS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < WORLD_PROGS_MAX; i++)
        if (w->progs[i] != NULL)
            ret[n++] = prog_pid(w->progs[i]);
    return n;
}

int world_start(struct world *w, const struct lab_host *h, struct launch *x, struct slotted *s,
                const struct prog_events *events, struct err *e)
{
    char resolv[WORLD_PATH_MAX], hosts[WORLD_PATH_MAX], log[WORLD_PATH_MAX], name[64];
    int fds[LAUNCH_FDS_MAX];
    size_t n = 0, n_slot = 0;
    const int *slot_fds = s->slot != NULL ? ctl_slot_fds(s->slot, &n_slot) : NULL;
    assert(x->n_fds + n_slot <= LAUNCH_FDS_MAX);
    for (; n < x->n_fds; n++)
        fds[n] = x->fds[n];
    for (size_t i = 0; i < n_slot; i++)
        fds[n++] = slot_fds[i];
    snprintf(name, sizeof(name), "resolv-%s.conf", h->name);
    world_path(w, resolv, name);
    world_path(w, hosts, "hosts");
    snprintf(log, sizeof(log), "%s/%s.log", w->run->out_dir, x->name);
    x->netns = w->ground->home(w, h);
    x->resolv_conf = resolv;
    x->hosts = hosts;
    x->log_file = log;
    x->secrets = &w->secrets;
    x->fds = fds;
    x->n_fds = n;
    int r = prog_start(&s->prog, w->loop, x, events, e);
    if (r < 0)
        return r;
    enlist(w, NULL, s->prog);
    if (s->slot != NULL)
        ctl_slot_started(s->slot, prog_pidfd(s->prog));
    return 0;
}

void world_signal(struct world *w, struct slotted *s, int signo)
{
    (void)w;
    if (s->prog == NULL || !prog_running(s->prog))
        return;
    prog_signal(s->prog, signo);
    if (s->slot != NULL)
        ctl_slot_signalled(s->slot, signo);
}

void world_stop(struct world *w, struct slotted *s)
{
    ctl_slot_free(&s->slot);
    if (s->prog == NULL)
        return;
    enlist(w, s->prog, NULL);
    prog_free(STEAL(s->prog));
}
