#include "tests/bench/fleet.h"

#include "lib/base/text.h"
#include "mock-cluster/agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEAT "/heartbeat"

struct fleet_agent {
    struct fleet *f;
    struct agent *core;
    struct loop_timer *due;
    struct fleet_call {
        struct fleet_agent *a;
        struct line line; /* line.talks NULL: not open yet */
        uint64_t ticket;  /* 0: none of the core's */
        bool is_beat;
    } calls[FLEET_LINES];
    struct buf beat; /* its last heartbeat: head lines, behind them the path */
    bool registered;
};

struct fleet {
    struct talks *t;
    int port;
    size_t n, n_registered, next;
    int64_t beats, extra, ends_ns;
    bool rests; /* what cores want waits */
    struct agent_effects *fx;
    struct fleet_agent *at;
};

struct fleet *fleet_new(struct talks *t, int port, size_t n)
{
    struct fleet *f = calloc(1, sizeof(*f));

    if (!f)
        die("no memory");
    *f = (struct fleet){.t = t, .port = port, .n = n, .at = calloc(n, sizeof(*f->at))};
    f->fx = calloc(1, sizeof(*f->fx));
    if (!f->at || !f->fx)
        die("no memory for %zu agents", n);
    return f;
}

size_t fleet_registered(const struct fleet *f)
{
    return f->n_registered;
}

int64_t fleet_beats(const struct fleet *f)
{
    return f->beats;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void step(struct fleet_agent *a, struct agent_event *event);

static void on_answer(struct line *l, int status, const char *answer)
{
    struct fleet_call *c = l->who;
    const char *body = strstr(answer, "\r\n\r\n");
    struct agent_event event = {.kind = AGENT_EV_REPLY, .ticket = c->ticket};
    struct http_result r;

    if (status >= 300)
        die("an agent was refused: %.300s", answer);
    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = status;
    buf_text_add(&r.body, body ? body + 4 : "");
    c->a->f->beats += c->is_beat;
    if (!c->a->registered && !c->is_beat) {
        c->a->registered = true;
        c->a->f->n_registered++;
    }
    event.result = &r;
    c->ticket = 0;
    step(c->a, &event);
    http_result_drop(&r);
}

static struct fleet_call *call_free(struct fleet_agent *a)
{
    for (size_t i = 0; i < FLEET_LINES; i++) {
        struct fleet_call *c = &a->calls[i];

        if (c->line.asking)
            continue;
        if (!c->line.talks) {
            line_open(a->f->t, &c->line, a->f->port);
            c->line.who = c;
            c->a = a;
        }
        c->line.done = on_answer;
        return c;
    }
    die("an agent has more than %d calls under way", FLEET_LINES);
}

static void call_do(struct fleet_agent *a, const struct agent_effect *x)
{
    struct fleet_call *c = call_free(a);
    const char *path = strstr(strstr(buf_text(&x->call.url), "://") + 3, "/");
    const bool has_body = x->call.body.len > 0;
    struct buf headers SCOPED(buf_drop) = {.max = KIB(8)};
    const char *at = buf_text(&x->call.headers);
    char line[1024];

    while (text_next(&at, '\n', line, sizeof(line))) /* the type is added with a body */
        if (!text_begins(line, "Content-Type:") && line[0] && line[0] != '\r')
            buf_printf(&headers, "%s\n", line);
    c->ticket = x->ticket;
    c->is_beat = strstr(path, BEAT) != NULL;
    if (c->is_beat) {
        buf_clear(&a->beat);
        buf_printf(&a->beat, "%s\n%s", path, buf_text(&headers));
    }
    line_ask(a->f->t, &c->line, x->call.method, path, buf_text(&headers),
             has_body ? buf_text(&x->call.body) : NULL);
}

static void effect_do(struct fleet_agent *a, const struct agent_effect *x)
{
    if (x->kind == AGENT_FX_CALL)
        call_do(a, x);
    else if (x->kind == AGENT_FX_SAY && x->level == 0)
        die("an agent says: %s", x->text);
}

static void due_set(struct fleet_agent *a)
{
    loop_timer_set(a->due, a->f->rests ? MS_NEVER : agent_due(a->core));
}

static void step(struct fleet_agent *a, struct agent_event *event)
{
    struct agent_effects *fx = a->f->fx;

    event->time = loop_now(a->f->t->loop);
    event->wall_s = clk_realtime_s();
    agent_effects_init(fx);
    agent_step(a->core, event, fx);
    for (size_t i = 0; i < fx->n; i++)
        effect_do(a, &fx->at[i]);
    agent_effects_drop(fx);
    due_set(a);
}

static void on_due(void *arg)
{
    struct agent_event event = {.kind = AGENT_EV_TIME};

    step(arg, &event);
}

/* --- birth ------------------------------------------------------------------------------------ */

static void json_write(const struct fleet *f, const struct fleet_agent_config *c, struct buf *out)
{
    buf_printf(
        out,
        "{\"profile\":\"1.0\",\"clusterUid\":\"%s\",\"clusterName\":\"c\",\"systemId\":\"%s\","
        "\"pool\":\"cp\",\"role\":\"%s\",\"palette\":{\"url\":\"http://127.0.0.1:%d\"},"
        "\"joinToken\":\"%s\",\"marker\":\"gp1.bench.%s\"}",
        c->cluster_uid, c->system_id, c->init ? "init" : "join", f->port, c->join_token,
        c->system_id);
}

void fleet_boot(struct fleet *f, size_t i, const struct fleet_agent_config *c)
{
    struct fleet_agent *a = &f->at[i];
    struct agent_event event = {.kind = AGENT_EV_START, .hostname = c->system_id, .seed = i + 1};
    struct buf json SCOPED(buf_drop) = {.max = KIB(16)};
    struct tree tree;
    struct err e = {0};

    json_write(f, c, &json);
    tree_init(&tree);
    if (tree_write(&tree,
                   &(struct tree_write){
                       .path = AGENT_JSON, .owner = "", .bytes = buf_text(&json), .len = json.len},
                   &e) < 0)
        die("%s", e.text);
    a->f = f;
    a->core = agent_new();
    a->due = loop_timer_new(f->t->loop, on_due, a);
    buf_init(&a->beat, KIB(2));
    event.tree = &tree;
    step(a, &event);
    tree_drop(&tree);
}

/* --- as fast as it goes ----------------------------------------------------------------------- */

static void beat_again(struct fleet_agent *a);

static void on_again(struct line *l, int status, const char *answer)
{
    struct fleet *f = ((struct fleet_call *)l->who)->a->f;

    if (status >= 300)
        die("a heartbeat was refused: %.300s", answer);
    f->extra++;
    if (clk_monotonic_ns() >= f->ends_ns)
        return;
    for (size_t k = 0; k < f->n; k++) { /* the next one that has nothing under way there */
        struct fleet_agent *a = &f->at[f->next++ % f->n];

        if (a->beat.len > 0 && !a->calls[0].line.asking) {
            beat_again(a);
            return;
        }
    }
}

static void beat_again(struct fleet_agent *a)
{
    const char *text = buf_text(&a->beat), *headers = strchr(text, '\n') + 1;
    struct fleet_call *c = call_free(a);
    char path[256];

    text_copy_len(path, sizeof(path), text, (size_t)(headers - 1 - text));
    c->line.done = on_again;
    line_ask(a->f->t, &c->line, "PUT", path, headers,
             "{\"agentVersion\":\"" AGENT_VERSION "\",\"message\":\"\"}");
}

void fleet_beat(struct fleet *f, size_t i)
{
    struct fleet_agent *a = &f->at[i];

    for (size_t k = 0; k < FLEET_LINES; k++)
        if (a->calls[k].line.asking && (a->calls[k].is_beat || a->calls[k].line.done == on_again))
            return;
    f->ends_ns = 0;
    beat_again(a);
}

int64_t fleet_extra(const struct fleet *f)
{
    return f->extra;
}

static void rest(struct fleet *f, bool rests)
{
    f->rests = rests;
    for (size_t i = 0; i < f->n; i++)
        due_set(&f->at[i]);
}

static size_t beats_under_way(const struct fleet *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < FLEET_LINES; k++)
            n += f->at[i].calls[k].line.asking && f->at[i].calls[k].line.done == on_again;
    return n;
}

double fleet_beats_at_most(struct fleet *f, size_t window, ms_t span)
{
    const int64_t from = clk_monotonic_ns();

    rest(f, true);
    f->extra = 0;
    f->ends_ns = from + span * 1000000;
    for (size_t i = 0; i < window && i < f->n; i++)
        beat_again(&f->at[f->next++ % f->n]);
    while (clk_monotonic_ns() < f->ends_ns)
        talks_run(f->t, 10);
    while (beats_under_way(f) > 0)
        talks_run(f->t, 10);
    rest(f, false);
    return (double)f->extra * 1e9 / (double)(clk_monotonic_ns() - from);
}

double fleet_all_at_once_ms(struct fleet *f)
{
    const int64_t from = clk_monotonic_ns();

    rest(f, true);
    f->extra = f->ends_ns = 0;
    for (size_t i = 0; i < f->n; i++) {
        beat_again(&f->at[i]);
        if (i % 256 == 0)
            talks_run(f->t, 0);
    }
    while (f->extra < (int64_t)f->n)
        talks_run(f->t, 10);
    rest(f, false);
    return (double)(clk_monotonic_ns() - from) / 1e6;
}
