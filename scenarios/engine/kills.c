#include "scenarios/engine/kills_private.h"

#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "scenarios/engine/results.h"

#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORY_NUMBER_LEN 3   /* "406" of 406-deleted-while-being-made */
#define CHILD_CPU_S      120 /* of one point; more is a simulator that does not come to its end */

enum hunt_mode { HUNT_COUNT, HUNT_FORK, HUNT_AIM };

/* One run of a story; in a child, one life after a kill. */
struct hunt {
    struct kills *kills;
    size_t item;
    enum hunt_mode mode;
    uint64_t nth, repeat; /* states, and repeats of them, so far */
    uint64_t step, draw;  /* of step states one is played, drawn by this number */
    uint64_t second;      /* states of the recovery so far, in a child */
    bool covered;         /* the last instant's state is played */
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

void kills_red_add(struct kills *k, size_t item, const char *name, const char *what,
                   const char *why)
{
    struct shared *s = k->shared;
    const size_t i = atomic_fetch_add(&s->n_reds, 1);

    if (i >= KILLS_REDS_MAX)
        return;
    s->reds[i].item = item;
    text_copy(s->reds[i].name, sizeof s->reds[i].name, name);
    text_copy(s->reds[i].what, sizeof s->reds[i].what, what);
    text_copy(s->reds[i].why, sizeof s->reds[i].why, why);
}

static void red_add(struct hunt *h, const char *why)
{
    char name[KILLS_NAME_MAX];

    aims_write(h, name);
    atomic_fetch_add(&tally_of(h)->red[h->kind], 1);
    kills_red_add(h->kills, h->item, name, h->what, why);
}

void kills_await(struct kills *k)
{
    char why[128];
    int status = 0;

    if (wait(&status) < 0)
        WRONG("a child that cannot be waited for");
    k->busy--;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return; /* it told of what is red by itself; else this is a harness that broke */
    snprintf(why, sizeof why, "the harness's own process ended with %s %d at a point of this story",
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    kills_red_add(k, k->item, "", "", why);
}

bool kills_fork(struct kills *k, int64_t most)
{
    const pid_t parent = getpid();
    pid_t pid;

    while (k->busy >= most)
        kills_await(k);
    pid = fork();
    if (pid < 0)
        WRONG("no process for a kill point");
    if (pid > 0) {
        k->busy++;
        return false;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    k->busy = 0;
    return true;
}

/* true in the child. Who waits for a kill of its own plays one child at a time. */
static bool child_fork(struct hunt *h)
{
    const struct rlimit cpu = {.rlim_cur = CHILD_CPU_S, .rlim_max = CHILD_CPU_S};
    struct kills *k = h->kills;

    if (!kills_fork(k, h->child ? 1 : k->o->run.jobs)) {
        if (h->child)
            kills_await(k);
        return false;
    }
    (void)setrlimit(RLIMIT_CPU, &cpu);
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
        *played = mixed(h->nth++, h->draw) % h->step == 0;
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

    if (m->depth >= (h->mode == HUNT_AIM ? KILL_DEPTH_MAX : (size_t)h->kills->o->depth))
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

    h->draw = mixed(h->kills->o->run.seed, h->item);
    h->step = each == 0 || states <= each ? 1 : (states + each - 1) / each;
}

/* By its name or number: who does that wants this story, and hears it when it cannot be had. */
static bool is_named(const struct hunt *h)
{
    const struct run_options *o = &h->kills->o->run;
    const char *name = h->kills->run->items[h->item]->script.name;

    for (size_t i = 0; i < o->n_words; i++)
        if (text_is(o->words[i], name) ||
            (strlen(o->words[i]) == STORY_NUMBER_LEN && text_begins(name, o->words[i])))
            return true;
    return false;
}

/* What was counted of it belongs to no table. */
static void leave_out(struct hunt *h, const char *why)
{
    struct tally *t = tally_of(h);

    memset(t, 0, sizeof *t);
    text_copy(t->left_out, sizeof t->left_out, why);
}

/* A story that does not end well without any kill is not one to be killed in: torn evidence, a
 * gateway that stays dead or was wiped, a Palette that calls MAAS itself. Whether it should end so
 * is `gateproof run`'s question. Where all stories are meant it is left out; who named it hears
 * that it is red. */
static bool counted(struct hunt *h, struct err *e, int *ret_code)
{
    struct kill_verdict v;

    h->mode = HUNT_COUNT;
    memset(h->kills->seen, 0, sizeof *h->kills->seen);
    *ret_code = item_play(h, &v, e);
    if (*ret_code < 0)
        return false;
    if (atomic_load(&tally_of(h)->instants) == 0) {
        leave_out(h, "the gateway at the site does nothing in it");
        return false;
    }
    if (v.balanced)
        return true;
    if (!is_named(h)) {
        leave_out(h, v.why);
        return false;
    }
    text_copy(h->what, sizeof h->what, "never killed");
    red_add(h, v.why);
    return false;
}

static int item_hunt(struct kills *k, size_t i, struct err *e)
{
    struct hunt h = {.kills = k, .item = i, .step = 1};
    struct kill_verdict v;
    int code = 0;

    k->item = i;
    if (*k->run->items[i]->broken != '\0') {
        leave_out(&h, k->run->items[i]->broken);
        return 0;
    }
    if (!counted(&h, e, &code))
        return code;
    h.mode = HUNT_FORK;
    memset(k->seen, 0, sizeof *k->seen);
    draw(&h);
    code = item_play(&h, &v, e);
    if (h.child)
        child_end(&h, code, &v, e);
    while (k->busy > 0)
        kills_await(k);
    return code;
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
    int code = 0;

    for (size_t i = 0; i < k->run->n && code == 0; i++) {
        code = item_hunt(k, i, e);
        ev_list_clear(&k->run->items[i]->journal);
    }
    if (code == 0)
        kills_tell(k, out, ret_balanced);
    return code;
}

static int play(struct kills *k, struct buf *out, bool *ret_balanced, struct err *e)
{
    if (text_is(k->o->run.stage, stage_name(STAGE_LOOPBACK)))
        return err_set(e, -EINVAL, "kills: --stage loopback is not for them; use sim or netns");
    if (text_is(k->o->run.stage, stage_name(STAGE_NETNS)))
        return kills_netns(k, out, ret_balanced, e);
    return *k->o->at != '\0' ? aim_play(k, out, ret_balanced, e) : hunt(k, out, ret_balanced, e);
}

static int shared_new(struct kills *k, struct err *e)
{
    k->shared_bytes = sizeof *k->shared + k->run->n * sizeof k->shared->tally[0];
    k->shared =
        mmap(NULL, k->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (k->shared != MAP_FAILED)
        return 0;
    k->shared = NULL;
    return err_errno(e, "memory for what is counted");
}

int kills_play(const struct kills_options *o, struct buf *out, bool *ret_balanced, struct err *e)
{
    struct kills k = {.o = o, .seen = calloc(1, sizeof *k.seen)};
    int code;

    if (k.seen == NULL)
        WRONG("out of memory");
    code = run_plan(&o->run, &k.run, e);
    if (code == RUN_BY_ROGUES)
        code = err_set(e, -EINVAL,
                       "--gateway: kills has no rogues in its simulator; leave --gateway away, or "
                       "add --stage netns");
    if (code == 0)
        code = shared_new(&k, e);
    fflush(NULL); /* what stands in a buffer would be written by each child */
    if (code == 0)
        code = play(&k, out, ret_balanced, e);
    if (k.shared != NULL)
        munmap(k.shared, k.shared_bytes);
    run_free(k.run);
    free(k.seen);
    return code;
}
