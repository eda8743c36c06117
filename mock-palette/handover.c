/* The gateway's three transactions about a cluster: claim, hand-over, released (GP-54, GP-63,
 * GP-71). What they may change is decided in life.c; here is what they say on the wire. */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 200 /* machines in a list; more than a cluster can have */

/* GP-25: the header is there, and says what the body says. */
static bool header_agrees(struct pal_ask *a, int64_t epoch)
{
    char text[32] = "";
    int64_t header = 0;
    const bool given = http_header_get(&a->rq->headers, "X-Gp-Epoch", text, sizeof(text));

    return !pal_no(a, PAL_NO_EPOCH_MISSING, !given) &&
           !pal_no(a, PAL_NO_EPOCH_DIFFERS,
                   given && (!text_int(text, 0, INT64_MAX, &header) || header != epoch));
}

static void owner_answer(struct pal_ask *a, const char *owner, int64_t epoch, int64_t claim)
{
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, 256);
    buf_printf(&body, "{\"epoch\":%d,\"owner\":\"%s\"", (int)epoch, owner);
    if (claim > 0)
        buf_printf(&body, ",\"claim\":%d", (int)claim);
    buf_char_add(&body, '}');
    pal_answer(a, 200, buf_text(&body));
}

/* --- claim ------------------------------------------------------------------------------------ */

struct claim {
    int64_t epoch, revision;
};
static const struct jx_field claim_fields[] = {
    JX_INT(struct claim, epoch, "epoch", JX_MUST, 0, INT64_MAX),
    JX_INT(struct claim, revision, "revision", JX_MUST, 0, INT64_MAX),
};

/* PUT /v1/x-gp/clusters/{uid}/claim */
void pal_claim(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct claim in = {.epoch = 0};
    struct pal_move m = {.kind = PAL_MOVE_CLAIM, .now = x->ctx->now};

    if (!pal_body(a, claim_fields, COUNTOF(claim_fields), &in) || !header_agrees(a, in.epoch))
        return;
    m.offer.epoch = in.epoch;
    if (pal_cluster_ask(a, a->cluster, &m, "claimed"))
        owner_answer(a, "gateway", a->cluster->life.epoch, a->cluster->life.claim);
}

/* --- hand-over -------------------------------------------------------------------------------- */

struct offer {
    int64_t epoch, claim, revision;
    size_t n;
    char machines[LIST_MAX][64];
};
static const struct jx_field offer_fields[] = {
    JX_INT(struct offer, epoch, "epoch", JX_MUST, 0, INT64_MAX),
    JX_INT(struct offer, claim, "claim", JX_MUST, 0, INT64_MAX),
    JX_INT(struct offer, revision, "revision", JX_MUST, 0, INT64_MAX),
    JX_TEXTS(struct offer, machines, n, "machines", JX_MUST),
};

static void offer_free(struct offer **o)
{
    free(*o);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The same machines in any order are the same offer. */
static uint64_t machines_digest(struct offer *o)
{
    uint8_t hash[SHA256_LEN];
    uint64_t digest;

    qsort(o->machines, o->n, sizeof(o->machines[0]), by_name);
    digest_sha256(o->machines, o->n * sizeof(o->machines[0]), hash);
    memcpy(&digest, hash, sizeof(digest));
    return digest;
}

static size_t recorded(const struct pal_cluster *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_machines; i++)
        n += c->machines[i].recorded;
    return n;
}

/* Each once, each with a record, and none with a record is left out. Sorted by now. */
static bool offer_is_complete(struct pal_cluster *c, const struct offer *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct pal_machine *m = pal_machine_find(c, o->machines[i]);

        if (!m || !m->recorded || (i > 0 && text_is(o->machines[i], o->machines[i - 1])))
            return false;
    }
    return o->n > 0 && o->n == recorded(c);
}

/* POST /v1/x-gp/clusters/{uid}/handover */
void pal_handover(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct offer *o SCOPED(offer_free) = calloc(1, sizeof(*o));
    struct pal_move m = {.kind = PAL_MOVE_HANDOVER, .now = x->ctx->now};

    if (!o)
        WRONG("out of memory");
    if (!pal_body(a, offer_fields, COUNTOF(offer_fields), o) || !header_agrees(a, o->epoch))
        return;
    m.offer = (struct pal_offer){.epoch = o->epoch,
                                 .claim = o->claim,
                                 .revision = o->revision,
                                 .machines = machines_digest(o)};
    m.complete = offer_is_complete(a->cluster, o);
    if (pal_cluster_ask(a, a->cluster, &m, "handed over"))
        owner_answer(a, "cluster", o->epoch + 1, 0);
}

/* --- released --------------------------------------------------------------------------------- */

struct outcome {
    char system_id[64], outcome[16];
};
static const struct jx_field outcome_fields[] = {
    JX_TEXT_AS(struct outcome, system_id, "systemId", JX_MUST),
    JX_TEXT(struct outcome, outcome, JX_MUST),
};
struct released {
    int64_t epoch, claim;
    size_t n;
    struct outcome machines[LIST_MAX];
};
static const struct jx_field released_fields[] = {
    JX_INT(struct released, epoch, "epoch", JX_MUST, 0, INT64_MAX),
    JX_INT(struct released, claim, "claim", JX_MUST, 0, INT64_MAX),
    JX_ARRAY(struct released, machines, n, "machines", 0, outcome_fields),
};

static void released_free(struct released **r)
{
    free(*r);
}

static bool outcomes_are_known(struct pal_ask *a, const struct released *r)
{
    static const char *const known[] = {"ready", "absent", "foreign"};

    for (size_t i = 0; i < r->n; i++) {
        size_t j = 0;

        while (j < COUNTOF(known) && !text_is(r->machines[i].outcome, known[j]))
            j++;
        if (pal_no(a, PAL_NO_OUTCOME, j == COUNTOF(known)))
            return false;
    }
    return true;
}

static bool names(const struct released *r, const char *system_id)
{
    for (size_t i = 0; i < r->n; i++)
        if (text_is(r->machines[i].system_id, system_id))
            return true;
    return false;
}

/* Each machine of the item, and each that still has a record. */
static bool release_is_complete(const struct pal_cluster *c, const struct released *r)
{
    for (size_t i = 0; i < c->n_machines; i++) {
        const struct pal_machine *m = &c->machines[i];

        if ((m->inventory || m->recorded) && !names(r, m->system_id))
            return false;
    }
    return true;
}

/* POST /v1/x-gp/clusters/{uid}/released */
void pal_released(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct released *r SCOPED(released_free) = calloc(1, sizeof(*r));
    struct pal_move m = {.kind = PAL_MOVE_RELEASED, .now = x->ctx->now};

    if (!r)
        WRONG("out of memory");
    if (!pal_body(a, released_fields, COUNTOF(released_fields), r) || !outcomes_are_known(a, r) ||
        !header_agrees(a, r->epoch))
        return;
    m.offer = (struct pal_offer){.epoch = r->epoch, .claim = r->claim};
    m.complete = release_is_complete(a->cluster, r);
    if (pal_cluster_ask(a, a->cluster, &m, "machines released"))
        pal_answer(a, 200, "{}");
}
