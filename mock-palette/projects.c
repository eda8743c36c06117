/* Projects, and what is seen from one: its own and the tenant's. Without the header ProjectUid a
 * user stands in the tenant and sees everything. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

bool pal_project_sees(const struct pal_ask *a, const char *project)
{
    return a->who != PAL_USER || !a->project[0] || !project[0] || text_is(project, a->project);
}

bool pal_project_admit(struct pal_ask *a)
{
    char uid[HTTP_VAR_MAX] = "";
    const struct pal_doc *d;

    if (!http_header_get(&a->rq->headers, "ProjectUid", uid, sizeof(uid)) || !uid[0])
        return true;
    d = pal_doc_find(a, PAL_DOC_PROJECT, "", uid);
    if (pal_no(a, PAL_NO_PROJECT_UNKNOWN, !d))
        return false;
    text_copy(a->project, sizeof(a->project), uid);
    return true;
}

static struct pal_doc *project_of(struct pal_ask *a)
{
    struct pal_doc *d = pal_doc_find(a, PAL_DOC_PROJECT, "", http_var(&a->vars, "uid"));

    pal_no(a, PAL_NO_PROJECT_UNKNOWN, !d);
    return d;
}

/* GET /v1/dashboard/projects/metadata?name=: what every session of a client begins with. */
void pal_projects_meta(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    struct buf body SCOPED(buf_drop) = {0};
    const char *name = NULL;
    size_t n = 0;

    if (pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0)
        name = pairs_find(&query, "name");
    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"items\":[");
    for (const struct pal_doc *d = NULL; (d = pal_doc_next(a, PAL_DOC_PROJECT, "", d)) != NULL;) {
        if (name && *name && !text_is(name, d->name))
            continue;
        buf_text_add(&body, n++ ? ",{\"metadata\":{" : "{\"metadata\":{");
        pal_member(&body, "name", d->name);
        buf_char_add(&body, ',');
        pal_member(&body, "uid", d->uid);
        buf_text_add(&body, "}}");
    }
    buf_text_add(&body, "]}");
    pairs_drop(&query);
    pal_answer_body(a, &body);
}

/* POST /v1/projects */
void pal_project_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const struct pal_doc *d =
        pal_doc_read(a, &in) ? pal_doc_make(a, PAL_DOC_PROJECT, "", &in) : NULL;

    if (d)
        pal_answer_uid(a, d->uid);
}

/* GET /v1/projects/{uid} */
void pal_project(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_doc *d = project_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!d)
        return;
    buf_init(&body, KIB(64));
    buf_char_add(&body, '{');
    pal_doc_meta_write(a, d, &body);
    buf_text_add(&body, ",\"spec\":{\"alerts\":[],\"logoUrl\":\"\",\"teams\":[],\"users\":[]},"
                        "\"status\":{\"isDisabled\":false}}");
    pal_answer_body(a, &body);
}

/* PUT /v1/projects/{uid} */
void pal_project_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    struct pal_doc *d = project_of(a);

    if (!d || !pal_doc_read(a, &in))
        return;
    pal_doc_change(d, &in);
    pal_answer(a, 204, NULL);
}

static bool project_is_used(const struct palette *p, const char *uid)
{
    for (size_t i = 0; i < p->n_clusters; i++)
        if (p->clusters[i]->life.stage != PAL_STAGE_DELETED && !p->clusters[i]->life.forced &&
            text_is(p->clusters[i]->project, uid))
            return true;
    return false;
}

/* DELETE /v1/projects/{uid}: not while a cluster is in it. */
void pal_project_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc *d = project_of(a);

    if (!d || pal_no(a, PAL_NO_PROJECT_USED, project_is_used(a->p, d->uid)))
        return;
    pal_doc_remove(d);
    pal_answer(a, 204, NULL);
}
