/* no_proxy_has over any host and list ("host\nlist"): a list names what one of its items names, and
 * with "*" it names everything; an item that is odd names nothing. */
#include "lib/base/proxy.h"

#include <stdlib.h>
#include <string.h>

#define PORT 443

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool any_item_has(const char *list, const char *host)
{
    static const char between[] = ", \t\r\n";
    bool has = false;

    for (list += strspn(list, between); *list; list += strspn(list, between)) {
        const size_t len = strcspn(list, between);
        char *item = strndup(list, len), odd[NO_PROXY_ITEM_MAX];
        bool this_has = item && no_proxy_has(item, host, PORT);

        assert(!item || !this_has || !no_proxy_odd(item, odd, sizeof(odd)));
        has = has || this_has;
        free(item);
        list += len;
    }
    return has;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *host = strndup((const char *)data, size), *list = host ? strchr(host, '\n') : NULL;
    struct buf all;

    if (list) {
        *list++ = '\0';
        assert(no_proxy_has(list, host, PORT) == any_item_has(list, host));
        buf_init(&all, size + 3);
        buf_text_add(&all, list);
        buf_text_add(&all, ",*");
        assert(no_proxy_has(buf_text(&all), host, PORT));
        buf_drop(&all);
    }
    free(host);
    return 0;
}
