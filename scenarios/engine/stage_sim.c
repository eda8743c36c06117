/* Stage sim: the story over a site in this process, the clock jumps from event to event. */
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

int stage_sim(const struct stage_run *r, struct ev_list *journal, struct err *e)
{
    struct site *site = site_new_rogue(r->lab, r->script, r->seed, r->rogue, journal);
    struct lines *lines = lines_new(r->script);
    const struct script_line *act;
    const char *why = "decided";
    size_t fed = 0;
    ms_t now = 0;
    int code = 0;

    site_lose_sync(site, r->lose_sync);
    site_bootstrap(site, r->bootstrap);
    site_begin(site, "sim", "virtual");
    for (;;) {
        fed = feed(lines, journal, fed);
        lines_time(lines, now);
        while (code == 0 && (act = lines_act(lines)) != NULL) {
            if (!site_act(site, act))
                code = err_set(e, -ENOTSUP, "%s:%d: stage sim has no act for \"%s\"",
                               r->script->name, act->number, act->text);
            fed = feed(lines, journal, fed);
        }
        if (code < 0 || lines_over(lines, &why))
            break;
        now = ms_max(now, ms_min(site_due(site), lines_due(lines)));
        site_run_to(site, now);
        progress(r, lines, now);
    }
    site_end(site, code < 0 ? "harness" : why);
    if (r->ret_syncs != NULL)
        *r->ret_syncs = site_syncs(site);
    lines_free(lines);
    site_free(site);
    return code;
}
