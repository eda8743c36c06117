/* Bytes → a sequence of requests to one Palette. Requests are parted by '\x1e'; each is
 *     WHO METHOD TARGET '\n' BODY        WHO: u user, g gateway (of epoch 1, 2, 3: 1, 2, 3),
 *                                        a agent, w a user's session, n nobody, t time passes
 * and $c $u $s $t $k $q stand for the newest pairing code, uid, selfClusterUid, gateway's token,
 * cursor and query; $a $l $o $j $m for the newest uid that was made, the listed cluster's uid,
 * config uid and join token, the agent's token; $w for the session's. Whatever is sent, the answer
 * is whole JSON or empty, and the journal says what was asked. */
#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "mock-palette/palette.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 64
#define REQUEST_MAX  KIB(16)
#define API_KEY      "fuzz-api-key"

struct run {
    struct palette *palette;
    ms_t now;
    uint64_t conn;
    char known[12][256]; /* in the order of letters */
};
static const char letters[] = "custkqalojmw";

static size_t place(char letter)
{
    return (size_t)(strchr(letters, letter) - letters);
}

static void learn(struct run *r, const struct http_reply *rp)
{
    static const char *const paths[] = {"pairingCode",
                                        NULL,
                                        "selfClusterUid",
                                        NULL,
                                        "cursor",
                                        "queries.0.id",
                                        "uid",
                                        "clusters.0.uid",
                                        "clusters.0.configUid",
                                        "clusters.0.agent.joinToken",
                                        NULL,
                                        "Authorization"};
    const char *const body = buf_text(&rp->body);
    char text[256];

    for (size_t i = 0; i < COUNTOF(paths); i++)
        if (paths[i] && jx_pick(body, rp->body.len, paths[i], text, sizeof(text)))
            text_copy(r->known[i], sizeof(r->known[i]), text);
    if (http_header_get(&rp->headers, "X-Gp-Pcg-Uid", text, sizeof(text)))
        text_copy(r->known[place('u')], sizeof(r->known[0]), text);
    if (jx_pick(body, rp->body.len, "token", text, sizeof(text))) {
        const bool agents = jx_pick(body, rp->body.len, "epoch", text, sizeof(text));

        jx_pick(body, rp->body.len, "token", text, sizeof(text));
        text_copy(r->known[place(agents ? 'm' : 't')], sizeof(r->known[0]), text);
    }
}

/* The request's text with what is known put in. */
static void fill_in(const struct run *r, const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        const char *letter =
            text[i] == '$' && i + 1 < len && text[i + 1] ? strchr(letters, text[i + 1]) : NULL;

        if (letter)
            buf_text_add(out, r->known[letter - letters]);
        else
            buf_char_add(out, text[i]);
        i += letter != NULL;
    }
}

static void check(const struct http_reply *rp)
{
    struct buf wrapped SCOPED(buf_drop) = {0}; /* a list or a text is JSON, too */
    char nothing, type[64] = "";
    const struct event *last;

    assert(rp->status >= 200 && rp->status <= 599);
    http_header_get(&rp->headers, "Content-Type", type, sizeof(type));
    buf_init(&wrapped, HTTP_BODY_MAX + 16);
    buf_printf(&wrapped, "{\"v\":%s}", buf_text(&rp->body));
    assert(rp->body.len == 0 || text_is(type, "application/octet-stream") ||
           jx_read(buf_text(&wrapped), wrapped.len, NULL, 0, 0, &nothing, NULL) == 0);
    assert(rp->events.n > 0);
    for (size_t i = 0; i < rp->events.n; i++)
        assert(ev_missing(ev_list_at(&rp->events, i)) == NULL);
    last = ev_list_at(&rp->events, rp->events.n - 1);
    assert(last->kind == EV_PAL_CALL && ev_int(last, EVF_STATUS) == rp->status);
    assert(strstr(buf_text(&rp->body), API_KEY) == NULL);
}

/* Asks; a request that is held is asked again when its time is over. */
static void handle(struct run *r, const struct http_request *rq)
{
    struct http_ctx ctx = {.now = r->now,
                           .conn = ++r->conn,
                           .peer = "203.0.113.70",
                           .scheme = "https",
                           .authority = "palette.example"};

    for (int round = 0; round < 2; round++) {
        struct http_reply rp;
        bool parked;

        http_reply_init(&rp);
        palette_handle(r->palette, &ctx, rq, &rp);
        parked = rp.park_key[0] != '\0';
        assert(!parked || (round == 0 && rp.park_ms > 0));
        if (!parked) {
            check(&rp);
            learn(r, &rp);
        }
        r->now += parked ? rp.park_ms : 1;
        http_reply_drop(&rp);
        if (!parked)
            return;
        ctx.now = r->now;
        ctx.parked_before = ctx.park_over = true;
    }
}

static void authorise(const struct run *r, char who, struct http_request *rq)
{
    const char epoch[2] = {who, '\0'};

    if (who == 'u')
        http_header_add(&rq->headers, "ApiKey", API_KEY);
    if (who == 'w')
        http_header_add(&rq->headers, "Authorization", r->known[place('w')]);
    if (who == 'a')
        http_header_add(&rq->headers, "Authorization", r->known[place('m')]);
    if (who != 'g' && (who < '1' || who > '3'))
        return;
    http_header_add(&rq->headers, "Authorization", r->known[place('t')]);
    if (who != 'g')
        http_header_add(&rq->headers, "X-Gp-Epoch", epoch);
}

static void pass(struct run *r, const char *seconds)
{
    struct http_reply rp;
    int64_t s = 0;

    http_reply_init(&rp);
    if (text_int(seconds, 0, 1000000, &s))
        r->now += SECONDS(s);
    palette_tick(r->palette, r->now, &rp);
    assert(palette_due(r->palette) > r->now);
    http_reply_drop(&rp);
}

static void request(struct run *r, const char *text)
{
    struct http_request rq;
    const size_t line = strcspn(text, "\n");
    const size_t method = line > 2 ? strcspn(text + 2, " \n") : 0;
    const char *target = text + 2 + method + 1;
    size_t target_len, path_len;

    if (line < 4 || text[1] != ' ')
        return;
    if (text[0] == 't') {
        pass(r, text + 2);
        return;
    }
    if (2 + method >= line)
        return;
    http_request_init(&rq);
    target_len = line - (size_t)(target - text);
    path_len = strcspn(target, "?\n");
    if (path_len > target_len)
        path_len = target_len;
    if (text_copy_len(rq.method, sizeof(rq.method), text + 2, method) &&
        text_copy_len(rq.path, sizeof(rq.path), target, path_len) &&
        (path_len == target_len || text_copy_len(rq.query, sizeof(rq.query), target + path_len + 1,
                                                 target_len - path_len - 1))) {
        authorise(r, text[0], &rq);
        if (text[line]) {
            http_header_add(&rq.headers, "Content-Type", "application/json");
            buf_text_add(&rq.body, text + line + 1);
        }
        handle(r, &rq);
    }
    http_request_drop(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct palette_config c = {.seed = 1,
                                     .factor = 1,
                                     .api_key = API_KEY,
                                     .user_email = "fuzz@palette.example",
                                     .user_password = "fuzz-password"};
    if (memmem(data, size, API_KEY, strlen(API_KEY)) != NULL)
        return 0; /* who says it himself, as a name, say, may read it again */
    struct run r = {.palette = palette_new(&c)};
    const char *at = (const char *)data, *end = at + size;

    for (size_t n = 0; n < REQUESTS_MAX && at < end; n++) {
        const char *stop = memchr(at, '\x1e', (size_t)(end - at));
        const size_t len = (size_t)((stop ? stop : end) - at);
        struct buf text SCOPED(buf_drop) = {0};

        buf_init(&text, REQUEST_MAX);
        fill_in(&r, at, len, &text);
        request(&r, buf_text(&text));
        at += len + 1;
    }
    palette_free(r.palette);
    return 0;
}
