#include "scenarios/engine/mocks.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/tls.h"
#include "scenarios/engine/cmdline.h"
#include "scenarios/engine/outfit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CERTIFICATE_DAYS 3650
#define DAY_S            86400
#define PALETTE_TLS      "tls"
#define MAAS_NAME        "maas.site"

static int certify(struct world *w, const char *below, const char *authority, struct err *e)
{
    /* A stepped run's clock begins in the past or the future: the epoch counts, not the wall. */
    int64_t begin = w->epoch_s - DAY_S;
    char dir[WORLD_PATH_MAX];
    world_path(w, dir, below);
    int r = file_mkdirs(dir, 0700, e);
    return r < 0 ? r : tls_ca_make(dir, authority, begin, CERTIFICATE_DAYS, e);
}

static void outfit_of(const struct world *w, struct outfit *ret)
{
    *ret = (struct outfit){.self_hosted = false};
    if (w->run->script != NULL)
        outfit_read(w->run->script, ret);
}

int mocks_certify(struct world *w, struct err *e)
{
    struct outfit o;
    outfit_of(w, &o);
    int r = certify(w, PALETTE_TLS, "Gateproof lab authority", e);
    return r < 0 || !o.maas_tls ? r : certify(w, MOCKS_MAAS_TLS, "MAAS lab authority", e);
}

/* --- command lines ------------------------------------------------------------------------------
 */

/* What all mocks understand, but for where they listen and their seed. */
static void add_shared(struct words *x, const struct world *w, const struct lab_host *h,
                       enum ev_src src, int page_fd)
{
    word(x, "--factor");
    word(x, "%d", w->domain.factor);
    word(x, "--journal-fds");
    word(x, "%d,%d", w->rings.counter_fd, w->rings.fd[src]);
    word(x, "--domain-start");
    word(x, "%" PRId64, w->domain.start_ns);
    word(x, "--port-file");
    word(x, "%s/%s.port", w->dir, h->role);
    if (page_fd >= 0) {
        word(x, "--clock-fd");
        word(x, "%d", page_fd);
    }
}

/* Machines that a story says something of. */
static int add_fleet(struct words *x, struct world *w, int64_t machines, struct err *e)
{
    SCOPED(buf_drop) struct buf fleet = {0};
    buf_init(&fleet, KIB(16));
    if (w->run->script != NULL)
        outfit_fleet(w->run->script, w->run->lab, (size_t)machines, &fleet);
    if (fleet.len == 0) {
        word(x, "--machines");
        word(x, "%" PRId64, machines);
        return 0;
    }
    word(x, "--fleet");
    word(x, "%s/fleet.json", w->dir);
    return world_write(w, "fleet.json", buf_text(&fleet), e);
}

/* Certificates that something is wrong with are made by the mock itself. */
static void add_certificate(struct words *x, const struct world *w, const char *below,
                            const char *name, const char *role)
{
    word(x, "--authority");
    word(x, "%s/%s", w->dir, below);
    word(x, "--names");
    word(x, "%s,%s", name, lab_role(w->run->lab, role)->links[0].address);
}

static void add_listen(struct words *x, const struct world *w, const struct lab_host *h,
                       const char *address)
{
    char at[LAB_ADDRESS_MAX];
    w->ground->listen(address, at);
    word(x, "--listen");
    word(x, "%s:%d", at, h->listen);
}

static int add_maas(struct words *x, struct mocks *m, struct err *e)
{
    struct world *w = m->w;
    const struct script *story = w->run->script;
    struct outfit o;
    int64_t machines = MOCKS_MACHINES;
    outfit_of(w, &o);
    if (story != NULL)
        (void)text_int(script_site(story, "site.machines", 0, ""), 0, NODES_MAX, &machines);
    SCOPED(buf_drop) struct buf users = {0};
    buf_init(&users, KIB(4));
    buf_text_add(&users, "[{\"name\":\"installer\",\"key\":");
    jx_write_text(&users, w->maas_key);
    buf_text_add(&users, ",\"superuser\":true}]\n");
    add_listen(x, w, lab_role(w->run->lab, "maas"),
               lab_role(w->run->lab, "maas")->links[0].address);
    word(x, "--seed");
    word(x, "%" PRIu64, w->run->seed);
    word(x, "--epoch");
    word(x, "%" PRId64, w->epoch_s);
    word(x, "--users-file");
    word(x, "%s/users.json", w->dir);
    if (story != NULL && script_has_site(story, "site.erase"))
        word(x, "--erase");
    if (o.maas_tls)
        add_certificate(x, w, MOCKS_MAAS_TLS, MAAS_NAME, "maas");
    int r = world_write(w, "users.json", buf_text(&users), e);
    return r < 0 ? r : add_fleet(x, w, machines, e);
}

static void state_path(const struct world *w, const char *suffix, char out[WORLD_PATH_MAX])
{
    char name[32];
    snprintf(name, sizeof(name), "palette.state%s", suffix);
    world_path(w, out, name);
}

/* One that knows nobody draws other names than the one before it. */
static int add_palette(struct words *x, struct mocks *m, struct err *e)
{
    struct world *w = m->w;
    struct outfit o;
    char state[WORLD_PATH_MAX], url[WORLD_URL_MAX];
    outfit_of(w, &o);
    add_listen(x, w, lab_role(w->run->lab, "palette"), m->palette_at);
    word(x, "--seed");
    word(x, "%" PRIu64, w->run->seed + (uint64_t)m->palette_starts);
    word(x, "--conns-before");
    word(x, "%" PRId64, m->palette_conns);
    add_certificate(x, w, PALETTE_TLS, WORLD_PALETTE_NAME, "palette");
    word(x, "--agent-ca");
    word(x, "%s/tls/ca.pem", w->dir);
    world_palette_url(w, false, url);
    word(x, "--agent-url");
    word(x, "%s", url);
    word(x, "--api-key-file");
    word(x, "%s/api-key", w->dir);
    if (w->run->clock == CLOCK_FAKETIME) {
        word(x, "--gateway-factor");
        word(x, "1"); /* it is its clock that runs faster */
    }
    if (m->keeps) {
        state_path(w, "", state);
        word(x, "--state");
        word(x, "%s", state);
    }
    int r = world_write(w, "api-key", w->api_key, e);
    if (!o.self_hosted)
        return r;
    word(x, "--self-hosted");
    word(x, "--system-secret-file");
    word(x, "%s/system-secret", w->dir);
    return r < 0 ? r : world_write(w, "system-secret", w->system_secret, e);
}

/* --- start --------------------------------------------------------------------------------------
 */

static void on_flooded(void *arg, struct prog *p)
{
    (void)arg;
    (void)p;
}

static void on_secret(void *arg, struct prog *p, const char *name)
{
    (void)arg;
    (void)p;
    (void)name;
}

static void on_ended(void *arg, struct prog *p)
{
    struct mocks *m = arg;
    int value = 0;
    if (m->ending)
        return;
    bool exited = prog_exited(p, &value);
    err_set(&m->broken, -EPIPE, "%s ended unasked with %s %d; its words are in %s/%s.log",
            prog_name(p), exited ? "status" : "signal", value, m->w->run->out_dir, prog_name(p));
}

static void on_file(void *arg, uint32_t events)
{
    char bytes[4096];
    int *fd = arg;
    (void)events;
    while (read(*fd, bytes, sizeof(bytes)) > 0)
        ;
}

static void on_late(void *arg)
{
    *(bool *)arg = true;
}

static int await_file_on(struct world *w, const struct slotted *s, const struct err *broken,
                         const char *path, int *fd, struct err *e)
{
    struct loop_watch *watch = NULL;
    bool late = false;
    int r = loop_watch_add(w->loop, *fd, EPOLLIN, on_file, fd, &watch, e);
    if (r < 0)
        return r;
    struct loop_timer *timer = loop_timer_new(w->loop, on_late, &late);
    loop_timer_set(timer, loop_now(w->loop) + MOCKS_START_MAX_MS);
    while (!file_exists(path) && prog_running(s->prog) && !late)
        (void)loop_once(w->loop);
    loop_timer_free(&timer);
    loop_watch_remove(&watch);
    if (broken->code < 0)
        return err_set(e, broken->code, "%s", broken->text);
    return late
               ? err_set(e, -ETIMEDOUT, "%s does not listen after %d s; its words are in %s/%s.log",
                         prog_name(s->prog), MOCKS_START_MAX_MS / 1000, w->run->out_dir,
                         prog_name(s->prog))
               : 0;
}

/* The port file is there once the mock listens; when stepped that is so after its first turn. */
int mocks_await(struct world *w, const struct slotted *s, const struct err *broken,
                const char *role, struct err *e)
{
    char path[WORLD_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s.port", w->dir, role);
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0 || inotify_add_watch(fd, w->dir, IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
        int r = err_errno(e, "watch %s", w->dir);
        if (fd >= 0)
            close(fd);
        return r;
    }
    int r = await_file_on(w, s, broken, path, &fd, e);
    close(fd);
    return r;
}

/* Returns the socket that the mock must inherit for it, or -1. */
static int add_hold(struct words *x, const struct mocks *m, enum ev_src src)
{
    const enum ev_kind kind = src == EVS_MAAS ? EV_MAAS_CALL : EV_PAL_CALL;
    const struct hold_end *at = m->holds != NULL ? holds_of(m->holds, kind) : NULL;
    if (at == NULL)
        return -1;
    word(x, "--hold-fd");
    word(x, "%d", at->theirs_fd);
    word(x, "--hold-at");
    word(x, "%s", at->ops);
    return at->theirs_fd;
}

struct mock { /* what is started */
    const char *role;
    enum ev_src src;
    struct slotted *at;
    const struct mocks_pipe *pipe;
    int (*add)(struct words *, struct mocks *, struct err *);
};

static void add_all(struct words *x, struct mocks *m, const struct mock *k, int page_fd)
{
    const struct world *w = m->w;
    const bool has_doors = *w->run->manifest->rogue != '\0' && k->src == EVS_PALETTE;
    word(x, "%s/mock-%s%s", w->run->bin_dir, k->role, has_doors ? "-rogue" : "");
    add_shared(x, w, lab_role(w->run->lab, k->role), k->src, page_fd);
    word(x, "--control-fd");
    word(x, "%d", k->pipe->hears_fd);
}

static int start_one(struct mocks *m, const struct mock *k, struct err *e)
{
    struct world *w = m->w;
    const struct lab_host *h = lab_role(w->run->lab, k->role);
    const char *rogue = w->run->manifest->rogue;
    char ajar[80]; /* the doors of the mock's test build; the release build knows of none */
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC",
                         *rogue != '\0' && k->src == EVS_PALETTE ? ajar : NULL, NULL};
    int fds[4] = {w->rings.counter_fd, w->rings.fd[k->src], k->pipe->hears_fd};
    size_t n_fds = 3;
    const struct prog_events events = {on_flooded, on_secret, on_ended, m};
    struct words x;
    char name[32];
    int page_fd, hold_fd;
    if (h == NULL)
        return err_set(e, -EINVAL, "lab %s has no host with role %s", w->run->lab->name, k->role);
    int r = world_slot(w, k->role, k->at, &page_fd, e);
    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "mock-%s", k->role);
    snprintf(ajar, sizeof(ajar), "GATEPROOF_ROGUE=%s", rogue);
    words_init(&x);
    add_all(&x, m, k, page_fd);
    r = k->add(&x, m, e);
    if ((hold_fd = add_hold(&x, m, k->src)) >= 0)
        fds[n_fds++] = hold_fd;
    struct launch l = {
        .name = name, .argv = x.at, .env = env, .dir = w->dir, .fds = fds, .n_fds = n_fds};
    if (r == 0)
        r = world_start(w, h, &l, k->at, &events, e);
    words_drop(&x);
    return r < 0 ? r : mocks_await(w, k->at, &m->broken, k->role, e);
}

static int start_maas(struct mocks *m, struct err *e)
{
    return start_one(m, &(struct mock){"maas", EVS_MAAS, &m->maas, &m->to_maas, add_maas}, e);
}

static int start_palette(struct mocks *m, struct err *e)
{
    return start_one(
        m, &(struct mock){"palette", EVS_PALETTE, &m->palette, &m->to_palette, add_palette}, e);
}

static int pipe_open(struct mocks_pipe *p, struct err *e)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe to a mock");
    *p = (struct mocks_pipe){.hears_fd = fds[0], .told_fd = fds[1]};
    return 0;
}

static void pipe_close(struct mocks_pipe *p)
{
    if (p->hears_fd >= 0)
        close(p->hears_fd);
    if (p->told_fd >= 0)
        close(p->told_fd);
    *p = (struct mocks_pipe){-1, -1};
}

/* A file in every answer's way costs time, and most stories need none. */
static bool story_restarts(const struct script *s)
{
    static const char *const ids[] = {"palette.stops", "palette.restarts", "palette.moves"};
    for (size_t i = 0; s != NULL && i < COUNTOF(ids); i++)
        if (script_uses(s, ids[i]))
            return true;
    return false;
}

int mocks_start(struct mocks *m, struct world *w, struct holds *holds, struct err *e)
{
    const struct lab_host *palette = lab_role(w->run->lab, "palette");
    *m = (struct mocks){.w = w,
                        .holds = holds,
                        .to_maas = {-1, -1},
                        .to_palette = {-1, -1},
                        .keeps = story_restarts(w->run->script)};
    if (palette != NULL)
        (void)text_copy(m->palette_at, sizeof(m->palette_at), palette->links[0].address);
    int r = pipe_open(&m->to_maas, e);
    if (r == 0)
        r = pipe_open(&m->to_palette, e);
    if (r == 0)
        r = mocks_certify(w, e);
    if (r == 0)
        r = start_maas(m, e);
    return r < 0 ? r : start_palette(m, e);
}

static bool tell(const struct mocks_pipe *p, const char *words)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "%s\n", words);
    return n > 0 && (size_t)n < sizeof(line) && write(p->told_fd, line, (size_t)n) == n;
}

bool mocks_tell_maas(struct mocks *m, const char *words)
{
    return tell(&m->to_maas, words);
}

bool mocks_tell_palette(struct mocks *m, const char *words)
{
    return tell(&m->to_palette, words);
}

/* --- Palette dies and comes back ----------------------------------------------------------------
 */

static void say(const struct mocks *m, const char *kind)
{
    struct event e;
    ev_init(&e, EV_PROG, world_now(m->w));
    ev_text_add(&e, EVF_WHO, "palette");
    ev_text_add(&e, EVF_KIND, kind);
    if (text_is(kind, "signalled"))
        ev_int_add(&e, EVF_SIGNAL, SIGKILL);
    world_put(m->w, &e);
}

bool mocks_palette_stop(struct mocks *m)
{
    char port[WORLD_PATH_MAX];
    if (m->palette.prog == NULL || !prog_running(m->palette.prog))
        return false;
    say(m, "signalled");
    world_signal(m->w, &m->palette, SIGKILL);
    world_stop(m->w, &m->palette); /* waits for its end: its ring and its file are free then */
    world_path(m->w, port, "palette.port");
    (void)unlink(port);
    return true;
}

void mocks_feed(struct mocks *m, const struct event *e)
{
    if (e->kind == EV_PAL_CALL && ev_int(e, EVF_CONN) > m->palette_conns)
        m->palette_conns = ev_int(e, EVF_CONN);
}

/* SQLite's side files belong to the state. */
static void state_forget(const struct world *w)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[WORLD_PATH_MAX];
    for (size_t i = 0; i < COUNTOF(suffixes); i++) {
        state_path(w, suffixes[i], path);
        (void)unlink(path);
    }
}

int mocks_palette_start(struct mocks *m, bool empty, struct err *e)
{
    int r = 0;
    if (empty)
        state_forget(m->w);
    m->palette_starts++;
    if (m->holds != NULL)
        r = holds_renew(m->holds, m->w, EV_PAL_CALL, e);
    say(m, "started");
    return r < 0 ? r : start_palette(m, e);
}

/* --- end ----------------------------------------------------------------------------------------
 */

/* One that nobody started again has its last word said for it. */
void mocks_end(struct mocks *m)
{
    struct journal_ring *ring = m->w->rings.ring[EVS_PALETTE];
    m->ending = true;
    if (m->palette.prog == NULL) {
        journal_take_over(ring);
        journal_end(ring, world_now(m->w));
    }
    world_signal(m->w, &m->maas, SIGTERM);
    world_signal(m->w, &m->palette, SIGTERM);
}

static bool is_gone(const struct slotted *s)
{
    return s->prog == NULL || !prog_running(s->prog);
}

bool mocks_gone(const struct mocks *m)
{
    return is_gone(&m->maas) && is_gone(&m->palette);
}

void mocks_free(struct mocks *m)
{
    m->ending = true;
    world_stop(m->w, &m->maas);
    world_stop(m->w, &m->palette);
    pipe_close(&m->to_maas);
    pipe_close(&m->to_palette);
}
