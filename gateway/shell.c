#include "gateway/shell.h"

#include "gateway/store.h"
#include "lib/io/call.h"
#include "lib/io/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHELL_EXIT_BROKEN 1 /* ours failed: disk, descriptors */

/* What must not be sent twice (the POST of an account, GP-39) goes out on a connection of its own:
 * libcurl repeats a request by itself when a connection that was used before dies under it. All
 * else of the profile is safe to repeat (GP-88). */
enum shell_caller { TO_PALETTE, TO_PALETTE_ONCE, TO_MAAS, SHELL_CALLERS };

struct shell_call {
    struct shell *shell;
    uint64_t ticket;
    struct call *call; /* NULL = free place */
};

struct shell {
    const struct config *config;
    struct log log;
    struct clk_page *page; /* NULL = the kernel's clock */
    struct loop *loop;
    struct dns *dns;
    struct caller *callers[SHELL_CALLERS];
    struct store *store;
    struct gw *gw;
    struct gw_effects *fx;
    struct loop_timer *due;
    struct gw_record *records;
    size_t n_records;
    struct shell_call calls[SHELL_CALLS_MAX];
    bool stopping; /* the core was told */
    bool over;     /* no more effects */
    int code;
};

static void step(struct shell *s, struct gw_event *event);

/* Our own process cannot go on: a step whose record is not on the disk must not be taken. */
static void give_up(struct shell *s, const struct err *e)
{
    log_line(&s->log, LOG_ERROR, "%s", e->text);
    s->code = SHELL_EXIT_BROKEN;
    s->over = true;
    loop_stop(s->loop);
}

/* --- calls ----------------------------------------------------------------------------------- */

static struct shell_call *place_find(struct shell *s)
{
    for (size_t i = 0; i < SHELL_CALLS_MAX; i++)
        if (!s->calls[i].call)
            return &s->calls[i];
    WRONG("more calls at once than the core may have");
}

static void on_reply(void *arg, const struct http_result *result)
{
    struct shell_call *place = arg;
    struct shell *s = place->shell;
    struct gw_event event = {.kind = GW_EV_REPLY, .ticket = place->ticket, .result = result};

    place->call = NULL; /* it is gone after this */
    step(s, &event);
}

static void call_do(struct shell *s, const struct gw_effect *f)
{
    static const enum shell_caller by_target[] = {[GW_PALETTE] = TO_PALETTE, [GW_MAAS] = TO_MAAS};
    enum shell_caller to = by_target[f->target];
    struct shell_call *place = place_find(s);

    if (to == TO_PALETTE && f->call.once)
        to = TO_PALETTE_ONCE;
    place->shell = s;
    place->ticket = f->ticket;
    place->call = call_start(s->callers[to], &f->call, on_reply, place);
}

static void cancel_do(struct shell *s, uint64_t ticket)
{
    for (size_t i = 0; i < SHELL_CALLS_MAX; i++)
        if (s->calls[i].call && s->calls[i].ticket == ticket)
            call_cancel(&s->calls[i].call);
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
        call_do(s, f);
        return;
    case GW_FX_CANCEL:
        cancel_do(s, f->ticket);
        return;
    case GW_FX_PERSIST:
        stored(s, store_put(s->store, f->key, f->bytes.data, f->bytes.len, &e), &e);
        return;
    case GW_FX_FORGET:
        stored(s, store_forget(s->store, f->key, &e), &e);
        return;
    case GW_FX_SYNC:
        stored(s, store_sync(s->store, &e), &e);
        return;
    case GW_FX_SAY:
        log_line(&s->log, (enum log_level)f->level, "%s", f->text);
        return;
    case GW_FX_EXIT:
        exit_do(s, f->code);
        return;
    }
    WRONG("an effect of no kind");
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
}

/* --- events ---------------------------------------------------------------------------------- */

static void on_due(void *arg)
{
    struct gw_event event = {.kind = GW_EV_TIME};

    step(arg, &event);
}

/* HUP is ours to ignore (no feature reload), PIPE is a reader of our log that left. */
static void on_signal(void *arg, int signo)
{
    struct shell *s = arg;
    struct gw_event event = {.kind = GW_EV_STOP};

    if ((signo != SIGTERM && signo != SIGINT) || s->stopping)
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
    log_line(&s->log, LOG_WARN, "GP_CLOCK_FD is set: the time of this program is not real");
    return 0;
}

static int callers_make(struct shell *s, struct err *e)
{
    const struct config *c = s->config;
    const struct call_config configs[] = {
        [TO_PALETTE] = {.ca_file = c->palette_ca},
        [TO_PALETTE_ONCE] = {.ca_file = c->palette_ca, .fresh_changes = true},
        [TO_MAAS] = {.ca_file = c->maas_ca, .fresh_changes = true},
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < SHELL_CALLERS; i++) {
        struct call_config config = configs[i];

        config.user_agent = SHELL_NAME "/" GATEPROOF_VERSION;
        r = caller_new(&s->callers[i], s->loop, s->dns, &config, e);
    }
    return r;
}

static int open_all(struct shell *s, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    int r = clock_take(s, e);

    if (r == 0)
        r = loop_new(&s->loop, s->page, e);
    if (r == 0)
        r = loop_signals(s->loop, signos, COUNTOF(signos), on_signal, s, e);
    if (r == 0)
        r = store_open(&s->store, s->config->state_dir, STORE_RUN, e);
    if (r == 0)
        r = store_load(s->store, &s->records, &s->n_records, e);
    if (r == 0)
        r = dns_new(&s->dns, s->loop, e);
    if (r == 0)
        r = callers_make(s, e);
    if (r < 0)
        return r;
    s->due = loop_timer_new(s->loop, on_due, s);
    s->gw = gw_new();
    return 0;
}

static void close_all(struct shell *s)
{
    for (size_t i = 0; i < SHELL_CALLERS; i++)
        caller_free(s->callers[i]);
    dns_free(s->dns);
    gw_free(s->gw);
    store_records_free(s->records, s->n_records);
    store_close(s->store);
    loop_timer_free(&s->due);
    loop_free(s->loop);
    free(s->fx);
    free(s);
}

int shell_run(const struct config *c)
{
    struct shell *s = calloc(1, sizeof(*s));
    struct err e;
    int r, code;

    if (!s)
        abort();
    s->fx = calloc(1, sizeof(*s->fx));
    if (!s->fx)
        abort();
    s->config = c;
    s->log = (struct log){.who = SHELL_NAME, .level = (enum log_level)c->log_level};
    if (*c->remark)
        log_line(&s->log, LOG_WARN, "%s", c->remark);
    r = open_all(s, &e);
    if (r == 0)
        r = begin(s, &e);
    if (r < 0) {
        log_line(&s->log, LOG_ERROR, "%s", e.text);
        s->code = CONFIG_EXIT_WRONG;
    } else if (!s->over) {
        loop_run(s->loop);
    }
    code = s->code;
    close_all(s);
    return code;
}

int shell_status(const struct config *c, struct buf *out, struct err *e)
{
    struct store *store = NULL;
    struct gw_record *records = NULL;
    struct gw_effects *fx = calloc(1, sizeof(*fx));
    struct gw_event event = {.kind = GW_EV_START, .config = &c->gw};
    struct gw *gw = gw_new();
    int r = store_open(&store, c->state_dir, STORE_LOOK, e);

    if (!fx)
        abort();
    if (r == 0)
        r = store_load(store, &records, &event.n_records, e);
    if (r == 0) {
        event.records = records;
        gw_effects_init(fx);
        gw_step(gw, &event, fx);
        gw_effects_drop(fx);
        buf_printf(out, "a start would find in %s:\n", c->state_dir);
        gw_describe(gw, out);
    }
    store_records_free(records, event.n_records);
    store_close(store);
    gw_free(gw);
    free(fx);
    return r;
}
