/* oauth_read over any text, then the base string and signature of what was read. */
#include "lib/base/oauth.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct oauth o;
    struct url u;
    struct err e;

    if (text && oauth_read(text, &o, &e) == 0 &&
        url_read("http://maas.site:5240/MAAS", &u, &e) == 0) {
        struct buf base;
        char signature[32];
        buf_init(&base, MIB(1));
        oauth_base_string(&base, "GET", &u, NULL, NULL, &o);
        oauth_hmac_sha1(buf_text(&base), o.signature, signature, sizeof signature);
        assert(strlen(signature) == 28);
        buf_drop(&base);
    }
    free(text);
    return 0;
}
