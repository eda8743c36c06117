/* Addresses and the networks they lie in, and whether a cluster's own networks get into the way of
 * those that its machines stand in. */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <arpa/inet.h>
#include <string.h>

#define BITS_MAX 128

static int family_of(const char *text, uint8_t bytes[16])
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : -1;
}

bool gw_cidr_has(const char *cidr, const char *address)
{
    char base[GW_ADDRESS_LEN];
    uint8_t a[16] = {0}, b[16] = {0};
    int64_t bits;
    const char *slash = strchr(cidr, '/');

    if (!slash || !text_int(slash + 1, 0, BITS_MAX, &bits) ||
        !text_copy_len(base, sizeof base, cidr, (size_t)(slash - cidr)) || family_of(base, a) < 0 ||
        family_of(base, a) != family_of(address, b))
        return false;
    for (int64_t i = 0; i < bits; i++) {
        const uint8_t bit = (uint8_t)(0x80 >> (i % 8));

        if ((a[i / 8] & bit) != (b[i / 8] & bit))
            return false;
    }
    return true;
}

/* A network, or one address. */
static bool overlap(const char *cidr, const char *other)
{
    char base[GW_ADDRESS_LEN];
    const struct {
        const char *cidr, *address;
    } ways[] = {{cidr, other}, {other, cidr}};

    for (size_t i = 0; i < COUNTOF(ways); i++)
        if (text_copy_len(base, sizeof base, ways[i].address, strcspn(ways[i].address, "/")) &&
            gw_cidr_has(ways[i].cidr, base))
            return true;
    return false;
}

static void warn(struct gw_turn *t, const char *cidr, const char *what, const char *other)
{
    t->c->overlap_told = true;
    gw_event_note(t->c, "NetworkOverlap", "the cluster's network %s overlaps %s %s", cidr, what,
                  other);
    gw_say(t->fx, GW_WARNING, "cluster %.64s: its network %s overlaps %s %s", t->c->uid, cidr, what,
           other);
}

/* The machine's own routes would lead into the cluster instead of to its neighbours or to MAAS. It
 * is the user's choice and is done as asked, but not without a word. */
void gw_networks_check(struct gw_turn *t, const struct gw_machine *m)
{
    const struct gw_item_network *n = t->c->item ? &t->c->item->body.network : NULL;
    const struct gw_account *a = gw_cluster_account(t->g, t->c);
    struct url u = {0};

    if (!n || !t->c->item->present || t->c->overlap_told)
        return;
    if (a && url_read(a->endpoint, &u, NULL) < 0)
        return;
    for (size_t own = 0; own < 2 && !t->c->overlap_told; own++) {
        const char *cidr = own == 0 ? n->pod_cidr : n->service_cidr;

        for (size_t i = 0; i < m->n_cidrs && !t->c->overlap_told; i++)
            if (overlap(cidr, m->cidrs[i]))
                warn(t, cidr, "the machines' network", m->cidrs[i]);
        if (!t->c->overlap_told && overlap(cidr, u.host))
            warn(t, cidr, "the address of MAAS", u.host);
    }
}
