#include "scenarios/judge/handed.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <string.h>
#include <strings.h>

void handed_param(const char *params, const char *name, bool is_rest, char *out, size_t size)
{
    const size_t len = strlen(name);
    const char *at = params;

    out[0] = '\0';
    while (at && *at != '\0') {
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            at += len + 1;
            (void)text_copy_len(out, size, at, is_rest ? strlen(at) : strcspn(at, " "));
            return;
        }
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
}

bool handed_read(const struct event *boot, struct handed *ret)
{
    const char *params = ev_text(boot, EVF_PARAMS);
    const struct {
        const char *name;
        char *to;
        size_t size;
        bool is_rest;
    } rows[] = {
        {"endpoint", ret->endpoint, sizeof(ret->endpoint), false},
        {"proxy", ret->proxy, sizeof(ret->proxy), false},
        {"proxy-sum", ret->https_sum, sizeof(ret->https_sum), false},
        {"http-proxy-sum", ret->http_sum, sizeof(ret->http_sum), false},
        {"environment", ret->environment, sizeof(ret->environment), false},
        {"containerd", ret->containerd, sizeof(ret->containerd), false},
        {"no-proxy", ret->no_proxy, sizeof(ret->no_proxy), true},
    };

    if (boot->kind != EV_NODE_BOOT)
        return false;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        handed_param(params, rows[i].name, rows[i].is_rest, rows[i].to, rows[i].size);
    if (text_is(ret->no_proxy, "none"))
        ret->no_proxy[0] = '\0';
    return ret->endpoint[0] != '\0' && !text_is(ret->endpoint, "none");
}

bool handed_no_proxy(const struct handed *h)
{
    return text_is(h->proxy, "none") && text_is(h->environment, "none") &&
           text_is(h->containerd, "none");
}

static bool is_sum(const char *sum, const char *value)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    digest_sha256(value, strlen(value), digest);
    text_hex(digest, sizeof(digest), hex);
    return strlen(sum) >= 8 && text_begins(hex, sum);
}

bool handed_has(const struct handed *h, const char *name, const char *value)
{
    if (!text_is(h->environment, "same") || !text_is(h->containerd, "same"))
        return false;
    if (text_is(name, "HTTPS_PROXY"))
        return is_sum(h->https_sum, value);
    if (text_is(name, "HTTP_PROXY"))
        return is_sum(h->http_sum, value);
    return text_is(name, "NO_PROXY") && text_is(h->no_proxy, value);
}

bool handed_host_is(const char *url, const char *host)
{
    const char *scheme = strstr(url, "://");
    const char *at = scheme ? scheme + 3 : url;
    const size_t len = strlen(host);

    return strncasecmp(at, host, len) == 0 && (at[len] == '\0' || strchr(":/", at[len]));
}

/* --- lists of exceptions ---------------------------------------------------------------------- */

bool handed_next(const char **at, char *out, size_t size)
{
    size_t len;

    *at += strspn(*at, ", ");
    len = strcspn(*at, ", ");
    (void)text_copy_len(out, size, *at, len);
    *at += len;
    return len > 0;
}

/* "10.10.0.3": four numbers below 256, and nothing behind them but `end`. */
static bool address_read(const char *text, char end, uint32_t *ret)
{
    uint32_t address = 0;

    for (int part = 0; part < 4; part++) {
        const size_t len = strspn(text, "0123456789");
        char digits[4];
        int64_t number;

        if (!text_copy_len(digits, sizeof(digits), text, len) ||
            !text_int(digits, 0, 255, &number) || text[len] != (part < 3 ? '.' : end))
            return false;
        address = address << 8 | (uint32_t)number;
        text += len + 1;
    }
    *ret = address;
    return true;
}

/* An IPv4 block covers its addresses, and never a name. */
static bool block_covers(const char *block, const char *what)
{
    const char *slash = strchr(block, '/');
    uint32_t net, address;
    int64_t bits;

    return slash && text_int(slash + 1, 0, 32, &bits) && address_read(block, '/', &net) &&
           address_read(what, '\0', &address) && (bits == 0 || (net ^ address) >> (32 - bits) == 0);
}

static bool item_covers(const char *item, const char *what)
{
    const char *domain = item + (text_begins(item, "*.") ? 2 : item[0] == '.');
    const size_t len = strlen(domain), all = strlen(what);

    if (text_is(item, "*") || block_covers(item, what))
        return true;
    if (len == 0 || len > all || strcasecmp(what + all - len, domain) != 0)
        return false;
    return all == len || what[all - len - 1] == '.';
}

bool handed_covers(const char *list, const char *what)
{
    char item[HANDED_WORD_MAX];

    while (handed_next(&list, item, sizeof(item)))
        if (item_covers(item, what))
            return true;
    return false;
}

bool handed_lists(const char *list, const char *wanted)
{
    char item[HANDED_WORD_MAX];

    while (handed_next(&list, item, sizeof(item)))
        if (text_is_nocase(item, wanted))
            return true;
    return false;
}
