#include "scenarios/engine/nodes.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/cmdline.h"
#include "scenarios/engine/mocks.h"
#include "scenarios/engine/outfit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WHO        "node"
#define ANCHOR     "anchor="
#define SEEDS_EACH 1000 /* seeds of one machine's boots */
/* Kernel time: a machine that boots executes its user data within one turn (SANDBOX_MOST_S, and
 * what it takes to bring the files back). */
#define TURN_MAX_MS 200000

/* --- what is said -------------------------------------------------------------------------------
 */

static void begin_prog(const struct node *x, const char *kind, struct event *ret)
{
    ev_init(ret, EV_PROG, world_now(x->all->w));
    ev_text_add(ret, EVF_WHO, WHO);
    ev_text_add(ret, EVF_NAME, x->host->name);
    ev_text_add(ret, EVF_KIND, kind);
}

/* cluster: whose node it was, when a story killed it; else "". */
static void say_signal(const struct node *x, int signo, const char *cluster)
{
    struct event e;
    begin_prog(x, "signalled", &e);
    ev_int_add(&e, EVF_SIGNAL, signo);
    if (*cluster != '\0')
        ev_text_add(&e, EVF_CLUSTER, cluster);
    world_put(x->all->w, &e);
}

static void on_flooded(void *arg, struct prog *p)
{
    struct event e;
    (void)p;
    begin_prog(arg, "flooded", &e);
    world_put(((struct node *)arg)->all->w, &e);
}

static void on_secret(void *arg, struct prog *p, const char *name)
{
    struct node *x = arg;
    struct event e;
    (void)p;
    ev_init(&e, EV_SECRET_HIT, world_now(x->all->w));
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_WHERE, "output");
    ev_text_add(&e, EVF_WHO, WHO);
    world_put(x->all->w, &e);
}

static void on_ended(void *arg, struct prog *p)
{
    struct node *x = arg;
    struct event e;
    int value = 0;
    bool exited = prog_exited(p, &value);
    begin_prog(x, "exited", &e);
    ev_int_add(&e, exited ? EVF_STATUS : EVF_SIGNAL, value);
    ev_int_add(&e, EVF_PID, prog_pid(p));
    world_put(x->all->w, &e);
    if (!x->killed && x->all->broken.code == 0)
        err_set(&x->all->broken, -EPIPE,
                "mock-cluster on %s ended unasked with %s %d; its words are in %s/%s.log",
                x->host->name, exited ? "status" : "signal", value, x->all->w->run->out_dir,
                prog_name(p));
}

/* --- what they say ------------------------------------------------------------------------------
 */

/* The lab's authority is made anew for each run: its digest becomes a word, so that two runs can be
 * compared, and so that a reader sees whom the node trusts. */
static void say_anchor(const struct nodes *n, const char *params, struct buf *out)
{
    const char *at = strstr(params, n->anchor);
    if (n->anchor[0] == '\0' || at == NULL) {
        buf_text_add(out, params);
        return;
    }
    buf_add(out, params, (size_t)(at - params));
    buf_printf(out, ANCHOR "lab%s", at + strlen(n->anchor));
}

static void on_said(void *arg, struct event *e)
{
    SCOPED(buf_drop) struct buf params = {0};
    struct event again;
    if (!ev_has(e, EVF_PARAMS))
        return;
    buf_init(&params, EV_VALUE_MAX);
    say_anchor(arg, ev_text(e, EVF_PARAMS), &params);
    ev_init(&again, e->kind, e->t);
    again.src = e->src;
    for (int f = 0; f < EV_FIELD_COUNT; f++)
        if (ev_has(e, (enum ev_field)f))
            ev_text_add(&again, (enum ev_field)f,
                        f == EVF_PARAMS ? buf_text(&params) : ev_text(e, (enum ev_field)f));
    memcpy(e, &again, sizeof(again));
}

static int anchor_read(struct nodes *n, struct err *e)
{
    SCOPED(buf_drop) struct buf pem = {0};
    uint8_t sum[SHA256_LEN];
    char path[WORLD_PATH_MAX], hex[2 * SHA256_LEN + 1];
    buf_init(&pem, KIB(64));
    world_path(n->w, path, "tls/ca.pem");
    int r = file_read(path, &pem, e);
    if (r < 0)
        return r;
    digest_sha256(buf_text(&pem), pem.len, sum);
    text_hex(sum, sizeof(sum), hex);
    snprintf(n->anchor, sizeof(n->anchor), ANCHOR "%.16s", hex);
    return 0;
}

/* --- life ---------------------------------------------------------------------------------------
 */

static bool is_running(const struct node *x)
{
    return x->at.prog != NULL && prog_running(x->at.prog);
}

static void ring_close(struct node *x)
{
    rings_side_remove(&x->all->w->rings, x->ring);
    journal_ring_free(STEAL(x->ring));
    if (x->ring_fd >= 0)
        close(x->ring_fd);
    x->ring_fd = -1;
}

static void pipe_close(struct node *x)
{
    if (x->hears_fd >= 0)
        close(x->hears_fd);
    if (x->told_fd >= 0)
        close(x->told_fd);
    x->hears_fd = x->told_fd = -1;
}

/* A pipe holds what a program that boots now has not read yet. */
static bool clock_tell(struct node *x)
{
    char line[48];
    int n = snprintf(line, sizeof(line), "clock off %" PRId64 "\n", x->clock_off_s);
    return write(x->told_fd, line, (size_t)n) == n;
}

/* Switched off: whatever was under way is lost. */
static void node_end(struct node *x, const char *cluster)
{
    if (is_running(x)) {
        x->killed = true;
        say_signal(x, SIGKILL, cluster);
        world_signal(x->all->w, &x->at, SIGKILL);
        if (is_running(x))
            prog_look(x->at.prog);
    }
    world_stop(x->all->w, &x->at);
    ring_close(x);
}

static void add_maas(struct words *x, const struct world *w)
{
    struct outfit o = {.maas_tls = false};
    char url[OUTFIT_URL_MAX];
    if (w->run->script != NULL)
        outfit_read(w->run->script, &o);
    outfit_maas_url(&o, w->run->lab, url);
    word(x, "--maas-url=%s", url);
    if (o.maas_tls)
        word(x, "--maas-ca=%s/" MOCKS_MAAS_TLS "/ca.pem", w->dir);
}

static void add_words(struct words *x, const struct node *n, int page_fd)
{
    const struct world *w = n->all->w;
    uint64_t i = (uint64_t)(n - n->all->at);
    word(x, "%s/mock-cluster%s", w->run->bin_dir, *w->run->manifest->rogue != '\0' ? "-rogue" : "");
    word(x, "--system-id=%s", n->system_id);
    word(x, "--hostname=%s", n->host->name);
    add_maas(x, w);
    word(x, "--address=%s", n->host->links[0].address);
    word(x, "--root=%s/node-%s", w->dir, n->host->name);
    word(x, "--seed=%" PRIu64,
         (w->run->seed + i * SEEDS_EACH + (uint64_t)n->starts) & (uint64_t)INT64_MAX);
    word(x, "--factor=%d", w->domain.factor);
    word(x, "--domain-start=%" PRId64, w->domain.start_ns);
    word(x, "--journal-fds=%d,%d", n->all->counter_fd, n->ring_fd);
    word(x, "--control-fd=%d", n->hears_fd);
    if (*world_from(w, n->host) != '\0')
        word(x, "--from=%s", world_from(w, n->host));
    if (!w->ground->executes)
        word(x, "--interpret");
    if (n->all->slow[0] != '\0')
        word(x, "--slow=%s", n->all->slow);
    if (page_fd >= 0)
        word(x, "--clock-fd=%d", page_fd);
}

static int ring_open(struct node *x, struct err *e)
{
    int r = journal_ring_new(x->all->counter_fd, EVS_AGENT, &x->ring_fd, &x->ring, e);
    if (r == 0)
        rings_side_add(&x->all->w->rings, x->ring, on_said, x->all);
    return r;
}

static int program_start(struct node *x, int page_fd, struct err *e)
{
    struct world *w = x->all->w;
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", NULL};
    const int fds[] = {x->all->counter_fd, x->ring_fd, x->hears_fd};
    const struct prog_events events = {on_flooded, on_secret, on_ended, x};
    struct event said;
    struct words words;
    char name[LAUNCH_NAME_MAX];
    snprintf(name, sizeof(name), "node-%.20s", x->host->name);
    words_init(&words);
    add_words(&words, x, page_fd);
    struct launch l = {.name = name,
                       .argv = words.at,
                       .env = env,
                       .dir = w->dir,
                       .sandboxes = w->ground->executes,
                       .fds = fds,
                       .n_fds = COUNTOF(fds)};
    begin_prog(x, "started", &said);
    world_put(w, &said);
    if (x->at.slot != NULL)
        ctl_slot_turn_max(x->at.slot, TURN_MAX_MS);
    int r = world_start(w, x->host, &l, &x->at, &events, e);
    words_drop(&words);
    return r;
}

/* Wishes of a life before are nobody's. */
static int pipe_renew(struct node *x, struct err *e)
{
    int fds[2];
    pipe_close(x);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(e, "a pipe to mock-cluster on %s", x->host->name);
    x->hears_fd = fds[0];
    x->told_fd = fds[1];
    return 0;
}

static int node_start(struct node *x, struct err *e)
{
    int page_fd;
    int r = world_slot(x->all->w, x->host->name, &x->at, &page_fd, e);
    x->starts++;
    x->killed = x->dead = false;
    if (r == 0)
        r = ring_open(x, e);
    if (r == 0)
        r = pipe_renew(x, e);
    if (r == 0 && x->clock_off_s != 0)
        (void)clock_tell(x);
    return r < 0 ? r : program_start(x, page_fd, e);
}

static void node_step(struct node *x)
{
    struct nodes *n = x->all;
    if (x->ends || x->boots)
        node_end(x, "");
    if (x->boots && n->broken.code == 0)
        (void)node_start(x, &n->broken);
    x->ends = x->boots = false;
}

void nodes_step(struct nodes *n)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        node_step(&n->at[i]);
}

/* --- what the journal says ----------------------------------------------------------------------
 */

static struct node *node_of_host(struct nodes *n, const char *hostname)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        if (n->at[i].host != NULL && text_is(n->at[i].host->name, hostname))
            return &n->at[i];
    return NULL;
}

/* MAAS lets a machine run in these two statuses only. */
static void on_state(struct nodes *n, const struct event *e)
{
    struct node *x = node_of_host(n, ev_text(e, EVF_MACHINE));
    const char *state = ev_text(e, EVF_STATE);
    if (x == NULL)
        return;
    if (text_is(ev_text(e, EVF_WHY), "booted")) {
        x->boots = text_copy(x->system_id, sizeof(x->system_id), ev_text(e, EVF_UID));
    } else if (!text_is(state, "Deploying") && !text_is(state, "Deployed")) {
        x->ends = x->at.prog != NULL;
        x->boots = x->dead = false;
        x->clock_off_s = 0;
    }
}

static void on_hello(struct nodes *n, const struct event *e)
{
    const char *cluster = ev_text(e, EVF_CLUSTER), *machine = ev_text(e, EVF_MACHINE);
    if (ev_int(e, EVF_ACCEPTED) != 1 || n->n_hellos == NODES_HELLOS_MAX)
        return;
    for (size_t i = 0; i < n->n_hellos; i++)
        if (text_is(n->hellos[i].cluster, cluster) && text_is(n->hellos[i].system_id, machine))
            return;
    if (text_copy(n->hellos[n->n_hellos].cluster, sizeof(n->hellos[0].cluster), cluster) &&
        text_copy(n->hellos[n->n_hellos].system_id, sizeof(n->hellos[0].system_id), machine))
        n->n_hellos++;
}

static void on_boot(struct nodes *n, const struct event *e)
{
    struct node *x = node_of_host(n, ev_text(e, EVF_MACHINE));
    if (x != NULL)
        (void)text_copy(x->cluster, sizeof(x->cluster), ev_text(e, EVF_CLUSTER));
}

void nodes_feed(struct nodes *n, const struct event *e)
{
    if (e->kind == EV_MAAS_STATE)
        on_state(n, e);
    else if (e->kind == EV_NODE_BOOT)
        on_boot(n, e);
    else if (e->kind == EV_PAL_HELLO)
        on_hello(n, e);
}

/* The nth that registered, while its machine is Deployed; NULL. */
static struct node *node_of(struct nodes *n, const char *cluster, int64_t nth)
{
    for (size_t i = 0; i < n->n_hellos; i++) {
        if (!text_is(n->hellos[i].cluster, cluster) || --nth > 0)
            continue;
        for (size_t k = 0; k < NODES_MAX; k++)
            if ((is_running(&n->at[k]) || n->at[k].dead) &&
                text_is(n->at[k].system_id, n->hellos[i].system_id))
                return &n->at[k];
        return NULL;
    }
    return NULL;
}

int64_t nodes_of(const struct nodes *n, const char *cluster)
{
    int64_t all = 0;
    for (size_t i = 0; i < n->n_hellos; i++)
        all += text_is(n->hellos[i].cluster, cluster);
    return all;
}

bool nodes_reboot(struct nodes *n, const char *cluster, int64_t nth)
{
    struct node *x = node_of(n, cluster, nth);
    if (x == NULL)
        return false;
    x->boots = true;
    node_step(x);
    return true;
}

bool nodes_die(struct nodes *n, const char *cluster, int64_t nth)
{
    struct node *x = node_of(n, cluster, nth);
    if (x == NULL || x->dead)
        return false;
    node_end(x, cluster);
    x->dead = true;
    return true;
}

static bool is_of(const struct node *x, const char *victims)
{
    return text_is(victims, "both") || text_is(x->cluster, victims);
}

bool nodes_all_die(struct nodes *n, const char *victims)
{
    bool any = false;
    for (size_t i = 0; i < NODES_MAX; i++) {
        struct node *x = &n->at[i];
        if (!is_running(x) || !is_of(x, victims))
            continue;
        node_end(x, x->cluster);
        x->dead = any = true;
    }
    return any;
}

bool nodes_all_come_back(struct nodes *n, const char *victims)
{
    bool any = false;
    for (size_t i = 0; i < NODES_MAX; i++) {
        struct node *x = &n->at[i];
        if (!x->dead || !is_of(x, victims))
            continue;
        x->boots = any = true;
        node_step(x);
    }
    return any;
}

bool nodes_clock(struct nodes *n, const char *cluster, int64_t nth, int64_t off_s)
{
    struct node *x = node_of(n, cluster, nth);
    struct event e;
    if (x == NULL)
        return false;
    x->clock_off_s = off_s;
    ev_init(&e, EV_FAULT, world_now(n->w));
    ev_text_add(&e, EVF_NAME, "clock");
    ev_text_add(&e, EVF_KIND, "fired");
    ev_int_add(&e, EVF_COUNT, off_s);
    ev_text_add(&e, EVF_WHO, WHO);
    world_put(n->w, &e);
    return x->dead || clock_tell(x);
}

bool nodes_slow(struct nodes *n, const char *cluster, const char *time)
{
    const size_t len = strlen(n->slow);
    const int added = snprintf(n->slow + len, sizeof(n->slow) - len, "%s%s=%s", len > 0 ? "," : "",
                               cluster, time);
    return added > 0 && len + (size_t)added < sizeof(n->slow);
}

bool nodes_stray(struct nodes *n, const char *cluster, const char *other_uid)
{
    char line[256];
    const int len = snprintf(line, sizeof(line), "beats-for %s\n", other_uid);
    bool told = false;
    for (size_t i = 0; i < n->n_hellos; i++)
        for (size_t k = 0; k < NODES_MAX && text_is(n->hellos[i].cluster, cluster); k++)
            if (is_running(&n->at[k]) && text_is(n->at[k].system_id, n->hellos[i].system_id))
                told = write(n->at[k].told_fd, line, (size_t)len) == len || told;
    return told;
}

const struct lab_host *nodes_beside(const struct nodes *n, const char *address)
{
    for (size_t i = NODES_MAX; i-- > 0;)
        if (is_running(&n->at[i]) && !text_is(n->at[i].host->links[0].address, address))
            return n->at[i].host;
    return NULL;
}

void nodes_lost(struct nodes *n, const struct ctl_slot *s, const char *why)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        if (s == n->at[i].at.slot && text_is(why, "hung") && n->broken.code == 0)
            err_set(&n->broken, -ETIMEDOUT, "mock-cluster on %s kept its turn too long",
                    n->at[i].host->name);
}

/* --- birth and end ------------------------------------------------------------------------------
 */

int nodes_init(struct nodes *n, struct world *w, struct err *e)
{
    const struct lab *l = w->run->lab;
    size_t k = 0;
    *n = (struct nodes){.w = w, .counter_fd = -1};
    for (size_t i = 0; i < NODES_MAX; i++)
        n->at[i] = (struct node){.all = n, .ring_fd = -1, .hears_fd = -1, .told_fd = -1};
    for (size_t i = 0; i < l->n_hosts && k < NODES_MAX; i++)
        if (world_has_host(w, &l->hosts[i]) && text_is(l->hosts[i].role, "node"))
            n->at[k++].host = &l->hosts[i];
    int r = anchor_read(n, e);
    return r < 0 ? r : journal_counter_new(&n->counter_fd, e);
}

void nodes_free(struct nodes *n)
{
    if (n->w == NULL)
        return;
    for (size_t i = 0; i < NODES_MAX; i++) {
        node_end(&n->at[i], "");
        pipe_close(&n->at[i]);
    }
    if (n->counter_fd >= 0)
        close(n->counter_fd);
    n->counter_fd = -1;
}
