/* What a cluster's agent hands in for its users: kubeconfigs and a manifest; and what users look up
 * at every cluster although nobody set it up here. Kubeconfigs are files, a manifest is a text. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ASSET_MAX KIB(256)

static const struct asset {
    const char *path, *field; /* in the path, in the body */
    enum pal_asset which;
    bool is_text; /* a JSON text, else a file */
    bool reads_only;
} assets[] = {
    {"kubeconfig", "kubeconfig", PAL_ASSET_KUBECONFIG, false, false},
    {"adminKubeconfig", "kubeconfig", PAL_ASSET_KUBECONFIG, false, true},
    {"kubeconfigclient", "kubeconfigclient", PAL_ASSET_CLIENT, false, false},
    {"frpKubeconfig", "frpKubeconfig", PAL_ASSET_FRP, false, false},
    {"adminTokenKubeconfig", "tokenkubeconfig", PAL_ASSET_TOKEN, false, false},
    {"manifest", "manifest", PAL_ASSET_MANIFEST, true, false},
};

void pal_assets_free(struct pal_cluster *c)
{
    for (size_t i = 0; i < PAL_ASSET_COUNT; i++)
        free(c->assets[i]);
}

static const struct asset *asset_of(struct pal_ask *a, bool to_change)
{
    const char *name = http_var(&a->vars, "asset");
    const struct asset *found = NULL;

    for (size_t i = 0; i < COUNTOF(assets); i++)
        if (text_is(assets[i].path, name) && !(to_change && assets[i].reads_only))
            found = &assets[i];
    pal_no(a, PAL_NO_ASSET_UNKNOWN, !found);
    return found;
}

/* GET /v1/spectroclusters/{uid}/assets/{asset} */
void pal_asset(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct asset *asset = asset_of(a, false);
    const char *text = asset ? a->cluster->assets[asset->which] : NULL;
    struct buf body SCOPED(buf_drop) = {0};

    if (!asset || pal_no(a, PAL_NO_ASSET_NONE, !text || !text[0]))
        return;
    if (!asset->is_text) {
        http_reply_text(a->rp, 200, "application/octet-stream", text);
        return;
    }
    buf_init(&body, 8 * ASSET_MAX);
    jx_write_text(&body, text);
    pal_answer_body(a, &body);
}

/* The text is the cluster's from now on. */
static void asset_put(struct pal_ask *a, const struct asset *asset, const char *text)
{
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, ASSET_MAX + 1);
    buf_text_add(&b, text);
    pal_mask(a, &b, "asset");
    free(a->cluster->assets[asset->which]);
    a->cluster->assets[asset->which] = b.len > 0 ? buf_steal(&b) : NULL;
}

/* PUT /v1/spectroclusters/{uid}/assets/{asset}: the agent's */
void pal_asset_put(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct asset *asset = asset_of(a, true);
    char *text = NULL;

    if (!asset || !pal_cluster_may(a, a->cluster, PAL_CAN_REPORT))
        return;
    const struct jx_field fields[] = {
        {.name = asset->field, .kind = JX_KIND_OWNED, .flags = JX_MUST, .max = ASSET_MAX}};
    if (!pal_body(a, fields, 1, &text))
        return;
    asset_put(a, asset, text);
    free(text);
    pal_answer(a, 204, NULL);
}

/* DELETE /v1/spectroclusters/{uid}/assets/{asset}: the user's */
void pal_asset_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct asset *asset = asset_of(a, true);

    if (!asset)
        return;
    free(a->cluster->assets[asset->which]);
    a->cluster->assets[asset->which] = NULL;
    pal_answer(a, 204, NULL);
}

/* GET /v1/spectroclusters/{uid}/assets: all of them by name */
void pal_assets(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    size_t n = 0;

    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"spec\":{");
    for (size_t i = 0; i < COUNTOF(assets); i++) {
        const char *text = a->cluster->assets[assets[i].which];

        if (!text || assets[i].reads_only)
            continue;
        buf_text_add(&body, n++ ? "," : "");
        pal_member(&body, assets[i].field, text);
    }
    buf_text_add(&body, "}}");
    pal_answer_body(a, &body);
}

/* POST /v1/spectroclusters/{uid}/assets: the agent's, several at once */
void pal_assets_put(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct jx_field inner[COUNTOF(assets)];
    char *texts[COUNTOF(assets)] = {NULL};
    size_t which[COUNTOF(assets)], n = 0;

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT))
        return;
    for (size_t i = 0; i < COUNTOF(assets); i++) {
        if (assets[i].reads_only)
            continue;
        inner[n] = (struct jx_field){.name = assets[i].field,
                                     .kind = JX_KIND_OWNED,
                                     .offset = n * sizeof(char *),
                                     .max = ASSET_MAX};
        which[n++] = i;
    }
    const struct jx_field fields[] = {
        {.name = "spec", .kind = JX_KIND_OBJECT, .flags = JX_MUST, .fields = inner, .n_fields = n}};
    if (!pal_body(a, fields, 1, texts))
        return;
    for (size_t i = 0; i < n; i++)
        if (texts[i])
            asset_put(a, &assets[which[i]], texts[i]);
    jx_drop(fields, 1, texts);
    pal_answer(a, 204, NULL);
}

/* --- what nobody set up ----------------------------------------------------------------------- */

/* GET …/config/rbacs, …/config/namespaces: none */
void pal_cluster_nothing(const struct http_exchange *x)
{
    pal_answer(pal_ask(x), 200, "{\"items\":[]}");
}

/* GET …/features/backup */
void pal_cluster_backup(const struct http_exchange *x)
{
    pal_no(pal_ask(x), PAL_NO_BACKUP_NONE, true);
}

/* GET …/features/complianceScan */
void pal_cluster_scan(const struct http_exchange *x)
{
    pal_no(pal_ask(x), PAL_NO_SCAN_NONE, true);
}
