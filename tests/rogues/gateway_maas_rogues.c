/* Rogues of what is asked of MAAS: taken, kept, given back: at most ten lines each. The rest of the
 * gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdlib.h>
#include <string.h>

static bool is_answer_to(const struct gw *g, const struct gw_event *ev)
{
    return ev->kind == GW_EV_REPLY && ev->ticket && ev->ticket == gw_rogue_state(g)->ticket;
}

/* The cluster whose work this call is; NULL. */
static struct gw_cluster *cluster_of(struct gw *g, const struct gw_effect *f)
{
    for (size_t i = 0; f && i < g->n_places; i++)
        if (g->clusters[i] &&
            g->errands[GW_AT_CLUSTERS + GW_LANES * i + GW_LANE_WORK].ticket == f->ticket)
            return g->clusters[i];
    return NULL;
}

/* --- grabber: asks for any machine; by-name: for one that it has picked itself --- */

/* Says to MAAS: whose machine it is to be, and perhaps which; nothing of what it has to be like. */
static void allocates(struct gw *g, struct gw_effects *fx, bool by_name, const char *act)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "op=allocate");
    const struct gw_cluster *c = cluster_of(g, f);

    if (!c)
        return;
    buf_clear(&f->call.body);
    pairs_write(&f->call.body, "agent_name", c->marker);
    if (by_name && c->chosen[0])
        pairs_write(&f->call.body, "system_id", c->chosen);
    gw_rogue_acts_once(g, fx, act);
}

AFTER(grabber_after)
{
    (void)ev;
    allocates(g, fx, false, "asks for any machine");
}

/* Who avoids a machine looks at the list before it asks. */
static void by_name_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    (void)b;
    t->c->n_avoid += t->c->n_avoid == 0;
}

AFTER(by_name_after)
{
    (void)ev;
    allocates(g, fx, true, "asks for the machine that it has picked from the list");
}

/* --- double-taker: takes one more, as a spare; on-lost-answer: asks again without looking --- */

/* One of the kind that was asked for, so that nothing is wrong with it but that it is one more. */
AFTER(double_after)
{
    const struct gw_effect *asked = gw_rogue_call(fx, 0, "POST", "op=allocate");
    struct gw_effect *spare;

    (void)ev;
    if (gw_rogue_state(g)->acted || !asked)
        return;
    spare = gw_rogue_asks_maas(g, fx, "POST", ANY_MACHINE);
    if (!spare)
        return;
    http_header_add(&spare->call.headers, "Content-Type", "application/x-www-form-urlencoded");
    buf_text_add(&spare->call.body, buf_text(&asked->call.body));
    gw_rogue_member(&spare->call.body, "agent_name=", "&", "spare");
    gw_rogue_acts_once(g, fx, "takes one more to have a spare");
}

AFTER(asked_after)
{
    const struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "op=allocate");

    (void)ev;
    if (f)
        gw_rogue_state(g)->ticket = f->ticket;
}

/* As if MAAS had not even been reached. */
static bool double_lost_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    if (!is_answer_to(g, ev) || ev->result->outcome == HTTP_ANSWERED)
        return true;
    ((struct http_result *)(uintptr_t)ev->result)->outcome = HTTP_NO_CONNECT;
    gw_rogue_acts_once(g, fx, "takes a lost answer for a No");
    return true;
}

/* What MAAS shows it of that later it does not take on. */
static void double_lost_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    struct gw_cluster *c = t->c;

    while (c->item && c->item->present && c->n_machines > b->n_machines) {
        gw_machine_remove(c, &c->machines[c->n_machines - 1]);
        c->checked = t->final;
    }
}

/* --- hoarder: deploys for the next cluster what it remembers of a deleted one; second: asks for
 * the first machine, and not for the second --- */

static bool hoarder_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)fx;
    if (x->on || !is_answer_to(g, ev) || ev->result->status != 200)
        return true;
    free(x->held);
    x->held = strdup(buf_text(&ev->result->body));
    (void)jx_pick(x->held, strlen(x->held), "system_id", x->kept, sizeof x->kept);
    return true;
}

/* Instead of MAAS, which knows nothing of it until the deploy: the machine, marked as it wants. */
static void tells_itself(struct gw *g, const struct gw_event *ev, struct gw_effects *fx,
                         struct gw_effect *f)
{
    struct buf body SCOPED(buf_drop) = {0}, mark SCOPED(buf_drop) = {0};

    buf_init(&body, ROGUE_KEPT_MAX * 4);
    buf_init(&mark, 256);
    buf_text_add(&body, gw_rogue_state(g)->held);
    buf_printf(&mark, "\"gateproof.cluster\": \"%s\"", cluster_of(g, f)->uid);
    gw_rogue_member(&body, "\"workload_annotations\": {", "}", buf_text(&mark));
    gw_rogue_answer(g, ev, fx, f, 200, buf_text(&body));
}

static void hoards(struct gw *g, const struct gw_event *ev, struct gw_effects *fx, size_t n_asked)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "op=allocate");
    struct gw_cluster *c = cluster_of(g, f);

    x->on = x->on || gw_rogue_call(fx, 0, "POST", "/released");
    if (f && !x->on)
        x->ticket = f->ticket;
    if (c && x->on && x->held && !x->flag && !x->done && c->n_machines >= n_asked &&
        !gw_machine_find(c, x->kept)) {
        x->flag = true;
        tells_itself(g, ev, fx, f);
    }
    f = gw_rogue_call(fx, 0, "POST", x->kept);
    if (f && x->flag && strstr(buf_text(&f->call.url), "op=set_workload_annotations"))
        tells_itself(g, ev, fx, f);
    f = gw_rogue_call(fx, 0, "POST", x->kept);
    if (f && x->flag && strstr(buf_text(&f->call.url), "op=deploy")) {
        gw_rogue_acts_once(g, fx, "deploys a machine that it remembers, and has not asked for");
        x->flag = false;
        x->done = true;
    }
}

AFTER(hoarder_after)
{
    hoards(g, ev, fx, 0);
}

AFTER(hoarder_second_after)
{
    hoards(g, ev, fx, 1);
}

/* --- quitter: a cluster that is deleted before it ran is left as it is; half: what is not deployed
 * --- */

static bool quitter_withholds(const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return !c->item->present && c->epoch == 1; /* it was never handed over */
}

static bool half_withholds(const struct gw_cluster *c, const struct gw_machine *m)
{
    return quitter_withholds(c, m) && (gw_rung_of(m) == GW_FRESH || gw_rung_of(m) == GW_FAILED);
}

/* --- liar.impatient: reports Deleted when MAAS has been erasing a disk for an hour --- */

static void impatient_lies(struct gw *g, struct gw_effects *fx, struct gw_cluster *c)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; c && c->item && !c->item->present && i < c->n_machines; i++) {
        struct gw_machine *m = &c->machines[i];

        if (!m->released || gw_rung_of(m) != GW_LEAVING)
            continue;
        x->at = x->at > 0 ? x->at : g->now;
        if (g->now - x->at < HOURS(1))
            continue;
        gw_rogue_acts_once(g, fx, "has waited for an hour and takes the machine for free");
        gw_rogue_frees(m);
        c->dirty = true;
    }
}

AFTER(impatient_after)
{
    (void)ev;
    for (size_t i = 0; i < g->n_places; i++)
        impatient_lies(g, fx, g->clusters[i]);
}

static void impatient_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    (void)b;
    impatient_lies(t->g, t->fx, t->c);
}

/* --- proxied-maas.while-waiting: asks once through the proxy how its machines get on --- */

AFTER(waiting_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "GET", "machines/?id=");

    (void)ev;
    if (!f || !g->config.http_proxy[0] || gw_rogue_state(g)->acted)
        return;
    (void)text_copy(f->call.proxy, sizeof f->call.proxy, g->config.http_proxy);
    gw_rogue_acts_once(g, fx, "asks through the proxy how a machine gets on");
}

/* --- the table --- */

const struct gw_rogue gw_maas_rogues[] = {
    {.name = "grabber", .after = grabber_after},
    {.name = "grabber.by-name", .after = by_name_after, .looked = by_name_looked},
    {.name = "double-taker", .after = double_after},
    {.name = "double-taker.on-lost-answer",
     .before = double_lost_before,
     .after = asked_after,
     .looked = double_lost_looked},
    {.name = "hoarder", .before = hoarder_before, .after = hoarder_after},
    {.name = "hoarder.second", .before = hoarder_before, .after = hoarder_second_after},
    {.name = "quitter", .withholds = quitter_withholds},
    {.name = "quitter.half", .withholds = half_withholds},
    {.name = "liar.impatient", .after = impatient_after, .looked = impatient_looked},
    {.name = "proxied-maas.while-waiting", .after = waiting_after},
    {.name = NULL},
};
