/* url_read over any text; what was read is written and read again, and must be the same. */
#include "lib/base/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct url u, again;
    struct err e;

    if (text && url_read(text, &u, &e) == 0) {
        struct buf origin;
        buf_init(&origin, URL_MAX);
        url_origin_write(&u, &origin);
        assert(url_read(buf_text(&origin), &again, &e) == 0);
        assert(strcmp(u.host, again.host) == 0 && u.port == again.port && u.https == again.https);
        buf_drop(&origin);
    }
    free(text);
    return 0;
}
