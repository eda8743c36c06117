#include "scenarios/engine/tasks.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/engine/user_body.h"

#include <errno.h>
#include <stdio.h>

#define PATH_LEN 256
#define BODY_MAX KIB(16)

typedef void task_ask_fn(struct task *x, const char *account_uid);
struct task_row {
    const char *kind;
    bool needs_account; /* its uid is read first */
    task_ask_fn *ask;
    void (*answered)(struct task *x, const struct http_result *r);
};

/* --- one call -----------------------------------------------------------------------------------
 */

static void end(struct task *x)
{
    loop_timer_free(&x->again);
    x->row = NULL;
}

static void on_answer(void *arg, const struct http_result *r)
{
    struct task *x = arg;
    if (x->row->answered != NULL)
        x->row->answered(x, r);
    else
        end(x);
}

static void send(struct task *x, const struct user_wish *wish)
{
    struct user_wish own = *wish;
    if (own.done == NULL)
        own.done = on_answer;
    own.arg = x;
    if (user_ask(x->all->user, &own, x->all->broken) < 0)
        end(x);
}

/* The call that the task is about: the journal gets a record of it. */
static void send_last(struct task *x, const char *method, const char *path, const char *body)
{
    send(x, &(struct user_wish){.verb = x->row->kind,
                                .cluster = x->name,
                                .method = method,
                                .path = path,
                                .body = body,
                                .account = x->account,
                                .names = text_is(x->row->kind, "lists"),
                                .shows = text_is(x->row->kind, "lists-gateways")});
}

/* --- the account --------------------------------------------------------------------------------
 */

static void on_accounts(void *arg, const struct http_result *r)
{
    struct task *x = arg;
    struct world *w = x->all->w;
    char uid[TASKS_UID_MAX] = "";
    bool known = user_account_pick(&r->body, x->account, uid, sizeof(uid));
    if (!known && ++x->tries < TASKS_RETRIES_MAX)
        loop_timer_set(x->again, world_after(w, TASKS_RETRY_MS));
    else
        x->row->ask(x, known ? uid : "none");
}

static void ask_accounts(void *arg)
{
    send(arg,
         &(struct user_wish){
             .method = "GET", .path = "/v1/cloudaccounts/maas", .body = "", .done = on_accounts});
}

/* --- questions ----------------------------------------------------------------------------------
 */

static void ask_gateways(struct task *x, const char *account_uid)
{
    (void)account_uid;
    send_last(x, "GET", "/v1/overlords", "");
}

static void ask_property(struct task *x, const char *account_uid)
{
    char path[PATH_LEN];
    snprintf(path, sizeof(path), "/v1/cloudaccounts/maas/%s/properties/%s", account_uid, x->text);
    send_last(x, "GET", path, "");
}

static void ask_validation(struct task *x, const char *account_uid)
{
    char path[PATH_LEN], body[512], maas[OUTFIT_URL_MAX];
    (void)account_uid;
    outfit_maas_url(&x->all->guest->outfit, x->all->w->run->lab, maas);
    snprintf(path, sizeof(path), "/v1/overlords/maas/%s/account/validate", x->all->guest->uid);
    snprintf(body, sizeof(body), "{\"account\":{\"apiEndpoint\":\"%s\",\"apiKey\":\"%s\"}}", maas,
             x->all->w->maas_key);
    send_last(x, "POST", path, body);
}

/* --- accounts -----------------------------------------------------------------------------------
 */

static void post_account(struct task *x, const char *overlord_uid)
{
    const struct world *w = x->all->w;
    SCOPED(buf_drop) struct buf body = {0};
    char endpoint[OUTFIT_URL_MAX];
    buf_init(&body, BODY_MAX);
    outfit_maas_url(&x->all->guest->outfit, w->run->lab, endpoint);
    user_body_account(&body, x->account, overlord_uid, endpoint, w->maas_key);
    send_last(x, "POST", "/v1/cloudaccounts/maas", buf_text(&body));
}

/* Whom Palette lists none asks for one. */
static void on_gateways(void *arg, const struct http_result *r)
{
    struct task *x = arg;
    char uid[TASKS_UID_MAX] = "", path[PATH_LEN];
    if (user_system_pick(&r->body, uid, sizeof(uid))) {
        post_account(x, uid);
        return;
    }
    snprintf(path, sizeof(path), USER_SYSTEM_PATH, "none");
    send_last(x, "POST", path, "");
}

static void ask_register(struct task *x, const char *account_uid)
{
    (void)account_uid;
    if (text_is(x->text, "on"))
        send(x, &(struct user_wish){
                    .method = "GET", .path = "/v1/overlords", .body = "", .done = on_gateways});
    else
        post_account(x, text_is(x->text, "off")       ? x->all->guest->uid
                        : text_is(x->text, "by-hand") ? USER_SYSTEM_BY_HAND
                                                      : "");
}

/* --- clusters -----------------------------------------------------------------------------------
 */

struct task_cluster *tasks_cluster(struct tasks *t, const char *name)
{
    for (size_t i = t->n_clusters; i-- > 0;)
        if (text_is(t->clusters[i].name, name))
            return &t->clusters[i];
    return NULL;
}

static const char *cluster_uid(const struct task *x)
{
    const struct task_cluster *c = tasks_cluster(x->all, x->name);
    return c != NULL ? c->uid : "none";
}

static void ask_create(struct task *x, const char *account_uid)
{
    SCOPED(buf_drop) struct buf body = {0};
    buf_init(&body, BODY_MAX);
    user_body_create(&body, x->name, account_uid, x->nodes, x->text);
    send_last(x, "POST", "/v1/spectroclusters/maas", buf_text(&body));
}

static void on_config(void *arg, const struct http_result *r)
{
    struct task *x = arg;
    struct task_cluster *c = tasks_cluster(x->all, x->name);
    if (c != NULL)
        (void)jx_pick(buf_text(&r->body), r->body.len, "spec.cloudConfigRef.uid", c->config_uid,
                      sizeof(c->config_uid));
    end(x);
}

/* The cluster has a uid; its configuration's uid is read for the days to come. */
static void created(struct task *x, const struct http_result *r)
{
    struct tasks *t = x->all;
    struct task_cluster *c = &t->clusters[t->n_clusters];
    char path[PATH_LEN];
    if (r->status != 201 || t->n_clusters == TASKS_CLUSTERS_MAX ||
        !jx_pick(buf_text(&r->body), r->body.len, "uid", c->uid, sizeof(c->uid)) ||
        !text_copy(c->name, sizeof(c->name), x->name)) {
        end(x);
        return;
    }
    c->has_workers = x->nodes > 1;
    t->n_clusters++;
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s", c->uid);
    send(x, &(struct user_wish){.method = "GET", .path = path, .body = "", .done = on_config});
}

static void ask_delete(struct task *x, const char *account_uid)
{
    char path[PATH_LEN];
    (void)account_uid;
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s", cluster_uid(x));
    send_last(x, "DELETE", path, "");
}

/* A cluster that was made without workers gets the pool. */
static void ask_scale(struct task *x, const char *account_uid)
{
    struct task_cluster *c = tasks_cluster(x->all, x->name);
    bool has = c != NULL && c->has_workers;
    char path[PATH_LEN];
    SCOPED(buf_drop) struct buf body = {0};
    (void)account_uid;
    buf_init(&body, BODY_MAX);
    snprintf(path, sizeof(path), "/v1/cloudconfigs/maas/%s/machinePools%s",
             c != NULL ? c->config_uid : "none", has ? "/workers" : "");
    user_body_workers(&body, x->nodes);
    if (c != NULL)
        c->has_workers = true;
    send_last(x, has ? "PUT" : "POST", path, buf_text(&body));
}

static void ask_label(struct task *x, const char *account_uid)
{
    char path[PATH_LEN];
    SCOPED(buf_drop) struct buf body = {0};
    (void)account_uid;
    buf_init(&body, BODY_MAX);
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/metadata", cluster_uid(x));
    user_body_label(&body, x->name, x->text);
    send_last(x, "PATCH", path, buf_text(&body));
}

/* --- the table ----------------------------------------------------------------------------------
 */

static const struct task_row rows[] = {
    {"lists-gateways", false, ask_gateways, NULL}, {"lists", true, ask_property, NULL},
    {"validates", true, ask_validation, NULL},     {"creates-cluster", true, ask_create, created},
    {"deletes-cluster", false, ask_delete, NULL},  {"scales-cluster", false, ask_scale, NULL},
    {"labels-cluster", false, ask_label, NULL},    {"registers-account", false, ask_register, NULL},
};

static const struct task_row *row_of(const char *kind)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].kind, kind))
            return &rows[i];
    WRONG("no task of that kind");
}

static struct task *free_place(struct tasks *t)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (t->at[i].row == NULL)
            return &t->at[i];
    return NULL;
}

void tasks_init(struct tasks *t, struct world *w, struct user *user, const struct guest *guest,
                struct err *broken)
{
    *t = (struct tasks){.user = user, .w = w, .guest = guest, .broken = broken};
}

void tasks_free(struct tasks *t)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        end(&t->at[i]);
}

bool tasks_begin(struct tasks *t, const char *kind, const char *name, const char *text,
                 int64_t nodes)
{
    return tasks_begin_on(t, kind, "", name, text, nodes);
}

bool tasks_begin_on(struct tasks *t, const char *kind, const char *account, const char *name,
                    const char *text, int64_t nodes)
{
    struct task *x = free_place(t);
    if (x == NULL) {
        err_set(t->broken, -EBUSY, "the user does %d things already", TASKS_MAX);
        return false;
    }
    *x = (struct task){.all = t, .row = row_of(kind), .nodes = nodes};
    x->again = loop_timer_new(t->w->loop, ask_accounts, x);
    if (!text_copy(x->name, sizeof(x->name), name) || !text_copy(x->text, sizeof(x->text), text) ||
        !text_copy(x->account, sizeof(x->account), account))
        WRONG("a word of a story is longer than a task keeps");
    if (x->row->needs_account)
        ask_accounts(x);
    else
        x->row->ask(x, "");
    return true;
}
