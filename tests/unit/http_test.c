#include "tests/test.h"

#include "lib/base/http.h"
#include "lib/base/text.h"

#include <string.h>

static void headers_are_found_in_any_case_and_trimmed(void **state)
{
    struct buf h;
    char out[16];

    (void)state;
    buf_init(&h, 100);
    assert_true(http_header_add(&h, "X-One", "  1 "));
    assert_true(http_header_add(&h, "x-two", ""));
    assert_true(http_header_add(&h, "X-One", "second"));
    assert_true(http_header_get(&h, "x-ONE", out, sizeof out));
    assert_text(out, "1");
    assert_true(http_header_get(&h, "X-Two", out, sizeof out));
    assert_text(out, "");
    assert_false(http_header_get(&h, "X", out, sizeof out));
    assert_false(http_header_get(&h, "X-One", out, 1));
    buf_drop(&h);
}

/* A line break in a value would be a second header of the sender's choice. */
static void a_header_cannot_smuggle_another(void **state)
{
    struct buf h;

    (void)state;
    buf_init(&h, 40);
    assert_false(http_header_add(&h, "A", "x\r\nB: y"));
    assert_false(http_header_add(&h, "A\n", "x"));
    assert_false(http_header_add(&h, "A:", "x"));
    assert_false(http_header_add(&h, "", "x"));
    assert_int_equal(h.len, 0);
    assert_false(http_header_add(&h, "Long", "a value that does not fit into forty bytes"));
    assert_int_equal(h.len, 0); /* never half a header */
    assert_true(h.full);
    buf_drop(&h);
}

static void nothing(const struct http_exchange *x)
{
    (void)x;
}

static const struct http_route routes[] = {
    {"GET", "/v1/overlords/pairing/code", NULL, nothing, "pairing-code", 0},
    {"GET", "/v1/overlords/{uid}", NULL, nothing, "overlord", 0},
    {"POST", "/v1/overlords/{uid}/account", NULL, nothing, "account-create", 0},
    {"GET", "/MAAS/api/2.0/machines/", NULL, nothing, "machines.read", 0},
    {"GET", "/MAAS/api/2.0/machines/", "list_allocated", nothing, "machines.allocated", 0},
    {"POST", "/MAAS/api/2.0/machines/", "allocate", nothing, "machines.allocate", 0},
};

static enum http_match find(const char *method, const char *path, const char *query,
                            const char **ret_name, struct http_vars *vars)
{
    const struct http_route *route = NULL;
    struct http_request rq;
    enum http_match match;

    http_request_init(&rq);
    assert_true(text_copy(rq.method, sizeof rq.method, method));
    assert_true(text_copy(rq.path, sizeof rq.path, path));
    assert_true(text_copy(rq.query, sizeof rq.query, query));
    match = http_route_find(routes, COUNTOF(routes), &rq, &route, vars);
    *ret_name = route ? route->name : "";
    http_request_drop(&rq);
    return match;
}

static void a_route_is_found_by_method_path_and_op(void **state)
{
    static const struct {
        const char *method, *path, *query;
        enum http_match match;
        const char *name;
    } rows[] = {
        {"GET", "/v1/overlords/pairing/code", "cloudType=maas", HTTP_MATCHED, "pairing-code"},
        {"GET", "/v1/overlords/u1", "", HTTP_MATCHED, "overlord"},
        {"GET", "/v1/overlords/", "", HTTP_NO_PATH, ""},
        {"GET", "/v1/overlords/u1/", "", HTTP_NO_PATH, ""},
        {"GET", "/v1/overlords", "", HTTP_NO_PATH, ""},
        {"GET", "/v1/overlords/u1/account", "", HTTP_NO_METHOD, ""},
        {"get", "/v1/overlords/u1", "", HTTP_NO_METHOD, ""},
        {"GET", "/MAAS/api/2.0/machines/", "zone=z1", HTTP_MATCHED, "machines.read"},
        {"GET", "/MAAS/api/2.0/machines/", "zone=z1&op=list_allocated", HTTP_MATCHED,
         "machines.allocated"},
        {"GET", "/MAAS/api/2.0/machines/", "op=allocate", HTTP_NO_OP, ""},
        {"POST", "/MAAS/api/2.0/machines/", "op=all%6Fcate", HTTP_MATCHED, "machines.allocate"},
        {"POST", "/MAAS/api/2.0/machines/", "", HTTP_NO_OP, ""},
        {"PUT", "/MAAS/api/2.0/machines/", "op=allocate", HTTP_NO_METHOD, ""},
        {"POST", "/MAAS/api/2.0/machines", "op=allocate", HTTP_NO_PATH, ""},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(rows); i++) {
        struct http_vars vars;
        const char *name;
        assert_int_equal(find(rows[i].method, rows[i].path, rows[i].query, &name, &vars),
                         rows[i].match);
        assert_text(name, rows[i].name);
    }
}

static void variables_are_decoded_and_bounded(void **state)
{
    char path[URL_PATH_MAX] = "/v1/overlords/";
    struct http_vars vars;
    const char *name;

    (void)state;
    assert_int_equal(find("GET", "/v1/overlords/a%2Fb%20c", "", &name, &vars), HTTP_MATCHED);
    assert_text(http_var(&vars, "uid"), "a/b c");
    assert_text(http_var(&vars, "other"), "");
    assert_int_equal(find("GET", "/v1/overlords/a%2", "", &name, &vars), HTTP_NO_PATH);
    memset(path + strlen(path), 'x', HTTP_VAR_MAX);
    assert_int_equal(find("GET", path, "", &name, &vars), HTTP_NO_PATH);
}

static void a_reply_keeps_what_it_touched_in_order(void **state)
{
    struct http_reply rp;
    char type[32];

    (void)state;
    http_reply_init(&rp);
    http_reply_touch(&rp, "feed/1");
    http_reply_touch(&rp, "query/2");
    assert_text(buf_text(&rp.touched), "feed/1\nquery/2\n");
    http_reply_text(&rp, 404, "text/plain", "Not Found");
    assert_int_equal(rp.status, 404);
    assert_text(buf_text(&rp.body), "Not Found");
    assert_true(http_header_get(&rp.headers, "content-type", type, sizeof type));
    assert_text(type, "text/plain");
    http_reply_drop(&rp);
}

static void every_outcome_has_a_name(void **state)
{
    int o;

    (void)state;
    for (o = 0; o < HTTP_OUTCOME_COUNT; o++)
        assert_non_null(http_outcome_name((enum http_outcome)o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(headers_are_found_in_any_case_and_trimmed), test(a_header_cannot_smuggle_another),
        test(a_route_is_found_by_method_path_and_op),    test(variables_are_decoded_and_bounded),
        test(a_reply_keeps_what_it_touched_in_order),    test(every_outcome_has_a_name),
    };

    return run_tests(tests);
}
