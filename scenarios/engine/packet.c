#include "scenarios/engine/packet.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define IP_HEADER_MIN  20
#define TCP_HEADER_MIN 20
#define IP_TCP         6
#define TCP_FIN        0x01
#define TCP_SYN        0x02
#define TCP_RST        0x04
#define TCP_ACK        0x10

#define TLS_HANDSHAKE          0x16
#define TLS_CLIENT_HELLO       1
#define TLS_RECORD_HEADER      5
#define TLS_HANDSHAKE_HEADER   4
#define TLS_RANDOM_AND_VERSION 34
#define TLS_SERVER_NAME        0
#define TLS_HOST_NAME          0

static uint32_t read16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t read32(const uint8_t *at)
{
    return read16(at) << 16 | read16(at + 2);
}

static bool tcp_read(const uint8_t *bytes, size_t len, struct packet *ret)
{
    if (len < TCP_HEADER_MIN)
        return false;
    size_t header = (size_t)(bytes[12] >> 4) * 4;
    if (header < TCP_HEADER_MIN || header > len)
        return false;
    ret->from_port = (uint16_t)read16(bytes);
    ret->to_port = (uint16_t)read16(bytes + 2);
    ret->seq = read32(bytes + 4);
    ret->fin = (bytes[13] & TCP_FIN) != 0;
    ret->syn = (bytes[13] & TCP_SYN) != 0;
    ret->rst = (bytes[13] & TCP_RST) != 0;
    ret->ack = (bytes[13] & TCP_ACK) != 0;
    ret->payload = bytes + header;
    ret->len = len - header;
    return true;
}

bool packet_read(const uint8_t *bytes, size_t len, struct packet *ret)
{
    struct packet p = {0};
    if (len < IP_HEADER_MIN || bytes[0] >> 4 != 4 || bytes[9] != IP_TCP)
        return false;
    size_t header = (size_t)(bytes[0] & 15) * 4, total = read16(bytes + 2);
    if (header < IP_HEADER_MIN || header > len || (read16(bytes + 6) & 0x3fff) != 0)
        return false;
    /* Padding of short frames is cut; a huge segment may say 0. */
    if (total >= header && total < len)
        len = total;
    p.from = read32(bytes + 12);
    p.to = read32(bytes + 16);
    if (!tcp_read(bytes + header, len - header, &p))
        return false;
    *ret = p;
    return true;
}

/* --- the first words ---------------------------------------------------------------------------
 */

/* Bytes not read yet. A length that leads outside empties it: what follows finds nothing. */
struct span {
    const uint8_t *at;
    size_t len;
};

static void skip(struct span *s, size_t n)
{
    n = n < s->len ? n : s->len;
    s->at += n;
    s->len -= n;
}

static uint32_t take(struct span *s, size_t bytes)
{
    uint32_t value = 0;
    if (s->len < bytes) {
        skip(s, s->len);
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | s->at[i];
    skip(s, bytes);
    return value;
}

/* A vector with a length in front; cut to what is there. */
static struct span take_vector(struct span *s, size_t length_bytes)
{
    size_t n = take(s, length_bytes);
    struct span v = {s->at, n < s->len ? n : s->len};
    skip(s, n);
    return v;
}

static void name_copy(const uint8_t *bytes, size_t len, char name[PACKET_NAME_MAX])
{
    name[0] = '\0';
    if (len >= PACKET_NAME_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] <= ' ' || bytes[i] > '~')
            return;
    memcpy(name, bytes, len);
    name[len] = '\0';
}

static void server_name(struct span extension, char name[PACKET_NAME_MAX])
{
    struct span list = take_vector(&extension, 2);
    while (list.len > 0) {
        uint32_t type = take(&list, 1);
        struct span host = take_vector(&list, 2);
        if (type == TLS_HOST_NAME) {
            name_copy(host.at, host.len, name);
            return;
        }
    }
}

static bool client_hello(struct span s, char name[PACKET_NAME_MAX])
{
    if (s.len < TLS_RECORD_HEADER + 1 || s.at[0] != TLS_HANDSHAKE || s.at[1] != 3 ||
        s.at[TLS_RECORD_HEADER] != TLS_CLIENT_HELLO)
        return false;
    skip(&s, TLS_RECORD_HEADER + TLS_HANDSHAKE_HEADER + TLS_RANDOM_AND_VERSION);
    take_vector(&s, 1); /* session */
    take_vector(&s, 2); /* cipher suites */
    take_vector(&s, 1); /* compression */
    struct span extensions = take_vector(&s, 2);
    while (extensions.len > 0) {
        uint32_t type = take(&extensions, 2);
        struct span e = take_vector(&extensions, 2);
        if (type == TLS_SERVER_NAME && e.len > 0) {
            server_name(e, name);
            break;
        }
    }
    return true;
}

static const char *const methods[] = {"GET ",   "POST ",  "PUT ",     "DELETE ", "HEAD ",
                                      "PATCH ", "TRACE ", "OPTIONS ", "PRI "};

static bool begins(const uint8_t *bytes, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && memcmp(bytes, word, n) == 0;
}

static enum first_kind http_kind(const uint8_t *bytes, size_t len, char name[PACKET_NAME_MAX])
{
    if (begins(bytes, len, "CONNECT ")) {
        struct span s = {bytes, len};
        skip(&s, strlen("CONNECT "));
        const uint8_t *end = memchr(s.at, ' ', s.len);
        if (end != NULL)
            name_copy(s.at, (size_t)(end - s.at), name);
        return FIRST_CONNECT;
    }
    for (size_t i = 0; i < COUNTOF(methods); i++)
        if (begins(bytes, len, methods[i]))
            return FIRST_HTTP;
    return FIRST_OTHER;
}

enum first_kind packet_first(const uint8_t *bytes, size_t len, char name[PACKET_NAME_MAX])
{
    name[0] = '\0';
    if (client_hello((struct span){bytes, len}, name))
        return FIRST_TLS;
    return http_kind(bytes, len, name);
}

void packet_address_write(uint32_t address, char *out, size_t size)
{
    snprintf(out, size, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
             address & 255);
}
