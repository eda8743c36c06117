/* The gateway as a service: SIGHUP, a proxy that opens TLS, logs, metrics, health and status. None
 * of them shows a secret, and none of them opens what was closed. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "tests/wire/raw_server.h"
#include "tests/wire/two_mocks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONF_MAX KIB(4)

struct fixture {
    struct two_mocks m;
    struct program pcg, other;
    struct raw_server proxy;
    bool has_proxy;
    struct tls_server *tls;
    char conf[CONF_MAX];
};

static void conf_write(struct fixture *f, const char *more)
{
    snprintf(f->conf, sizeof(f->conf),
             "palette-url = %s\npalette-ca-file = %s\npcg-uid = %s\nmaas-url = %s\n"
             "state-dir = %s\nsecrets-dir = %s\nlisten = unix:%s\n%s\n",
             f->has_proxy ? "https://palette.example" : f->m.palette_url,
             two_mocks_path(&f->m, "anchors.pem"), f->m.uid, f->m.maas_url,
             two_mocks_path(&f->m, "state"), two_mocks_path(&f->m, "secrets"),
             two_mocks_path(&f->m, "peek"), more);
    two_mocks_write(&f->m, "conf", f->conf);
}

static void anchors_are(struct fixture *f, const char *of)
{
    SCOPED(buf_drop) struct buf pem = {.max = KIB(64)};
    struct err e;

    must(file_read(two_mocks_path(&f->m, of), &pem, &e), &e);
    two_mocks_write(&f->m, "anchors.pem", buf_text(&pem));
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;

    two_mocks_start(&f->m, 0);
    must(file_mkdirs(two_mocks_path(&f->m, "state"), 0700, &e), &e);
    must(file_mkdirs(two_mocks_path(&f->m, "secrets"), 0700, &e), &e);
    two_mocks_write(&f->m, "secrets/maas-key", CANARY_KEY "\n");
    two_mocks_write(&f->m, "secrets/pairing-code", f->m.code);
    anchors_are(f, "ca.pem");
    conf_write(f, "");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    assert_null(strstr(buf_text(&f->pcg.out), CANARY)); /* whatever the test was about */
    assert_null(strstr(buf_text(&f->pcg.out), f->m.code));
    program_drop(&f->pcg);
    program_drop(&f->other);
    if (f->has_proxy)
        raw_server_stop(&f->proxy);
    tls_server_free(f->tls);
    two_mocks_stop(&f->m);
    free(f);
    return 0;
}

static void runs(struct fixture *f)
{
    const char *const words[] = {"--config-file", two_mocks_path(&f->m, "conf"), "run", NULL};

    two_mocks_launch(&f->m, &f->pcg, "gateproof-pcg", words);
}

static void ends_well(struct fixture *f)
{
    program_signal(&f->pcg, SIGTERM);
    assert_int_equal(program_exit(&f->pcg), 0);
}

/* --- SIGHUP (GP-15) -------------------------------------------------------------------------- */

static void a_new_key_goes_to_palette_without_a_restart(void **state)
{
    struct fixture *f = *state;

    runs(f);
    program_until_said(&f->pcg, "is made");
    two_mocks_write(&f->m, "secrets/maas-key", CANARY_OTHER "\n");
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, "SIGHUP: configuration, secrets and anchors are read again");
    program_until_said(&f->pcg, "the cloud account has the new address and key");
    ends_well(f);
}

/* The certificate's authority was not known; after the reload it is, and the link comes up. */
static void new_anchors_hold_without_a_restart(void **state)
{
    struct fixture *f = *state;

    anchors_are(f, "other/ca.pem");
    runs(f);
    program_until_said(&f->pcg, "tls-failed");
    anchors_are(f, "ca.pem");
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, "registered with Palette");
    ends_well(f);
}

static void refused(struct fixture *f, const char *sentence)
{
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, sentence);
    program_until_said(&f->pcg, "; nothing was changed");
    buf_clear(&f->pcg.out);
}

/* All or nothing, and never less trust than before. */
static void what_cannot_be_used_changes_nothing(void **state)
{
    struct fixture *f = *state;

    runs(f);
    program_until_said(&f->pcg, "is made");
    conf_write(f, "no-such-option = 1");
    refused(f, "no option 'no-such-option'");
    conf_write(f, "");
    two_mocks_write(&f->m, "anchors.pem", "no certificate\n");
    refused(f, "holds no certificate");
    anchors_are(f, "ca.pem");
    two_mocks_write(&f->m, "secrets/maas-key", "canary\n");
    refused(f, "maas-key has not the form");
    two_mocks_write(&f->m, "secrets/maas-key", CANARY_KEY "\n");
    snprintf(f->m.uid, sizeof(f->m.uid), "somebody-else");
    conf_write(f, "");
    refused(f, "GP_PCG_UID has changed, which a running gateway cannot: restart it");
    ends_well(f);
}

/* --- a proxy that opens TLS (GP-26, GP-104) ----------------------------------------------------
 */

static void inspected(struct fixture *f, const char *more)
{
    SCOPED(buf_drop) struct buf text = {.max = KIB(2)};
    struct err e;

    must(tls_server_new(&f->tls, two_mocks_path(&f->m, "other/leaf.pem"),
                        two_mocks_path(&f->m, "other/leaf.key"), &e),
         &e);
    f->proxy.tls = f->tls;
    f->proxy.connect_answer = "HTTP/1.1 200 Connection established\r\n\r\n";
    raw_server_start(&f->proxy, f->m.loop);
    f->has_proxy = true;
    buf_printf(&text, "https-proxy = http://user:canary@127.0.0.1:%d\n", f->proxy.port);
    if (*more)
        buf_printf(&text, "proxy-ca-file = %s\n", two_mocks_path(&f->m, more));
    conf_write(f, buf_text(&text));
    runs(f);
}

static void an_inspecting_proxy_gets_nothing_without_its_authority(void **state)
{
    struct fixture *f = *state;

    inspected(f, "");
    program_until_said(&f->pcg, "tls-failed, through the proxy 127.0.0.1:");
    assert_null(strstr(buf_text(&f->proxy.seen), "POST"));
    assert_null(strstr(buf_text(&f->proxy.seen), f->m.code));
    ends_well(f);
}

static void an_inspecting_proxy_works_with_its_authority(void **state)
{
    struct fixture *f = *state;

    inspected(f, "other/ca.pem");
    while (!strstr(buf_text(&f->proxy.seen), "POST /v1/x-gp/pcg/") && !f->pcg.out_of_patience)
        loop_once(f->m.loop);
    assert_non_null(strstr(buf_text(&f->proxy.seen), "POST /v1/x-gp/pcg/"));
    ends_well(f);
}

/* Another authority's file is as good as none. */
static void an_inspecting_proxy_gets_nothing_with_another_authority(void **state)
{
    struct fixture *f = *state;

    inspected(f, "ca.pem");
    program_until_said(&f->pcg, "tls-failed, through the proxy 127.0.0.1:");
    assert_null(strstr(buf_text(&f->proxy.seen), "POST"));
    ends_well(f);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void every_line_of_a_json_log_is_an_object(void **state)
{
    struct fixture *f = *state;
    char text[1024], line[2048];
    const char *at;
    size_t n = 0;

    conf_write(f, "log-format = json\nlog-level = debug");
    runs(f);
    program_until_said(&f->pcg, "is made");
    ends_well(f);
    for (at = buf_text(&f->pcg.out); *at; at += strlen(line) + 1, n++) {
        static const char *const members[] = {"time", "level", "who", "message"};

        assert_true(text_copy_len(line, sizeof(line), at, strcspn(at, "\n")));
        for (size_t i = 0; i < COUNTOF(members); i++)
            assert_true(jx_pick(line, strlen(line), members[i], text, sizeof(text)));
    }
    assert_true(n >= 3);
}

/* --- metrics and health ------------------------------------------------------------------------
 */

static const char *peek(struct fixture *f, const char *request)
{
    static char answer[KIB(32)];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    ssize_t n;

    assert_true(fd >= 0);
    assert_true(text_copy(at.sun_path, sizeof(at.sun_path), two_mocks_path(&f->m, "peek")));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
        len += (size_t)n;
    answer[len] = '\0';
    close(fd);
    assert_null(strstr(answer, CANARY));
    return answer;
}

static void metrics_and_health_are_there_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    const char *answer;

    runs(f);
    program_until_said(&f->pcg, "is made");
    answer = peek(f, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(text_begins(answer, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer, "\ngateproof_pcg_registered 1\n"));
    assert_non_null(strstr(answer, "\ngateproof_pcg_account_settled 1\n"));
    answer = peek(f, "GET /healthz HTTP/1.1\r\n\r\n");
    assert_true(text_begins(answer, "HTTP/1.1 200 "));
    assert_true(text_ends(answer, "\r\n\r\nok\n"));
    assert_true(text_begins(peek(f, "GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 "));
    assert_true(text_begins(peek(f, "POST /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 "));
    ends_well(f);
    assert_false(file_exists(two_mocks_path(&f->m, "peek")));
}

/* A request without an end, and one without a beginning, cost a place for a while and no more. */
static void a_request_too_long_is_hung_up_on(void **state)
{
    static char endless[KIB(8)];
    struct fixture *f = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char byte;
    int fd;

    runs(f);
    program_until_said(&f->pcg, "is made");
    memset(endless, 'a', sizeof(endless));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(text_copy(at.sun_path, sizeof(at.sun_path), two_mocks_path(&f->m, "peek")));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    (void)!send(fd, endless, sizeof(endless), MSG_NOSIGNAL);
    assert_true(read(fd, &byte, 1) <= 0);
    close(fd);
    assert_true(text_begins(peek(f, "GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 "));
    ends_well(f);
}

static void without_palette_the_health_answer_is_503_and_says_why(void **state)
{
    struct fixture *f = *state;
    const char *answer;

    runs(f);
    program_until_said(&f->pcg, "is made");
    program_signal(&f->m.palette, SIGKILL);
    program_until_said(&f->pcg, "no answer from Palette");
    answer = peek(f, "GET /healthz HTTP/1.1\r\n\r\n");
    assert_true(text_begins(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "Palette does not answer the feed"));
    ends_well(f);
}

static void nothing_listens_unless_it_is_configured(void **state)
{
    struct fixture *f = *state;
    char *listen;

    conf_write(f, "");
    listen = strstr(f->conf, "listen = ");
    *listen = '#';
    two_mocks_write(&f->m, "conf", f->conf);
    runs(f);
    program_until_said(&f->pcg, "is made");
    assert_false(file_exists(two_mocks_path(&f->m, "peek")));
    ends_well(f);
}

/* --- status ------------------------------------------------------------------------------------
 */

/* As a full table of files looks from inside: nothing can be opened, and what is open goes on. */
static void descriptors_are(const struct fixture *f, rlim_t n)
{
    struct rlimit files;

    assert_int_equal(prlimit(f->pcg.pid, RLIMIT_NOFILE, NULL, &files), 0);
    files.rlim_cur = n;
    assert_int_equal(prlimit(f->pcg.pid, RLIMIT_NOFILE, &files, NULL), 0);
}

static void without_descriptors_nothing_changes_and_with_them_work_goes_on(void **state)
{
    struct fixture *f = *state;

    runs(f);
    program_until_said(&f->pcg, "is made");
    descriptors_are(f, 3);
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, "Too many open files; nothing was changed");
    descriptors_are(f, 512);
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, "SIGHUP: configuration, secrets and anchors are read again");
    ends_well(f);
}

static int told(struct fixture *f, const char *word)
{
    const char *const words[] = {"--config-file", two_mocks_path(&f->m, "conf"), word, NULL};
    int code;

    program_drop(&f->other);
    two_mocks_launch(&f->m, &f->other, "gateproof-pcg", words);
    code = program_exit(&f->other);
    assert_null(strstr(buf_text(&f->other.out), CANARY));
    return code;
}

static void status_tells_running_from_stopped_and_linked_from_not(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(told(f, "status"), 1);
    assert_non_null(strstr(buf_text(&f->other.out), "no gateway has been here"));
    anchors_are(f, "other/ca.pem");
    runs(f);
    program_until_said(&f->pcg, "tls-failed");
    assert_int_equal(told(f, "status"), 4);
    assert_non_null(strstr(buf_text(&f->other.out), "the link to Palette is down"));
    anchors_are(f, "ca.pem");
    program_signal(&f->pcg, SIGHUP);
    program_until_said(&f->pcg, "is made");
    while (told(f, "status") != 0 && !f->pcg.out_of_patience)
        ;
    assert_non_null(strstr(buf_text(&f->other.out), "a gateway is running in "));
    assert_non_null(strstr(buf_text(&f->other.out), "tls-failed")); /* among the last troubles */
    ends_well(f);
    assert_int_equal(told(f, "status"), 3);
    assert_non_null(strstr(buf_text(&f->other.out), "no gateway is running in "));
    assert_non_null(strstr(buf_text(&f->other.out), ": it was stopped; what follows was so then"));
    assert_non_null(strstr(buf_text(&f->other.out), "in Palette as configured"));
}

/* Killed, and then its records are damaged: both are said, and nothing is made worse by asking. */
static void status_tells_a_dead_gateway_from_a_stopped_one(void **state)
{
    struct fixture *f = *state;
    SCOPED(buf_drop) struct buf before = {.max = MIB(4)}, after = {.max = MIB(4)};
    struct err e;

    runs(f);
    program_until_said(&f->pcg, "is made");
    program_signal(&f->pcg, SIGKILL);
    assert_int_equal(program_exit(&f->pcg), -SIGKILL);
    assert_int_equal(told(f, "status"), 3);
    assert_non_null(strstr(buf_text(&f->other.out), ": it ended without being stopped"));
    assert_non_null(strstr(buf_text(&f->other.out), "clusters in work, from the records: none"));

    two_mocks_write(&f->m, "state/state.db", "SQLite format 3");
    must(file_read(two_mocks_path(&f->m, "state/state.db"), &before, &e), &e);
    assert_int_equal(told(f, "status"), 1);
    assert_non_null(strstr(buf_text(&f->other.out), "link: "));
    assert_non_null(strstr(buf_text(&f->other.out), "is damaged"));
    assert_non_null(strstr(buf_text(&f->other.out), "put a copy back"));
    must(file_read(two_mocks_path(&f->m, "state/state.db"), &after, &e), &e);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
}

/* What it last said of itself is half: what the records say is still told. */
static void a_status_file_that_cannot_be_read_is_said(void **state)
{
    struct fixture *f = *state;

    runs(f);
    program_until_said(&f->pcg, "is made");
    ends_well(f);
    two_mocks_write(&f->m, "state/status.json", "{\"version\":");
    assert_int_equal(told(f, "status"), 3);
    assert_non_null(strstr(buf_text(&f->other.out), "what it last said of itself cannot be read"));
    assert_non_null(strstr(buf_text(&f->other.out), "clusters in work, from the records: none"));
}

static void every_command_has_its_help(void **state)
{
    static const char *const names[] = {"run", "check-config", "status", "metrics", "install"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(names); i++) {
        const char *const words[] = {names[i], "--help", NULL};
        char begin[64];

        snprintf(begin, sizeof(begin), "gateproof-pcg %s: ", names[i]);
        program_drop(&f->other);
        two_mocks_launch(&f->m, &f->other, "gateproof-pcg", words);
        assert_int_equal(program_exit(&f->other), 0);
        assert_true(text_begins(buf_text(&f->other.out), begin));
        assert_non_null(strstr(buf_text(&f->other.out), "Exit code"));
    }
}

#define story(name, ...) site_clause_test(name, set_up, tear_down, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_new_key_goes_to_palette_without_a_restart, CLAUSE(15), CLAUSE(39), F(14)),
        story(new_anchors_hold_without_a_restart, CLAUSE(15), F(24)),
        story(what_cannot_be_used_changes_nothing, CLAUSE(15)),
        story(an_inspecting_proxy_gets_nothing_without_its_authority, CLAUSE(26), CLAUSE(104),
              F(5)),
        story(an_inspecting_proxy_works_with_its_authority, CLAUSE(26), F(5)),
        story(an_inspecting_proxy_gets_nothing_with_another_authority),
        story(every_line_of_a_json_log_is_an_object),
        story(metrics_and_health_are_there_and_nothing_else),
        story(a_request_too_long_is_hung_up_on),
        story(without_palette_the_health_answer_is_503_and_says_why),
        story(nothing_listens_unless_it_is_configured, CLAUSE(19)),
        story(without_descriptors_nothing_changes_and_with_them_work_goes_on),
        story(status_tells_running_from_stopped_and_linked_from_not),
        story(a_status_file_that_cannot_be_read_is_said),
        story(status_tells_a_dead_gateway_from_a_stopped_one),
        story(every_command_has_its_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
