/* What labnet.c and labnet_kept.c share. */
#ifndef SCENARIOS_ENGINE_LABNET_PRIVATE_H
#define SCENARIOS_ENGINE_LABNET_PRIVATE_H

#include "scenarios/engine/blank.h"
#include "scenarios/engine/labnet.h"

#define LABNET_FORWARD "net/ipv4/ip_forward"

struct labnet {
    const struct lab *lab;
    const char *without; /* role */
    int home, room;      /* room: the switch */
    int hosts[LAB_HOSTS_MAX];
    struct blank blank[LAB_HOSTS_MAX]; /* what each had when nobody had used it */
    struct blank blank_room;
    bool in_way[LAB_HOSTS_MAX]; /* has rules that cut wires */
    size_t n_opened;            /* ways that were opened so far */
};

struct labnet *labnet_empty(const struct lab *l, const char *without);
int labnet_enter(int ns, struct err *e) MUST_CHECK;
size_t labnet_zone_index(const struct lab *l, const char *name);
/* Namespaces and links of all hosts but those of role `without`; nobody has an address. */
int labnet_frame_make(struct labnet *n, struct err *e) MUST_CHECK;
/* Addresses, routes, forwarding and rules. */
int labnet_dress_all(struct labnet *n, struct err *e) MUST_CHECK;
/* Where the caller shall live; it is not entered. */
int labnet_home_make(struct labnet *n, struct err *e) MUST_CHECK;

#endif
