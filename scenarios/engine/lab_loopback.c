#include "scenarios/engine/lab_loopback.h"

#include "lib/base/text.h"

#include <stdio.h>

#define BEHIND   128
#define NET_MASK 0xffffff00u /* all a zone's hosts differ in their last number */

const char *lab_loopback_lacks(const struct lab *l)
{
    uint32_t net, mask;

    for (size_t i = 0; i < l->n_zones; i++)
        if (l->zones[i].overlaps[0] != '\0')
            return "two hosts of its lab have one address";
        else if (!lab_net_read(l->zones[i].net, &net, &mask) || mask != NET_MASK)
            return "a zone of its lab is larger or smaller than /24";
    for (size_t i = 0; i < l->n_hosts; i++) {
        if (l->hosts[i].forgets_s > 0)
            return "a router of its lab forgets, and there is none";
        for (size_t k = 0; k < l->hosts[i].n_links; k++)
            if (l->hosts[i].links[k].delay_ms > 0 || l->hosts[i].links[k].loss_percent > 0)
                return "a wire of its lab is slow or loses, and a relay is neither";
    }
    return NULL;
}

/* Its four numbers, the first in the highest byte; 0: no address. */
static uint32_t numbers(const char *address)
{
    char net[LAB_ADDRESS_MAX + 4];
    uint32_t ret = 0, mask;

    snprintf(net, sizeof net, "%s/32", address);
    return lab_net_read(net, &ret, &mask) ? ret : 0;
}

static void write_address(unsigned berth, unsigned zone, uint32_t host, char out[LAB_ADDRESS_MAX])
{
    snprintf(out, LAB_ADDRESS_MAX, "127.%u.%u.%u", berth & 0xff, zone & 0xff,
             (unsigned)(host & 0xff));
}

/* An address of no zone stays as it is. */
static void move(const struct lab *l, int berth, char address[LAB_ADDRESS_MAX])
{
    const struct lab_zone *zone = address[0] != '\0' ? lab_zone_of(l, address) : NULL;

    if (zone != NULL)
        write_address((unsigned)(LAB_BERTH_NET + berth), (unsigned)(zone - l->zones) + 1,
                      numbers(address), address);
}

static void host_move(const struct lab *l, int berth, struct lab_host *h)
{
    for (size_t i = 0; i < h->n_links; i++) {
        move(l, berth, h->links[i].address);
        move(l, berth, h->links[i].also);
    }
    h->gateway[0] = h->nft[0] = '\0';
    h->n_routes = 0;
    if (h->listen > 0 && h->listen < LAB_LOW_PORT)
        h->listen += LAB_PORT_SHIFT;
}

void lab_on_loopback(const struct lab *l, int berth, struct lab *ret)
{
    assert(berth >= 0 && berth < LAB_BERTHS && lab_loopback_lacks(l) == NULL);
    *ret = *l;
    for (size_t i = 0; i < l->n_zones; i++)
        snprintf(ret->zones[i].net, sizeof ret->zones[i].net, "127.%d.%zu.0/24",
                 LAB_BERTH_NET + berth, i + 1);
    for (size_t i = 0; i < l->n_hosts; i++)
        host_move(l, berth, &ret->hosts[i]);
    for (size_t i = 0; i < l->n_reach; i++)
        move(l, berth, ret->reach[i].seen_as);
    for (size_t i = 0; i < l->n_names; i++)
        move(l, berth, ret->names[i].address);
}

void lab_behind(const char *address, char ret[LAB_ADDRESS_MAX])
{
    const uint32_t at = numbers(address);

    write_address(at >> 16, BEHIND + (at >> 8 & 0xff), at, ret);
}
