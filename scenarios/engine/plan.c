/* What will be run: words of the command line → stories → one item for each combination of
 * over-values. Everything that can be wrong is found here, before anything starts. */
#include "scenarios/engine/run.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/faketime.h"
#include "scenarios/engine/gallery.h"
#include "scenarios/engine/lab_fits.h"
#include "scenarios/engine/lab_loopback.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/stage.h"
#include "scenarios/engine/witness.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/sense.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_script(struct script **s)
{
    free(*s);
}

/* "100", "1" (a family), "100-install-and-register", "all". */
static bool word_means(const char *word, const char *story)
{
    size_t len = strlen(word);

    if (text_is(word, "all") || text_is(word, story))
        return true;
    if (len == 1)
        return story[0] == word[0];
    return len == 3 && text_begins(story, word) && story[3] == '-';
}

static int words_check(const struct run_options *o, char (*names)[64], size_t n, struct err *e)
{
    const char **list = calloc(n + 1, sizeof *list);
    int r = 0;

    if (list == NULL)
        WRONG("out of memory");
    for (size_t i = 0; i < n; i++)
        list[i] = names[i];
    for (size_t w = 0; w < o->n_words && r == 0; w++) {
        const char *near = text_nearest(o->words[w], list);
        bool known = false;

        for (size_t i = 0; i < n && !known; i++)
            known = word_means(o->words[w], names[i]);
        if (known)
            continue;
        r = strchr(o->words[w], '/') != NULL || text_ends(o->words[w], ".scn")
                ? err_set(e, -EINVAL,
                          "no story '%s': a story is named by its name, not by a file; put it into "
                          "%s/stories, or into FOLDER/stories beside FOLDER/labs and say --data "
                          "FOLDER, leave .scn away, and `gateproof list` shows it",
                          o->words[w], o->data)
                : err_set(e, -EINVAL, "no story '%s'%s%s%s; `gateproof list` shows them all",
                          o->words[w], near == NULL ? "" : "; did you mean '",
                          near == NULL ? "" : near, near == NULL ? "" : "'?");
    }
    free(list);
    return r;
}

static bool wanted(const struct run_options *o, const char *story)
{
    for (size_t i = 0; i < o->n_words; i++)
        if (word_means(o->words[i], story))
            return true;
    return o->n_words == 0;
}

/* Nobody named it: all are wanted, or all of a family. */
static bool meant_by_all(const struct run_options *o, const char *story)
{
    for (size_t i = 0; i < o->n_words; i++)
        if (strlen(o->words[i]) > 1 && !text_is(o->words[i], "all") &&
            word_means(o->words[i], story))
            return false;
    return true;
}

/* --- stage and clock ------------------------------------------------------------------------ */

#define PLAN_LOOPBACK                                                                              \
    "--stage loopback runs the same programs without namespaces, but for what needs packets"

static int stage_choose(const struct run_options *o, struct run *r, enum stage_id *ret,
                        struct err *e)
{
    static const char *const names[] = {"sim", "loopback", "netns", NULL};
    struct err why = {0};

    if (*o->stage != '\0') {
        const char *near = text_nearest(o->stage, names);

        *ret = stage_find(o->stage);
        if (*ret == STAGE_COUNT)
            return err_set(e, -EINVAL, "--stage: no stage '%s'; use %s", o->stage,
                           near == NULL ? "sim, loopback or netns" : near);
    } else {
        *ret = STAGE_NETNS;
    }
    if (*ret != STAGE_NETNS || stage_netns_possible(&why) == 0)
        return 0;
    /* Who names the stage wants it or nothing; who does not is told what ran instead. */
    if (*o->stage != '\0')
        return err_set(e, RUN_FORBIDDEN,
                       "--stage netns is forbidden on this machine: %.400s; " PLAN_LOOPBACK,
                       why.text);
    r->fell_back = true;
    snprintf(r->forbidden, sizeof r->forbidden, "%.800s; " PLAN_LOOPBACK, why.text);
    *ret = STAGE_SIM;
    return 0;
}

/* The best one that works, and why: who repeats a run wants to know what it stood on. */
static enum clock_id clock_auto(const struct manifest *m, enum stage_id stage, struct err *why)
{
    if (manifest_has_clock(m, "stepped")) {
        err_set(why, -EINVAL, "the manifest declares it, and it repeats exactly");
        return CLOCK_STEPPED;
    }
    if (stage == STAGE_LOOPBACK)
        err_set(why, -EINVAL,
                "the manifest does not declare stepped, and stage loopback has no "
                "faketime");
    else if (!manifest_has_clock(m, "faketime"))
        err_set(why, -EINVAL, "the manifest declares neither stepped nor faketime");
    else if (faketime_check(m, why) == 0) {
        err_set(why, -EINVAL, "the manifest declares it, and not stepped");
        return CLOCK_FAKETIME;
    }
    return CLOCK_WALL;
}

static enum clock_id clock_default(const struct manifest *m, struct err *why)
{
    if (manifest_has_clock(m, "stepped"))
        return CLOCK_STEPPED;
    err_set(why, -EINVAL, "the manifest does not declare stepped, which would be the default");
    return CLOCK_WALL;
}

/* A gateway that does not follow a clock would let it run away from it. */
static int clock_check(const struct run *r, enum stage_id stage, enum clock_id clock, struct err *e)
{
    const char *name = clock < CLOCK_COUNT ? clock_name(clock) : r->options.clock;

    if (clock == CLOCK_FAKETIME && stage == STAGE_LOOPBACK)
        return err_set(
            e, -EINVAL,
            "--clock faketime: its shared memory needs a namespace, which stage loopback "
            "has not; use --clock stepped or --clock wall");

    if (clock == CLOCK_COUNT || clock == CLOCK_VIRTUAL)
        return err_set(e, -EINVAL,
                       "--clock: stage %s has the clocks stepped%s and wall, not '%s'; auto "
                       "chooses one",
                       stage == STAGE_LOOPBACK ? "loopback" : "netns",
                       stage == STAGE_LOOPBACK ? "" : ", faketime", name);
    if (clock != CLOCK_WALL && !manifest_has_clock(&r->manifest, name))
        return err_set(e, -EINVAL,
                       "--clock %s: %.200s does not declare it "
                       "(\"clock\": [… \"%s\"], docs/time.md); use --clock wall",
                       name, r->options.gateway, name);
    return clock == CLOCK_FAKETIME ? faketime_check(&r->manifest, e) : 0;
}

/* why: of a clock that is neither the one asked for nor the default; else empty. */
static int clock_choose(const struct run *r, enum stage_id stage, enum clock_id *ret,
                        struct err *why, struct err *e)
{
    const char *wish = r->options.clock;
    enum clock_id clock = clock_find(wish);
    int code = 0;

    if (stage == STAGE_SIM && !r->fell_back && *wish != '\0' && clock != CLOCK_VIRTUAL &&
        !text_is(wish, "auto"))
        return err_set(e, -EINVAL,
                       "--clock %s: stage sim has the virtual clock only; leave "
                       "--clock away, or add --stage netns",
                       wish);
    if (*wish == '\0')
        clock = clock_default(&r->manifest, why);
    else if (text_is(wish, "auto"))
        clock = clock_auto(&r->manifest, stage, why);
    if (stage != STAGE_SIM || r->fell_back) /* a wish is checked where it is not met too */
        code = clock_check(r, stage, clock, e);
    *ret = clock;
    if (stage != STAGE_SIM)
        return code;
    *ret = CLOCK_VIRTUAL;
    *why = (struct err){0};
    if (*wish != '\0' && !text_is(wish, clock_name(CLOCK_VIRTUAL)))
        err_set(why, -EINVAL, "stage sim has no other");
    return code;
}

/* A foreign program cannot live by a clock page: on the way of a request it would stand still while
 * time goes on. */
static int proxy_check(const struct run_options *o, enum stage_id stage, enum clock_id clock,
                       struct err *e)
{
    if (o->proxy == NULL || *o->proxy == '\0')
        return 0;
    if (witness_find(o->proxy, e) < 0)
        return e->code;
    if (stage != STAGE_NETNS || clock != CLOCK_WALL)
        return err_set(e, -EINVAL,
                       "--proxy %s: it is a foreign program and cannot obey the clock %s; add "
                       "--stage netns --clock wall",
                       o->proxy, clock_name(clock));
    return 0;
}

static bool is_ours(const struct run *r, const char *name)
{
    char beside[1100];
    struct stat ours, theirs;

    snprintf(beside, sizeof beside, "%s/%s", r->options.bin, name);
    return stat(beside, &ours) == 0 && stat(r->options.gateway, &theirs) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* The simulator has only the reference in it, and must not judge it under another's name. */
static bool sim_plays(const struct run *r)
{
    return r->rogue ? r->options.rogue_core
                    : is_ours(r, "gateway.json") || is_ours(r, "gateway-bootstrap.json");
}

static int gateway_check(const struct run *r, enum stage_id stage, struct err *e)
{
    if (stage != STAGE_SIM || sim_plays(r))
        return 0;
    if (r->rogue)
        return RUN_BY_ROGUES;
    if (r->fell_back)
        return err_set(e, RUN_FORBIDDEN,
                       "--gateway: %.150s can be judged in stage netns only, and here %.280s",
                       r->options.gateway, r->forbidden);
    return err_set(
        e, -EINVAL,
        "--stage sim plays the reference gateway only, not %.200s; use --stage netns, or "
        "--stage loopback where namespaces are forbidden",
        r->options.gateway);
}

/* --- items ---------------------------------------------------------------------------------- */

static int sense_look(const struct run_item *item, const char *data, struct err *e)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/stories/%s.scn", data, item->script.name);
    return sense_check(&item->script, path, e) < 0 ? -EINVAL
                                                   : lab_fits(&item->lab, &item->script, path, e);
}

static void item_name(struct run_item *item, const struct script *first,
                      const char *const values[SCRIPT_OVER_MAX], const char *out)
{
    struct buf over;

    buf_init(&over, sizeof item->over - 1);
    for (size_t i = 0; i < first->n_over; i++)
        buf_printf(&over, "%s%s", i == 0 ? "" : " ", values[i]);
    text_copy(item->over, sizeof item->over, buf_text(&over));
    buf_drop(&over);
    snprintf(item->dir, sizeof item->dir, "%s/%s%s%s.%s.%s", out, item->script.name,
             *item->over == '\0' ? "" : ".", item->over, stage_name(item->stage),
             clock_name(item->clock));
    for (char *c = item->dir; *c != '\0'; c++)
        if (*c == ' ')
            *c = '_';
}

static int item_add(struct run *r, const char *name, const struct script *first, size_t i,
                    struct err *e)
{
    const char *values[SCRIPT_OVER_MAX] = {NULL};
    struct run_item *item;
    int code;

    if (r->n == RUN_ITEMS_MAX)
        return err_set(e, -E2BIG, "more than %d runs; name fewer stories", RUN_ITEMS_MAX);
    script_values(first, i, values);
    item = calloc(1, sizeof *item);
    if (item == NULL)
        WRONG("out of memory");
    r->items[r->n++] = item;
    ev_list_init(&item->journal);
    code = story_load(r->options.data, name, values, &item->script, e);
    if (code == 0)
        code = lab_load(r->options.data, script_site(&item->script, "site.shape", 0, "nat"),
                        &item->lab, e);
    if (code == 0)
        code = sense_look(item, r->options.data, e);
    if (code < 0)
        return code;
    item->seed = r->options.seed;
    return 0;
}

/* On these a day of the story is minutes at least: what says `wall skip` is too long. */
static bool is_real(enum clock_id clock)
{
    return clock == CLOCK_WALL || clock == CLOCK_FAKETIME;
}

static int factor_of(const struct script *s, enum clock_id clock)
{
    const int factor = s->wall_factor > 0 ? s->wall_factor : RUN_WALL_FACTOR;

    if (!is_real(clock))
        return 1;
    return clock == CLOCK_FAKETIME && factor > FAKETIME_FACTOR_MAX ? FAKETIME_FACTOR_MAX : factor;
}

/* A story that this stage or clock cannot play is left out, and said: why, or NULL. */
static const char *unfit(const struct run_item *item)
{
    const char *why = NULL;
    struct outfit o;

    outfit_read(&item->script, &o);
    if ((item->script.stages & BIT(item->stage)) == 0)
        return "the story is not for this stage";
    if (is_real(item->clock) && *item->script.wall_skip != '\0')
        return item->script.wall_skip;
    if (item->stage == STAGE_LOOPBACK)
        why = o.has_site && o.has_system ? "on this stage two gateways cannot be told apart"
                                         : lab_loopback_lacks(&item->lab);
    return why;
}

/* Nothing is started for a story whose feature the manifest does not declare; the judge says so. */
static bool lacks(const struct run *r, struct run_item *item)
{
    struct outfit o;

    outfit_read(&item->script, &o);
    item->unsupported = outfit_lacks(&o, r->features) != NULL;
    return item->unsupported;
}

/* A proxy that is not ours was asked for; the gallery has no such option. */
static bool has_witness(const struct run *r)
{
    return r->options.proxy != NULL && *r->options.proxy != '\0';
}

/* Never pass, never unsupported: what could not be tried is said aloud. */
static bool witness_is_missing(const struct run *r, struct run_item *item)
{
    const char *lacks;
    struct outfit o;

    outfit_read(&item->script, &o);
    if (!has_witness(r) || !o.has_proxy_line)
        return false;
    lacks = witness_lacks(r->options.proxy);
    if (*lacks == '\0' && o.bumps)
        lacks = "the story's proxy opens TLS, and this witness does not";
    if (*lacks == '\0')
        return false;
    fprintf(stderr, "gateproof: %s is not played: %s\n", item->script.name, lacks);
    snprintf(item->broken, sizeof item->broken, "skipped: %s", lacks);
    return true;
}

/* It needs the simulator and speaks of the harness alone (H-4). */
static bool is_of_harness(const struct script *s)
{
    bool ret = s->stages == BIT(STAGE_SIM) && s->n_grades > 0;

    for (size_t i = 0; i < s->n_grades; i++)
        ret = ret && text_begins(s->grades[i], "H-");
    return ret;
}

static int story_add(struct run *r, const char *name, enum stage_id stage, enum clock_id clock,
                     struct err *e)
{
    SCOPED(free_script) struct script *first = calloc(1, sizeof *first);
    const char *values[SCRIPT_OVER_MAX];
    int code;

    if (first == NULL)
        WRONG("out of memory");
    code = story_load(r->options.data, name, NULL, first, e);
    if (code == 0 && is_of_harness(first)) {
        if (!sim_plays(r) && meant_by_all(&r->options, name)) {
            fprintf(stderr,
                    "gateproof: %s is left out: it proves the harness, in the simulator, "
                    "where this gateway is not\n",
                    name);
            return 0;
        }
        if (sim_plays(r)) {
            stage = STAGE_SIM;
            clock = CLOCK_VIRTUAL;
        }
    }
    if (code == 0 && sense_doubt(first))
        fprintf(stderr, "gateproof: %s: %s\n", name, sense_doubt(first));
    for (size_t i = 0; code == 0 && script_values(first, i, values); i++) {
        struct run_item *item;

        code = item_add(r, name, first, i, e);
        if (code < 0)
            return code;
        item = r->items[r->n - 1];
        item->stage = stage;
        item->clock = clock;
        item->factor = factor_of(first, clock);
        item_name(item, first, values, r->options.out);
        if (r->options.over != NULL && !text_is(item->over, r->options.over)) {
            ev_list_drop(&item->journal);
            free(item);
            r->n--;
            continue;
        }
        if (lacks(r, item))
            continue;
        if (witness_is_missing(r, item))
            continue;
        if (unfit(item) != NULL)
            snprintf(item->broken, sizeof item->broken, "skipped: %s", unfit(item));
    }
    return code;
}

/* The programs of ours that stand beside the gateway; a rogue has its Palette (gallery_take). */
static int programs_check(const struct run *r, struct err *e)
{
    bool is_real = false, has_proxy = false;

    for (size_t i = 0; i < r->n; i++) {
        struct outfit o;

        if (r->items[i]->stage == STAGE_SIM || *r->items[i]->broken != '\0' ||
            r->items[i]->unsupported)
            continue;
        outfit_read(&r->items[i]->script, &o);
        is_real = true;
        has_proxy = has_proxy || o.has_proxy_line;
    }
    const struct {
        const char *name;
        bool needed;
    } rows[] = {{"mock-maas", is_real},
                {"mock-palette", is_real && r->rogue == NULL},
                {"mock-cluster", is_real},
                {"lab-proxy", has_proxy && !has_witness(r)}};
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        char path[1100];

        snprintf(path, sizeof path, "%s/%s", r->options.bin, rows[i].name);
        if (rows[i].needed && access(path, X_OK) < 0)
            return err_set(e, -ENOENT,
                           "there is no program %.300s, which these stories need; make it with "
                           "`ci/build release`, or install the package again",
                           path);
    }
    return 0;
}

/* What the kernel does not take is found before the first story, not in the middle of them. */
static int labs_check(const struct run *r, struct err *e)
{
    const struct lab *labs[RUN_ITEMS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        bool known = r->items[i]->stage != STAGE_NETNS || *r->items[i]->broken != '\0';

        for (size_t k = 0; k < n && !known; k++)
            known = text_is(labs[k]->name, r->items[i]->lab.name);
        if (!known)
            labs[n++] = &r->items[i]->lab;
    }
    return n > 0 ? stage_netns_rules_check(r->options.data, labs, n, e) : 0;
}

static int plan(struct run *r, char (*names)[64], size_t n, struct err *e)
{
    enum stage_id stage;
    enum clock_id clock = CLOCK_COUNT;
    struct err why = {0};
    int code = words_check(&r->options, names, n, e);

    if (code == 0)
        code = manifest_load(r->options.gateway, &r->manifest, e);
    if (code == 0)
        code = gallery_take(r, e);
    if (code == 0)
        code = stage_choose(&r->options, r, &stage, e);
    if (code == 0)
        code = clock_choose(r, stage, &clock, &why, e);
    if (code == 0)
        code = gateway_check(r, stage, e);
    if (code == 0)
        code = proxy_check(&r->options, stage, clock, e);
    if (code != 0)
        return code;
    manifest_features(&r->manifest, r->features, sizeof r->features);
    for (size_t i = 0; i < n && code == 0; i++)
        if (wanted(&r->options, names[i]))
            code = story_add(r, names[i], stage, clock, e);
    if (code == 0 && r->n == 0 && r->options.over != NULL)
        code = err_set(e, -EINVAL, "--over '%.60s': no run of these stories has these values",
                       r->options.over);
    if (code == 0 && r->n == 0)
        code = err_set(e, -EINVAL, "%s/stories holds no story", r->options.data);
    if (code == 0)
        code = programs_check(r, e);
    if (code == 0)
        code = labs_check(r, e);
    if (code == 0 && *why.text != '\0')
        fprintf(stderr, "gateproof: clock %s: %s\n", clock_name(clock), why.text);
    return code;
}

const struct run_item *run_first_real(const struct run *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i]->stage != STAGE_SIM)
            return r->items[i];
    return r->items[0];
}

int run_plan(const struct run_options *o, struct run **ret, struct err *e)
{
    struct run *r = calloc(1, sizeof *r);
    char(*names)[64] = NULL;
    size_t n = 0;
    int code;

    if (r == NULL)
        WRONG("out of memory");
    r->options = *o;
    code = stories_list(o->data, &names, &n, e);
    if (code == 0)
        code = plan(r, names, n, e);
    free(names);
    if (code != 0) {
        run_free(r);
        return code;
    }
    *ret = r;
    return 0;
}

void run_free(struct run *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++) {
        ev_list_drop(&r->items[i]->journal);
        free(r->items[i]);
    }
    free(r);
}
