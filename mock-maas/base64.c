/* Standard base64, padded. Line breaks are skipped when reading, as Python does. */
#include "mock-maas/model.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool maas_base64_read(const char *text, struct buf *out)
{
    uint32_t bits = 0;
    size_t n = 0, pad = 0;

    for (; *text; text++) {
        const char *at = strchr(letters, *text);

        if (*text == '\n' || *text == '\r')
            continue;
        if (*text == '=') {
            pad++;
            continue;
        }
        if (!at || pad > 0)
            return false;
        bits = bits << 6 | (uint32_t)(at - letters);
        if (++n % 4 != 1)
            buf_char_add(out, (char)(bits >> (6 - 2 * ((n - 1) % 4)) & 0xff));
    }
    return (n + pad) % 4 == 0 && pad <= 2 && n % 4 != 1;
}

void maas_base64_write(const void *bytes, size_t len, struct buf *out)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t bits = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                              (left > 2 ? p[i + 2] : 0);

        buf_char_add(out, letters[bits >> 18]);
        buf_char_add(out, letters[bits >> 12 & 63]);
        buf_char_add(out, left > 1 ? letters[bits >> 6 & 63] : '=');
        buf_char_add(out, left > 2 ? letters[bits & 63] : '=');
    }
}
