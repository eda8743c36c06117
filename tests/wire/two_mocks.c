#include "tests/test.h"

#include "tests/wire/two_mocks.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API_KEY   "the-user-s-api-key"
#define WORDS_MAX 24

const char *two_mocks_path(const struct two_mocks *m, const char *name)
{
    static char path[16][160];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", m->dir, name);
    return path[i];
}

void two_mocks_write(const struct two_mocks *m, const char *name, const char *text)
{
    struct err e;

    must(file_write(two_mocks_path(m, name), text, strlen(text), 0600, &e), &e);
}

void two_mocks_launch(const struct two_mocks *m, struct program *p, const char *name,
                      const char *const *words)
{
    static char texts[WORDS_MAX][512];
    char path[512], language[] = "LANG=C.UTF-8", *argv[WORDS_MAX + 2] = {path},
                    *envp[] = {language, NULL};

    snprintf(path, sizeof(path), "%s/%s", m->bin, name);
    if (access(path, X_OK) < 0)
        fail_msg("%s is not there: build it, or set GATEPROOF_BIN", path);
    for (size_t i = 0; words[i]; i++) {
        assert_true(i < WORDS_MAX);
        snprintf(texts[i], sizeof(texts[i]), "%s", words[i]);
        argv[i + 1] = texts[i];
    }
    program_start(p, m->loop, path, argv, envp);
}

/* "… listens on URL/tail\n" */
static void url_take(struct program *p, const char *tail, char *out, size_t size)
{
    static const char ready[] = "listens on ";
    const char *url;

    program_until_said(p, tail);
    url = strstr(buf_text(&p->out), ready);
    assert_non_null(url);
    url += sizeof(ready) - 1;
    assert_true(text_copy_len(out, size, url, strcspn(url, "\n")));
}

static void on_code(void *arg, const struct http_result *r)
{
    struct two_mocks *m = arg;

    assert_int_equal(r->outcome, HTTP_ANSWERED);
    assert_true(jx_pick(r->body.data, r->body.len, "pairingCode", m->code, sizeof(m->code)));
    assert_true(http_header_get(&r->headers, "X-Gp-Pcg-Uid", m->uid, sizeof(m->uid)));
    m->answered = true;
}

static void pair(struct two_mocks *m)
{
    struct call_config config = {.ca_file = two_mocks_path(m, "ca.pem")};
    struct caller *user = NULL;
    struct http_call rq;
    struct err e;

    must(caller_new(&user, m->loop, m->dns, &config, &e), &e);
    http_call_init(&rq, "GET");
    url_join(&rq.url, m->palette_url, "/v1/overlords/pairing/code?cloudType=maas");
    http_header_add(&rq.headers, "ApiKey", API_KEY);
    rq.timeout_ms = SECONDS(10);
    call_start(user, &rq, on_code, m);
    http_call_drop(&rq);
    while (!m->answered && !m->palette.out_of_patience)
        loop_once(m->loop);
    assert_true(m->answered);
    caller_free(user);
}

static void mocks_launch(struct two_mocks *m, int64_t maas_epoch_s)
{
    char epoch[32];
    const char *const palette[] = {
        "--cert",         two_mocks_path(m, "leaf.pem"), "--key", two_mocks_path(m, "leaf.key"),
        "--api-key-file", two_mocks_path(m, "api-key"),  NULL};
    const char *const maas[] = {"--users-file", two_mocks_path(m, "users"), "--epoch", epoch, NULL};

    snprintf(epoch, sizeof(epoch), "%lld",
             (long long)(maas_epoch_s ? maas_epoch_s : clk_realtime_s()));
    two_mocks_launch(m, &m->palette, "mock-palette", palette);
    two_mocks_launch(m, &m->maas, "mock-maas", maas);
    url_take(&m->palette, "/v1\n", m->palette_url, sizeof(m->palette_url));
    m->palette_url[strlen(m->palette_url) - strlen("/v1")] = '\0';
    url_take(&m->maas, "/MAAS", m->maas_url, sizeof(m->maas_url));
}

void two_mocks_start(struct two_mocks *m, int64_t maas_epoch_s)
{
    const char *bin = getenv("GATEPROOF_BIN");
    const int64_t now = clk_realtime_s();
    struct err e;

    *m = (struct two_mocks){.dir = "/tmp/two_mocks.XXXXXX"};
    snprintf(m->bin, sizeof(m->bin), "%s", bin ? bin : "build/dev/bin");
    assert_non_null(mkdtemp(m->dir));
    must(file_mkdirs(two_mocks_path(m, "other"), 0700, &e), &e);
    must(tls_ca_make(m->dir, "ours", now - 3600, 30, &e), &e);
    must(tls_ca_make(two_mocks_path(m, "other"), "other", now - 3600, 30, &e), &e);
    must(tls_leaf_make(m->dir, "leaf", "127.0.0.1", now - 3600, 30, &e), &e);
    must(tls_leaf_make(two_mocks_path(m, "other"), "leaf", "127.0.0.1,palette.example", now - 3600,
                       30, &e),
         &e);
    two_mocks_write(m, "api-key", API_KEY "\n");
    two_mocks_write(m, "users",
                    "[{\"name\":\"alice\",\"key\":\"" CANARY_KEY "\",\"superuser\":true},"
                    "{\"name\":\"bob\",\"key\":\"" CANARY_OTHER "\",\"superuser\":false}]");
    must(loop_new(&m->loop, NULL, &e), &e);
    must(dns_new(&m->dns, m->loop, &e), &e);
    mocks_launch(m, maas_epoch_s);
    pair(m);
}

static int remove_it(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void two_mocks_stop(struct two_mocks *m)
{
    program_drop(&m->palette);
    program_drop(&m->maas);
    dns_free(m->dns);
    loop_free(m->loop);
    assert_int_equal(nftw(m->dir, remove_it, 8, FTW_DEPTH | FTW_PHYS), 0);
}
