/* Speaking to a mock's model without a wire: one talk is one request, its answer, and what happens
 * when a parked one is asked again. Everything said and journalled is kept, so that a test can look
 * for what must not be there. */
#ifndef TESTS_UNIT_MOCK_TALK_H
#define TESTS_UNIT_MOCK_TALK_H

#include "lib/base/http.h"

struct mock {
    void *app;
    void (*handle)(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                   struct http_reply *rp);
    ms_t now;
    uint64_t conns;
    const char *scheme, *authority;
    const char *peer;      /* who asks */
    struct ev_list events; /* all of them, in order */
    struct buf said;       /* all headers and bodies of answers */
};
void mock_init(struct mock *m);
void mock_drop(struct mock *m);
/* Events of that kind so far; with f and text only those where the field is that. */
size_t mock_count(const struct mock *m, enum ev_kind kind, enum ev_field f, const char *text);
const struct event *mock_last(const struct mock *m, enum ev_kind kind); /* fails when none */
/* The text occurs in any answer or any event. */
bool mock_leaks(const struct mock *m, const char *text);

struct talk {
    uint64_t conn;
    struct http_request rq;
    struct http_reply rp;
    bool parked;
};
void talk_init(struct talk *t);
void talk_drop(struct talk *t);
/* headers: "Name: value" lines, each ending in '\n'. A body gets Content-Type application/json when
 * headers name none. A fresh connection each time. */
void talk_ask(struct mock *m, struct talk *t, const char *method, const char *target,
              const char *headers, const char *body);
void talk_again(struct mock *m, struct talk *t, bool park_over);
bool talk_header(const struct talk *t, const char *name, const char *wanted);
const char *talk_body(const struct talk *t);
/* The last answer's field by dotted path, "" when there is none. Valid until the next call. */
const char *talk_pick(const struct talk *t, const char *path, char *out, size_t size);
/* The talk touched that key. */
bool talk_touched(const struct talk *t, const char *key);

#endif
