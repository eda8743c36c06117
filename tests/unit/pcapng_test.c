#include "tests/test.h"

#include "scenarios/engine/flow_log.h"
#include "scenarios/engine/pcapng.h"

#include <string.h>

/* 10.0.0.2:4711 to 203.0.113.10:443 and back: headers as RFC 791 and RFC 9293 draw them. */
static size_t made(uint8_t *out, bool back, uint32_t seq, uint8_t flags, const void *payload,
                   size_t len)
{
    static const uint8_t near[4] = {10, 0, 0, 2}, far[4] = {203, 0, 113, 10};
    const uint16_t ports[2] = {back ? 443 : 4711, back ? 4711 : 443};

    memset(out, 0, 40);
    out[0] = 0x45;
    out[2] = (uint8_t)((40 + len) >> 8);
    out[3] = (uint8_t)(40 + len);
    out[9] = 6;
    memcpy(out + 12, back ? far : near, 4);
    memcpy(out + 16, back ? near : far, 4);
    for (int i = 0; i < 2; i++) {
        out[20 + 2 * i] = (uint8_t)(ports[i] >> 8);
        out[21 + 2 * i] = (uint8_t)ports[i];
    }
    for (int i = 0; i < 4; i++)
        out[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
    out[32] = 5 << 4;
    out[33] = flags;
    memcpy(out + 40, payload, len);
    return 40 + len;
}

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static struct packet read_one(uint8_t *bytes, bool back, uint32_t seq, uint8_t flags,
                              const char *payload)
{
    struct packet p;
    const size_t len = made(bytes, back, seq, flags, payload, strlen(payload));

    assert_true(packet_read(bytes, len, &p));
    return p;
}

static void a_file_has_its_links_and_packets_and_no_keys(void **state)
{
    static const char *const links[] = {"private", "internet"};
    static const char *const payloads[] = {"\x16hello", "CONNECT a:443 HTTP/1.1\r\nProxy-Author",
                                           "GET / HTTP/1.1\r\nAuthorization: secret"};
    static const size_t kept[] = {40 + 6, 40 + 22, 40};
    struct pcapng_block b;
    struct buf file;
    size_t at = 0, n = 0;

    (void)state;
    buf_init(&file, KIB(4));
    pcapng_begin(&file, links, 2);
    for (size_t i = 0; i < COUNTOF(payloads); i++) {
        uint8_t bytes[128];
        const struct packet p = read_one(bytes, false, 1, ACK, payloads[i]);

        pcapng_packet(&file, i % 2, 1782864000123, bytes, &p);
    }
    assert_false(file.full);
    assert_null(memmem(file.data, file.len, "secret", 6));
    assert_null(memmem(file.data, file.len, "Proxy-Author", 12));
    assert_non_null(memmem(file.data, file.len, "private", 7));
    while (pcapng_next((const uint8_t *)file.data, file.len, &at, &b))
        if (b.packet != NULL) {
            assert_int_equal(b.packet_len, kept[n]);
            assert_int_equal(b.packet[0], 0x45);
            n++;
        }
    assert_int_equal(n, COUNTOF(payloads));
    assert_int_equal(at, file.len);
    /* microseconds since 1970, the upper half first, and the length that was on the wire */
    at = file.len - 12 - 20 - 40;
    assert_int_equal(*(const uint32_t *)(const void *)(file.data + at + 12),
                     UINT64_C(1782864000123000) >> 32);
    assert_int_equal(*(const uint32_t *)(const void *)(file.data + at + 24),
                     40 + strlen(payloads[2]));
    buf_drop(&file);
}

static void bytes_that_are_no_file_of_ours_end_it(void **state)
{
    static const char *const links[] = {"private"};
    struct pcapng_block b;
    struct buf file;
    size_t at = 0;

    (void)state;
    buf_init(&file, KIB(1));
    pcapng_begin(&file, links, 1);
    assert_false(pcapng_next((const uint8_t *)file.data, 11, &at, &b));
    assert_false(pcapng_next((const uint8_t *)file.data, 27, &at, &b)); /* torn */
    file.data[4] = 3;                                                   /* no whole words */
    assert_false(pcapng_next((const uint8_t *)file.data, file.len, &at, &b));
    assert_int_equal(at, 0);
    buf_drop(&file);
}

static void a_flow_is_told_whole_by_its_ends_alone(void **state)
{
    struct flow_log *f = flow_log_new();
    const struct flow_entry *x;
    uint8_t bytes[64];
    struct packet p = read_one(bytes, false, 1000, SYN, "");

    (void)state;
    flow_log_syn(f, 0, &p, true, 5);
    p.from = 0xc6336407; /* behind the NAT, on another link: 198.51.100.7 … */
    p.from_port = 1024;  /* … where its port was taken */
    flow_log_syn(f, 1, &p, false, 5);
    p = read_one(bytes, true, 7000, SYN | ACK, "");
    flow_log_turn(f, 0, &p, 6);
    p = read_one(bytes, false, 1001, ACK, "\x16");
    flow_log_first(f, 0, &p, "tls", "palette.example");
    p = read_one(bytes, false, 1501, FIN | ACK, "");
    flow_log_turn(f, 0, &p, 9000);
    p = read_one(bytes, true, 7301, FIN | ACK, "tail");
    flow_log_turn(f, 0, &p, 9001);
    p = read_one(bytes, false, 1777, RST, ""); /* late, and no news */
    flow_log_turn(f, 0, &p, 9002);
    assert_int_equal(flow_log_n(f), 1);
    x = flow_log_at(f, 0);
    assert_int_equal(x->seen_as, 0xc6336407);
    assert_int_equal(x->sent, 500);
    assert_int_equal(x->received, 304);
    assert_int_equal(x->first, 5);
    assert_int_equal(x->last, 9002);
    assert_string_equal(x->kind, "tls");
    assert_string_equal(x->name, "palette.example");
    flow_log_free(f);
}

static void a_try_that_nobody_answers_is_a_flow_of_no_bytes(void **state)
{
    struct flow_log *f = flow_log_new();
    uint8_t bytes[64];
    struct packet p = read_one(bytes, false, 1000, SYN, "");

    (void)state;
    flow_log_syn(f, 0, &p, true, 5);
    p = read_one(bytes, true, 0, RST | ACK, "");
    flow_log_turn(f, 0, &p, 6);
    assert_int_equal(flow_log_at(f, 0)->received, 0);
    assert_string_equal(flow_log_at(f, 0)->kind, "");
    for (size_t i = 1; i < FLOW_LOG_MAX + 3; i++) {
        p.from_port = (uint16_t)i;
        flow_log_syn(f, 0, &p, true, 7);
    }
    assert_int_equal(flow_log_n(f), FLOW_LOG_MAX);
    assert_int_equal(flow_log_lost(f), 3);
    flow_log_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_file_has_its_links_and_packets_and_no_keys),
        test(bytes_that_are_no_file_of_ours_end_it),
        test(a_flow_is_told_whole_by_its_ends_alone),
        test(a_try_that_nobody_answers_is_a_flow_of_no_bytes),
    };

    return run_tests(tests);
}
