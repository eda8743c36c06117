/* Bytes → a sequence of replies into a running core. Each reply is a head of three bytes (which
 * call in flight, status or outcome, pause before it) and a body up to the next zero byte. The core
 * must keep going: effects within their bound, and something always to come. */
#include "gateway/core.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLIES_MAX 64
#define FLIGHTS_MAX 600 /* two for each cluster, and what always is */

struct run {
    struct gw *g;
    ms_t now;
    bool over;
    size_t n;
    uint64_t flights[FLIGHTS_MAX];
};

static const int statuses[] = {200, 200, 204, 201, 302, 400, 401, 403, 404, 409, 410, 429, 503};

static void flight_forget(struct run *r, uint64_t ticket)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->flights[i] == ticket)
            r->flights[i] = r->flights[--r->n];
}

static void step(struct run *r, struct gw_event *event, struct gw_effects *fx)
{
    event->time = r->now;
    gw_effects_init(fx);
    gw_step(r->g, event, fx);
    for (size_t i = 0; i < fx->n; i++) {
        const struct gw_effect *e = &fx->at[i];

        assert(!r->over);
        if (e->kind == GW_FX_CALL) {
            assert(r->n < FLIGHTS_MAX);
            r->flights[r->n++] = e->ticket;
        }
        if (e->kind == GW_FX_CANCEL)
            flight_forget(r, e->ticket);
        r->over = e->kind == GW_FX_EXIT;
    }
    gw_effects_drop(fx);
    assert(r->over || r->n > 0 || gw_due(r->g) != MS_NEVER);
}

static void reply(struct run *r, const uint8_t *head, const uint8_t *body, size_t len,
                  struct gw_effects *fx)
{
    struct http_result result;
    struct gw_event event = {.kind = GW_EV_REPLY, .result = &result};

    if (r->n == 0) {
        r->now = ms_max(r->now, gw_due(r->g));
        step(r, &(struct gw_event){.kind = GW_EV_TIME}, fx);
    }
    if (r->n == 0)
        return;
    event.ticket = r->flights[head[0] % r->n];
    flight_forget(r, event.ticket);
    http_result_init(&result);
    result.outcome =
        head[1] < 240 ? HTTP_ANSWERED : (enum http_outcome)(1 + head[1] % (HTTP_OUTCOME_COUNT - 1));
    if (result.outcome == HTTP_ANSWERED) {
        result.status = statuses[head[1] % COUNTOF(statuses)];
        buf_add(&result.body, body, len);
    }
    r->now += (ms_t)head[2] * 100;
    step(r, &event, fx);
    http_result_drop(&result);
}

static void run_replies(struct run *r, const uint8_t *data, size_t size, struct gw_effects *fx)
{
    for (int i = 0; i < REPLIES_MAX && size >= 3 && !r->over; i++) {
        const uint8_t *body = data + 3;
        const uint8_t *zero = memchr(body, 0, size - 3);
        const size_t len = zero ? (size_t)(zero - body) : size - 3;

        reply(r, data, body, len, fx);
        size -= 3 + len + (zero ? 1 : 0);
        data = body + len + (zero ? 1 : 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gw_config config = {
        .palette_url = "https://palette.example",
        .pcg_uid = "g1",
        .maas_url = "http://maas.site/MAAS",
        .maas_key = "a:b:c",
        .account_name = "maas-g1",
        .pairing_code = "code",
        .version = "1",
        .features = GW_FEATURES,
    };
    struct gw_event start = {.kind = GW_EV_START, .config = &config};
    static struct gw_effects effects; /* once: it is large */
    struct gw_effects *fx = &effects;
    struct run r = {.g = gw_new()};

    step(&r, &start, fx);
    run_replies(&r, data, size, fx);
    gw_free(r.g);
    return 0;
}
