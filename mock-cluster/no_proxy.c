#include "mock-cluster/no_proxy.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <arpa/inet.h>
#include <string.h>

#define ITEM_MAX 256
#define BITS_V4  32

static bool address_read(const char *text, uint32_t *ret)
{
    uint8_t bytes[4];

    if (inet_pton(AF_INET, text, bytes) != 1)
        return false;
    *ret = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

static bool in_net(char *item, const char *host)
{
    char *slash = strchr(item, '/');
    uint32_t net, address, mask;
    int64_t bits;

    if (!slash || !text_int(slash + 1, 0, BITS_V4, &bits))
        return false;
    *slash = '\0';
    if (!address_read(item, &net) || !address_read(host, &address))
        return false;
    mask = bits ? ~UINT32_C(0) << (BITS_V4 - bits) : 0;
    return (net & mask) == (address & mask);
}

bool cluster_no_proxy(const char *list, const char *host)
{
    char item[ITEM_MAX];

    while (text_next(&list, ',', item, sizeof item)) {
        if (text_is(item, "*") || text_is_nocase(item, host))
            return true;
        if (item[0] == '.' && (text_ends(host, item) || text_is_nocase(host, item + 1)))
            return true;
        if (in_net(item, host))
            return true;
    }
    return false;
}

const char *cluster_proxy_for(const struct agent_config *c, enum agent_target target)
{
    struct url u;

    if (target == AGENT_MAAS || !c->proxy.https[0] || url_read(c->palette.url, &u, NULL) < 0 ||
        cluster_no_proxy(c->proxy.no_proxy, u.host))
        return NULL;
    return c->proxy.https;
}
