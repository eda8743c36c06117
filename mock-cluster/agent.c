/* The agent's own loop: take an event, send what is due, say when the next thing is. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct agent_op_row agent_ops[AGENT_OP_COUNT] = {
    [AGENT_OP_REGISTER] = {"register", AGENT_PALETTE, agent_write_register, agent_register_done},
    [AGENT_OP_BEAT] = {"heartbeat", AGENT_PALETTE, agent_write_beat, agent_beat_done},
    [AGENT_OP_ASSIGNMENT] = {"assignment", AGENT_PALETTE, agent_write_assignment,
                             agent_assignment_done},
    [AGENT_OP_APPLY] = {"new wishes", AGENT_PALETTE, agent_write_apply, agent_apply_done},
    [AGENT_OP_APPLIED] = {"wishes done", AGENT_PALETTE, agent_write_applied, agent_applied_done},
    [AGENT_OP_LABELS] = {"labels", AGENT_PALETTE, agent_write_labels, agent_labels_done},
    [AGENT_OP_LOOK] = {"machines", AGENT_MAAS, cluster_write_look, agent_look_done},
    [AGENT_OP_CHECK] = {"machine", AGENT_MAAS, cluster_write_check, agent_check_done},
    [AGENT_OP_ALLOCATE] = {"allocate", AGENT_MAAS, cluster_write_allocate, agent_allocate_done},
    [AGENT_OP_ANNOTATE] = {"annotate", AGENT_MAAS, cluster_write_annotate, agent_annotate_done},
    [AGENT_OP_DEPLOY] = {"deploy", AGENT_MAAS, cluster_write_deploy, agent_deploy_done},
    [AGENT_OP_RELEASE] = {"release", AGENT_MAAS, cluster_write_release, agent_release_done},
    [AGENT_OP_RECORD_MAKE] = {"new machine record", AGENT_PALETTE, agent_write_record_make,
                              agent_record_made},
    [AGENT_OP_RECORD_CHANGE] = {"machine record", AGENT_PALETTE, agent_write_record_change,
                                agent_record_changed},
    [AGENT_OP_RECORD_DROP] = {"end of machine record", AGENT_PALETTE, agent_write_record_drop,
                              agent_record_dropped},
    [AGENT_OP_QUIESCED] = {"quiesced", AGENT_PALETTE, agent_write_quiesced, agent_quiesced_done},
};

/* --- what is due, and sending it -------------------------------------------------------------- */

/* The errand as it would go out now, and when; *ret is filled only when that is ever. */
static ms_t may_go(const struct agent *a, size_t i, struct agent_errand *ret)
{
    const struct agent_errand *e = &a->errands[i];

    if (e->ticket || e->due == MS_NEVER)
        return MS_NEVER;
    if (i != AGENT_AT_REGISTER && (!a->token[0] || a->token_old))
        return MS_NEVER;
    *ret = *e;
    if (i == AGENT_AT_WORK)
        return ms_max(ret->due, agent_work_next(a, ret));
    return ret->due;
}

static void headers_add(const struct agent *a, enum agent_op op, struct http_call *call)
{
    bool good = true;
    char epoch[24];

    if (agent_ops[op].target == AGENT_PALETTE && a->token[0])
        good = http_header_add(&call->headers, "Authorization", a->token);
    if (agent_ops[op].target == AGENT_PALETTE && op != AGENT_OP_REGISTER) {
        if (a->assigned.project_uid[0])
            good = good && http_header_add(&call->headers, "ProjectUid", a->assigned.project_uid);
        if (agent_owns(a)) {
            (void)snprintf(epoch, sizeof epoch, "%lld", (long long)a->assigned.epoch);
            good = good && http_header_add(&call->headers, "X-Gp-Epoch", epoch);
        }
    }
    assert(good && !call->url.full && !call->headers.full && !call->body.full);
}

static void call_out(struct agent *a, size_t i, const struct agent_errand *as,
                     struct agent_effects *fx)
{
    struct agent_errand *e = &a->errands[i];
    const struct agent_op_row *row = &agent_ops[as->op];
    struct agent_effect *effect = agent_effect_add(fx, AGENT_FX_CALL);

    *e = *as;
    e->ticket = ++a->tickets;
    e->sent = a->now;
    effect->ticket = e->ticket;
    effect->target = row->target;
    row->write(a, e, &effect->call);
    headers_add(a, e->op, &effect->call);
    if (effect->call.timeout_ms == 0)
        effect->call.timeout_ms =
            row->target == AGENT_MAAS ? a->timing.maas_call_ms : a->timing.call_ms;
    effect->call.timeout_ms = ms_max(effect->call.timeout_ms, 1);
    if (row->target == AGENT_PALETTE) /* and never for MAAS, whatever noProxy says */
        memcpy(effect->call.proxy, a->proxy, sizeof a->proxy);
}

static void send_due(struct agent *a, struct agent_effects *fx)
{
    for (size_t i = 0; i < AGENT_ERRANDS; i++) {
        struct agent_errand as;

        if (may_go(a, i, &as) <= a->now)
            call_out(a, i, &as, fx);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

/* Palette no longer takes the token: get another one, then go on with the same thing. */
static bool token_is_old(struct agent *a, struct agent_errand *e, const struct http_result *r)
{
    struct agent_errand *again = &a->errands[AGENT_AT_REGISTER];

    if (agent_ops[e->op].target != AGENT_PALETTE || e->op == AGENT_OP_REGISTER ||
        r->outcome != HTTP_ANSWERED || r->status != 401)
        return false;
    a->token_old = true;
    e->failures++;
    e->due =
        a->now + agent_backoff(a, e->failures, a->timing.backoff_base_ms, a->timing.backoff_max_ms);
    if (again->ticket == 0 && again->failures == 0)
        again->due = a->now;
    return true;
}

static void complain(struct agent *a, struct agent_errand *e, const struct http_result *r,
                     struct agent_effects *fx)
{
    const struct agent_op_row *row = &agent_ops[e->op];
    const bool maas = row->target == AGENT_MAAS;
    const char *who = maas ? "MAAS" : "Palette";
    char why[HTTP_WHY_MAX];

    if (agent_good(r)) {
        e->complained = false;
        return;
    }
    if (e->complained)
        return;
    e->complained = true;
    if (r->outcome == HTTP_ANSWERED) {
        agent_say(fx, 1, "%s: %s answers %d", row->name, who, r->status);
        return;
    }
    http_why_write(r, maas ? "" : a->proxy, why);
    agent_say(fx, 1, "%s: no answer from %s: %s", row->name, who, why);
}

static void on_reply(struct agent *a, const struct agent_event *event, struct agent_effects *fx)
{
    struct agent_errand *e = NULL;

    for (size_t i = 0; i < AGENT_ERRANDS; i++)
        if (event->ticket && a->errands[i].ticket == event->ticket)
            e = &a->errands[i];
    if (!e)
        return; /* late, or never asked for */
    e->ticket = 0;
    complain(a, e, event->result, fx);
    if (!token_is_old(a, e, event->result))
        agent_ops[e->op].done(a, e, event->result, fx);
}

static void files_copy(struct agent *a, const struct tree *from)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct tree_file *f = from->at[i];
        const struct tree_write w = {.path = f->path,
                                     .owner = f->owner,
                                     .mode = f->mode,
                                     .given = f->given,
                                     .bytes = buf_text(&f->content),
                                     .len = f->content.len};
        const int err = tree_write(&a->files, &w, NULL);

        assert(err == 0);
    }
}

/* As the node found it in its user data: agent.json is all that the agent reads. */
static bool proxy_decide(struct agent *a)
{
    const struct agent_config_proxy *c = &a->config.proxy;
    const char *proxy = proxy_for(c->https, c->no_proxy, a->config.palette.url);
    struct url u;

    return !*proxy ||
           (proxy_read(proxy, &u, NULL) == 0 && text_copy(a->proxy, sizeof a->proxy, proxy));
}

static void on_start(struct agent *a, const struct agent_event *event, struct agent_effects *fx)
{
    struct err e = {0};

    assert(a->life == AGENT_UNBORN);
    files_copy(a, event->tree);
    rng_seed(&a->rng, event->seed);
    (void)text_copy(a->hostname, sizeof a->hostname, event->hostname);
    if (agent_config_fill(&a->files, &a->config, &e) < 0) {
        agent_say(fx, 0, "%s", e.text);
        a->life = AGENT_OVER;
        return;
    }
    if (!proxy_decide(a)) {
        agent_say(fx, 0, "%s: proxy.httpsProxy cannot be used", AGENT_JSON);
        a->life = AGENT_OVER;
        return;
    }
    a->life = AGENT_ALIVE;
    a->init = text_is(a->config.role, "init");
    a->change_unknown = a->look_due = a->now;
    a->errands[AGENT_AT_REGISTER].due = a->now + a->slow_ms;
    agent_effect_add(fx, AGENT_FX_LISTEN)->port = (int)a->config.endpoint.port;
}

static void on_stop(struct agent *a, struct agent_effects *fx)
{
    for (size_t i = 0; i < AGENT_ERRANDS; i++)
        agent_cancel(a, i, fx);
    agent_effect_add(fx, AGENT_FX_LISTEN)->port = 0;
    a->life = AGENT_OVER;
}

void agent_step(struct agent *a, const struct agent_event *event, struct agent_effects *fx)
{
    a->now = ms_max(a->now, event->time);
    a->wall_s = event->wall_s;
    if (a->life == AGENT_OVER)
        return;
    assert((event->kind == AGENT_EV_START) == (a->life == AGENT_UNBORN));
    switch (event->kind) {
    case AGENT_EV_START:
        on_start(a, event, fx);
        break;
    case AGENT_EV_REPLY:
        on_reply(a, event, fx);
        break;
    case AGENT_EV_STOP:
        on_stop(a, fx);
        break;
    case AGENT_EV_TIME:
        break;
    }
    if (a->life == AGENT_ALIVE)
        send_due(a, fx);
}

ms_t agent_due(const struct agent *a)
{
    ms_t due = MS_NEVER;

    for (size_t i = 0; a->life == AGENT_ALIVE && i < AGENT_ERRANDS; i++) {
        struct agent_errand as;

        due = ms_min(due, may_go(a, i, &as));
    }
    return due;
}

struct agent *agent_new(void)
{
    struct agent *a = calloc(1, sizeof *a);

    if (!a)
        WRONG("no memory");
    tree_init(&a->files);
    agent_timing_init(&a->timing);
    a->now = a->lease_sent = a->looked_at = a->look_pause = AGENT_LONG_AGO;
    a->labels_said = strdup("{}"); /* none is what Palette knows of a new cluster */
    if (!a->labels_said)
        WRONG("no memory");
    for (size_t i = 0; i < AGENT_ERRANDS; i++)
        a->errands[i].due = MS_NEVER;
    a->errands[AGENT_AT_REGISTER].op = AGENT_OP_REGISTER;
    a->errands[AGENT_AT_BEAT].op = AGENT_OP_BEAT;
    a->errands[AGENT_AT_ASSIGNMENT].op = AGENT_OP_ASSIGNMENT;
    a->errands[AGENT_AT_APPLY].op = AGENT_OP_APPLY;
    a->errands[AGENT_AT_LABELS].op = AGENT_OP_LABELS;
    a->errands[AGENT_AT_WORK].op = AGENT_OP_LOOK;
    return a;
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    tree_drop(&a->files);
    agent_assignment_drop(&a->assigned);
    free(a->labels_said);
    free(a->labels_sent);
    free(a);
}

void agent_slow(struct agent *a, ms_t pause_ms)
{
    a->slow_ms = pause_ms;
}

bool agent_stray(struct agent *a, const char *cluster_uid)
{
    if (!a->init || !a->token[0] || a->errands[AGENT_AT_BEAT].ticket ||
        !text_copy(a->stray_uid, sizeof a->stray_uid, cluster_uid))
        return false;
    a->errands[AGENT_AT_BEAT].due = a->now;
    return true;
}

const struct agent_config *agent_config(const struct agent *a)
{
    return &a->config;
}

void agent_describe(const struct agent *a, struct buf *out)
{
    static const char *const lives[] = {"not started", "at work", "over"};

    buf_printf(out, "agent %s of %s (%s): %s\n", a->config.system_id, a->config.cluster_name,
               a->config.role, lives[a->life]);
    buf_printf(out, "token: %s\n", !a->token[0] ? "none" : a->token_old ? "old" : "good");
    if (a->init)
        buf_printf(out, "owner: %s, epoch %lld%s\n", a->assigned.owner,
                   (long long)a->assigned.epoch, a->assigned.quiesce ? ", to be given back" : "");
    for (size_t i = 0; i < a->n_machines; i++)
        buf_printf(out, "machine %s pool %s: %s%s\n", a->machines[i].id, a->machines[i].pool,
                   agent_state_word(a, &a->machines[i]), a->machines[i].gone ? ", not wanted" : "");
}
