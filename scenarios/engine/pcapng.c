#include "scenarios/engine/pcapng.h"

#include <string.h>

#define SECTION       0x0a0d0d0a
#define BYTE_ORDER_IS 0x1a2b3c4d
#define INTERFACE     1
#define PACKET        6
#define RAW_IP        101
#define OPTION_NAME   2
#define BLOCK_MIN     12 /* type, length, and the length again */
#define PACKET_HEAD   20 /* interface, time in two halves, kept, and how long it was */
#define TLS_HANDSHAKE 0x16

/* In the byte order of whoever writes: the section's head tells which. */
static void put16(struct buf *out, uint16_t value)
{
    buf_add(out, &value, sizeof value);
}

static void put32(struct buf *out, uint32_t value)
{
    buf_add(out, &value, sizeof value);
}

static void put_padded(struct buf *out, const void *bytes, size_t len)
{
    static const uint8_t zeros[4];

    buf_add(out, bytes, len);
    buf_add(out, zeros, -len & 3);
}

static size_t padded(size_t len)
{
    return len + (-len & 3);
}

void pcapng_begin(struct buf *out, const char *const *links, size_t n)
{
    put32(out, SECTION);
    put32(out, 28);
    put32(out, BYTE_ORDER_IS);
    put16(out, 1);
    put16(out, 0);
    put32(out, UINT32_MAX); /* the section's length is not told */
    put32(out, UINT32_MAX);
    put32(out, 28);
    for (size_t i = 0; i < n; i++) {
        const size_t name = strlen(links[i]), len = 28 + padded(name);

        put32(out, INTERFACE);
        put32(out, (uint32_t)len);
        put16(out, RAW_IP);
        put16(out, 0);
        put32(out, 0); /* no limit */
        put16(out, OPTION_NAME);
        put16(out, (uint16_t)name);
        put_padded(out, links[i], name);
        put32(out, 0); /* end of options */
        put32(out, (uint32_t)len);
    }
}

/* How much of a payload tells no secret. */
static size_t harmless(const uint8_t *payload, size_t len)
{
    static const char connect[] = "CONNECT ";
    size_t n = 0;

    if (len > 0 && payload[0] == TLS_HANDSHAKE)
        return len;
    if (len < strlen(connect) || memcmp(payload, connect, strlen(connect)) != 0)
        return 0;
    while (n < len && payload[n] != '\r' && payload[n] != '\n')
        n++;
    return n;
}

void pcapng_packet(struct buf *out, size_t link, ms_t t, const uint8_t *bytes,
                   const struct packet *p)
{
    const size_t head = (size_t)(p->payload - bytes), kept = head + harmless(p->payload, p->len);
    const uint32_t len = (uint32_t)(BLOCK_MIN + PACKET_HEAD + padded(kept));
    const uint64_t us = (uint64_t)t * 1000;

    put32(out, PACKET);
    put32(out, len);
    put32(out, (uint32_t)link);
    put32(out, (uint32_t)(us >> 32));
    put32(out, (uint32_t)us);
    put32(out, (uint32_t)kept);
    put32(out, (uint32_t)(head + p->len));
    put_padded(out, bytes, kept);
    put32(out, len);
}

static uint32_t word_at(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

bool pcapng_next(const uint8_t *bytes, size_t len, size_t *at, struct pcapng_block *ret)
{
    const uint8_t *block = bytes + *at;
    const size_t left = len - *at;
    size_t n;

    if (left < BLOCK_MIN)
        return false;
    n = word_at(block + 4);
    if (n < BLOCK_MIN || n > left || (n & 3) != 0 || word_at(block + n - 4) != n)
        return false;
    *ret = (struct pcapng_block){.bytes = block, .len = n};
    *at += n;
    if (word_at(block) != PACKET)
        return true;
    if (n < BLOCK_MIN + PACKET_HEAD || word_at(block + 20) > n - BLOCK_MIN - PACKET_HEAD)
        return false;
    ret->packet = block + 28;
    ret->packet_len = word_at(block + 20);
    return true;
}
