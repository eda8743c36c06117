/* Rogues of a cluster's life: begun, handed over, deleted. The rest of the
 * gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define AFTER(name) static void name(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)

/* --- lost-mail: what was asked while it was away is dropped; keeps-last: but for the last create
 * and the last delete --- */

AFTER(came_back_after)
{
    (void)fx;
    gw_rogue_state(g)->on = gw_rogue_state(g)->on || (ev->kind == GW_EV_START && ev->n_records > 0);
}

/* It had taken a machine for it, or begun to give them back. */
static bool is_begun(const struct gw_cluster *c)
{
    bool leaves = false;

    for (size_t i = 0; i < c->n_machines; i++)
        leaves = leaves || c->machines[i].unwanted;
    return c->item->present ? c->n_machines + c->intent > 0 : leaves;
}

/* The first list after it came back: what was not begun was asked in between. */
static void lost_mail_listed(struct gw *g, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; x->on && i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        if (!c || !c->listed || is_begun(c) || strstr(x->kept, c->uid))
            continue;
        c->left = true;
        gw_rogue_acts_once(g, fx, "drops what was asked while it was away");
    }
    x->on = false;
}

static void keeps_last_lists(struct gw *g, const struct gw_item_head *heads, size_t n)
{
    const char *last[2] = {"", ""};
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; i < n; i++)
        last[text_is(heads[i].desired, "present")] = heads[i].uid;
    snprintf(x->kept, sizeof x->kept, "%s %s", last[0], last[1]);
}

/* --- the table --- */

const struct gw_rogue gw_life_rogues[] = {
    {.name = "lost-mail", .after = came_back_after, .listed = lost_mail_listed},
    {.name = "lost-mail.keeps-last",
     .after = came_back_after,
     .lists = keeps_last_lists,
     .listed = lost_mail_listed},
    {.name = NULL},
};
