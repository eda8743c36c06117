/* Networks of a MAAS: fabrics, their VLANs, spaces, subnets, ranges of addresses, and addresses
 * that belong to no machine. All numbers of addresses are IPv4 in host order: this model has no
 * IPv6. An id of MAAS_NEXT_ID means the next free one; numbers are never used again. Each `add`
 * returns NULL when there is no place. Facts: MAAS 3.7.3 recorded. */
#ifndef MOCK_MAAS_NET_H
#define MOCK_MAAS_NET_H

#include "lib/base/base.h"

#define MAAS_NAME_MAX 257 /* a name has 256 letters at most */
#define MAAS_TEXT_MAX 1024
#define MAAS_NEXT_ID  (-1)

#define MAAS_FABRICS_MAX      64
#define MAAS_VLANS_MAX        128
#define MAAS_SPACES_MAX       64
#define MAAS_SUBNETS_MAX      64
#define MAAS_RANGES_MAX       128
#define MAAS_USED_MAX         1024
#define MAAS_RESERVED_MAX     128
#define MAAS_NAME_SERVERS_MAX 8
#define MAAS_IP_MAX           64 /* letters of an address */

struct maas_fabric {
    int64_t id; /* the first one is 0 */
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX], class_type[64];
};
struct maas_vlan {
    int64_t id, fabric, vid;
    int64_t mtu;   /* 0: 1500 */
    int64_t space; /* 0: none, shown as "undefined" */
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX];
    char primary_rack[16], secondary_rack[16]; /* "": null */
    bool dhcp_on;
};
struct maas_space {
    int64_t id; /* the first one is 1 */
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX];
};
struct maas_subnet {
    int64_t id, vlan;
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX], cidr[MAAS_IP_MAX];
    char gateway_ip[MAAS_IP_MAX]; /* "": null */
    size_t n_dns_servers;
    char dns_servers[MAAS_NAME_SERVERS_MAX][MAAS_IP_MAX];
    int64_t rdns_mode;
    bool no_dns, no_proxy, unmanaged, active_discovery;
    uint32_t network, broadcast; /* of cidr; filled by maas_subnet_add() */
};
struct maas_range {
    int64_t id, subnet;
    bool dynamic; /* else reserved */
    uint32_t start, end;
    char user[64]; /* "": null */
    char comment[MAAS_TEXT_MAX];
};
enum maas_alloc {
    MAAS_ALLOC_AUTO = 0,
    MAAS_ALLOC_STATIC = 1,
    MAAS_ALLOC_USER = 4,
    MAAS_ALLOC_DHCP = 5,
    MAAS_ALLOC_SEEN = 6
};
struct maas_used { /* an address that is no machine's own */
    int64_t id;
    uint32_t ip;
    enum maas_alloc alloc;
    char owner[64]; /* "": nobody */
    ms_t made;
    char rack[16]; /* system id of the controller that has it; "": none */
    char mac[18];  /* of an interface that belongs to nobody; "": none */
    int64_t nic;   /* its number */
};
struct maas_reserved { /* kept for one MAC address; 3.7 only */
    int64_t id, subnet;
    uint32_t ip;
    char mac[18], comment[MAAS_TEXT_MAX];
};

struct maas_net {
    size_t n_fabrics, n_vlans, n_spaces, n_subnets, n_ranges, n_used, n_reserved;
    int64_t next_fabric, next_vlan, next_space, next_subnet, next_range, next_used, next_reserved;
    struct maas_fabric fabrics[MAAS_FABRICS_MAX];
    struct maas_vlan vlans[MAAS_VLANS_MAX];
    struct maas_space spaces[MAAS_SPACES_MAX];
    struct maas_subnet subnets[MAAS_SUBNETS_MAX];
    struct maas_range ranges[MAAS_RANGES_MAX];
    struct maas_used used[MAAS_USED_MAX];
    struct maas_reserved reserved[MAAS_RESERVED_MAX];
};

struct maas;
struct pyjson;

void maas_net_fresh(struct maas *m); /* nothing there */
/* A fabric comes with its untagged VLAN when `vlan` is not 0 (MAAS_NEXT_ID: any number). */
struct maas_fabric *maas_fabric_add(struct maas *m, const struct maas_fabric *fabric, int64_t vlan);
struct maas_vlan *maas_vlan_add(struct maas *m, const struct maas_vlan *vlan);
struct maas_space *maas_space_add(struct maas *m, const struct maas_space *space);
/* Its VLAN must be there; 0: the default one, made when there is none. Also NULL for a bad cidr. */
struct maas_subnet *maas_subnet_add(struct maas *m, const struct maas_subnet *subnet);
struct maas_range *maas_range_add(struct maas *m, const struct maas_range *range);
struct maas_used *maas_used_add(struct maas *m, const struct maas_used *used);

struct maas_fabric *maas_fabric_by_id(struct maas *m, int64_t id);
struct maas_vlan *maas_vlan_by_id(struct maas *m, int64_t id);
struct maas_space *maas_space_by_id(struct maas *m, int64_t id);
struct maas_subnet *maas_subnet_by_id(struct maas *m, int64_t id);
/* By "<id|name>", "id:…", "name:…"; subnets also by cidr. */
struct maas_fabric *maas_fabric_find(struct maas *m, const char *spec);
struct maas_space *maas_space_find(struct maas *m, const char *spec);
struct maas_subnet *maas_subnet_find(struct maas *m, const char *spec);
/* The one a VLAN belongs to that was named with no fabric: made when there is none yet. */
struct maas_vlan *maas_vlan_default(struct maas *m);
struct maas_vlan *maas_vlan_first(struct maas *m, int64_t fabric); /* its untagged one */
const char *maas_vlan_name(const struct maas *m, const struct maas_vlan *v);
const char *maas_space_name(const struct maas *m, int64_t space); /* "undefined" for 0 */
const char *maas_fabric_name(const struct maas *m, int64_t fabric);
/* The narrowest subnet that holds an address; NULL: none. */
const struct maas_subnet *maas_subnet_of(const struct maas *m, const char *ip);
const struct maas_subnet *maas_subnet_of_ip(const struct maas *m, uint32_t ip);
/* An address that a deployment may have: free, in no range, not the gateway. false: exhausted. */
bool maas_ip_take(struct maas *m, const struct maas_subnet *s, char ret[static MAAS_IP_MAX]);
bool maas_ip_is_used(const struct maas *m, uint32_t ip); /* assigned to somebody */
bool maas_ip_in_range(const struct maas *m, uint32_t ip, bool dynamic);

void maas_vlan_write(struct pyjson *j, const char *name, const struct maas *m, int64_t vlan);
void maas_subnet_write(struct pyjson *j, const char *name, const struct maas *m,
                       const struct maas_subnet *s);

/* --- numbers ---------------------------------------------------------------------------------- */

bool maas_ip_read(const char *text, uint32_t *ret);
void maas_ip_write(uint32_t ip, char ret[static MAAS_IP_MAX]);
bool maas_ip_is_v6(const char *text); /* has the shape of one */
/* "10.0.0.7/24" → 10.0.0.0 and 10.0.0.255; bits is 24. */
bool maas_cidr_read(const char *text, uint32_t *ret_network, uint32_t *ret_broadcast, int *bits);
bool maas_mac_is(const char *text);

#endif
