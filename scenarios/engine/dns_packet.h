/* Questions and answers of the lab's name server as bytes. Pure. RFC 1035; EDNS is ignored, which
 * RFC 6891 allows: the answer always fits into 512 bytes. */
#ifndef SCENARIOS_ENGINE_DNS_PACKET_H
#define SCENARIOS_ENGINE_DNS_PACKET_H

#include "lib/base/base.h"

#define DNS_NAME_MAX   256
#define DNS_PACKET_MAX 512
#define DNS_TTL_S      300

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };
enum dns_code { DNS_OK = 0, DNS_NO_NAME = 3, DNS_NOT_DONE = 4 };

struct dns_question {
    uint16_t id, type;
    bool recursion;          /* asked for; echoed */
    uint32_t ttl_s;          /* that the answer will give: DNS_TTL_S, unless changed */
    char name[DNS_NAME_MAX]; /* lower case, no final dot; bytes outside [a-z0-9._-] are refused */
    uint8_t bytes[DNS_NAME_MAX + 8]; /* the question as sent, to be echoed */
    size_t len;
};
/* One question of class IN in a standard query; false: nothing that deserves an answer. */
bool dns_question_read(const uint8_t *bytes, size_t len, struct dns_question *ret);

/* Writes the answer; address (host order) counts when has_address, and then the type must be A.
 * Returns its length. */
size_t dns_answer_write(const struct dns_question *q, enum dns_code code, bool has_address,
                        uint32_t address, uint8_t out[DNS_PACKET_MAX]);

#endif
