#include "scenarios/engine/proxies.h"

#include "lib/base/text.h"
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

/* --- what it says -------------------------------------------------------------------------------
 */

/* The program knows addresses; who lives there is ours to say. */
static void on_said(void *arg, struct event *e)
{
    const struct proxies *p = arg;
    const struct lab_host *h = lab_host_at(p->w->run->lab, ev_text(e, EVF_FROM));
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
    struct proxies *p = arg;
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
    struct proxies *p = arg;
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

static int add_words(struct words *x, struct proxies *p, const struct lab_host *h, int page_fd,
                     struct err *e)
{
    const struct world *w = p->w;
    word(x, "%s/lab-proxy", w->run->bin_dir);
    word(x, "--listen=%s:%d", h->links[0].address, port_of(p, h));
    word(x, "--factor=%d", w->domain.factor);
    word(x, "--journal-fds=%d,%d", p->counter_fd, p->ring_fd);
    word(x, "--control-fd=%d", p->hears_fd);
    word(x, "--domain-start=%" PRId64, w->domain.start_ns);
    word(x, "--port-file=%s/" PROXIES_ROLE ".port", w->dir);
    if (page_fd >= 0)
        word(x, "--clock-fd=%d", page_fd);
    if (p->outfit.user[0] == '\0')
        return 0;
    word(x, "--user=%s", p->outfit.user);
    word(x, "--password-file=%s/" PASSWORD_FILE, w->dir);
    return world_write(w, PASSWORD_FILE, p->outfit.password, e);
}

static int open_pipes(struct proxies *p, struct err *e)
{
    int wishes[2];
    if (pipe2(wishes, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe to the proxy");
    p->hears_fd = wishes[0];
    p->told_fd = wishes[1];
    int r = journal_counter_new(&p->counter_fd, e);
    if (r == 0)
        r = journal_ring_new(p->counter_fd, EVS_PROXY, &p->ring_fd, &p->ring, e);
    if (r == 0)
        rings_side_add(&p->w->rings, p->ring, on_said, p);
    return r;
}

/* A foreign program, which neither knows our ring nor a port file. */
static int start_witness(struct proxies *p, const struct lab_host *h, struct err *e)
{
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LANG=C.UTF-8", "TZ=UTC",
                         NULL};
    const struct prog_events events = {on_flooded, on_secret, on_ended, p};
    const char *argv[WITNESS_WORDS_MAX];
    char conf[WORLD_PATH_MAX];
    int page_fd;
    assert(!p->w->stepped); /* the plan has seen to it */
    int r = world_slot(p->w, PROXIES_ROLE, &p->at, &page_fd, e);
    if (r == 0)
        r = witness_prepare(p->w, h, port_of(p, h), conf, argv, e);
    struct launch l = {
        .name = PROXIES_ROLE, .argv = argv, .env = env, .dir = p->w->dir, .sandboxes = true};
    if (r == 0)
        r = world_start(p->w, h, &l, &p->at, &events, e);
    return r < 0 ? r : witness_await(p->w, h, port_of(p, h), &p->at, &p->broken, e);
}

static int start_program(struct proxies *p, const struct lab_host *h, struct err *e)
{
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", NULL};
    const int fds[] = {p->counter_fd, p->ring_fd, p->hears_fd};
    const struct prog_events events = {on_flooded, on_secret, on_ended, p};
    struct words x;
    int page_fd;
    int r = world_slot(p->w, PROXIES_ROLE, &p->at, &page_fd, e);
    if (r < 0)
        return r;
    words_init(&x);
    r = add_words(&x, p, h, page_fd, e);
    struct launch l = {.name = PROXIES_ROLE,
                       .argv = x.at,
                       .env = env,
                       .dir = p->w->dir,
                       .fds = fds,
                       .n_fds = COUNTOF(fds)};
    if (r == 0)
        r = world_start(p->w, h, &l, &p->at, &events, e);
    words_drop(&x);
    return r < 0 ? r : mocks_await(p->w, &p->at, &p->broken, PROXIES_ROLE, e);
}

int proxies_start(struct proxies *p, struct world *w, struct err *e)
{
    const struct lab_host *h = lab_role(w->run->lab, PROXIES_ROLE);
    *p = (struct proxies){.w = w, .ring_fd = -1, .counter_fd = -1, .hears_fd = -1, .told_fd = -1};
    outfit_read(w->run->script, &p->outfit);
    if (!p->outfit.has_proxy_line)
        return 0;
    if (h == NULL)
        return err_set(e, -EINVAL, "lab %s has no host with role %s; use a shape that has one",
                       w->run->lab->name, PROXIES_ROLE);
    p->is_witness = w->run->proxy != NULL && w->run->proxy[0] != '\0';
    if (p->is_witness)
        return start_witness(p, h, e);
    secrets_add(&w->secrets, PASSWORD_FILE, p->outfit.password);
    int r = open_pipes(p, e);
    return r < 0 ? r : start_program(p, h, e);
}

bool proxies_tell(struct proxies *p, const char *words)
{
    char line[128];
    int n = snprintf(line, sizeof(line), "%s\n", words);
    return p->told_fd >= 0 && n > 0 && (size_t)n < sizeof(line) &&
           write(p->told_fd, line, (size_t)n) == n;
}

/* --- end ----------------------------------------------------------------------------------------
 */

void proxies_end(struct proxies *p)
{
    p->ending = true;
    if (!proxies_gone(p))
        world_signal(p->w, &p->at, SIGTERM);
}

bool proxies_gone(const struct proxies *p)
{
    return p->at.prog == NULL || !prog_running(p->at.prog);
}

void proxies_free(struct proxies *p)
{
    const int fds[] = {p->ring_fd, p->counter_fd, p->hears_fd, p->told_fd};
    if (p->w == NULL)
        return;
    p->ending = true;
    world_stop(p->w, &p->at);
    if (p->is_witness)
        witness_say(p->w);
    rings_side_remove(&p->w->rings, p->ring);
    journal_ring_free(STEAL(p->ring));
    for (size_t i = 0; i < COUNTOF(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    p->w = NULL;
}
