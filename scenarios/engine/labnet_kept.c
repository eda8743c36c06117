/* A lab that outlives a run: what the run left is taken from it, and it gets the next one's
 * addresses, routes and rules. */
#include "scenarios/engine/labnet_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/netlink.h"

#include <errno.h>
#include <string.h>

/* Links that take time are taken off their bridges, and a router that forgets has settings of its
 * own: no other lab is made of these. */
bool labnet_keeps(const struct lab *l)
{
    for (size_t i = 0; i < l->n_hosts; i++) {
        if (l->hosts[i].forgets_s > 0)
            return false;
        for (size_t k = 0; k < l->hosts[i].n_links; k++)
            if (l->hosts[i].links[k].delay_ms > 0 || l->hosts[i].links[k].loss_percent > 0)
                return false;
    }
    return true;
}

static size_t user_index(const struct lab *l)
{
    const struct lab_host *user = lab_role(l, "user");
    return user != NULL ? labnet_host_index(l, user) : SIZE_MAX;
}

static bool has_same_links(const struct lab *a, const struct lab *b)
{
    if (a->n_zones != b->n_zones || a->n_hosts != b->n_hosts || user_index(a) != user_index(b))
        return false;
    for (size_t i = 0; i < a->n_hosts; i++) {
        if (a->hosts[i].n_links != b->hosts[i].n_links)
            return false;
        for (size_t k = 0; k < a->hosts[i].n_links; k++)
            if (labnet_zone_index(a, a->hosts[i].links[k].zone) !=
                labnet_zone_index(b, b->hosts[i].links[k].zone))
                return false;
    }
    return true;
}

bool labnet_fits(const struct labnet *n, const struct lab *l)
{
    return labnet_keeps(n->lab) && labnet_keeps(l) && has_same_links(n->lab, l);
}

int labnet_frame(struct labnet **ret, const struct lab *l, struct err *e)
{
    struct labnet *n = labnet_empty(l, "");
    int r = labnet_frame_make(n, e);
    if (r == 0)
        r = labnet_home_make(n, e);
    if (r < 0) {
        labnet_free(n);
        return err_at(e, "lab %s", l->name);
    }
    *ret = n;
    return 0;
}

int labnet_dress(struct labnet *n, const struct lab *l, const char *without, struct err *e)
{
    n->lab = l;
    n->without = without;
    return labnet_dress_all(n, e);
}

int labnet_strip(struct labnet *n, struct err *e)
{
    const struct lab *l = n->lab;
    int r = labnet_enter(n->room, e);
    if (r == 0 && (r = blank_clear(&n->blank_room, e)) < 0)
        err_at(e, "the switch");
    for (size_t i = 0; i < l->n_hosts && r == 0; i++)
        if ((r = labnet_enter(n->hosts[i], e)) == 0)
            r = blank_silence(&n->blank[i], e);
    for (size_t i = 0; i < l->n_hosts && r == 0; i++) {
        if ((r = labnet_enter(n->hosts[i], e)) == 0)
            r = blank_clear(&n->blank[i], e);
        if (r == 0 && l->hosts[i].forward)
            r = nl_sysctl(LABNET_FORWARD, "0", e);
        if (r < 0)
            err_at(e, "%s", l->hosts[i].name);
    }
    memset(n->in_way, 0, sizeof(n->in_way));
    n->n_opened = 0;
    return r;
}

void labnet_show(const struct labnet *n, int ret[LABNET_FDS_MAX])
{
    ret[0] = n->home;
    ret[1] = n->room;
    for (size_t i = 0; i < LAB_HOSTS_MAX; i++)
        ret[LABNET_FDS_HOSTS + i] = n->hosts[i];
}

int labnet_lent(struct labnet **ret, const struct lab *l, const char *without, const int *fds,
                struct err *e)
{
    struct labnet *n = labnet_empty(l, without);
    n->home = fds[0];
    n->room = fds[1];
    for (size_t i = 0; i < LAB_HOSTS_MAX; i++)
        n->hosts[i] = fds[LABNET_FDS_HOSTS + i];
    int r = labnet_enter(n->home, e);
    if (r < 0) {
        labnet_free(n);
        return r;
    }
    *ret = n;
    return 0;
}
