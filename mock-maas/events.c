/* events/?op=query: what happened to machines, newest first, a page at a time. The ring forgets
 * what is older than MAAS_EVENTS_MAX events. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

static const struct {
    const char *name;
    enum maas_level level;
} levels[] = {
    {"AUDIT", MAAS_AUDIT},     {"DEBUG", MAAS_DEBUG}, {"INFO", MAAS_INFO},
    {"WARNING", MAAS_WARNING}, {"ERROR", MAAS_ERROR}, {"CRITICAL", MAAS_CRITICAL},
};

static const char *level_name(enum maas_level level)
{
    for (size_t i = 0; i < COUNTOF(levels); i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "INFO";
}

bool maas_level_read(const char *name, enum maas_level *ret)
{
    for (size_t i = 0; i < COUNTOF(levels); i++)
        if (text_is(levels[i].name, name)) {
            *ret = levels[i].level;
            return true;
        }
    return false;
}

static void room_make(struct maas_rest *r)
{
    if (r->n_events < r->events_cap || r->events_cap == MAAS_EVENTS_MAX)
        return;
    r->events_cap = r->events_cap ? 2 * r->events_cap : 64;
    r->events = realloc(r->events, r->events_cap * sizeof(*r->events));
    if (!r->events)
        WRONG("out of memory");
}

void maas_event_put(struct maas *m, const struct maas_event *event)
{
    struct maas_event *one;

    room_make(&m->rest);
    one = &m->rest.events[m->rest.n_events++ % MAAS_EVENTS_MAX];
    *one = *event;
    if (event->id == MAAS_NEXT_ID)
        one->id = m->rest.next_event + 1;
    m->rest.next_event = one->id > m->rest.next_event ? one->id : m->rest.next_event;
}

void maas_event_add(struct maas *m, ms_t at, const struct maas_machine *node, enum maas_level level,
                    const char *type, const char *text)
{
    struct maas_event e = {.id = MAAS_NEXT_ID, .at = at, .level = level};

    if (node) {
        text_copy(e.node, sizeof(e.node), node->system_id);
        text_copy(e.hostname, sizeof(e.hostname), node->hostname);
    }
    text_copy(e.type, sizeof(e.type), type);
    text_copy(e.text, sizeof(e.text), text);
    maas_event_put(m, &e);
}

/* The i-th newest, from 0; NULL: there is none. */
static const struct maas_event *newest(const struct maas *m, size_t i)
{
    const size_t n = m->rest.n_events;

    return i < n && i < MAAS_EVENTS_MAX ? &m->rest.events[(n - 1 - i) % MAAS_EVENTS_MAX] : NULL;
}

/* --- the question ----------------------------------------------------------------------------- */

struct wish {
    enum maas_level level;
    int64_t limit, after, before; /* -1: none */
};

static bool number_read(struct maas_ask *a, const char *name, int64_t *ret)
{
    const char *text = maas_asked(a, name);
    struct buf said SCOPED(buf_drop) = {0};

    if (!text || text_int(text, INT32_MIN, INT32_MAX, ret))
        return true;
    buf_init(&said, 128);
    buf_printf(&said, "Invalid %s: Please enter an integer value", name);
    maas_raise_text(a, 400, buf_text(&said));
    return false;
}

/* false: answered. */
static bool wish_read(struct maas_ask *a, struct wish *w)
{
    const char *level = maas_asked(a, "level");
    struct buf said SCOPED(buf_drop) = {0};

    *w = (struct wish){.level = MAAS_INFO, .limit = LIMIT_DEFAULT, .after = -1, .before = -1};
    buf_init(&said, KIB(4));
    if (!number_read(a, "limit", &w->limit) || !number_read(a, "after", &w->after) ||
        !number_read(a, "before", &w->before))
        return false;
    if (w->limit > LIMIT_MAX)
        buf_printf(&said, "Requested number of events %" PRId64 " is greater than limit: %d",
                   w->limit, LIMIT_MAX);
    else if (level && !maas_level_read(level, &w->level))
        buf_printf(&said, "Unrecognised log level: %s", level);
    else if (w->after >= 0 && w->before >= 0)
        buf_text_add(&said, "There is undetermined behaviour when both `after` and `before` are "
                            "specified.");
    w->limit = w->limit < 1 ? 1 : w->limit;
    if (said.len)
        maas_raise_text(a, 400, buf_text(&said));
    return said.len == 0;
}

/* A filter that is given once or more: one of its values must be `value`. */
static bool one_of(const struct maas_ask *a, const char *name, const char *value)
{
    bool given = false;

    for (size_t i = 0; i < a->query.n; i++) {
        if (!text_is(a->query.at[i].name, name))
            continue;
        given = true;
        if (text_is(a->query.at[i].value, value))
            return true;
    }
    return !given;
}

static bool node_fits(const struct maas_ask *a, const struct maas_event *e)
{
    static const char *const about[] = {"mac_address", "zone", "pool", "domain", "agent_name"};
    const struct maas_machine *one = maas_machine_find(a->m, e->node);
    bool asked = false;

    for (size_t i = 0; i < COUNTOF(about); i++)
        asked = asked || maas_asked(a, about[i]);
    if (!asked)
        return true;
    if (!one)
        return false;
    for (size_t i = 0; i < a->m->n_zones; i++)
        if (a->m->zones[i].id == one->zone && !one_of(a, "zone", a->m->zones[i].name))
            return false;
    for (size_t i = 0; i < a->m->n_pools; i++)
        if (a->m->pools[i].id == one->pool && !one_of(a, "pool", a->m->pools[i].name))
            return false;
    return one_of(a, "domain", maas_domain_name(a->m, one->domain)) &&
           one_of(a, "agent_name", one->agent_name) &&
           (one->n_nics == 0 || one_of(a, "mac_address", one->nics[0].mac));
}

static bool fits(const struct maas_ask *a, const struct wish *w, const struct maas_event *e)
{
    const struct maas_machine *one = maas_machine_find(a->m, e->node);

    if (w->level == MAAS_AUDIT ? e->level != MAAS_AUDIT : e->level < w->level)
        return false;
    if (e->node[0] && one && !maas_may_view(a, one))
        return false;
    return one_of(a, "hostname", e->hostname) && one_of(a, "id", e->node) &&
           one_of(a, "owner", e->user) && node_fits(a, e) && (w->after < 0 || e->id > w->after) &&
           (w->before < 0 || e->id < w->before);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void event_write(struct pyjson *j, const struct maas *m, const struct maas_event *e)
{
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "username", e->user[0] ? e->user : "unknown");
    pyjson_text_or_null(j, "node", e->node);
    pyjson_text(j, "hostname", e->hostname);
    pyjson_int(j, "id", e->id);
    pyjson_text(j, "level", level_name(e->level));
    maas_day_write(j, "created", m, e->at);
    pyjson_text(j, "type", e->type);
    pyjson_text(j, "description", e->text);
    pyjson_close(j, '}');
}

/* The question again, with another place to go on from. */
static void page_write(struct pyjson *j, const struct maas_ask *a, const char *name,
                       const char *way, int64_t id)
{
    struct buf query SCOPED(buf_drop) = {0}, uri SCOPED(buf_drop) = {0};
    char number[24];
    struct buf digits SCOPED(buf_drop) = {0};

    buf_init(&query, KIB(8));
    buf_init(&uri, KIB(8));
    buf_init(&digits, sizeof(number) - 1);
    for (size_t i = 0; i < a->query.n; i++)
        if (!text_is(a->query.at[i].name, "after") && !text_is(a->query.at[i].name, "before"))
            pairs_write(&query, a->query.at[i].name, a->query.at[i].value);
    buf_printf(&digits, "%" PRId64, id);
    if (way)
        pairs_write(&query, way, buf_text(&digits));
    buf_printf(&uri, MAAS_API "events/?%s", buf_text(&query));
    pyjson_text(j, name, buf_text(&uri));
}

/* With `after` the oldest ones that fit, else the newest; shown newest first. */
static size_t choose(const struct maas_ask *a, const struct wish *w,
                     const struct maas_event *ret[LIMIT_MAX])
{
    const struct maas_event *e;
    size_t n = 0;

    for (size_t i = 0; (e = newest(a->m, i)) != NULL; i++) {
        if (!fits(a, w, e))
            continue;
        if (n < (size_t)w->limit) {
            ret[n++] = e;
        } else if (w->after >= 0) {
            memmove(ret, ret + 1, (n - 1) * sizeof(ret[0]));
            ret[n - 1] = e;
        } else {
            break;
        }
    }
    return n;
}

void maas_events(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_event *list[LIMIT_MAX];
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct wish w;
    size_t n;

    if (!wish_read(a, &w))
        return;
    n = choose(a, &w, list);
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "count", (int64_t)n);
    pyjson_open(j, "events", '[');
    for (size_t i = 0; i < n; i++)
        event_write(j, a->m, list[i]);
    pyjson_close(j, ']');
    page_write(j, a, "next_uri", n ? "after" : NULL, n ? list[0]->id : 0);
    if (n)
        page_write(j, a, "prev_uri", "before", list[n - 1]->id);
    else
        pyjson_word(j, "prev_uri", "null");
    pyjson_close(j, '}');
    maas_doc_answer(a, &d, 200);
}
