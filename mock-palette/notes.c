/* Events about clusters (v1Event): told by whoever owns the cluster, one or many at a time, and
 * read by users. The newest PAL_NOTES_MAX are kept. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "spectrocluster" /* the only kind of object that events are about here */

struct v1_event {
    struct v1_event_about {
        char kind[32], uid[PAL_UID_MAX];
    } about;
    struct v1_event_source {
        char component[64];
    } source;
    char reason[128], message[PAL_MESSAGE_MAX + 1], severity[32];
};
static const struct jx_field about_fields[] = {
    JX_TEXT(struct v1_event_about, kind, JX_MUST),
    JX_TEXT(struct v1_event_about, uid, JX_MUST),
};
static const struct jx_field source_fields[] = {
    JX_TEXT(struct v1_event_source, component, 0),
};
static const struct jx_field event_fields[] = {
    JX_OBJECT(struct v1_event, about, "relatedObject", JX_MUST, about_fields),
    JX_OBJECT(struct v1_event, source, "source", 0, source_fields),
    JX_TEXT(struct v1_event, reason, 0),
    JX_TEXT(struct v1_event, message, 0),
    JX_TEXT(struct v1_event, severity, 0),
};

/* --- keeping ---------------------------------------------------------------------------------- */

const char *pal_note_keep(struct pal_ask *a, const struct pal_cluster *c,
                          const struct pal_note *note, const char *message)
{
    struct pal_public *pub = a->p->pub;
    struct pal_note *n = &pub->notes[pub->n_notes % PAL_NOTES_MAX];

    pal_keep_mark(a->p, PAL_KEEP_NOTES, pub->n_notes++ % PAL_NOTES_MAX);
    free(n->message);
    *n = *note;
    n->message = strdup(message);
    if (!n->message)
        WRONG("out of memory");
    pal_uid_make(a->p, n->uid);
    text_copy(n->cluster, sizeof(n->cluster), c->uid);
    n->at = a->ctx->now;
    return n->uid;
}

/* As for a cluster that the path names (pal_cluster_in_scope): to an agent all others are alike. */
static bool is_own(const struct pal_ask *a, const struct pal_cluster *c)
{
    return a->who == PAL_AGENT ? c == a->cluster
                               : !c || c->gateway_i == pal_gateway_i(a->p, a->gateway);
}

/* The cluster that is spoken of, when the caller may speak of it; else it has been refused. */
static struct pal_cluster *cluster_of(struct pal_ask *a, const struct v1_event *in)
{
    struct pal_cluster *c =
        text_is(in->about.kind, KIND) ? pal_cluster_find(a->p, in->about.uid) : NULL;

    if (pal_no(a, PAL_NO_CLUSTER_FOREIGN, !is_own(a, c)) || pal_no(a, PAL_NO_CLUSTER_UNKNOWN, !c) ||
        !pal_cluster_may(a, c, PAL_CAN_REPORT))
        return NULL;
    return c;
}

static const char *event_keep(struct pal_ask *a, struct pal_cluster *c, struct v1_event *in)
{
    struct pal_note note = {.at = 0};

    pal_mask_text(a, in->reason, sizeof(in->reason), "event");
    pal_mask_text(a, in->message, sizeof(in->message), "event");
    pal_report_event(a, "Event", "", in->reason, in->message);
    text_copy(note.reason, sizeof(note.reason), in->reason);
    text_copy(note.severity, sizeof(note.severity), in->severity);
    text_copy(note.component, sizeof(note.component), in->source.component);
    return pal_note_keep(a, c, &note, in->message);
}

/* POST /v1/events/components */
void pal_events(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct v1_event in = {.reason = ""};
    struct pal_cluster *c;

    if (!pal_body(a, event_fields, COUNTOF(event_fields), &in))
        return;
    c = cluster_of(a, &in);
    if (c)
        pal_answer_uid(a, event_keep(a, c, &in));
}

struct bulk {
    size_t n;
    struct v1_event at[PAL_BULK_MAX];
};

static int bulk_take(void *arg, size_t i, const void *element)
{
    struct bulk *b = arg;

    if (i == PAL_BULK_MAX)
        return -1;
    b->at[b->n++] = *(const struct v1_event *)element;
    return 0;
}

static void bulk_free(struct bulk **b)
{
    free(*b);
}

/* POST /v1/events/components/bulk: all or nothing. */
void pal_events_bulk(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_list_shape shape = {event_fields, COUNTOF(event_fields),
                                         sizeof(struct v1_event), bulk_take};
    struct bulk *b SCOPED(bulk_free) = calloc(1, sizeof(*b));
    struct v1_event element;
    struct buf body SCOPED(buf_drop) = {0};

    if (!b)
        WRONG("out of memory");
    if (!pal_body_list(a, &shape, &element, b))
        return;
    for (size_t i = 0; i < b->n; i++)
        if (!cluster_of(a, &b->at[i]))
            return;
    buf_init(&body, KIB(16));
    buf_char_add(&body, '[');
    for (size_t i = 0; i < b->n; i++)
        buf_printf(&body, "%s{\"uid\":\"%s\"}", i ? "," : "",
                   event_keep(a, pal_cluster_find(a->p, b->at[i].about.uid), &b->at[i]));
    buf_char_add(&body, ']');
    pal_answer(a, 201, buf_text(&body));
}

/* --- reading ---------------------------------------------------------------------------------- */

static void note_write(const struct pal_ask *a, const struct pal_note *n,
                       const struct pal_cluster *c, struct buf *out)
{
    (void)a;
    buf_text_add(out, "{\"metadata\":{");
    pal_member(out, "uid", n->uid);
    buf_printf(out, ",\"name\":\"%s\",\"annotations\":{},\"labels\":{}},\"involvedObject\":{",
               n->uid);
    pal_member(out, "kind", KIND);
    buf_char_add(out, ',');
    pal_member(out, "uid", n->cluster);
    buf_printf(out, "},\"relatedObject\":{\"kind\":\"" KIND "\",\"uid\":\"%s\",", n->cluster);
    pal_member(out, "name", c->name);
    buf_text_add(out, "},");
    pal_member(out, "reason", n->reason);
    buf_char_add(out, ',');
    pal_member(out, "message", n->message);
    buf_char_add(out, ',');
    pal_member(out, "severity", n->severity);
    buf_text_add(out, ",\"source\":{");
    pal_member(out, "component", n->component);
    buf_text_add(out, ",\"host\":\"\"}}");
}

/* Newest first, of one cluster or of all that the user sees. */
static void notes_answer(struct pal_ask *a, const struct pal_cluster *only)
{
    const struct pal_public *pub = a->p->pub;
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};

    if (!pal_list_begin(&l, a))
        return;
    for (size_t i = pub->n_notes; i > 0 && i + PAL_NOTES_MAX > pub->n_notes; i--) {
        const struct pal_note *n = &pub->notes[(i - 1) % PAL_NOTES_MAX];
        const struct pal_cluster *c = n->cluster[0] ? pal_cluster_find(a->p, n->cluster) : NULL;

        if (!c || (only && c != only) || !pal_project_sees(a, c->project))
            continue;
        note_write(a, n, c, &l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

/* GET /v1/events/components */
void pal_notes(const struct http_exchange *x)
{
    notes_answer(pal_ask(x), NULL);
}

/* GET /v1/events/components/spectrocluster/{uid} */
void pal_cluster_notes(const struct http_exchange *x)
{
    notes_answer(pal_ask(x), pal_ask(x)->cluster);
}

/* DELETE /v1/events/components/spectrocluster/{uid} */
void pal_cluster_notes_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_public *pub = a->p->pub;

    for (size_t i = 0; i < PAL_NOTES_MAX; i++)
        if (text_is(pub->notes[i].cluster, a->cluster->uid)) {
            pub->notes[i].cluster[0] = '\0';
            pal_keep_mark(a->p, PAL_KEEP_NOTES, i);
        }
    pal_answer(a, 204, NULL);
}
