#include "scenarios/engine/dns_packet.h"

#include <string.h>

#define HEADER_LEN            12
#define CLASS_IN              1
#define LABEL_MAX             63
#define FLAG_RESPONSE         0x80
#define FLAG_AUTHORITY        0x04
#define FLAG_RECURSION_WANTED 0x01
#define FLAG_RECURSION_THERE  0x80
#define OPCODE_BITS           0x78

static bool name_char(uint8_t c, char *ret)
{
    if (c >= 'A' && c <= 'Z')
        c = (uint8_t)(c + ('a' - 'A'));
    *ret = (char)c;
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* One label to the end of the name; false when it does not fit or holds something odd. */
static bool label_add(const uint8_t *bytes, size_t len, char *name, size_t *used)
{
    if (*used + len + 1 >= DNS_NAME_MAX)
        return false;
    if (*used > 0)
        name[(*used)++] = '.';
    for (size_t i = 0; i < len; i++)
        if (!name_char(bytes[i], &name[(*used)++]))
            return false;
    return true;
}

/* Returns the bytes the name takes, 0 when it is none. No pointers: a question needs none. */
static size_t name_read(const uint8_t *bytes, size_t len, char name[DNS_NAME_MAX])
{
    size_t at = 0, used = 0;
    while (at < len && bytes[at] != 0) {
        size_t label = bytes[at];
        if (label > LABEL_MAX || at + 1 + label >= len ||
            !label_add(bytes + at + 1, label, name, &used))
            return 0;
        at += 1 + label;
    }
    name[used] = '\0';
    return at < len && used > 0 ? at + 1 : 0;
}

bool dns_question_read(const uint8_t *bytes, size_t len, struct dns_question *ret)
{
    struct dns_question q = {0};
    if (len < HEADER_LEN + 5 || (bytes[2] & (FLAG_RESPONSE | OPCODE_BITS)) != 0 || bytes[4] != 0 ||
        bytes[5] != 1)
        return false;
    size_t name = name_read(bytes + HEADER_LEN, len - HEADER_LEN, q.name);
    if (name == 0 || HEADER_LEN + name + 4 > len)
        return false;
    const uint8_t *tail = bytes + HEADER_LEN + name;
    if (tail[2] != 0 || tail[3] != CLASS_IN)
        return false;
    q.id = (uint16_t)(bytes[0] << 8 | bytes[1]);
    q.type = (uint16_t)(tail[0] << 8 | tail[1]);
    q.ttl_s = DNS_TTL_S;
    q.recursion = (bytes[2] & FLAG_RECURSION_WANTED) != 0;
    q.len = name + 4;
    assert(q.len <= sizeof(q.bytes));
    memcpy(q.bytes, bytes + HEADER_LEN, q.len);
    *ret = q;
    return true;
}

static size_t put16(uint8_t *out, size_t at, uint32_t value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
    return at + 2;
}

static size_t put32(uint8_t *out, size_t at, uint32_t value)
{
    return put16(out, put16(out, at, value >> 16), value & 0xffff);
}

size_t dns_answer_write(const struct dns_question *q, enum dns_code code, bool has_address,
                        uint32_t address, uint8_t out[DNS_PACKET_MAX])
{
    size_t at = put16(out, 0, q->id);
    assert(!has_address || (q->type == DNS_A && code == DNS_OK));
    out[at++] = FLAG_RESPONSE | FLAG_AUTHORITY | (q->recursion ? FLAG_RECURSION_WANTED : 0);
    out[at++] = (uint8_t)(FLAG_RECURSION_THERE | (unsigned)code);
    at = put16(out, at, 1);
    at = put16(out, at, has_address ? 1 : 0);
    at = put32(out, at, 0);
    memcpy(out + at, q->bytes, q->len);
    at += q->len;
    if (!has_address)
        return at;
    at = put16(out, at, 0xc000 | HEADER_LEN); /* the name of the question */
    at = put16(out, at, DNS_A);
    at = put16(out, at, CLASS_IN);
    at = put32(out, at, q->ttl_s);
    at = put16(out, at, 4);
    return put32(out, at, address);
}
