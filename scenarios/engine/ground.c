#include "scenarios/engine/ground.h"

#include "lib/base/text.h"
#include "scenarios/engine/keeper.h"
#include "scenarios/engine/lab_loopback.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/slow_wires.h"
#include "scenarios/engine/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

const struct ground *ground_of(enum stage_id stage)
{
    static const struct ground *const rows[] = {
        [STAGE_LOOPBACK] = &ground_loopback, [STAGE_NETNS] = &ground_netns};
    assert(stage < COUNTOF(rows) && rows[stage] != NULL);
    return rows[stage];
}

static void heard_try(void *arg, const struct capture_try *t)
{
    struct world *w = arg;
    if (w->on_try != NULL)
        w->on_try(w->on_try_arg, t);
}

/* --- a namespace for each host ------------------------------------------------------------------
 */

/* One resolv.conf a host, and one empty hosts file for all. */
static int netns_open(struct world *w, struct err *e)
{
    const struct lab *l = w->run->lab;
    char name[64], text[64];
    if (mount("gateproof", w->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
        return err_errno(e, "mount a file system in memory on %s", w->dir);
    int r = world_write(w, "hosts", "", e);
    for (size_t i = 0; i < l->n_hosts && r == 0; i++) {
        const char *server = names_server(l, &l->hosts[i]);
        snprintf(name, sizeof(name), "resolv-%s.conf", l->hosts[i].name);
        snprintf(text, sizeof(text), "nameserver %s\n", server != NULL ? server : "127.0.0.1");
        r = world_write(w, name, text, e);
    }
    return r;
}

/* This process lives in the user's namespace and asks the user's name server. */
static int netns_build(struct world *w, struct err *e)
{
    const struct lab_host *user = lab_role(w->run->lab, "user");
    char path[WORLD_PATH_MAX], name[64];
    const struct stage_run *run = w->run;
    int r = run->loan != NULL
                ? labnet_lent(&w->net, run->lab, world_without(run), run->loan->fds, e)
                : labnet_new(&w->net, run->lab, world_without(run), e);
    if (r == 0)
        r = slow_wires_new(&w->slow, w->loop, w->run->lab, w->net, &w->domain, w->run->seed, e);
    if (r < 0 || user == NULL)
        return r;
    snprintf(name, sizeof(name), "resolv-%s.conf", user->name);
    world_path(w, path, name);
    if (mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
        return err_errno(
            e, "mount over /etc/resolv.conf (the file must exist: touch /etc/resolv.conf)");
    return 0;
}

static int netns_watch(struct world *w, struct err *e)
{
    char packets[WORLD_PATH_MAX + 16] = "";
    if (w->run->packets)
        snprintf(packets, sizeof(packets), "%.500s/" STAGE_PACKETS, w->run->out_dir);
    const struct capture_config c = {.loop = w->loop,
                                     .lab = w->run->lab,
                                     .net = w->net,
                                     .journal = w->rings.ring[EVS_CAPTURE],
                                     .domain = &w->domain,
                                     .secrets = &w->secrets,
                                     .packets = packets,
                                     .epoch_s = w->epoch_s,
                                     .on_try = heard_try,
                                     .arg = w};
    int r = capture_new(&w->capture, &c, e);
    if (r == 0)
        r = names_new(&w->names, w->loop, w->run->lab, w->net, w->rings.ring[EVS_DNS], &w->domain,
                      e);
    return r < 0 ? r : capture_canaries(w->capture, 1, e);
}

static void netns_close(struct world *w)
{
    names_free(w->names);
    capture_free(w->capture);
    slow_wires_free(w->slow);
    labnet_free(w->net);
}

static int netns_home(const struct world *w, const struct lab_host *h)
{
    return labnet_host(w->net, labnet_host_index(w->run->lab, h));
}

static void netns_listen(const char *address, char ret[LAB_ADDRESS_MAX])
{
    (void)text_copy(ret, LAB_ADDRESS_MAX, address);
}

static int netns_socket(const struct world *w, const struct lab_host *from, struct err *e)
{
    return labnet_socket(w->net, netns_home(w, from), AF_INET, SOCK_STREAM, 0, e);
}

static int netns_wires(struct world *w, const struct wires *x, struct err *e)
{
    return labnet_wires(w->net, x, e);
}

static int netns_look_again(struct world *w, struct err *e)
{
    return capture_canaries(w->capture, 2, e);
}

static bool netns_has_looked(const struct world *w)
{
    return capture_canaries_seen(w->capture, 2);
}

static void netns_tell(struct world *w)
{
    capture_flows(w->capture);
    capture_drops(w->capture, slow_wires_lost(w->slow));
}

const struct ground ground_netns = {.stage = STAGE_NETNS,
                                    .has_names = true,
                                    .executes = true,
                                    .open = netns_open,
                                    .build = netns_build,
                                    .watch = netns_watch,
                                    .close = netns_close,
                                    .home = netns_home,
                                    .listen = netns_listen,
                                    .socket = netns_socket,
                                    .wires = netns_wires,
                                    .look_again = netns_look_again,
                                    .has_looked = netns_has_looked,
                                    .tell = netns_tell};

/* --- the addresses of one machine ---------------------------------------------------------------
 */

static int loopback_open(struct world *w, struct err *e)
{
    (void)w, (void)e; /* the berth brought the folder */
    return 0;
}

static int loopback_build(struct world *w, struct err *e)
{
    struct outfit o = {.has_site = true};
    if (w->run->script != NULL)
        outfit_read(w->run->script, &o);
    const struct relays_config c = {.loop = w->loop,
                                    .lab = w->run->lab,
                                    .guest =
                                        lab_role(w->run->lab, o.has_site ? "gateway" : "palette"),
                                    .on_try = heard_try,
                                    .arg = w};
    return relays_new(&w->relays, &c, e);
}

/* Names that MAAS has are known, and nobody can ask for them. */
static int loopback_watch(struct world *w, struct err *e)
{
    return names_new(&w->names, w->loop, w->run->lab, NULL, w->rings.ring[EVS_DNS], &w->domain, e);
}

static void loopback_close(struct world *w)
{
    names_free(w->names);
    relays_free(w->relays);
}

static int loopback_home(const struct world *w, const struct lab_host *h)
{
    (void)w, (void)h;
    return -1;
}

static int loopback_socket(const struct world *w, const struct lab_host *from, struct err *e)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)w;
    if (fd < 0)
        return err_errno(e, "a socket of %s", from->name);
    if (inet_pton(AF_INET, from->links[0].address, &own.sin_addr) == 1 &&
        bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0)
        return fd;
    int r = err_errno(e, "a socket of %s at %s", from->name, from->links[0].address);
    close(fd);
    return r;
}

static int loopback_wires(struct world *w, const struct wires *x, struct err *e)
{
    (void)e;
    relays_wires(w->relays, x);
    return 0;
}

static int loopback_look_again(struct world *w, struct err *e)
{
    (void)w, (void)e; /* nobody looked */
    return 0;
}

static bool loopback_has_looked(const struct world *w)
{
    (void)w;
    return true;
}

static void loopback_tell(struct world *w)
{
    (void)w;
}

const struct ground ground_loopback = {.stage = STAGE_LOOPBACK,
                                       .binds = true,
                                       .open = loopback_open,
                                       .build = loopback_build,
                                       .watch = loopback_watch,
                                       .close = loopback_close,
                                       .home = loopback_home,
                                       .listen = lab_behind,
                                       .socket = loopback_socket,
                                       .wires = loopback_wires,
                                       .look_again = loopback_look_again,
                                       .has_looked = loopback_has_looked,
                                       .tell = loopback_tell};
