#include "scenarios/engine/guest.h"

#include "scenarios/engine/guest_env.h"
#include "scenarios/engine/proxies.h"

#include "lib/base/text.h"
#include "scenarios/engine/outfit.h"
#include "lib/io/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SECRET_LINE_MAX  512
#define GUEST_SECRET_LEN 60 /* small letters: 282 bits */

/* --- what is said -------------------------------------------------------------------------------
 */

static void begin_prog(const struct guest *g, const char *kind, struct event *ret)
{
    ev_init(ret, EV_PROG, world_now(g->w));
    ev_text_add(ret, EVF_WHO, g->name);
    ev_text_add(ret, EVF_KIND, kind);
}

static void say(const struct guest *g, const char *kind)
{
    struct event e;
    begin_prog(g, kind, &e);
    world_put(g->w, &e);
}

static void say_signal(const struct guest *g, int signo)
{
    struct event e;
    begin_prog(g, "signalled", &e);
    ev_int_add(&e, EVF_SIGNAL, signo);
    world_put(g->w, &e);
}

static void say_stray(void *arg, pid_t pid)
{
    struct event e;
    begin_prog(arg, "forked-away", &e);
    ev_int_add(&e, EVF_PID, pid);
    world_put(((struct guest *)arg)->w, &e);
}

static void on_flooded(void *arg, struct prog *p)
{
    (void)p;
    say(arg, "flooded");
}

static void on_secret(void *arg, struct prog *p, const char *name)
{
    struct guest *g = arg;
    struct event e;
    (void)p;
    ev_init(&e, EV_SECRET_HIT, world_now(g->w));
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_WHERE, "output");
    ev_text_add(&e, EVF_WHO, g->name);
    world_put(g->w, &e);
}

/* --- the end ------------------------------------------------------------------------------------
 */

/* Nothing of a gateway may outlive it (GP-13). When it ended by itself its own group counts too; a
 * group that was signalled as a whole is dying, and is ended without being told on. */
static void end_strays(struct guest *g, pid_t group)
{
    pid_t known[WORLD_PROGS_MAX];
    size_t n = world_pids(g->w, known);
    (void)prog_strays(known, n, g->killed || g->asked ? group : 0, say_stray, g);
}

static void on_ended(void *arg, struct prog *p)
{
    struct guest *g = arg;
    struct event e;
    int value = 0;
    bool exited = prog_exited(p, &value);
    begin_prog(g, "exited", &e);
    ev_int_add(&e, exited ? EVF_STATUS : EVF_SIGNAL, value);
    ev_int_add(&e, EVF_PID, prog_pid(p));
    world_put(g->w, &e);
    loop_timer_set(g->patience, MS_NEVER);
    end_strays(g, prog_pid(p));
    if (g->ended != NULL)
        g->ended(g->arg);
}

static void on_impatient(void *arg)
{
    struct guest *g = arg;
    if (!guest_running(g))
        return;
    say(g, "hung");
    guest_kill(g);
}

void guest_lost(struct guest *g, const struct ctl_slot *s, const char *why)
{
    if (s != g->at.slot || !guest_running(g) || !text_is(why, "hung"))
        return;
    say(g, "hung");
    guest_kill(g);
}

/* --- what becomes of its host -------------------------------------------------------------------
 */

#define STATE_DIR "gateway-state"

/* What was lost is kept beside, under a name that nobody is told. */
int guest_wipe(struct guest *g, struct err *e)
{
    char state[WORLD_PATH_MAX], lost[WORLD_PATH_MAX];
    guest_kill(g);
    world_path(g->w, state, STATE_DIR);
    world_path(g->w, lost, STATE_DIR "-lost");
    for (size_t len = strlen(lost); file_exists(lost) && len + 2 < sizeof(lost); len++)
        lost[len] = '+', lost[len + 1] = '\0';
    if (rename(state, lost) < 0)
        return err_errno(e, "take the gateway's state away");
    return file_mkdirs(state, 0700, e);
}

void guest_clock(struct guest *g, int64_t shift_s)
{
    g->wall_shift_s = shift_s;
    if (g->at.slot != NULL)
        ctl_slot_wall(g->at.slot, shift_s);
}

/* --- the life -----------------------------------------------------------------------------------
 */

static void on_killer_late(void *arg)
{
    struct guest *g = arg;
    world_stop(g->w, &g->killer);
}

/* --- the proxies' authority ---------------------------------------------------------------------
 */

static bool reads_again(const struct guest *g)
{
    return manifest_has_feature(g->w->run->manifest, "reload");
}

bool guest_has_proxy_ca(const struct guest *g)
{
    return g->outfit.trusts && (g->trusts_proxy || reads_again(g));
}

static int copy_anchors(struct guest *g, const char *folder, struct err *e)
{
    SCOPED(buf_drop) struct buf pem = {0};
    char name[64], path[WORLD_PATH_MAX];
    buf_init(&pem, KIB(64));
    snprintf(name, sizeof(name), "%s/ca.pem", folder);
    world_path(g->w, path, name);
    int r = file_read(path, &pem, e);
    return r < 0 ? r : world_write(g->w, GUEST_PROXY_CA, buf_text(&pem), e);
}

int guest_trust_proxy(struct guest *g, struct err *e)
{
    int r = copy_anchors(g, PROXIES_AUTHORITY, e);
    g->trusts_proxy = r == 0;
    return r;
}

void guest_hup(struct guest *g)
{
    if (!reads_again(g) || !guest_running(g))
        return;
    say_signal(g, SIGHUP);
    world_signal(g->w, &g->at, SIGHUP);
}

static int make_folder(const struct guest *g, const char *what, struct err *e)
{
    char name[64], path[WORLD_PATH_MAX];
    snprintf(name, sizeof(name), "%s-%s", g->name, what);
    world_path(g->w, path, name);
    return file_mkdirs(path, 0700, e);
}

int guest_init(struct guest *g, struct world *w, bool is_system, struct err *e)
{
    static const char *const folders[] = {"secrets", "state", "tmp"};
    int r = 0;
    *g = (struct guest){
        .w = w, .is_system = is_system, .name = is_system ? GUEST_SYSTEM : GUEST_NAME};
    g->outfit.has_site = true; /* of the adapter probe, which has no story */
    if (w->run->script != NULL)
        outfit_read(w->run->script, &g->outfit);
    snprintf(g->secrets_dir, sizeof(g->secrets_dir), "%s-secrets", g->name);
    for (size_t i = 0; i < COUNTOF(folders) && r == 0; i++)
        r = make_folder(g, folders[i], e);
    if (r == 0)
        r = deeds_open(&g->deeds, w, e);
    if (r == 0 && guest_has_proxy_ca(g)) /* another authority, until it is told of the proxies' */
        r = copy_anchors(g, "tls", e);
    if (r < 0)
        return r;
    g->patience = loop_timer_new(w->loop, on_impatient, g);
    g->killer_end = loop_timer_new(w->loop, on_killer_late, g);
    return 0;
}

void guest_free(struct guest *g)
{
    if (g->w == NULL)
        return;
    loop_timer_free(&g->patience);
    loop_timer_free(&g->killer_end);
    deeds_close(&g->deeds);
    world_stop(g->w, &g->at);
    world_stop(g->w, &g->killer);
}

static int write_secret(struct guest *g, const char *name, const char *value, struct err *e)
{
    char path[128], line[SECRET_LINE_MAX];
    snprintf(path, sizeof(path), "%s/%s", g->secrets_dir, name);
    snprintf(line, sizeof(line), "%s\n", value);
    return world_write(g->w, path, line, e);
}

/* A gateway that is to survive the loss of its state has its secret from a file (GP-7); a new one
 * at each install. */
static int write_gateway_secret(struct guest *g, struct err *e)
{
    char secret[GUEST_SECRET_LEN + 1] = "";
    struct outfit o;
    outfit_read(g->w->run->script, &o);
    if (!o.is_wiped)
        return 0;
    for (size_t i = 0; i < GUEST_SECRET_LEN; i++)
        secret[i] = (char)('a' + rng_between(&g->w->rng, 0, 25));
    secrets_add(&g->w->secrets, "gateway-secret", secret);
    return write_secret(g, "gateway-secret", secret, e);
}

int guest_secrets(struct guest *g, const char *uid, const char *code, struct err *e)
{
    int r = 0;
    if (!text_copy(g->uid, sizeof(g->uid), uid))
        return err_set(e, -EINVAL, "a gateway's uid is too long");
    if (g->is_system)
        return write_secret(g, "gateway-secret", g->w->system_secret, e);
    r = write_secret(g, "maas-key", g->w->maas_key, e);
    if (r == 0 && code[0] != '\0')
        r = write_secret(g, "pairing-code", code, e);
    if (r == 0 && g->w->run->script != NULL)
        r = write_gateway_secret(g, e);
    secrets_add(&g->w->secrets, "pairing-code", code);
    return r;
}

/* Palette's own runs where Palette does. */
static const struct lab_host *host_of(const struct guest *g)
{
    return lab_role(g->w->run->lab, g->is_system ? "palette" : "gateway");
}

static int start_with(struct guest *g, struct guest_env *env, struct err *e)
{
    const struct manifest *m = g->w->run->manifest;
    const struct prog_events events = {on_flooded, on_secret, on_ended, g};
    const char *argv[MANIFEST_WORDS_MAX + 1];
    struct launch x = {.name = g->name,
                       .argv = argv,
                       .env = guest_env_list(env),
                       .dir = m->dir,
                       .fds = &g->deeds.tell_fd,
                       .n_fds = g->deeds.tell_fd >= 0};
    guest_env_expand(env, m->command, m->n_command, argv);
    g->frozen = g->asked = g->killed = false;
    /* Said before it can do anything. */
    say(g, "started");
    return world_start(g->w, host_of(g), &x, &g->at, &events, e);
}

int guest_start(struct guest *g, struct err *e)
{
    struct guest_env env;
    int page_fd;
    assert(!guest_running(g));
    world_stop(g->w, &g->at);
    int r = world_slot(g->w, g->name, &g->at, &page_fd, e);
    if (r < 0)
        return r;
    guest_clock(g, g->wall_shift_s);
    g->starts++;
    guest_env_make(&env, g, page_fd);
    r = start_with(g, &env, e);
    guest_env_drop(&env);
    return r < 0 ? err_at(e, "%s", g->w->run->manifest->name) : 0;
}

bool guest_running(const struct guest *g)
{
    return g->at.prog != NULL && prog_running(g->at.prog);
}

void guest_stop(struct guest *g)
{
    /* One that ended by itself while we were kept waiting (a disk, a loaded machine) was not asked.
     */
    if (guest_running(g))
        prog_look(g->at.prog);
    if (!guest_running(g))
        return;
    say(g, "stopped");
    g->asked = true;
    /* stop_seconds is the gateway's own time, not the site's. */
    loop_timer_set(g->patience, loop_now(g->w->loop) + SECONDS(g->w->run->manifest->stop_seconds));
    world_signal(g->w, &g->at, SIGTERM);
}

/* A wrapper's real gateway may live elsewhere: its own kill command runs besides. */
static void start_killer(struct guest *g)
{
    const struct manifest *m = g->w->run->manifest;
    const struct prog_events events = {guest_env_ignore, guest_env_ignore_secret, guest_env_ignore,
                                       NULL};
    const char *argv[MANIFEST_WORDS_MAX + 1];
    struct guest_env env;
    if (m->n_kill == 0)
        return;
    world_stop(g->w, &g->killer);
    guest_env_make(&env, g, -1);
    guest_env_expand(&env, m->kill_command, m->n_kill, argv);
    struct launch x = {
        .name = "kill-command", .argv = argv, .env = guest_env_list(&env), .dir = m->dir};
    if (world_start(g->w, host_of(g), &x, &g->killer, &events, NULL) == 0)
        loop_timer_set(g->killer_end, loop_now(g->w->loop) + GUEST_KILL_MS);
    guest_env_drop(&env);
}

void guest_kill(struct guest *g)
{
    if (!guest_running(g))
        return;
    g->killed = true;
    say_signal(g, SIGKILL);
    start_killer(g);
    world_signal(g->w, &g->at, SIGKILL);
    if (guest_running(g))
        prog_look(g->at.prog); /* when stepped it has gone by now, and time must not pass before */
}

void guest_freeze(struct guest *g, bool frozen)
{
    if (!guest_running(g))
        return;
    say_signal(g, frozen ? SIGSTOP : SIGCONT);
    g->frozen = frozen;
    world_signal(g->w, &g->at, frozen ? SIGSTOP : SIGCONT);
}
