#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int palette_site_setup(void **state)
{
    const struct palette_config c = {.seed = 1, .factor = 1, .api_key = API_KEY, .authority = true};

    return palette_site_make(state, &c);
}

static struct palette_site *kept; /* the site of the test that runs */

/* Whatever a test asks, nothing of what it changed is lost when the program dies then. */
static void handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                   struct http_reply *rp)
{
    palette_handle(app, ctx, rq, rp);
    if (kept && app == kept->kept)
        shadow_look(&kept->shadow, app);
}

void palette_dies(struct palette_site *s)
{
    palette_free(s->palette);
    s->m.app = s->kept = s->palette = shadow_resume(&s->shadow, &s->config, s->m.now);
}

int palette_site_make(void **state, const struct palette_config *c)
{
    struct palette_site *s = calloc(1, sizeof(*s));

    s->config = *c;
    s->config.keep = true;
    kept = s;
    s->kept = s->palette = palette_new(&s->config);
    mock_init(&s->m);
    s->m.app = s->palette;
    s->m.handle = handle;
    talk_init(&s->t);
    *state = s;
    return 0;
}

int palette_site_teardown(void **state)
{
    struct palette_site *s = *state;

    talk_drop(&s->t);
    mock_drop(&s->m);
    palette_free(s->palette);
    shadow_drop(&s->shadow);
    kept = NULL;
    free(s);
    return 0;
}

int user(struct palette_site *s, const char *method, const char *target, const char *body)
{
    talk_ask(&s->m, &s->t, method, target, "ApiKey: " API_KEY "\n", body);
    return s->t.rp.status;
}

int user_in(struct palette_site *s, const char *project, const char *method, const char *target,
            const char *body)
{
    char headers[256];

    snprintf(headers, sizeof(headers), "ApiKey: " API_KEY "\nProjectuid: %s\n", project);
    talk_ask(&s->m, &s->t, method, target, headers, body);
    return s->t.rp.status;
}

int gateway(struct palette_site *s, const char *method, const char *target, const char *body)
{
    char header[256];

    snprintf(header, sizeof(header), "Authorization: %s\n", s->token);
    talk_ask(&s->m, &s->t, method, target, header, body);
    return s->t.rp.status;
}

int credential(struct palette_site *s, const char *uid, const char *code, const char *secret)
{
    char path[128], body[512];

    snprintf(path, sizeof(path), "/v1/x-gp/pcg/%s/credential", uid);
    snprintf(body, sizeof(body),
             "{\"gatewaySecret\":\"%s\",\"pairingCode\":%s%s%s,\"profile\":\"1.0\","
             "\"version\":\"2.3.1\",\"features\":[\"pcg\"],\"replica\":1}",
             secret, code ? "\"" : "", code ? code : "null", code ? "\"" : "");
    talk_ask(&s->m, &s->t, "POST", path, NULL, body);
    return s->t.rp.status;
}

const char *at(struct palette_site *s, const char *fmt)
{
    const char *hole = strstr(fmt, "%s");

    assert_non_null(hole);
    snprintf(s->path, sizeof(s->path), "%.*s%s%s", (int)(hole - fmt), fmt, s->uid, hole + 2);
    return s->path;
}

int palette_beat(struct palette_site *s)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/heartbeat", s->self_uid);
    return gateway(s, "PUT", path, "{\"agentVersion\":\"2.3.1\",\"message\":\"\"}");
}

int palette_feed(struct palette_site *s)
{
    gateway(s, "GET", at(s, "/v1/x-gp/pcg/%s/feed"), NULL);
    talk_pick(&s->t, "cursor", s->cursor, sizeof(s->cursor));
    return s->t.rp.status;
}

void palette_pair(struct palette_site *s)
{
    assert_int_equal(user(s, "GET", "/v1/overlords/pairing/code?cloudType=maas", NULL), 200);
    assert_true(talk_pick(&s->t, "pairingCode", s->code, sizeof(s->code))[0]);
    assert_true(http_header_get(&s->t.rp.headers, "X-Gp-Pcg-Uid", s->uid, sizeof(s->uid)));
}

void palette_enrol(struct palette_site *s)
{
    palette_pair(s);
    assert_int_equal(credential(s, s->uid, s->code, SECRET), 200);
    talk_pick(&s->t, "token", s->token, sizeof(s->token));
    talk_pick(&s->t, "selfClusterUid", s->self_uid, sizeof(s->self_uid));
}

void palette_running(struct palette_site *s)
{
    char body[128];

    palette_enrol(s);
    snprintf(body, sizeof(body), "{\"pairingCode\":\"%s\"}", s->code);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/pcg/%s/register"), body), 204);
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(palette_feed(s), 200);
}

bool palette_wish(struct palette_site *s, const char *words)
{
    struct http_reply rp;
    bool done;

    http_reply_init(&rp);
    done = palette_do(s->palette, s->m.now, words, &rp);
    for (size_t i = 0; i < rp.events.n; i++)
        ev_list_add(&s->m.events, ev_list_at(&rp.events, i));
    http_reply_drop(&rp);
    return done;
}

void palette_pass(struct palette_site *s, ms_t ms)
{
    const ms_t end = s->m.now + ms;

    while (palette_due(s->palette) <= end) {
        struct http_reply rp;

        s->m.now = ms_max(s->m.now, palette_due(s->palette));
        http_reply_init(&rp);
        palette_tick(s->palette, s->m.now, &rp);
        if (s->palette == s->kept)
            shadow_look(&s->shadow, s->palette);
        for (size_t i = 0; i < rp.events.n; i++)
            ev_list_add(&s->m.events, ev_list_at(&rp.events, i));
        http_reply_drop(&rp);
    }
    s->m.now = end;
}

void refused(struct palette_site *s, int status, const char *code)
{
    char seen[128];

    assert_int_equal(s->t.rp.status, status);
    assert_true(talk_header(&s->t, "Content-Type", "application/json"));
    assert_text(talk_pick(&s->t, "code", seen, sizeof(seen)), code);
    assert_true(talk_pick(&s->t, "message", seen, sizeof(seen))[0]);
    assert_true(talk_pick(&s->t, "ref", seen, sizeof(seen))[0]);
    assert_text(ev_text(mock_last(&s->m, EV_PAL_CALL), EVF_CODE), code);
}
