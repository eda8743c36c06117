/* The mock itself: told what to do, and looked at, through a door of its own. Everything here is in
 * the words of a story; nothing of it is MAAS's. */
#include "mock-maas/model.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

/* --- time ------------------------------------------------------------------------------------- */

ms_t maas_now(const struct maas *m, ms_t now)
{
    return m->stands ? m->stands_at : now + m->ahead;
}

int64_t maas_time_of_day(const struct maas *m, ms_t now)
{
    return m->config.epoch_s + now / 1000 / m->config.factor;
}

static void passes(struct maas *m, ms_t now, ms_t span)
{
    if (m->stands)
        m->stands_at += span;
    else
        m->ahead += span;
    (void)now;
}

/* "stands", "runs", "passes 5m", "is 1795353804". now: the program's. */
static bool time_done(struct maas *m, ms_t now, const char *words)
{
    ms_t span;
    int64_t s;

    if (text_is(words, "stands")) {
        m->stands_at = maas_now(m, now);
        m->stands = true;
    } else if (text_is(words, "runs")) {
        m->ahead = maas_now(m, now) - now;
        m->stands = false;
    } else if (text_begins(words, "passes ") && text_duration(words + 7, &span)) {
        passes(m, now, span);
    } else if (text_begins(words, "is ") && text_int(words + 3, 0, INT64_MAX / 2000, &s)) {
        m->config.epoch_s += s - maas_time_of_day(m, maas_now(m, now));
        maas_mishap_done(m, MAAS_MISHAP_CLOCK_SKEWED);
    } else {
        return false;
    }
    return true;
}

/* --- everything else -------------------------------------------------------------------------- */

/* Whatever somebody holds is given back, as if he had released it. */
static bool all_freed(struct maas *m, ms_t now, struct ev_list *events)
{
    const struct maas_hands h = {.m = m, .now = now, .at = now, .events = events};

    for (size_t i = 0; i < m->n_machines; i++) {
        struct maas_machine *one = m->machines[i];

        if (!one->gone && one->owner[0] && maas_status_may(one->status, MAAS_READY))
            maas_set_free(&h, one, "by-hand");
    }
    return true;
}

static bool machine_done(struct maas *m, ms_t now, const char *words, struct ev_list *events)
{
    char name[64];

    return text_next(&words, ' ', name, sizeof(name)) && maas_by_hand(m, now, name, words, events);
}

/* "nonce NONCE used by alice": as if her last request had had it. */
static bool nonce_done(struct maas *m, const char *words)
{
    struct oauth o = {.nonce = ""};
    const struct maas_account *account;
    char word[4][OAUTH_TEXT_MAX];

    for (size_t i = 0; i < 4; i++)
        if (!text_next(&words, ' ', word[i], sizeof(word[i])))
            return false;
    account = maas_account_named(m, word[3]);
    for (size_t i = 0; account && i < m->rest.n_tokens; i++) {
        const struct maas_token *t = &m->rest.tokens[i];

        if (t->gone || &m->rest.accounts[t->account] != account)
            continue;
        text_copy(o.consumer_key, sizeof(o.consumer_key), t->consumer);
        text_copy(o.token, sizeof(o.token), t->token);
        text_copy(o.nonce, sizeof(o.nonce), word[0]);
        maas_nonce_keep(m, maas_nonce_mark(&o));
        return true;
    }
    return false;
}

bool maas_do(struct maas *m, ms_t now, const char *words, struct ev_list *events)
{
    const ms_t own = maas_now(m, now);
    struct maas_fault fault;

    m->epoch++;
    if (text_begins(words, "time "))
        return time_done(m, now, words + 5);
    if (text_begins(words, "machine "))
        return machine_done(m, own, words + 8, events);
    if (text_begins(words, "nonce "))
        return nonce_done(m, words + 6);
    if (text_is(words, "machines freed"))
        return all_freed(m, own, events);
    return maas_mishap_words(m, words) || maas_by_words(m, words) ||
           (maas_fault_read(words, &fault, NULL) == 0 && maas_fault_arm(m, own, &fault, events));
}

/* --- the door --------------------------------------------------------------------------------- */

static void now_answer(const struct maas *m, ms_t now, struct http_reply *rp)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 64);
    buf_printf(&text, "%" PRId64 "\n", maas_time_of_day(m, maas_now(m, now)));
    http_reply_text(rp, 200, "text/plain", buf_text(&text));
}

static void refuse(struct http_reply *rp, const char *head, const char *what)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(4));
    buf_printf(&text, "%s%.800s\n", head, what);
    http_reply_text(rp, 400, "text/plain", buf_text(&text));
}

bool maas_told(struct maas *m, ms_t now, const char *words, struct http_reply *rp)
{
    if (maas_chance_words(m, words))
        return true;
    rp->certificate = http_certificate_read(words);
    if (rp->certificate != HTTP_CERT_AS_IT_IS && !m->config.authority) {
        rp->certificate = HTTP_CERT_AS_IT_IS;
        return false;
    }
    if (rp->certificate != HTTP_CERT_AS_IT_IS) {
        if (rp->certificate != HTTP_CERT_OWN)
            maas_mishap_wished(m, (enum maas_mishap)(MAAS_MISHAP_CERT_RENEWED +
                                                     (rp->certificate - HTTP_CERT_RENEWED)));
        return true;
    }
    if (!maas_refuse_read(words, rp))
        return maas_do(m, now, words, &rp->events);
    maas_mishap_wished(m, MAAS_MISHAP_REFUSES);
    return true;
}

/* One wish a line; stops at the first that cannot be done. */
static void wishes(struct maas *m, ms_t now, const char *text, struct http_reply *rp)
{
    char line[256];

    while (text_next(&text, '\n', line, sizeof(line)))
        if (!maas_told(m, now, line, rp)) {
            refuse(rp, "cannot do: ", line);
            return;
        }
    maas_tick(m, now, rp);
    now_answer(m, now, rp);
}

static void world(struct maas *m, ms_t now, const struct buf *body, struct http_reply *rp)
{
    struct err e = {0};

    if (maas_world_read(m, buf_text(body), body->len, &e) < 0)
        refuse(rp, "", e.text);
    else
        now_answer(m, now, rp);
}

void maas_control(struct maas *m, const struct http_ctx *ctx, const struct http_request *rq,
                  struct http_reply *rp)
{
    if (text_is(rq->path, "/control") && text_is(rq->method, "POST"))
        wishes(m, ctx->now, buf_text(&rq->body), rp);
    else if (text_is(rq->path, "/world") && text_is(rq->method, "PUT"))
        world(m, ctx->now, &rq->body, rp);
    else if (!text_is(rq->method, "GET") || !maas_page(m, ctx->now, rq->path, rp))
        http_reply_text(rp, 404, "text/plain",
                        "GET /, /metrics and /machines.json show, POST /control does, PUT /world "
                        "makes another world\n");
}
