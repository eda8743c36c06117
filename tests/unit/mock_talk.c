#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "tests/unit/mock_talk.h"

#include <stdio.h>
#include <string.h>

void mock_init(struct mock *m)
{
    *m = (struct mock){.scheme = "https", .authority = "palette.example", .peer = "198.51.100.7"};
    ev_list_init(&m->events);
    buf_init(&m->said, MIB(8));
}

void mock_drop(struct mock *m)
{
    ev_list_drop(&m->events);
    buf_drop(&m->said);
}

size_t mock_count(const struct mock *m, enum ev_kind kind, enum ev_field f, const char *text)
{
    size_t n = 0;

    for (size_t i = 0; i < m->events.n; i++) {
        const struct event *e = ev_list_at(&m->events, i);

        n += e->kind == kind && (!text || ev_is(e, f, text));
    }
    return n;
}

const struct event *mock_last(const struct mock *m, enum ev_kind kind)
{
    for (size_t i = m->events.n; i > 0; i--)
        if (ev_list_at(&m->events, i - 1)->kind == kind)
            return ev_list_at(&m->events, i - 1);
    fail_msg("no such event");
    return NULL;
}

bool mock_leaks(const struct mock *m, const char *text)
{
    struct buf line SCOPED(buf_drop) = {0};
    bool hit = strstr(buf_text(&m->said), text) != NULL;

    buf_init(&line, KIB(64));
    for (size_t i = 0; i < m->events.n && !hit; i++) {
        buf_clear(&line);
        ev_json_write(&line, ev_list_at(&m->events, i));
        hit = strstr(buf_text(&line), text) != NULL;
    }
    return hit;
}

void talk_init(struct talk *t)
{
    memset(t, 0, sizeof(*t));
    http_request_init(&t->rq);
    http_reply_init(&t->rp);
}

void talk_drop(struct talk *t)
{
    http_request_drop(&t->rq);
    http_reply_drop(&t->rp);
}

static void keep(struct mock *m, struct talk *t)
{
    for (size_t i = 0; i < t->rp.events.n; i++) {
        const struct event *e = ev_list_at(&t->rp.events, i);

        assert_null(ev_missing(e));
        ev_list_add(&m->events, e);
    }
    t->parked = t->rp.park_key[0] != '\0';
    if (t->parked)
        return;
    buf_text_add(&m->said, buf_text(&t->rp.headers));
    buf_text_add(&m->said, buf_text(&t->rp.body));
}

static void handle(struct mock *m, struct talk *t, bool again, bool park_over)
{
    const struct http_ctx ctx = {.now = m->now,
                                 .conn = t->conn,
                                 .peer = m->peer,
                                 .scheme = m->scheme,
                                 .authority = m->authority,
                                 .park_over = park_over,
                                 .parked_before = again};

    http_reply_drop(&t->rp);
    http_reply_init(&t->rp);
    m->handle(m->app, &ctx, &t->rq, &t->rp);
    keep(m, t);
}

static void headers_add(struct buf *headers, const char *lines)
{
    char line[8192], *colon;

    while (text_next(&lines, '\n', line, sizeof(line))) {
        colon = strchr(line, ':');
        assert_non_null(colon);
        *colon = '\0';
        assert_true(http_header_add(headers, line, colon + 1 + strspn(colon + 1, " ")));
    }
}

void talk_ask(struct mock *m, struct talk *t, const char *method, const char *target,
              const char *headers, const char *body)
{
    const size_t path_len = strcspn(target, "?");
    char type[64];

    http_request_drop(&t->rq);
    http_request_init(&t->rq);
    assert_true(text_copy(t->rq.method, sizeof(t->rq.method), method));
    assert_true(text_copy_len(t->rq.path, sizeof(t->rq.path), target, path_len));
    if (target[path_len] == '?')
        assert_true(text_copy(t->rq.query, sizeof(t->rq.query), target + path_len + 1));
    headers_add(&t->rq.headers, headers ? headers : "");
    if (body) {
        buf_text_add(&t->rq.body, body);
        if (!http_header_get(&t->rq.headers, "Content-Type", type, sizeof(type)))
            http_header_add(&t->rq.headers, "Content-Type", "application/json");
    }
    t->conn = ++m->conns;
    handle(m, t, false, false);
}

void talk_again(struct mock *m, struct talk *t, bool park_over)
{
    assert_true(t->parked);
    handle(m, t, true, park_over);
}

bool talk_header(const struct talk *t, const char *name, const char *wanted)
{
    char seen[512];

    return http_header_get(&t->rp.headers, name, seen, sizeof(seen)) &&
           (!wanted || text_is(seen, wanted));
}

const char *talk_body(const struct talk *t)
{
    return buf_text(&t->rp.body);
}

const char *talk_pick(const struct talk *t, const char *path, char *out, size_t size)
{
    if (!jx_pick(buf_text(&t->rp.body), t->rp.body.len, path, out, size))
        text_copy(out, size, "");
    return out;
}

bool talk_touched(const struct talk *t, const char *key)
{
    const char *rest = buf_text(&t->rp.touched);
    char line[HTTP_KEY_MAX];

    while (text_next(&rest, '\n', line, sizeof(line)))
        if (text_is(line, key))
            return true;
    return false;
}
