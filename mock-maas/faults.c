/* Faults, as data: which request is hit, and what becomes of its answer. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char *what_name(enum maas_fault_what what)
{
    static const char *const names[MAAS_FAULT_COUNT] = {
        [MAAS_FAULT_LOSE] = "lose",     [MAAS_FAULT_BEFORE] = "before",
        [MAAS_FAULT_AFTER] = "after",   [MAAS_FAULT_SILENT] = "silent",
        [MAAS_FAULT_QUOTE] = "quoting", [MAAS_FAULT_WIRE] = "wire",
        [MAAS_FAULT_GARBLE] = "garble", [MAAS_FAULT_CONTEND] = "contention",
    };

    assert((unsigned)what < MAAS_FAULT_COUNT);
    return names[what];
}

static void fault_said(struct ev_list *events, ms_t now, const struct maas_armed *f,
                       const char *kind)
{
    struct buf name SCOPED(buf_drop) = {0};
    struct event e;

    buf_init(&name, 128);
    buf_text_add(&name, f->fault.op);
    if (f->fault.nth)
        buf_printf(&name, ".%" PRIu64, f->fault.nth);
    ev_init(&e, EV_FAULT, now);
    ev_text_add(&e, EVF_NAME, buf_text(&name));
    ev_text_add(&e, EVF_KIND, kind);
    ev_int_add(&e, EVF_COUNT, (int64_t)f->fired);
    ev_text_add(&e, EVF_WHO, "maas");
    ev_text_add(&e, EVF_WHY, what_name(f->fault.what));
    if (f->fault.status)
        ev_int_add(&e, EVF_STATUS, f->fault.status);
    ev_list_add(events, &e);
}

void maas_power_said(struct ev_list *events, ms_t now, const struct maas_machine *one,
                     const char *kind)
{
    struct buf words SCOPED(buf_drop) = {0};
    struct event e;

    buf_init(&words, 128);
    buf_printf(&words, "power.%s", one->hostname);
    ev_init(&e, EV_FAULT, now);
    ev_text_add(&e, EVF_NAME, buf_text(&words));
    ev_text_add(&e, EVF_KIND, kind);
    ev_int_add(&e, EVF_COUNT, 1);
    ev_text_add(&e, EVF_WHO, "maas");
    ev_text_add(&e, EVF_WHY, maas_power_name(one->power));
    ev_list_add(events, &e);
}

void maas_power_shown(struct maas_ask *a, const struct maas_machine *one)
{
    if (one->power >= MAAS_POWER_UNKNOWN)
        maas_power_said(&a->rp->events, a->ctx->now, one, "fired");
}

/* It will never strike again. */
static bool is_spent(const struct maas_armed *f, ms_t now)
{
    return now >= f->until || (f->fault.nth && f->fired) ||
           (f->fault.times && f->fired >= f->fault.times);
}

/* Whoever arms one after the other for days finds the place of a spent one. */
static struct maas_armed *place(struct maas *m, ms_t now)
{
    if (m->n_faults < MAAS_FAULTS_MAX)
        return &m->faults[m->n_faults++];
    for (size_t i = 0; i < m->n_faults; i++)
        if (is_spent(&m->faults[i], now))
            return &m->faults[i];
    return NULL;
}

bool maas_fault_arm(struct maas *m, ms_t now, const struct maas_fault *f, struct ev_list *events)
{
    struct maas_armed *armed = place(m, now);

    if (!armed)
        return false;
    m->misdeeds[maas_misdeed_of(f)].armed++;
    *armed = (struct maas_armed){.fault = *f, .until = f->for_ms ? now + f->for_ms : MS_NEVER};
    fault_said(events, now, armed, "armed");
    return true;
}

/* --- hitting ---------------------------------------------------------------------------------- */

bool maas_op_is(const char *wish, const struct http_route *route)
{
    const char *last = strrchr(route->name, '.');

    if (text_begins(route->name, "metadata."))
        return false;
    if (text_is(wish, "read") || text_is(wish, "change"))
        return text_is(route->method, "GET") == text_is(wish, "read");
    return text_is(wish, "any") || text_is(wish, route->name) || (last && text_is(wish, last + 1));
}

/* Requests so far that the wish means, this one included. */
static uint64_t count_of(const struct maas *m, const char *wish)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        if (maas_op_is(wish, &routes[i]))
            sum += m->calls[i];
    return sum;
}

static bool hits(const struct maas_ask *a, const struct maas_armed *f)
{
    if (a->ctx->now >= f->until || !maas_op_is(f->fault.op, a->route))
        return false;
    if (f->fault.nth)
        return f->fired == 0 && count_of(a->m, f->fault.op) == f->fault.nth;
    if (f->fault.one_in)
        return rng_between(&a->m->rng, 1, f->fault.one_in) == 1;
    return f->fault.times == 0 || f->fired < f->fault.times;
}

const struct maas_fault *maas_fault_hit(struct maas_ask *a)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);

    assert(n <= MAAS_OPS_MAX);
    a->m->calls[a->route - routes]++;
    for (size_t i = 0; i < a->m->n_faults; i++) {
        struct maas_armed *f = &a->m->faults[i];

        if (!hits(a, f))
            continue;
        f->fired++;
        a->m->misdeeds[maas_misdeed_of(&f->fault)].fired++;
        fault_said(&a->rp->events, a->ctx->now, f, "fired");
        return &f->fault;
    }
    return NULL;
}

/* As MAAS, its web server or the proxy before it would say it. */
static const char *words_of(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {
        {401, "Authorization Error: Invalid API key."},
        {409, "Machine cannot be released in its current state ('Testing')."},
        {500, "Could not contact node BMC: timed out"},
        {503, "Unable to connect to any rack controller; no connections available."},
        {504, "Unexpected exception: TimeoutError. See /var/log/maas/regiond.log on the region "
              "server for more information."},
    };

    for (size_t i = 0; i < COUNTOF(table); i++)
        if (table[i].status == status)
            return table[i].words;
    return "";
}

/* Also behind what was done: then `raised` stays as it is, and the nonce stays burnt. */
void maas_fault_answer(struct maas_ask *a, const struct maas_fault *f)
{
    const bool after = f->what == MAAS_FAULT_AFTER, raised = a->raised;
    struct buf text SCOPED(buf_drop) = {0};

    if (f->what == MAAS_FAULT_LOSE) {
        a->rp->lose = true;
        return;
    }
    if (f->what == MAAS_FAULT_WIRE || f->what == MAAS_FAULT_GARBLE ||
        f->what == MAAS_FAULT_CONTEND) {
        maas_wire_answer(a, f);
        return;
    }
    if (f->what == MAAS_FAULT_SILENT) {
        maas_raise_text(a, 504, "");
        a->rp->hang = true;
        return;
    }
    buf_init(&text, HTTP_HEADERS_MAX + KIB(1));
    buf_text_add(&text, words_of(f->status));
    if (f->what == MAAS_FAULT_QUOTE)
        buf_printf(&text, "\n%s", buf_text(&a->rq->headers));
    maas_raise_text(a, f->status, buf_text(&text));
    if (f->retry_after_s > 0) {
        buf_clear(&text);
        buf_printf(&text, "%" PRId64, f->retry_after_s);
        http_header_add(&a->rp->headers, "Retry-After", buf_text(&text));
    }
    a->raised = after ? raised : true;
}

/* --- a story's words -------------------------------------------------------------------------- */

struct words { /* taken apart at blanks */
    size_t n;
    char at[16][64];
};

static void words_split(const char *text, struct words *w)
{
    w->n = 0;
    while (w->n < COUNTOF(w->at) && text_next(&text, ' ', w->at[w->n], sizeof(w->at[0])))
        w->n++;
}

static const char *word(const struct words *w, size_t i)
{
    return i < w->n ? w->at[i] : "";
}

/* "allocate.1" or "allocate". */
static bool op_read(const char *text, struct maas_fault *f)
{
    const char *dot = strrchr(text, '.');
    int64_t nth = 0;

    if (dot && text_int(dot + 1, 1, INT32_MAX, &nth)) {
        f->nth = (uint64_t)nth;
        return text_copy_len(f->op, sizeof(f->op), text, (size_t)(dot - text));
    }
    return *text && text_copy(f->op, sizeof(f->op), text);
}

static bool status_read(const char *text, struct maas_fault *f)
{
    int64_t status = 0;

    if (!text_int(text, 400, 599, &status))
        return false;
    f->status = (int)status;
    return true;
}

static bool times_read(const struct words *w, struct maas_fault *f)
{
    int64_t times = 0;

    if (f->nth)
        return w->n < 2 || !text_is(word(w, w->n - 1), "times");
    if (w->n < 2 || !text_is(word(w, w->n - 1), "times") ||
        !text_int(word(w, w->n - 2), 1, INT32_MAX, &times))
        return false;
    f->times = (uint64_t)times;
    return true;
}

static bool answers_read(const struct words *w, struct maas_fault *f)
{
    if (text_is(word(w, 2), "with")) {
        f->what = text_is(word(w, 4), "quoting") ? MAAS_FAULT_QUOTE : MAAS_FAULT_BEFORE;
        return status_read(word(w, 3), f) && times_read(w, f);
    }
    if (!text_is(word(w, 3), "after"))
        return false;
    f->what = text_is(word(w, 2), "lost") ? MAAS_FAULT_LOSE : MAAS_FAULT_AFTER;
    f->times = f->nth ? 0 : 1;
    return f->what == MAAS_FAULT_LOSE || status_read(word(w, 2), f);
}

/* "… one in 20": taken off; 0: it is not there. */
static int64_t chance_take(char *text)
{
    static const char words[] = " one in ";
    char *at = strstr(text, words);
    int64_t n = 0;

    if (!at || !text_int(at + strlen(words), 1, INT32_MAX, &n))
        return 0;
    *at = '\0';
    return n;
}

int maas_fault_read(const char *whole, struct maas_fault *ret, struct err *e)
{
    struct maas_fault f = {.times = 0};
    struct words w;
    char text[256];
    bool fine = false;
    int64_t one_in;

    if (!text_copy(text, sizeof(text), whole))
        return err_set(e, -EINVAL, "maas: \"%.80s…\": too long", whole);
    one_in = chance_take(text);
    words_split(text, &w);
    if (text_is(word(&w, 0), "loses") && text_is(word(&w, 2), "to")) {
        f.what = MAAS_FAULT_LOSE;
        fine = op_read(word(&w, 3), &f);
        f.times = f.nth ? 0 : 1;
    } else if (text_is(word(&w, 0), "answers")) {
        fine = op_read(word(&w, 1), &f) && answers_read(&w, &f);
    } else if (text_is(word(&w, 1), "silent") && text_is(word(&w, 4), "for")) {
        f.what = MAAS_FAULT_SILENT;
        fine = op_read(word(&w, 3), &f) && text_duration(word(&w, 5), &f.for_ms);
    } else {
        fine = maas_wire_read(text, &f);
    }
    if (!fine)
        return err_set(e, -EINVAL,
                       "maas: \"%s\": say \"loses answer to OP.N\", \"answers OP.N CODE after "
                       "doing it\", \"answers OP with CODE N times\" or \"is silent to OP for T\"",
                       whole);
    if (one_in && f.nth)
        return err_set(e, -EINVAL, "maas: \"%s\": the Nth, or one in so many", whole);
    f.one_in = one_in;
    f.times = one_in ? 0 : f.times;
    *ret = f;
    return 0;
}
