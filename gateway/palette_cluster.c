/* A cluster's calls of Palette as bytes: claim, hand-over, released, and the reports of section 9.
 */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void begin(const struct gw_turn *t, struct http_call *call, const char *method,
                  const char *before, const char *uid, const char *after)
{
    http_call_init(call, method);
    url_join(&call->url, t->g->config.palette_url, before);
    url_encode(&call->url, uid);
    buf_text_add(&call->url, after);
}

static void json(struct http_call *call)
{
    const bool added = http_header_add(&call->headers, "Content-Type", "application/json");

    assert(added);
}

/* --- section 8 -------------------------------------------------------------------------------- */

void gw_claim_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "PUT", "v1/x-gp/clusters/", t->c->uid, "/claim");
    json(call);
    buf_printf(&call->body, "{\"epoch\":%" PRId64 ",\"revision\":%" PRId64 "}", t->c->epoch,
               t->c->revision);
}

void gw_offer_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_cluster *c = t->c;
    bool first = true;

    begin(t, call, "POST", "v1/x-gp/clusters/", c->uid, "/handover");
    json(call);
    buf_printf(&call->body,
               "{\"epoch\":%" PRId64 ",\"claim\":%" PRId64 ",\"revision\":%" PRId64
               ",\"machines\":[",
               c->epoch, c->claim, c->offered_revision);
    for (size_t i = 0; i < c->n_machines; i++) {
        if (c->machines[i].unwanted || c->machines[i].gone)
            continue;
        if (!first)
            buf_char_add(&call->body, ',');
        jx_write_text(&call->body, c->machines[i].sid);
        first = false;
    }
    buf_text_add(&call->body, "]}");
}

void gw_released_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_cluster *c = t->c;

    begin(t, call, "POST", "v1/x-gp/clusters/", c->uid, "/released");
    json(call);
    buf_printf(&call->body, "{\"epoch\":%" PRId64 ",\"claim\":%" PRId64 ",\"machines\":[", c->epoch,
               c->claim);
    for (size_t i = 0; i < c->n_machines; i++) {
        buf_text_add(&call->body, i > 0 ? ",{\"systemId\":" : "{\"systemId\":");
        jx_write_text(&call->body, c->machines[i].sid);
        buf_text_add(&call->body, ",\"outcome\":");
        jx_write_text(&call->body, gw_outcome_of(c, &c->machines[i]));
        buf_char_add(&call->body, '}');
    }
    buf_text_add(&call->body, "]}");
}

/* --- machine records (GP-76) ------------------------------------------------------------------ */

struct record {
    struct record_meta {
        char name[GW_SID_MAX];
    } metadata;
    struct record_spec {
        char hostname[GW_HOST_MAX], az[GW_NAME_LEN];
        size_t n_nics;
        struct record_nic {
            size_t n;
            char ips[GW_ADDRESSES_MAX][GW_ADDRESS_LEN];
        } nics[1];
    } spec;
    struct record_status {
        char state[32];
    } status;
};
static const struct jx_field meta_fields[] = {
    JX_TEXT(struct record_meta, name, 0),
};
static const struct jx_field nic_fields[] = {
    JX_TEXTS(struct record_nic, ips, n, "privateIPs", 0),
};
static const struct jx_field spec_fields[] = {
    JX_TEXT(struct record_spec, hostname, 0),
    JX_TEXT(struct record_spec, az, 0),
    JX_ARRAY(struct record_spec, nics, n_nics, "nics", 0, nic_fields),
};
static const struct jx_field status_fields[] = {
    JX_TEXT_AS(struct record_status, state, "instanceState", 0),
};
static const struct jx_field record_fields[] = {
    JX_OBJECT(struct record, metadata, "metadata", 0, meta_fields),
    JX_OBJECT(struct record, spec, "spec", 0, spec_fields),
    JX_OBJECT(struct record, status, "status", 0, status_fields),
};

void gw_machine_record_write(const struct gw_machine *m, struct buf *out)
{
    struct record r = {.spec.n_nics = m->n_addresses > 0 ? 1 : 0};
    bool fits;

    memcpy(r.metadata.name, m->sid, sizeof r.metadata.name);
    memcpy(r.spec.hostname, m->hostname, sizeof r.spec.hostname);
    memcpy(r.spec.az, m->zone, sizeof r.spec.az);
    r.spec.nics[0].n = m->n_addresses;
    memcpy(r.spec.nics[0].ips, m->addresses, sizeof r.spec.nics[0].ips);
    fits = text_copy(r.status.state, sizeof r.status.state, gw_status_find(m->status)->state);
    assert(fits);
    jx_write(out, record_fields, COUNTOF(record_fields), &r);
}

static void records(const struct gw_turn *t, struct http_call *call, const char *method)
{
    const char *config = t->c->item->head.config_uid;

    assert(t->m);
    begin(t, call, method, "v1/cloudconfigs/maas/", config ? config : "", "/machinePools/");
    url_encode(&call->url, t->m->pool[0] ? t->m->pool : "unknown");
    buf_text_add(&call->url, "/machines");
}

static void one_record(const struct gw_turn *t, struct http_call *call, const char *method)
{
    records(t, call, method);
    buf_char_add(&call->url, '/');
    url_encode(&call->url, t->m->record_uid);
}

void gw_record_make_write(const struct gw_turn *t, struct http_call *call)
{
    records(t, call, "POST");
    json(call);
    gw_machine_record_write(t->m, &call->body);
}

void gw_record_set_write(const struct gw_turn *t, struct http_call *call)
{
    one_record(t, call, "PUT");
    json(call);
    gw_machine_record_write(t->m, &call->body);
}

void gw_record_drop_write(const struct gw_turn *t, struct http_call *call)
{
    one_record(t, call, "DELETE");
}

/* --- the cluster's status --------------------------------------------------------------------- */

void gw_endpoint_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_item_endpoint *e = &t->c->item->body.endpoint;

    begin(t, call, "PUT", "v1/spectroclusters/", t->c->uid, "/status/endpoints");
    json(call);
    buf_text_add(&call->body, "[{\"host\":");
    jx_write_text(&call->body, e->host);
    buf_printf(&call->body, ",\"port\":%" PRId64 "}]", e->port);
}

void gw_conditions_write(const struct gw_turn *t, struct http_call *call)
{
    bool first = true;

    begin(t, call, "PATCH", "v1/spectroclusters/", t->c->uid, "/status/conditions");
    json(call);
    buf_char_add(&call->body, '[');
    for (int i = 0; i < GW_CONDITIONS; i++) {
        struct gw_condition k;

        if (!t->c->telling[i] || !gw_condition_of(t->g, t->c, i, &k))
            continue;
        buf_text_add(&call->body, first ? "{\"type\":" : ",{\"type\":");
        jx_write_text(&call->body, k.type);
        buf_printf(&call->body, ",\"status\":\"%s\",\"reason\":", k.reason[0] ? "False" : "True");
        jx_write_text(&call->body, k.reason);
        buf_text_add(&call->body, ",\"message\":");
        jx_write_text(&call->body, k.message);
        buf_char_add(&call->body, '}');
        first = false;
    }
    buf_char_add(&call->body, ']');
}

void gw_event_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_cluster_event *e = &t->c->events[0];
    const char *name = t->c->item->head.name;

    http_call_init(call, "POST");
    url_join(&call->url, t->g->config.palette_url, "v1/events/components");
    json(call);
    buf_text_add(&call->body, "{\"metadata\":{\"name\":");
    jx_write_text(&call->body, t->c->uid);
    buf_text_add(&call->body, "},\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":");
    jx_write_text(&call->body, t->c->uid);
    buf_text_add(&call->body, ",\"name\":");
    jx_write_text(&call->body, name ? name : "");
    buf_text_add(&call->body, "},\"severity\":\"Warning\",\"reason\":");
    jx_write_text(&call->body, e->reason);
    buf_text_add(&call->body, ",\"message\":");
    jx_write_text(&call->body, e->message);
    buf_text_add(&call->body, ",\"source\":{\"component\":\"gateway\"}}");
}
