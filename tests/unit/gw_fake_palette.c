/* Palette's side of the stage. */
#include "tests/test.h"

#include "tests/unit/gw_fake_inner.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKER "gp1.mark."

static void item_write(const struct fake *f, const struct fake_cluster *c, struct buf *out)
{
    bool first = true;

    buf_printf(out,
               "{\"uid\":\"%s\",\"name\":\"n-%s\",\"projectUid\":\"p1\",\"configUid\":\"cc-%s\","
               "\"accountUid\":\"acc-%d\",\"epoch\":%d,\"revision\":%d,\"owner\":\"%s\","
               "\"desired\":\"%s\",\"forced\":%s,\"marker\":\"%s%s\","
               "\"image\":\"custom/u-1\",",
               c->uid, c->uid, c->uid, c->account + 1, (int)c->epoch, (int)c->revision,
               c->ours ? "gateway" : "cluster", c->present ? "present" : "absent",
               c->forced ? "true" : "false", c->marker ? c->marker : MARKER,
               c->marker ? "" : c->uid);
    buf_printf(out,
               "\"endpoint\":{\"host\":\"%s.maas\",%s\"managed\":%s},"
               "\"network\":{\"podCidr\":\"%s\",\"serviceCidr\":\"10.96.0.0/12\"},"
               "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[\"ssh-rsa A\"],"
               "\"ntpServers\":[\"ntp.example\"]},",
               c->uid, c->portless ? "" : "\"port\":6443,", c == &f->clusters[0] ? "true" : "false",
               c->pod_cidr ? c->pod_cidr : "192.168.0.0/16");
    buf_printf(out,
               "\"machinepoolconfig\":[{\"cloudConfig\":{\"azs\":[%s],"
               "\"resourcePool\":\"default\",\"tags\":[\"t1\",\"t2\"],\"instanceType\":{\"minCPU\":"
               "4,\"minMemInMB\":8192,\"minDiskSizeInGB\":60}},\"poolConfig\":{\"name\":\"cp\","
               "\"size\":%d,\"isControlPlane\":true,\"labels\":[\"control-plane\"]}}",
               c->azs ? c->azs : "\"default\",\"z2\"", c->control_planes);
    if (c->workers > 0)
        buf_printf(out,
                   ",{\"cloudConfig\":{\"azs\":[],\"resourcePool\":\"\"},\"poolConfig\":{\"name\":"
                   "\"workers\",\"size\":%d,\"isControlPlane\":false}}",
                   c->workers);
    buf_printf(out,
               "],\"agent\":{\"url\":\"https://palette.example\",\"caCert\":\"PEM\\n\","
               "\"joinToken\":\"jt-token-%s\",\"registered\":%s},\"agentQuiesced\":true,"
               "\"machines\":[",
               c->uid, c->registered ? "true" : "false");
    for (size_t i = 0; i < f->n_machines && !c->present; i++) {
        if (!fake_is_held(&f->machines[i], c->uid) && !text_is(c->extra, f->machines[i].sid))
            continue;
        buf_printf(out, "%s{\"uid\":\"rec-%s\",\"systemId\":\"%s\",\"pool\":\"cp\"}",
                   first ? "" : ",", f->machines[i].sid, f->machines[i].sid);
        first = false;
    }
    buf_text_add(out, "]}");
}

void fake_feed_write(const struct fake *f, struct buf *out)
{
    bool first = true;

    buf_printf(out, "{\"cursor\":\"c-%d\",\"accounts\":[", (int)f->version);
    for (int i = 0; i < FAKE_ACCOUNTS; i++)
        buf_printf(
            out,
            "%s{\"uid\":\"acc-%d\",\"revision\":%d,\"apiEndpoint\":\"http://maas%.*s.site:5240/"
            "MAAS\",\"apiKey\":\"%s\",\"preferredSubnets\":[%s]}",
            i > 0 ? "," : "", i + 1, f->accounts[i].revision, i > 0, i == 1 ? "2" : "3",
            f->accounts[i].key, f->subnets);
    buf_text_add(out, "],\"clusters\":[");
    for (size_t i = 0; i < FAKE_CLUSTERS; i++) {
        if (!f->clusters[i].listed)
            continue;
        buf_text_add(out, first ? "" : ",");
        item_write(f, &f->clusters[i], out);
        first = false;
    }
    buf_text_add(out, "],\"queries\":[]}");
}

static int claim(struct fake *f, struct fake_cluster *c, struct buf *out)
{
    if (c->deleted)
        return 404;
    if (c->claim_status) {
        buf_printf(out, "{\"code\":\"%s\"}", c->claim_code);
        return c->claim_status;
    }
    if (!c->ours) {
        buf_text_add(out, "{\"code\":\"StaleEpoch\"}");
        return 409;
    }
    c->claim++;
    c->claimer = f->p.starts;
    c->claim_epoch = c->epoch;
    buf_printf(out, "{\"epoch\":%d,\"owner\":\"gateway\",\"claim\":%d}", (int)c->epoch,
               (int)c->claim);
    return 200;
}

static bool has_number(const char *body, const char *name, int64_t wanted)
{
    char text[32];
    int64_t n = -1;

    return jx_pick(body, strlen(body), name, text, sizeof text) && text_int(text, 0, 1000, &n) &&
           n == wanted;
}

static int handover(struct fake *f, struct fake_cluster *c, const char *body, struct buf *out)
{
    const char *code =
        !c->ours && has_number(body, "epoch", c->epoch - 1) && has_number(body, "claim", c->claim)
            ? ""
        : !has_number(body, "epoch", c->epoch)       ? "StaleEpoch"
        : !has_number(body, "claim", c->claim)       ? "StaleClaim"
        : !c->present                                ? "Deleting"
        : !has_number(body, "revision", c->revision) ? "StaleRevision"
        : !c->registered                             ? "AgentNotRegistered"
        : (int)c->n_records < (f->p.config.bootstrap ? 1 : c->control_planes + c->workers)
            ? "InventoryIncomplete"
            : NULL;

    if (code && code[0]) {
        buf_printf(out, "{\"code\":\"%s\"}", code);
        return 409;
    }
    if (c->ours) {
        c->ours = c->listed = c->offering = false;
        c->epoch++;
        f->version++;
    }
    buf_printf(out, "{\"epoch\":%d,\"owner\":\"cluster\"}", (int)c->epoch);
    return 200;
}

static int record(struct fake_cluster *c, const char *body, struct buf *out)
{
    char sid[16];

    assert_true(jx_pick(body, strlen(body), "metadata.name", sid, sizeof sid));
    buf_printf(out, "{\"uid\":\"rec-%s\"}", sid);
    for (size_t i = 0; i < c->n_records; i++)
        if (text_is(c->records[i], sid))
            return 201;
    assert_true(c->n_records < FAKE_MACHINES);
    fake_set(c->records[c->n_records++], sizeof c->records[0], sid);
    return 201;
}

static int record_drop(struct fake_cluster *c, const char *line)
{
    for (size_t i = 0; i < c->n_records; i++) {
        if (!strstr(line, c->records[i]))
            continue;
        c->n_records--;
        memmove(c->records[i], c->records[c->n_records], sizeof c->records[0]);
        return 204;
    }
    return 404;
}

int fake_cluster_answer(struct fake *f, const struct play_call *call, struct buf *out)
{
    struct fake_cluster *c = fake_cluster_by(f, call->line);
    const char *body = buf_text(&call->call.body);

    if (strstr(call->line, "events/components"))
        return 201;
    assert_non_null(c);
    if (strstr(call->line, "/claim"))
        return claim(f, c, out);
    if (strstr(call->line, "/handover"))
        return handover(f, c, body, out);
    if (strstr(call->line, "/released")) {
        assert_true(has_number(body, "claim", c->claim));
        fake_set(c->outcome, sizeof c->outcome, body);
        c->listed = false;
        c->deleted = true;
        f->version++;
        return 200;
    }
    if (strncmp(call->line, "POST", 4) == 0 && strstr(call->line, "/machines"))
        return record(c, body, out);
    if (strncmp(call->line, "DELETE", 6) == 0)
        return record_drop(c, call->line);
    if (strstr(call->line, "/conditions")) {
        const size_t len = strlen(c->conditions);

        if (len + strlen(body) < sizeof c->conditions)
            fake_set(c->conditions + len, sizeof c->conditions - len, body);
        else
            fake_set(c->conditions, sizeof c->conditions, body);
        c->patches++;
        c->patched_at = f->p.now;
    }
    return 204;
}
