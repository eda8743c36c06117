#include "lib/base/proxy.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <string.h>

#define MAPPED_BITS 96 /* of ::ffff:0:0 */

struct address {
    unsigned bits; /* 32, 128, or 0: this is no address */
    bool mapped;
    uint8_t bytes[16];
};

enum item_kind { ITEM_ODD, ITEM_ALL, ITEM_NAME, ITEM_BLOCK };

struct item {
    enum item_kind kind;
    int port;                     /* 0: every port */
    char name[NO_PROXY_ITEM_MAX]; /* without dots at the ends */
    struct address address;
    unsigned prefix; /* bits that count */
};

static const uint8_t mapped_ipv4[12] = {[10] = 0xff, [11] = 0xff};

/* ::ffff:10.0.0.1 is 10.0.0.1: one host must not have two answers. */
static struct address address_read(const char *text)
{
    struct address a = {0};

    if (inet_pton(AF_INET, text, a.bytes) == 1) {
        a.bits = 32;
    } else if (inet_pton(AF_INET6, text, a.bytes) == 1) {
        a.bits = 128;
        if (!memcmp(a.bytes, mapped_ipv4, sizeof(mapped_ipv4))) {
            memmove(a.bytes, a.bytes + 12, 4);
            a.bits = 32;
            a.mapped = true;
        }
    }
    return a;
}

static bool same_block(const struct address *a, const struct address *b, unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    if (a->bits != b->bits || !a->bits)
        return false;
    return !memcmp(a->bytes, b->bytes, whole) &&
           (!rest || (a->bytes[whole] & mask) == (b->bytes[whole] & mask));
}

/* Takes ":port" off the end. An IPv6 address without brackets has more than one colon and no port.
 */
static bool port_take(char *text, int *ret)
{
    char *colon = strrchr(text, ':');
    bool bracketed = *text == '[';
    int64_t port;

    if (!colon || (bracketed && strchr(colon, ']')) || (!bracketed && strchr(text, ':') != colon))
        return true;
    if (!text_int(colon + 1, 1, 65535, &port))
        return false;
    *colon = 0;
    *ret = (int)port;
    return true;
}

static bool brackets_take(char *text)
{
    size_t len = strlen(text);

    if (*text != '[')
        return true;
    if (text[len - 1] != ']')
        return false;
    memmove(text, text + 1, len - 2);
    text[len - 2] = 0;
    return strchr(text, ':');
}

/* Bits of the whole 128 for an IPv4 address that is written as an IPv6 one. */
static bool prefix_read(const char *text, const struct address *a, unsigned *ret)
{
    const unsigned before = a->mapped ? MAPPED_BITS : 0;
    int64_t prefix;

    if (!a->bits || !text_int(text, before, before + a->bits, &prefix))
        return false;
    *ret = (unsigned)prefix - before;
    return true;
}

/* [fd00::]/8 and [fd00::/8] are the same. */
static enum item_kind block_read(char *text, struct item *it)
{
    const bool around = text_ends(text, "]");
    char *slash;

    if (around && !brackets_take(text))
        return ITEM_ODD;
    slash = strchr(text, '/');
    if (slash)
        *slash = 0;
    if (!around && !brackets_take(text))
        return ITEM_ODD;
    it->address = address_read(text);
    it->prefix = it->address.bits;
    if (!slash)
        return it->address.bits ? ITEM_BLOCK : around ? ITEM_ODD : ITEM_NAME;
    return prefix_read(slash + 1, &it->address, &it->prefix) ? ITEM_BLOCK : ITEM_ODD;
}

static enum item_kind name_read(const char *text, struct item *it)
{
    size_t len;

    if (text_begins(text, "*."))
        text++;
    text += *text == '.';
    len = strlen(text);
    if (len && text[len - 1] == '.')
        len--;
    if (!len || strcspn(text, "*:/[]@") < len ||
        !text_copy_len(it->name, sizeof(it->name), text, len))
        return ITEM_ODD;
    return ITEM_NAME;
}

static struct item item_read(const char *given)
{
    struct item it = {.kind = ITEM_ODD};
    char text[NO_PROXY_ITEM_MAX];

    if (!text_copy(text, sizeof(text), given) || !port_take(text, &it.port) || !*text)
        return it;
    if (text_is(text, "*")) {
        it.kind = ITEM_ALL;
        return it;
    }
    it.kind = block_read(text, &it);
    if (it.kind == ITEM_NAME)
        it.kind = name_read(text, &it);
    return it;
}

static bool below_name(const char *host, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    if (len < name_len || (len > name_len && host[len - name_len - 1] != '.'))
        return false;
    return !strncasecmp(host + len - name_len, name, name_len);
}

static bool item_has(const struct item *it, const char *host, int port)
{
    struct address a = address_read(host);
    size_t len = strlen(host);

    if (it->port && it->port != port)
        return false;
    if (len && host[len - 1] == '.')
        len--;
    switch (it->kind) {
    case ITEM_ODD:
        return false;
    case ITEM_ALL:
        return true;
    case ITEM_NAME: /* 10.0.0.1 is not below a name "0.0.1" */
        return !a.bits && below_name(host, len, it->name);
    case ITEM_BLOCK:
        return same_block(&a, &it->address, it->prefix);
    }
    WRONG("an item of no kind");
}

/* Items stand between commas and blanks of any sort; false at the end. */
static bool item_next(const char **at, char *out, size_t size)
{
    static const char between[] = ", \t\r\n";
    size_t len;

    *at += strspn(*at, between);
    if (!**at)
        return false;
    len = strcspn(*at, between);
    if (!text_copy_len(out, size, *at, len))
        (void)text_copy(out, size, "/"); /* too long: matches nothing */
    *at += len;
    return true;
}

bool no_proxy_has(const char *list, const char *host, int port)
{
    char text[NO_PROXY_ITEM_MAX];

    while (item_next(&list, text, sizeof(text))) {
        struct item it = item_read(text);

        if (item_has(&it, host, port))
            return true;
    }
    return false;
}

bool no_proxy_odd(const char *list, char *out, size_t size)
{
    char text[NO_PROXY_ITEM_MAX];

    while (item_next(&list, text, sizeof(text)))
        if (item_read(text).kind == ITEM_ODD)
            return text_copy(out, size, text);
    return false;
}
