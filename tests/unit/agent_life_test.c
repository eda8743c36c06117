/* Agents against the models of Palette and MAAS: hand-over, a scale up and down, a reboot, a
 * delete. The gateway's few calls are made by hand. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-cluster/agent.h"
#include "mock-cluster/userdata.h"
#include "mock-maas/maas.h"
#include "tests/unit/maas_site.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 6
#define CALLS 8
#define TICK  SECONDS(5)

struct life_node {
    struct agent *agent;
    struct tree tree;
    uint64_t boots;
    char address[64];
    size_t n_calls;
    struct life_call {
        uint64_t ticket;
        struct mock *to;
        struct talk t;
        ms_t at, late; /* sent; given up */
    } calls[CALLS];
};
struct life {
    struct cluster_site *c;
    struct maas_site maas;
    struct life_node nodes[NODES];
    char first[16]; /* system id of the init machine */
    ms_t now;
};

/* --- the agents' calls ------------------------------------------------------------------------ */

static void step(struct life *l, struct life_node *n, struct agent_event *event);

static void reply(struct life *l, struct life_node *n, size_t i)
{
    struct life_call done = n->calls[i];
    struct http_result r = {.outcome = HTTP_ANSWERED, .status = done.t.rp.status};
    struct agent_event event = {.kind = AGENT_EV_REPLY, .ticket = done.ticket, .result = &r};

    memmove(&n->calls[i], &n->calls[i + 1], (n->n_calls - i - 1) * sizeof n->calls[0]);
    n->n_calls--;
    r.headers = done.t.rp.headers;
    r.body = done.t.rp.body;
    step(l, n, &event);
    talk_drop(&done.t);
}

static void call_take(struct life *l, struct life_node *n, struct agent_effect *e)
{
    struct life_call *call = &n->calls[n->n_calls++];
    struct buf headers;
    struct url u;
    struct err err = {0};
    char target[2 * URL_PATH_MAX];

    assert_true(n->n_calls <= CALLS);
    must(url_read(buf_text(&e->call.url), &u, &err), &err);
    (void)snprintf(target, sizeof target, "%s%s%s", u.path, u.query[0] ? "?" : "", u.query);
    *call = (struct life_call){.ticket = e->ticket,
                               .at = l->now,
                               .late = l->now + e->call.timeout_ms,
                               .to = e->target == AGENT_MAAS ? &l->maas.m : &l->c->s->m};
    talk_init(&call->t);
    buf_init(&headers, KIB(32));
    for (const char *p = buf_text(&e->call.headers); *p; p++)
        if (*p != '\r')
            buf_char_add(&headers, *p);
    call->to->peer = n->address;
    talk_ask(call->to, &call->t, e->call.method, target, buf_text(&headers),
             e->call.body.len ? buf_text(&e->call.body) : NULL);
    buf_drop(&headers);
}

static void step(struct life *l, struct life_node *n, struct agent_event *event)
{
    struct agent_effects *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    event->time = l->now;
    event->wall_s = EPOCH_S + l->now / 1000;
    agent_step(n->agent, event, fx);
    for (size_t i = 0; i < fx->n; i++)
        if (fx->at[i].kind == AGENT_FX_CALL)
            call_take(l, n, &fx->at[i]);
        else if (fx->at[i].kind == AGENT_FX_CANCEL)
            for (size_t k = 0; k < n->n_calls; k++)
                if (n->calls[k].ticket == fx->at[i].ticket) {
                    talk_drop(&n->calls[k].t);
                    memmove(&n->calls[k], &n->calls[k + 1],
                            (n->n_calls - k - 1) * sizeof n->calls[0]);
                    n->n_calls--;
                    break;
                }
    agent_effects_drop(fx);
    free(fx);
}

/* --- machines --------------------------------------------------------------------------------- */

static void off(struct life_node *n)
{
    if (!n->boots)
        return;
    while (n->n_calls > 0)
        talk_drop(&n->calls[--n->n_calls].t);
    agent_free(n->agent);
    tree_drop(&n->tree);
    memset(n, 0, sizeof *n);
}

static void on(struct life *l, struct life_node *n, const struct maas_boot *b)
{
    struct agent_event event = {.kind = AGENT_EV_START, .hostname = b->hostname, .seed = 3};
    struct userdata *u = calloc(1, sizeof *u);
    struct userdata_outcome out;
    struct talk t;
    struct err e = {0};
    char target[128];

    off(n);
    assert_non_null(u);
    n->boots = b->boots;
    (void)text_copy(n->address, sizeof n->address, b->address);
    talk_init(&t);
    (void)snprintf(target, sizeof target, "/MAAS/metadata/2012-03-01/by-id/%s/user-data",
                   b->system_id);
    l->maas.m.peer = n->address;
    talk_ask(&l->maas.m, &t, "GET", target, NULL, NULL);
    assert_int_equal(t.rp.status, 200);
    must(userdata_read(talk_body(&t), t.rp.body.len, u, &e), &e);
    tree_init(&n->tree);
    userdata_apply(u, &n->tree, &out);
    assert_text(out.why, "");
    assert_true(n->tree.units[TREE_AGENT].active);
    n->agent = agent_new();
    event.tree = &n->tree;
    step(l, n, &event);
    userdata_drop(u);
    free(u);
    talk_drop(&t);
}

static bool is_of(const struct life_node *n, const struct maas_boot *b)
{
    return n->boots == b->boots && text_is(n->address, b->address);
}

static void power(struct life *l)
{
    struct maas_boot boots[NODES];
    const size_t n = maas_booting(l->maas.maas, boots, NODES);

    for (size_t i = 0; i < NODES; i++) {
        bool runs = false;

        for (size_t k = 0; k < n; k++)
            runs = runs || is_of(&l->nodes[i], &boots[k]);
        if (!runs)
            off(&l->nodes[i]);
    }
    for (size_t k = 0; k < n; k++) {
        size_t place = 0;
        bool runs = false;

        for (size_t i = 0; i < NODES; i++)
            runs = runs || is_of(&l->nodes[i], &boots[k]);
        while (!runs && l->nodes[place].boots)
            place++;
        if (!runs)
            on(l, &l->nodes[place], &boots[k]);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

/* One call that can be answered now; false: none. */
static bool answer_one(struct life *l, struct life_node *n)
{
    for (size_t i = 0; i < n->n_calls; i++) {
        struct life_call *c = &n->calls[i];

        c->to->peer = n->address;
        if (c->t.parked)
            talk_again(c->to, &c->t, l->now >= c->at + c->t.rp.park_ms);
        if (!c->t.parked) {
            reply(l, n, i);
            return true;
        }
    }
    return false;
}

static void life_until(struct life *l, ms_t t)
{
    for (; l->now <= t; l->now += TICK) {
        struct http_reply rp;

        palette_pass(l->c->s, l->now - l->c->s->m.now);
        l->maas.m.now = l->now;
        http_reply_init(&rp);
        maas_tick(l->maas.maas, l->now, &rp);
        http_reply_drop(&rp);
        power(l);
        for (size_t i = 0; i < NODES; i++) {
            struct life_node *n = &l->nodes[i];
            struct agent_event event = {.kind = AGENT_EV_TIME};

            for (int spin = 0; n->agent && spin < 100; spin++) {
                if (answer_one(l, n))
                    continue;
                if (agent_due(n->agent) > l->now)
                    break;
                step(l, n, &event);
                assert_true(spin < 99);
            }
        }
    }
}

/* --- what a gateway does ---------------------------------------------------------------------- */

static void form_post(struct life *l, const char *target, const char *form)
{
    const int status = maas_send(&l->maas, MAAS_KEY, "POST", target, form);

    if (status != 200)
        fail_msg("%s: %d %s", target, status, talk_body(&l->maas.t));
}

/* What the user data of a deploy says, base64 by the deploy itself. */
static void deploy(struct life *l)
{
    struct tree t;
    struct buf json, text, form;
    struct err e = {0};
    struct tree_write w = {.path = AGENT_JSON, .owner = "", .mode = 0600, .given = true};
    char target[128];

    tree_init(&t);
    buf_init(&json, KIB(8));
    buf_init(&text, USERDATA_MAX);
    buf_init(&form, MIB(1));
    buf_printf(&json,
               "{\"profile\":\"1.0\",\"clusterUid\":\"%s\",\"clusterName\":\"c1\",\"systemId\":"
               "\"%s\",\"pool\":\"cp\",\"role\":\"init\",\"palette\":{\"url\":"
               "\"https://palette.example\"},\"joinToken\":\"%s\",\"marker\":\"%s\",\"image\":"
               "\"custom/u-2204-k8s-1.30\",\"endpoint\":{\"host\":\"c1.maas\",\"port\":6443}}",
               l->c->uid, l->first, l->c->join_token, l->c->marker);
    w.bytes = buf_text(&json);
    w.len = json.len;
    must(tree_write(&t, &w, &e), &e);
    agent_userdata_write(&t, &(struct agent_peer){l->first, "cp", "init"}, &text);
    pairs_write(&form, "distro_series", "custom/u-2204-k8s-1.30");
    pairs_write(&form, "agent_name", l->c->marker);
    pairs_write(&form, "user_data", buf_text(&text)); /* MAAS takes it raw, too */
    (void)snprintf(target, sizeof target, "/MAAS/api/2.0/machines/%s/?op=deploy", l->first);
    form_post(l, target, buf_text(&form));
    buf_drop(&json);
    buf_drop(&text);
    buf_drop(&form);
    tree_drop(&t);
}

static void create(struct life *l)
{
    char form[512], target[128], list[64];

    assert_int_equal(cluster_create(l->c, "c1", 0), 201);
    cluster_item(l->c);
    assert_int_equal(claim(l->c, 1, 1), 200);
    (void)snprintf(form, sizeof form, "agent_name=%s&zone=default&pool=default", l->c->marker);
    form_post(l, "/MAAS/api/2.0/machines/?op=allocate", form);
    talk_pick(&l->maas.t, "system_id", l->first, sizeof l->first);
    (void)snprintf(target, sizeof target, "/MAAS/api/2.0/machines/%s/?op=set_workload_annotations",
                   l->first);
    (void)snprintf(form, sizeof form,
                   "gateproof.pcg=g1&gateproof.cluster=%s&gateproof.pool=cp&gateproof.role=init",
                   l->c->uid);
    form_post(l, target, form);
    assert_int_equal(machine_post(l->c, 1, "cp", l->first), 201);
    deploy(l);
    life_until(l, l->now + MINUTES(12)); /* the token of the gateway lives 15 */
    (void)snprintf(list, sizeof list, "\"%s\"", l->first);
    assert_int_equal(handover(l->c, 1, 1, 2, list), 200);
}

static void workers_want(struct life *l, const char *method, int n)
{
    char path[256], body[512];

    (void)snprintf(path, sizeof path, "/v1/cloudconfigs/maas/%s/machinePools%s", l->c->config_uid,
                   text_is(method, "PUT") ? "/workers" : "");
    (void)snprintf(
        body, sizeof body,
        "{\"cloudConfig\":{\"azs\":[\"default\"],\"resourcePool\":\"default\",\"tags\":"
        "null,\"instanceType\":{\"minCPU\":4,\"minMemInMB\":8192,\"minDiskSizeInGB\":60}}"
        ",\"poolConfig\":{\"name\":\"workers\",\"size\":%d,\"labels\":[\"worker\"]}}",
        n);
    (void)user(l->c->s, method, path, body);
    if (l->c->s->t.rp.status >= 300)
        fail_msg("%s %s: %d %s", method, path, l->c->s->t.rp.status, talk_body(&l->c->s->t));
}

static size_t seen(struct life *l)
{
    return mock_count(&l->c->s->m, EV_PAL_NODE, EVF_KIND, "seen");
}

static int running_nodes(const struct life *l)
{
    int n = 0;

    for (size_t i = 0; i < NODES; i++)
        n += l->nodes[i].boots != 0;
    return n;
}

/* --- stories ---------------------------------------------------------------------------------- */

static int setup(void **state)
{
    struct maas_config config = {.seed = 1,
                                 .epoch_s = EPOCH_S,
                                 .factor = 1,
                                 .n_machines = NODES,
                                 .n_users = 1,
                                 .users = {{.name = "pcg", .key = MAAS_KEY, .superuser = true}}};
    struct life *l = calloc(1, sizeof *l);
    void *c = NULL;

    assert_non_null(l);
    assert_int_equal(cluster_site_setup(&c), 0);
    l->c = c;
    l->now = l->c->s->m.now;
    l->maas.maas = maas_new(&config);
    mock_init(&l->maas.m);
    l->maas.m.app = l->maas.maas;
    l->maas.m.handle = maas_handle;
    l->maas.m.scheme = "http";
    l->maas.m.authority = "10.10.0.3:5240";
    l->maas.m.peer = "10.10.0.2";
    l->maas.m.now = l->now;
    talk_init(&l->maas.t);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct life *l = *state;
    void *c = l->c;

    for (size_t i = 0; i < NODES; i++)
        off(&l->nodes[i]);
    talk_drop(&l->maas.t);
    mock_drop(&l->maas.m);
    maas_free(l->maas.maas);
    cluster_site_teardown(&c);
    free(l);
    return 0;
}

static void a_cluster_scales_by_itself_and_gives_back(void **state)
{
    struct life *l = *state;
    char path[128];

    create(l);
    life_until(l, l->now + HOURS(1));
    assert_int_equal(seen(l), 1);
    workers_want(l, "POST", 2);
    life_until(l, l->now + HOURS(1));
    assert_int_equal(seen(l), 3);
    assert_int_equal(running_nodes(l), 3);
    workers_want(l, "PUT", 1);
    life_until(l, l->now + HOURS(1));
    assert_int_equal(running_nodes(l), 2);
    assert_int_equal(mock_count(&l->c->s->m, EV_PAL_NODE, EVF_KIND, "deleted"), 1);
    (void)snprintf(path, sizeof path, "/v1/spectroclusters/%s", l->c->uid);
    assert_int_equal(user(l->c->s, "DELETE", path, NULL), 204);
    life_until(l, l->now + MINUTES(5));
    assert_int_equal(mock_count(&l->c->s->m, EV_PAL_CALL, EVF_OP, "quiesced"), 1);
    assert_int_equal(ev_int(mock_last(&l->c->s->m, EV_PAL_OWNER), EVF_EPOCH), 3);
    assert_int_equal(mock_count(&l->maas.m, EV_MAAS_CALL, EVF_OP, "machines.allocate"), 3);
}

/* Labels reach the cluster, and a machine that is rebooted comes back with the same identity. */
static void the_first_machine_may_reboot_in_the_middle(void **state)
{
    struct life *l = *state;

    create(l);
    life_until(l, l->now + MINUTES(30));
    workers_want(l, "POST", 2);
    life_until(l, l->now + MINUTES(4));
    for (size_t i = 0; i < NODES; i++)
        off(&l->nodes[i]);
    life_until(l, l->now + HOURS(2));
    assert_int_equal(running_nodes(l), 3);
    assert_int_equal(seen(l), 3);
    assert_int_equal(mock_count(&l->maas.m, EV_MAAS_CALL, EVF_OP, "machines.allocate"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_clause_test(a_cluster_scales_by_itself_and_gives_back, setup, teardown, CLAUSE(67),
                         CLAUSE(68), CLAUSE(69)),
        site_clause_test(the_first_machine_may_reboot_in_the_middle, setup, teardown, CLAUSE(101)),
    };

    return run_tests(tests);
}
