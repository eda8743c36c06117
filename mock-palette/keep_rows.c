/* What of the state survives a restart: every field of every struct, but for what stands beside the
 * table. Questions under way are not kept, nor are the rates: whoever asked has lost its
 * connection. A test holds the tables against the structs (tests/unit/palette_keep_test.c). */
#include "mock-palette/keep.h"

#include <stdlib.h>

#define F(t, m, k)                                                                                 \
    {                                                                                              \
        .name = #m, .kind = k, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m)               \
    }
#define TEXT(t, m)      F(t, m, KEEP_TEXT)
#define BYTES(t, m)     F(t, m, KEEP_BYTES)
#define NUM(t, m)       F(t, m, KEEP_NUMBER)
#define PAST(t, m)      F(t, m, KEEP_PAST)
#define ONE_OF(t, m, n) /* an enum of so many */                                                   \
    {                                                                                              \
        .name = #m, .kind = KEEP_NUMBER, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m),    \
        .max = (n)                                                                                 \
    }
#define UNTIL(t, m) F(t, m, KEEP_UNTIL)
#define OWNED(t, m) F(t, m, KEEP_OWNED)
#define RECORD(t, m, table)                                                                        \
    {                                                                                              \
        .name = #m, .kind = KEEP_RECORD, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m),    \
        .fields = table, .n_fields = COUNTOF(table)                                                \
    }
#define TEXTS(t, m, n)                                                                             \
    {                                                                                              \
        .name = #m, .kind = KEEP_ARRAY, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m[0]),  \
        .n_offset = offsetof(t, n), .max = COUNTOF(((t *)0)->m)                                    \
    }
#define ARRAY(t, m, n, table)                                                                      \
    {                                                                                              \
        .name = #m, .kind = KEEP_ARRAY, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m[0]),  \
        .n_offset = offsetof(t, n), .max = COUNTOF(((t *)0)->m), .fields = table,                  \
        .n_fields = COUNTOF(table)                                                                 \
    }
#define LIST(t, m, n, most, table)                                                                 \
    {                                                                                              \
        .name = #m, .kind = KEEP_LIST, .offset = offsetof(t, m), .size = sizeof(((t *)0)->m[0]),   \
        .n_offset = offsetof(t, n), .max = most, .fields = table, .n_fields = COUNTOF(table)       \
    }

#define T struct palette /* pieces, and what is made anew, are not in its row */
static const struct keep_field self_fields[] = {
    BYTES(T, rng),    NUM(T, refs),       TEXT(T, tenant_uid),
    NUM(T, n_tokens), TEXT(T, drawn_key), NUM(T, user_disabled),
};
#undef T

#define T struct pal_public
static const struct keep_field public_fields[] = {NUM(T, n_notes)};
#undef T

#define T struct pal_lease
static const struct keep_field lease_fields[] = {TEXT(T, replica), NUM(T, number), NUM(T, until)};
#undef T

#define T struct pal_gateway /* without `of` */
static const struct keep_field gateway_fields[] = {
    TEXT(T, uid),
    TEXT(T, self_uid),
    TEXT(T, name),
    TEXT(T, code),
    NUM(T, code_until),
    NUM(T, bound),
    BYTES(T, secret),
    NUM(T, registered),
    NUM(T, beat_seen),
    NUM(T, feed_seen),
    ONE_OF(T, state, PAL_DELETED + 1),
    PAST(T, last_beat),
    TEXT(T, agent_version),
    TEXT(T, account_uid),
    RECORD(T, lease, lease_fields),
    NUM(T, answered),
    PAST(T, answered_at),
    NUM(T, revision),
    NUM(T, system),
    NUM(T, on_cluster),
};
#undef T

#define T struct pal_token
static const struct keep_field token_fields[] = {
    BYTES(T, hash), NUM(T, gateway_i), NUM(T, until), TEXT(T, replica), NUM(T, ha), NUM(T, revoked),
};
#undef T

#define T struct pal_key
static const struct keep_field key_fields[] = {TEXT(T, endpoint), TEXT(T, key),
                                               TEXTS(T, subnets, n_subnets)};
#undef T

#define T struct pal_account
static const struct keep_field account_fields[] = {
    TEXT(T, uid),     TEXT(T, name),       TEXT(T, overlord), NUM(T, by_gateway),
    TEXT(T, project), NUM(T, tenant_only), NUM(T, revision),  RECORD(T, at, key_fields),
};
#undef T

/* --- clusters --------------------------------------------------------------------------------- */

#define T struct pal_offer
static const struct keep_field offer_fields[] = {NUM(T, epoch), NUM(T, claim), NUM(T, revision),
                                                 NUM(T, machines)};
#undef T

#define T struct pal_life
static const struct keep_field life_fields[] = {
    ONE_OF(T, stage, PAL_STAGE_COUNT),
    NUM(T, epoch),
    NUM(T, revision),
    NUM(T, claim),
    NUM(T, claim_epoch),
    NUM(T, registered),
    NUM(T, forced),
    NUM(T, reclaimed),
    NUM(T, quiesced),
    NUM(T, moving),
    NUM(T, moved_until),
    RECORD(T, accepted, offer_fields),
    NUM(T, switched_at),
    NUM(T, deleted_at),
    NUM(T, forced_at),
    PAST(T, agent_last),
};
#undef T

#define T struct pal_endpoint
static const struct keep_field endpoint_fields[] = {TEXT(T, host), NUM(T, port)};
#undef T

#define T struct pal_label
static const struct keep_field label_fields[] = {TEXT(T, key), TEXT(T, value)};
#undef T

#define T struct pal_labels
static const struct keep_field labels_fields[] = {ARRAY(T, at, n, label_fields)};
#undef T

#define T struct pal_cloud
static const struct keep_field cloud_fields[] = {TEXT(T, domain), TEXTS(T, keys, n_keys),
                                                 TEXTS(T, ntp, n_ntp)};
#undef T

#define T struct pal_pool
static const struct keep_field pool_fields[] = {
    TEXT(T, name),          NUM(T, size),
    NUM(T, control_plane),  TEXTS(T, labels, n_labels),
    TEXTS(T, azs, n_azs),   TEXTS(T, tags, n_tags),
    TEXT(T, resource_pool), NUM(T, cpu),
    NUM(T, mem_mb),         NUM(T, disk_gb),
};
#undef T

#define T struct pal_machine
static const struct keep_field machine_fields[] = {
    TEXT(T, uid),
    TEXT(T, system_id),
    TEXT(T, pool),
    TEXT(T, hostname),
    TEXT(T, az),
    TEXT(T, state),
    TEXTS(T, addresses, n_addresses),
    TEXT(T, maintenance),
    TEXT(T, maintenance_state),
    NUM(T, recorded),
    NUM(T, inventory),
};
#undef T

#define T struct pal_condition
static const struct keep_field condition_fields[] = {TEXT(T, type), TEXT(T, status),
                                                     TEXT(T, reason), TEXT(T, message)};
#undef T

#define T struct pal_agent
static const struct keep_field agent_fields[] = {
    TEXT(T, system_id), TEXT(T, hostname), TEXT(T, id),
    BYTES(T, token),    NUM(T, speaks),    UNTIL(T, until),
};
#undef T

#define T struct pal_cluster /* without `i` */
static const struct keep_field cluster_fields[] = {
    RECORD(T, life, life_fields),
    TEXT(T, uid),
    TEXT(T, config_uid),
    TEXT(T, account_uid),
    TEXT(T, name),
    TEXT(T, project),
    TEXT(T, marker),
    TEXT(T, join_token),
    RECORD(T, endpoint, endpoint_fields),
    NUM(T, gateway_i),
    NUM(T, next_gateway_i),
    NUM(T, left_at),
    RECORD(T, labels, labels_fields),
    RECORD(T, annotations, labels_fields),
    TEXTS(T, profiles, n_profiles),
    OWNED(T, assets[PAL_ASSET_KUBECONFIG]),
    OWNED(T, assets[PAL_ASSET_CLIENT]),
    OWNED(T, assets[PAL_ASSET_FRP]),
    OWNED(T, assets[PAL_ASSET_TOKEN]),
    OWNED(T, assets[PAL_ASSET_MANIFEST]),
    RECORD(T, cloud, cloud_fields),
    LIST(T, pools, n_pools, PAL_POOLS_MAX, pool_fields),
    LIST(T, machines, n_machines, PAL_MACHINES_MAX, machine_fields),
    LIST(T, conditions, n_conditions, PAL_CONDITIONS_MAX, condition_fields),
    ARRAY(T, endpoints, n_endpoints, endpoint_fields),
    LIST(T, agents, n_agents, PAL_AGENTS_MAX, agent_fields),
    ONE_OF(T, health, PAL_UNWELL + 1),
    NUM(T, beat_seen),
    PAST(T, last_beat),
    NUM(T, handed),
};
#undef T

/* --- what users keep besides ------------------------------------------------------------------ */

#define T struct pal_doc
static const struct keep_field doc_fields[] = {
    ONE_OF(T, kind, PAL_DOC_KINDS),
    TEXT(T, uid),
    TEXT(T, name),
    TEXT(T, owner),
    TEXT(T, project),
    OWNED(T, labels),
    OWNED(T, annotations),
    OWNED(T, spec),
};
#undef T

#define T struct pal_session
static const struct keep_field session_fields[] = {BYTES(T, hash), NUM(T, until)};
#undef T

#define T struct pal_note
static const struct keep_field note_fields[] = {
    TEXT(T, uid),       TEXT(T, cluster),  TEXT(T, reason), TEXT(T, severity),
    TEXT(T, component), OWNED(T, message), NUM(T, at),
};
#undef T

/* --- where they are --------------------------------------------------------------------------- */

static size_t one_count(const struct palette *p)
{
    (void)p;
    return 1;
}

static void *self_at(struct palette *p, size_t i)
{
    return i == 0 ? p : NULL;
}

static void *public_at(struct palette *p, size_t i)
{
    return i == 0 ? p->pub : NULL;
}

static size_t gateways_count(const struct palette *p)
{
    return p->n_gateways;
}

static void *gateway_at(struct palette *p, size_t i)
{
    return &p->gateways[i];
}

static void *gateway_make(struct palette *p, size_t i)
{
    if (i >= p->gateways_max)
        return NULL;
    for (; p->n_gateways <= i; p->n_gateways++)
        p->gateways[p->n_gateways].of = p;
    return &p->gateways[i];
}

static size_t accounts_count(const struct palette *p)
{
    return p->n_accounts;
}

static void *account_at(struct palette *p, size_t i)
{
    return &p->accounts[i];
}

static void *account_make(struct palette *p, size_t i)
{
    if (i >= p->accounts_max)
        return NULL;
    if (p->n_accounts <= i)
        p->n_accounts = i + 1;
    return &p->accounts[i];
}

static size_t tokens_count(const struct palette *p)
{
    return p->n_tokens < p->tokens_max ? (size_t)p->n_tokens : p->tokens_max;
}

static void *token_at(struct palette *p, size_t i)
{
    return &p->tokens[i];
}

static void *token_make(struct palette *p, size_t i)
{
    return i < p->tokens_max ? &p->tokens[i] : NULL;
}

static size_t clusters_count(const struct palette *p)
{
    return p->n_clusters;
}

static void *cluster_at(struct palette *p, size_t i)
{
    return p->clusters[i];
}

static void *cluster_make(struct palette *p, size_t i)
{
    if (i >= PALETTE_CLUSTERS_MAX)
        return NULL;
    while (p->n_clusters <= i) {
        struct pal_cluster *c = calloc(1, sizeof(*c));

        if (!c)
            WRONG("out of memory");
        c->i = p->n_clusters;
        p->clusters = pal_grow(p->clusters, p->n_clusters, sizeof(struct pal_cluster *));
        p->clusters[p->n_clusters++] = c;
    }
    return p->clusters[i];
}

static size_t docs_count(const struct palette *p)
{
    return p->pub->n_docs;
}

static void *doc_at(struct palette *p, size_t i)
{
    return &p->pub->docs[i];
}

static void *doc_make(struct palette *p, size_t i)
{
    if (i >= PAL_DOCS_MAX)
        return NULL;
    if (p->pub->n_docs <= i)
        p->pub->n_docs = i + 1;
    return &p->pub->docs[i];
}

static size_t sessions_count(const struct palette *p)
{
    (void)p;
    return PAL_SESSIONS_MAX;
}

static void *session_at(struct palette *p, size_t i)
{
    return i < PAL_SESSIONS_MAX ? &p->pub->sessions[i] : NULL;
}

static size_t notes_count(const struct palette *p)
{
    return p->pub->n_notes < PAL_NOTES_MAX ? p->pub->n_notes : PAL_NOTES_MAX;
}

static void *note_at(struct palette *p, size_t i)
{
    return i < PAL_NOTES_MAX ? &p->pub->notes[i] : NULL;
}

#define TABLE(n, t, table, c, a, m)                                                                \
    {                                                                                              \
        .name = n, .fields = table, .n_fields = COUNTOF(table), .size = sizeof(t), .count = c,     \
        .at = a, .make = m                                                                         \
    }

/* clang-format off */
const struct keep_rows keep_tables[PAL_KEEP_TABLES] = {
    [PAL_KEEP_SELF]     = TABLE("self",    struct palette,     self_fields,    one_count,      self_at,    self_at),
    [PAL_KEEP_PUBLIC]   = TABLE("public",  struct pal_public,  public_fields,  one_count,      public_at,  public_at),
    [PAL_KEEP_GATEWAYS] = TABLE("gateway", struct pal_gateway, gateway_fields, gateways_count, gateway_at, gateway_make),
    [PAL_KEEP_ACCOUNTS] = TABLE("account", struct pal_account, account_fields, accounts_count, account_at, account_make),
    [PAL_KEEP_TOKENS]   = TABLE("token",   struct pal_token,   token_fields,   tokens_count,   token_at,   token_make),
    [PAL_KEEP_CLUSTERS] = TABLE("cluster", struct pal_cluster, cluster_fields, clusters_count, cluster_at, cluster_make),
    [PAL_KEEP_DOCS]     = TABLE("doc",     struct pal_doc,     doc_fields,     docs_count,     doc_at,     doc_make),
    [PAL_KEEP_SESSIONS] = TABLE("session", struct pal_session, session_fields, sessions_count, session_at, session_at),
    [PAL_KEEP_NOTES]    = TABLE("note",    struct pal_note,    note_fields,    notes_count,    note_at,    note_at),
};
/* clang-format on */
