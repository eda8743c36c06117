/* Reports about a cluster (profile, section 9): conditions, endpoints, events. Taken from whoever
 * owns it now, and from nobody else. What people may read is masked first. */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

void pal_report_event(struct pal_ask *a, const char *condition, const char *state, const char *why,
                      const char *text)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_REPORT, a->cluster, a->ctx->now);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_WHO, a->who == PAL_AGENT ? "agent" : "gateway");
    ev_text_add(&e, EVF_CONDITION, condition);
    ev_text_add(&e, EVF_STATE, state);
    ev_text_add(&e, EVF_WHY, why);
    ev_text_add(&e, EVF_TEXT, text);
    ev_list_add(&a->rp->events, &e);
}

/* --- lists of objects: the body is an array --------------------------------------------------- */

bool pal_body_list(struct pal_ask *a, const struct pal_list_shape *s, void *element, void *list)
{
    struct err e = {0};
    char type[64] = "";

    http_header_get(&a->rq->headers, "Content-Type", type, sizeof(type));
    if (pal_no(a, PAL_NO_CONTENT_TYPE, !text_begins(type, "application/json")))
        return false;
    if (jx_read_list(buf_text(&a->rq->body), a->rq->body.len, s->fields, s->n, 0, element, s->size,
                     s->take, list, &e) == 0)
        return true;
    pal_no_text(a, PAL_NO_BODY_FORM, true,
                e.text[0] ? e.text : "The list is longer than this Palette keeps.");
    return false;
}

/* --- conditions ------------------------------------------------------------------------------- */

static const struct jx_field condition_fields[] = {
    JX_TEXT(struct pal_condition, type, JX_MUST),
    JX_TEXT(struct pal_condition, status, JX_MUST),
    JX_TEXT(struct pal_condition, reason, 0),
    JX_TEXT(struct pal_condition, message, 0),
};

struct conditions {
    size_t n;
    struct pal_condition at[PAL_CONDITIONS_MAX];
};

static void conditions_free(struct conditions **list)
{
    free(*list);
}

static int condition_take(void *arg, size_t i, const void *element)
{
    struct conditions *list = arg;

    if (i == COUNTOF(list->at))
        return -1;
    list->at[list->n++] = *(const struct pal_condition *)element;
    return 0;
}

static void journal_label(struct pal_ask *a, const struct pal_label *l)
{
    struct event e;
    char text[300];
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, sizeof(text) - 1);
    buf_printf(&b, "%s=%s", l->key, l->value);
    pal_cluster_event(&e, EV_PAL_REPORT, a->cluster, a->ctx->now);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_WHO, "agent");
    ev_text_add(&e, EVF_CONDITION, "LabelsApplied");
    ev_text_add(&e, EVF_STATE, "True");
    ev_text_add(&e, EVF_LABEL, buf_text(&b));
    ev_list_add(&a->rp->events, &e);
}

/* An agent says which labels it has put on: the message is the object of them. */
static void labels_look(struct pal_ask *a, const struct pal_condition *k)
{
    struct pal_labels labels = {.n = 0};

    if (a->who != PAL_AGENT || !text_is(k->type, "LabelsApplied") || !text_is(k->status, "True") ||
        !pal_labels_merge(&labels, k->message))
        return;
    for (size_t i = 0; i < labels.n; i++)
        journal_label(a, &labels.at[i]);
}

static const struct pal_list_shape condition_shape = {.fields = condition_fields,
                                                      .n = COUNTOF(condition_fields),
                                                      .size = sizeof(struct pal_condition),
                                                      .take = condition_take};

/* One of each type; the newest stays. */
static void condition_put(struct pal_ask *a, struct pal_condition *new)
{
    struct pal_cluster *c = a->cluster;
    size_t i = 0;

    pal_mask_text(a, new->type, sizeof(new->type), "condition");
    pal_mask_text(a, new->reason, sizeof(new->reason), "condition");
    pal_mask_text(a, new->message, sizeof(new->message), "condition");
    while (i < c->n_conditions && !text_is(c->conditions[i].type, new->type))
        i++;
    if (i == PAL_CONDITIONS_MAX)
        i = 0;
    else if (i == c->n_conditions)
        c->conditions = pal_grow(c->conditions, c->n_conditions++, sizeof(*new));
    c->conditions[i] = *new;
    pal_report_event(a, new->type, new->status, new->reason, new->message);
    labels_look(a, new);
}

static bool statuses_are_known(struct pal_ask *a, const struct conditions *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *status = list->at[i].status;

        if (pal_no(a, PAL_NO_CONDITION_STATUS,
                   !text_is(status, "True") && !text_is(status, "False") &&
                       !text_is(status, "Unknown")))
            return false;
    }
    return true;
}

/* PATCH /v1/spectroclusters/{uid}/status/conditions */
void pal_conditions(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct conditions *list SCOPED(conditions_free) = calloc(1, sizeof(*list));
    struct pal_condition element;

    if (!list)
        WRONG("out of memory");
    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT) ||
        !pal_body_list(a, &condition_shape, &element, list) || !statuses_are_known(a, list))
        return;
    for (size_t i = 0; i < list->n; i++)
        condition_put(a, &list->at[i]);
    pal_answer(a, 204, NULL);
}

/* --- endpoints -------------------------------------------------------------------------------- */

static const struct jx_field endpoint_fields[] = {
    JX_TEXT(struct pal_endpoint, host, JX_MUST),
    JX_INT(struct pal_endpoint, port, "port", JX_MUST, 1, 65535),
};

struct endpoints {
    size_t n;
    struct pal_endpoint at[PAL_ENDPOINTS_MAX];
};

static int endpoint_take(void *arg, size_t i, const void *element)
{
    struct endpoints *list = arg;

    if (i == COUNTOF(list->at))
        return -1;
    list->at[list->n++] = *(const struct pal_endpoint *)element;
    return 0;
}

static const struct pal_list_shape endpoint_shape = {.fields = endpoint_fields,
                                                     .n = COUNTOF(endpoint_fields),
                                                     .size = sizeof(struct pal_endpoint),
                                                     .take = endpoint_take};

/* PUT /v1/spectroclusters/{uid}/status/endpoints */
void pal_endpoints(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct endpoints list = {.n = 0};
    struct pal_endpoint element;

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT) ||
        !pal_body_list(a, &endpoint_shape, &element, &list))
        return;
    for (size_t i = 0; i < list.n; i++)
        pal_mask_text(a, list.at[i].host, sizeof(list.at[i].host), "endpoint");
    a->cluster->n_endpoints = list.n;
    memcpy(a->cluster->endpoints, list.at, sizeof(list.at));
    pal_report_event(a, "Endpoints", list.n > 0 ? "True" : "False", "",
                     list.n > 0 ? list.at[0].host : "");
    pal_answer(a, 204, NULL);
}

/* --- what the agent has applied --------------------------------------------------------------- */

/* GET /v1/spectroclusters/{uid}/status/spcApply: whether there is something new, by its hash. */
void pal_spc_apply(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    char hash[32];

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_READ))
        return;
    pal_spc_hash(a->cluster, hash, sizeof(hash));
    buf_init(&body, 512);
    buf_printf(&body,
               "{\"actionType\":\"DownloadAndInstall\",\"canBeApplied\":true,\"spcHash\":\"%s\","
               "\"spcInfraHash\":\"%s\",\"crdDigest\":\"\"}",
               hash, hash);
    pal_answer(a, 200, buf_text(&body));
}

struct applied {
    char hash[64];
};
static const struct jx_field applied_fields[] = {
    JX_TEXT_AS(struct applied, hash, "clusterHash", JX_MUST),
};

/* PATCH …/status/spcApply/patchTime: the agent has applied what has this hash. */
void pal_spc_applied(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct applied in = {.hash = ""};
    char hash[32];

    if (!pal_cluster_may(a, a->cluster, PAL_CAN_REPORT) ||
        !pal_body(a, applied_fields, COUNTOF(applied_fields), &in))
        return;
    pal_spc_hash(a->cluster, hash, sizeof(hash));
    pal_report_event(a, "SpcApplied", text_is(in.hash, hash) ? "True" : "False", "", "");
    pal_answer(a, 204, NULL);
}
