/* The metadata service, where a machine fetches what it was given: by its own token, as cloud-init
 * reads it, or by its address, as this project's machines do. */
#include "mock-maas/model.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS "instance-id\nlocal-hostname\npublic-keys\nvendor-data\nx509"

/* --- a machine's token ------------------------------------------------------------------------ */

/* Letters that follow from what the machine is and from the seed, so that nothing has to be kept.
 * The token ends with the system id: it is found without a search. */
void maas_node_token(const struct maas *m, const struct maas_machine *one, struct maas_token *ret)
{
    struct buf seed SCOPED(buf_drop) = {0};
    uint8_t hash[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    buf_init(&seed, 256);
    buf_printf(&seed, "node token %s %s %llu", one->system_id, one->uuid,
               (unsigned long long)m->config.seed);
    digest_sha256(buf_text(&seed), seed.len, hash);
    text_hex(hash, sizeof(hash), hex);
    *ret = (struct maas_token){.account = -1};
    text_copy_len(ret->consumer, sizeof(ret->consumer), hex, 18);
    text_copy_len(ret->token, sizeof(ret->token), hex + 18, 12);
    text_copy(ret->token + 12, sizeof(ret->token) - 12, one->system_id);
    text_copy_len(ret->secret, sizeof(ret->secret), hex + 30, 32);
}

struct maas_machine *maas_node_of_token(struct maas *m, const char *token, struct maas_token *ret)
{
    struct maas_machine *one = strlen(token) == 18 ? maas_machine_find(m, token + 12) : NULL;

    if (!one)
        return NULL;
    maas_node_token(m, one, ret);
    return text_is(ret->token, token) ? one : NULL;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* What was sent, decoded when it is base64, else as it is: MAAS checks nothing when it takes it. */
static void user_data_answer(struct maas_ask *a, const char *text)
{
    struct buf decoded SCOPED(buf_drop) = {0};

    buf_init(&decoded, MAAS_USER_DATA_MAX);
    http_reply_text(a->rp, 200, "application/octet-stream", "");
    if (maas_base64_read(text, &decoded))
        buf_add(&a->rp->body, buf_text(&decoded), decoded.len);
    else
        buf_text_add(&a->rp->body, text);
}

static void about(struct maas_ask *a, const struct maas_machine *one)
{
    text_copy(a->about, sizeof(a->about), one->system_id);
    text_copy(a->about_name, sizeof(a->about_name), one->hostname);
    text_copy(a->marker, sizeof(a->marker), one->agent_name);
}

static bool has_user_data(const struct maas_machine *one)
{
    return one->user_data && (one->status == MAAS_DEPLOYING || one->status == MAAS_DEPLOYED);
}

void maas_user_data(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_find(a->m, http_var(x->vars, "system_id"));

    if (!one) {
        http_reply_text(a->rp, 404, MAAS_TEXT, "");
        return;
    }
    about(a, one);
    if (!one->addressed || !text_is(one->ip, a->ctx->peer))
        http_reply_text(a->rp, 403, MAAS_TEXT, "");
    else if (!has_user_data(one))
        http_reply_text(a->rp, 404, MAAS_TEXT, "");
    else
        user_data_answer(a, one->user_data);
}

/* --- as cloud-init reads it ------------------------------------------------------------------- */

static bool version_is_known(const struct http_exchange *x)
{
    const char *version = http_var(x->vars, "version");

    if (text_is(version, "2012-03-01") || text_is(version, "latest"))
        return true;
    maas_return(maas_ask(x), 404, MAAS_PLAIN, "Unknown metadata version");
    return false;
}

/* NULL: answered. */
static const struct maas_machine *node_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);

    if (!version_is_known(x))
        return NULL;
    if (!a->node)
        maas_raise_text(a, 403, "Not authenticated as a known node.");
    else
        about(a, a->node);
    return a->node;
}

void maas_metadata_root(const struct http_exchange *x)
{
    if (node_for(x))
        maas_return(maas_ask(x), 200, MAAS_PLAIN,
                    "maas-commissioning-scripts\nmeta-data\nuser-data");
}

void maas_metadata_list(const struct http_exchange *x)
{
    if (node_for(x))
        maas_return(maas_ask(x), 200, MAAS_PLAIN, ITEMS);
}

/* Those of who deployed it. */
static void keys_write(const struct maas *m, const struct maas_machine *one, struct buf *out)
{
    for (size_t i = 0; i < m->rest.n_keys; i++) {
        const struct maas_ssh_key *k = &m->rest.keys[i];

        if (!k->ssl && text_is(m->rest.accounts[k->account].name, one->owner))
            buf_printf(out, "%s\n", k->key);
    }
}

static void vendor_write(const struct maas *m, struct buf *out)
{
    const char *ntp = maas_setting(m, "ntp_servers");

    buf_text_add(out, "#cloud-config\nntp:\n  pools: []\n  servers:\n");
    buf_printf(out, "  - %s\n", ntp && text_begins(ntp, "\"") ? ntp : "\"ntp.ubuntu.com\"");
}

void maas_metadata_value(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);
    const char *item = http_var(x->vars, "item");
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    buf_init(&text, MAAS_JSON_MAX);
    if (text_is(item, "instance-id"))
        buf_text_add(&text, one->system_id);
    else if (text_is(item, "local-hostname"))
        buf_printf(&text, "%s.%s", one->hostname, maas_domain_name(a->m, one->domain));
    else if (text_is(item, "public-keys"))
        keys_write(a->m, one, &text);
    else if (text_is(item, "vendor-data"))
        vendor_write(a->m, &text);
    else if (!text_is(item, "x509")) {
        maas_return(a, 404, MAAS_PLAIN, "Unknown metadata attribute");
        return;
    }
    maas_return(a, 200, MAAS_TEXT, buf_text(&text));
}

void maas_metadata_user_data(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);

    if (!one)
        return;
    if (has_user_data(one))
        user_data_answer(a, one->user_data);
    else
        maas_return(a, 404, MAAS_PLAIN, "No user data available for this node.");
}

void maas_metadata_vendor_data(const struct http_exchange *x)
{
    const struct maas_machine *one = node_for(x);
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    buf_init(&text, KIB(4));
    vendor_write(maas_ask(x)->m, &text);
    maas_return(maas_ask(x), 200, MAAS_TEXT, buf_text(&text));
}
