#include "scenarios/engine/proxies.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/tls.h"
#include "scenarios/engine/cmdline.h"
#include "scenarios/engine/mocks.h"
#include "scenarios/engine/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_FILE "proxy-password"
#define MAAS_ROLE     "maas"
#define DAY_S         86400
#define CA_DAYS       3650

/* --- what it says -------------------------------------------------------------------------------
 */

/* The program knows addresses; who lives there is ours to say. */
static void on_said(void *arg, struct event *e)
{
    const struct proxy *p = arg;
    const struct lab_host *h = lab_host_at(p->all->w->run->lab, ev_text(e, EVF_FROM));
    struct event again;
    if (h == NULL)
        return;
    ev_init(&again, e->kind, e->t);
    again.src = e->src;
    for (int f = 0; f < EV_FIELD_COUNT; f++)
        if (ev_has(e, (enum ev_field)f))
            ev_text_add(&again, (enum ev_field)f,
                        f == EVF_FROM ? h->role : ev_text(e, (enum ev_field)f));
    memcpy(e, &again, sizeof(again));
}

static void on_flooded(void *arg, struct prog *prog)
{
    (void)arg;
    (void)prog;
}

static void on_secret(void *arg, struct prog *prog, const char *name)
{
    struct proxies *p = ((struct proxy *)arg)->all;
    struct event e;
    (void)prog;
    ev_init(&e, EV_SECRET_HIT, world_now(p->w));
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_WHERE, "output");
    ev_text_add(&e, EVF_WHO, PROXIES_ROLE);
    world_put(p->w, &e);
}

static void on_ended(void *arg, struct prog *prog)
{
    struct proxies *p = ((struct proxy *)arg)->all;
    int value = 0;
    if (p->ending)
        return;
    bool exited = prog_exited(prog, &value);
    err_set(&p->broken, -EPIPE, "the proxy ended unasked with %s %d; its words are in %s/%s.log",
            exited ? "status" : "signal", value, p->w->run->out_dir, prog_name(prog));
}

/* --- start --------------------------------------------------------------------------------------
 */

/* Where the gateway is told to look, when that is this host; else the port of the role. */
static int port_of(const struct proxies *p, const struct lab_host *h)
{
    const struct lab *l = p->w->run->lab;
    const char *address = lab_resolve(l, p->outfit.host);
    return lab_host_at(l, address != NULL ? address : p->outfit.host) == h ? p->outfit.port
                                                                           : h->listen;
}

/* To anything where the lab's table lets it reach MAAS: a proxy that is a temptation. */
static const char *ports_of(const struct proxies *p)
{
    const char *seen_as;
    return lab_reaches(p->w->run->lab, PROXIES_ROLE, MAAS_ROLE, &seen_as) == REACH_OPEN ? "any"
                                                                                        : "443";
}

static int add_words(struct words *x, struct proxy *one, int page_fd, struct err *e)
{
    const struct proxies *p = one->all;
    const struct world *w = p->w;
    word(x, "%s/lab-proxy", w->run->bin_dir);
    word(x, "--listen=%s:%d", one->h->links[0].address, port_of(p, one->h));
    word(x, "--allow-ports=%s", ports_of(p));
    word(x, "--factor=%d", w->domain.factor);
    word(x, "--journal-fds=%d,%d", one->counter_fd, one->ring_fd);
    word(x, "--control-fd=%d", one->hears_fd);
    word(x, "--domain-start=%" PRId64, w->domain.start_ns);
    word(x, "--port-file=%s/%s.port", w->dir, one->h->name);
    if (page_fd >= 0)
        word(x, "--clock-fd=%d", page_fd);
    if (p->outfit.bumps) {
        word(x, "--authority=%s/" PROXIES_AUTHORITY, w->dir);
        word(x, "--anchors=%s/tls/ca.pem", w->dir);
    }
    if (p->outfit.user[0] == '\0')
        return 0;
    word(x, "--user=%s", p->outfit.user);
    word(x, "--password-file=%s/" PASSWORD_FILE, w->dir);
    return world_write(w, PASSWORD_FILE, p->outfit.password, e);
}

static int open_pipes(struct proxy *one, struct err *e)
{
    int wishes[2];
    if (pipe2(wishes, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe to the proxy");
    one->hears_fd = wishes[0];
    one->told_fd = wishes[1];
    int r = journal_counter_new(&one->counter_fd, e);
    if (r == 0)
        r = journal_ring_new(one->counter_fd, EVS_PROXY, &one->ring_fd, &one->ring, e);
    if (r == 0)
        rings_side_add(&one->all->w->rings, one->ring, on_said, one);
    return r;
}

/* A foreign program, which neither knows our ring nor a port file. */
static int start_witness(struct proxy *one, struct err *e)
{
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LANG=C.UTF-8", "TZ=UTC",
                         NULL};
    const struct prog_events events = {on_flooded, on_secret, on_ended, one};
    struct proxies *p = one->all;
    const char *argv[WITNESS_WORDS_MAX];
    char conf[WORLD_PATH_MAX];
    const int port = port_of(p, one->h);
    int page_fd;
    assert(!p->w->stepped); /* the plan has seen to it */
    int r = world_slot(p->w, one->h->name, &one->at, &page_fd, e);
    if (r == 0)
        r = witness_prepare(p->w, one->h, port, &p->outfit, conf, argv, e);
    struct launch l = {
        .name = one->h->name, .argv = argv, .env = env, .dir = p->w->dir, .sandboxes = true};
    if (r == 0)
        r = world_start(p->w, one->h, &l, &one->at, &events, e);
    return r < 0 ? r : witness_await(p->w, one->h, port, &one->at, &p->broken, e);
}

static int start_program(struct proxy *one, struct err *e)
{
    struct world *w = one->all->w;
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", NULL};
    const struct prog_events events = {on_flooded, on_secret, on_ended, one};
    struct words x;
    int page_fd;
    int r = open_pipes(one, e);
    if (r == 0)
        r = world_slot(w, one->h->name, &one->at, &page_fd, e);
    if (r < 0)
        return r;
    const int fds[] = {one->counter_fd, one->ring_fd, one->hears_fd};
    words_init(&x);
    r = add_words(&x, one, page_fd, e);
    struct launch l = {.name = one->h->name,
                       .argv = x.at,
                       .env = env,
                       .dir = w->dir,
                       .fds = fds,
                       .n_fds = COUNTOF(fds)};
    if (r == 0)
        r = world_start(w, one->h, &l, &one->at, &events, e);
    words_drop(&x);
    return r < 0 ? r : mocks_await(w, &one->at, &one->all->broken, one->h->name, e);
}

/* Here and not in the program, so that a gateway can be given what it is to trust. */
static int authority_make(const struct proxies *p, struct err *e)
{
    char dir[WORLD_PATH_MAX];
    if (!p->outfit.bumps)
        return 0;
    world_path(p->w, dir, PROXIES_AUTHORITY);
    int r = file_mkdirs(dir, 0700, e);
    return r < 0 ? r : tls_ca_make(dir, "inspecting proxy", p->w->epoch_s - DAY_S, CA_DAYS, e);
}

static int start_all(struct proxies *p, struct err *e)
{
    const struct lab *l = p->w->run->lab;
    int r = authority_make(p, e);
    for (size_t i = 0; i < l->n_hosts && r == 0; i++) {
        struct proxy *one = &p->one[p->n];
        if (!text_is(l->hosts[i].role, PROXIES_ROLE))
            continue;
        if (p->n == PROXIES_MAX)
            return err_set(e, -E2BIG, "lab %s has more than %d hosts with role %s", l->name,
                           PROXIES_MAX, PROXIES_ROLE);
        p->n++;
        one->h = &l->hosts[i];
        r = p->is_witness ? start_witness(one, e) : start_program(one, e);
    }
    return r;
}

int proxies_start(struct proxies *p, struct world *w, struct err *e)
{
    *p = (struct proxies){.w = w};
    for (size_t i = 0; i < PROXIES_MAX; i++)
        p->one[i] = (struct proxy){
            .all = p, .ring_fd = -1, .counter_fd = -1, .hears_fd = -1, .told_fd = -1};
    outfit_read(w->run->script, &p->outfit);
    if (!p->outfit.has_proxy_line)
        return 0;
    if (lab_role(w->run->lab, PROXIES_ROLE) == NULL)
        return err_set(e, -EINVAL, "lab %s has no host with role %s; use a shape that has one",
                       w->run->lab->name, PROXIES_ROLE);
    p->is_witness = w->run->proxy != NULL && w->run->proxy[0] != '\0';
    secrets_add(&w->secrets, PASSWORD_FILE, p->outfit.password);
    return start_all(p, e);
}

bool proxies_tell(struct proxies *p, const char *words)
{
    char line[128];
    int n = snprintf(line, sizeof(line), "%s\n", words);
    bool told = p->n > 0 && n > 0 && (size_t)n < sizeof(line);
    for (size_t i = 0; i < p->n && told; i++)
        told = p->one[i].told_fd >= 0 && write(p->one[i].told_fd, line, (size_t)n) == n;
    return told;
}

/* --- end ----------------------------------------------------------------------------------------
 */

static bool is_gone(const struct proxy *one)
{
    return one->at.prog == NULL || !prog_running(one->at.prog);
}

void proxies_end(struct proxies *p)
{
    p->ending = true;
    for (size_t i = 0; i < p->n; i++)
        if (!is_gone(&p->one[i]))
            world_signal(p->w, &p->one[i].at, SIGTERM);
}

bool proxies_gone(const struct proxies *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (!is_gone(&p->one[i]))
            return false;
    return true;
}

static void proxy_free(struct proxy *one)
{
    const int fds[] = {one->ring_fd, one->counter_fd, one->hears_fd, one->told_fd};
    struct world *w = one->all->w;
    world_stop(w, &one->at);
    if (one->all->is_witness)
        witness_say(w, one->h);
    rings_side_remove(&w->rings, one->ring);
    journal_ring_free(STEAL(one->ring));
    for (size_t i = 0; i < COUNTOF(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

void proxies_free(struct proxies *p)
{
    if (p->w == NULL)
        return;
    p->ending = true;
    for (size_t i = 0; i < p->n; i++)
        proxy_free(&p->one[i]);
    p->w = NULL;
}
