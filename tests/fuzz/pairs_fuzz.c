/* pairs_read over any bytes; what was read is written and read again, and must be the same. */
#include "lib/base/url.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pairs first, again;
    struct err e;
    struct buf text;
    size_t i;

    if (pairs_read((const char *)data, size, &first, &e) < 0)
        return 0;
    buf_init(&text, 3 * size + 4 * PAIRS_MAX);
    for (i = 0; i < first.n; i++)
        pairs_write(&text, first.at[i].name, first.at[i].value);
    assert(!text.full);
    if (pairs_read(buf_text(&text), text.len, &again, &e) < 0)
        WRONG("what pairs_write wrote cannot be read");
    assert(first.n == again.n);
    for (i = 0; i < first.n; i++)
        assert(strcmp(first.at[i].name, again.at[i].name) == 0 &&
               strcmp(first.at[i].value, again.at[i].value) == 0);
    pairs_drop(&first);
    pairs_drop(&again);
    buf_drop(&text);
    return 0;
}
