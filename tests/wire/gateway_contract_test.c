/* The built gateway as the harness meets it: environment in, exit code and lines out (profile,
 * Part A). Nothing here looks inside. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "tests/wire/program.h"
#include "tests/wire/raw_server.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_MAX      24
#define PAIRING_CODE "8XT2QK-hunter2"
#define MAAS_KEY     "hunterc:huntert:hunters"

struct fixture {
    char dir[64], program[512];
    char env[ENV_MAX][512];
    char *envp[ENV_MAX + 1];
    const char *word; /* "run" */
    struct loop *loop;
    struct raw_server server;
    struct program gateway;
};

/* --- the launch ------------------------------------------------------------------------------ */

static void set(struct fixture *f, const char *name, const char *value)
{
    size_t i = 0, len = strlen(name);

    while (f->envp[i] && (strncmp(f->envp[i], name, len) != 0 || f->envp[i][len] != '='))
        i++;
    assert_true(i < ENV_MAX);
    snprintf(f->env[i], sizeof(f->env[i]), "%s=%s", name, value);
    f->envp[i] = f->env[i];
}

static const char *in_dir(const struct fixture *f, const char *name)
{
    static char path[4][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", f->dir, name);
    return path[i];
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *bin = getenv("GATEPROOF_BIN");
    char url[64];
    struct err e;

    snprintf(f->program, sizeof(f->program), "%s/gateproof-pcg", bin ? bin : "build/dev/bin");
    if (access(f->program, X_OK) < 0)
        fail_msg("%s is not there: build it, or set GATEPROOF_BIN", f->program);
    snprintf(f->dir, sizeof(f->dir), "/tmp/contract_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    must(file_mkdirs(in_dir(f, "secrets"), 0700, &e), &e);
    must(file_mkdirs(in_dir(f, "state"), 0700, &e), &e);
    must(file_write(in_dir(f, "secrets/maas-key"), MAAS_KEY, strlen(MAAS_KEY), 0600, &e), &e);
    must(
        file_write(in_dir(f, "secrets/pairing-code"), PAIRING_CODE, strlen(PAIRING_CODE), 0600, &e),
        &e);
    must(loop_new(&f->loop, NULL, &e), &e);
    raw_server_start(&f->server, f->loop);
    f->word = "run";
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", f->server.port);
    set(f, "GP_CONTRACT", "1");
    set(f, "GP_PROFILE", "1.0");
    set(f, "GP_FEATURES", "pcg");
    set(f, "GP_RUN", "contract-test");
    set(f, "GP_STATE_DIR", in_dir(f, "state"));
    set(f, "GP_SECRETS_DIR", in_dir(f, "secrets"));
    set(f, "GP_PALETTE_URL", url);
    set(f, "GP_PCG_UID", "6650f1");
    set(f, "GP_MAAS_URL", "http://127.0.0.1:1/MAAS");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {
        "state/state.db",    "state/state.db-wal",   "state/state.db-shm", "state/lock",
        "state/status.json", "secrets/pairing-code", "secrets/maas-key"};
    struct fixture *f = *state;

    program_drop(&f->gateway);
    raw_server_stop(&f->server);
    loop_free(f->loop);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_dir(f, names[i]));
    (void)!rmdir(in_dir(f, "state"));
    (void)!rmdir(in_dir(f, "secrets"));
    (void)!rmdir(f->dir);
    free(f);
    return 0;
}

/* --- the process ----------------------------------------------------------------------------- */

static void start(struct fixture *f)
{
    char name[] = "gateproof-pcg", word[32];
    char *argv[] = {name, word, NULL};

    snprintf(word, sizeof(word), "%s", f->word);
    program_start(&f->gateway, f->loop, f->program, argv, f->envp);
}

static int exit_code(struct fixture *f)
{
    return program_exit(&f->gateway);
}

static void until_connected(struct fixture *f)
{
    while (!f->server.n_conns && !f->gateway.ended && !f->gateway.out_of_patience)
        loop_once(f->loop);
    if (!f->server.n_conns)
        fail_msg("the gateway did not connect; it said: %s", buf_text(&f->gateway.out));
}

static size_t lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void is_silent_about_secrets(const struct fixture *f)
{
    assert_null(strstr(buf_text(&f->gateway.out), "hunter"));
}

/* --- GP-9 and GP-20 -------------------------------------------------------------------------- */

static void an_unknown_feature_is_89_before_any_connection(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_FEATURES", "pcg,warp-drive");
    start(f);
    assert_int_equal(exit_code(f), 89);
    assert_int_equal(f->server.n_conns, 0);
}

/* The version is looked at before what only a known version gives a meaning to. */
static void an_unknown_contract_is_89_whatever_else_is_wrong(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_CONTRACT", "99");
    set(f, "GP_PALETTE_URL", "nonsense");
    set(f, "GP_STATE_DIR", "/nowhere");
    f->word = "--no-such-option";
    start(f);
    assert_int_equal(exit_code(f), 89);
}

static void term_after_the_first_connection_is_0(void **state)
{
    struct fixture *f = *state;

    start(f);
    until_connected(f);
    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(exit_code(f), 0);
    is_silent_about_secrets(f);
}

/* GP-30: the identity is on the disk before Palette hears of it; the next start finds it. */
static void a_second_start_finds_the_first_one_s_records(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    start(f);
    until_connected(f);
    program_signal(&f->gateway, SIGKILL);
    assert_int_equal(exit_code(f), -SIGKILL);
    assert_int_equal(stat(in_dir(f, "state/state.db"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    program_drop(&f->gateway);
    f->server.n_conns = 0;
    term_after_the_first_connection_is_0(state);
}

/* --- GP-10 ----------------------------------------------------------------------------------- */

static void a_wrong_url_is_1_with_one_line(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_PALETTE_URL", "http://palette.example");
    start(f);
    assert_int_equal(exit_code(f), 1);
    assert_int_equal(lines(buf_text(&f->gateway.out)), 1);
    assert_non_null(
        strstr(buf_text(&f->gateway.out), "GP_PALETTE_URL: the URL begins with http://"));
}

static void a_damaged_state_is_1_and_stays(void **state)
{
    static const char noise[4096] = "no database at all";
    SCOPED(buf_drop) struct buf after = {.max = MIB(1)};
    struct fixture *f = *state;
    struct err e;

    must(file_write(in_dir(f, "state/state.db"), noise, sizeof(noise), 0600, &e), &e);
    start(f);
    assert_int_equal(exit_code(f), 1);
    assert_int_equal(f->server.n_conns, 0);
    assert_non_null(strstr(buf_text(&f->gateway.out), "state.db is damaged"));
    must(file_read(in_dir(f, "state/state.db"), &after, &e), &e);
    assert_memory_equal(after.data, noise, sizeof(noise));
}

static void a_clock_page_that_is_none_is_1(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_CLOCK_FD", "77");
    start(f);
    assert_int_equal(exit_code(f), 1);
    assert_non_null(strstr(buf_text(&f->gateway.out), "GP_CLOCK_FD: "));
}

static void check_config_says_so_and_touches_nothing(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    f->word = "check-config";
    start(f);
    assert_int_equal(exit_code(f), 0);
    assert_text(buf_text(&f->gateway.out), "the configuration can be used\n");
    assert_true(stat(in_dir(f, "state/state.db"), &st) < 0);
    assert_int_equal(f->server.n_conns, 0);
}

static void show_config_hides_what_is_secret(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_HTTPS_PROXY", "http://user:hunter2@127.0.0.1:1");
    f->word = "--show-config";
    start(f);
    assert_int_equal(exit_code(f), 0);
    assert_non_null(strstr(buf_text(&f->gateway.out), "pcg-uid = 6650f1"));
    is_silent_about_secrets(f);
}

/* --- life ------------------------------------------------------------------------------------ */

static void hup_with_nothing_new_is_survived(void **state)
{
    struct fixture *f = *state;

    start(f);
    until_connected(f);
    program_signal(&f->gateway, SIGHUP);
    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(exit_code(f), 0);
}

/* A log reader that goes away must not take the gateway with it. */
static void a_reader_of_the_log_may_leave(void **state)
{
    struct fixture *f = *state;

    start(f);
    until_connected(f);
    program_stop_listening(&f->gateway);
    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(exit_code(f), 0);
}

/* One thread, and nothing that could outlive it (GP-13). */
static void the_gateway_is_one_thread(void **state)
{
    struct fixture *f = *state;
    char path[64];
    size_t n = 0;
    DIR *tasks;

    start(f);
    until_connected(f);
    snprintf(path, sizeof(path), "/proc/%d/task", (int)f->gateway.pid);
    tasks = opendir(path);
    assert_non_null(tasks);
    for (struct dirent *d; (d = readdir(tasks));)
        n += d->d_name[0] != '.';
    closedir(tasks);
    assert_int_equal(n, 1);
}

/* GP-6 and GP-26: the launch's proxy is used, the environment's own is not. */
static void only_the_launch_s_proxy_counts(void **state)
{
    struct fixture *f = *state;
    char proxy[64];

    set(f, "HTTPS_PROXY", "http://127.0.0.1:1");
    set(f, "https_proxy", "http://127.0.0.1:1");
    set(f, "GP_FEATURES", "pcg,proxy,proxy-auth");
    snprintf(proxy, sizeof(proxy), "http://user:hunter2@127.0.0.1:%d", f->server.port);
    set(f, "GP_HTTPS_PROXY", proxy);
    set(f, "GP_PALETTE_URL", "https://palette.example");
    start(f);
    while (!f->server.n_requests && !f->gateway.ended && !f->gateway.out_of_patience)
        loop_once(f->loop);
    assert_true(text_begins(buf_text(&f->server.seen), "CONNECT palette.example:443 HTTP/1.1\r\n"));
    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(exit_code(f), 0);
    is_silent_about_secrets(f);
}

/* GP-26: Palette would answer straight; nobody asks it. */
static void a_proxy_that_refuses_is_named_and_not_gone_around(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_FEATURES", "pcg,proxy,proxy-auth");
    set(f, "GP_HTTPS_PROXY", "http://user:hunter2@127.0.0.1:1");
    start(f);
    program_until_said(&f->gateway,
                       "credential: no answer from Palette: proxy-failed: the proxy 127.0.0.1:1 "
                       "refuses the connection; check that it runs, and its port\n");
    program_signal(&f->gateway, SIGTERM);
    assert_int_equal(exit_code(f), 0);
    assert_int_equal(f->server.n_conns, 0);
    is_silent_about_secrets(f);
}

#define story(name, ...) site_clause_test(name, set_up, tear_down, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(an_unknown_feature_is_89_before_any_connection, CLAUSE(9), CLAUSE(17), CLAUSE(5)),
        story(an_unknown_contract_is_89_whatever_else_is_wrong, CLAUSE(9)),
        story(term_after_the_first_connection_is_0, CLAUSE(12), CLAUSE(17), CLAUSE(20)),
        story(a_second_start_finds_the_first_one_s_records),
        story(a_wrong_url_is_1_with_one_line, CLAUSE(10), CLAUSE(17)),
        story(a_damaged_state_is_1_and_stays, CLAUSE(10)),
        story(a_clock_page_that_is_none_is_1),
        story(check_config_says_so_and_touches_nothing),
        story(show_config_hides_what_is_secret),
        story(hup_with_nothing_new_is_survived, CLAUSE(15)),
        story(a_reader_of_the_log_may_leave),
        story(the_gateway_is_one_thread),
        story(only_the_launch_s_proxy_counts, CLAUSE(6), CLAUSE(26)),
        story(a_proxy_that_refuses_is_named_and_not_gone_around, CLAUSE(26), F(5)),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
