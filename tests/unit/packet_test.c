#include "tests/test.h"

#include "lib/base/base.h"
#include "scenarios/engine/flows.h"
#include "scenarios/engine/hello.h"
#include "scenarios/engine/packet.h"

#include <string.h>

/* An IPv4 TCP packet without options. */
static size_t make(uint8_t *out, uint8_t flags, uint32_t seq, const void *payload, size_t len)
{
    static const uint8_t head[40] = {0x45, 0,  0, 0, 0,   0, 0x40, 0,  64,   6,    0, 0,
                                     10,   10, 0, 2, 203, 0, 113,  10, 0x9c, 0x40, 1, 0xbb};
    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), payload, len);
    out[2] = (uint8_t)((sizeof(head) + len) >> 8);
    out[3] = (uint8_t)(sizeof(head) + len);
    for (int i = 0; i < 4; i++)
        out[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
    out[32] = 5 << 4;
    out[33] = flags;
    return sizeof(head) + len;
}

enum { SYN = 0x02, ACK = 0x10 };

/* A ClientHello with one suite and the name; returns its length. */
static size_t hello(uint8_t *out, const char *name)
{
    size_t n = strlen(name), at = 0;
    const uint8_t begin[] = {0x16, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
    memcpy(out, begin, sizeof(begin));
    at = sizeof(begin);
    memset(out + at, 7, 32);
    at += 32;
    const uint8_t middle[] = {0,
                              0,
                              2,
                              0x13,
                              0x01,
                              1,
                              0,
                              0,
                              (uint8_t)(n + 9),
                              0,
                              0,
                              0,
                              (uint8_t)(n + 5),
                              0,
                              (uint8_t)(n + 3),
                              0,
                              0,
                              (uint8_t)n};
    memcpy(out + at, middle, sizeof(middle));
    at += sizeof(middle);
    memcpy(out + at, name, n);
    at += n;
    out[4] = (uint8_t)(at - 5);
    out[8] = (uint8_t)(at - 9);
    return at;
}

static void a_syn_is_read_with_its_ends(void **state)
{
    uint8_t bytes[64];
    struct packet p;
    char text[16];
    (void)state;
    size_t len = make(bytes, SYN, 77, "", 0);
    assert_true(packet_read(bytes, len, &p));
    assert_true(p.syn && !p.ack);
    assert_int_equal(p.seq, 77);
    assert_int_equal(p.from_port, 40000);
    assert_int_equal(p.to_port, 443);
    packet_address_write(p.to, text, sizeof(text));
    assert_text(text, "203.0.113.10");
}

/* Evidence must never be read beyond what the kernel handed over. */
static void every_cut_packet_is_refused_or_shorter(void **state)
{
    uint8_t bytes[64];
    struct packet p;
    (void)state;
    size_t len = make(bytes, ACK, 1, "GET / HTTP/1.1\r\n", 16);
    for (size_t i = 0; i < len; i++)
        if (packet_read(bytes, i, &p))
            assert_true(p.len == i - 40);
    bytes[6] = 0x20; /* a fragment */
    assert_false(packet_read(bytes, len, &p));
}

/* Short frames are padded to 60 bytes: padding is no first word of a flow. */
static void padding_is_no_payload(void **state)
{
    uint8_t bytes[80] = {0};
    struct packet p;
    (void)state;
    make(bytes, SYN, 1, "", 0);
    assert_true(packet_read(bytes, 60, &p));
    assert_int_equal(p.len, 0);
}

static void the_name_of_a_client_hello_is_found(void **state)
{
    uint8_t bytes[256];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = hello(bytes, "palette.example");
    assert_int_equal(packet_first(bytes, len, name), FIRST_TLS);
    assert_text(name, "palette.example");
    for (size_t i = 6; i < len; i++) { /* cut anywhere it is still a hello */
        assert_int_equal(packet_first(bytes, i, name), FIRST_TLS);
        assert_true(strlen(name) <= strlen("palette.example"));
    }
}

static void odd_bytes_in_a_name_empty_it(void **state)
{
    uint8_t bytes[256];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = hello(bytes, "pal\x1b[31m");
    assert_int_equal(packet_first(bytes, len, name), FIRST_TLS);
    assert_text(name, "");
}

static void first_words_have_their_kinds(void **state)
{
    static const struct {
        const char *bytes, *name;
        enum first_kind kind;
    } rows[] = {
        {"CONNECT palette.example:443 HTTP/1.1\r\n", "palette.example:443", FIRST_CONNECT},
        {"CONNECT palette", "", FIRST_CONNECT},
        {"GET /MAAS/ HTTP/1.1\r\n", "", FIRST_HTTP},
        {"SSH-2.0-x\r\n", "", FIRST_OTHER},
        {"GETX", "", FIRST_OTHER},
        {"\x16\x03", "", FIRST_OTHER},
    };
    char name[PACKET_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
        assert_int_equal(packet_first(bytes, strlen(rows[i].bytes), name), rows[i].kind);
        assert_text(name, rows[i].name);
    }
}

static struct packet packet_of(uint8_t *bytes, uint8_t flags, uint32_t seq, const void *payload,
                               size_t len)
{
    struct packet p;
    assert_true(packet_read(bytes, make(bytes, flags, seq, payload, len), &p));
    return p;
}

/* A try is one first SYN: the kernel's repetitions of an unanswered one are the same try. */
static void a_repeated_syn_counts_once(void **state)
{
    uint8_t bytes[64];
    struct flows *f = flows_new(16);
    (void)state;
    struct packet p = packet_of(bytes, SYN, 100, "", 0);
    assert_true(flows_open(f, 0, &p));
    assert_false(flows_open(f, 0, &p));
    assert_true(flows_open(f, 1, &p)); /* another link sees it too */
    p.seq = 200;                       /* the same ports, later, anew */
    assert_true(flows_open(f, 0, &p));
    flows_free(f);
}

static void only_the_first_payload_tells_the_kind(void **state)
{
    uint8_t bytes[256], words[256];
    char name[PACKET_NAME_MAX];
    struct flows *f = flows_new(16);
    (void)state;
    struct packet p = packet_of(bytes, SYN, 100, "", 0);
    flows_open(f, 0, &p);
    size_t len = hello(words, "palette.example");
    p = packet_of(bytes, ACK, 150, words, len); /* not the first byte of the flow */
    assert_null(flows_first(f, 0, &p, name));
    p = packet_of(bytes, ACK, 101, words, len);
    assert_text(flows_first(f, 0, &p, name), "tls");
    assert_text(name, "palette.example");
    assert_null(flows_first(f, 0, &p, name));
    flows_free(f);
}

/* A proxy may ask for a password first: the flow is known by the hello that follows in the end. */
static void a_tunnel_is_known_by_its_target(void **state)
{
    static const char ask[] = "CONNECT palette.example:443 HTTP/1.1\r\n\r\n";
    uint8_t bytes[256], words[256];
    char name[PACKET_NAME_MAX];
    struct flows *f = flows_new(16);
    (void)state;
    struct packet p = packet_of(bytes, SYN, 100, "", 0);
    flows_open(f, 0, &p);
    p = packet_of(bytes, ACK, 101, ask, sizeof(ask) - 1);
    assert_null(flows_first(f, 0, &p, name));
    p = packet_of(bytes, ACK, 200, ask, sizeof(ask) - 1);
    assert_null(flows_first(f, 0, &p, name));
    size_t len = hello(words, "inner.example");
    p = packet_of(bytes, ACK, 300, words, len);
    assert_text(flows_first(f, 0, &p, name), "connect+tls");
    assert_text(name, "palette.example:443");
    flows_free(f);
}

/* The table is bounded: a flood of flows makes room by forgetting the oldest, nothing else. */
static void a_flood_forgets_the_oldest(void **state)
{
    uint8_t bytes[64];
    struct flows *f = flows_new(16);
    (void)state;
    struct packet p = packet_of(bytes, SYN, 100, "", 0);
    for (uint16_t port = 1; port < 2000; port++) {
        p.from_port = port;
        assert_true(flows_open(f, 0, &p));
    }
    assert_false(flows_open(f, 0, &p));
    flows_free(f);
}

/* --- what the simulator's clients send ------------------------------------------------------ */

static size_t real_hello(uint8_t *out, size_t size, const char *host)
{
    struct rng rng;
    struct buf b;
    rng_seed(&rng, 7);
    buf_init(&b, size);
    hello_write(&b, host, &rng);
    size_t len = b.len;
    assert_false(b.full);
    memcpy(out, b.data, len);
    buf_drop(&b);
    return len;
}

static size_t read24(const uint8_t *at)
{
    return (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
}

/* Both lengths cover exactly what is there: a real server would take the record for whole. */
static void a_written_hello_is_whole_and_names_its_host(void **state)
{
    uint8_t bytes[512];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = real_hello(bytes, sizeof(bytes), "palette.example");
    assert_int_equal((size_t)bytes[3] << 8 | bytes[4], len - 5);
    assert_int_equal(read24(bytes + 6), len - 9);
    assert_text(flows_kind(bytes, len, name), "tls");
    assert_text(name, "palette.example");
    len = real_hello(bytes, sizeof(bytes), "203.0.113.10"); /* RFC 6066: never an address */
    assert_text(flows_kind(bytes, len, name), "tls");
    assert_text(name, "");
}

/* A segment may end anywhere: what is there of a hello never becomes another kind with a name. */
static void a_torn_hello_is_tls_or_other_and_never_http(void **state)
{
    uint8_t bytes[512];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = real_hello(bytes, sizeof(bytes), "palette.example");
    assert_null(flows_kind(bytes, 0, name));
    for (size_t i = 1; i < len; i++) {
        assert_text(flows_kind(bytes, i, name), i < 6 ? "other" : "tls");
        assert_true(strncmp(name, "palette.example", strlen(name)) == 0);
    }
}

/* One bit wrong in any place reads nothing outside and invents no HTTP. */
static void a_spoilt_hello_stays_in_its_bounds(void **state)
{
    uint8_t bytes[512], spoilt[512];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = real_hello(bytes, sizeof(bytes), "palette.example");
    for (size_t i = 0; i < len * 8; i++) {
        memcpy(spoilt, bytes, len);
        spoilt[i / 8] ^= (uint8_t)(1 << i % 8);
        const char *kind = flows_kind(spoilt, len, name);
        assert_non_null(kind);
        assert_string_not_equal(kind, "http");
        assert_string_not_equal(kind, "connect+tls");
        assert_true(strlen(name) < PACKET_NAME_MAX);
    }
}

/* What follows a CONNECT decides, however many answers of 407 came before. */
static void a_stream_through_a_proxy_is_known_by_what_follows(void **state)
{
    static const char ask[] = "CONNECT palette.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
                      get[] = "GET / HTTP/1.1\r\n\r\n";
    const size_t n = sizeof(ask) - 1;
    uint8_t hello_bytes[512], bytes[1024];
    char name[PACKET_NAME_MAX];
    (void)state;
    size_t len = real_hello(hello_bytes, sizeof(hello_bytes), "inner.example");
    memcpy(bytes, ask, n);
    assert_null(flows_kind(bytes, n, name));
    assert_null(flows_kind(bytes, n - 3, name)); /* a head that has not ended */
    memcpy(bytes + n, hello_bytes, len);
    assert_text(flows_kind(bytes, n + len, name), "connect+tls");
    assert_text(name, "palette.example:443");
    memmove(bytes + 2 * n, bytes + n, len);
    memcpy(bytes + n, ask, n);
    assert_text(flows_kind(bytes, 2 * n + len, name), "connect+tls");
    memcpy(bytes + n, get, sizeof(get) - 1); /* in the clear after all: no tunnel of TLS */
    assert_null(flows_kind(bytes, n + sizeof(get) - 1, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_syn_is_read_with_its_ends),
        test(every_cut_packet_is_refused_or_shorter),
        test(padding_is_no_payload),
        test(the_name_of_a_client_hello_is_found),
        test(odd_bytes_in_a_name_empty_it),
        test(first_words_have_their_kinds),
        test(a_repeated_syn_counts_once),
        test(only_the_first_payload_tells_the_kind),
        test(a_tunnel_is_known_by_its_target),
        test(a_flood_forgets_the_oldest),
        test(a_written_hello_is_whole_and_names_its_host),
        test(a_torn_hello_is_tls_or_other_and_never_http),
        test(a_spoilt_hello_stays_in_its_bounds),
        test(a_stream_through_a_proxy_is_known_by_what_follows),
    };
    return run_tests(tests);
}
