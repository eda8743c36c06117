#include "gateway/status.h"

#include "gateway/core.h"
#include "gateway/shell.h"
#include "gateway/store.h"
#include "gateway/watch.h"
#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of what the core finds in the records: whatever it says of calls is about a start that is not. */
static void clusters_write(const struct gw *g, struct buf *out)
{
    SCOPED(buf_drop) struct buf all = {.max = KIB(64)};
    const char *at;
    size_t n = 0;

    gw_describe(g, &all);
    for (at = buf_text(&all); *at; at += strcspn(at, "\n") + 1) {
        if (!text_begins(at, "cluster "))
            continue;
        if (!n++)
            buf_text_add(out, "clusters in work, from the records:\n");
        buf_text_add(out, "  ");
        buf_add(out, at, strcspn(at, "\n"));
        buf_char_add(out, '\n');
    }
    if (!n)
        buf_text_add(out, "clusters in work, from the records: none\n");
}

static int records_write(const struct config *c, struct store *store, struct buf *out,
                         struct err *e)
{
    struct gw_record *records = NULL;
    struct gw_effects *fx = calloc(1, sizeof(*fx));
    struct gw_event event = {.kind = GW_EV_START, .config = &c->gw};
    struct gw *gw = gw_new();
    int r = store_load(store, &records, &event.n_records, e);

    if (!fx)
        abort();
    if (r == 0) {
        event.records = records;
        gw_effects_init(fx);
        gw_step(gw, &event, fx);
        gw_effects_drop(fx);
        clusters_write(gw, out);
    }
    store_records_free(records, event.n_records);
    gw_free(gw);
    free(fx);
    return r;
}

/* Who reads the rest has to know whether it is of now, or what a process left behind. */
static void life_write(const char *dir, bool held, const struct watch_state *last, struct buf *out)
{
    if (held)
        buf_printf(out, "a gateway is running in %s\n", dir);
    else if (!last)
        buf_printf(out, "no gateway is running in %s\n", dir);
    else if (last->stopped)
        buf_printf(out, "no gateway is running in %s: it was stopped; what follows was so then\n",
                   dir);
    else
        buf_printf(out,
                   "no gateway is running in %s: it ended without being stopped (killed, or its "
                   "machine went down); what follows was so before, and work goes on when it is "
                   "started\n",
                   dir);
}

int status_write(const struct config *c, struct buf *out, int *ret_code, struct err *e)
{
    const bool held = store_held(c->state_dir);
    struct watch_state state;
    struct store *store = NULL;
    struct err unsaid;
    int r = store_open(&store, c->state_dir, STORE_LOOK, e);
    const bool said = watch_load(&state, c->state_dir, &unsaid) == 0;
    const bool linked = said && watch_state_linked(&state, clk_realtime_s());

    if (r == -EACCES) /* nor would the lock or the report be seen: "not running" were a guess */
        return r;
    life_write(c->state_dir, held, said ? &state : NULL, out);
    if (said)
        watch_state_write(&state, out);
    else
        buf_printf(out, "%s\n", unsaid.text);
    if (held && !linked)
        buf_text_add(out, "the link to Palette is down\n");
    *ret_code = !held ? SHELL_EXIT_DOWN : linked ? SHELL_EXIT_DONE : SHELL_EXIT_UNLINKED;
    if (r == 0)
        r = records_write(c, store, out, e);
    store_close(store);
    return r;
}
