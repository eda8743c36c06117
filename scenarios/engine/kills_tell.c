#include "scenarios/engine/kills_private.h"

#include "lib/base/text.h"

#include <stdio.h>

struct sum {
    unsigned long points[SITE_EFFECTS], covered[SITE_EFFECTS], red[SITE_EFFECTS];
    unsigned long all, all_covered, all_red, instants, states, played, runs;
    unsigned long second, second_states, second_played, left_out;
};

static void sum_add(struct sum *s, const struct tally *t)
{
    if (t->left_out[0] != '\0') {
        s->left_out++;
        return;
    }
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
        if (s.runs > 0)
            row_add(out, r->items[i]->script.name, &s);
    }
    row_add(out, "all", ret_all);
}

/* Runs of a story that are left out for the same reason are told in one line. */
static void left_out_add(const struct kills *k, struct buf *out)
{
    const struct run *r = k->run;
    const char *last = NULL, *last_why = "";

    for (size_t i = 0; i < r->n; i++) {
        const char *name = r->items[i]->script.name, *why = k->shared->tally[i].left_out;

        if (*why == '\0' || (last && text_is(last, name) && text_is(last_why, why)))
            continue;
        buf_printf(out, "left out: %s: %s\n", name, why);
        last = name;
        last_why = why;
    }
}

/* One line that plays it again. */
static void again_add(const struct kills *k, const struct kill_red *red, struct buf *out)
{
    const struct run_item *item = k->run->items[red->item];

    buf_printf(out, "  gateproof kills %.3s", item->script.name);
    if (item->stage == STAGE_NETNS)
        buf_text_add(out, " --stage netns");
    if (*item->over != '\0')
        buf_printf(out, " --over '%s'", item->over);
    if (k->o->run.seed != 1)
        buf_printf(out, " --seed %llu", (unsigned long long)k->o->run.seed);
    if (*red->name != '\0')
        buf_printf(out, " --at %s", red->name);
    buf_text_add(out, "\n");
}

void kills_tell_reds(const struct kills *k, struct buf *out)
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
    if (s->left_out > 0)
        buf_printf(out, "; %lu runs left out", s->left_out);
    if (reds == 0)
        buf_printf(out, "; all%s balanced\n", s->all_covered < s->all ? " that were played" : "");
    else
        buf_printf(out, "; %zu not balanced\n", reds);
}

void kills_tell(const struct kills *k, struct buf *out, bool *ret_balanced)
{
    struct sum all = {.runs = 0};

    table_add(k, out, &all);
    left_out_add(k, out);
    kills_tell_reds(k, out);
    last_word(k, &all, out);
    *ret_balanced = atomic_load(&k->shared->n_reds) == 0 && all.all > 0;
}
