#include "scenarios/engine/user.h"

#include "lib/base/jx.h"
#include "scenarios/engine/user_body.h"

#include <errno.h>
#include <stdlib.h>

#define NAMES_MAX       128
#define NAME_LENGTH_MAX 128

struct asked { /* one call in flight */
    struct user *u;
    struct call *call; /* NULL = free place */
    struct user_wish wish;
};

struct user {
    struct world *w;
    struct dns *dns;
    struct caller *caller;
    struct asked asked[USER_CALLS_MAX];
};

int user_new(struct user **ret, struct world *w, struct err *e)
{
    char ca[WORLD_PATH_MAX];
    struct user *u = calloc(1, sizeof(*u));
    if (u == NULL)
        WRONG("out of memory");
    u->w = w;
    world_path(w, ca, "tls/ca.pem");
    const struct lab_host *own = lab_role(w->run->lab, "user");
    const struct call_config c = {.ca_file = ca,
                                  .user_agent = "gateproof-user/" GATEPROOF_VERSION,
                                  .from = own != NULL ? world_from(w, own) : ""};
    int r = dns_new(&u->dns, w->loop, e);
    if (r == 0)
        r = caller_new(&u->caller, w->loop, u->dns, &c, e);
    if (r < 0) {
        user_free(u);
        return err_at(e, "the user's calls");
    }
    *ret = u;
    return 0;
}

void user_free(struct user *u)
{
    if (u == NULL)
        return;
    if (u->caller != NULL)
        caller_free(u->caller);
    if (u->dns != NULL)
        dns_free(u->dns);
    free(u);
}

/* --- the names in an answer ---------------------------------------------------------------------
 */

struct item {
    char name[NAME_LENGTH_MAX];
};
struct items {
    size_t n;
    struct item at[NAMES_MAX];
};
static const struct jx_field item_fields[] = {JX_TEXT(struct item, name, 0)};
static const struct jx_field items_fields[] = {
    JX_ARRAY(struct items, at, n, "items", 0, item_fields)};

static void names_add(struct event *e, const struct http_result *r)
{
    SCOPED(buf_drop) struct buf names = {0};
    struct items *x = calloc(1, sizeof(*x));
    if (x == NULL)
        WRONG("out of memory");
    buf_init(&names, EV_VALUE_MAX);
    if (jx_read(buf_text(&r->body), r->body.len, items_fields, COUNTOF(items_fields), 0, x, NULL) ==
        0)
        for (size_t i = 0; i < x->n; i++)
            buf_printf(&names, "%s%s", i == 0 ? "" : ",", x->at[i].name);
    free(x);
    ev_text_add(e, EVF_ANSWER, buf_text(&names));
}

/* --- calls --------------------------------------------------------------------------------------
 */

static void shown_add(struct event *e, const struct http_result *r)
{
    char uid[128];
    ev_text_add(e, EVF_KIND,
                user_system_pick(&r->body, uid, sizeof(uid)) ? USER_SHOWN_SYSTEM : USER_SHOWN_NONE);
}

static void tell(const struct user *u, const struct user_wish *wish, const struct http_result *r)
{
    struct event e;
    ev_init(&e, EV_PAL_USER, world_now(u->w));
    ev_text_add(&e, EVF_VERB, wish->verb);
    ev_int_add(&e, EVF_STATUS, r->status);
    if (wish->cluster != NULL && wish->cluster[0] != '\0')
        ev_text_add(&e, EVF_CLUSTER, wish->cluster);
    if (r->outcome != HTTP_ANSWERED)
        ev_text_add(&e, EVF_WHY, http_outcome_name(r->outcome));
    if (wish->account != NULL && wish->account[0] != '\0' &&
        (wish->cluster == NULL || wish->cluster[0] == '\0'))
        ev_text_add(&e, EVF_NAME, wish->account);
    if (wish->shows)
        shown_add(&e, r);
    if (wish->names)
        names_add(&e, r);
    world_put(u->w, &e);
}

static void on_done(void *arg, const struct http_result *result)
{
    struct asked *a = arg;
    struct user_wish wish = a->wish;
    a->call = NULL;
    if (wish.verb != NULL)
        tell(a->u, &wish, result);
    if (wish.done != NULL)
        wish.done(wish.arg, result);
}

static struct asked *free_place(struct user *u)
{
    for (size_t i = 0; i < USER_CALLS_MAX; i++)
        if (u->asked[i].call == NULL)
            return &u->asked[i];
    return NULL;
}

int user_ask(struct user *u, const struct user_wish *wish, struct err *e)
{
    char url[WORLD_URL_MAX];
    struct http_call rq;
    struct asked *a = free_place(u);
    if (a == NULL)
        return err_set(e, -EBUSY, "the user waits for %d answers already", USER_CALLS_MAX);
    http_call_init(&rq, wish->method);
    world_palette_url(u->w, false, url);
    buf_text_add(&rq.url, url);
    buf_text_add(&rq.url, wish->path);
    (void)http_header_add(&rq.headers, "ApiKey", u->w->api_key);
    if (wish->body[0] != '\0')
        (void)http_header_add(&rq.headers, "Content-Type", "application/json");
    buf_text_add(&rq.body, wish->body);
    rq.timeout_ms = ms_max(clk_domain_to_own(&u->w->domain, USER_TIMEOUT_MS), USER_TIMEOUT_OWN_MS);
    *a = (struct asked){.u = u, .wish = *wish};
    a->call = call_start(u->caller, &rq, on_done, a);
    http_call_drop(&rq);
    return 0;
}
