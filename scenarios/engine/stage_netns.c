/* The stages of real programs seen from outside: a child plays, in namespaces of its own or at a
 * berth on this machine's loopback addresses; a file in memory brings the journal home, one struct
 * err says how it went. */
#include "scenarios/engine/stage.h"

#include "lib/base/text.h"
#include "scenarios/engine/adapter_probe.h"
#include "scenarios/engine/berth.h"
#include "scenarios/engine/faketime.h"
#include "scenarios/engine/keeper.h"
#include "scenarios/engine/lab_loopback.h"
#include "scenarios/engine/netlink.h"
#include "scenarios/engine/ns.h"
#include "scenarios/engine/play.h"
#include "scenarios/engine/spot.h"
#include "scenarios/engine/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define GRACE_MS 30000 /* kernel time beyond the budget, for the end of all programs */

struct errand { /* what the child is to do */
    const struct stage_run *run;
    char dir[BERTH_DIR_MAX];
    int sink_fd;
    int (*go)(const struct errand *x, struct err *e);
};

static void free_lab(struct lab **l)
{
    free(*l);
}

static int go_story(const struct errand *x, struct err *e)
{
    struct play *p = calloc(1, sizeof(*p));
    if (p == NULL)
        WRONG("out of memory");
    int r = play_story(p, x->run, x->dir, x->sink_fd, e);
    free(p);
    return r;
}

static int go_probe(const struct errand *x, struct err *e)
{
    return adapter_probe(x->run, x->dir, e);
}

static int body(void *arg, int fd)
{
    const struct errand *x = arg;
    struct err e = {0};
    int r = x->go(x, &e);
    if (r == 0)
        e.code = 0;
    ns_tell(fd, &e);
    return r < 0;
}

static int await(struct ns_child *c, ms_t max_ms, struct err *e)
{
    struct err said = {0};
    struct timeval t = {.tv_sec = max_ms / 1000, .tv_usec = max_ms % 1000 * 1000};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    if (!ns_hear(c->fd, &said))
        err_set(&said, errno == EAGAIN ? -ETIMEDOUT : -EPIPE, "the run's own process %s",
                errno == EAGAIN ? "does not end" : "broke off");
    ns_stop(c, said.code < 0);
    return said.code < 0 ? err_set(e, said.code, "%s", said.text) : 0;
}

static int run_on_loopback(struct errand *x, struct err *e)
{
    SCOPED(free_lab) struct lab *moved = calloc(1, sizeof(*moved));
    struct stage_run run = *x->run;
    struct ns_child c;
    struct berth b;
    if (moved == NULL)
        WRONG("out of memory");
    int r = berth_take(&b, e);
    if (r < 0)
        return r;
    lab_on_loopback(run.lab, b.number, moved);
    run.lab = moved;
    x->run = &run;
    (void)text_copy(x->dir, sizeof(x->dir), b.dir);
    fflush(NULL);
    r = ns_start_bare(&c, body, x, e);
    if (r == 0)
        r = await(&c, run.budget_ms + GRACE_MS, e);
    berth_leave(&b);
    return r;
}

/* In the lab that is kept, or in namespaces where one will be built. */
static int start_in_lab(struct errand *x, struct ns_child *c, struct err *e)
{
    struct stage_run run = *x->run;
    struct keeper_loan loan;
    if (run.keeper == NULL)
        return ns_start(c, body, x, e);
    int r = keeper_lend(run.keeper, run.lab, world_without(&run), &loan, e);
    if (r < 0)
        return r;
    const struct stage_run *own = STEAL(x->run);
    const struct ns_place place = {.user = loan.user, .net = loan.fds[0]};
    run.loan = &loan;
    x->run = &run;
    r = ns_start_at(c, &place, body, x, e);
    x->run = own;
    keeper_loan_drop(&loan);
    return r;
}

static int run_in_namespaces(struct errand *x, struct err *e)
{
    struct ns_child c;
    int r = spot_find(x->dir, e);
    if (r < 0)
        return r;
    fflush(NULL);
    r = start_in_lab(x, &c, e);
    if (r == 0)
        r = await(&c, x->run->budget_ms + GRACE_MS, e);
    spot_drop(x->dir);
    return r;
}

static int check(const struct stage_run *r, struct err *e)
{
    assert(r->manifest != NULL && r->lab != NULL);
    if (r->clock == CLOCK_VIRTUAL || (r->clock == CLOCK_FAKETIME && r->stage != STAGE_NETNS))
        return err_set(e, -EINVAL, "stage %s has the clocks stepped%s and wall",
                       stage_name(r->stage), r->stage == STAGE_NETNS ? ", faketime" : "");
    if (r->clock != CLOCK_WALL && !manifest_has_clock(r->manifest, clock_name(r->clock)))
        return err_set(e, -EINVAL,
                       "%s does not declare the clock '%s'; run it on clock wall, or declare "
                       "it (profile, GP-114)",
                       r->manifest->name, clock_name(r->clock));
    return r->clock == CLOCK_FAKETIME ? faketime_check(r->manifest, e) : 0;
}

static int run_errand(struct errand *x, struct err *e)
{
    return x->run->stage == STAGE_NETNS ? run_in_namespaces(x, e) : run_on_loopback(x, e);
}

static int play_on(enum stage_id stage, const struct stage_run *wanted, struct ev_list *journal,
                   struct err *e)
{
    struct stage_run r = *wanted;
    struct errand x = {.run = &r, .go = go_story};
    r.stage = stage;
    int code = check(&r, e);
    if (code < 0)
        return code;
    x.sink_fd = memfd_create("journal", MFD_CLOEXEC);
    if (x.sink_fd < 0)
        return err_errno(e, "memory for the journal");
    code = run_errand(&x, e);
    int kept = play_sink_read(x.sink_fd, journal, code == 0 ? e : NULL);
    ev_list_sort(journal);
    close(x.sink_fd);
    return code < 0 ? code : kept;
}

int stage_netns(const struct stage_run *r, struct ev_list *journal, struct err *e)
{
    return play_on(STAGE_NETNS, r, journal, e);
}

int stage_loopback(const struct stage_run *r, struct ev_list *journal, struct err *e)
{
    return play_on(STAGE_LOOPBACK, r, journal, e);
}

int stage_probe(enum stage_id stage, const struct stage_run *wanted, struct err *e)
{
    struct stage_run r = *wanted;
    struct errand x = {.run = &r, .go = go_probe, .sink_fd = -1};
    r.stage = stage;
    int code = check(&r, e);
    return code < 0 ? code : run_errand(&x, e);
}

int stage_netns_possible(struct err *e)
{
    return ns_possible(e);
}

/* --- rulesets ----------------------------------------------------------------------------------
 */

struct rules {
    const char *data;
    const struct lab *const *labs;
    size_t n;
};

static int ruleset_try(const char *data, const struct lab *l, size_t host, struct err *e)
{
    struct err why = {0};
    int r = nl_nft("flush ruleset\n", e);
    if (r < 0 || l->hosts[host].nft[0] == '\0')
        return r;
    r = nl_nft(l->hosts[host].nft, &why);
    return r < 0 ? err_set(e, r, "%.150s/labs/%s.json: hosts[%zu].nft (%s): %.250s", data, l->name,
                           host, l->hosts[host].name, why.text)
                 : 0;
}

static int rules_body(void *arg, int fd)
{
    const struct rules *x = arg;
    struct err e = {0};
    int r = 0;
    for (size_t i = 0; i < x->n && r == 0; i++)
        for (size_t k = 0; k < x->labs[i]->n_hosts && r == 0; k++)
            r = ruleset_try(x->data, x->labs[i], k, &e);
    ns_tell(fd, &e);
    return r < 0;
}

int stage_netns_rules_check(const char *data, const struct lab *const *labs, size_t n,
                            struct err *e)
{
    struct rules x = {.data = data, .labs = labs, .n = n};
    struct ns_child c;
    int r = ns_start(&c, rules_body, &x, e);
    return r < 0 ? r : await(&c, GRACE_MS, e);
}
