#include "mock-cluster/node.h"

#include "lib/base/text.h"
#include "lib/io/call.h"
#include "lib/io/file.h"
#include "lib/io/httpd.h"
#include "lib/io/log.h"
#include "mock-cluster/agent.h"
#include "mock-cluster/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_MAX     16
#define FETCH_WAIT_MS SECONDS(30)
#define FETCH_AGAIN   SECONDS(5)
#define DOOR          "metadata/2012-03-01/by-id/"
#define PATH_BYTES    512
#define CERT_DAYS     400
#define CERT_EARLIER  86400
#define PARAMS_MAX    KIB(8)

enum to { TO_DOOR, TO_PALETTE, TO_PALETTE_ONCE, TO_MAAS, CALLERS };

struct node_call {
    struct node *node;
    uint64_t ticket;
    struct call *call; /* NULL: free place */
};

struct node {
    const struct node_config *config;
    struct log log;
    struct loop *loop;
    struct dns *dns;
    struct caller *callers[CALLERS];
    struct call *fetch;
    struct loop_timer *again, *due;
    struct tree tree;
    struct agent *agent;
    struct agent_effects *fx;
    struct node_call calls[CALLS_MAX];
    struct tls_server *tls;
    struct httpd *httpd;
    struct slot_wishes *wishes;
    int64_t clock_off_s; /* as a story wished: only what the agent signs is off */
    int code;
};

static void give_up(struct node *n, const struct err *e)
{
    log_line(&n->log, LOG_ERROR, "%s", e->text);
    n->code = 1;
    loop_stop(n->loop);
}

/* --- port 6443 -------------------------------------------------------------------------------- */

/* The cluster's API, as far as a neighbour asks whether it is there. */
static void api_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                       struct http_reply *rp)
{
    (void)app;
    (void)ctx;
    if (text_is(rq->path, "/healthz") || text_is(rq->path, "/livez"))
        http_reply_text(rp, 200, "text/plain; charset=utf-8", "ok");
    else
        http_reply_text(rp, 401, "application/json",
                        "{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":401}");
}

static int api_certificate(struct node *n, struct err *e)
{
    const int64_t from = clk_realtime_s() - CERT_EARLIER;
    char names[PATH_BYTES], cert[PATH_BYTES], key[PATH_BYTES];
    int r = tls_ca_make(n->config->root, "cluster", from, CERT_DAYS, e);

    (void)snprintf(names, sizeof names, "%s,%s,%s", agent_config(n->agent)->endpoint.host,
                   n->config->hostname, n->config->address);
    (void)snprintf(cert, sizeof cert, "%s/api.pem", n->config->root);
    (void)snprintf(key, sizeof key, "%s/api.key", n->config->root);
    if (r == 0)
        r = tls_leaf_make(n->config->root, "api", names[0] == ',' ? names + 1 : names, from,
                          CERT_DAYS, e);
    return r < 0 ? r : tls_server_new(&n->tls, cert, key, e);
}

static int api_open(struct node *n, int port, struct err *e)
{
    struct httpd_config c = {.name = NODE_NAME,
                             .n_listen = 1,
                             .pool = 1,
                             .app = n,
                             .handle = api_handle,
                             .domain = n->config->slot.domain};
    int r = n->tls ? 0 : api_certificate(n, e);

    if (r < 0)
        return r;
    c.listen[0].address = n->config->address;
    c.listen[0].port = port;
    c.listen[0].tls = n->tls;
    return httpd_start(&n->httpd, n->loop, &c, e);
}

static void listen_do(struct node *n, int port)
{
    struct err e = {0};

    if (port == 0 || n->httpd)
        return; /* it ends with the process */
    if (api_open(n, port, &e) < 0)
        log_line(&n->log, LOG_ERROR, "port %d: %s", port, e.text);
}

/* --- the agent's calls ------------------------------------------------------------------------ */

static void step(struct node *n, struct agent_event *event);

static void on_reply(void *arg, const struct http_result *result)
{
    struct node_call *place = arg;
    struct agent_event event = {.kind = AGENT_EV_REPLY, .ticket = place->ticket, .result = result};

    place->call = NULL;
    step(place->node, &event);
}

static void call_do(struct node *n, const struct agent_effect *f)
{
    static const enum to by_target[] = {[AGENT_PALETTE] = TO_PALETTE, [AGENT_MAAS] = TO_MAAS};
    enum to to = by_target[f->target];
    size_t i = 0;

    while (i < CALLS_MAX && n->calls[i].call)
        i++;
    assert(i < CALLS_MAX);
    if (to == TO_PALETTE && text_is(f->call.method, "POST"))
        to = TO_PALETTE_ONCE;
    n->calls[i].node = n;
    n->calls[i].ticket = f->ticket;
    n->calls[i].call = call_start(n->callers[to], &f->call, on_reply, &n->calls[i]);
}

static void cancel_do(struct node *n, uint64_t ticket)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (n->calls[i].call && n->calls[i].ticket == ticket)
            call_cancel(&n->calls[i].call);
}

static void effect_do(struct node *n, const struct agent_effect *f)
{
    switch (f->kind) {
    case AGENT_FX_CALL:
        call_do(n, f);
        return;
    case AGENT_FX_CANCEL:
        cancel_do(n, f->ticket);
        return;
    case AGENT_FX_LISTEN:
        listen_do(n, f->port);
        return;
    case AGENT_FX_SAY:
        log_line(&n->log, (enum log_level)f->level, "%s", f->text);
        return;
    }
    WRONG("an effect of no kind");
}

static void step(struct node *n, struct agent_event *event)
{
    event->time = loop_now(n->loop);
    event->wall_s = clk_realtime_s() + n->clock_off_s;
    agent_effects_init(n->fx);
    agent_step(n->agent, event, n->fx);
    for (size_t i = 0; i < n->fx->n; i++)
        effect_do(n, &n->fx->at[i]);
    agent_effects_drop(n->fx);
    loop_timer_set(n->due, agent_due(n->agent));
}

static void on_due(void *arg)
{
    struct agent_event event = {.kind = AGENT_EV_TIME};

    step(arg, &event);
}

/* --- boot ------------------------------------------------------------------------------------- */

static void boot_event(struct node *n, const struct agent_config *c)
{
    struct buf params SCOPED(buf_drop);
    struct event e;

    buf_init(&params, PARAMS_MAX);
    agent_found(&n->tree, &params);
    ev_init(&e, EV_NODE_BOOT, clk_domain_ms(&n->config->slot.domain));
    ev_text_add(&e, EVF_MACHINE, n->config->hostname);
    ev_text_add(&e, EVF_UID, n->config->system_id);
    ev_text_add(&e, EVF_IP, n->config->address);
    ev_text_add(&e, EVF_CLUSTER, c ? c->cluster_name : "");
    ev_text_add(&e, EVF_PARAMS, buf_text(&params));
    journal_put(n->config->slot.ring, &e);
}

/* An authority out of the sandbox's files, into a file that the TLS library reads. */
static int anchor_put(const struct node *n, const char *name, const char *in_tree, char *out,
                      size_t size, struct err *e)
{
    const struct tree_file *f = in_tree[0] ? tree_find(&n->tree, in_tree) : NULL;

    out[0] = '\0';
    if (!f)
        return 0;
    (void)snprintf(out, size, "%s/%s", n->config->root, name);
    return file_write(out, buf_text(&f->content), f->content.len, 0600, e);
}

static int agent_callers(struct node *n, const struct agent_config *c, struct err *e)
{
    char palette_ca[PATH_BYTES], maas_ca[PATH_BYTES];
    struct call_config palette = {.ca_file = palette_ca};
    struct call_config maas = {.ca_file = maas_ca, .fresh_changes = true};
    int r = anchor_put(n, "palette-ca.pem", c->palette.ca_file, palette_ca, sizeof palette_ca, e);

    palette.user_agent = maas.user_agent = NODE_NAME "/" AGENT_VERSION;
    palette.from = maas.from = n->config->from;
    if (r == 0)
        r = anchor_put(n, "maas-ca.pem", c->maas_ca_file, maas_ca, sizeof maas_ca, e);
    if (r == 0)
        r = caller_new(&n->callers[TO_PALETTE], n->loop, n->dns, &palette, e);
    palette.fresh_changes = true;
    if (r == 0)
        r = caller_new(&n->callers[TO_PALETTE_ONCE], n->loop, n->dns, &palette, e);
    return r < 0 ? r : caller_new(&n->callers[TO_MAAS], n->loop, n->dns, &maas, e);
}

static void slow_down(struct node *n, const char *cluster)
{
    const char *list = n->config->slow;
    char word[128];
    ms_t pause;

    while (text_next(&list, ',', word, sizeof word)) {
        char *time = strchr(word, '=');

        if (!time)
            continue;
        *time++ = '\0';
        if (text_is(word, cluster) && text_duration(time, &pause))
            agent_slow(n->agent, pause);
    }
}

/* The agent lives when user data started its unit, and when its file can be used. */
static void agent_begin(struct node *n)
{
    struct agent_event event = {.kind = AGENT_EV_START,
                                .tree = &n->tree,
                                .hostname = n->config->hostname,
                                .seed = n->config->seed};
    struct agent_config c;
    struct err e = {0};
    const bool good = agent_config_read(&n->tree, &c, &e) == 0;

    boot_event(n, good ? &c : NULL);
    if (!good || !n->tree.units[TREE_AGENT].active) {
        log_line(&n->log, LOG_WARN, "no agent: %s", good ? "nothing started its unit" : e.text);
        return;
    }
    if (agent_callers(n, &c, &e) < 0) {
        give_up(n, &e);
        return;
    }
    n->agent = agent_new();
    slow_down(n, c.cluster_name);
    n->due = loop_timer_new(n->loop, on_due, n);
    step(n, &event);
}

static int execute(struct node *n, const struct userdata *u, struct userdata_outcome *ret,
                   struct err *e)
{
    const struct sandbox_config c = {.busybox = n->config->busybox,
                                     .seconds = n->config->sandbox_seconds};

    return sandbox_run(&c, u, &n->tree, ret, e);
}

static int obey(struct node *n, const struct userdata *u, struct userdata_outcome *ret,
                struct err *e)
{
    if (!n->config->interprets)
        return execute(n, u, ret, e);
    tree_init(&n->tree);
    userdata_apply(u, &n->tree, ret);
    return 0;
}

static void boot(struct node *n, const char *text, size_t len)
{
    struct userdata *u = calloc(1, sizeof *u);
    struct userdata_outcome out;
    struct err e = {0};

    if (!u)
        abort();
    if (userdata_read(text, len, u, &e) < 0) {
        log_line(&n->log, LOG_WARN, "user data: %s", e.text);
        boot_event(n, NULL);
    } else if (obey(n, u, &out, &e) < 0) {
        userdata_drop(u);
        give_up(n, &e);
    } else {
        userdata_drop(u);
        if (out.why[0])
            log_line(&n->log, LOG_WARN, "user data: %s", out.why);
        agent_begin(n);
    }
    free(u);
}

static void on_user_data(void *arg, const struct http_result *r)
{
    struct node *n = arg;

    n->fetch = NULL;
    if (r->outcome == HTTP_ANSWERED && r->status == 200) {
        boot(n, buf_text(&r->body), r->body.len);
        return;
    }
    log_line(&n->log, LOG_WARN, "no user data: %s, status %d", http_outcome_name(r->outcome),
             r->status);
    loop_timer_set(n->again, loop_now(n->loop) + FETCH_AGAIN);
}

static void fetch(void *arg)
{
    struct node *n = arg;
    struct http_call call;

    http_call_init(&call, "GET");
    url_join(&call.url, n->config->maas_url, DOOR);
    url_encode(&call.url, n->config->system_id);
    buf_text_add(&call.url, "/user-data");
    call.timeout_ms = FETCH_WAIT_MS;
    n->fetch = call_start(n->callers[TO_DOOR], &call, on_user_data, n);
    http_call_drop(&call);
}

/* --- birth and end ---------------------------------------------------------------------------- */

/* "clock off -600", or "beats-for UID": one heartbeat for another cluster, as only a rogue would
 * send it; the agents that do not speak for their cluster stay quiet. */
static void on_wish(void *arg, const char *line)
{
    static const char head[] = "clock off ", stray[] = "beats-for ";
    struct agent_event event = {.kind = AGENT_EV_TIME};
    struct node *n = arg;

    if (text_begins(line, stray)) {
        if (n->agent && agent_stray(n->agent, line + strlen(stray)))
            step(n, &event);
    } else if (!text_begins(line, head) ||
               !text_int(line + strlen(head), -INT32_MAX, INT32_MAX, &n->clock_off_s))
        log_line(&n->log, LOG_WARN, "cannot do: %s", line);
}

/* Switched off: the journal is ended and the process is gone, whatever was under way. */
static void on_signal(void *arg, int signo)
{
    struct node *n = arg;

    if (signo != SIGTERM && signo != SIGINT)
        return;
    journal_end(n->config->slot.ring, clk_domain_ms(&n->config->slot.domain));
    _exit(0);
}

static int open_all(struct node *n, struct err *e)
{
    static const int signos[] = {SIGTERM, SIGINT, SIGPIPE};
    const struct call_config door = {.ca_file = n->config->maas_ca,
                                     .user_agent = NODE_NAME "/" AGENT_VERSION,
                                     .from = n->config->from};
    int r = loop_new(&n->loop, n->config->slot.page, e);

    if (r == 0)
        r = loop_signals(n->loop, signos, COUNTOF(signos), on_signal, n, e);
    if (r == 0)
        r = file_mkdirs(n->config->root, 0700, e);
    if (r == 0)
        r = slot_wishes_open(&n->wishes, n->loop, n->config->opts, on_wish, n, e);
    if (r == 0)
        r = dns_new(&n->dns, n->loop, e);
    if (r == 0)
        r = caller_new(&n->callers[TO_DOOR], n->loop, n->dns, &door, e);
    return r;
}

int node_run(const struct node_config *c)
{
    struct node *n = calloc(1, sizeof *n);
    struct err e = {0};

    if (!n)
        abort();
    n->fx = calloc(1, sizeof *n->fx);
    if (!n->fx)
        abort();
    n->config = c;
    n->log = (struct log){.who = NODE_NAME, .level = LOG_INFO};
    if (open_all(n, &e) < 0) {
        log_line(&n->log, LOG_ERROR, "%s", e.text);
        _exit(1);
    }
    n->again = loop_timer_new(n->loop, fetch, n);
    fetch(n);
    loop_run(n->loop);
    journal_end(n->config->slot.ring, clk_domain_ms(&n->config->slot.domain));
    _exit(n->code); /* as the mocks end: the server inside takes seconds to stop */
}
