/* Bytes → a sequence of answers of Palette and MAAS into a running agent. Each is a head of three
 * bytes (which call in flight, status or outcome, seconds before it) and a body up to the next
 * zero byte. The agent keeps going: effects within their bound, no secret in what it says for
 * people, and always something to come. */
#include "mock-cluster/agent.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLIES_MAX 96
#define FLIGHTS_MAX 32
#define JOIN_TOKEN  "join-token-canary"

struct run {
    struct agent *agent;
    ms_t now;
    size_t n;
    uint64_t flights[FLIGHTS_MAX]; /* in the order of their begin */
    struct agent_effects fx;
};

/* From 200 on: no answer. */
static const int statuses[] = {200, 201, 204, 400, 401, 403, 404, 409, 410, 429, 500, 503};

static void flight_forget(struct run *r, uint64_t ticket)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->flights[i] == ticket) {
            memmove(&r->flights[i], &r->flights[i + 1], (r->n - i - 1) * sizeof(r->flights[0]));
            r->n--;
            return;
        }
}

static void effect(struct run *r, const struct agent_effect *e)
{
    if (e->kind == AGENT_FX_CALL) {
        assert(r->n < FLIGHTS_MAX);
        assert(strstr(buf_text(&e->call.url), JOIN_TOKEN) == NULL);
        r->flights[r->n++] = e->ticket;
    } else if (e->kind == AGENT_FX_CANCEL) {
        flight_forget(r, e->ticket);
    } else if (e->kind == AGENT_FX_SAY) {
        assert(strstr(e->text, JOIN_TOKEN) == NULL);
    }
}

static void step(struct run *r, struct agent_event *event)
{
    event->time = r->now;
    event->wall_s = 1782864000 + r->now / 1000;
    agent_effects_init(&r->fx);
    agent_step(r->agent, event, &r->fx);
    for (size_t i = 0; i < r->fx.n; i++)
        effect(r, &r->fx.at[i]);
    agent_effects_drop(&r->fx);
    assert(r->n > 0 || agent_due(r->agent) != MS_NEVER);
}

static void reply(struct run *r, const uint8_t *head, const uint8_t *body, size_t len)
{
    struct agent_event event = {.kind = AGENT_EV_REPLY};
    struct http_result result;

    r->now += (ms_t)head[2] * 1000;
    for (int i = 0; i < 2 && (r->n == 0 || agent_due(r->agent) <= r->now); i++) {
        r->now = ms_max(r->now, agent_due(r->agent));
        step(r, &(struct agent_event){.kind = AGENT_EV_TIME});
    }
    if (r->n == 0)
        return;
    event.ticket = r->flights[head[0] % r->n];
    flight_forget(r, event.ticket);
    http_result_init(&result);
    result.outcome =
        head[1] < 200 ? HTTP_ANSWERED : (enum http_outcome)(1 + head[1] % (HTTP_OUTCOME_COUNT - 1));
    if (result.outcome == HTTP_ANSWERED) {
        result.status = statuses[head[1] % COUNTOF(statuses)];
        buf_add(&result.body, body, len);
    }
    event.result = &result;
    step(r, &event);
    http_result_drop(&result);
}

/* A node of role init: the one that speaks for its cluster. */
static void node_make(struct tree *t)
{
    static const char text[] =
        "{\"profile\":\"1.0\",\"clusterUid\":\"65f0\",\"clusterName\":\"c1\",\"systemId\":\"m1\","
        "\"pool\":\"cp\",\"role\":\"init\",\"palette\":{\"url\":\"https://palette.example/\","
        "\"caFile\":\"\"},\"joinToken\":\"" JOIN_TOKEN "\",\"marker\":\"gp1.7c3e.65f0\","
        "\"image\":\"custom/u\",\"endpoint\":{\"host\":\"c1.maas\",\"port\":6443},\"maasCaFile\":"
        "\"\",\"proxy\":{\"httpProxy\":\"\",\"httpsProxy\":\"\",\"noProxy\":\"\"}}";
    const struct tree_write w = {.path = AGENT_JSON,
                                 .owner = "",
                                 .mode = 0600,
                                 .given = true,
                                 .bytes = text,
                                 .len = strlen(text)};
    struct err e = {0};

    tree_init(t);
    if (tree_write(t, &w, &e) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run r; /* once: it is large */
    static struct tree tree;
    struct agent_event start = {.kind = AGENT_EV_START, .tree = &tree, .hostname = "h1", .seed = 1};

    if (memmem(data, size, JOIN_TOKEN, strlen(JOIN_TOKEN)) != NULL)
        return 0; /* who has been told it by others may repeat it: a cursor, say */
    memset(&r, 0, sizeof(r));
    r.agent = agent_new();
    node_make(&tree);
    step(&r, &start);
    for (int i = 0; i < REPLIES_MAX && size >= 3; i++) {
        const uint8_t *body = data + 3, *zero = memchr(body, 0, size - 3);
        const size_t len = zero ? (size_t)(zero - body) : size - 3;

        reply(&r, data, body, len);
        size -= 3 + len + (zero != NULL);
        data = body + len + (zero != NULL);
    }
    agent_free(r.agent);
    tree_drop(&tree);
    return 0;
}
