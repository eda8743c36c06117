/* What an answer to a cluster's call says about what was asked (GP-88, GP-100). Read from the top;
 * the first row that fits decides. */
#include "gateway/cluster.h"

#include <limits.h>
#include <string.h>

#define LOOKED_AT_MAX 512 /* bytes of a body in which a row's words are looked for */

enum { ANY_WAY, WITH_RETRY_AFTER };

static const struct maas_row {
    enum http_outcome outcome;
    int low, high;
    int retry_after;
    const char *says; /* words in the body, or NULL. The body itself is never shown (GP-103) */
    enum gw_out out;
    const char *reason;
} maas_rows[] = {
    {HTTP_NO_NAME, 0, 0, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasUnreachable"},
    {HTTP_NO_CONNECT, 0, 0, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasUnreachable"},
    {HTTP_TLS_FAILED, 0, 0, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasTlsFailed"},
    {HTTP_TIMEOUT, 0, 0, ANY_WAY, NULL, GW_OUT_UNKNOWN, "MaasUnreachable"},
    {HTTP_BROKEN, 0, 0, ANY_WAY, NULL, GW_OUT_UNKNOWN, "MaasError"},
    {HTTP_PROXY_FAILED, 0, 0, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasUnreachable"},
    {HTTP_ANSWERED, 200, 299, ANY_WAY, NULL, GW_OUT_DONE, NULL},
    {HTTP_ANSWERED, 0, 199, ANY_WAY, NULL, GW_OUT_UNKNOWN, "MaasError"},
    {HTTP_ANSWERED, 401, 401, ANY_WAY, "Expired timestamp", GW_OUT_NOT_NOW, "ClockSkew"},
    /* a copy of this very request has taken effect */
    {HTTP_ANSWERED, 401, 401, ANY_WAY, "Nonce already used", GW_OUT_UNKNOWN, NULL},
    {HTTP_ANSWERED, 401, 401, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasUnauthorized"},
    {HTTP_ANSWERED, 403, 403, ANY_WAY, NULL, GW_OUT_FORBIDDEN, NULL},
    {HTTP_ANSWERED, 404, 404, ANY_WAY, NULL, GW_OUT_GONE, NULL},
    {HTTP_ANSWERED, 409, 409, WITH_RETRY_AFTER, NULL, GW_OUT_NOT_NOW, NULL},
    {HTTP_ANSWERED, 409, 409, ANY_WAY, NULL, GW_OUT_CONFLICT, NULL},
    {HTTP_ANSWERED, 429, 429, ANY_WAY, NULL, GW_OUT_NOT_NOW, "MaasError"},
    {HTTP_ANSWERED, 300, 499, ANY_WAY, NULL, GW_OUT_BAD, "MaasError"},
    {HTTP_ANSWERED, 503, 503, WITH_RETRY_AFTER, NULL, GW_OUT_NOT_NOW, NULL},
    {HTTP_ANSWERED, 500, INT_MAX, ANY_WAY, NULL, GW_OUT_UNKNOWN, "MaasError"},
};

static bool fits(const struct maas_row *row, const struct http_result *r)
{
    const size_t looked_at = r->body.len < LOOKED_AT_MAX ? r->body.len : LOOKED_AT_MAX;

    if (row->outcome != r->outcome)
        return false;
    if (r->outcome != HTTP_ANSWERED)
        return true;
    return r->status >= row->low && r->status <= row->high &&
           (row->retry_after == ANY_WAY || gw_retry_after(r) > 0) &&
           (!row->says || memmem(buf_text(&r->body), looked_at, row->says, strlen(row->says)));
}

enum gw_out gw_maas_outcome(const struct http_result *r, const char **ret_reason)
{
    for (size_t i = 0; i < COUNTOF(maas_rows); i++) {
        if (fits(&maas_rows[i], r)) {
            *ret_reason = maas_rows[i].reason;
            return maas_rows[i].out;
        }
    }
    WRONG("an answer of MAAS that no row of the law covers");
}

static const struct {
    int low, high;
    enum gw_out out;
} palette_rows[] = {
    {200, 299, GW_OUT_DONE},    {401, 401, GW_OUT_NOT_NOW}, {403, 403, GW_OUT_FORBIDDEN},
    {404, 404, GW_OUT_GONE},    {407, 408, GW_OUT_NOT_NOW}, {409, 409, GW_OUT_CONFLICT},
    {429, 429, GW_OUT_NOT_NOW}, {300, 499, GW_OUT_BAD},     {0, INT_MAX, GW_OUT_NOT_NOW},
};

enum gw_out gw_palette_outcome(const struct http_result *r)
{
    for (size_t i = 0; r->outcome == HTTP_ANSWERED && i < COUNTOF(palette_rows); i++)
        if (r->status >= palette_rows[i].low && r->status <= palette_rows[i].high)
            return palette_rows[i].out;
    return GW_OUT_NOT_NOW;
}
