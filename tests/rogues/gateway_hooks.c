/* Where rogues come in: what the linker calls instead of the core's functions (--wrap). Each does
 * what the core does and then what the gateway's rogue adds. A new place is a function here and its
 * name in CMakeLists.txt. */
#include "tests/rogues/rogue.h"

void __real_gw_clusters_load(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
void __wrap_gw_clusters_load(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
gw_good_fn __real_gw_look_good, __wrap_gw_look_good;
gw_good_fn __real_gw_read_good, __wrap_gw_read_good;
gw_good_fn __real_gw_release_good, __wrap_gw_release_good;
gw_good_fn __real_gw_name_read_good, __wrap_gw_name_read_good;
gw_good_fn __real_gw_name_written_good, __wrap_gw_name_written_good;
gw_when_fn __real_gw_release_when, __wrap_gw_release_when;
gw_before_fn __real_gw_offer_before, __wrap_gw_offer_before;
gw_request_fn __real_gw_offer_write, __wrap_gw_offer_write;
gw_good_fn __real_gw_offer_good, __wrap_gw_offer_good;
void __real_gw_clusters_listed(struct gw *g, struct gw_item_head *heads, size_t n, ms_t sent,
                               struct gw_effects *fx);
void __wrap_gw_clusters_listed(struct gw *g, struct gw_item_head *heads, size_t n, ms_t sent,
                               struct gw_effects *fx);

void __wrap_gw_clusters_load(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    __real_gw_clusters_load(g, event, fx);
    if (gw_rogue_of(g)->loaded)
        gw_rogue_of(g)->loaded(g, fx);
}

bool __wrap_gw_look_good(struct gw_turn *t)
{
    const struct gw_rogue_before b = {.n_machines = t->c->n_machines, .intent = t->c->intent};
    const bool good = __real_gw_look_good(t);

    if (good && gw_rogue_of(t->g)->looked)
        gw_rogue_of(t->g)->looked(t, &b);
    return good;
}

bool __wrap_gw_read_good(struct gw_turn *t)
{
    const bool good = __real_gw_read_good(t);

    if (good && gw_rogue_of(t->g)->has_read)
        gw_rogue_of(t->g)->has_read(t);
    return good;
}

bool __wrap_gw_release_good(struct gw_turn *t)
{
    const bool good = __real_gw_release_good(t);

    if (good && gw_rogue_of(t->g)->released)
        gw_rogue_of(t->g)->released(t);
    return good;
}

static bool named(struct gw_turn *t, bool good)
{
    if (good && gw_rogue_of(t->g)->named)
        gw_rogue_of(t->g)->named(t);
    return good;
}

bool __wrap_gw_name_read_good(struct gw_turn *t)
{
    return named(t, __real_gw_name_read_good(t));
}

bool __wrap_gw_name_written_good(struct gw_turn *t)
{
    return named(t, __real_gw_name_written_good(t));
}

ms_t __wrap_gw_release_when(const struct gw *g, const struct gw_cluster *c,
                            const struct gw_machine *m)
{
    const ms_t at = __real_gw_release_when(g, c, m);

    if (at == MS_NEVER || !gw_rogue_of(g)->withholds || !gw_rogue_of(g)->withholds(c, m))
        return at;
    gw_rogue_state(g)->will = "keeps a machine that is to go";
    return MS_NEVER;
}

void __wrap_gw_offer_before(struct gw_turn *t)
{
    if (gw_rogue_of(t->g)->offers)
        gw_rogue_of(t->g)->offers(t);
    __real_gw_offer_before(t);
}

void __wrap_gw_offer_write(const struct gw_turn *t, struct http_call *call)
{
    __real_gw_offer_write(t, call);
    if (gw_rogue_of(t->g)->offer_written)
        gw_rogue_of(t->g)->offer_written(&call->body);
}

bool __wrap_gw_offer_good(struct gw_turn *t)
{
    if (gw_rogue_of(t->g)->keeps && gw_rogue_of(t->g)->keeps(t))
        return true;
    return __real_gw_offer_good(t);
}

void __wrap_gw_clusters_listed(struct gw *g, struct gw_item_head *heads, size_t n, ms_t sent,
                               struct gw_effects *fx)
{
    if (gw_rogue_of(g)->lists)
        gw_rogue_of(g)->lists(g, heads, n);
    __real_gw_clusters_listed(g, heads, n, sent, fx);
    if (gw_rogue_of(g)->listed)
        gw_rogue_of(g)->listed(g, fx);
}
