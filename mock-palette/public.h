/* What users keep at Palette besides gateways, accounts and clusters: projects, profiles, trust,
 * pools of addresses; their sessions; what was told of clusters; and what all lists share. Nothing
 * outside mock-palette/ and its tests includes this.
 *
 * Documents are kept as they were given, as JSON text: this Palette shows them and decides nothing
 * by them but by name, owner and project. */
#ifndef MOCK_PALETTE_PUBLIC_H
#define MOCK_PALETTE_PUBLIC_H

#include "mock-palette/cluster.h"

#define PAL_DOCS_MAX        512
#define PAL_DOC_SPEC_MAX    KIB(256)
#define PAL_MAP_MAX         KIB(16) /* labels, annotations as JSON */
#define PAL_SESSIONS_MAX    64
#define PAL_SESSION_LIFE_MS SECONDS(900)
#define PAL_NOTES_MAX       1000 /* events kept, the newest */
#define PAL_BULK_MAX        100  /* events in one request */
#define PAL_BUCKETS_MAX     256  /* sources and prefixes whose rate is watched */
#define PAL_BURST           5    /* seconds' worth of requests at once */
#define PAL_ORDER_MAX       4
#define PAL_SYSTEM_NAME     "System Private Gateway"
#define PAL_DEFAULT_PROJECT "Default"

/* --- documents -------------------------------------------------------------------------------- */

enum pal_doc_kind {
    PAL_DOC_PROJECT,
    PAL_DOC_PROFILE,
    PAL_DOC_CERT,
    PAL_DOC_IP_POOL,
    PAL_DOC_PCG_CONFIG, /* of the gateway's own cluster */
    PAL_DOC_KINDS
};

struct pal_doc {
    enum pal_doc_kind kind;
    char uid[PAL_UID_MAX]; /* "": an empty place, or one that was deleted */
    char name[PAL_NAME_MAX];
    char owner[PAL_UID_MAX];           /* the gateway it is of, or "" */
    char project[PAL_UID_MAX];         /* "": the tenant's */
    char *labels, *annotations, *spec; /* JSON objects, or NULL */
};

struct pal_doc_in { /* {metadata, spec} as a client sends it; drop with pal_doc_in_drop */
    struct pal_doc_meta {
        char name[PAL_NAME_MAX];
        char *labels, *annotations;
    } meta;
    char *spec;
};
bool pal_doc_read(struct pal_ask *a, struct pal_doc_in *ret); /* false: refused */
void pal_doc_in_drop(struct pal_doc_in *in);
/* Takes the texts out of `in`; NULL: refused. */
struct pal_doc *pal_doc_make(struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             struct pal_doc_in *in);
/* What is absent stays. */
void pal_doc_change(struct pal_doc *d, struct pal_doc_in *in);
void pal_doc_remove(struct pal_doc *d);
/* Of that kind and owner, as far as the caller's project may see it; NULL, not refused. */
struct pal_doc *pal_doc_find(const struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             const char *uid);
struct pal_doc *pal_doc_next(const struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             const struct pal_doc *before);
void pal_doc_meta_write(const struct pal_ask *a, const struct pal_doc *d, struct buf *out);
/* "name":"text" and a comma when more follows. */
void pal_member(struct buf *out, const char *name, const char *text);
/* A document or a list of its own making as 200; refused when it became too long. */
void pal_answer_body(struct pal_ask *a, const struct buf *body);

/* --- sessions, notes, rates ------------------------------------------------------------------- */

struct pal_session {
    uint8_t hash[SHA256_LEN];
    ms_t until; /* 0: an empty place */
};

struct pal_note { /* a v1Event */
    char uid[PAL_UID_MAX], cluster[PAL_UID_MAX];
    char reason[128], severity[32], component[64];
    char *message;
    ms_t at;
};

struct pal_bucket {
    char peer[64];
    int rate_i;
    int64_t left; /* thousandths of a request */
    ms_t at;      /* when that was so; 0: an empty place */
};

struct pal_public {
    struct pal_doc docs[PAL_DOCS_MAX];
    size_t n_docs;
    struct pal_session sessions[PAL_SESSIONS_MAX];
    struct pal_note notes[PAL_NOTES_MAX];
    size_t n_notes; /* ever made; the place of one is its number modulo PAL_NOTES_MAX */
    struct pal_bucket buckets[PAL_BUCKETS_MAX];
    uint8_t password[SHA256_LEN]; /* of the user; meant only with a user_email */
};
void pal_public_new(struct palette *p); /* with the project everybody begins with */
void pal_public_free(struct palette *p);
void pal_profile_write(const struct pal_doc *d, struct buf *out); /* v1ClusterProfileTemplate */

bool pal_session_admit(struct pal_ask *a, const uint8_t hash[SHA256_LEN]); /* a user's token */
/* Which project the user speaks of (header ProjectUid); false: refused. */
bool pal_project_admit(struct pal_ask *a);
/* Whether what belongs to `project` is seen from where the caller stands. */
bool pal_project_sees(const struct pal_ask *a, const char *project);
/* false: too many requests from this source, refused with Retry-After. */
bool pal_rate_admit(struct pal_ask *a);

/* Keeps what was told of a cluster, and its uid. */
const char *pal_note_keep(struct pal_ask *a, const struct pal_cluster *c,
                          const struct pal_note *note, const char *message);
void pal_assets_free(struct pal_cluster *c);

/* --- lists ------------------------------------------------------------------------------------ */

/* Items are written as JSON and taken one by one; filters, order and page of the query are applied
 * to what was written, so that a client can ask for every field it can see. */
struct pal_list {
    struct pal_ask *a;
    struct buf item; /* the one being written */
    size_t n, n_places;
    char **items;
    int64_t limit, offset;
    char filters[URL_PATH_MAX];
    size_t n_order;
    struct pal_order {
        char path[128];
        bool down;
    } order[PAL_ORDER_MAX];
    bool all; /* limit=0 asks for all */
    bool too_long;
};
bool pal_list_begin(struct pal_list *l, struct pal_ask *a); /* false: refused */
void pal_list_take(struct pal_list *l); /* l->item is whole; an empty one is not taken */
void pal_list_answer(struct pal_list *l);
void pal_list_drop(struct pal_list *l);
/* The value of a dotted path in an item; "" when absent. */
void pal_item_value(const char *json, const char *path, char *out, size_t size);

/* --- searching -------------------------------------------------------------------------------- */

struct pal_property {
    const char *name;  /* in a search */
    const char *path;  /* in the item */
    const char *type;  /* string, bool, keyValue */
    const char *truth; /* of a bool: the value that means true */
};
/* Reads a v1SearchFilterSummarySpec; false: refused. Free with pal_search_drop. */
struct pal_search *pal_search_read(struct pal_ask *a, struct pal_list *l,
                                   const struct pal_property *properties, size_t n);
bool pal_search_finds(const struct pal_search *s, const char *json);
bool pal_search_names(const struct pal_search *s, const char *property);
void pal_search_free(struct pal_search **s);
void pal_schema_answer(struct pal_ask *a, const struct pal_property *properties, size_t n);

/* --- the system gateway ----------------------------------------------------------------------- */

/* A self-hosted Palette's own gateway; NULL in SaaS. */
struct pal_gateway *pal_system_gateway(struct palette *p);
void pal_system_new(struct palette *p);

/* --- seams ------------------------------------------------------------------------------------ */

/* All clusters and accounts of `from` are `to`'s from now on (GP-75): false when it was refused. */
bool pal_gateway_migrate(struct pal_ask *a, struct pal_gateway *from, struct pal_gateway *to);
/* A gateway that is awaited: Pending, with a new pairing code; NULL: refused. */
struct pal_gateway *pal_gateway_make(struct pal_ask *a, const char *name);

#endif
