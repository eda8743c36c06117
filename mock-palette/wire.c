/* The public models as JSON: v1Overlord, v1MaasAccount, and the MAAS key as every operation has it.
 * Fields that clients look at without asking are always there. Times are left out: the model has
 * none but the run's own. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <string.h>

#define MASKED "********"

const struct jx_field pal_key_fields[] = {
    JX_TEXT_AS(struct pal_key, endpoint, "apiEndpoint", JX_MUST),
    JX_TEXT_AS(struct pal_key, key, "apiKey", JX_MUST),
    JX_TEXTS(struct pal_key, subnets, n_subnets, "preferredSubnets", 0),
};
const size_t pal_n_key_fields = COUNTOF(pal_key_fields);

static void member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "\"%s\":", name);
    jx_write_text(out, text);
}

void pal_overlord_write(const struct palette *p, const struct pal_gateway *g, struct buf *out)
{
    const char *ready = g->state == PAL_RUNNING ? "true" : "false";
    const char *health = g->state == PAL_RUNNING     ? "Healthy"
                         : g->state == PAL_UNHEALTHY ? "Unhealthy"
                                                     : "";

    buf_text_add(out, "{\"kind\":\"pcg\",\"metadata\":{");
    member(out, "name", g->name);
    buf_char_add(out, ',');
    member(out, "uid", g->uid);
    buf_text_add(out, ",\"annotations\":{},\"labels\":{}},\"spec\":{");
    member(out, "cloudAccountUid", g->account_uid);
    buf_text_add(out,
                 ",\"ipAddress\":\"\",\"ipPools\":[],\"isSelfHosted\":true,\"isSystem\":false,");
    member(out, "spectroClusterUid", g->self_uid);
    buf_char_add(out, ',');
    member(out, "tenantUid", p->tenant_uid);
    buf_text_add(out, "},\"status\":{\"health\":{");
    member(out, "agentVersion", g->agent_version);
    buf_text_add(out, ",\"conditions\":[],");
    member(out, "state", health);
    buf_printf(out, "},\"isActive\":%s,\"isReady\":%s,\"kubectlCommands\":[],", ready, ready);
    buf_text_add(out, "\"notifications\":{\"isAvailable\":false},");
    member(out, "state", pal_state_name(g->state));
    buf_text_add(out, "}}");
}

void pal_account_write(const struct pal_account *acc, struct buf *out)
{
    struct pal_key masked = acc->at;

    text_copy(masked.key, sizeof(masked.key), MASKED);
    buf_text_add(
        out, "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"CloudAccount\",\"metadata\":{");
    member(out, "name", acc->name);
    buf_char_add(out, ',');
    member(out, "uid", acc->uid);
    buf_text_add(out, ",\"annotations\":{");
    member(out, "overlordUid", acc->overlord);
    buf_text_add(out, ",\"scope\":\"tenant\"},\"labels\":{}},\"spec\":");
    jx_write(out, pal_key_fields, pal_n_key_fields, &masked);
    buf_text_add(out, ",\"status\":{\"state\":\"Running\"}}");
}
