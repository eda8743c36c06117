/* Documents that users keep: made, found, changed, shown. What they are for is their own file's
 * business. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

void pal_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "\"%s\":", name);
    jx_write_text(out, text);
}

void pal_answer_body(struct pal_ask *a, const struct buf *body)
{
    if (!pal_no(a, PAL_NO_LIST_LONG, body->full))
        pal_answer(a, 200, buf_text(body));
}

/* --- reading ---------------------------------------------------------------------------------- */

static const struct jx_field meta_fields[] = {
    JX_TEXT(struct pal_doc_meta, name, 0),
    JX_RAW(struct pal_doc_meta, labels, "labels", 0, PAL_MAP_MAX),
    JX_RAW(struct pal_doc_meta, annotations, "annotations", 0, PAL_MAP_MAX),
};
static const struct jx_field doc_fields[] = {
    JX_OBJECT(struct pal_doc_in, meta, "metadata", JX_MUST, meta_fields),
    JX_RAW(struct pal_doc_in, spec, "spec", 0, PAL_DOC_SPEC_MAX),
};

static bool is_object(const char *json)
{
    return !json || json[0] == '{';
}

bool pal_doc_read(struct pal_ask *a, struct pal_doc_in *ret)
{
    *ret = (struct pal_doc_in){.spec = NULL};
    return pal_body(a, doc_fields, COUNTOF(doc_fields), ret) &&
           !pal_no(a, PAL_NO_DOCUMENT_FORM,
                   !is_object(ret->meta.labels) || !is_object(ret->meta.annotations) ||
                       !is_object(ret->spec));
}

void pal_doc_in_drop(struct pal_doc_in *in)
{
    jx_drop(doc_fields, COUNTOF(doc_fields), in);
}

/* --- keeping ---------------------------------------------------------------------------------- */

static struct pal_doc *place(struct pal_public *pub)
{
    for (size_t i = 0; i < pub->n_docs; i++)
        if (!pub->docs[i].uid[0])
            return &pub->docs[i];
    return pub->n_docs < PAL_DOCS_MAX ? &pub->docs[pub->n_docs++] : NULL;
}

static void text_take(char **mine, char **theirs)
{
    if (!*theirs)
        return;
    free(*mine);
    *mine = *theirs;
    *theirs = NULL;
}

void pal_doc_change(struct pal_doc *d, struct pal_doc_in *in)
{
    if (in->meta.name[0])
        text_copy(d->name, sizeof(d->name), in->meta.name);
    text_take(&d->labels, &in->meta.labels);
    text_take(&d->annotations, &in->meta.annotations);
    text_take(&d->spec, &in->spec);
}

static bool name_is_used(const struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                         const char *name)
{
    for (struct pal_doc *d = NULL; (d = pal_doc_next(a, kind, owner, d)) != NULL;)
        if (text_is(d->name, name))
            return true;
    return false;
}

struct pal_doc *pal_doc_make(struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             struct pal_doc_in *in)
{
    struct pal_doc *d;

    if (pal_no(a, PAL_NO_DOCUMENT_NAME, !in->meta.name[0]) ||
        pal_no(a, PAL_NO_DOCUMENT_NAME_USED, name_is_used(a, kind, owner, in->meta.name)))
        return NULL;
    d = place(a->p->pub);
    if (pal_no(a, PAL_NO_DOCUMENTS_FULL, !d))
        return NULL;
    *d = (struct pal_doc){.kind = kind};
    pal_uid_make(a->p, d->uid);
    text_copy(d->owner, sizeof(d->owner), owner);
    text_copy(d->project, sizeof(d->project), kind == PAL_DOC_PROFILE ? a->project : "");
    pal_doc_change(d, in);
    return d;
}

void pal_doc_remove(struct pal_doc *d)
{
    free(d->labels);
    free(d->annotations);
    free(d->spec);
    *d = (struct pal_doc){.kind = d->kind};
}

struct pal_doc *pal_doc_next(const struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             const struct pal_doc *before)
{
    struct pal_public *pub = a->p->pub;

    for (size_t i = before ? (size_t)(before - pub->docs) + 1 : 0; i < pub->n_docs; i++) {
        struct pal_doc *d = &pub->docs[i];

        if (d->uid[0] && d->kind == kind && text_is(d->owner, owner) &&
            pal_project_sees(a, d->project))
            return d;
    }
    return NULL;
}

struct pal_doc *pal_doc_find(const struct pal_ask *a, enum pal_doc_kind kind, const char *owner,
                             const char *uid)
{
    for (struct pal_doc *d = NULL; (d = pal_doc_next(a, kind, owner, d)) != NULL;)
        if (text_is(d->uid, uid))
            return d;
    return NULL;
}

/* --- showing ---------------------------------------------------------------------------------- */

void pal_doc_meta_write(const struct pal_ask *a, const struct pal_doc *d, struct buf *out)
{
    (void)a;
    buf_text_add(out, "\"metadata\":{");
    pal_member(out, "name", d->name);
    buf_char_add(out, ',');
    pal_member(out, "uid", d->uid);
    buf_printf(out, ",\"annotations\":%s,\"labels\":%s}", d->annotations ? d->annotations : "{}",
               d->labels ? d->labels : "{}");
}
