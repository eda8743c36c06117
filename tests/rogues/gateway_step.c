/* Hooks around a whole step of the core: what it hears, and what it wants done. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdlib.h>
#include <string.h>

void __real_gw_free(struct gw *g);
void __wrap_gw_free(struct gw *g);
void __real_gw_step(struct gw *g, const struct gw_event *ev, struct gw_effects *fx);
void __wrap_gw_step(struct gw *g, const struct gw_event *ev, struct gw_effects *fx);

void __wrap_gw_free(struct gw *g)
{
    if (g)
        free(gw_rogue_state(g)->held);
    __real_gw_free(g);
}

/* Before its start a gateway does not know yet who it is. */
static const struct gw_rogue *rogue_of(const struct gw *g, const struct gw_event *ev)
{
    static const struct gw_rogue good = {.name = ""};
    const char *plus = ev->kind == GW_EV_START ? strchr(ev->config->version, '+') : NULL;
    const struct gw_rogue *found = plus ? gw_rogue_find(plus + 1) : NULL;

    if (ev->kind != GW_EV_START)
        return gw_rogue_of(g);
    return found ? found : &good;
}

void __wrap_gw_step(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    const struct gw_rogue *r = rogue_of(g, ev);
    struct gw_event own = *ev;

    if (ev->kind == GW_EV_START && r->remembers)
        own.n_records = r->remembers(ev->n_records);
    if (r->before && !r->before(g, &own, fx))
        return;
    __real_gw_step(g, &own, fx);
    gw_rogue_stepped(g, &own, fx);
    if (r->after)
        r->after(g, ev, fx);
}

/* --- tools --- */

struct gw_effect *gw_rogue_call(struct gw_effects *fx, size_t from, const char *method,
                                const char *piece)
{
    for (size_t i = from; i < fx->n; i++)
        if (fx->at[i].kind == GW_FX_CALL && fx->at[i].ticket < ROGUE_TICKET &&
            (!*method || text_is(fx->at[i].call.method, method)) &&
            strstr(buf_text(&fx->at[i].call.url), piece))
            return &fx->at[i];
    return NULL;
}

void gw_rogue_drop(struct gw_effect *f)
{
    http_call_drop(&f->call);
    *f = (struct gw_effect){.kind = GW_FX_SAY, .level = GW_DEBUG};
    text_copy(f->text, sizeof f->text, "a call is kept back");
}

void gw_rogue_answer(struct gw *g, const struct gw_event *ev, struct gw_effects *fx,
                     struct gw_effect *f, int status, const char *body)
{
    struct http_result r;
    struct gw_event own = {.kind = GW_EV_REPLY,
                           .time = ev->time,
                           .wall_s = ev->wall_s,
                           .ticket = f->ticket,
                           .result = &r};

    gw_rogue_drop(f);
    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = status;
    http_header_add(&r.headers, "Content-Type", "application/json");
    buf_text_add(&r.body, body);
    __real_gw_step(g, &own, fx);
    http_result_drop(&r);
}

/* buf has no place to put something into the middle. */
static void replace(struct buf *b, size_t at, size_t len, const char *by)
{
    struct buf tail = {0};

    buf_init(&tail, b->max);
    buf_add(&tail, b->data + at + len, b->len - at - len);
    b->len = at;
    buf_text_add(b, by);
    buf_add(b, buf_text(&tail), tail.len);
    buf_drop(&tail);
}

void gw_rogue_member(struct buf *text, const char *head, const char *end, const char *value)
{
    const char *at = strstr(buf_text(text), head), *from = at ? at + strlen(head) : NULL,
               *to = from ? strstr(from, end) : NULL;

    if (to)
        replace(text, (size_t)(from - text->data), (size_t)(to - from), value);
}

bool gw_rogue_tells(struct gw_effects *fx, const char *message)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "PUT", "/heartbeat");

    if (!f)
        return false;
    gw_rogue_member(&f->call.body, "\"message\":\"", "\"", message);
    return true;
}

struct gw_effect *gw_rogue_asks_maas(struct gw *g, struct gw_effects *fx, const char *method,
                                     const char *path)
{
    struct buf signature SCOPED(buf_drop) = {0};
    struct gw_effect *f;

    if (!g->config.maas_url[0])
        return NULL;
    f = gw_effect_add(fx, GW_FX_CALL);
    f->ticket = ROGUE_TICKET;
    f->target = GW_MAAS;
    http_call_init(&f->call, method);
    url_join(&f->call.url, g->config.maas_url, "api/2.0/");
    buf_text_add(&f->call.url, path);
    buf_init(&signature, HTTP_HEADERS_MAX / 2);
    gw_maas_sign(g, g->config.maas_key, &signature);
    http_header_add(&f->call.headers, "Authorization", buf_text(&signature));
    f->call.timeout_ms = SECONDS(60);
    return f;
}

void gw_rogue_frees(struct gw_machine *m)
{
    m->owner[0] = '\0';
    m->status = 4; /* Ready */
    m->marked = m->annotated = false;
    m->read_due = m->poll_due = MS_NEVER;
}
