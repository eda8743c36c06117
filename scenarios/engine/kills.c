#include "scenarios/engine/kills.h"

#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/engine/results.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_CPU_S 120 /* of one point; more is a simulator that does not come to its end */

/* Counted by many processes at once. */
struct tally {
    atomic_ulong points[SITE_EFFECTS], covered[SITE_EFFECTS], red[SITE_EFFECTS];
    atomic_ulong instants, states, played;
    atomic_ulong second, second_states, second_played; /* kills during a recovery */
};

struct shared {
    atomic_ulong n_reds;
    struct kill_red {
        size_t item;
        char name[KILLS_NAME_MAX], what[SITE_WHAT_MAX], why[KILL_WHY_MAX];
    } reds[KILLS_REDS_MAX];
    struct tally tally[]; /* one an item */
};

enum hunt_mode { HUNT_COUNT, HUNT_FORK, HUNT_AIM };

/* Places and stores that were met; open addressing. */
#define SEEN_MAX (1u << 16) /* of one run; what goes over it is played again */
struct seen {
    size_t n;
    struct {
        uint64_t state; /* 0: free */
        bool played;
    } at[SEEN_MAX];
};

struct kills {
    struct seen *seen;
    const struct kills_options *o;
    struct run *run;
    struct shared *shared;
    size_t shared_bytes;
    int64_t busy; /* children of this process */
    struct err *err;
};

/* One run of a story; in a child, one life after a kill. */
struct hunt {
    struct kills *kills;
    size_t item;
    enum hunt_mode mode;
    uint64_t nth, repeat;  /* states, and repeats of them, so far */
    uint64_t step, offset; /* every step-th state is played */
    uint64_t second;       /* states of the recovery so far, in a child */
    bool covered;          /* the last instant's state is played */
    bool child;
    enum site_effect kind; /* what the child's kill is counted as */
    size_t n_aims;
    struct kill_aim aims[KILL_DEPTH_MAX];
    char what[SITE_WHAT_MAX];
};

/* --- names ----------------------------------------------------------------------------------- */

void kill_aim_write(const struct kill_aim *a, struct buf *out)
{
    buf_printf(out, "%llu.%s%s", (unsigned long long)a->effect, site_phase_name(a->phase),
               a->keep ? ".kept" : "");
}

bool kill_aim_read(const char *text, struct kill_aim *ret)
{
    char number[24], phase[16], kept[8];
    int64_t n;
    struct kill_aim a = {.phase = SITE_PHASES};

    if (!text_next(&text, '.', number, sizeof number) || !text_int(number, 1, INT64_MAX, &n) ||
        !text_next(&text, '.', phase, sizeof phase))
        return false;
    for (int i = 0; i < SITE_PHASES; i++)
        if (text_is(phase, site_phase_name((enum site_phase)i)))
            a.phase = (enum site_phase)i;
    if (text_next(&text, '.', kept, sizeof kept)) {
        if (!text_is(kept, "kept"))
            return false;
        a.keep = true;
    }
    a.effect = (uint64_t)n;
    *ret = a;
    return a.phase != SITE_PHASES;
}

static void aims_write(const struct hunt *h, char out[KILLS_NAME_MAX])
{
    SCOPED(buf_drop) struct buf text = {0};

    buf_init(&text, KILLS_NAME_MAX - 1);
    for (size_t i = 0; i < h->n_aims; i++) {
        buf_text_add(&text, i > 0 ? "/" : "");
        kill_aim_write(&h->aims[i], &text);
    }
    text_copy(out, KILLS_NAME_MAX, buf_text(&text));
}

/* A supervisor starts it again at once, soon, or after a while: drawn by the point's own name, so
 * that the one point and all points play the same. */
static ms_t down_of(const struct hunt *h, const struct kill_aim *a)
{
    static const ms_t downs[] = {SECONDS(1), SECONDS(20), MINUTES(5)};
    struct rng dice;

    rng_seed(&dice, h->kills->run->items[h->item]->seed * 1000003 + a->effect * 7 +
                        (uint64_t)a->phase * 2 + a->keep);
    return downs[rng_between(&dice, 0, (int64_t)COUNTOF(downs) - 1)];
}

/* --- children -------------------------------------------------------------------------------- */

static struct tally *tally_of(const struct hunt *h)
{
    return &h->kills->shared->tally[h->item];
}

static void red_add(struct hunt *h, const char *why)
{
    struct shared *s = h->kills->shared;
    const size_t i = atomic_fetch_add(&s->n_reds, 1);

    atomic_fetch_add(&tally_of(h)->red[h->kind], 1);
    if (i >= KILLS_REDS_MAX)
        return;
    s->reds[i].item = h->item;
    aims_write(h, s->reds[i].name);
    text_copy(s->reds[i].what, sizeof s->reds[i].what, h->what);
    text_copy(s->reds[i].why, sizeof s->reds[i].why, why);
}

static void child_await(struct kills *k)
{
    int status = 0;

    if (wait(&status) < 0)
        WRONG("a child that cannot be waited for");
    k->busy--;
    /* it tells of what is red by itself; this is a simulator that broke */
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        const size_t i = atomic_fetch_add(&k->shared->n_reds, 1);

        if (i < KILLS_REDS_MAX)
            snprintf(k->shared->reds[i].why, KILL_WHY_MAX,
                     "the simulator itself ended with %s %d at some point of this story",
                     WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

/* true in the child. Who waits for a kill of its own plays one child at a time. */
static bool child_fork(struct hunt *h)
{
    struct kills *k = h->kills;
    const struct rlimit cpu = {.rlim_cur = CHILD_CPU_S, .rlim_max = CHILD_CPU_S};
    const pid_t parent = getpid();
    pid_t pid;

    while (k->busy >= (h->child ? 1 : k->o->run.jobs))
        child_await(k);
    pid = fork();
    if (pid < 0)
        WRONG("no process for a kill point");
    if (pid > 0) {
        k->busy++;
        if (h->child)
            child_await(k);
        return false;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)setrlimit(RLIMIT_CPU, &cpu);
    k->busy = 0;
    h->child = true;
    h->second = 0;
    return true;
}

/* --- at a moment ----------------------------------------------------------------------------- */

/* Its place among what was seen; *ret_new: it was not. NULL: no room is left. */
static bool *seen_find(struct seen *s, uint64_t state, bool *ret_new)
{
    size_t i = (size_t)(state % SEEN_MAX);

    state |= 1;
    while (s->at[i].state != 0 && s->at[i].state != state)
        i = (i + 1) % SEEN_MAX;
    *ret_new = s->at[i].state == 0;
    if (*ret_new && s->n == SEEN_MAX / 2)
        return NULL;
    s->n += *ret_new;
    s->at[i].state = state;
    return &s->at[i].played;
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
    struct rng dice;

    rng_seed(&dice, a * UINT64_C(0x9e3779b97f4a7c15) + b);
    return rng_next(&dice);
}

/* Of the states every step-th, of the repeats every so-many-th: is it to be played? */
static bool state_is_drawn(struct hunt *h, uint64_t state)
{
    const uint64_t repeats = (uint64_t)h->kills->o->repeats;
    bool is_new;
    bool *played = seen_find(h->kills->seen, state, &is_new);

    if (played == NULL) {
        h->covered = true;
        return true;
    }
    if (is_new)
        *played = h->nth++ % h->step == h->offset;
    h->covered = *played;
    return is_new ? *played : repeats > 0 && (h->repeat++ + h->kills->o->run.seed) % repeats == 0;
}

/* Counted; played, when it is drawn. Nothing happened since the moment before: the same state. */
static bool first_is_played(struct hunt *h, const struct site_moment *m, uint64_t state)
{
    struct tally *t = tally_of(h);
    bool is_new = false, plays = false;

    if (h->mode == HUNT_COUNT) {
        atomic_fetch_add(&t->points[m->kind], 1);
        if (!m->same)
            (void)seen_find(h->kills->seen, state, &is_new);
        atomic_fetch_add(&t->instants, !m->same);
        atomic_fetch_add(&t->states, is_new);
        return false;
    }
    if (!m->same)
        plays = state_is_drawn(h, state);
    atomic_fetch_add(&t->covered[m->kind], h->covered);
    return plays;
}

static bool second_is_played(struct hunt *h, const struct site_moment *m, uint64_t state)
{
    struct tally *t = tally_of(h);
    const struct kill_aim *a = &h->aims[0];
    const uint64_t first = mixed(a->effect * 8 + (uint64_t)a->phase * 2 + a->keep, h->item);
    bool is_new = false;

    if (h->kills->o->depth < 2)
        return false;
    atomic_fetch_add(&t->second, 1);
    if (!m->same)
        (void)seen_find(h->kills->seen, mixed(first, state), &is_new);
    atomic_fetch_add(&t->second_states, is_new);
    return is_new &&
           (h->second++ + mixed(first, h->kills->o->run.seed)) % (uint64_t)h->kills->o->every == 0;
}

static enum kill_how aimed(struct hunt *h, const struct kill_moment *m)
{
    const struct kill_aim *a = &h->aims[m->depth];

    if (m->depth >= h->n_aims || a->effect != m->at->effect || a->phase != m->at->phase)
        return KILL_LIVES;
    text_copy(h->what, sizeof h->what, m->at->what);
    return a->keep ? KILL_KEEPS : KILL_POWER;
}

static enum kill_how hunted(struct hunt *h, const struct kill_moment *m, bool keep)
{
    const uint64_t state = mixed(m->place, site_store_digest(m->site, keep));
    const bool plays =
        m->depth == 0 ? first_is_played(h, m->at, state) : second_is_played(h, m->at, state);

    if (!plays || !child_fork(h))
        return KILL_LIVES;
    h->n_aims = m->depth + 1;
    h->aims[m->depth] =
        (struct kill_aim){.effect = m->at->effect, .phase = m->at->phase, .keep = keep};
    h->kind = m->at->kind;
    text_copy(h->what, sizeof h->what, m->at->what);
    return keep ? KILL_KEEPS : KILL_POWER;
}

static enum kill_how on_moment(void *arg, const struct kill_moment *m, ms_t *ret_down_ms)
{
    struct hunt *h = arg;
    enum kill_how how;

    if (m->depth >= KILL_DEPTH_MAX)
        return KILL_LIVES;
    how = h->mode == HUNT_AIM ? aimed(h, m) : hunted(h, m, false);
    if (how == KILL_LIVES && h->mode != HUNT_AIM && m->at->unsynced)
        how = hunted(h, m, true);
    if (how != KILL_LIVES)
        *ret_down_ms = down_of(h, &h->aims[m->depth]);
    return how;
}

/* --- one run --------------------------------------------------------------------------------- */

static int item_play(struct hunt *h, struct kill_verdict *ret, struct err *e)
{
    struct run_item *item = h->kills->run->items[h->item];
    const struct kill_asker asker = {.ask = on_moment, .arg = h};
    const struct stage_run r = {.script = &item->script,
                                .lab = &item->lab,
                                .features = h->kills->run->features,
                                .seed = item->seed,
                                .clock = CLOCK_VIRTUAL,
                                .factor = 1};

    ev_list_clear(&item->journal);
    return kill_play(&r, &asker, &item->journal, ret, e);
}

/* The end of a child: what it saw goes into the shared memory. */
static _Noreturn void child_end(struct hunt *h, int code, const struct kill_verdict *v,
                                const struct err *e)
{
    struct tally *t = tally_of(h);

    atomic_fetch_add(v->kills > 1 ? &t->second_played : &t->played, 1);
    if (code < 0)
        red_add(h, e->text);
    else if (!v->balanced)
        red_add(h, v->why);
    _exit(0);
}

static void draw(struct hunt *h)
{
    const uint64_t states = atomic_load(&tally_of(h)->states);
    const uint64_t each = (uint64_t)h->kills->o->each;
    struct rng dice;

    rng_seed(&dice, h->kills->o->run.seed + h->item);
    h->step = each == 0 || states <= each ? 1 : (states + each - 1) / each;
    h->offset = (uint64_t)rng_between(&dice, 0, (int64_t)h->step - 1);
}

/* A story that does not end well without any kill is not one to be killed in. */
static bool counted(struct hunt *h, struct err *e, int *ret_code)
{
    struct kill_verdict v;

    h->mode = HUNT_COUNT;
    memset(h->kills->seen, 0, sizeof *h->kills->seen);
    *ret_code = item_play(h, &v, e);
    if (*ret_code < 0 || v.balanced || atomic_load(&tally_of(h)->instants) == 0)
        return *ret_code == 0 && atomic_load(&tally_of(h)->instants) > 0;
    text_copy(h->what, sizeof h->what, "never killed");
    red_add(h, v.why);
    return false;
}

static int item_hunt(struct kills *k, size_t i, struct err *e)
{
    struct hunt h = {.kills = k, .item = i, .step = 1};
    struct kill_verdict v;
    int code = 0;

    if (*k->run->items[i]->broken != '\0' || !counted(&h, e, &code))
        return code;
    h.mode = HUNT_FORK;
    memset(k->seen, 0, sizeof *k->seen);
    draw(&h);
    code = item_play(&h, &v, e);
    if (h.child)
        child_end(&h, code, &v, e);
    while (k->busy > 0)
        child_await(k);
    return code;
}

/* --- what is told ---------------------------------------------------------------------------- */

struct sum {
    unsigned long points[SITE_EFFECTS], covered[SITE_EFFECTS], red[SITE_EFFECTS];
    unsigned long all, all_covered, all_red, instants, states, played, runs;
    unsigned long second, second_states, second_played;
};

static void sum_add(struct sum *s, const struct tally *t)
{
    for (size_t i = 0; i < SITE_EFFECTS; i++) {
        s->points[i] += atomic_load(&t->points[i]);
        s->covered[i] += atomic_load(&t->covered[i]);
        s->red[i] += atomic_load(&t->red[i]);
        s->all += atomic_load(&t->points[i]);
        s->all_covered += atomic_load(&t->covered[i]);
        s->all_red += atomic_load(&t->red[i]);
    }
    s->instants += atomic_load(&t->instants);
    s->states += atomic_load(&t->states);
    s->played += atomic_load(&t->played);
    s->second += atomic_load(&t->second);
    s->second_states += atomic_load(&t->second_states);
    s->second_played += atomic_load(&t->second_played);
    s->runs++;
}

/* "12/12": balanced of all there are. What was not drawn is not balanced, and not red either. */
static void row_add(struct buf *out, const char *name, const struct sum *s)
{
    buf_printf(out, "%-36.36s %4lu", name, s->runs);
    for (size_t i = 0; i < SITE_EFFECTS; i++) {
        char cell[48];

        snprintf(cell, sizeof cell, "%lu/%lu",
                 s->covered[i] > s->red[i] ? s->covered[i] - s->red[i] : 0, s->points[i]);
        buf_printf(out, " %13s", cell);
    }
    buf_printf(out, " %7lu %7lu %7lu %5lu\n", s->all, s->states, s->played, s->all_red);
}

static void table_add(const struct kills *k, struct buf *out, struct sum *ret_all)
{
    const struct run *r = k->run;

    buf_printf(out, "%-36s %4s", "kill points: balanced/all", "runs");
    for (size_t i = 0; i < SITE_EFFECTS; i++)
        buf_printf(out, " %13s", site_effect_name((enum site_effect)i));
    buf_printf(out, " %7s %7s %7s %5s\n", "points", "states", "played", "red");
    for (size_t i = 0, end; i < r->n; i = end) {
        struct sum s = {.runs = 0};

        for (end = i; end < r->n && text_is(r->items[end]->script.name, r->items[i]->script.name);
             end++) {
            sum_add(&s, &k->shared->tally[end]);
            sum_add(ret_all, &k->shared->tally[end]);
        }
        row_add(out, r->items[i]->script.name, &s);
    }
    row_add(out, "all", ret_all);
}

/* One line that plays it again. */
static void again_add(const struct kills *k, const struct kill_red *red, struct buf *out)
{
    const struct run_item *item = k->run->items[red->item];

    buf_printf(out, "  gateproof kills %.3s", item->script.name);
    if (*item->over != '\0')
        buf_printf(out, " --over '%s'", item->over);
    if (k->o->run.seed != 1)
        buf_printf(out, " --seed %llu", (unsigned long long)k->o->run.seed);
    if (*red->name != '\0')
        buf_printf(out, " --at %s", red->name);
    buf_text_add(out, "\n");
}

static void reds_add(const struct kills *k, struct buf *out)
{
    const size_t n = atomic_load(&k->shared->n_reds);

    for (size_t i = 0; i < n && i < KILLS_REDS_MAX; i++) {
        const struct kill_red *red = &k->shared->reds[i];
        const struct run_item *item = k->run->items[red->item];

        buf_printf(out, "red: %s%s%s: %s (%s): %s\n", item->script.name,
                   *item->over == '\0' ? "" : " ", item->over, red->name, red->what, red->why);
        again_add(k, red, out);
    }
    if (n > KILLS_REDS_MAX)
        buf_printf(out, "red: and %zu more\n", n - KILLS_REDS_MAX);
}

static void last_word(const struct kills *k, const struct sum *s, struct buf *out)
{
    const size_t reds = atomic_load(&k->shared->n_reds);

    buf_printf(out,
               "kill points: %lu in %lu runs (%lu instants, %lu different states); %lu played for "
               "%lu of the points",
               s->all, s->runs, s->instants, s->states, s->played, s->all_covered);
    if (s->second > 0)
        buf_printf(out, "; second kills: %lu (%lu states), %lu played", s->second, s->second_states,
                   s->second_played);
    if (reds == 0)
        buf_text_add(out, "; all balanced\n");
    else
        buf_printf(out, "; %zu not balanced\n", reds);
}

/* --- one point ------------------------------------------------------------------------------- */

static int aims_read(struct hunt *h, const char *text, struct err *e)
{
    char part[KILLS_NAME_MAX];

    for (const char *at = text; text_next(&at, '/', part, sizeof part); h->n_aims++)
        if (h->n_aims == KILL_DEPTH_MAX || !kill_aim_read(part, &h->aims[h->n_aims]))
            return err_set(e, -EINVAL,
                           "--at: '%s' is no point; write EFFECT.before, EFFECT.after or "
                           "EFFECT.answered, with .kept for a kill that loses nothing, and the "
                           "second kill after a slash",
                           text);
    return 0;
}

static int aim_play(struct kills *k, struct buf *out, bool *ret_balanced, struct err *e)
{
    struct hunt h = {.kills = k, .mode = HUNT_AIM};
    struct run_item *item = k->run->items[0];
    struct kill_verdict v = {.kills = 0};
    char path[1100];
    int code = aims_read(&h, k->o->at, e);

    if (code == 0 && k->run->n != 1)
        code =
            err_set(e, -EINVAL, "--at needs one story and one run of it; name it, and say --over");
    if (code == 0)
        code = item_play(&h, &v, e);
    if (code == 0 && v.kills != h.n_aims)
        code = err_set(e, -EINVAL, "--at: the gateway never comes to the point %s", k->o->at);
    snprintf(path, sizeof path, "%s/journal.jsonl", item->dir);
    if (code == 0)
        code = file_mkdirs(item->dir, 0755, e);
    if (code == 0)
        code = journal_file_write(path, &item->journal, e);
    if (code < 0)
        return code;
    buf_printf(out, "%s: %s (%s)%s%s; well again after %.3f s\njournal: %s\n",
               v.balanced ? "balanced" : "red", k->o->at, h.what, v.balanced ? "" : ": ", v.why,
               (double)v.healed / 1000, path);
    *ret_balanced = v.balanced;
    return 0;
}

/* --- all ------------------------------------------------------------------------------------- */

static int hunt(struct kills *k, struct buf *out, bool *ret_balanced, struct err *e)
{
    struct sum all = {.runs = 0};
    int code = 0;

    fflush(NULL); /* what stands in a buffer would be written by each child */
    for (size_t i = 0; i < k->run->n && code == 0; i++) {
        code = item_hunt(k, i, e);
        ev_list_clear(&k->run->items[i]->journal);
    }
    if (code < 0)
        return code;
    table_add(k, out, &all);
    reds_add(k, out);
    last_word(k, &all, out);
    *ret_balanced = atomic_load(&k->shared->n_reds) == 0 && all.all > 0;
    return 0;
}

int kills_play(const struct kills_options *o, struct buf *out, bool *ret_balanced, struct err *e)
{
    struct kills k = {.o = o, .err = e, .seen = calloc(1, sizeof *k.seen)};
    int code = run_plan(&o->run, &k.run, e);

    if (k.seen == NULL)
        WRONG("out of memory");
    if (code < 0) {
        free(k.seen);
        return code;
    }
    k.shared_bytes = sizeof *k.shared + k.run->n * sizeof k.shared->tally[0];
    k.shared =
        mmap(NULL, k.shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (k.shared == MAP_FAILED)
        code = err_errno(e, "memory for what is counted");
    else
        code = *o->at != '\0' ? aim_play(&k, out, ret_balanced, e) : hunt(&k, out, ret_balanced, e);
    if (k.shared != MAP_FAILED)
        munmap(k.shared, k.shared_bytes);
    run_free(k.run);
    free(k.seen);
    return code;
}
