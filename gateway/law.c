/* What an answer means. Two tables, read from the top; the first row that fits decides. */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <limits.h>
#include <string.h>

/* --- Palette ---------------------------------------------------------------------------------- */

#define ON(op)   BIT(GW_OP_##op)
#define ANY_OP   UINT64_MAX
#define PAIRING  (ON(CREDENTIAL) | ON(REGISTER))
#define ACCOUNT  (ON(OVERLORD) | ON(ACCOUNT_MAKE) | ON(ACCOUNT_CHANGE))
#define CODE_MAX 64
#define NO_CODE  ""
#define ANY_CODE NULL

static const struct palette_row {
    uint64_t ops;
    int low, high; /* status */
    const char *code;
    enum gw_verdict verdict;
} palette_rows[] = {
    {ANY_OP, 200, 299, ANY_CODE, GW_DONE},
    /* GP-35: the code will never be good again; somebody has to bring another one */
    {PAIRING, 401, 401, "PairingCodeInvalid", GW_REFUSED},
    {PAIRING, 410, 410, "PairingCodeExpired", GW_REFUSED},
    {PAIRING, 409, 409, "PairingCodeUsed", GW_REFUSED},
    {ANY_OP, 401, 401, "CredentialRevoked", GW_ENDED},
    {ANY_OP, 401, 401, "CredentialUnknown", GW_ENDED},
    /* the credential call carries no token, so an old one cannot be its trouble */
    {ON(CREDENTIAL), 401, 401, ANY_CODE, GW_WRONG},
    {ANY_OP, 401, 401, "TokenExpired", GW_RENEW},
    {ANY_OP, 401, 401, NO_CODE, GW_RENEW},
    {ON(FEED), 410, 410, "CursorExpired", GW_NEW_LIST},
    {PAIRING, 403, 403, "SystemGatewayNotAvailable", GW_WRONG},
    {ACCOUNT, 403, 403, ANY_CODE, GW_FORGET},
    {ANY_OP, 407, 407, ANY_CODE, GW_NOT_NOW},
    {ANY_OP, 408, 408, ANY_CODE, GW_NOT_NOW},
    {ANY_OP, 429, 429, ANY_CODE, GW_NOT_NOW},
    /* GP-52: too late, or not wanted in this form: nothing gets better by saying it again */
    {ON(ANSWER), 300, 499, ANY_CODE, GW_FORGET},
    {ANY_OP, 300, 499, ANY_CODE, GW_WRONG},
    {ANY_OP, 0, INT_MAX, ANY_CODE, GW_NOT_NOW},
};

static bool palette_row_fits(const struct palette_row *row, enum gw_op op, int status,
                             const char *code)
{
    return (row->ops & BIT(op)) && status >= row->low && status <= row->high &&
           (row->code == ANY_CODE || text_is(row->code, code));
}

enum gw_verdict gw_law(enum gw_op op, const struct http_result *r, const char **ret_why)
{
    char code[CODE_MAX] = "";

    if (r->outcome != HTTP_ANSWERED) {
        *ret_why = http_outcome_name(r->outcome);
        return GW_NOT_NOW;
    }
    (void)jx_pick(buf_text(&r->body), r->body.len, "code", code, sizeof code);
    for (size_t i = 0; i < COUNTOF(palette_rows); i++) {
        if (palette_row_fits(&palette_rows[i], op, r->status, code)) {
            *ret_why = palette_rows[i].code ? palette_rows[i].code : "";
            return palette_rows[i].verdict;
        }
    }
    WRONG("a status that no row of the law covers");
}

/* --- MAAS ------------------------------------------------------------------------------------- */

#define LOOKED_AT_MAX 512 /* bytes of a body in which a row's words are looked for */

static const struct maas_row {
    enum http_outcome outcome;
    int low, high;
    const char *says; /* words in the body, or NULL. The body itself is never shown (GP-103) */
    const char *code;
    const char *message;
} maas_rows[] = {
    {HTTP_NO_NAME, 0, 0, NULL, "MaasUnreachable", "the name of MAAS has no address here"},
    {HTTP_NO_CONNECT, 0, 0, NULL, "MaasUnreachable", "MAAS takes no connection"},
    {HTTP_TLS_FAILED, 0, 0, NULL, "MaasTlsFailed", "the certificate of MAAS is not to be trusted"},
    {HTTP_TIMEOUT, 0, 0, NULL, "Timeout", "MAAS did not answer in time"},
    {HTTP_BROKEN, 0, 0, NULL, "MaasError", "the answer of MAAS broke off or was no HTTP"},
    {HTTP_PROXY_FAILED, 0, 0, NULL, "MaasUnreachable", "MAAS is asked without a proxy"},
    {HTTP_ANSWERED, 200, 200, NULL, "", ""},
    {HTTP_ANSWERED, 401, 401, "Expired timestamp", "ClockSkew",
     "the gateway's clock is behind that of MAAS"},
    /* a copy of the request overtook it (GP-100); a read is simply made again */
    {HTTP_ANSWERED, 401, 401, "Nonce already used", NULL, ""},
    {HTTP_ANSWERED, 401, 401, NULL, "MaasUnauthorized", "MAAS does not know the key"},
    {HTTP_ANSWERED, 403, 403, NULL, "MaasForbidden", "MAAS refuses this to the key's user"},
    {HTTP_ANSWERED, 300, 399, NULL, "MaasError", "MAAS points to another address"},
    {HTTP_ANSWERED, 0, 499, NULL, "MaasError", "MAAS does not understand the question"},
    {HTTP_ANSWERED, 500, INT_MAX, NULL, "MaasError", "MAAS has an error of its own"},
};

static bool maas_row_fits(const struct maas_row *row, const struct http_result *r)
{
    const size_t looked_at = r->body.len < LOOKED_AT_MAX ? r->body.len : LOOKED_AT_MAX;

    if (row->outcome != r->outcome)
        return false;
    if (r->outcome != HTTP_ANSWERED)
        return true;
    if (r->status < row->low || r->status > row->high)
        return false;
    return !row->says || memmem(buf_text(&r->body), looked_at, row->says, strlen(row->says));
}

const char *gw_maas_law(const struct http_result *r, const char **ret_message)
{
    for (size_t i = 0; i < COUNTOF(maas_rows); i++) {
        if (maas_row_fits(&maas_rows[i], r)) {
            *ret_message = maas_rows[i].message;
            return maas_rows[i].code;
        }
    }
    WRONG("an answer of MAAS that no row of the law covers");
}
