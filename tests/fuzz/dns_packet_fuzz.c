#include "scenarios/engine/dns_packet.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct dns_question q;
    uint8_t out[DNS_PACKET_MAX];
    if (!dns_question_read(bytes, len, &q))
        return 0;
    assert(strlen(q.name) < sizeof(q.name));
    assert(dns_answer_write(&q, DNS_OK, q.type == DNS_A, 0x01020304, out) <= sizeof(out));
    assert(dns_answer_write(&q, DNS_NO_NAME, false, 0, out) <= sizeof(out));
    return 0;
}
