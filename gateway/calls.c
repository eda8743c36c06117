#include "gateway/calls.h"

#include "gateway/shell.h"

#include <stdlib.h>

/* libcurl repeats a request by itself when a connection that was used before dies under it, so what
 * must not be sent twice has connections of its own. All else of the profile is safe to repeat
 * (GP-88). */
enum caller_role { TO_PALETTE, TO_PALETTE_ONCE, TO_MAAS, CALLERS };

struct place {
    struct calls *calls;
    enum gw_target target;
    uint64_t ticket;
    struct call *call; /* NULL = free */
};

struct calls {
    struct caller *callers[CALLERS];
    calls_reply_fn *reply;
    void *arg;
    struct place places[CALLS_MAX];
};

static struct place *place_find(struct calls *k)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (!k->places[i].call)
            return &k->places[i];
    WRONG("more calls at once than the core may have");
}

static void on_result(void *arg, const struct http_result *result)
{
    struct place *place = arg;

    place->call = NULL; /* it is gone after this */
    place->calls->reply(place->calls->arg, place->ticket, place->target, result);
}

void calls_start(struct calls *k, const struct gw_effect *f)
{
    static const enum caller_role by_target[] = {[GW_PALETTE] = TO_PALETTE, [GW_MAAS] = TO_MAAS};
    enum caller_role to = by_target[f->target];
    struct place *place = place_find(k);

    if (to == TO_PALETTE && f->call.once)
        to = TO_PALETTE_ONCE;
    place->calls = k;
    place->ticket = f->ticket;
    place->target = f->target;
    place->call = call_start(k->callers[to], &f->call, on_result, place);
}

void calls_cancel(struct calls *k, uint64_t ticket)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (k->places[i].call && k->places[i].ticket == ticket)
            call_cancel(&k->places[i].call);
}

/* --- whom they trust -------------------------------------------------------------------------- */

static const char *ca_of(const struct config *c, enum caller_role role)
{
    return role == TO_MAAS ? c->maas_ca : c->palette_ca;
}

static const char *proxy_ca_of(const struct config *c, enum caller_role role)
{
    return role == TO_MAAS ? "" : c->proxy_ca;
}

int calls_trust(struct calls *k, const struct config *c, struct err *e)
{
    int r = 0;

    for (enum caller_role i = 0; r == 0 && i < CALLERS; i++)
        r = caller_trust(k->callers[i], ca_of(c, i), proxy_ca_of(c, i), e);
    return r;
}

/* --- birth and end ---------------------------------------------------------------------------- */

int calls_new(struct calls **ret, struct loop *loop, struct dns *dns, const struct config *c,
              calls_reply_fn *reply, void *arg, struct err *e)
{
    static const bool fresh_changes[] = {[TO_PALETTE_ONCE] = true, [TO_MAAS] = true};
    struct calls *k = calloc(1, sizeof(*k));
    int r = 0;

    if (!k)
        abort();
    k->reply = reply;
    k->arg = arg;
    for (enum caller_role i = 0; r == 0 && i < CALLERS; i++) {
        const struct call_config config = {.ca_file = ca_of(c, i),
                                           .proxy_ca_file = proxy_ca_of(c, i),
                                           .fresh_changes = fresh_changes[i],
                                           .user_agent = SHELL_NAME "/" GATEPROOF_VERSION};

        r = caller_new(&k->callers[i], loop, dns, &config, e);
    }
    if (r < 0) {
        calls_free(k);
        return r;
    }
    *ret = k;
    return 0;
}

void calls_free(struct calls *k)
{
    for (size_t i = 0; k && i < CALLERS; i++)
        caller_free(k->callers[i]);
    free(k);
}
