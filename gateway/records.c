/* What of a cluster survives a kill: one record each, "cluster.UID" (GP-8, tables C and D).
 * A record is written whole; gw_cluster_persist is always followed by a sync, since the call that
 * needs it comes next. */
#include "gateway/cluster.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define PREFIX     "cluster."
#define KEY_MAX    64
#define NUMBER_MAX INT64_MAX

static const struct jx_field machine_fields[] = {
    JX_TEXT(struct gw_machine, sid, JX_MUST),
    JX_TEXT(struct gw_machine, pool, JX_SKIP_EMPTY),
    JX_TEXT(struct gw_machine, role, JX_SKIP_EMPTY),
    JX_BOOL(struct gw_machine, deploy_sent, "deploySent", JX_SKIP_EMPTY),
    JX_BOOL(struct gw_machine, unwanted, "unwanted", JX_SKIP_EMPTY),
};
static const struct jx_field fields[] = {
    JX_TEXT(struct gw_cluster, uid, JX_MUST),
    JX_TEXT(struct gw_cluster, marker, JX_SKIP_EMPTY),
    JX_INT(struct gw_cluster, epoch, "epoch", JX_MUST, 0, NUMBER_MAX),
    JX_INT(struct gw_cluster, revision, "revision", JX_MUST, 0, NUMBER_MAX),
    JX_INT(struct gw_cluster, claim, "claim", 0, 0, NUMBER_MAX),
    JX_INT(struct gw_cluster, offered, "offered", JX_SKIP_EMPTY, 0, NUMBER_MAX),
    JX_INT(struct gw_cluster, offered_revision, "offeredRevision", JX_SKIP_EMPTY, 0, NUMBER_MAX),
    JX_BOOL(struct gw_cluster, intent, "intent", JX_SKIP_EMPTY),
    JX_TEXT_AS(struct gw_cluster, intent_pool, "intentPool", JX_SKIP_EMPTY),
    JX_TEXT_AS(struct gw_cluster, intent_role, "intentRole", JX_SKIP_EMPTY),
    JX_TEXT(struct gw_cluster, user, JX_SKIP_EMPTY),
    JX_ARRAY(struct gw_cluster, machines, n_machines, "machines", JX_SKIP_EMPTY, machine_fields),
    JX_TEXTS(struct gw_cluster, avoid, n_avoid, "avoid", JX_SKIP_EMPTY),
};

/* A uid that is too long for a key is told by its digest. */
static void key_of(const char *uid, char out[KEY_MAX])
{
    uint8_t sum[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    if (strlen(uid) < KEY_MAX - sizeof PREFIX) {
        snprintf(out, KEY_MAX, "%s%.*s", PREFIX, KEY_MAX - (int)sizeof PREFIX, uid);
        return;
    }
    digest_sha256(uid, strlen(uid), sum);
    text_hex(sum, sizeof sum / 2, hex);
    snprintf(out, KEY_MAX, "%s%.*s", PREFIX, KEY_MAX - (int)sizeof PREFIX, hex);
}

void gw_cluster_persist(struct gw_turn *t)
{
    char key[KEY_MAX];

    key_of(t->c->uid, key);
    t->c->recorded = true;
    gw_persist(t->fx, key, fields, COUNTOF(fields), t->c);
}

void gw_record_forget(const char *uid, struct gw_effects *fx)
{
    struct gw_effect *e = gw_effect_add(fx, GW_FX_FORGET);
    char key[KEY_MAX];
    bool fits;

    key_of(uid, key);
    fits = text_copy(e->key, sizeof e->key, key);
    assert(fits);
}

void gw_cluster_forget(struct gw_cluster *c, struct gw_effects *fx)
{
    if (!c->recorded)
        return;
    gw_record_forget(c->uid, fx);
    c->recorded = false;
}

void gw_clusters_load(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    for (size_t i = 0; i < event->n_records; i++) {
        const struct gw_record *r = &event->records[i];
        struct gw_cluster *c;

        if (!text_begins(r->key, PREFIX))
            continue;
        c = gw_cluster_new(g);
        if (c && jx_read(r->bytes, r->len, fields, COUNTOF(fields), 0, c, NULL) == 0) {
            c->recorded = true;
            gw_cluster_unclaim(c);
            gw_cluster_to_memory(g, c, fx);
            continue;
        }
        if (c)
            gw_cluster_delete(g, c);
        gw_say(fx, GW_WARNING, "a cluster's record cannot be read: it counts as lost");
    }
}
