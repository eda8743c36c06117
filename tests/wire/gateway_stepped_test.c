/* The built gateway under the stepped clock, between both mocks: hours in a moment, and the same
 * every time (profile, GP-114). What is compared is what Palette wrote down. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/call.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/tls.h"
#include "tests/wire/stepped_run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API_KEY   "the-user-s-key"
#define MAAS_USER "[{\"name\":\"admin\",\"key\":\"ck:tk:ts\",\"superuser\":true}]"
#define ARGS_MAX  20
#define TEXT_MAX  512

struct site {
    char dir[64], bin[256];
    struct run run;
    struct child *palette, *maas, *gateway;
    struct dns *dns;
    struct caller *user;
    char palette_url[64], maas_url[64], uid[64];
    bool answered;
    uint64_t turns; /* of the gateway, at the end of its hours */
    struct ev_list journal;
};

static const char *in_dir(const struct site *s, const char *name)
{
    static char path[8][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", s->dir, name);
    return path[i];
}

static void write_text(const char *path, const char *text)
{
    struct err e;

    must(file_write(path, text, strlen(text), 0600, &e), &e);
}

/* words: arguments, NULL, variables, NULL. The page's number goes both ways: the mocks know it by
 * an option, the gateway by the launch contract. What the program says goes into NAME.log. */
static struct child *launch(struct site *s, const char *name, const char *const *words, bool mock)
{
    struct child *c = child_slot(&s->run, name);
    char path[TEXT_MAX], log[TEXT_MAX], option[TEXT_MAX], variable[TEXT_MAX];
    const char *argv[ARGS_MAX] = {path}, *envp[ARGS_MAX] = {variable};
    size_t n_argv = 1, n_envp = 1;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/%s", s->bin, name);
    snprintf(log, sizeof(log), "%s/%s.log", s->dir, name);
    snprintf(option, sizeof(option), "--clock-fd=%d", ctl_slot_page_fd(c->slot));
    snprintf(variable, sizeof(variable), "GP_CLOCK_FD=%d", ctl_slot_page_fd(c->slot));
    if (mock)
        argv[n_argv++] = option;
    for (; *words; words++)
        argv[n_argv++] = *words;
    for (words++; *words; words++)
        envp[n_envp++] = *words;
    assert_true(n_argv < ARGS_MAX && n_envp < ARGS_MAX);
    pid = fork();
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        (void)execve(path, (char **)(uintptr_t)argv, (char **)(uintptr_t)envp);
        _exit(127);
    }
    child_started(c, pid);
    return c;
}

static void url_of(const struct site *s, const char *scheme, const char *file, const char *path,
                   char out[64])
{
    char port[16];
    struct err e;

    must(file_read_line(in_dir(s, file), port, sizeof(port), &e), &e);
    snprintf(out, 64, "%s://127.0.0.1:%s%s", scheme, port, path);
}

static void mocks_start(struct site *s)
{
    const char *const palette[] = {"--listen",
                                   "127.0.0.1:0",
                                   "--cert",
                                   in_dir(s, "leaf.pem"),
                                   "--key",
                                   in_dir(s, "leaf.key"),
                                   "--api-key-file",
                                   in_dir(s, "api-key"),
                                   "--journal",
                                   in_dir(s, "journal"),
                                   "--port-file",
                                   in_dir(s, "palette.port"),
                                   NULL,
                                   NULL};
    const char *const maas[] = {
        "--listen",    "127.0.0.1:0",          "--users-file", in_dir(s, "users"),
        "--port-file", in_dir(s, "maas.port"), NULL,           NULL};

    s->palette = launch(s, "mock-palette", palette, true);
    s->maas = launch(s, "mock-maas", maas, true);
    url_of(s, "https", "palette.port", "", s->palette_url);
    url_of(s, "http", "maas.port", "/MAAS", s->maas_url);
}

static void gateway_start(struct site *s)
{
    char texts[6][TEXT_MAX];
    const char *const words[] = {"run",    NULL,     "GP_CONTRACT=1", "GP_FEATURES=pcg", texts[0],
                                 texts[1], texts[2], texts[3],        texts[4],          texts[5],
                                 NULL};

    snprintf(texts[0], TEXT_MAX, "GP_STATE_DIR=%s", in_dir(s, "state"));
    snprintf(texts[1], TEXT_MAX, "GP_SECRETS_DIR=%s", in_dir(s, "secrets"));
    snprintf(texts[2], TEXT_MAX, "GP_PALETTE_URL=%s", s->palette_url);
    snprintf(texts[3], TEXT_MAX, "GP_PALETTE_CA_FILE=%s", in_dir(s, "ca.pem"));
    snprintf(texts[4], TEXT_MAX, "GP_PCG_UID=%s", s->uid);
    snprintf(texts[5], TEXT_MAX, "GP_MAAS_URL=%s", s->maas_url);
    s->gateway = launch(s, "gateproof-pcg", words, false);
}

static void on_code(void *arg, const struct http_result *r)
{
    struct site *s = arg;
    char code[64];

    assert_int_equal(r->outcome, HTTP_ANSWERED);
    assert_true(jx_pick(r->body.data, r->body.len, "pairingCode", code, sizeof(code)));
    assert_true(http_header_get(&r->headers, "X-Gp-Pcg-Uid", s->uid, sizeof(s->uid)));
    write_text(in_dir(s, "secrets/pairing-code"), code);
    s->answered = true;
}

static void pair(struct site *s)
{
    struct call_config config = {.ca_file = in_dir(s, "ca.pem")};
    struct http_call rq;
    struct err e;

    must(dns_new(&s->dns, s->run.loop, &e), &e);
    must(caller_new(&s->user, s->run.loop, s->dns, &config, &e), &e);
    http_call_init(&rq, "GET");
    url_join(&rq.url, s->palette_url, "/v1/overlords/pairing/code?cloudType=maas");
    http_header_add(&rq.headers, "ApiKey", API_KEY);
    rq.timeout_ms = SECONDS(10);
    call_start(s->user, &rq, on_code, s);
    http_call_drop(&rq);
    run_until(&s->run, SECONDS(1));
    assert_true(s->answered);
}

static void site_begin(struct site *s)
{
    const char *bin = getenv("GATEPROOF_BIN");
    struct err e;

    memset(s, 0, sizeof(*s));
    snprintf(s->bin, sizeof(s->bin), "%s", bin ? bin : "build/dev/bin");
    snprintf(s->dir, sizeof(s->dir), "/tmp/gateway_stepped.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    must(file_mkdirs(in_dir(s, "state"), 0700, &e), &e);
    must(file_mkdirs(in_dir(s, "secrets"), 0700, &e), &e);
    must(tls_ca_make(s->dir, "ours", EPOCH_S - 3600, 30, &e), &e);
    must(tls_leaf_make(s->dir, "leaf", "127.0.0.1", EPOCH_S - 3600, 30, &e), &e);
    write_text(in_dir(s, "api-key"), API_KEY);
    write_text(in_dir(s, "users"), MAAS_USER);
    write_text(in_dir(s, "secrets/maas-key"), "ck:tk:ts");
    ev_list_init(&s->journal);
    run_begin(&s->run);
    mocks_start(s);
}

static void site_end(struct site *s)
{
    static const char *const names[] = {"state/state.db",
                                        "state/state.db-wal",
                                        "state/state.db-shm",
                                        "state/lock",
                                        "state/status.json",
                                        "secrets/maas-key",
                                        "secrets/pairing-code",
                                        "ca.pem",
                                        "ca.key",
                                        "ca.serial",
                                        "leaf.pem",
                                        "leaf.key",
                                        "api-key",
                                        "users",
                                        "journal",
                                        "palette.port",
                                        "maas.port",
                                        "mock-palette.log",
                                        "mock-maas.log",
                                        "gateproof-pcg.log"};
    static const char *const folders[] = {"state", "secrets", ""};

    caller_free(s->user);
    dns_free(s->dns);
    run_end(&s->run);
    clk_attach(NULL);
    ev_list_drop(&s->journal);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_dir(s, names[i]));
    for (size_t i = 0; i < COUNTOF(folders); i++)
        (void)!rmdir(in_dir(s, folders[i]));
}

/* How often the gateway has rested: as often was it awake. */
static uint64_t turns_of(const struct child *c)
{
    struct clk_page *page = NULL;
    uint64_t turns;
    struct err e;

    must(clk_page_map(ctl_slot_page_fd(c->slot), &page, &e), &e);
    turns = page->turns;
    clk_page_unmap(&page);
    return turns;
}

/* A gateway's hours, as Palette saw them; out is the journal's projection. */
static void hours(struct site *s, ms_t until, struct buf *out)
{
    struct err e;

    site_begin(s);
    pair(s);
    gateway_start(s);
    run_until(&s->run, until);
    s->turns = turns_of(s->gateway);
    child_signal(s->gateway, SIGTERM);
    run_until(&s->run, until + SECONDS(10));
    child_signal(s->palette, SIGTERM);
    run_until(&s->run, until + SECONDS(11));
    must(journal_file_read(in_dir(s, "journal"), &s->journal, &e), &e);
    ev_project(&s->journal, out);
}

static size_t count(const struct site *s, enum ev_kind kind, enum ev_field field, const char *value)
{
    size_t n = 0;

    for (size_t i = 0; i < s->journal.n; i++)
        n += ev_list_at(&s->journal, i)->kind == kind &&
             ev_is(ev_list_at(&s->journal, i), field, value);
    return n;
}

/* --- stories --------------------------------------------------------------------------------- */

/* Any clock that is moved from outside, warp among them, needs a program that waits in the kernel
 * for what it waits for: one that looks every now and then costs a turn each time. */
static void awake_for_its_calls_alone(const struct site *s)
{
    size_t calls = 0;

    for (size_t i = 0; i < s->journal.n; i++)
        calls += ev_list_at(&s->journal, i)->kind == EV_PAL_CALL;
    print_message("%zu calls, awake %llu times\n", calls, (unsigned long long)s->turns);
    assert_in_range(s->turns, calls / 2, 2 * calls);
}

static void six_hours_pass_with_a_turn_for_each_call_and_no_beat_is_missed(void **state)
{
    SCOPED(buf_drop) struct buf seen = {.max = MIB(16)};
    SCOPED(buf_drop) struct buf said = {.max = MIB(1)};
    struct site s;
    struct err e;

    (void)state;
    hours(&s, HOURS(6), &seen);
    assert_int_equal(count(&s, EV_PAL_REGISTER, EVF_ACCEPTED, "1"), 1);
    assert_int_equal(count(&s, EV_PAL_ACCOUNT, EVF_KIND, "made"), 1);
    assert_int_equal(count(&s, EV_PAL_GATEWAY, EVF_STATE, "Unhealthy"), 0);
    assert_in_range(count(&s, EV_PAL_CALL, EVF_OP, "beat"), 359, 361);
    awake_for_its_calls_alone(&s);
    assert_int_equal(s.run.n_lost, 2); /* those that were told to stop */
    must(file_read(in_dir(&s, "gateproof-pcg.log"), &said, &e), &e);
    assert_non_null(strstr(buf_text(&said), "the time of this program is not real"));
    assert_non_null(strstr(buf_text(&said), "2026-07-01T06:00:00"));
    site_end(&s);
}

static void the_same_hours_are_the_same_events(void **state)
{
    SCOPED(buf_drop) struct buf first = {.max = MIB(16)};
    SCOPED(buf_drop) struct buf second = {.max = MIB(16)};
    struct site s;

    (void)state;
    hours(&s, HOURS(1), &first);
    site_end(&s);
    hours(&s, HOURS(1), &second);
    site_end(&s);
    assert_true(first.len > 1000);
    assert_text(buf_text(&first), buf_text(&second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(six_hours_pass_with_a_turn_for_each_call_and_no_beat_is_missed, CLAUSE(114)),
        test(the_same_hours_are_the_same_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
