/* Load on mock-palette: many gateways that wait in long polls, many agents that say they live, all
 * of them this one process (docs/decisions/0004). The agents are those of mock-cluster, core by
 * core (fleet.h); the gateways wait and nothing else. Prints figures, judges nothing.
 *
 *   palette_load MOCK_PALETTE [GATEWAYS AGENTS [STATE_FILE]]
 */
#include "tests/bench/fleet.h"

#include "lib/base/text.h"

#include <civetweb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY           "ApiKey: the-user-s-key\r\n"
#define WINDOW        64 /* requests under way in the closed loops */
#define PHASE_MS      2500
#define CHANGES       200
#define CHANGE_MS     10
#define BEAT_EVERY_MS 3000 /* ten times as often as they do */
#define ACCOUNT                                                                                    \
    "\"account\":{\"apiEndpoint\":\"http://10.10.0.3:5240/MAAS\","                                 \
    "\"apiKey\":\"consumer000000%06zu:token000000%06zu:secret000000%06zu\"}"

struct gateway {
    struct line line;
    char uid[32], self[32], token[80], cursor[64], join[96], cluster[32];
    int64_t heard_ns; /* when its last feed answer came */
};
static struct load {
    struct talks t;
    struct line user;
    size_t n_gateways, n_agents;
    struct gateway *gateways;
    struct fleet *fleet;
    int64_t answers, ends_ns, n_late;
    int64_t *late_ns, paced_from, paced;
    char headers[160], path[256], body[1024];
    pid_t mock;
    int port;
} ld;

/* --- the mock --------------------------------------------------------------------------------- */

static void files_raise(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        die("no limit of descriptors");
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur < 2 * ld.n_gateways + ld.n_agents + 64)
        die("too few descriptors allowed: %lu", (unsigned long)r.rlim_cur);
}

static void text_put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        die("writing %s", path);
}

static void mock_start(const char *program, const char *state)
{
    char dir[] = "/tmp/palette_load.XXXXXX", key[64], port_file[64];
    FILE *f = NULL;

    if (!mkdtemp(dir))
        die("no directory");
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(port_file, sizeof(port_file), "%s/port", dir);
    text_put(key, "the-user-s-key\n");
    ld.mock = fork();
    if (ld.mock == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(1);
        execl(program, program, "--api-key-file", key, "--port-file", port_file,
              state ? "--state" : NULL, state, NULL);
        _exit(127);
    }
    while (!f) { /* until it listens */
        if (waitpid(ld.mock, NULL, WNOHANG) != 0)
            die("%s did not start", program);
        talks_run(&ld.t, 5);
        f = fopen(port_file, "r");
    }
    if (fscanf(f, "%d", &ld.port) != 1)
        die("no port");
    fclose(f);
    unlink(key);
    unlink(port_file);
    rmdir(dir);
}

static long memory_kb(pid_t of, const char *what)
{
    char path[64], line[128];
    long kb = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)of);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, what, strlen(what)) == 0)
            kb = strtol(line + strlen(what), NULL, 10);
    if (f)
        fclose(f);
    return kb;
}

/* --- who there is ----------------------------------------------------------------------------- */

static const char *token_header(const char *token)
{
    snprintf(ld.headers, sizeof(ld.headers), "Authorization: %s\r\n", token);
    return ld.headers;
}

__attribute__((format(printf, 1, 2))) static const char *path_of(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(ld.path, sizeof(ld.path), fmt, args);
    va_end(args);
    return ld.path;
}

__attribute__((format(printf, 1, 2))) static const char *body_of(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(ld.body, sizeof(ld.body), fmt, args);
    va_end(args);
    return ld.body;
}

static void gateway_make(struct gateway *g)
{
    char code[32];
    const char *answer = line_wait(&ld.t, &ld.user, "GET",
                                   "/v1/overlords/pairing/code?cloudType=maas", KEY, NULL, 200);

    pick(answer, "\"pairingCode\":\"", code, sizeof(code));
    pick(answer, "X-Gp-Pcg-Uid: ", g->uid, sizeof(g->uid));
    answer = line_wait(&ld.t, &ld.user, "POST", path_of("/v1/x-gp/pcg/%s/credential", g->uid), "",
                       body_of("{\"gatewaySecret\":\"0123456789012345678901234567890123456789012\","
                               "\"pairingCode\":\"%s\",\"profile\":\"1.0\",\"version\":\"1\","
                               "\"features\":[\"pcg\"]}",
                               code),
                       200);
    pick(answer, "\"token\":\"", g->token, sizeof(g->token));
    pick(answer, "\"selfClusterUid\":\"", g->self, sizeof(g->self));
    line_wait(&ld.t, &ld.user, "POST", path_of("/v1/pcg/%s/register", g->uid),
              token_header(g->token), body_of("{\"pairingCode\":\"%s\"}", code), 204);
    line_wait(&ld.t, &ld.user, "PUT", path_of("/v1/spectroclusters/%s/heartbeat", g->self),
              token_header(g->token), "{\"agentVersion\":\"1\"}", 204);
}

/* Its account and one cluster, claimed, so that agents may register. */
static void cluster_make(struct gateway *g, size_t i)
{
    char account[32];

    pick(
        line_wait(&ld.t, &ld.user, "POST", path_of("/v1/overlords/maas/%s/account", g->uid), KEY,
                  body_of("{\"name\":\"a%zu\",\"shareWithProjects\":true," ACCOUNT "}", i, i, i, i),
                  201),
        "\"uid\":\"", account, sizeof(account));
    pick(line_wait(
             &ld.t, &ld.user, "POST", "/v1/spectroclusters/maas", KEY,
             body_of("{\"metadata\":{\"name\":\"c%zu\"},\"spec\":{\"cloudAccountUid\":\"%s\","
                     "\"cloudConfig\":{\"domain\":\"maas\"},\"machinepoolconfig\":[{\"poolConfig\":"
                     "{\"name\":\"cp\",\"size\":1,\"isControlPlane\":true}}]}}",
                     i, account),
             201),
         "\"uid\":\"", g->cluster, sizeof(g->cluster));
    pick(line_wait(&ld.t, &ld.user, "GET", path_of("/v1/x-gp/pcg/%s/feed", g->uid),
                   token_header(g->token), NULL, 200),
         "\"joinToken\":\"", g->join, sizeof(g->join));
    snprintf(ld.headers, sizeof(ld.headers), "Authorization: %s\r\nX-Gp-Epoch: 1\r\n", g->token);
    line_wait(&ld.t, &ld.user, "PUT", path_of("/v1/x-gp/clusters/%s/claim", g->cluster), ld.headers,
              "{\"epoch\":1,\"revision\":1}", 200);
}

/* Every agent is of the cluster of one gateway; the first of each speaks for it. */
static void agents_make(void)
{
    ld.fleet = fleet_new(&ld.t, ld.port, ld.n_agents);
    for (size_t i = 0; i < ld.n_agents; i++) {
        const struct gateway *g = &ld.gateways[i % ld.n_gateways];
        char id[24];

        snprintf(id, sizeof(id), "n%zu", i);
        fleet_boot(ld.fleet, i,
                   &(struct fleet_agent_config){.cluster_uid = g->cluster,
                                                .system_id = id,
                                                .join_token = g->join,
                                                .init = i < ld.n_gateways});
        while (fleet_registered(ld.fleet) + WINDOW < i)
            talks_run(&ld.t, 10);
    }
    while (fleet_beats(ld.fleet) < (int64_t)ld.n_agents)
        talks_run(&ld.t, 10);
}

/* --- load ------------------------------------------------------------------------------------- */

static void wait_for_more(struct gateway *g, int seconds)
{
    line_ask(&ld.t, &g->line, "GET",
             path_of("/v1/x-gp/pcg/%s/feed?waitSeconds=%d&cursor=%s", g->uid, seconds, g->cursor),
             token_header(g->token), NULL);
}

static void on_feed(struct line *l, int status, const char *answer)
{
    struct gateway *g = l->who;

    if (status != 200 && status != 204)
        die("feed: %.300s", answer);
    g->heard_ns = clk_monotonic_ns();
    if (status == 200)
        pick(answer, "\"cursor\":\"", g->cursor, sizeof(g->cursor));
    wait_for_more(g, 600);
}

static void on_poll(struct line *l, int status, const char *answer)
{
    if (status != 204)
        die("poll: %.300s", answer);
    (void)l;
    ld.answers++;
    if (clk_monotonic_ns() < ld.ends_ns)
        wait_for_more(l->who, 0);
}

static double per_second(int64_t n, int64_t ns)
{
    return (double)n * 1e9 / (double)ns;
}

/* Agents go on in their own time. */
static bool gateways_asking(void)
{
    for (size_t i = 0; i < ld.n_gateways; i++)
        if (ld.gateways[i].line.asking)
            return true;
    return false;
}

static double polls_measure(void)
{
    const int64_t from = clk_monotonic_ns();

    ld.answers = 0;
    ld.ends_ns = from + PHASE_MS * INT64_C(1000000) / 2;
    for (size_t i = 0; i < ld.n_gateways; i++) {
        ld.gateways[i].line.done = on_poll;
        if (i < WINDOW)
            wait_for_more(&ld.gateways[i], 0);
    }
    while (clk_monotonic_ns() < ld.ends_ns || gateways_asking())
        talks_run(&ld.t, 10);
    return per_second(ld.answers, clk_monotonic_ns() - from);
}

static void all_wait(void)
{
    for (size_t i = 0; i < ld.n_gateways; i++) {
        ld.gateways[i].line.done = on_feed;
        wait_for_more(&ld.gateways[i], 600);
    }
}

/* All agents in turn, each once in BEAT_EVERY_MS. */
static void paced_run(void)
{
    const int64_t due =
        (clk_monotonic_ns() - ld.paced_from) / 1000000 * (int64_t)ld.n_agents / BEAT_EVERY_MS;

    for (; ld.paced < due; ld.paced++)
        fleet_beat(ld.fleet, (size_t)ld.paced % ld.n_agents);
    talks_run(&ld.t, 1);
}

/* A user changes a gateway's account; how long until its poll is answered. */
static void change(size_t i)
{
    struct gateway *g = &ld.gateways[i % ld.n_gateways];
    const int64_t from = clk_monotonic_ns();

    line_ask(&ld.t, &ld.user, "PUT", path_of("/v1/overlords/maas/%s/account", g->uid), KEY,
             body_of("{\"name\":\"a\"," ACCOUNT "}", i + 1, i + 1, i + 1));
    while (g->heard_ns < from || ld.user.asking)
        paced_run();
    ld.late_ns[ld.n_late++] = g->heard_ns - from;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double changes_measure(void)
{
    const int64_t from = clk_monotonic_ns(), before = fleet_extra(ld.fleet);

    ld.late_ns = calloc(CHANGES, sizeof(*ld.late_ns));
    ld.paced_from = from;
    ld.paced = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        const int64_t next = clk_monotonic_ns() + CHANGE_MS * 1000000;

        change(i * 7);
        while (clk_monotonic_ns() < next)
            paced_run();
    }
    qsort(ld.late_ns, CHANGES, sizeof(*ld.late_ns), by_size);
    return per_second(fleet_extra(ld.fleet) - before, clk_monotonic_ns() - from);
}

/* --- the measure ------------------------------------------------------------------------------ */

static int on_constant(struct mg_connection *mc, void *arg)
{
    static const char out[] = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
    char in[1024];

    (void)arg;
    while (mg_read(mc, in, sizeof(in)) > 0)
        ;
    (void)mg_write(mc, out, sizeof(out) - 1);
    return 204;
}

/* A heartbeat as an agent sends it, over and over. */
static void plain_ask(struct line *l)
{
    line_ask(&ld.t, l, "PUT", "/v1/spectroclusters/0123456789abcdef01234567/heartbeat",
             "Authorization: gpt-0123456789abcdef0123456789abcdef\r\n",
             "{\"agentVersion\":\"1.0\",\"message\":\"\"}");
}

static void on_plain(struct line *l, int status, const char *answer)
{
    if (status != 204)
        die("civetweb: %.300s", answer);
    ld.answers++;
    if (clk_monotonic_ns() < ld.ends_ns)
        plain_ask(l);
}

static double plain_measure(struct line few[WINDOW])
{
    const int64_t from = clk_monotonic_ns();

    ld.answers = 0;
    ld.ends_ns = from + PHASE_MS * INT64_C(1000000);
    for (size_t i = 0; i < WINDOW; i++)
        plain_ask(&few[i]);
    while (clk_monotonic_ns() < ld.ends_ns || ld.t.asking > 0)
        talks_run(&ld.t, 10);
    return per_second(ld.answers, clk_monotonic_ns() - from);
}

/* A civetweb of its own process that answers 204 to everything, asked in the same way. */
static double constant_measure(void)
{
    static const char *options[] = {"listening_ports",
                                    "127.0.0.1:0",
                                    "num_threads",
                                    "80",
                                    "enable_keep_alive",
                                    "yes",
                                    "keep_alive_timeout_ms",
                                    "5000",
                                    "tcp_nodelay",
                                    "1",
                                    NULL};
    int pipe_fds[2], port = 0;
    struct line few[WINDOW];
    pid_t child;
    double rate;

    if (pipe(pipe_fds) < 0 || (child = fork()) < 0)
        die("no second process");
    if (child == 0) {
        struct mg_callbacks none = {0};
        struct mg_server_port at = {0};
        struct mg_context *ctx = mg_start(&none, NULL, options);

        mg_set_request_handler(ctx, "/", on_constant, NULL);
        mg_get_server_ports(ctx, 1, &at);
        if (write(pipe_fds[1], &at.port, sizeof(at.port)) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    if (read(pipe_fds[0], &port, sizeof(port)) != sizeof(port))
        die("civetweb did not start");
    for (size_t i = 0; i < WINDOW; i++) {
        line_open(&ld.t, &few[i], port);
        few[i].done = on_plain;
    }
    rate = plain_measure(few);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (size_t i = 0; i < WINDOW; i++)
        close(few[i].fd);
    return rate;
}

static void everybody(void)
{
    line_open(&ld.t, &ld.user, ld.port);
    for (size_t i = 0; i < ld.n_gateways; i++)
        gateway_make(&ld.gateways[i]);
    for (size_t i = 0; i < ld.n_gateways; i++)
        cluster_make(&ld.gateways[i], i);
    agents_make();
    for (size_t i = 0; i < ld.n_gateways; i++) {
        struct gateway *g = &ld.gateways[i];

        pick(line_wait(&ld.t, &ld.user, "GET", path_of("/v1/x-gp/pcg/%s/feed", g->uid),
                       token_header(g->token), NULL, 200),
             "\"cursor\":\"", g->cursor, sizeof(g->cursor));
        line_open(&ld.t, &g->line, ld.port);
        g->line.who = g;
    }
}

int main(int argc, char **argv)
{
    int64_t gateways = 1000, agents = 10000, from;
    double polls, once, beats, under, constant;

    if (argc < 2 || (argc > 2 && !text_int(argv[2], 1, 4000, &gateways)) ||
        (argc > 3 && !text_int(argv[3], 1, 20000, &agents)) || agents < gateways)
        die("palette_load MOCK_PALETTE [GATEWAYS AGENTS [STATE_FILE]]");
    ld.n_gateways = (size_t)gateways;
    ld.n_agents = (size_t)agents;
    ld.gateways = calloc(ld.n_gateways, sizeof(*ld.gateways));
    files_raise();
    talks_init(&ld.t);
    mock_start(argv[1], argc > 4 ? argv[4] : NULL);
    from = clk_monotonic_ns();
    everybody();
    printf("%zu gateways, %zu clusters, %zu agents made in %.1f s\n", ld.n_gateways, ld.n_gateways,
           ld.n_agents, (double)(clk_monotonic_ns() - from) / 1e9);
    polls = polls_measure();
    all_wait();
    once = fleet_all_at_once_ms(ld.fleet);
    beats = fleet_beats_at_most(ld.fleet, WINDOW, PHASE_MS);
    under = changes_measure();
    ld.n_gateways = 0; /* nobody is waited for any more */
    printf("all agents at once: %.0f ms; then %.0f heartbeats/s; %.0f polls/s\n", once, beats,
           polls);
    printf("a change reaches a waiting gateway: median %.2f ms (goal 10), 99 of 100 within %.2f "
           "ms, at %.0f heartbeats/s\n",
           (double)ld.late_ns[CHANGES / 2] / 1e6, (double)ld.late_ns[CHANGES * 99 / 100] / 1e6,
           under);
    printf("memory of mock-palette: %ld kB, at most %ld kB (goal 262144)\n",
           memory_kb(ld.mock, "VmRSS:"), memory_kb(ld.mock, "VmHWM:"));
    printf("memory of %zu agents in one process: at most %ld kB (goal 262144)\n", ld.n_agents,
           memory_kb(getpid(), "VmHWM:"));
    kill(ld.mock, SIGKILL);
    waitpid(ld.mock, NULL, 0);
    talks_init(&ld.t); /* what belonged to the mock is forgotten */
    constant = constant_measure();
    printf("a constant civetweb, asked the same way: %.0f answers/s; a heartbeat costs %.1f of "
           "them, a poll %.1f\n",
           constant, constant / beats, constant / polls);
    return 0;
}
