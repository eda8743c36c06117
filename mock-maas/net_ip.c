/* Addresses as numbers and back. */
#include "mock-maas/net.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <string.h>

bool maas_ip_read(const char *text, uint32_t *ret)
{
    uint32_t ip = 0;
    int64_t part;
    char word[4];

    for (int i = 0; i < 4; i++) {
        const size_t len = strspn(text, "0123456789");

        if (len == 0 || !text_copy_len(word, sizeof(word), text, len) ||
            !text_int(word, 0, 255, &part) || text[len] != (i < 3 ? '.' : '\0'))
            return false;
        ip = ip << 8 | (uint32_t)part;
        text += len + (i < 3);
    }
    *ret = ip;
    return true;
}

void maas_ip_write(uint32_t ip, char ret[static MAAS_IP_MAX])
{
    struct buf out SCOPED(buf_drop) = {0};

    buf_init(&out, MAAS_IP_MAX - 1);
    buf_printf(&out, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xff, ip >> 8 & 0xff, ip & 0xff);
    text_copy(ret, MAAS_IP_MAX, buf_text(&out));
}

bool maas_ip_is_v6(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon && strchr(colon + 1, ':') && strlen(text) < MAAS_IP_MAX &&
           text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0';
}

bool maas_cidr_read(const char *text, uint32_t *ret_network, uint32_t *ret_broadcast, int *bits)
{
    const char *slash = strchr(text, '/');
    char address[MAAS_IP_MAX];
    uint32_t ip, host;
    int64_t n;

    if (!slash || !text_copy_len(address, sizeof(address), text, (size_t)(slash - text)) ||
        !maas_ip_read(address, &ip) || !text_int(slash + 1, 0, 32, &n))
        return false;
    host = n == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - n)) - 1);
    *ret_network = ip & ~host;
    *ret_broadcast = ip | host;
    *bits = (int)n;
    return true;
}

/* Six pairs of digits; ':' or '-' between them, always the same. */
bool maas_mac_is(const char *text)
{
    const char between = strlen(text) == 17 ? text[2] : '\0';

    if (between != ':' && between != '-')
        return false;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != between : !isxdigit((unsigned char)text[i]))
            return false;
    return true;
}
