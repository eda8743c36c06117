#include "tests/bench/inside.h"

#include "lib/base/text.h"
#include "mock-maas/maas.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define EPOCH_S  1782864000
#define READS    8000
#define CYCLES   1500
#define WARM     50
#define ID_FIELD "\"system_id\": \""

struct site {
    struct maas *m;
    ms_t now;
    uint64_t nonces;
    struct http_reply rp;
};

static double cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void ask(struct site *s, const char *method, const char *path, const char *query)
{
    const struct http_ctx ctx = {
        .now = s->now, .conn = 1, .peer = "10.10.0.1", .scheme = "http", .authority = "maas"};
    static struct http_request rq;
    char line[512];

    http_request_init(&rq);
    text_copy(rq.method, sizeof(rq.method), method);
    text_copy(rq.path, sizeof(rq.path), path);
    text_copy(rq.query, sizeof(rq.query), query);
    snprintf(line, sizeof(line),
             "OAuth oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", "
             "oauth_consumer_key=\"cc\", oauth_token=\"tt\", oauth_signature=\"%%26ss\", "
             "oauth_nonce=\"%" PRIu64 "\", oauth_timestamp=\"%d\"",
             ++s->nonces, EPOCH_S);
    http_header_add(&rq.headers, "Authorization", line);
    http_reply_drop(&s->rp);
    http_reply_init(&s->rp);
    maas_handle(s->m, &ctx, &rq, &s->rp);
    http_request_drop(&rq);
}

static bool machine_path(struct site *s, char *out, size_t size)
{
    const char *at = strstr(buf_text(&s->rp.body), ID_FIELD);

    snprintf(out, size, "/MAAS/api/2.0/machines/%.6s/", at ? at + strlen(ID_FIELD) : "");
    return at && s->rp.status == 200;
}

static bool cycle(struct site *s)
{
    char path[64];
    bool fine;

    s->now += HOURS(1); /* what was released before is Ready again */
    ask(s, "POST", "/MAAS/api/2.0/machines/", "op=allocate");
    fine = machine_path(s, path, sizeof(path));
    ask(s, "POST", path, "op=deploy");
    fine = fine && s->rp.status == 200;
    ask(s, "POST", path, "op=release");
    return fine && s->rp.status == 200;
}

void inside_measure(size_t machines, struct inside *ret)
{
    const struct maas_config c = {
        .seed = 1,
        .epoch_s = EPOCH_S,
        .factor = 1000000000, /* the credentials' time stands */
        .n_users = 1,
        .users = {{.name = "alice", .key = "cc:tt:ss", .superuser = true}},
        .n_machines = machines};
    struct site s = {.m = maas_new(&c)};
    char path[64];
    double from;

    *ret = (struct inside){0};
    http_reply_init(&s.rp);
    for (size_t i = 0; i < WARM; i++)
        ret->cycles_failed += !cycle(&s);
    (void)machine_path(&s, path, sizeof(path));
    from = cpu_us();
    for (size_t i = 0; i < READS; i++)
        ask(&s, "GET", path, "");
    ret->read_us = (cpu_us() - from) / READS;
    from = cpu_us();
    for (size_t i = 0; i < CYCLES; i++)
        ret->cycles_failed += !cycle(&s);
    ret->cycle_us = (cpu_us() - from) / CYCLES;
    http_reply_drop(&s.rp);
    maas_free(s.m);
}
