/* What the files of the model share: the state of one MAAS and one request under way. Nothing
 * outside mock-maas/ and its tests includes this. */
#ifndef MOCK_MAAS_MODEL_H
#define MOCK_MAAS_MODEL_H

#include "lib/base/oauth.h"
#include "mock-maas/maas.h"

#define MAAS_NAME_MAX    257 /* a name has 256 letters at most */
#define MAAS_TEXT_MAX    1024
#define MAAS_ZONES_MAX   64
#define MAAS_POOLS_MAX   64
#define MAAS_TAGS_MAX    256
#define MAAS_DOMAINS_MAX 16
#define MAAS_SUBNETS_MAX 32
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
    size_t next_nonce;
    uint64_t nonces[MAAS_NONCES_MAX]; /* the newest ones, 0 = free */
};

/* The world: what there is. Each `add` returns false when there is no place. */
void maas_world_fresh(struct maas *m); /* as MAAS installs itself: one zone, pool, domain */
void maas_world_lab(struct maas *m);   /* and what our labs have besides */
struct maas_named *maas_zone_add(struct maas *m, const char *name, const char *description);
struct maas_named *maas_pool_add(struct maas *m, const char *name, const char *description);
struct maas_tag *maas_tag_add(struct maas *m, const struct maas_tag *tag);
bool maas_subnet_add(struct maas *m, const struct maas_subnet *subnet);

/* --- one request ----------------------------------------------------------------------------- */

enum {
    MAAS_ANYBODY = 1,
    MAAS_ADMIN = 2 /* else 403 with a sentence */,
    MAAS_ADMIN_MUTE = 4 /* 403, no body */
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
#define MAAS_TEXT  "text/plain; charset=utf-8"
#define MAAS_PLAIN "text/plain"
#define MAAS_JSON  "application/json; charset=utf-8"
#define MAAS_HTML  "text/html; charset=utf-8"

/* Sets a->user, or answers and returns false. anybody: no credentials are fine too. */
bool maas_authenticate(struct maas_ask *a, uint64_t *ret_nonce);
uint64_t maas_nonce_mark(const struct oauth *o); /* never 0 */
bool maas_nonce_used(const struct maas *m, uint64_t mark);
void maas_nonce_keep(struct maas *m, uint64_t mark);

/* --- Python's letters ------------------------------------------------------------------------ */

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

/* --- handlers -------------------------------------------------------------------------------- */

http_handler maas_version, maas_unmodelled;
http_handler maas_zones, maas_zone, maas_zone_create;
http_handler maas_pools, maas_pool, maas_pool_create;
http_handler maas_tags, maas_tag, maas_tag_create;
http_handler maas_domains, maas_domain;
http_handler maas_subnets, maas_subnet;
http_handler maas_users, maas_user, maas_whoami;

#endif
