/* The public models as JSON: v1Overlord, v1MaasAccount, and the MAAS key as every operation has it.
 * Fields that clients look at without asking are always there. Times are left out: the model has
 * none but the run's own. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

const struct jx_field pal_key_fields[] = {
    JX_TEXT_AS(struct pal_key, endpoint, "apiEndpoint", JX_MUST),
    JX_TEXT_AS(struct pal_key, key, "apiKey", JX_MUST),
    JX_TEXTS(struct pal_key, subnets, n_subnets, "preferredSubnets", 0),
};
const size_t pal_n_key_fields = COUNTOF(pal_key_fields);

void pal_overlord_write(const struct palette *p, const struct pal_gateway *g, struct buf *out)
{
    const char *ready = g->state == PAL_RUNNING ? "true" : "false";
    const char *health = g->state == PAL_RUNNING     ? "Healthy"
                         : g->state == PAL_UNHEALTHY ? "Unhealthy"
                                                     : "";

    buf_text_add(out, "{\"kind\":\"pcg\",\"metadata\":{");
    pal_member(out, "name", g->name);
    buf_char_add(out, ',');
    pal_member(out, "uid", g->uid);
    buf_text_add(out, ",\"annotations\":{},\"labels\":{}},\"spec\":{");
    pal_member(out, "cloudAccountUid", g->account_uid);
    buf_printf(out, ",\"ipAddress\":\"\",\"ipPools\":[],\"isSelfHosted\":%s,\"isSystem\":%s,",
               g->on_cluster ? "true" : "false", g->system ? "true" : "false");
    pal_member(out, "spectroClusterUid", g->self_uid);
    buf_char_add(out, ',');
    pal_member(out, "tenantUid", p->tenant_uid);
    buf_text_add(out, "},\"status\":{\"health\":{");
    pal_member(out, "agentVersion", g->agent_version);
    buf_text_add(out, ",\"conditions\":[],");
    pal_member(out, "state", health);
    buf_printf(out, "},\"isActive\":%s,\"isReady\":%s,\"kubectlCommands\":[],", ready, ready);
    buf_text_add(out, "\"notifications\":{\"isAvailable\":false},");
    pal_member(out, "state", pal_state_name(g->state));
    buf_text_add(out, "}}");
}

void pal_account_meta_write(const struct pal_account *acc, struct buf *out)
{
    buf_char_add(out, '{');
    pal_member(out, "name", acc->name);
    buf_char_add(out, ',');
    pal_member(out, "uid", acc->uid);
    buf_text_add(out, ",\"annotations\":{");
    pal_member(out, "overlordUid", acc->overlord);
    buf_char_add(out, ',');
    pal_member(out, "projectUid", acc->project);
    buf_printf(out, ",\"scope\":\"%s\"},\"labels\":{}}", acc->project[0] ? "project" : "tenant");
}

void pal_account_write(const struct pal_account *acc, struct buf *out)
{
    struct pal_key masked = acc->at;

    text_copy(masked.key, sizeof(masked.key), PAL_MASKED);
    buf_text_add(out,
                 "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"CloudAccount\",\"metadata\":");
    pal_account_meta_write(acc, out);
    buf_text_add(out, ",\"spec\":");
    jx_write(out, pal_key_fields, pal_n_key_fields, &masked);
    buf_text_add(out, ",\"status\":{\"state\":\"Running\"}}");
}
