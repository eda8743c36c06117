/* mock-maas as a new user meets it: started without any option, used by what it prints itself. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/program.h"
#include "tests/wire/web_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct loop *loop;
    struct program mock, shell;
    struct web web;
    char key[256], secret[64]; /* as printed */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e = {0};

    must(loop_new(&f->loop, NULL, &e), &e);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->web.loop)
        web_close(&f->web);
    program_drop(&f->shell);
    program_drop(&f->mock);
    loop_free(f->loop);
    free(f);
    return 0;
}

static void start(struct fixture *f, char *option, char *value)
{
    const char *bin = getenv("GATEPROOF_BIN");
    char path[512], *argv[] = {path, option, value, NULL}, *envp[] = {NULL};

    snprintf(path, sizeof(path), "%s/mock-maas", bin ? bin : "build/dev/bin");
    program_start(&f->mock, f->loop, path, argv, envp);
}

/* What stands behind a word that begins a line of its output. */
static void said_behind(const struct fixture *f, const char *word, char *out, size_t size)
{
    const char *at = strstr(buf_text(&f->mock.out), word);
    size_t len;

    assert_non_null(at);
    at += strlen(word);
    len = strcspn(at, "\n");
    assert_true(text_copy_len(out, size, at, len));
}

static void starts_alone(struct fixture *f)
{
    start(f, NULL, NULL);
    program_until_said(&f->mock, "mock-maas --misbehaviours\n");
    said_behind(f, "API key  ", f->key, sizeof(f->key));
    assert_true(text_copy(f->secret, sizeof(f->secret), strrchr(f->key, ':') + 1));
    assert_int_equal(strlen(f->secret), 32);
}

/* The line is typed as it was printed. */
static const char *types(struct fixture *f, const char *head)
{
    char line[1024], words[1100], *argv[] = {"sh", "-c", words, NULL};
    char *envp[] = {"PATH=/usr/bin:/bin", NULL};

    said_behind(f, head, line, sizeof(line));
    snprintf(words, sizeof(words), "%s%s -s -S", strstr(head, "curl"), line);
    program_drop(&f->shell);
    program_start(&f->shell, f->loop, "/bin/sh", argv, envp);
    if (program_exit(&f->shell) != 0)
        fail_msg("%s\n%s", words, buf_text(&f->shell.out));
    return buf_text(&f->shell.out);
}

static const char *control_shows(struct fixture *f, const char *path)
{
    char url[160], ask[256];
    int64_t port = 0;
    char *colon;

    said_behind(f, "controlled at http://", url, sizeof(url));
    colon = strchr(url, ':');
    assert_non_null(colon);
    colon[strcspn(colon, "/")] = '\0';
    assert_true(text_int(colon + 1, 1, 65535, &port));
    if (f->web.loop)
        web_close(&f->web);
    web_open(&f->web, f->loop, (int)port, NULL);
    snprintf(ask, sizeof(ask), "GET %s HTTP/1.1\r\nHost: mock\r\n\r\n", path);
    return web_ask(&f->web, ask, "HTTP/1.1 200");
}

static void what_it_prints_is_enough_to_use_it(void **state)
{
    struct fixture *f = *state;
    const char *list;

    starts_alone(f);
    list = types(f, "curl -H");
    assert_non_null(strstr(list, "\"hostname\": \"m1\""));
    assert_non_null(strstr(list, "\"hostname\": \"m6\""));
    types(f, "  curl --data");
    assert_non_null(strstr(control_shows(f, "/metrics"),
                           "mock_maas_misbehaviours_armed_total{kind=\"deploy-fails\"} 1\n"));
}

static void its_page_shows_machines_and_exchanges_and_no_secret(void **state)
{
    static const char *const pages[] = {"/", "/metrics", "/machines.json"};
    static const char *const holds[] = {"<td>machines.read<td><td>admin<td>200",
                                        "mock_maas_machines{status=\"Ready\"} 6\n",
                                        "{\"name\":\"m1\","};
    struct fixture *f = *state;

    starts_alone(f);
    types(f, "curl -H");
    for (size_t i = 0; i < COUNTOF(pages); i++) {
        const char *page = control_shows(f, pages[i]);

        if (!strstr(page, holds[i]))
            fail_msg("%s: %s", pages[i], page);
        assert_null(strstr(page, f->secret));
        assert_null(strstr(page, "oauth"));
    }
}

static void a_key_in_a_path_and_tags_in_one_do_not_reach_the_page(void **state)
{
    struct fixture *f = *state;
    char url[160], ask[512];
    int64_t port = 0;
    struct web web;
    const char *page;

    starts_alone(f);
    said_behind(f, "listens on http://127.0.0.1:", url, sizeof(url));
    url[strcspn(url, "/")] = '\0';
    assert_true(text_int(url, 1, 65535, &port));
    web_open(&web, f->loop, (int)port, NULL);
    snprintf(ask, sizeof(ask), "GET /MAAS/%s HTTP/1.1\r\nHost: mock\r\n\r\n", f->secret);
    web_ask(&web, ask, "HTTP/1.1 404");
    web_ask(&web, "GET /MAAS/<script> HTTP/1.1\r\nHost: mock\r\n\r\n", "HTTP/1.1 404");
    web_close(&web);
    page = control_shows(f, "/");
    assert_null(strstr(page, f->secret));
    assert_non_null(strstr(page, "(a key stands in it)"));
    assert_null(strstr(page, "<script>"));
    assert_non_null(strstr(page, "&#60;script&#62;"));
}

static void a_wrong_fleet_is_refused_with_its_path(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/mock_alone.XXXXXX";
    const int fd = mkstemp(path);
    static const char fleet[] = "[{\"name\": \"m1\"}, {\"name\": \"m2\", \"status\": \"Redy\"}]";

    assert_true(fd >= 0);
    assert_int_equal(write(fd, fleet, strlen(fleet)), (ssize_t)strlen(fleet));
    close(fd);
    start(f, "--fleet", path);
    assert_int_equal(program_exit(&f->mock), 1);
    unlink(path);
    assert_non_null(strstr(buf_text(&f->mock.out), "[1].status: Redy"));
    assert_non_null(strstr(buf_text(&f->mock.out), path));
}

int main(void)
{
#define ALONE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ALONE_TEST(what_it_prints_is_enough_to_use_it),
        ALONE_TEST(its_page_shows_machines_and_exchanges_and_no_secret),
        ALONE_TEST(a_key_in_a_path_and_tags_in_one_do_not_reach_the_page),
        ALONE_TEST(a_wrong_fleet_is_refused_with_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
