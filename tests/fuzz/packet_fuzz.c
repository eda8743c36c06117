#include "scenarios/engine/flows.h"
#include "scenarios/engine/packet.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct packet p;
    char name[PACKET_NAME_MAX];
    struct flows *f = flows_new(4);
    (void)packet_first(bytes, len, name);
    assert(strlen(name) < sizeof(name));
    (void)flows_kind(bytes, len, name);
    assert(strlen(name) < sizeof(name));
    if (packet_read(bytes, len, &p)) {
        assert(p.len <= len);
        (void)packet_first(p.payload, p.len, name);
        (void)flows_open(f, 1, &p);
        p.seq++;
        (void)flows_first(f, 1, &p, name);
        assert(strlen(name) < sizeof(name));
    }
    flows_free(f);
    return 0;
}
