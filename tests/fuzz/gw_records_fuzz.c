/* The records of a state directory, whoever wrote them: the gateway starts with them or says why
 * not, and what it writes itself can be read again. Input: one byte says which record, then its
 * bytes up to a zero; and so on. */
#include "gateway/core.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 32

static const char *const keys[] = {"identity", "pairing", "account", "cluster.c1", "cluster.c2"};

static size_t records_read(const uint8_t *data, size_t size, struct gw_record *out)
{
    size_t n = 0;

    while (size > 1 && n < RECORDS_MAX) {
        const uint8_t *zero = memchr(data + 1, 0, size - 1);
        const size_t len = zero ? (size_t)(zero - data - 1) : size - 1;
        char *bytes = calloc(1, len + 1); /* as the store gives them: a zero after each */

        if (!bytes)
            abort();
        memcpy(bytes, data + 1, len);
        snprintf(out[n].key, sizeof out[n].key, "%s", keys[data[0] % COUNTOF(keys)]);
        out[n].bytes = bytes;
        out[n++].len = len;
        data += 1 + len + (zero != NULL);
        size -= 1 + len + (zero != NULL);
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gw_config config = {.palette_url = "https://palette.example",
                                            .pcg_uid = "g1",
                                            .pairing_code = "code",
                                            .version = "1",
                                            .features = GW_FEATURES};
    struct gw_record records[RECORDS_MAX] = {0};
    struct gw_event start = {.kind = GW_EV_START, .config = &config, .records = records};
    struct gw_event time = {.kind = GW_EV_TIME, .time = HOURS(100)};
    static struct gw_effects effects; /* once: it is large */
    struct gw_effects *fx = &effects;
    struct gw *g = gw_new();
    struct buf out;

    start.n_records = records_read(data, size, records);
    buf_init(&out, MIB(1));
    gw_effects_init(fx);
    gw_step(g, &start, fx);
    gw_effects_drop(fx);
    gw_effects_init(fx);
    gw_step(g, &time, fx);
    gw_effects_drop(fx);
    gw_describe(g, &out);
    assert(!out.full);
    buf_drop(&out);
    gw_free(g);
    for (size_t i = 0; i < start.n_records; i++)
        free((char *)records[i].bytes);
    return 0;
}
