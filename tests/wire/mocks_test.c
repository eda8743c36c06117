/* Both mocks as anybody starts them: options in, HTTP out, a journal at the end. */
#include "tests/test.h"

#include "lib/base/event.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/tls.h"
#include "tests/wire/program.h"
#include "tests/wire/web_client.h"

#include <signal.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGS_MAX 16
#define API_KEY  "wire-api-key-canary"
#define OAUTH                                                                                      \
    "Authorization: OAuth oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", "           \
    "oauth_consumer_key=\"cc\", oauth_token=\"tt\", oauth_signature=\"%26ss\", "                   \
    "oauth_nonce=\"n1\", oauth_timestamp=\"1782864000\"\r\n"

struct fixture {
    char dir[64], path[16][128];
    size_t n_paths;
    struct loop *loop;
    struct program mock;
    bool started;
};

static const char *in_dir(struct fixture *f, const char *name)
{
    char *path = f->path[f->n_paths++ % COUNTOF(f->path)];

    struct buf text;

    buf_init(&text, sizeof(f->path[0]) - 1);
    buf_printf(&text, "%s/%s", f->dir, name);
    assert_true(text_copy(path, sizeof(f->path[0]), buf_text(&text)));
    buf_drop(&text);
    return path;
}

static void put(struct fixture *f, const char *name, const char *text)
{
    struct err e = {0};

    must(file_write(in_dir(f, name), text, strlen(text), 0600, &e), &e);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e = {0};

    snprintf(f->dir, sizeof(f->dir), "/tmp/mocks_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    put(f, "api-key", API_KEY "\n");
    put(f, "users", "[{\"name\":\"alice\",\"key\":\"cc:tt:ss\",\"superuser\":true}]");
    must(loop_new(&f->loop, NULL, &e), &e);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"api-key",  "users",    "port",   "journal",
                                        "bad",      "ca.pem",   "ca.key", "ca.serial",
                                        "leaf.pem", "leaf.key", "state",  "state-wal"};

    if (f->started)
        program_drop(&f->mock);
    loop_free(f->loop);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)unlink(in_dir(f, names[i]));
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

/* args ends with NULL. */
static void start(struct fixture *f, const char *name, const char *const *args)
{
    const char *bin = getenv("GATEPROOF_BIN");
    char program[512], *argv[ARGS_MAX] = {program}, *envp[] = {NULL};

    snprintf(program, sizeof(program), "%s/%s", bin ? bin : "build/dev/bin", name);
    for (size_t i = 0; args[i]; i++) {
        assert_true(i + 2 < ARGS_MAX);
        memcpy(&argv[i + 1], &args[i], sizeof(args[i])); /* execve's argv has no const */
    }
    program_start(&f->mock, f->loop, program, argv, envp);
    f->started = true;
}

static int port_of(struct fixture *f)
{
    struct err e = {0};
    char text[16];
    int64_t port = 0;

    program_until_said(&f->mock, "listens on");
    must(file_read_line(in_dir(f, "port"), text, sizeof(text), &e), &e);
    assert_true(text_int(text, 1, 65535, &port));
    return (int)port;
}

static void start_palette(struct fixture *f, bool tls)
{
    const char *args[ARGS_MAX] = {"--api-key-file",  in_dir(f, "api-key"), "--port-file",
                                  in_dir(f, "port"), "--journal",          in_dir(f, "journal")};

    if (tls) {
        args[6] = "--cert";
        args[7] = in_dir(f, "leaf.pem");
        args[8] = "--key";
        args[9] = in_dir(f, "leaf.key");
    }
    start(f, "mock-palette", args);
}

static void start_maas(struct fixture *f)
{
    const char *const args[] = {"--users-file",    in_dir(f, "users"), "--port-file",
                                in_dir(f, "port"), "--journal",        in_dir(f, "journal"),
                                "--epoch",         "1782864000",       NULL};

    start(f, "mock-maas", args);
}

/* TERM: status 0, and a journal whose last record says how many came before it. */
static void ends_well(struct fixture *f, struct ev_list *journal)
{
    const struct event *last;
    struct err e = {0};

    program_signal(&f->mock, SIGTERM);
    assert_int_equal(program_exit(&f->mock), 0);
    ev_list_init(journal);
    must(journal_file_read(in_dir(f, "journal"), journal, &e), &e);
    assert_true(journal->n > 0);
    last = ev_list_at(journal, journal->n - 1);
    assert_int_equal(last->kind, EV_WRITER_END);
    assert_int_equal(ev_int(last, EVF_COUNT), journal->n - 1);
}

/* The value of "name":"…" in an answer, or of a header "Name: …". */
static void value_of(const char *answer, const char *before, char *out, size_t size)
{
    const char *at = strstr(answer, before);

    assert_non_null(at);
    at += strlen(before);
    assert_true(text_copy_len(out, size, at, strcspn(at, "\"\r\n")));
}

/* --- what a user of the programs does -------------------------------------------------------- */

static void mock_maas_answers_like_a_region(void **state)
{
    struct fixture *f = *state;
    struct ev_list journal;
    struct web w;

    start_maas(f);
    web_open(&w, f->loop, port_of(f), NULL);
    web_ask(&w, "GET /MAAS/api/2.0/version/ HTTP/1.1\r\nHost: m\r\n\r\n", "HTTP/1.1 200");
    web_ask(&w, "GET /MAAS/api/2.0/zones HTTP/1.1\r\nHost: m\r\n\r\n", "HTTP/1.1 404");
    web_ask(&w, "GET /MAAS/api/2.0/zones/ HTTP/1.1\r\nHost: m\r\n\r\n", "HTTP/1.1 401");
    assert_non_null(strstr(
        web_ask(&w, "GET /MAAS/api/2.0/users/?op=whoami HTTP/1.1\r\nHost: m\r\n" OAUTH "\r\n",
                "HTTP/1.1 200"),
        "\"username\": \"alice\""));
    web_ask(&w, "GET /MAAS/api/2.0/users/?op=whoami HTTP/1.1\r\nHost: m\r\n" OAUTH "\r\n",
            "HTTP/1.1 401"); /* the nonce is used */
    web_close(&w);
    ends_well(f, &journal);
    assert_int_equal(journal.n,
                     6 + 6); /* each machine's first state, then the calls, then the end */
    assert_true(ev_is(ev_list_at(&journal, 6 + 3), EVF_OP, "users.whoami"));
    ev_list_drop(&journal);
}

static void enrol(struct web *w, char *uid, char *token, char *cursor, size_t size)
{
    char code[64], text[1024];
    const char *answer =
        web_ask(w,
                "GET /v1/overlords/pairing/code?cloudType=maas HTTP/1.1\r\nHost: p\r\n"
                "ApiKey: " API_KEY "\r\n\r\n",
                "HTTP/1.1 200");

    value_of(answer, "\"pairingCode\":\"", code, sizeof(code));
    value_of(answer, "X-Gp-Pcg-Uid: ", uid, size);
    snprintf(text, sizeof(text),
             "{\"gatewaySecret\":\"0123456789012345678901234567890123456789012\","
             "\"pairingCode\":\"%s\",\"profile\":\"1.0\",\"version\":\"1\",\"features\":[\"pcg\"]}",
             code);
    {
        char request[2048];

        snprintf(request, sizeof(request),
                 "POST /v1/x-gp/pcg/%s/credential HTTP/1.1\r\nHost: p\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 uid, strlen(text), text);
        value_of(web_ask(w, request, "HTTP/1.1 200"), "\"token\":\"", token, size);
        snprintf(request, sizeof(request),
                 "GET /v1/x-gp/pcg/%s/feed HTTP/1.1\r\nHost: p\r\nAuthorization: %s\r\n\r\n", uid,
                 token);
        value_of(web_ask(w, request, "HTTP/1.1 200"), "\"cursor\":\"", cursor, size);
    }
}

/* A held feed costs no answer until something changes on another connection. */
static void mock_palette_holds_a_feed_until_there_is_work(void **state)
{
    static const char body[] =
        "{\"name\":\"acc1\",\"account\":{\"apiEndpoint\":\"http://10.10.0.3:5240/MAAS\","
        "\"apiKey\":\"canaryconsumer:canarytoken:canarysecret\"}}";
    struct fixture *f = *state;
    char uid[64], token[128], cursor[128], request[1024];
    struct ev_list journal;
    struct web gateway, other;
    int port;

    start_palette(f, false);
    port = port_of(f);
    web_open(&gateway, f->loop, port, NULL);
    web_open(&other, f->loop, port, NULL);
    enrol(&gateway, uid, token, cursor, sizeof(uid));
    snprintf(request, sizeof(request),
             "GET /v1/x-gp/pcg/%s/feed?waitSeconds=300&cursor=%s HTTP/1.1\r\nHost: p\r\n"
             "Authorization: %s\r\n\r\n",
             uid, cursor, token);
    web_say(&gateway, request);
    snprintf(request, sizeof(request),
             "POST /v1/overlords/maas/%s/account HTTP/1.1\r\nHost: p\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             uid, token, strlen(body), body);
    web_ask(&other, request, "HTTP/1.1 201");
    assert_non_null(strstr(web_answer(&gateway, false), "\"apiKey\":\"canaryconsumer:"));
    web_close(&gateway);
    web_close(&other);
    ends_well(f, &journal);
    ev_list_drop(&journal);
}

/* Starts mock-palette on its state, and opens a line to it. */
static void start_on_state(struct fixture *f, struct web *w)
{
    const char *const args[] = {
        "--api-key-file", in_dir(f, "api-key"), "--port-file", in_dir(f, "port"),
        "--state",        in_dir(f, "state"),   NULL};

    start(f, "mock-palette", args);
    web_open(w, f->loop, port_of(f), NULL);
}

static void die_at_once(struct fixture *f, struct web *w)
{
    program_signal(&f->mock, SIGKILL);
    assert_int_equal(program_exit(&f->mock), -SIGKILL);
    web_close(w);
    program_drop(&f->mock);
    f->started = false;
}

static void mock_palette_goes_on_after_sigkill(void **state)
{
    struct fixture *f = *state;
    char uid[64], token[128], cursor[128], request[1024];
    struct web w;

    start_on_state(f, &w);
    enrol(&w, uid, token, cursor, sizeof(uid));
    die_at_once(f, &w);
    start_on_state(f, &w);
    /* neither token nor cursor was lost: the feed is held, until waitSeconds are over */
    snprintf(request, sizeof(request),
             "GET /v1/x-gp/pcg/%s/feed?waitSeconds=0&cursor=%s HTTP/1.1\r\nHost: p\r\n"
             "Authorization: %s\r\n\r\n",
             uid, cursor, token);
    web_ask(&w, request, "HTTP/1.1 204");
    die_at_once(f, &w);
    assert_int_equal(unlink(in_dir(f, "state")), 0); /* with loss: nobody knows the gateway */
    assert_int_equal(unlink(in_dir(f, "state-wal")), 0);
    start_on_state(f, &w);
    web_ask(&w, request, "HTTP/1.1 401");
    web_close(&w);
}

/* Whether a client of just that version gets through. */
static int shakes_hands(int port, int version)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), done;
    SSL *ssl;

    SSL_CTX_set_security_level(context, 0); /* else we would refuse by ourselves */
    assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
    assert_int_equal(connect(s, (const struct sockaddr *)&at, sizeof(at)), 0);
    ssl = SSL_new(context);
    assert_int_equal(SSL_set_fd(ssl, s), 1);
    done = SSL_connect(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(s);
    return done == 1;
}

static int stand_at_any_port(int s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    assert_int_equal(bind(s, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s, 8), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void mock_palette_speaks_tls(void **state)
{
    struct fixture *f = *state;
    struct ev_list journal;
    struct err e = {0};
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct web w;

    must(tls_ca_make(f->dir, "test authority", 1700000000, 36500, &e), &e);
    must(tls_leaf_make(f->dir, "leaf", "palette.example", 1700000000, 36500, &e), &e);
    assert_int_equal(SSL_CTX_load_verify_locations(client, in_dir(f, "ca.pem"), NULL), 1);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    start_palette(f, true);
    web_open(&w, f->loop, port_of(f), client);
    web_ask(&w, "GET /v1/overlords HTTP/1.1\r\nHost: p\r\nApiKey: " API_KEY "\r\n\r\n",
            "HTTP/1.1 200");
    web_close(&w);
    ends_well(f, &journal);
    ev_list_drop(&journal);
    SSL_CTX_free(client);
}

/* GP-23: nothing older than TLS 1.2, and no byte of HTTP for whoever speaks none at all. */
static void mock_palette_speaks_no_old_tls(void **state)
{
    struct fixture *f = *state;
    struct ev_list journal;
    struct err e = {0};
    int port;

    must(tls_ca_make(f->dir, "test authority", 1700000000, 36500, &e), &e);
    must(tls_leaf_make(f->dir, "leaf", "palette.example", 1700000000, 36500, &e), &e);
    start_palette(f, true);
    port = port_of(f);
    assert_int_equal(shakes_hands(port, TLS1_1_VERSION), 0);
    assert_int_equal(shakes_hands(port, TLS1_2_VERSION), 1);
    assert_int_equal(shakes_hands(port, TLS1_3_VERSION), 1);
    ends_well(f, &journal);
    ev_list_drop(&journal);
}

/* GP-22: Palette is told where MAAS is, and does not go there: whatever a user asks is for the
 * gateway to find out. We stand at that address, and nobody comes. */
static void mock_palette_calls_nobody(void **state)
{
    struct fixture *f = *state;
    char uid[64], token[128], cursor[128], request[1024], body[256];
    struct ev_list journal;
    struct web w;
    int there = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), maas;

    maas = stand_at_any_port(there);
    start_palette(f, false);
    web_open(&w, f->loop, port_of(f), NULL);
    enrol(&w, uid, token, cursor, sizeof(uid));
    snprintf(body, sizeof(body),
             "{\"name\":\"acc1\",\"account\":{\"apiEndpoint\":\"http://127.0.0.1:%d/MAAS\","
             "\"apiKey\":\"canaryconsumer:canarytoken:canarysecret\"}}",
             maas);
    snprintf(request, sizeof(request),
             "POST /v1/overlords/maas/%s/account HTTP/1.1\r\nHost: p\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             uid, token, strlen(body), body);
    web_ask(&w, request, "HTTP/1.1 201");
    snprintf(request, sizeof(request),
             "POST /v1/overlords/maas/%s/account/validate HTTP/1.1\r\nHost: p\r\n"
             "ApiKey: " API_KEY "\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             uid, strlen(body), body);
    web_ask(&w, request, "HTTP/1.1 409"); /* the gateway is not running: nobody to ask */
    assert_int_equal(accept(there, NULL, NULL), -1);
    assert_true(errno == EAGAIN);
    close(there);
    web_close(&w);
    ends_well(f, &journal);
    ev_list_drop(&journal);
}

/* --- words and refusals ---------------------------------------------------------------------- */

struct word {
    const char *program, *option, *said;
    int status;
};

static void programs_explain_themselves_and_refuse_nonsense(void **state)
{
    static const struct word words[] = {
        {"mock-maas", "--help", "--users-file FILE", 0},
        {"mock-palette", "--help", "--state FILE", 0},
        {"mock-maas", "--routes", "/MAAS/api/2.0/users/?op=whoami", 0},
        {"mock-palette", "--routes", "/v1/x-gp/pcg/{uid}/feed", 0},
        {"mock-maas", "--show-config", "epoch", 0},
        {"mock-maas", "--user-file=x", "did you mean '--users-file'?", 3},
        {"mock-palette", "--factor=0", "--factor", 3},
        {"mock-palette", "--api-key-file=/nosuch/key", "/nosuch/key", 1},
        {"mock-maas", "--users-file=/nosuch/users", "/nosuch/users", 1},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(words); i++) {
        const char *const args[] = {words[i].option, NULL};

        start(f, words[i].program, args);
        assert_int_equal(program_exit(&f->mock), words[i].status);
        assert_non_null(strstr(buf_text(&f->mock.out), words[i].said));
        program_drop(&f->mock);
        f->started = false;
    }
}

/* A key is in a file, and stays there when the file is wrong. */
static void a_bad_users_file_is_named_and_no_key_is_shown(void **state)
{
    struct fixture *f = *state;
    const char *const args[] = {"--users-file", in_dir(f, "bad"), NULL};

    put(f, "bad", "[{\"name\":\"alice\",\"key\":\"canary-without-colons\"}]");
    start(f, "mock-maas", args);
    assert_int_equal(program_exit(&f->mock), 1);
    assert_non_null(strstr(buf_text(&f->mock.out), "[0].key: must be consumer:token:secret"));
    assert_null(strstr(buf_text(&f->mock.out), "canary-without-colons"));
}

#define MOCKS_TEST(name, ...) site_clause_test(name, set_up, tear_down, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOCKS_TEST(mock_maas_answers_like_a_region),
        MOCKS_TEST(mock_palette_holds_a_feed_until_there_is_work),
        MOCKS_TEST(mock_palette_goes_on_after_sigkill),
        MOCKS_TEST(mock_palette_speaks_tls, CLAUSE(23)),
        MOCKS_TEST(mock_palette_speaks_no_old_tls, CLAUSE(23)),
        MOCKS_TEST(mock_palette_calls_nobody, CLAUSE(22)),
        MOCKS_TEST(programs_explain_themselves_and_refuse_nonsense),
        MOCKS_TEST(a_bad_users_file_is_named_and_no_key_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
