/* What the files of the model share: the state of one MAAS and one request under way. Nothing
 * outside mock-maas/ and its tests includes this. */
#ifndef MOCK_MAAS_MODEL_H
#define MOCK_MAAS_MODEL_H

#include "lib/base/oauth.h"
#include "lib/base/rng.h"
#include "mock-maas/machine.h"
#include "mock-maas/maas.h"
#include "mock-maas/net.h"
#include "mock-maas/rest.h"

#define MAAS_ZONES_MAX     64
#define MAAS_POOLS_MAX     64
#define MAAS_TAGS_MAX      256
#define MAAS_DOMAINS_MAX   16
#define MAAS_NONCE_BUCKETS 65536
#define MAAS_HARDWARE_MAX  64
#define MAAS_OPS_MAX       512 /* rows of the route table */
#define MAAS_JSON_MAX      HTTP_ANSWER_MAX
#define MAAS_MISDEEDS_MAX  64
#define MAAS_SEEN_MAX      64 /* exchanges that the page shows */

#define MAAS_VERSION "3.7.3"
#define MAAS_API     "/MAAS/api/2.0/"

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
#define MAAS_RECORDS_MAX   512
#define MAAS_ADDRESSES_MAX 8

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
struct maas_armed { /* a fault, and what it did */
    struct maas_fault fault;
    ms_t until;
    uint64_t fired;
};

struct maas_tally {
    uint64_t armed, fired;
    bool untold; /* the kernel refuses, and tells nobody whom: `fired` says nothing */
};
struct maas_seen { /* an exchange, without anything that could be secret */
    ms_t at;
    int status; /* 0: none came */
    char method[8], path[128], op[48], who[64], about[64];
};

struct maas {
    enum maas_version version;
    struct maas_config config;
    struct maas_net net;
    struct maas_rest rest;
    int64_t default_domain;
    size_t n_zones, n_pools, n_tags, n_domains;
    int64_t next_zone_id, next_pool_id, next_domain_id; /* numbers are not used again */
    struct maas_named zones[MAAS_ZONES_MAX], pools[MAAS_POOLS_MAX];
    struct maas_tag tags[MAAS_TAGS_MAX];
    struct maas_domain domains[MAAS_DOMAINS_MAX];
    bool announced; /* the first states were said */
    size_t n_machines, n_records, n_images, n_faults;
    int64_t next_machine_id, next_disk_id, next_record_id;
    struct rng rng;
    struct maas_machine **machines, **ready; /* stock.c; ready: the cheapest first */
    struct maas_machine **timed;             /* those that wait for something, in no order */
    size_t n_ready, n_timed, n_timed_max, n_slots, n_hardware;
    uint32_t *slots; /* by system id: 1 + place in machines */
    struct maas_hardware *hardware[MAAS_HARDWARE_MAX];
    struct maas_machine *inventory[MAAS_HARDWARE_MAX]; /* what commissioning will find, by MAC */
    size_t n_inventory;
    int64_t next_nic_id, next_link_id, next_result_id;
    ms_t takes[MAAS_DURATION_COUNT];
    ms_t due;              /* no timer runs out before */
    ms_t ahead, stands_at; /* domain time runs so far ahead of the program's, or stands */
    bool stands;
    bool writing;     /* a request that is no GET is under way: nothing is kept */
    uint64_t epoch;   /* grows with every change of what machines show beside themselves */
    size_t last_list; /* bytes of the last list: the next one is about as long */
    size_t *n_shown;  /* bytes kept of all of them; owned */
    uint64_t bad;     /* BIT(mishap): what goes wrong with MAAS as a whole */
    struct maas_record records[MAAS_RECORDS_MAX];
    struct maas_image images[MAAS_IMAGES_MAX];
    struct {
        uint64_t armed, fired;
        int64_t one_in; /* by seed; 0: never */
    } mishaps[MAAS_MISHAP_COUNT];
    struct maas_chance {
        char words[MAAS_CHANCE_WORDS];
        int64_t one_in; /* requests; 0: a free place */
    } chances[MAAS_CHANCES_MAX];
    bool drawn; /* a chance strikes: it was counted as armed before */
    struct maas_armed faults[MAAS_FAULTS_MAX];
    struct maas_tally misdeeds[MAAS_MISDEEDS_MAX]; /* faults, by row of misdeeds.c */
    uint64_t answers[6];                           /* by status / 100; 0: none came */
    size_t n_seen;                                 /* ever; the ring holds the last ones */
    struct maas_seen seen[MAAS_SEEN_MAX];
    uint64_t calls[MAAS_OPS_MAX]; /* of each row of the route table */
    size_t next_nonce;
    uint16_t nonce_counts[MAAS_NONCE_BUCKETS];
    uint64_t nonces[MAAS_NONCES_MAX]; /* the newest ones, 0 = free */
};

static inline bool maas_is_37(const struct maas *m)
{
    return m->version == MAAS_37;
}

/* The world: what there is. Each `add` returns false when there is no place. */
void maas_world_fresh(struct maas *m); /* as MAAS installs itself: one zone, pool, domain */
void maas_world_lab(struct maas *m);   /* and what our labs have besides */
void maas_durations_fresh(struct maas *m);
struct maas *maas_blank(const struct maas_config *c, enum maas_version version); /* nothing in it */
void maas_become(struct maas *m, struct maas *made); /* the two change places */
bool maas_user_place(struct maas *m, const struct maas_user *u);
void maas_hardware_lab(struct maas *m); /* the kind that our labs' machines are of */
const struct maas_hardware *maas_hardware_add(struct maas *m, const struct maas_hardware *kind);
const struct maas_hardware *maas_hardware_named(const struct maas *m, const char *name);
struct maas_named *maas_zone_add(struct maas *m, const char *name, const char *description);
struct maas_named *maas_pool_add(struct maas *m, const char *name, const char *description);
struct maas_tag *maas_tag_add(struct maas *m, const struct maas_tag *tag);
bool maas_image_add(struct maas *m, const struct maas_image *image);

/* --- one request ------------------------------------------------------------------------------ */

enum {
    MAAS_ANYBODY = 1,
    MAAS_ADMIN = 2,      /* else 403 with a sentence */
    MAAS_ADMIN_MUTE = 4, /* else 403 without a body */
    MAAS_TELLS = 8,      /* the journal is told the parameters that it may know */
    MAAS_TWIN = 16,      /* without credentials MAAS has another handler here, which knows no op */
    MAAS_BOSS = 32,      /* the whole resource is for administrators */
    MAAS_POSTED = 64,    /* reads the form: a JSON body is not seen */
    MAAS_ONLY_37 = 128,
    MAAS_NODE = 256, /* the metadata service: a machine's own token */
    MAAS_OPEN = 512, /* also for those without credentials; wrong ones are refused */
    /* What its answers rest on (ledger.c); none of these: read in MAAS's source. */
    MAAS_RECORDED_37 = 1024,
    MAAS_RECORDED_35 = 2048,
    MAAS_INVENTED = 4096
};

#define MAAS_UPLOADS_MAX 4

struct maas_ask {
    struct maas *m;
    const struct http_ctx *ctx;
    const struct http_request *rq;
    struct http_reply *rp;
    const struct http_route *route; /* NULL when none matched */
    struct http_vars vars;
    struct pairs query, form;
    size_t n_uploads; /* parts of a multipart form that are files */
    struct maas_upload {
        char name[PAIR_NAME_MAX];
        struct buf bytes;
    } uploads[MAAS_UPLOADS_MAX];
    const struct maas_account *user; /* NULL: nobody */
    const struct maas_machine *node; /* asks the metadata service with its own token; or NULL */
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
void maas_return_body(struct maas_ask *a, struct buf *body); /* JSON; taken over */
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
void pyjson_compact(struct pyjson *j, const char *name, const char *json);
void pyjson_bool(struct pyjson *j, const char *name, bool value);
void py_repr(struct buf *out, const char *text); /* 'text', as %r prints it */
void py_text(struct buf *out, const char *text); /* a JSON string, raw UTF-8 */

/* --- parts of answers, shared by resources ---------------------------------------------------- */

void maas_domain_write(struct pyjson *j, const char *name, const struct maas *m, size_t i);
void maas_uri_write(struct pyjson *j, const char *resource, const char *key);
void maas_uri_id_write(struct pyjson *j, const char *resource, int64_t id);
size_t maas_domain_find(const struct maas *m, const char *spec); /* m->n_domains: none */
void maas_nic_write(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one, const struct maas_nic *nic);
void maas_disk_write(struct pyjson *j, const char *name, const struct maas_machine *one, size_t i,
                     bool in_machine);
/* A machine's power reads neither on nor off: that is a fault, armed by hand, and it strikes each
 * time somebody is shown it. */
void maas_power_said(struct ev_list *events, ms_t now, const struct maas_machine *one,
                     const char *kind);
void maas_power_shown(struct maas_ask *a, const struct maas_machine *one);
/* The whole object; `constraints`: that of an allocate, or NULL. */
void maas_machine_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                        const char *constraints);
void maas_machine_fields_write(struct pyjson *j, const struct maas *m,
                               const struct maas_machine *one, const char *constraints);
void maas_machine_answer(struct maas_ask *a, const struct maas_machine *one,
                         const char *constraints);

/* --- who may ---------------------------------------------------------------------------------- */

struct maas_hands maas_hands(const struct maas_ask *a);
/* view: unowned, own, or all for a superuser. edit: and not locked. */
bool maas_may_view(const struct maas_ask *a, const struct maas_machine *one);
bool maas_may_edit(const struct maas_ask *a, const struct maas_machine *one);
/* The machine of the path, for who may; NULL: answered. */
struct maas_machine *maas_machine_for(const struct http_exchange *x, bool edit);
/* The machine that the journal's record of the request names. */
void maas_about(struct maas_ask *a, const struct maas_machine *one);

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

/* "eth0:space=a;eth1:subnet=b": each label must match an interface; writes "eth0": [5], … */
bool maas_interfaces_fit(const struct maas *m, const struct maas_machine *one, const char *wish,
                         struct buf *ret);
/* A space that the wish names and that is not there; false: it names none such. */
bool maas_interfaces_strange(const struct maas *m, const char *wish);

/* --- faults ----------------------------------------------------------------------------------- */

/* The fault that hits this request, or NULL; counts the request, emits `fired`. */
bool maas_op_is(const char *wish, const struct http_route *route); /* op of a fault */
const struct maas_fault *maas_fault_hit(struct maas_ask *a);
void maas_fault_answer(struct maas_ask *a, const struct maas_fault *f);
/* What was asked is done before the fault shows. */
static inline bool maas_fault_is_after(const struct maas_fault *f)
{
    return f->what == MAAS_FAULT_LOSE || f->what == MAAS_FAULT_AFTER ||
           f->what == MAAS_FAULT_WIRE || f->what == MAAS_FAULT_GARBLE;
}
/* "racks gone one in 20" and the like (chances.c); false: other words, or no place is free. */
bool maas_chance_words(struct maas *m, const char *words);
/* With each request; now is the program's. What strikes shows in rp. */
void maas_chances_draw(struct maas *m, ms_t now, struct http_reply *rp);
/* "refuses for SPAN": nobody gets a connection for so long. false: other words. */
bool maas_refuse_read(const char *text, struct http_reply *rp);
bool maas_wire_read(const char *text, struct maas_fault *ret); /* wire.c has the words */
void maas_wire_answer(struct maas_ask *a, const struct maas_fault *f);

size_t maas_misdeed_of(const struct maas_fault *f); /* its row */
struct maas_tally maas_misdeed_tally(const struct maas *m, size_t row);

void maas_tell(const struct maas_ask *a);      /* the call, to the journal */
void maas_seen_keep(const struct maas_ask *a); /* and to the page */

/* GET /, /metrics and /machines.json of the mock's own door; false: another path. */
bool maas_page(const struct maas *m, ms_t now, const char *path, struct http_reply *rp);

/* --- handlers --------------------------------------------------------------------------------- */

http_handler maas_version, maas_unmodelled;
http_handler maas_zones, maas_zone, maas_zone_create;
http_handler maas_pools, maas_pool, maas_pool_create;
http_handler maas_tags, maas_tag, maas_tag_create;
http_handler maas_domains, maas_domain;
http_handler maas_subnets, maas_subnet;
http_handler maas_users, maas_user, maas_whoami;
http_handler maas_dns_list, maas_dns_read, maas_dns_create, maas_dns_update, maas_dns_delete;
http_handler maas_images, maas_image, maas_image_importing;
http_handler maas_user_data;

#include "mock-maas/parts.h"
#include "mock-maas/work.h"

#endif
