/* Kills in namespaces, with SIGKILL to the process group. A black box has no effects that could be
 * counted; it has operations. The points are those of the simulator's trace of the same story: the
 * N-th operation was asked (it is at the server, which has done nothing of it and will), done (its
 * answer has not left) or answered (its answer is with the gateway's kernel and was not read). Of
 * points between which nothing changes in the world only the first is drawn from. */
#include "scenarios/engine/kills_private.h"

#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/judge/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINTS_MAX     20000
#define OPS_MAX        32
#define POINT_TEXT_MAX 64
#define BUDGET_MS      SECONDS(120) /* kernel time of one run */
/* The story's own length was measured without a kill. */
#define LONGER_MS HOURS(24)

struct point {
    size_t item;
    char text[POINT_TEXT_MAX]; /* "allocate.1.done" */
};

struct points_of_kills {
    size_t n, n_all; /* different ones; with their repeats */
    struct point at[POINTS_MAX];
};

/* --- the trace ------------------------------------------------------------------------------- */

static enum kill_how never(void *arg, const struct kill_moment *m, ms_t *ret_down_ms)
{
    (void)arg;
    (void)m;
    (void)ret_down_ms;
    return KILL_LIVES;
}

struct tracer {
    struct points_of_kills *to;
    size_t item;
    struct well well;
    struct lines *lines;
    struct {
        char op[16];
        int64_t before;    /* how many there were when the story began */
        uint64_t place[3]; /* changes at the last point of each phase, + 1 */
    } ops[OPS_MAX];
};

static size_t op_find(struct tracer *t, const char *op)
{
    size_t i = 0;

    while (i < OPS_MAX && *t->ops[i].op != '\0' && !text_is(t->ops[i].op, op))
        i++;
    assert(i < OPS_MAX);
    text_copy(t->ops[i].op, sizeof t->ops[0].op, op);
    return i;
}

static size_t phase_index(const char *phase)
{
    return text_is(phase, "asked") ? 0 : text_is(phase, "done") ? 1 : 2;
}

static void point_feed(struct tracer *t, const struct event *e)
{
    const size_t op = op_find(t, ev_text(e, EVF_OP));
    const size_t phase = phase_index(ev_text(e, EVF_PHASE));
    const int64_t count = ev_int(e, EVF_COUNT);
    struct points_of_kills *to = t->to;

    if (lines_origin(t->lines) == MS_NEVER) {
        t->ops[op].before = count;
        return;
    }
    /* an operation that was begun before the story has no name in it */
    if (count <= t->ops[op].before)
        return;
    to->n_all++;
    if (t->ops[op].place[phase] == t->well.changes + 1 || to->n == POINTS_MAX)
        return;
    t->ops[op].place[phase] = t->well.changes + 1;
    to->at[to->n].item = t->item;
    snprintf(to->at[to->n++].text, POINT_TEXT_MAX, "%s.%lld.%s", t->ops[op].op,
             (long long)(count - t->ops[op].before), ev_text(e, EVF_PHASE));
}

static int item_trace(struct kills *k, size_t i, struct points_of_kills *to, struct err *e)
{
    struct run_item *item = k->run->items[i];
    struct tracer *t = calloc(1, sizeof *t);
    const struct kill_asker asker = {.ask = never};
    const struct stage_run r = {.script = &item->script,
                                .lab = &item->lab,
                                .features = k->run->features,
                                .seed = item->seed,
                                .clock = CLOCK_VIRTUAL,
                                .factor = 1};
    struct kill_verdict v;
    int code;

    if (t == NULL)
        WRONG("out of memory");
    t->to = to;
    t->item = i;
    well_init(&t->well, &item->script);
    t->lines = lines_new(&item->script);
    code = kill_play(&r, &asker, &item->journal, &v, e);
    for (size_t n = 0; code == 0 && v.balanced && n < item->journal.n; n++) {
        const struct event *event = ev_list_at(&item->journal, n);

        lines_feed(t->lines, event);
        well_feed(&t->well, event);
        if (event->kind == EV_POINT)
            point_feed(t, event);
    }
    ev_list_clear(&item->journal);
    lines_free(t->lines);
    free(t);
    return code;
}

/* --- one run --------------------------------------------------------------------------------- */

/* The story with two lines more: killed at the point, and back after a while. */
static int story_with(const struct kills *k, const struct point *p, struct script *ret,
                      struct err *e)
{
    static const int downs_s[] = {1, 20, 300};
    const struct run_item *item = k->run->items[p->item];
    SCOPED(buf_drop) struct buf text = {0};
    char path[1100], words[SCRIPT_OVER_MAX][64] = {""};
    const char *values[SCRIPT_OVER_MAX] = {NULL}, *at = item->over;
    struct rng dice;
    int code;

    for (size_t i = 0; i < SCRIPT_OVER_MAX && text_next(&at, ' ', words[i], sizeof words[i]); i++)
        values[i] = words[i];
    rng_seed(&dice, k->o->run.seed);
    for (const char *c = p->text; *c != '\0'; c++)
        rng_seed(&dice, rng_next(&dice) + (uint8_t)*c);
    buf_init(&text, SCRIPT_TEXT_MAX);
    snprintf(path, sizeof path, "%s/stories/%s.scn", k->o->run.data, item->script.name);
    code = file_read(path, &text, e);
    if (code < 0)
        return code;
    buf_printf(&text, "\nat %s gateway dies\nat %s+%ds gateway comes back\n", p->text, p->text,
               downs_s[rng_between(&dice, 0, (int64_t)COUNTOF(downs_s) - 1)]);
    code = script_read(path, buf_text(&text), *item->over == '\0' ? NULL : values, ret, e);
    ret->run_ms += LONGER_MS;
    return code;
}

static bool was_hit(const struct script *s, const struct ev_list *journal)
{
    const int first = s->lines[s->n_lines - 2].number;

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_ACT && ev_int(e, EVF_LINE) == first)
            return ev_is(e, EVF_FIRED, "1");
    }
    return false;
}

/* What is wrong, "" when nothing is. */
static void judge(const struct script *s, const struct ev_list *journal, char why[WELL_WHY_MAX])
{
    struct well *w = calloc(1, sizeof *w);

    if (w == NULL)
        WRONG("out of memory");
    well_init(w, s);
    for (size_t i = 0; i < journal->n && ev_list_at(journal, i)->kind != EV_RUN_END; i++)
        well_feed(w, ev_list_at(journal, i));
    if (well_is(w, why))
        well_laws(journal, why);
    free(w);
}

/* ret_hit: the point came. It may not: an agent's calls are not the same ones on both stages. */
static int point_play(const struct kills *k, const struct point *p, bool *ret_hit,
                      char why[WELL_WHY_MAX], struct err *e)
{
    struct run_item *item = k->run->items[p->item];
    struct script *script = calloc(1, sizeof *script);
    char dir[1200], path[1300];
    const struct stage_run r = {.script = script,
                                .lab = &item->lab,
                                .manifest = &k->run->manifest,
                                .features = k->run->features,
                                .seed = item->seed,
                                .clock = item->clock,
                                .factor = item->factor,
                                .until_well = true,
                                .out_dir = dir,
                                .bin_dir = k->o->run.bin,
                                .budget_ms = BUDGET_MS};
    int code;

    if (script == NULL)
        WRONG("out of memory");
    snprintf(dir, sizeof dir, "%s.%s", item->dir, p->text);
    snprintf(path, sizeof path, "%s/journal.jsonl", dir);
    code = story_with(k, p, script, e);
    if (code == 0)
        code = file_mkdirs(dir, 0755, e);
    if (code == 0)
        code = stage_netns(&r, &item->journal, e);
    *ret_hit = code < 0 || was_hit(script, &item->journal);
    if (code == 0 && *ret_hit)
        judge(script, &item->journal, why);
    if (code == 0)
        code = journal_file_write(path, &item->journal, e);
    free(script);
    return code;
}

static _Noreturn void child(struct kills *k, const struct point *p)
{
    struct err e = {0};
    char why[WELL_WHY_MAX] = "";
    bool hit = false;

    if (point_play(k, p, &hit, why, &e) < 0)
        text_copy(why, sizeof why, e.text);
    if (*why != '\0')
        kills_red_add(k, p->item, p->text, "", why);
    atomic_fetch_add(&k->shared->missed, !hit);
    _exit(0);
}

/* --- all ------------------------------------------------------------------------------------- */

/* Into an order that the seed says. */
static void shuffle(struct points_of_kills *p, uint64_t seed)
{
    struct rng dice;

    rng_seed(&dice, seed);
    for (size_t i = 0; i < p->n; i++) {
        const size_t k = (size_t)rng_between(&dice, (int64_t)i, (int64_t)p->n - 1);
        const struct point taken = p->at[k];

        p->at[k] = p->at[i];
        p->at[i] = taken;
    }
}

/* Until `wanted` of them were hit, or all were tried. Returns how many were begun. */
static size_t points_play(struct kills *k, const struct points_of_kills *p, size_t wanted)
{
    size_t begun = 0;

    while (begun < p->n) {
        while (k->busy > 0 && begun - atomic_load(&k->shared->missed) >= wanted)
            kills_await(k);
        if (begun - atomic_load(&k->shared->missed) >= wanted)
            break;
        k->item = p->at[begun].item;
        if (kills_fork(k, k->o->run.jobs))
            child(k, &p->at[begun]);
        begun++;
    }
    while (k->busy > 0)
        kills_await(k);
    return begun;
}

static int points_trace(struct kills *k, struct points_of_kills *p, struct err *e)
{
    int code = 0;

    if (*k->o->at != '\0') {
        p->n = p->n_all = 1;
        return text_copy(p->at[0].text, sizeof p->at[0].text, k->o->at) && k->run->n == 1
                   ? 0
                   : err_set(e, -EINVAL,
                             "--at needs one story and one run of it; name it, and say --over");
    }
    for (size_t i = 0; i < k->run->n && code == 0; i++) {
        const struct run_item *item = k->run->items[i];

        if (*item->broken == '\0' && (item->script.stages & BIT(STAGE_SIM)) != 0)
            code = item_trace(k, i, p, e);
    }
    return code;
}

int kills_netns(struct kills *k, struct buf *out, bool *ret_balanced, struct err *e)
{
    struct points_of_kills *p = calloc(1, sizeof *p);
    size_t begun = 0, wanted;
    unsigned long missed, red;
    int code;

    if (p == NULL)
        WRONG("out of memory");
    code = points_trace(k, p, e);
    wanted = k->o->sample > 0 && (size_t)k->o->sample < p->n ? (size_t)k->o->sample : p->n;
    if (code == 0) {
        shuffle(p, k->o->run.seed);
        begun = points_play(k, p, wanted);
    }
    missed = atomic_load(&k->shared->missed);
    red = atomic_load(&k->shared->n_reds);
    kills_tell_reds(k, out);
    if (code == 0)
        buf_printf(out,
                   "kill points in namespaces, with SIGKILL: %zu in %zu runs (%zu different "
                   "states); drawn with seed %llu: %zu killed there, %lu balanced (%lu more never "
                   "came)\n",
                   p->n_all, k->run->n, p->n, (unsigned long long)k->o->run.seed, begun - missed,
                   begun - missed - red, missed);
    *ret_balanced = code == 0 && begun > missed && red == 0;
    free(p);
    return code;
}
