/* `install` between the two mocks: what is asked, what each wrong answer is told, what is written,
 * and that nothing secret is ever shown. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "tests/wire/two_mocks.h"

#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ANSWERS_MAX 12

struct fixture {
    struct two_mocks m;
    struct program pcg;
    struct {
        const char *name;
        char value[256];
    } answers[ANSWERS_MAX];
    /* a person at a terminal */
    pid_t person;
    int terminal_fd;
    struct loop_watch *on_terminal;
    struct loop_timer *patience;
    bool out_of_patience;
    struct buf screen;
};

static void on_patience(void *arg)
{
    ((struct fixture *)arg)->out_of_patience = true;
}

static void answer(struct fixture *f, const char *name, const char *value)
{
    size_t i = 0;

    while (f->answers[i].name && !text_is(f->answers[i].name, name))
        i++;
    assert_true(i < ANSWERS_MAX - 1);
    f->answers[i].name = name;
    assert_true(text_copy(f->answers[i].value, sizeof(f->answers[i].value), value));
}

static void begin(void **state, int64_t maas_epoch_s)
{
    struct fixture *f = calloc(1, sizeof(*f));

    two_mocks_start(&f->m, maas_epoch_s);
    answer(f, "palette-ca-file", two_mocks_path(&f->m, "ca.pem"));
    answer(f, "palette-url", f->m.palette_url);
    answer(f, "pcg-uid", f->m.uid);
    answer(f, "pairing-code", f->m.code);
    answer(f, "maas-url", f->m.maas_url);
    answer(f, "maas-key", CANARY_KEY);
    answer(f, "domain", "maas");
    *state = f;
}

static int set_up(void **state)
{
    begin(state, 0);
    return 0;
}

/* MAAS lives an hour ahead: what is signed now has expired there. */
static int set_up_ahead(void **state)
{
    begin(state, clk_realtime_s() + 3600);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    program_drop(&f->pcg);
    buf_drop(&f->screen);
    two_mocks_stop(&f->m);
    free(f);
    return 0;
}

static int installed(struct fixture *f, const char *more)
{
    const char *const words[] = {"install",
                                 "--answers",
                                 two_mocks_path(&f->m, "answers"),
                                 "--config-file",
                                 two_mocks_path(&f->m, "etc/pcg.conf"),
                                 "--secrets-dir",
                                 two_mocks_path(&f->m, "etc/secrets"),
                                 "--state-dir",
                                 two_mocks_path(&f->m, "state"),
                                 more,
                                 NULL};
    SCOPED(buf_drop) struct buf text = {.max = KIB(8)};

    for (size_t i = 0; f->answers[i].name; i++)
        if (*f->answers[i].value)
            buf_printf(&text, "%s = %s\n", f->answers[i].name, f->answers[i].value);
    two_mocks_write(&f->m, "answers", buf_text(&text));
    program_drop(&f->pcg);
    two_mocks_launch(&f->m, &f->pcg, "gateproof-pcg", words);
    return program_exit(&f->pcg);
}

static void says(const struct fixture *f, const char *text)
{
    if (!strstr(buf_text(&f->pcg.out), text))
        fail_msg("wanted is '%s', and it said: %s", text, buf_text(&f->pcg.out));
}

static void keeps_secrets(const struct fixture *f)
{
    assert_null(strstr(buf_text(&f->pcg.out), CANARY));
    assert_null(strstr(buf_text(&f->pcg.out), f->m.code));
}

static mode_t mode_of(const struct fixture *f, const char *name)
{
    struct stat st;

    assert_int_equal(stat(two_mocks_path(&f->m, name), &st), 0);
    return st.st_mode & 07777;
}

/* --- all is well ----------------------------------------------------------------------------- */

static void good_answers_register_and_are_written_for_the_owner_alone(void **state)
{
    SCOPED(buf_drop) struct buf file = {.max = KIB(16)};
    struct fixture *f = *state;
    struct err e;

    assert_int_equal(installed(f, NULL), 0);
    says(f, "registered with Palette as gateway");
    says(f, "conf run       start it"); /* not in the place where the service looks */
    keeps_secrets(f);
    assert_int_equal(mode_of(f, "etc/pcg.conf"), 0600);
    assert_int_equal(mode_of(f, "etc/secrets"), 0700);
    assert_int_equal(mode_of(f, "etc/secrets/maas-key"), 0600);
    assert_int_equal(mode_of(f, "state"), 0700);
    must(file_read(two_mocks_path(&f->m, "etc/pcg.conf"), &file, &e), &e);
    assert_null(strstr(buf_text(&file), CANARY));
    assert_non_null(strstr(buf_text(&file), "palette-url = https://127.0.0.1:"));
    /* it was taken, and is a secret all the same */
    assert_false(file_exists(two_mocks_path(&f->m, "etc/secrets/pairing-code")));
}

static void a_configuration_that_is_there_is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct err e;

    must(file_mkdirs(two_mocks_path(&f->m, "etc"), 0755, &e), &e);
    two_mocks_write(&f->m, "etc/pcg.conf", "# by hand\n");
    assert_int_equal(installed(f, NULL), 1);
    says(f, "pcg.conf is there already: change it by hand, or give --replace");
    assert_int_equal(installed(f, "--replace"), 0);
    assert_true(file_exists(two_mocks_path(&f->m, "etc/pcg.conf.old")));
}

static void a_key_that_is_no_administrator_s_is_remarked(void **state)
{
    struct fixture *f = *state;

    answer(f, "maas-key", CANARY_OTHER);
    assert_int_equal(installed(f, NULL), 0);
    says(f, "the key's user is no administrator of MAAS");
    keeps_secrets(f);
}

/* --- a person at a terminal --------------------------------------------------------------------
 */

static void on_terminal(void *arg, uint32_t events)
{
    struct fixture *f = arg;
    char bytes[1024];
    ssize_t n = read(f->terminal_fd, bytes, sizeof(bytes));

    (void)events;
    if (n > 0)
        buf_add(&f->screen, bytes, (size_t)n);
    else
        loop_watch_remove(&f->on_terminal); /* the other end is closed */
}

/* Everything that the screen shows, echoes included, is in f->screen. */
static void at_a_terminal(struct fixture *f)
{
    char program[512], language[] = "LANG=C.UTF-8", *envp[] = {language, NULL};
    char word[] = "install", file[] = "--config-file", secrets[] = "--secrets-dir",
         records[] = "--state-dir", paths[3][160];
    char *argv[] = {program, word, file, paths[0], secrets, paths[1], records, paths[2], NULL};
    struct err e;

    snprintf(program, sizeof(program), "%s/gateproof-pcg", f->m.bin);
    snprintf(paths[0], sizeof(paths[0]), "%s", two_mocks_path(&f->m, "etc/pcg.conf"));
    snprintf(paths[1], sizeof(paths[1]), "%s", two_mocks_path(&f->m, "etc/secrets"));
    snprintf(paths[2], sizeof(paths[2]), "%s", two_mocks_path(&f->m, "state"));
    buf_init(&f->screen, MIB(1));
    f->person = forkpty(&f->terminal_fd, NULL, NULL, NULL);
    assert_true(f->person >= 0);
    if (f->person == 0) {
        (void)execve(program, argv, envp);
        _exit(127);
    }
    f->patience = loop_timer_new(f->m.loop, on_patience, f);
    loop_timer_set(f->patience, loop_now(f->m.loop) + SECONDS(60));
    must(loop_watch_add(f->m.loop, f->terminal_fd, EPOLLIN, on_terminal, f, &f->on_terminal, &e),
         &e);
}

static void screen_shows(struct fixture *f, const char *text)
{
    while (!strstr(buf_text(&f->screen), text) && f->on_terminal && !f->out_of_patience)
        loop_once(f->m.loop);
    if (!strstr(buf_text(&f->screen), text))
        fail_msg("waited for '%s', and the screen is: %s", text, buf_text(&f->screen));
}

/* After the question was asked, which is when the echo is off. */
static void types(struct fixture *f, const char *question, const char *reply)
{
    screen_shows(f, question);
    buf_clear(&f->screen);
    assert_int_equal(write(f->terminal_fd, reply, strlen(reply)), strlen(reply));
    assert_int_equal(write(f->terminal_fd, "\n", 1), 1);
}

static int person_s_end(struct fixture *f)
{
    int status;

    while (f->on_terminal && !f->out_of_patience)
        loop_once(f->m.loop);
    assert_false(f->out_of_patience);
    assert_int_equal(waitpid(f->person, &status, 0), f->person);
    close(f->terminal_fd);
    loop_timer_free(&f->patience);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void to_the_pairing_code(struct fixture *f)
{
    at_a_terminal(f);
    types(f, "HTTPS proxy towards Palette", "");
    types(f, "HTTP proxy for the clusters", "");
    types(f, "reached without proxy", "");
    types(f, "Palette's authority (PEM)", two_mocks_path(&f->m, "ca.pem"));
    types(f, "Palette's URL", "https://127.0.0.1:1");
    types(f, "Palette does not answer", f->m.palette_url);
    types(f, "uid of this gateway", f->m.uid);
}

/* A wrong answer is asked for again; of a secret nothing is ever on the screen. */
static void a_person_is_asked_and_secrets_are_not_echoed(void **state)
{
    struct fixture *f = *state;

    to_the_pairing_code(f);
    types(f, "pairing code, as Palette shows it (not shown): ", f->m.code);
    types(f, "MAAS's authority (PEM)", "");
    assert_null(strstr(buf_text(&f->screen), f->m.code));
    types(f, "MAAS's URL", f->m.maas_url);
    types(f, "MAAS API key, CONSUMER:TOKEN:SECRET (not shown): ", "xx:yycanary:zzcanary");
    screen_shows(f, "MAAS does not take this key");
    assert_null(strstr(buf_text(&f->screen), CANARY));
    types(f, "MAAS API key, CONSUMER:TOKEN:SECRET (not shown): ", CANARY_KEY);
    types(f, "a domain of MAAS", "maas");
    types(f, "an image for machines", "");
    types(f, "name of the cloud account", "");
    types(f, "form of the log", "");
    types(f, "metrics and health at", "");
    screen_shows(f, "registered with Palette as gateway");
    assert_null(strstr(buf_text(&f->screen), CANARY));
    assert_int_equal(person_s_end(f), 0);
    assert_int_equal(mode_of(f, "etc/secrets/maas-key"), 0600);
}

/* Ctrl-C while nothing is echoed: the terminal is not left silent. */
static void stopping_at_a_secret_gives_the_echo_back(void **state)
{
    struct fixture *f = *state;
    struct termios now;

    to_the_pairing_code(f);
    screen_shows(f, "pairing code, as Palette shows it (not shown): ");
    assert_int_equal(write(f->terminal_fd, "half\003", 5), 5);
    screen_shows(f, "stopped: nothing was written");
    assert_int_equal(tcgetattr(f->terminal_fd, &now), 0);
    assert_true(now.c_lflag & ECHO);
    assert_null(strstr(buf_text(&f->screen), "half"));
    assert_int_equal(person_s_end(f), 1);
    assert_false(file_exists(two_mocks_path(&f->m, "etc")));
}

/* --- each wrong answer has its sentence, and nothing is written --------------------------------
 */

static void wrong_answers_are_told_apart_and_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name, *value, *sentence;
    } table[] = {
        {"palette-url", "", "palette-url is missing"},
        {"palette-url", "http://palette.example", "Palette is spoken to in HTTPS only"},
        {"palette-url", "https://127.0.0.1:1",
         "palette-url: Palette does not answer: no-connect; check address and port"},
        {"palette-url", "https://palette.invalid",
         "palette-url: Palette does not answer: no-name; check the name"},
        {"palette-ca-file", "", "palette-url: Palette does not answer: tls-failed; check the name"},
        {"palette-ca-file", "/nowhere/ca.pem", "palette-ca-file: "},
        {"https-proxy", "http://user:canary@127.0.0.1:1",
         "proxy-failed: the proxy 127.0.0.1:1 refuses the connection"},
        {"pcg-uid", "a b", "pcg-uid: a uid is at most"},
        {"pairing-code", "", "pairing-code is missing"},
        {"maas-url", "http://127.0.0.1:1/MAAS", "maas-url: MAAS does not answer: no-connect"},
        {"maas-url", f->m.palette_url, "maas-url: MAAS does not answer: tls-failed"},
        {"maas-key", "canary", "maas-key: it has not the form; wanted is CONSUMER:TOKEN:SECRET"},
        {"maas-key", "xx:yycanary:zzcanary",
         "maas-key: MAAS does not take this key (401): copy it"},
        {"domain", "nowhere.example", "domain: MAAS has no domain 'nowhere.example'"},
        {"image", "custom/none", "image: MAAS has no image 'custom/none'"},
        {"listen", "0.0.0.0:9100", "listen: '0.0.0.0:9100' is not 127.0.0.1:PORT"},
        {"pairing-code-x", "y", "no option 'pairing-code-x'"},
    };
    char before[256];

    for (size_t i = 0; i < COUNTOF(table); i++) {
        size_t at = 0;

        while (f->answers[at].name && !text_is(f->answers[at].name, table[i].name))
            at++;
        assert_true(text_copy(before, sizeof(before), f->answers[at].value));
        answer(f, table[i].name, table[i].value);
        assert_int_equal(installed(f, NULL), 1);
        says(f, table[i].sentence);
        keeps_secrets(f);
        assert_false(file_exists(two_mocks_path(&f->m, "etc")));
        assert_false(file_exists(two_mocks_path(&f->m, "state")));
        answer(f, table[i].name, before);
        if (at >= 7)
            f->answers[at].name = NULL;
    }
}

static void a_clock_that_is_behind_is_named(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(installed(f, NULL), 1);
    says(f, "ClockSkew: this machine's clock is more than 300 s behind MAAS's");
    keeps_secrets(f);
}

/* The code is Palette's to judge; the configuration stays, because all of it was good. */
static void a_code_that_palette_does_not_take_is_4(void **state)
{
    struct fixture *f = *state;

    answer(f, "pairing-code", "canary-not-the-code");
    assert_int_not_equal(installed(f, NULL), 0);
    says(f, "PairingCodeInvalid");
    says(f, "Palette did not register this gateway");
    keeps_secrets(f);
    assert_true(file_exists(two_mocks_path(&f->m, "etc/pcg.conf")));
}

static void answers_that_others_may_read_are_refused(void **state)
{
    struct fixture *f = *state;
    const char *const words[] = {"install", "--answers", two_mocks_path(&f->m, "answers"), NULL};

    two_mocks_write(&f->m, "answers", "maas-key = " CANARY_KEY "\n");
    assert_int_equal(chmod(two_mocks_path(&f->m, "answers"), 0644), 0);
    two_mocks_launch(&f->m, &f->pcg, "gateproof-pcg", words);
    assert_int_equal(program_exit(&f->pcg), 1);
    says(f, "it holds secrets: chmod 0600 it");
    keeps_secrets(f);
}

/* A secret has no way onto a command line, where everybody sees it. */
static void a_secret_is_no_option(void **state)
{
    struct fixture *f = *state;
    const char *const words[] = {"install", "--maas-key", CANARY_KEY, NULL};

    two_mocks_launch(&f->m, &f->pcg, "gateproof-pcg", words);
    assert_int_equal(program_exit(&f->pcg), 1);
    says(f, "no option --maas-key");
    keeps_secrets(f);
}

#define story(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(good_answers_register_and_are_written_for_the_owner_alone),
        story(a_configuration_that_is_there_is_not_lost),
        story(a_key_that_is_no_administrator_s_is_remarked),
        story(a_person_is_asked_and_secrets_are_not_echoed),
        story(stopping_at_a_secret_gives_the_echo_back),
        story(wrong_answers_are_told_apart_and_nothing_is_written),
        cmocka_unit_test_setup_teardown(a_clock_that_is_behind_is_named, set_up_ahead, tear_down),
        story(a_code_that_palette_does_not_take_is_4),
        story(answers_that_others_may_read_are_refused),
        story(a_secret_is_no_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
