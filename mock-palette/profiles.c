/* Cluster profiles as far as a create needs them: kept as they were given, shown as published, and
 * not deleted while a cluster names them. Their packs are applied by nobody here. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PACKS_MAX KIB(128)

struct draft { /* of v1ClusterProfileEntity.spec */
    struct draft_template {
        char cloud[32], type[16];
        char *packs; /* JSON */
    } template;
    char version[64];
};
static const struct jx_field template_fields[] = {
    JX_TEXT_AS(struct draft_template, cloud, "cloudType", 0),
    JX_TEXT(struct draft_template, type, 0),
    JX_RAW(struct draft_template, packs, "packs", 0, PACKS_MAX),
};
static const struct jx_field draft_fields[] = {
    JX_OBJECT(struct draft, template, "template", 0, template_fields),
    JX_TEXT(struct draft, version, 0),
};

static void draft_drop(struct draft *d)
{
    jx_drop(draft_fields, COUNTOF(draft_fields), d);
}

static bool draft_read(const char *spec, struct draft *ret)
{
    return !spec ||
           jx_read(spec, strlen(spec), draft_fields, COUNTOF(draft_fields), 0, ret, NULL) == 0;
}

static struct pal_doc *profile_of(struct pal_ask *a)
{
    struct pal_doc *d = pal_doc_find(a, PAL_DOC_PROFILE, "", http_var(&a->vars, "uid"));

    pal_no(a, PAL_NO_DOCUMENT_UNKNOWN, !d);
    return d;
}

static bool profile_read(struct pal_ask *a, struct pal_doc_in *ret)
{
    struct draft draft SCOPED(draft_drop) = {.version = ""};

    return pal_doc_read(a, ret) && !pal_no(a, PAL_NO_PROFILE_FORM, !draft_read(ret->spec, &draft));
}

void pal_profile_write(const struct pal_doc *d, struct buf *out)
{
    struct draft draft SCOPED(draft_drop) = {.version = ""};

    (void)draft_read(d->spec, &draft);
    buf_char_add(out, '{');
    pal_member(out, "name", d->name);
    buf_char_add(out, ',');
    pal_member(out, "uid", d->uid);
    buf_char_add(out, ',');
    pal_member(out, "cloudType", draft.template.cloud[0] ? draft.template.cloud : "maas");
    buf_char_add(out, ',');
    pal_member(out, "type", draft.template.type[0] ? draft.template.type : "cluster");
    buf_char_add(out, ',');
    pal_member(out, "profileVersion", draft.version[0] ? draft.version : "1.0.0");
    buf_text_add(out, ",\"version\":1,\"packs\":[]}");
}

static bool is_used_by(const struct pal_cluster *c, const char *uid)
{
    for (size_t i = 0; i < c->n_profiles; i++)
        if (text_is(c->profiles[i], uid))
            return c->life.stage != PAL_STAGE_DELETED && !c->life.forced;
    return false;
}

static void users_write(const struct palette *p, const struct pal_doc *d, struct buf *out)
{
    size_t n = 0;

    buf_text_add(out, "\"inUseClusterUids\":[");
    for (size_t i = 0; i < p->n_clusters; i++)
        if (is_used_by(p->clusters[i], d->uid))
            buf_printf(out, "%s\"%s\"", n++ ? "," : "", p->clusters[i]->uid);
    buf_char_add(out, ']');
}

/* POST /v1/clusterprofiles */
void pal_profile_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const struct pal_doc *d =
        profile_read(a, &in) ? pal_doc_make(a, PAL_DOC_PROFILE, "", &in) : NULL;

    if (d)
        pal_answer_uid(a, d->uid);
}

/* GET /v1/clusterprofiles/{uid} */
void pal_profile(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_doc *d = profile_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!d)
        return;
    buf_init(&body, MIB(1));
    buf_text_add(&body, "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"ClusterProfile\",");
    pal_doc_meta_write(a, d, &body);
    buf_text_add(&body, ",\"spec\":{\"published\":");
    pal_profile_write(d, &body);
    buf_text_add(&body, ",\"version\":\"1.0.0\",\"versions\":[]},\"status\":{");
    users_write(a->p, d, &body);
    buf_text_add(&body, ",\"hasUserMacros\":false,\"isPublished\":true}}");
    pal_answer_body(a, &body);
}

/* PUT /v1/clusterprofiles/{uid} */
void pal_profile_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    struct pal_doc *d = profile_of(a);

    if (!d || !profile_read(a, &in))
        return;
    pal_doc_change(d, &in);
    pal_answer(a, 204, NULL);
}

/* DELETE /v1/clusterprofiles/{uid} */
void pal_profile_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc *d = profile_of(a);
    bool used = false;

    for (size_t i = 0; d && i < a->p->n_clusters; i++)
        used = used || is_used_by(a->p->clusters[i], d->uid);
    if (!d || pal_no(a, PAL_NO_PROFILE_USED, used))
        return;
    pal_doc_remove(d);
    pal_answer(a, 204, NULL);
}
