/* A lab: zones, hosts, routers and rules as data (scenarios/labs/NAME.json), and the table of which
 * role reaches which how. Pure: reading and asking. The same file makes the namespaces (netns.c)
 * and the simulator's reach table (site.c); story 001 holds both against the table. */
#ifndef SCENARIOS_ENGINE_LAB_H
#define SCENARIOS_ENGINE_LAB_H

#include "lib/base/err.h"
#include "lib/base/event.h"

#define LAB_ZONES_MAX    8
#define LAB_HOSTS_MAX    32
#define LAB_LINKS_MAX    4 /* interfaces of one host */
#define LAB_RULES_MAX    32
#define LAB_REACH_MAX    192 /* pairs of roles */
#define LAB_ROWS_MAX     64  /* rows of the file that say them */
#define LAB_ROLES_LEN    160 /* "gateway maas dns node" */
#define LAB_NAME_MAX     32
#define LAB_ADDRESS_MAX  48
#define LAB_DELAY_MAX_MS 5000 /* of one link, each way */
#define LAB_LOSS_MAX     50   /* percent */

struct lab_zone {
    char name[LAB_NAME_MAX];   /* "private" */
    char net[LAB_ADDRESS_MAX]; /* "10.10.0.0/24" */
    bool is_private;
    char overlaps[LAB_NAME_MAX]; /* a zone that has the same net, on purpose; "" = none */
};
struct lab_host {
    char name[LAB_NAME_MAX]; /* "gw1", "site-router" */
    char role[LAB_NAME_MAX]; /* "gateway", "maas", "palette", "proxy", "dns", "canary", "router", …
                              */
    size_t n_links;
    struct lab_link {
        char zone[LAB_NAME_MAX];
        char address[LAB_ADDRESS_MAX]; /* without prefix length; the zone's net has it */
        char also[LAB_ADDRESS_MAX]; /* one more of the same net, that no name leads to; "": none */
        int64_t delay_ms;           /* what crosses it, either way, is so much later; lag.h */
        int64_t loss_percent;       /* of what crosses it so many of a hundred are lost */
    } links[LAB_LINKS_MAX];
    char gateway[LAB_ADDRESS_MAX]; /* default route, "" = none */
    size_t n_routes;
    struct lab_route {
        char net[LAB_ADDRESS_MAX];
        char via[LAB_ADDRESS_MAX];
    } routes[4];
    bool forward;   /* a router */
    int listen;     /* the port it serves, its role's if the file says none; 0 = none */
    int forgets_s;  /* a router: a mapping over which nothing went for so long is gone; 0 = never */
    char nft[2048]; /* ruleset text for its namespace, "" = none */
};
/* DECOY: another host has the address where the packet goes, and takes it. */
enum reach { REACH_OPEN, REACH_NAT, REACH_DROP, REACH_REFUSED, REACH_DECOY, REACH_COUNT };
const char *reach_name(enum reach r); /* "open", "nat", "drop", "refused", "decoy" */
struct lab_reach {
    char from[LAB_NAME_MAX], to[LAB_NAME_MAX]; /* roles */
    enum reach reach;
    char seen_as[LAB_ADDRESS_MAX]; /* the source address the target sees; "" = the source's own */
    size_t row;                    /* of the file; one row may say many pairs */
};
struct lab {
    char name[LAB_NAME_MAX];
    size_t n_zones, n_hosts, n_reach, n_names;
    struct lab_zone zones[LAB_ZONES_MAX];
    struct lab_host hosts[LAB_HOSTS_MAX];
    struct lab_reach reach[LAB_REACH_MAX];
    struct lab_name {
        char name[64];
        char address[LAB_ADDRESS_MAX];
    } names[LAB_HOSTS_MAX];
};

/* file: for errors, "labs/nat.json: hosts[3].links[0].zone: no zone 'privat'; did you mean …". */
int lab_read(const char *file, const char *text, size_t len, struct lab *ret, struct err *e)
    MUST_CHECK;
const struct lab_host *lab_role(const struct lab *l, const char *role); /* first with that role */
/* Where zones overlap, of the zone that stands first in the file: what the address means inside.
 * What it means on a given link is lab_host_on's to say (lab_ways.h). */
const struct lab_host *lab_host_at(const struct lab *l, const char *address); /* NULL: nobody's */
const struct lab_zone *lab_zone_of(const struct lab *l, const char *address); /* NULL: outside */
const struct lab_zone *lab_zone(const struct lab *l, const char *name);       /* NULL: none */
bool lab_link_has(const struct lab_link *link, const char *address);
/* The host's link in that zone, or NULL. */
const struct lab_link *lab_link_in(const struct lab_host *h, const char *zone);
enum reach lab_reaches(const struct lab *l, const char *from_role, const char *to_role,
                       const char **ret_seen_as);
/* The row of the table, or NULL. */
const struct lab_reach *lab_reach_find(const struct lab *l, const char *from_role,
                                       const char *to_role);
/* The record that says whose this address of its k-th link is. */
void lab_host_event(const struct lab_host *h, size_t k, const char *address, struct event *ret);
/* The name that leads to the host of that role, or NULL. */
const char *lab_name_of(const struct lab *l, const char *role);
const char *lab_resolve(const struct lab *l, const char *name); /* address, or NULL */
/* Is the address in the net, "10.10.0.0/24"? false also for what is no net. */
bool lab_net_has(const char *net, const char *address);
bool lab_net_read(const char *text, uint32_t *ret_net, uint32_t *ret_mask);
bool lab_address_read(const char *text, uint32_t *ret); /* no leading zeros */
/* What lab_read holds a lab against, once its words are read: every address in its zone and of one
 * host, every way by a neighbour, every pair of roles said once. */
int lab_check(const struct lab *l, struct err *e) MUST_CHECK;

#endif
