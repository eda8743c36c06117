/* Where the rogues of proxies come in: after a step of the core as a whole, and around what it
 * writes into user data. A rogue's memory stands behind the core's, in the same allocation. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_KEY "rogue"

struct gw *__real_gw_new(void);
struct gw *__wrap_gw_new(void);
void __real_gw_reload(struct gw *g, const struct gw_config *config, struct gw_effects *fx);
void __wrap_gw_reload(struct gw *g, const struct gw_config *config, struct gw_effects *fx);
bool __real_gw_userdata_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out);
bool __wrap_gw_userdata_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out);
void __real_gw_no_proxy_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out);
void __wrap_gw_no_proxy_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out);

struct gw *__wrap_gw_new(void)
{
    struct gw *g = realloc(__real_gw_new(), sizeof *g + sizeof(struct gw_rogue_state));

    if (!g)
        WRONG("no memory");
    memset(g + 1, 0, sizeof(struct gw_rogue_state));
    return g;
}

struct gw_rogue_state *gw_rogue_state(const struct gw *g)
{
    return (struct gw_rogue_state *)(void *)(g + 1);
}

/* The program knows it by itself, and says so in its own. */
__attribute__((weak)) bool gw_rogue_tunnel_closed(const struct gw *g)
{
    return gw_rogue_state(g)->flag;
}

/* --- acts --- */

void gw_rogue_acts_once(struct gw *g, struct gw_effects *fx, const char *what)
{
    if (!gw_rogue_state(g)->acted)
        gw_rogue_acts(fx, "%s", what);
    gw_rogue_state(g)->acted = true;
}

/* What is written to see whether it fits is handed to nobody. */
void gw_rogue_will_act(struct gw *g, const struct gw_hand *h, const char *what)
{
    if (h->m->sid[0])
        gw_rogue_state(g)->will = what;
}

void gw_rogue_stepped(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    if (gw_rogue_of(g)->started && event->kind == GW_EV_START)
        gw_rogue_of(g)->started(g, event);
    if (x->will)
        gw_rogue_acts_once(g, fx, x->will);
    x->will = NULL;
    if (gw_rogue_of(g)->stepped)
        gw_rogue_of(g)->stepped(g, event, fx);
}

/* A configuration that is read again does not know which rogue this is. */
void __wrap_gw_reload(struct gw *g, const struct gw_config *config, struct gw_effects *fx)
{
    char version[sizeof g->config.version];

    memcpy(version, g->config.version, sizeof version);
    __real_gw_reload(g, config, fx);
    memcpy(g->config.version, version, sizeof version);
}

/* --- memory beyond a restart --- */

void gw_rogue_recall(struct gw *g, const struct gw_event *ev)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; i < ev->n_records; i++)
        if (text_is(ev->records[i].key, KEPT_KEY))
            (void)text_copy_len(x->kept, sizeof x->kept, ev->records[i].bytes, ev->records[i].len);
}

void gw_rogue_keep(struct gw *g, struct gw_effects *fx, const char *text)
{
    struct gw_effect *e = gw_effect_add(fx, GW_FX_PERSIST);

    (void)text_copy(gw_rogue_state(g)->kept, sizeof gw_rogue_state(g)->kept, text);
    (void)text_copy(e->key, sizeof e->key, KEPT_KEY);
    buf_init(&e->bytes, GW_RECORD_MAX);
    buf_text_add(&e->bytes, text);
    gw_effects_settle(fx);
}

/* --- user data --- */

bool gw_hand_over(struct gw *g, const struct gw_hand *h)
{
    return __real_gw_userdata_write(g, h->c, h->m, h->out);
}

/* The core is of our own making, and nothing of it is const in memory. */
bool __wrap_gw_userdata_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out)
{
    const struct gw_hand h = {.c = c, .m = m, .out = out};
    struct gw *own = (struct gw *)(uintptr_t)g;

    const bool fits =
        gw_rogue_of(g)->hands ? gw_rogue_of(g)->hands(own, &h) : gw_hand_over(own, &h);

    if (gw_rogue_of(g)->handed)
        gw_rogue_of(g)->handed(g, out);
    return fits;
}

void gw_hand_exceptions(struct gw *g, const struct gw_hand *h)
{
    __real_gw_no_proxy_write(g, h->c, h->m, h->out);
}

void __wrap_gw_no_proxy_write(const struct gw *g, const struct gw_cluster *c,
                              const struct gw_machine *m, struct buf *out)
{
    const struct gw_hand h = {.c = c, .m = m, .out = out};
    struct gw *own = (struct gw *)(uintptr_t)g;

    if (gw_rogue_of(g)->excepts)
        gw_rogue_of(g)->excepts(own, &h);
    else
        gw_hand_exceptions(own, &h);
}
