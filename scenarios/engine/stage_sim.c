/* Stage sim: the story over a site in this process, the clock jumps from event to event. */
#include "lib/base/text.h"
#include "scenarios/engine/hogs.h"
#include "scenarios/engine/site.h"
#include "scenarios/engine/stage.h"
#include "scenarios/judge/lines.h"

#include <errno.h>

static size_t feed(struct lines *lines, const struct ev_list *journal, size_t fed)
{
    for (; fed < journal->n; fed++)
        lines_feed(lines, ev_list_at(journal, fed));
    return fed;
}

static void progress(const struct stage_run *r, const struct lines *lines, ms_t now)
{
    char text[128];

    if (r->progress == NULL)
        return;
    lines_progress(lines, text, sizeof text);
    r->progress(r->progress_arg, now, text);
}

static int play(const struct stage_run *r, struct site *site, struct lines *lines,
                struct ev_list *journal, const char **ret_why, struct err *e)
{
    const struct script_line *act;
    size_t fed = 0;
    ms_t now = 0;

    for (;;) {
        fed = feed(lines, journal, fed);
        lines_time(lines, now);
        while ((act = lines_act(lines)) != NULL) {
            if (!site_act(site, act))
                return err_set(e, -ENOTSUP, "%s:%d: stage sim has no act for \"%s\"",
                               r->script->name, act->number, act->text);
            fed = feed(lines, journal, fed);
        }
        if (lines_over(lines, ret_why))
            return 0;
        now = ms_max(now, ms_min(site_due(site), lines_due(lines)));
        site_run_to(site, now);
        progress(r, lines, now);
    }
}

/* Whether all there is stands in the first run's journal, too, byte for byte. */
static void compare(struct site *site, const struct ev_list *first, const struct ev_list *journal)
{
    const size_t n = journal->n;
    size_t i = 0;

    while (i < n && i < first->n && ev_equal(ev_list_at(first, i), ev_list_at(journal, i)))
        i++;
    site_say_again(site, i == n, (int64_t)n, i < n ? ev_list_at(journal, i)->seq : 0);
}

/* first: the journal of a run with the same seed, or NULL. */
static int play_once(const struct stage_run *r, const struct ev_list *first,
                     struct ev_list *journal, struct err *e)
{
    struct site *site = site_new_rogue(r->lab, r->script, r->seed, r->rogue, journal);
    struct lines *lines = lines_new(r->script);
    const char *why = "decided";
    int code;

    site_lose_sync(site, r->lose_sync);
    site_bootstrap(site, r->bootstrap);
    site_begin(site, "sim", "virtual");
    code = play(r, site, lines, journal, &why, e);
    if (first != NULL)
        compare(site, first, journal);
    site_end(site, code < 0 ? "harness" : why);
    if (r->ret_syncs != NULL)
        *r->ret_syncs = site_syncs(site);
    lines_free(lines);
    site_free(site);
    return code;
}

/* Once in peace, and once more beside so many busy processes: that one is judged. */
static int play_loaded(const struct stage_run *r, int64_t load, struct ev_list *journal,
                       struct err *e)
{
    SCOPED(ev_list_drop) struct ev_list first = {0};
    struct hogs hogs;
    int code;

    ev_list_init(&first);
    code = play_once(r, NULL, &first, e);
    if (code == 0)
        code = hogs_start(&hogs, load, e);
    if (code < 0)
        return code;
    code = play_once(r, &first, journal, e);
    hogs_end(&hogs);
    return code;
}

int stage_sim(const struct stage_run *r, struct ev_list *journal, struct err *e)
{
    int64_t load = 0;

    if (!script_has_site(r->script, "site.load"))
        return play_once(r, NULL, journal, e);
    (void)text_int(script_site(r->script, "site.load", 0, ""), 0, INT32_MAX, &load);
    return play_loaded(r, load, journal, e);
}
