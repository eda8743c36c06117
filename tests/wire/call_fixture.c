#include "tests/test.h"

#include "tests/wire/call_fixture.h"

#include "lib/io/clk.h"
#include "lib/io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/call_test.XXXXXX";

/* --- certificates: one authority, and a leaf for each way of being right or wrong ------------ */

const char *in_folder(const char *name)
{
    static char path[4][256];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", folder, name);
    return path[i];
}

int call_make_certificates(void **state)
{
    int64_t now = clk_realtime_s();
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(folder));
    must(file_mkdirs(in_folder("other"), 0700, &e), &e);
    must(tls_ca_make(folder, "ours", now - 3600, 30, &e), &e);
    must(tls_ca_make(in_folder("other"), "other", now - 3600, 30, &e), &e);
    must(tls_leaf_make(folder, "good", "palette.example,127.0.0.1", now - 3600, 30, &e), &e);
    must(tls_leaf_make(folder, "expired", "palette.example", now - 86400 * 3, 2, &e), &e);
    must(tls_leaf_make(folder, "named", "somebody.example", now - 3600, 30, &e), &e);
    return 0;
}

int call_drop_certificates(void **state)
{
    static const char *const names[] = {
        "good.pem", "good.key", "expired.pem", "expired.key",  "named.pem",    "named.key",
        "ca.pem",   "ca.key",   "ca.serial",   "other/ca.pem", "other/ca.key", "other/ca.serial"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_folder(names[i]));
    (void)!rmdir(in_folder("other"));
    return rmdir(folder);
}

/* --- fixture --------------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
    ((struct fixture *)arg)->out_of_patience = true;
}

static int begin(void **state, struct loop *loop)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    char at[64];

    f->loop = loop;
    buf_init(&f->body, MIB(1));
    buf_init(&f->headers, MIB(1));
    raw_dns_start(&f->names, f->loop);
    f->names.names[0].name = "palette.example";
    f->names.names[0].ipv4 = "127.0.0.1";
    f->names.names[0].ttl_s = 60;
    f->names.names[1].name = "proxy.site";
    f->names.names[1].ipv4 = "127.0.0.1";
    f->names.names[1].ttl_s = 60;
    must(dns_new(&f->dns, f->loop, &e), &e);
    snprintf(at, sizeof(at), "127.0.0.1:%d", f->names.port);
    must(dns_servers(f->dns, at, &e), &e);
    f->server.answers[0] = OK_ANSWER;
    raw_server_start(&f->server, f->loop);
    f->patience = loop_timer_new(f->loop, on_patience, f);
    loop_timer_set(f->patience, loop_now(f->loop) + SECONDS(30));
    *state = f;
    return 0;
}

int call_set_up(void **state)
{
    struct loop *loop = NULL;
    struct err e;

    must(loop_new(&loop, NULL, &e), &e);
    return begin(state, loop);
}

int call_set_up_jumping(void **state)
{
    return begin(state, raw_clock_loop());
}

int call_tear_down(void **state)
{
    struct fixture *f = *state;

    caller_free(f->caller);
    dns_free(f->dns);
    raw_server_stop(&f->server);
    raw_dns_stop(&f->names);
    tls_server_free(f->tls);
    loop_timer_free(&f->patience);
    loop_free(f->loop);
    raw_clock_stop();
    buf_drop(&f->body);
    buf_drop(&f->headers);
    free(f);
    return 0;
}

static void on_done(void *arg, const struct http_result *r)
{
    struct fixture *f = arg;

    f->n_done++;
    f->outcome = r->outcome;
    f->status = r->status;
    f->proxy_fault = r->proxy_fault;
    f->proxy_status = r->proxy_status;
    http_why_write(r, f->proxy, f->why);
    buf_clear(&f->body);
    buf_add(&f->body, r->body.data, r->body.len);
    buf_clear(&f->headers);
    buf_add(&f->headers, r->headers.data, r->headers.len);
}

void caller_is(struct fixture *f, const struct call_config *config)
{
    struct err e;

    caller_free(f->caller);
    f->caller = NULL;
    must(caller_new(&f->caller, f->loop, f->dns, config, &e), &e);
}

void secure(struct fixture *f, const char *leaf, const char *ca)
{
    struct err e;
    char pem[64], key[64];

    snprintf(pem, sizeof(pem), "%s.pem", leaf);
    snprintf(key, sizeof(key), "%s.key", leaf);
    must(tls_server_new(&f->tls, in_folder(pem), in_folder(key), &e), &e);
    f->server.tls = f->tls;
    caller_is(f, &(struct call_config){.ca_file = in_folder(ca)});
}

struct call *send_call(struct fixture *f, const char *method, const char *url_of_port,
                       ms_t timeout_ms)
{
    struct http_call rq;
    struct call *c;

    if (!f->caller)
        caller_is(f, &(struct call_config){0});
    http_call_init(&rq, method);
    buf_printf(&rq.url, "%.*s%d%s", (int)strcspn(url_of_port, "#"), url_of_port, f->server.port,
               strchr(url_of_port, '#') + 1);
    http_header_add(&rq.headers, "Authorization", "token-of-the-gateway");
    if (strcmp(method, "GET") != 0)
        buf_text_add(&rq.body, "{\"a\":1}");
    rq.timeout_ms = timeout_ms;
    memcpy(rq.proxy, f->proxy, sizeof(rq.proxy));
    c = call_start(f->caller, &rq, on_done, f);
    http_call_drop(&rq);
    return c;
}

enum http_outcome ask(struct fixture *f, const char *method, const char *url_of_port)
{
    size_t before = f->n_done;

    send_call(f, method, url_of_port, SECONDS(10));
    while (f->n_done == before && !f->out_of_patience)
        loop_once(f->loop);
    assert_int_equal(f->n_done, before + 1);
    return f->outcome;
}
