/* Lock, unlock, abort, and what is refused of operations that we do not model further. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* NULL: answered. A lock may be changed though the machine is locked. */
static struct maas_machine *machine_for(const struct http_exchange *x)
{
    return maas_machine_for(x, false);
}

static void lock_set(const struct http_exchange *x, struct maas_machine *one, bool lock)
{
    one->locked = lock;
    maas_machine_answer(maas_ask(x), one, NULL);
}

void maas_machine_lock(const struct http_exchange *x)
{
    struct maas_machine *one = machine_for(x);

    if (!one)
        return;
    if (one->locked)
        maas_raise_text(maas_ask(x), 409, "Machine is already locked");
    else if (one->status != MAAS_DEPLOYED && one->status != MAAS_DEPLOYING)
        maas_raise_text(maas_ask(x), 409, "Can't lock, node is not deployed or deploying");
    else
        lock_set(x, one, true);
}

void maas_machine_unlock(const struct http_exchange *x)
{
    struct maas_machine *one = machine_for(x);

    if (!one)
        return;
    if (!one->locked)
        maas_raise_text(maas_ask(x), 409, "Machine is not locked");
    else
        lock_set(x, one, false);
}

/* The answer still shows the old status, under the new message. */
void maas_machine_abort(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    if (one->status == MAAS_DEPLOYING) {
        one->message = "Aborted deployment";
        maas_machine_answer(a, one, NULL);
        maas_abort(&h, one);
        return;
    }
    buf_init(&text, 256);
    buf_printf(&text, "Cannot abort in current state: node %s is in state %s.", one->system_id,
               maas_status_label(one->status));
    maas_raise_text(a, 409, buf_text(&text));
}

/* Only the owner may, even where an administrator may everything else. */
void maas_machine_mark_broken(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, true);

    if (!one)
        return;
    if (!text_is(one->owner, a->user->name))
        maas_raise_text(a, 403, "");
    else
        maas_unmodelled(x);
}

void maas_machine_curtin(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, false);
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    if (one->status == MAAS_DEPLOYING || one->status == MAAS_DEPLOYED ||
        one->status == MAAS_FAILED_DEPLOYMENT) {
        maas_unmodelled(x);
        return;
    }
    buf_init(&text, 256);
    buf_printf(&text, "Machine %s is not in a deployment state.", one->hostname);
    maas_raise_text(a, 400, buf_text(&text));
}

void maas_machine_details(const struct http_exchange *x)
{
    if (machine_for(x))
        maas_unmodelled(x);
}
