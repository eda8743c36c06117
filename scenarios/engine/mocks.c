#include "scenarios/engine/mocks.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/tls.h"
#include "scenarios/engine/cmdline.h"

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
#define PALETTE_NAME     "palette.example"

int mocks_certify(struct world *w, struct err *e)
{
    /* A stepped run's clock begins in the past or the future: the epoch counts, not the wall. */
    int64_t begin = w->epoch_s - DAY_S;
    char dir[WORLD_PATH_MAX];
    world_path(w, dir, "tls");
    int r = file_mkdirs(dir, 0700, e);
    return r < 0 ? r : tls_ca_make(dir, "Gateproof lab authority", begin, CERTIFICATE_DAYS, e);
}

/* --- command lines ------------------------------------------------------------------------------
 */

/* What all mocks understand. */
static void add_shared(struct words *x, const struct world *w, const struct lab_host *h,
                       enum ev_src src, int page_fd)
{
    word(x, "--listen");
    word(x, "%s:%d", h->links[0].address, h->listen);
    word(x, "--seed");
    word(x, "%" PRIu64, w->run->seed);
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

static int add_maas(struct words *x, struct mocks *m, struct err *e)
{
    struct world *w = m->w;
    const struct script *story = w->run->script;
    int64_t machines = MOCKS_MACHINES;
    if (story != NULL)
        (void)text_int(script_site(story, "site.machines", 0, ""), 0, NODES_MAX, &machines);
    SCOPED(buf_drop) struct buf users = {0};
    buf_init(&users, KIB(4));
    buf_text_add(&users, "[{\"name\":\"installer\",\"key\":");
    jx_write_text(&users, w->maas_key);
    buf_text_add(&users, ",\"superuser\":true}]\n");
    word(x, "--epoch");
    word(x, "%" PRId64, w->epoch_s);
    word(x, "--users-file");
    word(x, "%s/users.json", w->dir);
    if (story != NULL && script_has_site(story, "site.erase"))
        word(x, "--erase");
    word(x, "--machines");
    word(x, "%" PRId64, machines);
    word(x, "--control-fd");
    word(x, "%d", m->maas_hears_fd);
    return world_write(w, "users.json", buf_text(&users), e);
}

static int add_palette(struct words *x, struct mocks *m, struct err *e)
{
    struct world *w = m->w;
    const struct lab_host *h = lab_role(w->run->lab, "palette");
    word(x, "--authority");
    word(x, "%s/tls", w->dir);
    word(x, "--names");
    word(x, "%s,%s", PALETTE_NAME, h->links[0].address);
    word(x, "--control-fd");
    word(x, "%d", m->palette_hears_fd);
    word(x, "--agent-ca");
    word(x, "%s/tls/ca.pem", w->dir);
    word(x, "--api-key-file");
    word(x, "%s/api-key", w->dir);
    return world_write(w, "api-key", w->api_key, e);
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
    return late ? err_set(e, -ETIMEDOUT, "%s does not listen after %d s", prog_name(s->prog),
                          MOCKS_START_MAX_MS / 1000)
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

static int start_one(struct mocks *m, const char *role, enum ev_src src, struct slotted *s,
                     int (*add)(struct words *, struct mocks *, struct err *), struct err *e)
{
    struct world *w = m->w;
    const struct lab_host *h = lab_role(w->run->lab, role);
    const char *rogue = w->run->manifest->rogue;
    char ajar[80]; /* the doors of the mock's test build; the release build knows of none */
    const bool has_doors = *rogue != '\0' && src == EVS_PALETTE;
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC",
                         has_doors ? ajar : NULL, NULL};
    int fds[4] = {w->rings.counter_fd, w->rings.fd[src]};
    size_t n_fds = 2;
    const struct prog_events events = {on_flooded, on_secret, on_ended, m};
    struct words x;
    char name[32];
    int page_fd, hold_fd;
    if (h == NULL)
        return err_set(e, -EINVAL, "lab %s has no host with role %s", w->run->lab->name, role);
    int r = world_slot(w, role, s, &page_fd, e);
    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "mock-%s", role);
    words_init(&x);
    snprintf(ajar, sizeof(ajar), "GATEPROOF_ROGUE=%s", rogue);
    word(&x, "%s/%s%s", w->run->bin_dir, name, has_doors ? "-rogue" : "");
    add_shared(&x, w, h, src, page_fd);
    r = add(&x, m, e);
    fds[n_fds++] = src == EVS_MAAS ? m->maas_hears_fd : m->palette_hears_fd;
    if ((hold_fd = add_hold(&x, m, src)) >= 0)
        fds[n_fds++] = hold_fd;
    struct launch l = {
        .name = name, .argv = x.at, .env = env, .dir = w->dir, .fds = fds, .n_fds = n_fds};
    if (r == 0)
        r = world_start(w, h, &l, s, &events, e);
    words_drop(&x);
    return r < 0 ? r : mocks_await(w, s, &m->broken, role, e);
}

static int pipe_open(int *ret_hears, int *ret_told, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe to a mock");
    *ret_hears = ends[0];
    *ret_told = ends[1];
    return 0;
}

int mocks_start(struct mocks *m, struct world *w, const struct holds *holds, struct err *e)
{
    *m = (struct mocks){.w = w,
                        .holds = holds,
                        .maas_hears_fd = -1,
                        .maas_told_fd = -1,
                        .palette_hears_fd = -1,
                        .palette_told_fd = -1};
    int r = pipe_open(&m->maas_hears_fd, &m->maas_told_fd, e);
    if (r == 0)
        r = pipe_open(&m->palette_hears_fd, &m->palette_told_fd, e);
    if (r == 0)
        r = mocks_certify(w, e);
    if (r == 0)
        r = start_one(m, "maas", EVS_MAAS, &m->maas, add_maas, e);
    if (r == 0)
        r = start_one(m, "palette", EVS_PALETTE, &m->palette, add_palette, e);
    return r;
}

static bool tell(int fd, const char *words)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "%s\n", words);
    return n > 0 && (size_t)n < sizeof(line) && write(fd, line, (size_t)n) == n;
}

bool mocks_tell_maas(struct mocks *m, const char *words)
{
    return tell(m->maas_told_fd, words);
}

bool mocks_tell_palette(struct mocks *m, const char *words)
{
    return tell(m->palette_told_fd, words);
}

void mocks_end(struct mocks *m)
{
    m->ending = true;
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
    const int fds[] = {m->maas_hears_fd, m->maas_told_fd, m->palette_hears_fd, m->palette_told_fd};
    for (size_t i = 0; i < COUNTOF(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
