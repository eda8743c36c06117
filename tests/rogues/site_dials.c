/* The simulator's Palette dials where a rogue has asked it to: one SYN a note named "dial". */
#include "scenarios/engine/site_private.h"
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <string.h>

#define DIALS_MAX 8

void __real_site_put_list(struct site *s, enum ev_src src, struct ev_list *l);
void __wrap_site_put_list(struct site *s, enum ev_src src, struct ev_list *l);

static void answered(struct site *s, enum reach reach)
{
    if (reach != REACH_DROP && reach != REACH_REFUSED)
        door_reached(s->servers[SITE_PALETTE].app);
}

/* "10.10.0.3:5240" */
static void dial(struct site *s, const char *where)
{
    const struct lab_host *from = lab_role(s->lab, "palette"), *to;
    char address[LAB_ADDRESS_MAX], seen_as[LAB_ADDRESS_MAX];
    const char *colon = strchr(where, ':');
    int64_t port = 0;

    if (!colon || !text_copy_len(address, sizeof address, where, (size_t)(colon - where)) ||
        !text_int(colon + 1, 1, 65535, &port))
        return;
    to = lab_host_at(s->lab, address);
    if (from && to)
        answered(s, site_syn(s, from, to, (int)port, seen_as));
}

void __wrap_site_put_list(struct site *s, enum ev_src src, struct ev_list *l)
{
    char wheres[DIALS_MAX][LAB_ADDRESS_MAX + 8];
    size_t n = 0;

    for (size_t i = 0; src == EVS_PALETTE && i < l->n && n < DIALS_MAX; i++)
        if (ev_list_at(l, i)->kind == EV_NOTE && ev_is(ev_list_at(l, i), EVF_NAME, "dial"))
            (void)text_copy(wheres[n++], sizeof wheres[0], ev_text(ev_list_at(l, i), EVF_TEXT));
    __real_site_put_list(s, src, l);
    for (size_t i = 0; i < n; i++)
        dial(s, wheres[i]);
}
