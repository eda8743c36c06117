/* Two worlds of time that are not ours: both programs a month ahead by a preloaded library, with a
 * certificate made now. What the gateway then refuses shows that its whole process, OpenSSL
 * included, sees one time (GP-104). The programs are those of the release build: a program built
 * with a sanitizer cannot be preloaded. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/call.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/tls.h"
#include "tests/wire/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
#define API_KEY  "the-user-s-key"
#define TEXT_MAX 512
#define ENV_MAX  16

struct fixture {
    char dir[64], bin[256];
    struct loop *loop;
    struct dns *dns;
    struct caller *user;
    struct program palette, gateway;
    char url[64], uid[64];
    bool answered;
    struct ev_list journal;
};

static const char *in_dir(const struct fixture *f, const char *name)
{
    static char path[8][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", f->dir, name);
    return path[i];
}

static void write_text(const char *path, const char *text)
{
    struct err e;

    must(file_write(path, text, strlen(text), 0600, &e), &e);
}

/* --- programs -------------------------------------------------------------------------------- */

static void program_is_there(const struct fixture *f, const char *name)
{
    char path[TEXT_MAX];

    snprintf(path, sizeof(path), "%s/%s", f->bin, name);
    if (access(path, X_OK) < 0)
        fail_msg("%s is not there: build it by 'cmake --preset release && cmake --build --preset "
                 "release', or set GATEPROOF_RELEASE_BIN",
                 path);
}

/* Both lists end with NULL; variables are "NAME=VALUE". */
static void launch(struct fixture *f, struct program *p, const char *name,
                   const char *const *arguments, const char *const *variables, const char *faketime)
{
    static char texts[2 * ENV_MAX][TEXT_MAX];
    char *argv[ENV_MAX] = {NULL}, *envp[ENV_MAX] = {NULL}, path[TEXT_MAX];
    size_t n = 0, n_argv = 0, n_envp = 0;

    snprintf(path, sizeof(path), "%s/%s", f->bin, name);
    argv[n_argv++] = path;
    for (; *arguments; arguments++) {
        snprintf(texts[n], TEXT_MAX, "%s", *arguments);
        argv[n_argv++] = texts[n++];
    }
    for (; *variables; variables++) {
        snprintf(texts[n], TEXT_MAX, "%s", *variables);
        envp[n_envp++] = texts[n++];
    }
    if (faketime) {
        snprintf(texts[n], TEXT_MAX, "LD_PRELOAD=" LIBRARY);
        envp[n_envp++] = texts[n++];
        snprintf(texts[n], TEXT_MAX, "FAKETIME=%s", faketime);
        envp[n_envp++] = texts[n++];
    }
    assert_true(n_argv < ENV_MAX && n_envp < ENV_MAX);
    program_start(p, f->loop, path, argv, envp);
}

/* The library's leftovers of a process that ended without its say. */
static void end_and_clean(struct program *p)
{
    char path[64];
    pid_t pid = p->pid;

    program_drop(p);
    snprintf(path, sizeof(path), "/dev/shm/faketime_shm_%d", (int)pid);
    (void)!unlink(path);
    snprintf(path, sizeof(path), "/dev/shm/sem.faketime_sem_%d", (int)pid);
    (void)!unlink(path);
}

static void palette_start(struct fixture *f, const char *faketime)
{
    static const char ready[] = "listens on ";
    const char *const arguments[] = {"--listen",
                                     "127.0.0.1:0",
                                     "--cert",
                                     in_dir(f, "leaf.pem"),
                                     "--key",
                                     in_dir(f, "leaf.key"),
                                     "--api-key-file",
                                     in_dir(f, "api-key"),
                                     "--journal",
                                     in_dir(f, "journal"),
                                     NULL};
    const char *const variables[] = {"LANG=C.UTF-8", NULL};
    const char *url;

    launch(f, &f->palette, "mock-palette", arguments, variables, faketime);
    program_until_said(&f->palette, "/v1\n");
    url = strstr(buf_text(&f->palette.out), ready);
    assert_non_null(url);
    url += sizeof(ready) - 1;
    assert_true(text_copy_len(f->url, sizeof(f->url), url, strcspn(url, "\n") - strlen("/v1")));
}

static void gateway_start(struct fixture *f, const char *faketime)
{
    char state[TEXT_MAX], secrets[TEXT_MAX], url[TEXT_MAX], ca[TEXT_MAX], uid[TEXT_MAX];
    const char *const arguments[] = {"run", NULL};
    const char *const variables[] = {
        "GP_CONTRACT=1", "GP_FEATURES=pcg", state, secrets, url, ca, uid, NULL};

    snprintf(state, sizeof(state), "GP_STATE_DIR=%s", in_dir(f, "state"));
    snprintf(secrets, sizeof(secrets), "GP_SECRETS_DIR=%s", in_dir(f, "secrets"));
    snprintf(url, sizeof(url), "GP_PALETTE_URL=%s", f->url);
    snprintf(ca, sizeof(ca), "GP_PALETTE_CA_FILE=%s", in_dir(f, "ca.pem"));
    snprintf(uid, sizeof(uid), "GP_PCG_UID=%s", f->uid);
    launch(f, &f->gateway, "gateproof-pcg", arguments, variables, faketime);
}

/* --- the user -------------------------------------------------------------------------------- */

static void on_code(void *arg, const struct http_result *r)
{
    struct fixture *f = arg;
    char code[64];

    assert_int_equal(r->outcome, HTTP_ANSWERED);
    assert_int_equal(r->status, 200);
    assert_true(jx_pick(r->body.data, r->body.len, "pairingCode", code, sizeof(code)));
    assert_true(http_header_get(&r->headers, "X-Gp-Pcg-Uid", f->uid, sizeof(f->uid)));
    write_text(in_dir(f, "secrets/pairing-code"), code);
    f->answered = true;
}

/* A person pairs the gateway; this test lives now, where the certificate is good. */
static void pair(struct fixture *f)
{
    struct call_config config = {.ca_file = in_dir(f, "ca.pem")};
    struct http_call rq;
    struct err e;

    must(caller_new(&f->user, f->loop, f->dns, &config, &e), &e);
    http_call_init(&rq, "GET");
    url_join(&rq.url, f->url, "/v1/overlords/pairing/code?cloudType=maas");
    http_header_add(&rq.headers, "ApiKey", API_KEY);
    rq.timeout_ms = SECONDS(10);
    call_start(f->user, &rq, on_code, f);
    http_call_drop(&rq);
    while (!f->answered && !f->palette.out_of_patience)
        loop_once(f->loop);
    assert_true(f->answered);
}

/* Ends both in good order; the journal is the mock's word on what reached it. */
static void end(struct fixture *f)
{
    struct err e;

    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(program_exit(&f->gateway), 0);
    program_signal(&f->palette, SIGTERM);
    assert_int_equal(program_exit(&f->palette), 0);
    must(journal_file_read(in_dir(f, "journal"), &f->journal, &e), &e);
}

static size_t count(const struct fixture *f, enum ev_kind kind, enum ev_field field,
                    const char *value)
{
    size_t n = 0;

    for (size_t i = 0; i < f->journal.n; i++) {
        const struct event *ev = ev_list_at(&f->journal, i);

        n += ev->kind == kind && ev_is(ev, field, value);
    }
    return n;
}

/* --- fixture --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *bin = getenv("GATEPROOF_RELEASE_BIN");
    int64_t now = clk_realtime_s();
    struct err e;

    snprintf(f->bin, sizeof(f->bin), "%s", bin && *bin ? bin : "build/release/bin");
    program_is_there(f, "gateproof-pcg");
    program_is_there(f, "mock-palette");
    if (access(LIBRARY, R_OK) < 0)
        fail_msg(LIBRARY " is not there: install the package libfaketime");
    snprintf(f->dir, sizeof(f->dir), "/tmp/faketime_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    must(file_mkdirs(in_dir(f, "state"), 0700, &e), &e);
    must(file_mkdirs(in_dir(f, "secrets"), 0700, &e), &e);
    must(tls_ca_make(f->dir, "ours", now - 3600, 3650, &e), &e);
    must(tls_leaf_make(f->dir, "leaf", "127.0.0.1", now - 3600, 30, &e), &e);
    write_text(in_dir(f, "api-key"), API_KEY);
    must(loop_new(&f->loop, NULL, &e), &e);
    must(dns_new(&f->dns, f->loop, &e), &e);
    ev_list_init(&f->journal);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"state/state.db",
                                        "state/state.db-wal",
                                        "state/state.db-shm",
                                        "state/lock",
                                        "state/status.json",
                                        "journal",
                                        "secrets/pairing-code",
                                        "ca.pem",
                                        "ca.key",
                                        "ca.serial",
                                        "leaf.pem",
                                        "leaf.key",
                                        "api-key"};
    static const char *const folders[] = {"state", "secrets", ""};
    struct fixture *f = *state;

    caller_free(f->user);
    dns_free(f->dns);
    end_and_clean(&f->palette);
    end_and_clean(&f->gateway);
    loop_free(f->loop);
    ev_list_drop(&f->journal);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_dir(f, names[i]));
    for (size_t i = 0; i < COUNTOF(folders); i++)
        (void)!rmdir(in_dir(f, folders[i]));
    free(f);
    return 0;
}

/* --- stories --------------------------------------------------------------------------------- */

/* The control: the same programs and certificate, a month earlier. */
static void today_the_gateway_registers(void **state)
{
    struct fixture *f = *state;

    palette_start(f, NULL);
    pair(f);
    gateway_start(f, NULL);
    program_until_said(&f->gateway, "registered with Palette");
    end(f);
    assert_int_equal(count(f, EV_PAL_ENROL, EVF_ACCEPTED, "1"), 1);
    assert_int_equal(count(f, EV_PAL_REGISTER, EVF_ACCEPTED, "1"), 1);
}

static void a_month_ahead_the_expired_certificate_is_refused(void **state)
{
    struct fixture *f = *state;

    palette_start(f, "+31d");
    pair(f);
    gateway_start(f, "+31d");
    program_until_said(&f->gateway, http_outcome_name(HTTP_TLS_FAILED));
    end(f);
    assert_int_equal(count(f, EV_PAL_CALL, EVF_OP, "pairing-code"), 1);
    assert_int_equal(count(f, EV_PAL_CALL, EVF_WHO, "gateway"), 0);
    assert_int_equal(count(f, EV_PAL_ENROL, EVF_ACCEPTED, "0"), 0);
    assert_int_equal(count(f, EV_PAL_ENROL, EVF_ACCEPTED, "1"), 0);
}

/* The library alone does no harm: the refusal above is the month's doing. */
static void a_week_ahead_the_gateway_registers(void **state)
{
    struct fixture *f = *state;

    palette_start(f, "+7d");
    pair(f);
    gateway_start(f, "+7d");
    program_until_said(&f->gateway, "registered with Palette");
    end(f);
    assert_int_equal(count(f, EV_PAL_REGISTER, EVF_ACCEPTED, "1"), 1);
}

#define story(name, ...) site_clause_test(name, set_up, tear_down, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(today_the_gateway_registers),
        story(a_month_ahead_the_expired_certificate_is_refused, CLAUSE(104), F(24), F(28)),
        story(a_week_ahead_the_gateway_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
