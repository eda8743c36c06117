/* How the gateway's core fares with many clusters at once, for ci/bench: in virtual time, so that
 * all but the CPU's is the same on every machine. */
#include "tests/sim/crowd.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define HUNG     1 /* the MAAS that hangs, when one does */
#define HANGS_MS HOURS(1)
#define LIMIT_MS HOURS(4)

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void ops(const char *who, const struct crowd_server *s)
{
    printf("  %s: %llu requests, %zu in 10 s and %zu at once at most:", who,
           (unsigned long long)s->requests, s->most_in_span, s->most_at_once);
    for (size_t i = 0; i < s->n_ops; i++)
        printf(" %s %llu", s->ops[i].name, (unsigned long long)s->ops[i].n);
    printf("\n");
}

static void crowd(size_t n_maas, size_t n, int workers, bool one_hangs)
{
    const struct crowd_config config = {
        .n_maas = n_maas, .n_clusters = n, .workers = workers, .seed = 1};
    const double cpu = cpu_ms();
    struct crowd *w = crowd_new(&config);
    struct crowd_sum others, hung;
    ms_t from = crowd_now(w);

    if (one_hangs)
        crowd_silence(w, HUNG, true);
    for (size_t i = 0; i < n; i++)
        crowd_create(w, i);
    crowd_settle(w, one_hangs ? from + HANGS_MS : from + LIMIT_MS, one_hangs ? HUNG : CROWD_MAAS,
                 &others);
    printf("%zu creates, %d machines each, %zu MAAS%s: %zu of %zu Running after %lld s", n,
           workers + 1, n_maas, one_hangs ? ", one of them silent" : "", others.done, others.n,
           (long long)(others.last - from) / 1000);
    if (one_hangs) {
        crowd_run(w, from + HANGS_MS);
        crowd_silence(w, HUNG, false);
        from = crowd_now(w);
        crowd_settle(w, from + LIMIT_MS, CROWD_MAAS, &hung);
        printf("; %zu of %zu %lld s after it speaks again", hung.done, hung.n,
               (long long)(hung.last - from) / 1000);
    }
    printf("; heartbeats at most %lld s apart, %.0f ms of CPU\n",
           (long long)crowd_beat_gap(w) / 1000, cpu_ms() - cpu);
    ops("palette", crowd_palette(w));
    for (size_t i = 0; i < n_maas; i++)
        ops("maas", crowd_maas(w, i));
    crowd_free(w);
}

int main(int argc, char **argv)
{
    int64_t n[3] = {1, 1, 1};

    for (int i = 1; i < argc && i <= 3; i++)
        if (!text_int(argv[i], 0, CROWD_CLUSTERS, &n[i - 1]))
            return 1;
    crowd((size_t)n[0], (size_t)n[1], (int)n[2] - 1, argc > 4);
    return 0;
}
