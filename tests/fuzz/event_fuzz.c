/* ev_json_read over any line; what was read is written and read again, with the same chain. */
#include "lib/base/event.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char chain[EV_CHAIN_LEN + 1], again_chain[EV_CHAIN_LEN + 1];
    struct buf out SCOPED(buf_drop);
    struct event event, again;
    struct err e;

    buf_init(&out, MIB(1));
    if (ev_json_read((const char *)data, size, &event, &e) == 0) {
        ev_chain(&event, "", chain);
        ev_json_write(&out, &event);
        assert(ev_json_read(buf_text(&out), out.len, &again, &e) == 0);
        ev_chain(&again, "", again_chain);
        assert(strcmp(chain, again_chain) == 0 && strcmp(event.chain, again.chain) == 0);
    }
    return 0;
}
