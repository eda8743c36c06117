#include "scenarios/engine/hello.h"

#include <string.h>

#define RECORD_HANDSHAKE 0x16
#define CLIENT_HELLO     1
#define RANDOM_LEN       32
#define KEY_LEN          32 /* X25519 */

enum extension {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_SIGNATURES = 13,
    EXT_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
};

static void put8(struct buf *b, unsigned v)
{
    buf_char_add(b, (char)v);
}

static void put16(struct buf *b, unsigned v)
{
    put8(b, v >> 8 & 255);
    put8(b, v & 255);
}

static void put_random(struct buf *b, size_t len, struct rng *rng)
{
    for (size_t i = 0; i < len; i++)
        put8(b, (unsigned)(rng_next(rng) & 255));
}

/* Keeps room for a length; close16() fills it in when what it counts is there. */
static size_t open16(struct buf *b)
{
    put16(b, 0);
    return b->len;
}

static void close16(struct buf *b, size_t begin)
{
    size_t n = b->len - begin;

    b->data[begin - 2] = (char)(n >> 8);
    b->data[begin - 1] = (char)(n & 255);
}

static bool is_number(const char *host)
{
    return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static void server_name(struct buf *b, const char *host)
{
    size_t all, list, name;

    put16(b, EXT_SERVER_NAME);
    all = open16(b);
    list = open16(b);
    put8(b, 0); /* a host name */
    name = open16(b);
    buf_text_add(b, host);
    close16(b, name);
    close16(b, list);
    close16(b, all);
}

static void key_share(struct buf *b, struct rng *rng)
{
    size_t all, list, key;

    put16(b, EXT_KEY_SHARE);
    all = open16(b);
    list = open16(b);
    put16(b, 0x001d);
    key = open16(b);
    put_random(b, KEY_LEN, rng);
    close16(b, key);
    close16(b, list);
    close16(b, all);
}

static void extensions(struct buf *b, const char *host, struct rng *rng)
{
    static const uint8_t fixed[] = {
        0, EXT_GROUPS,     0, 4, 0, 2,    0x00, 0x1d,                         /* x25519 */
        0, EXT_SIGNATURES, 0, 8, 0, 6,    0x04, 0x03, 0x08, 0x04, 0x04, 0x01, /* ecdsa, pss, rsa */
        0, EXT_VERSIONS,   0, 5, 4, 0x03, 0x04, 0x03, 0x03,                   /* 1.3, 1.2 */
    };
    size_t all = open16(b);

    if (!is_number(host))
        server_name(b, host);
    buf_add(b, fixed, sizeof fixed);
    key_share(b, rng);
    close16(b, all);
}

void hello_write(struct buf *out, const char *host, struct rng *rng)
{
    static const uint8_t suites[] = {0, 6, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 1, 0};
    size_t record, hello;

    put8(out, RECORD_HANDSHAKE);
    put16(out, 0x0301);
    record = open16(out);
    put8(out, CLIENT_HELLO);
    put8(out, 0);
    hello = open16(out);
    put16(out, 0x0303);
    put_random(out, RANDOM_LEN, rng);
    put8(out, 0); /* no session to resume */
    buf_add(out, suites, sizeof suites);
    extensions(out, host, rng);
    close16(out, hello);
    close16(out, record);
}
