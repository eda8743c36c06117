#include "gateway/shell.h"

#include "gateway/calls.h"
#include "gateway/limits.h"
#include "gateway/peek.h"
#include "gateway/store.h"
#include "gateway/watch.h"
#include "lib/io/dns.h"
#include "lib/io/log.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SAVE_MS  SECONDS(1) /* changes in it are one status.json */
#define LINE_MAX 1024

struct shell {
    struct config *config;
    const struct config_source *source; /* NULL: HUP changes nothing */
    struct log log;
    struct log_gate gate;
    struct watch watch;
    struct peek *peek;           /* NULL: nowhere */
    struct loop_timer *save;     /* of status.json */
    ms_t save_next;              /* not before */
    bool unsaved;                /* the last time it could not be written, which was said */
    struct loop_timer *patience; /* of shell_register */
    ms_t patience_ms;            /* 0: until a signal */
    bool impatient;
    struct clk_page *page; /* NULL = the kernel's clock */
    struct loop *loop;
    struct dns *dns;
    struct calls *calls;
    struct store *store;
    struct gw *gw;
    struct gw_effects *fx;
    struct loop_timer *due;
    struct gw_record *records;
    size_t n_records;
    bool stopping; /* the core was told */
    bool over;     /* no more effects */
    int code;
};

static void step(struct shell *s, struct gw_event *event);

static void say(struct shell *s, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void say(struct shell *s, enum log_level level, const char *fmt, ...)
{
    char text[LINE_MAX];
    unsigned left_out;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    watch_line(&s->watch, level, text, clk_realtime_ms());
    if (level > s->log.level || !log_gate_pass(&s->gate, clk_monotonic_ms(), &left_out))
        return; /* counted, and the last troubles are kept, all the same */
    if (left_out > 0)
        log_line(&s->log, LOG_WARN, "%u lines were left out: more than %d in a minute", left_out,
                 LOG_GATE_LINES);
    log_line(&s->log, level, "%s", text);
}

/* --- what people see ------------------------------------------------------------------------- */

static void save(struct shell *s)
{
    struct err e;

    const bool failed = watch_save(&s->watch, s->config->state_dir, clk_realtime_ms(), &e) < 0;

    if (failed && !s->unsaved)
        log_line(&s->log, LOG_WARN, "%s", e.text); /* not say(): it would be tried for ever */
    s->unsaved = failed;
}

static void on_save(void *arg)
{
    save(arg);
}

/* At once, and what comes within SAVE_MS after it together. */
static void save_soon(struct shell *s)
{
    const ms_t now = loop_now(s->loop);

    if (!s->watch.dirty || loop_timer_at(s->save) != MS_NEVER)
        return;
    if (now >= s->save_next)
        save(s);
    else
        loop_timer_set(s->save, s->save_next);
    s->save_next = ms_max(now, s->save_next) + SAVE_MS;
}

static const struct watch *on_look(void *arg)
{
    struct shell *s = arg;

    watch_step(&s->watch, s->gw, loop_now(s->loop), clk_realtime_ms());
    return &s->watch;
}

/* Our own process cannot go on: a step whose record is not on the disk must not be taken. */
static void give_up(struct shell *s, const struct err *e)
{
    say(s, LOG_ERROR, "%s", e->text);
    s->code = SHELL_EXIT_BROKEN;
    s->over = true;
    loop_stop(s->loop);
}

/* --- calls ----------------------------------------------------------------------------------- */

static void on_reply(void *arg, uint64_t ticket, enum gw_target target,
                     const struct http_result *result)
{
    struct shell *s = arg;
    struct gw_event event = {.kind = GW_EV_REPLY, .ticket = ticket, .result = result};

    s->watch.calls[target][result->outcome]++;
    step(s, &event);
}

/* --- effects --------------------------------------------------------------------------------- */

static void stored(struct shell *s, int r, const struct err *e)
{
    if (r < 0)
        give_up(s, e);
}

static void exit_do(struct shell *s, int code)
{
    struct err e;

    stored(s, store_sync(s->store, &e), &e);
    if (!s->over)
        s->code = code;
    s->over = true;
    loop_stop(s->loop);
}

static void effect_do(struct shell *s, const struct gw_effect *f)
{
    struct err e;

    switch (f->kind) {
    case GW_FX_CALL:
        calls_start(s->calls, f);
        return;
    case GW_FX_CANCEL:
        calls_cancel(s->calls, f->ticket);
        return;
    case GW_FX_PERSIST:
        stored(s, store_put(s->store, f->key, f->bytes.data, f->bytes.len, &e), &e);
        return;
    case GW_FX_FORGET:
        stored(s, store_forget(s->store, f->key, &e), &e);
        return;
    case GW_FX_SYNC:
        s->watch.syncs++;
        stored(s, store_sync(s->store, &e), &e);
        return;
    case GW_FX_SAY:
        say(s, (enum log_level)f->level, "%s", f->text);
        return;
    case GW_FX_EXIT:
        exit_do(s, f->code);
        return;
    }
    WRONG("an effect of no kind");
}

/* shell_register: what `install` waits for. */
static void goal_look(struct shell *s)
{
    const struct watch_state *w = &s->watch.state;
    struct gw_event event = {.kind = GW_EV_STOP};

    if (!s->patience_ms || s->stopping || !w->registered || s->watch.beat_ok == MS_NEVER ||
        (*s->config->gw.maas_url && !w->account_settled))
        return;
    s->stopping = true;
    step(s, &event);
}

/* Effects never call back from within: call_start answers from the loop only. */
static void step(struct shell *s, struct gw_event *event)
{
    if (s->over)
        return;
    event->time = loop_now(s->loop);
    event->wall_s = clk_realtime_s();
    gw_effects_init(s->fx);
    gw_step(s->gw, event, s->fx);
    for (size_t i = 0; i < s->fx->n && !s->over; i++)
        effect_do(s, &s->fx->at[i]);
    gw_effects_drop(s->fx);
    loop_timer_set(s->due, s->over ? MS_NEVER : gw_due(s->gw));
    watch_step(&s->watch, s->gw, event->time, clk_realtime_ms());
    save_soon(s);
    goal_look(s);
}

/* --- events ---------------------------------------------------------------------------------- */

static void on_due(void *arg)
{
    struct gw_event event = {.kind = GW_EV_TIME};

    step(arg, &event);
}

/* --- GP-15 ----------------------------------------------------------------------------------- */

static void log_set(struct shell *s)
{
    s->log = (struct log){.who = SHELL_NAME,
                          .level = (enum log_level)s->config->log_level,
                          .form = (enum log_form)s->config->log_form};
    if (*s->config->remark)
        say(s, LOG_WARN, "%s", s->config->remark);
}

static void swap(struct config *a, struct config *b)
{
    static_assert(sizeof(*a) < KIB(32), "three of them are on the stack");
    const struct config held = *a;

    *a = *b;
    *b = held;
}

/* All of it or nothing: what cannot be used as a whole changes nothing. */
static void reload(struct shell *s)
{
    SCOPED(config_drop) struct config next = {0};
    struct gw_event event = {.kind = GW_EV_RELOAD};
    struct err e;

    if (!s->source)
        return;
    if (config_again(s->source, s->config, &next, &e) < 0) {
        s->watch.reloads_refused++;
        say(s, LOG_ERROR, "SIGHUP: %s; nothing was changed", e.text);
        save_soon(s);
        return;
    }
    if (calls_trust(s->calls, &next, &e) < 0) {
        give_up(s, &e);
        return;
    }
    swap(s->config, &next);
    s->watch.reloads++;
    log_set(s);
    say(s, LOG_INFO, "SIGHUP: configuration, secrets and anchors are read again");
    event.config = &s->config->gw;
    step(s, &event); /* the core lets go of what the old one owned, which is dropped after this */
}

/* --- signals --------------------------------------------------------------------------------- */

/* PIPE is a reader of our log that left. */
static void on_signal(void *arg, int signo)
{
    struct shell *s = arg;
    struct gw_event event = {.kind = GW_EV_STOP};

    if (s->stopping || s->over)
        return;
    if (signo == SIGHUP)
        reload(s);
    if (signo != SIGTERM && signo != SIGINT)
        return;
    s->stopping = true;
    step(s, &event);
}

/* Secrets are made of the kernel's randomness alone, whatever the clock. */
static int randomness(void *out, size_t len, struct err *e)
{
    if (getrandom(out, len, 0) != (ssize_t)len)
        return err_errno(e, "the kernel gives no randomness");
    return 0;
}

static int begin(struct shell *s, struct err *e)
{
    struct gw_event event = {.kind = GW_EV_START,
                             .config = &s->config->gw,
                             .records = s->records,
                             .n_records = s->n_records};
    int r = randomness(event.entropy, sizeof(event.entropy), e);

    if (r == 0 && s->page)
        event.seed = s->page->seed;
    else if (r == 0)
        r = randomness(&event.seed, sizeof(event.seed), e);
    if (r == 0)
        step(s, &event);
    explicit_bzero(event.entropy, sizeof(event.entropy));
    return r;
}

/* --- birth and end --------------------------------------------------------------------------- */

static int clock_take(struct shell *s, struct err *e)
{
    int fd = s->config->clock_fd;
    int r;

    if (fd < 0)
        return 0;
    r = clk_page_map(fd, &s->page, e);
    if (r < 0)
        return err_at(e, "GP_CLOCK_FD");
    clk_attach(s->page);
    say(s, LOG_WARN, "GP_CLOCK_FD is set: the time of this program is not real");
    return 0;
}

static void on_patience(void *arg)
{
    struct shell *s = arg;
    struct gw_event event = {.kind = GW_EV_STOP};

    if (s->stopping)
        return;
    s->stopping = s->impatient = true;
    step(s, &event);
}

static int store_take(struct shell *s, struct err *e)
{
    int r = store_open(&s->store, s->config->state_dir, STORE_RUN, e);

    if (r == 0)
        r = store_claim(s->store, s->config->gw.pcg_uid, e);
    if (r == 0 && *store_remark(s->store))
        say(s, LOG_INFO, "%s", store_remark(s->store));
    return r == 0 ? store_load(s->store, &s->records, &s->n_records, e) : r;
}

static int open_all(struct shell *s, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    char remark[LINE_MAX];
    int r = limits_raise(remark, sizeof(remark), e);

    if (r == 0 && *remark)
        say(s, LOG_WARN, "%s", remark);
    if (r == 0)
        r = clock_take(s, e);
    if (r == 0)
        r = loop_new(&s->loop, s->page, e);
    if (r == 0)
        r = loop_signals(s->loop, signos, COUNTOF(signos), on_signal, s, e);
    if (r < 0)
        return r;
    watch_start(&s->watch, &s->config->gw, loop_now(s->loop), clk_realtime_ms());
    s->due = loop_timer_new(s->loop, on_due, s);
    s->save = loop_timer_new(s->loop, on_save, s);
    s->gw = gw_new();
    s->patience = loop_timer_new(s->loop, on_patience, s);
    if (s->patience_ms)
        loop_timer_set(s->patience, loop_now(s->loop) + s->patience_ms);
    r = store_take(s, e);
    if (r == 0)
        r = dns_new(&s->dns, s->loop, e);
    if (r == 0)
        r = calls_new(&s->calls, s->loop, s->dns, s->config, on_reply, s, e);
    if (r == 0 && *s->config->listen && !s->patience_ms)
        r = peek_open(&s->peek, s->loop, s->config->listen, on_look, s, e);
    return r;
}

static void close_all(struct shell *s)
{
    peek_close(s->peek);
    calls_free(s->calls);
    dns_free(s->dns);
    gw_free(s->gw);
    store_records_free(s->records, s->n_records);
    if (s->store) { /* the directory is ours */
        s->watch.state.stopped = true;
        save(s);
    }
    store_close(s->store);
    loop_timer_free(&s->due);
    loop_timer_free(&s->save);
    loop_timer_free(&s->patience);
    loop_free(s->loop);
    free(s->fx);
    free(s);
}

/* A cluster and its item have room for the largest there may be, of which most is never touched.
 * Blocks of that size are pages of their own, zero until they are used, and go back when freed: the
 * C library stops doing so once it has seen one freed, unless the bound is set. */
#define OWN_PAGES KIB(64)

static struct shell *shell_new(struct config *c)
{
    struct shell *s = calloc(1, sizeof(*s));

    (void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES);
    if (!s)
        abort();
    s->fx = calloc(1, sizeof(*s->fx));
    if (!s->fx)
        abort();
    s->config = c;
    log_set(s);
    return s;
}

static int work(struct shell *s)
{
    struct err e;
    int code, r = open_all(s, &e);

    if (r == 0)
        r = begin(s, &e);
    if (r < 0) {
        say(s, LOG_ERROR, "%s", e.text);
        s->code = CONFIG_EXIT_WRONG;
    } else if (!s->over) {
        loop_run(s->loop);
    }
    code = s->impatient ? SHELL_EXIT_UNLINKED : s->code;
    close_all(s);
    return code;
}

int shell_run(struct config *c, const struct config_source *source)
{
    struct shell *s = shell_new(c);

    s->source = source;
    return work(s);
}

int shell_register(struct config *c, ms_t patience_ms)
{
    struct shell *s = shell_new(c);

    s->patience_ms = patience_ms;
    return work(s);
}
