/* What the files of the model share: the state of one MAAS and one request under way. Nothing
 * outside mock-maas/ and its tests includes this. */
#ifndef MOCK_MAAS_MODEL_H
#define MOCK_MAAS_MODEL_H

#include "lib/base/oauth.h"
#include "lib/base/rng.h"
#include "mock-maas/machine.h"
#include "mock-maas/maas.h"

#define MAAS_NAME_MAX    257 /* a name has 256 letters at most */
#define MAAS_TEXT_MAX    1024
#define MAAS_ZONES_MAX   64
#define MAAS_POOLS_MAX   64
#define MAAS_TAGS_MAX    256
#define MAAS_DOMAINS_MAX 16
#define MAAS_SUBNETS_MAX 32
#define MAAS_OPS_MAX     128 /* rows of the route table */
#define MAAS_JSON_MAX    MIB(4)

#define MAAS_VERSION "3.7.3"
#define MAAS_API     "/MAAS/api/2.0/"

struct maas_account { /* a user with a key, taken apart */
    char name[64], email[96];
    bool superuser, has_key;
    char consumer[OAUTH_TEXT_MAX], token[OAUTH_TEXT_MAX], secret[OAUTH_TEXT_MAX];
};

struct maas_named { /* a zone or a pool */
    int64_t id;
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX];
};
struct maas_tag {
    char name[MAAS_NAME_MAX], definition[MAAS_TEXT_MAX], comment[MAAS_TEXT_MAX],
        kernel_opts[MAAS_TEXT_MAX];
};
struct maas_domain {
    int64_t id;
    char name[MAAS_NAME_MAX];
    bool authoritative;
    int64_t ttl; /* 0: null */
};
struct maas_subnet {
    int64_t id;
    char name[MAAS_NAME_MAX], cidr[64], gateway_ip[64], dns_server[64]; /* "": null, none */
    struct {
        int64_t id, fabric_id;
        char fabric[MAAS_NAME_MAX], primary_rack[16]; /* "": null */
        bool dhcp_on;
    } vlan;
};

#define MAAS_RECORDS_MAX   64
#define MAAS_ADDRESSES_MAX 8
#define MAAS_IMAGES_MAX    16

struct maas_record {         /* a dnsresource */
    int64_t id, domain, ttl; /* ttl 0: null */
    char name[MAAS_NAME_MAX];
    size_t n_addresses;
    struct {
        char ip[64];
        int64_t machine; /* whose own address it is, by id; 0: reserved by a user */
        char owner[64];  /* that user */
        ms_t made;
    } addresses[MAAS_ADDRESSES_MAX];
};
struct maas_image { /* a boot resource */
    int64_t id;
    char name[64],
        architecture[32]; /* "ubuntu/jammy", "amd64/ga-22.04"; uploaded ones: the bare name */
    bool uploaded, complete;
};
struct maas_armed { /* a fault, and what it did */
    struct maas_fault fault;
    ms_t until;
    uint64_t fired;
};

struct maas {
    struct maas_config config;
    size_t n_accounts; /* MAAS's own user included, by name */
    struct maas_account accounts[MAAS_USERS_MAX + 1];
    size_t n_zones, n_pools, n_tags, n_domains, n_subnets;
    int64_t next_zone_id, next_pool_id; /* numbers are not used again */
    struct maas_named zones[MAAS_ZONES_MAX], pools[MAAS_POOLS_MAX];
    struct maas_tag tags[MAAS_TAGS_MAX];
    struct maas_domain domains[MAAS_DOMAINS_MAX];
    struct maas_subnet subnets[MAAS_SUBNETS_MAX];
    bool announced; /* the first states were said */
    size_t n_machines, n_records, n_images, n_faults;
    int64_t next_machine_id, next_disk_id, next_record_id;
    struct rng rng;
    struct maas_machine machines[MAAS_MACHINES_MAX];
    struct maas_record records[MAAS_RECORDS_MAX];
    struct maas_image images[MAAS_IMAGES_MAX];
    struct maas_armed faults[MAAS_FAULTS_MAX];
    uint64_t calls[MAAS_OPS_MAX]; /* of each row of the route table */
    size_t next_nonce;
    uint64_t nonces[MAAS_NONCES_MAX]; /* the newest ones, 0 = free */
};

/* The world: what there is. Each `add` returns false when there is no place. */
void maas_world_fresh(struct maas *m); /* as MAAS installs itself: one zone, pool, domain */
void maas_world_lab(struct maas *m);   /* and what our labs have besides */
struct maas_named *maas_zone_add(struct maas *m, const char *name, const char *description);
struct maas_named *maas_pool_add(struct maas *m, const char *name, const char *description);
struct maas_tag *maas_tag_add(struct maas *m, const struct maas_tag *tag);
bool maas_image_add(struct maas *m, const struct maas_image *image);
bool maas_subnet_add(struct maas *m, const struct maas_subnet *subnet);

/* --- one request ------------------------------------------------------------------------------ */

enum {
    MAAS_ANYBODY = 1,
    MAAS_ADMIN = 2,      /* else 403 with a sentence */
    MAAS_ADMIN_MUTE = 4, /* else 403 without a body */
    MAAS_TELLS = 8,      /* the journal is told the parameters that it may know */
    MAAS_TWIN = 16       /* without credentials MAAS has another handler here, which knows no op */
};

struct maas_ask {
    struct maas *m;
    const struct http_ctx *ctx;
    const struct http_request *rq;
    struct http_reply *rp;
    const struct http_route *route; /* NULL when none matched */
    struct http_vars vars;
    struct pairs query, form;
    const struct maas_account *user; /* NULL: nobody */
    bool raised;                     /* answered by an error that rolls back what the request did */
    bool twin;                       /* MAAS_TWIN of the path */
    char op[128];
    /* What the request is about, for the journal. */
    char about[8], about_name[MAAS_NAME_MAX], marker[MAAS_AGENT_MAX];
};

static inline struct maas_ask *maas_ask(const struct http_exchange *x)
{
    return x->app;
}

/* MAAS has two ways to answer, and they differ in headers: what a handler returns, and what it
 * raises. A raised error also takes back the request's nonce. */
void maas_return(struct maas_ask *a, int status, const char *type, const char *body);
void maas_return_json(struct maas_ask *a, const char *body);
void maas_raise(struct maas_ask *a, int status, const char *type, const char *body);
void maas_raise_text(struct maas_ask *a, int status, const char *body);
void maas_raise_field(struct maas_ask *a, const char *field, const char *text);
void maas_not_found(struct maas_ask *a, const char *model);
void maas_unrecognised(struct maas_ask *a);
bool maas_has_type(const struct maas_ask *a, const char *type);
#define MAAS_TEXT  "text/plain; charset=utf-8"
#define MAAS_PLAIN "text/plain"
#define MAAS_JSON  "application/json; charset=utf-8"
#define MAAS_HTML  "text/html; charset=utf-8"

/* Sets a->user, or answers and returns false. anybody: no credentials are fine too. */
bool maas_authenticate(struct maas_ask *a, uint64_t *ret_nonce);
uint64_t maas_nonce_mark(const struct oauth *o); /* never 0 */
bool maas_nonce_used(const struct maas *m, uint64_t mark);
void maas_nonce_keep(struct maas *m, uint64_t mark);

/* --- Python's letters ------------------------------------------------------------------------- */

struct pyjson { /* json.dumps(…, indent=4, ensure_ascii=False) */
    struct buf *out;
    size_t depth;
    bool empty; /* nothing yet in the innermost bracket */
};
void pyjson_init(struct pyjson *j, struct buf *out);
void pyjson_open(struct pyjson *j, const char *name, char bracket); /* name NULL inside a list */
void pyjson_close(struct pyjson *j, char bracket);
void pyjson_text(struct pyjson *j, const char *name, const char *text);
void pyjson_text_or_null(struct pyjson *j, const char *name, const char *text); /* "" is null */
void pyjson_int(struct pyjson *j, const char *name, int64_t value);
void pyjson_word(struct pyjson *j, const char *name, const char *word); /* true, false, null */
void pyjson_bool(struct pyjson *j, const char *name, bool value);
void py_repr(struct buf *out, const char *text); /* 'text', as %r prints it */
void py_text(struct buf *out, const char *text); /* a JSON string, raw UTF-8 */

/* --- parts of answers, shared by resources ---------------------------------------------------- */

void maas_subnet_write(struct pyjson *j, const char *name, const struct maas_subnet *s);
void maas_vlan_write(struct pyjson *j, const struct maas_subnet *s);
void maas_domain_write(struct pyjson *j, const char *name, const struct maas *m, size_t i);
void maas_user_write(struct pyjson *j, const char *name, const struct maas_account *u);
void maas_uri_write(struct pyjson *j, const char *resource, const char *key);
void maas_uri_id_write(struct pyjson *j, const char *resource, int64_t id);
size_t maas_domain_find(const struct maas *m, const char *spec); /* m->n_domains: none */
const struct maas_subnet *maas_subnet_of(const struct maas *m, const char *ip); /* or NULL */
void maas_nic_write(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one);
void maas_disk_write(struct pyjson *j, const char *name, const struct maas_machine *one, size_t i);
/* The whole object; `constraints`: that of an allocate, or NULL. */
void maas_machine_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                        const char *constraints);
void maas_machine_answer(struct maas_ask *a, const struct maas_machine *one,
                         const char *constraints);

/* --- who may ---------------------------------------------------------------------------------- */

struct maas_hands maas_hands(const struct maas_ask *a);
/* view: unowned, own, or all for a superuser. edit: and not locked. */
bool maas_may_view(const struct maas_ask *a, const struct maas_machine *one);
bool maas_may_edit(const struct maas_ask *a, const struct maas_machine *one);
/* The machine of the path, for who may; NULL: answered. */
struct maas_machine *maas_machine_for(const struct http_exchange *x, bool edit);

/* --- constraints: which machines a list or an allocate means ---------------------------------- */

enum { MAAS_IN_LIST = 1, MAAS_IN_ALLOCATE = 2 };
/* Unknown or malformed ones are answered with 400, and false returned. */
bool maas_constraints_check(struct maas_ask *a, const struct pairs *p, unsigned where);
bool maas_constraints_match(const struct maas *m, const struct pairs *p, unsigned where,
                            const struct maas_machine *one);
bool maas_constraints_any(const struct pairs *p); /* beside the options of allocate */
/* "cpu_count=4.0 zone=z1": as MAAS understood them. */
void maas_constraints_write(const struct maas *m, const struct pairs *p, struct buf *out);
/* "root:64.42,data:100" against a machine's disks; writes "root": [3], … when ret is not NULL. */
bool maas_storage_is_wellformed(const char *wish);
bool maas_storage_fits(const struct maas_machine *one, const char *wish, struct buf *ret);

/* --- faults ----------------------------------------------------------------------------------- */

/* The fault that hits this request, or NULL; counts the request, emits `fired`. */
bool maas_op_is(const char *wish, const struct http_route *route); /* op of a fault */
const struct maas_fault *maas_fault_hit(struct maas_ask *a);
void maas_fault_answer(struct maas_ask *a, const struct maas_fault *f);

void maas_tell(const struct maas_ask *a); /* the call, to the journal */

/* --- handlers --------------------------------------------------------------------------------- */

http_handler maas_version, maas_unmodelled;
http_handler maas_zones, maas_zone, maas_zone_create;
http_handler maas_pools, maas_pool, maas_pool_create;
http_handler maas_tags, maas_tag, maas_tag_create;
http_handler maas_domains, maas_domain;
http_handler maas_subnets, maas_subnet;
http_handler maas_users, maas_user, maas_whoami;
http_handler maas_machines, maas_machines_allocated, maas_machine, maas_allocate, maas_annotate;
http_handler maas_machine_deploy, maas_machine_release, maas_machine_power_on,
    maas_machine_power_off;
http_handler maas_machine_power, maas_admin_item;
http_handler maas_machine_lock, maas_machine_unlock, maas_machine_abort, maas_machine_mark_broken;
http_handler maas_machine_curtin, maas_machine_details;
http_handler maas_dns_list, maas_dns_read, maas_dns_create, maas_dns_update, maas_dns_delete;
http_handler maas_images, maas_image, maas_image_importing;
http_handler maas_user_data;

#endif
