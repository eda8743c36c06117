/* What the simulator says of a new connection is read from the bytes that crossed it, by the reader
 * that also looks at real packets: an intent that never became bytes leaves no trace, and bytes
 * that are not what was meant are called what they are. */
#include "tests/test.h"

#include "scenarios/engine/run.h"
#include "scenarios/engine/site_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stand {
    struct script script;
    struct lab lab;
    struct ev_list journal;
    struct site *site;
    size_t seen;
};

static struct stand *stand_new(void)
{
    struct stand *t = calloc(1, sizeof *t);
    struct err e = {0};

    assert_non_null(t);
    must(story_load("scenarios", "100-install-and-register", NULL, &t->script, &e), &e);
    must(lab_load("scenarios", "nat", &t->lab, &e), &e);
    ev_list_init(&t->journal);
    t->site = site_new(&t->lab, &t->script, 1, &t->journal);
    site_begin(t->site, "sim", "virtual");
    t->seen = t->journal.n;
    return t;
}

static void stand_free(struct stand **t)
{
    if (*t == NULL)
        return;
    site_free((*t)->site);
    ev_list_drop(&(*t)->journal);
    free(*t);
    *t = NULL;
}

/* The one record that the bytes left, or NULL. */
static const struct event *cross(struct stand *t, const void *bytes, size_t len)
{
    const size_t before = t->journal.n;

    site_first_bytes(t->site, lab_role(&t->lab, "gateway"), lab_role(&t->lab, "palette"), bytes,
                     len);
    assert_true(t->journal.n <= before + 1);
    return t->journal.n == before ? NULL : ev_list_at(&t->journal, before);
}

static void assert_first(struct stand *t, const void *bytes, size_t len, const char *kind,
                         const char *name)
{
    const struct event *e = cross(t, bytes, len);

    assert_non_null(e);
    assert_int_equal(e->kind, EV_FLOW_FIRST);
    assert_text(ev_text(e, EVF_KIND), kind);
    assert_text(ev_text(e, EVF_SNI), name);
    assert_text(ev_text(e, EVF_LINK), "private");
    assert_text(ev_text(e, EVF_FROM_IP), "10.10.0.2");
}

static void a_hello_is_tls_and_names_its_host(void **state)
{
    SCOPED(stand_free) struct stand *t = stand_new();
    SCOPED(buf_drop) struct buf b = {0};

    (void)state;
    buf_init(&b, KIB(4));
    site_hello_add(t->site, &b, "palette.example");
    assert_first(t, b.data, b.len, "tls", "palette.example");
    assert_first(t, b.data, 4, "other", ""); /* torn before it could be told */
    b.data[0] ^= 1;
    assert_first(t, b.data, b.len, "other", "");
}

static void the_head_of_a_plain_request_is_http(void **state)
{
    SCOPED(stand_free) struct stand *t = stand_new();
    SCOPED(buf_drop) struct buf b = {0};
    struct http_request rq;

    (void)state;
    http_request_init(&rq);
    snprintf(rq.method, sizeof rq.method, "GET");
    snprintf(rq.path, sizeof rq.path, "/MAAS/api/2.0/machines/");
    snprintf(rq.query, sizeof rq.query, "op=list_allocated");
    http_header_add(&rq.headers, "Host", "10.10.0.3:5240");
    buf_init(&b, KIB(4));
    site_head_add(&b, &rq);
    assert_text(buf_text(&b), "GET /MAAS/api/2.0/machines/?op=list_allocated HTTP/1.1\r\n"
                              "Host: 10.10.0.3:5240\r\n\r\n");
    assert_first(t, b.data, b.len, "http", "");
    http_request_drop(&rq);
}

/* One buffer, as a proxy's client sends it: the tunnel's own first bytes decide. */
static void a_connect_is_known_by_what_follows_it(void **state)
{
    static const char ask[] = "CONNECT palette.example:443 HTTP/1.1\r\n\r\n";
    SCOPED(stand_free) struct stand *t = stand_new();
    SCOPED(buf_drop) struct buf b = {0};

    (void)state;
    buf_init(&b, KIB(4));
    buf_text_add(&b, ask);
    assert_null(cross(t, b.data, b.len));
    site_hello_add(t->site, &b, "palette.example");
    assert_first(t, b.data, b.len, "connect+tls", "palette.example:443");
}

static void nothing_sent_is_nothing_seen(void **state)
{
    SCOPED(stand_free) struct stand *t = stand_new();

    (void)state;
    assert_null(cross(t, "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_hello_is_tls_and_names_its_host),
        test(the_head_of_a_plain_request_is_http),
        test(a_connect_is_known_by_what_follows_it),
        test(nothing_sent_is_nothing_seen),
    };
    return run_tests(tests);
}
