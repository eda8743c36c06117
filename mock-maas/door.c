/* The metadata door, where a machine fetches its user data when it boots. No OAuth: the machine is
 * known by its address, and nobody else gets it. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static int sextet(char c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(letters, c) : NULL;

    return at ? (int)(at - letters) : -1;
}

/* Standard base64, padded, whole. Line breaks are skipped, as Python does. */
static bool base64_decode(const char *text, struct buf *out)
{
    uint32_t bits = 0;
    size_t n = 0, pad = 0;

    for (; *text; text++) {
        const int value = sextet(*text);

        if (*text == '\n' || *text == '\r')
            continue;
        if (*text == '=') {
            pad++;
            continue;
        }
        if (value < 0 || pad > 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (++n % 4 != 1)
            buf_char_add(out, (char)(bits >> (6 - 2 * ((n - 1) % 4)) & 0xff));
    }
    return (n + pad) % 4 == 0 && pad <= 2 && n % 4 != 1;
}

/* What was sent, decoded when it is base64, else as it is: MAAS checks nothing when it takes it. */
static void user_data_answer(struct maas_ask *a, const char *text)
{
    struct buf decoded SCOPED(buf_drop) = {0};

    buf_init(&decoded, MAAS_USER_DATA_MAX);
    http_reply_text(a->rp, 200, "application/octet-stream", "");
    if (base64_decode(text, &decoded))
        buf_add(&a->rp->body, buf_text(&decoded), decoded.len);
    else
        buf_text_add(&a->rp->body, text);
}

void maas_user_data(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_find(a->m, http_var(x->vars, "system_id"));

    if (!one) {
        http_reply_text(a->rp, 404, MAAS_TEXT, "");
        return;
    }
    text_copy(a->about, sizeof(a->about), one->system_id);
    text_copy(a->about_name, sizeof(a->about_name), one->hostname);
    text_copy(a->marker, sizeof(a->marker), one->agent_name);
    if (!one->addressed || !text_is(one->ip, a->ctx->peer))
        http_reply_text(a->rp, 403, MAAS_TEXT, "");
    else if (!one->user_data || (one->status != MAAS_DEPLOYING && one->status != MAAS_DEPLOYED))
        http_reply_text(a->rp, 404, MAAS_TEXT, "");
    else
        user_data_answer(a, one->user_data);
}
