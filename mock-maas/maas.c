/* One request through MAAS's pipeline: clean path, route, credentials, body, verb, op, handler
 * (facts: regiond 3.7.3; each step may end the request). */
#include "mock-maas/model.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

bool maas_user_place(struct maas *m, const struct maas_user *u)
{
    struct maas_account acc = {.superuser = u->superuser};
    struct buf email SCOPED(buf_drop) = {0};
    const struct maas_account *made;

    buf_init(&email, sizeof(acc.email) - 1);
    buf_printf(&email, "%s@example.com", u->name);
    text_copy(acc.name, sizeof(acc.name), u->name);
    text_copy(acc.email, sizeof(acc.email), u->email[0] ? u->email : buf_text(&email));
    text_copy(acc.password, sizeof(acc.password), u->password);
    made = maas_account_add(m, &acc);
    return made && (!u->key[0] || maas_token_add(m, made, u->key, NULL));
}

/* Nobody but MAAS itself, and nothing. */
struct maas *maas_blank(const struct maas_config *c, enum maas_version version)
{
    struct maas *m = calloc(1, sizeof(*m));

    if (!m)
        WRONG("out of memory");
    assert(c->factor >= 1 && c->n_users <= MAAS_USERS_MAX);
    m->config = *c;
    m->version = version;
    m->due = MS_NEVER;
    m->n_shown = calloc(1, sizeof(*m->n_shown));
    if (!m->n_shown)
        WRONG("out of memory");
    rng_seed(&m->rng, c->seed);
    maas_user_place(
        m, &(struct maas_user){.name = "MAAS", .email = "maas@localhost", .superuser = true});
    return m;
}

struct maas *maas_new(const struct maas_config *c)
{
    struct maas *m = maas_blank(c, c->version);
    bool fine = true;

    maas_durations_fresh(m);
    for (size_t i = 0; i < c->n_users; i++)
        fine = maas_user_place(m, &c->users[i]) && fine;
    assert(fine);
    maas_world_lab(m);
    maas_fleet_make(m);
    return m;
}

void maas_become(struct maas *m, struct maas *made)
{
    struct maas *old = malloc(sizeof(*old));

    if (!old)
        WRONG("out of memory");
    *old = *m;
    *m = *made;
    *made = *old;
    free(old);
}

void maas_free(struct maas *m)
{
    if (!m)
        return;
    maas_stock_drop(m);
    maas_rest_drop(m);
    free(m);
}

ms_t maas_due(void *app)
{
    const struct maas *m = app;
    const ms_t due = maas_machines_due(m);

    if (due == MS_NEVER || due == 0)
        return due;
    return m->stands ? MS_NEVER : due - m->ahead;
}

void maas_tick(void *app, ms_t now, struct http_reply *rp)
{
    const ms_t own = maas_now(app, now);
    const struct maas_hands h = {.m = app, .now = own, .at = own, .events = &rp->events};

    maas_catch_up(&h);
}

/* --- path and op ------------------------------------------------------------------------------ */

/* "/MAAS//api" is "/MAAS/api": collapsed before anything looks at it. */
static void clean_path(const char *path, char *out)
{
    size_t n = 0;

    for (; *path; path++)
        if (*path != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = *path;
    out[n] = '\0';
}

static const char *last_of(const struct pairs *p, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < p->n; i++)
        if (text_is(p->at[i].name, name))
            value = p->at[i].value;
    return value;
}

/* op stands in the query, else in the form, else in the path as "…/op-NAME" without a slash behind
 * it. An empty op counts as none. The path form is cut from `path`. */
static void find_op(const struct maas_ask *a, char *path, char *out, size_t size)
{
    char *last = strrchr(path, '/');
    const char *op = last_of(&a->query, "op");

    if (!op || !*op)
        op = text_is(a->rq->method, "POST") ? last_of(&a->form, "op") : NULL;
    text_copy(out, size, op ? op : "");
    if (last && text_begins(last, "/op-") && last[4]) {
        if (!out[0])
            text_copy(out, size, last + 4);
        last[1] = '\0';
    }
}

/* --- dispatch --------------------------------------------------------------------------------- */

static void allow_write(struct maas_ask *a, const struct http_request *plain)
{
    const struct http_route *routes, *found;
    size_t n = maas_routes(&routes);
    struct http_vars vars;
    struct buf allow SCOPED(buf_drop) = {0};

    buf_init(&allow, 128);
    for (size_t i = 0; i < n; i++)
        if (http_route_find(&routes[i], 1, plain, &found, &vars) != HTTP_NO_PATH &&
            !strstr(buf_text(&allow), routes[i].method))
            buf_printf(&allow, "%s%s", allow.len ? ", " : "", routes[i].method);
    maas_return(a, 405, MAAS_HTML, "");
    http_header_add(&a->rp->headers, "Allow", buf_text(&allow));
}

static bool permitted(struct maas_ask *a)
{
    if (!(a->route->flags & (MAAS_ADMIN | MAAS_ADMIN_MUTE)) || (a->user && a->user->superuser))
        return true;
    maas_raise_text(a, 403,
                    a->route->flags & MAAS_ADMIN ? "This method is reserved for admin users." : "");
    return false;
}

/* Only json is registered. The handler has run by then. */
static void format_check(struct maas_ask *a)
{
    const char *format = last_of(&a->query, "format");
    struct buf text SCOPED(buf_drop) = {0};

    if (!format || text_is(format, "json") || a->rp->status != 200)
        return;
    buf_init(&text, KIB(4));
    buf_text_add(&text, "Invalid output format specified '");
    buf_text_add(&text, format);
    buf_text_add(&text, "'.");
    maas_return(a, 400, MAAS_PLAIN, buf_text(&text));
}

void maas_unrecognised(struct maas_ask *a)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, "Unrecognised signature: method=%s op=%s", a->rq->method,
               a->op[0] ? a->op : "None");
    maas_raise_text(a, 400, buf_text(&text));
}

static void run(struct maas_ask *a)
{
    const struct http_exchange x = {
        .app = a, .ctx = a->ctx, .rq = a->rq, .vars = &a->vars, .route = a->route, .rp = a->rp};
    const struct maas_fault *fault = maas_fault_hit(a);

    if (fault && !maas_fault_is_after(fault)) {
        const struct maas_machine *one = maas_machine_find(a->m, http_var(&a->vars, "system_id"));

        if (one) /* whose call it was that came to nothing is known all the same */
            maas_about(a, one);
        maas_fault_answer(a, fault);
        return;
    }
    if (permitted(a)) {
        a->route->handle(&x);
        format_check(a);
    }
    if (fault)
        maas_fault_answer(a, fault);
}

/* The request as the route table sees it: clean path, and op in the query wherever it stood. */
static void plain_request(struct maas_ask *a, struct http_request *plain)
{
    struct buf query SCOPED(buf_drop) = {0};

    buf_init(&query, sizeof(plain->query) - 1);
    memset(plain, 0, sizeof(*plain));
    text_copy(plain->method, sizeof(plain->method), a->rq->method);
    clean_path(a->rq->path, plain->path);
    find_op(a, plain->path, a->op, sizeof(a->op));
    if (a->op[0])
        pairs_write(&query, "op", a->op);
    text_copy(plain->query, sizeof(plain->query), buf_text(&query));
}

/* Some row of this path has the flag. */
static bool path_has(const struct http_request *plain, unsigned flag)
{
    const struct http_route *routes, *found;
    const size_t n = maas_routes(&routes);
    struct http_vars vars;

    for (size_t i = 0; i < n; i++)
        if ((routes[i].flags & flag) &&
            http_route_find(&routes[i], 1, plain, &found, &vars) != HTTP_NO_PATH)
            return true;
    return false;
}

static void authorised(struct maas_ask *a, const struct http_request *plain, enum http_match match)
{
    if (a->user && !a->user->superuser && path_has(plain, MAAS_BOSS)) {
        maas_raise_text(a, 403, "User is not allowed access to this API.");
        return;
    }
    if (a->route && (a->route->flags & MAAS_POSTED) && maas_has_type(a, "application/json")) {
        run(a); /* it looks into the form, and there is none */
        return;
    }
    if (maas_has_type(a, "application/json") && a->rq->body.len > 0 && !maas_json_read(a))
        maas_return(a, 400, MAAS_PLAIN, "Bad Request");
    else if (match == HTTP_NO_METHOD)
        allow_write(a, plain);
    else if (match == HTTP_NO_OP)
        maas_unrecognised(a);
    else
        run(a);
}

/* What lies beside API 2.0. */
static void elsewhere(struct maas_ask *a, const char *path)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(4));
    if (text_begins(path, MAAS_API)) {
        buf_printf(&text, "Unknown API endpoint: %s.", path);
        http_reply_text(a->rp, 404, MAAS_TEXT, buf_text(&text));
        http_header_add(&a->rp->headers, "X-Frame-Options", "DENY");
    } else if (text_is(path, "/MAAS/api/version/")) {
        http_reply_text(a->rp, 200, MAAS_PLAIN, "2.0");
    } else if (text_begins(path, "/MAAS/api/1.0/")) {
        http_reply_text(a->rp, 410, MAAS_PLAIN,
                        "The 1.0 API is no longer available. Please use API version 2.0.");
    } else if (text_is(path, "/MAAS/")) {
        http_reply_text(a->rp, 302, MAAS_HTML, "");
        http_header_add(&a->rp->headers, "Location", "/MAAS/?next=%2FMAAS%2F");
        http_header_add(&a->rp->headers, "Vary", "Cookie");
    } else {
        http_reply_text(a->rp, 404, MAAS_HTML,
                        "\n<html>\n  <head><title>404 - No Such Resource</title></head>\n  <body>\n"
                        "    <h1>No Such Resource</h1>\n"
                        "    <p>Sorry. No luck finding that resource.</p>\n  </body>\n</html>\n");
    }
}

/* Some row of this path and verb has a twin for those without credentials. */
static bool twin_stands(const struct http_route *routes, size_t n, const struct http_request *plain)
{
    for (size_t i = 0; i < n; i++)
        if ((routes[i].flags & MAAS_TWIN) && text_is(routes[i].path, plain->path) &&
            text_is(routes[i].method, plain->method))
            return true;
    return false;
}

const char *maas_op(const struct http_request *rq)
{
    struct maas_ask a = {.rq = rq};
    const struct http_route *routes, *found = NULL;
    const size_t n = maas_routes(&routes);
    struct http_request plain;
    enum http_match match;

    if (pairs_read(rq->query, strlen(rq->query), &a.query, NULL) < 0)
        a.query.n = 0;
    maas_body_read(&a);
    plain_request(&a, &plain);
    match = http_route_find(routes, n, &plain, &found, &a.vars);
    maas_body_drop(&a);
    return match == HTTP_MATCHED ? found->name : "unknown";
}

static void serve(struct maas_ask *a)
{
    const struct http_route *routes, *same_path = NULL;
    size_t n = maas_routes(&routes);
    struct http_request plain;
    enum http_match match;
    uint64_t nonce = 0;

    if (pairs_read(a->rq->query, strlen(a->rq->query), &a->query, NULL) < 0)
        a->query.n = 0;
    maas_body_read(a);
    plain_request(a, &plain);
    match = http_route_find(routes, n, &plain, &same_path, &a->vars);
    a->twin = twin_stands(routes, n, &plain);
    if (!maas_is_37(a->m) && path_has(&plain, MAAS_ONLY_37))
        match = HTTP_NO_PATH;
    if (match == HTTP_NO_PATH) {
        elsewhere(a, plain.path);
        return;
    }
    a->route = match == HTTP_MATCHED ? same_path : NULL;
    if (a->route && (a->route->flags & MAAS_ANYBODY)) {
        run(a);
        return;
    }
    if (!maas_authenticate(a, &nonce))
        return;
    authorised(a, &plain, match);
    if (!a->raised && nonce)
        maas_nonce_keep(a->m, nonce);
}

void maas_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                 struct http_reply *rp)
{
    struct http_ctx own = *ctx; /* in the mock's own time */
    struct maas_ask a = {.m = app, .ctx = &own, .rq = rq, .rp = rp};

    if (ctx->door == 1) {
        maas_control(app, ctx, rq, rp);
        return;
    }
    a.m->writing = !text_is(rq->method, "GET");
    own.now = maas_now(app, ctx->now);
    maas_tick(app, ctx->now, rp); /* machines are as they are now, whoever looked last */
    maas_chances_draw(app, ctx->now, rp);
    serve(&a);
    assert(rp->status != 0);
    if (a.m->writing && !(a.route && text_begins(a.route->name, "machines.")))
        a.m->epoch++;
    a.m->writing = false;
    maas_tell(&a);
    maas_seen_keep(&a);
    maas_body_drop(&a);
}
