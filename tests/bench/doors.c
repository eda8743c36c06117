#include "tests/bench/doors.h"

#include "lib/base/text.h"
#include "lib/io/edge.h"
#include "lib/io/file.h"
#include "mock-maas/maas.h"
#include "tests/bench/load.h"

#include <civetweb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS       "17"
#define NGINX_WAIT_MS 5000

const char *const bench_names[BENCH_WHATS] = {"/small", "/machine", "/list", "/cycle"};

/* --- processes -------------------------------------------------------------------------------- */

/* In the child: its end is ours. Returns the pid, 0 in the child; *ret_fd is what it writes. */
static pid_t child(int *ret_fd)
{
    int fds[2];
    pid_t pid = pipe(fds) == 0 ? fork() : -1;

    if (pid < 0)
        return -1;
    if (pid == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    *ret_fd = fds[pid == 0];
    close(fds[pid != 0]);
    return pid;
}

/* Its lines until one holds `before`: what follows there, up to a blank or a slash. The pipe stays
 * open: a program whose output nobody takes could end of it. */
static bool heard(FILE *f, const char *before, char *out, size_t size)
{
    char line[256];

    while (f && fgets(line, sizeof(line), f)) {
        const char *at = strstr(line, before);

        if (at)
            return text_copy_len(out, size, at + strlen(before),
                                 strcspn(at + strlen(before), "/ \n"));
    }
    return false;
}

static bool started(struct door *d, int fd, const char *before, bool has_cookie)
{
    FILE *f = d->pid > 0 ? fdopen(fd, "r") : NULL;
    char digits[16];
    int64_t port = 0;

    if (!heard(f, before, digits, sizeof(digits)) || !text_int(digits, 1, 65535, &port) ||
        (has_cookie && !heard(f, "cookie ", d->cookie, sizeof(d->cookie)))) {
        fprintf(stderr, "bench: a server did not start\n");
        return false;
    }
    d->port = (int)port;
    return true;
}

void door_close(struct door *d)
{
    if (d->pid > 0) {
        kill(d->pid, SIGKILL);
        (void)waitpid(d->pid, NULL, 0);
    }
    d->pid = 0;
}

long door_kb(const struct door *d, const char *field)
{
    char path[48], line[128];
    long kb = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (text_begins(line, field))
            kb = strtol(line + strlen(field), NULL, 10);
    if (f)
        fclose(f);
    return kb;
}

/* --- mock-maas -------------------------------------------------------------------------------- */

bool door_mock(struct door *d, const char *program, const char *users, int machines)
{
    char n[16], factor[16];
    int fd = -1;

    snprintf(n, sizeof(n), "%d", machines);
    snprintf(factor, sizeof(factor), "%d", BENCH_FACTOR);
    *d = (struct door){.pid = child(&fd)};
    if (d->pid == 0) {
        dup2(fd, STDOUT_FILENO);
        execl(program, program, "--users-file", users, "--machines", n, "--factor", factor, NULL);
        _exit(127);
    }
    return started(d, fd, "listens on http://127.0.0.1:", false);
}

/* --- civetweb in a process of ours ------------------------------------------------------------ */

static void tell_and_stay(int fd, int port, const char *cookie)
{
    dprintf(fd, "port %d/\ncookie %s\n", port, cookie);
    for (;;)
        pause();
}

static void direct_serve(int fd, int machines)
{
    static struct edge_app app;
    const struct maas_config mc = {
        .seed = 1,
        .epoch_s = clk_realtime_s(),
        .factor = BENCH_FACTOR,
        .n_users = 1,
        .users = {{.name = "alice", .key = "cc:tt:ss", .superuser = true}},
        .n_machines = (size_t)machines};
    const struct httpd_config c = {
        .app = maas_new(&mc), .handle = maas_handle, .due = maas_due, .tick = maas_tick};
    struct edge_civet *civet;
    struct err e = {0};

    edge_app_start(&app, &c);
    if (edge_civet_start(&civet, &app, EDGE_POOL_MAX, &e) == 0)
        tell_and_stay(fd, edge_civet_port(civet), app.cookie);
    fprintf(stderr, "bench: %s\n", e.text);
}

bool door_direct(struct door *d, int machines)
{
    int fd = -1;

    *d = (struct door){.pid = child(&fd)};
    if (d->pid == 0) {
        direct_serve(fd, machines);
        _exit(1);
    }
    return started(d, fd, "port ", true);
}

static int on_constant(struct mg_connection *mc, void *arg)
{
    const struct buf *bodies = arg;
    const char *uri = mg_get_request_info(mc)->request_uri;
    struct buf out SCOPED(buf_drop) = {0};
    size_t i = 0;

    while (i + 1 < BENCH_WHATS && !text_is(uri, bench_names[i]))
        i++;
    buf_init(&out, MIB(64));
    buf_printf(&out,
               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               bodies[i].len);
    buf_add(&out, buf_text(&bodies[i]), bodies[i].len);
    (void)mg_write(mc, buf_text(&out), out.len);
    return 200;
}

static void constant_serve(int fd, const struct buf *bodies)
{
    static struct buf kept[BENCH_WHATS];
    static const char *options[] = {"listening_ports",
                                    "127.0.0.1:0",
                                    "num_threads",
                                    THREADS,
                                    "enable_keep_alive",
                                    "yes",
                                    "keep_alive_timeout_ms",
                                    "-1",
                                    "request_timeout_ms",
                                    "-1",
                                    "tcp_nodelay",
                                    "1",
                                    NULL};
    struct mg_callbacks none = {0};
    struct mg_server_port port = {0};
    struct mg_context *ctx;

    memcpy(kept, bodies, sizeof(kept));
    mg_init_library(0);
    ctx = mg_start(&none, NULL, options);
    if (!ctx || mg_get_server_ports(ctx, 1, &port) != 1)
        return;
    mg_set_request_handler(ctx, "/", on_constant, kept);
    tell_and_stay(fd, port.port, "-");
}

bool door_constant(struct door *d, const struct buf *bodies)
{
    int fd = -1;

    *d = (struct door){.pid = child(&fd)};
    if (d->pid == 0) {
        constant_serve(fd, bodies);
        _exit(1);
    }
    return started(d, fd, "port ", false);
}

/* --- nginx ------------------------------------------------------------------------------------ */

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0)
        port = ntohs(at.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static bool put(const char *dir, const char *name, const struct buf *what)
{
    char path[512];
    struct err e = {0};

    snprintf(path, sizeof(path), "%s%s", dir, name);
    return file_write(path, buf_text(what), what->len, 0644, &e) == 0;
}

static bool nginx_files(const char *dir, int port, const struct buf *bodies)
{
    struct buf conf SCOPED(buf_drop) = {0};
    bool fine = true;

    buf_init(&conf, KIB(4));
    buf_printf(&conf,
               "daemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log stderr error;\n"
               "events { worker_connections 2048; }\nhttp {\n  access_log off; sendfile on;\n"
               "  keepalive_requests 1000000000;\n  default_type application/json;\n"
               "  open_file_cache max=16;\n",
               dir);
    for (int i = 0; i < 5; i++) {
        static const char *const places[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

        buf_printf(&conf, "  %s_temp_path %s;\n", places[i], dir);
    }
    buf_printf(&conf, "  server { listen 127.0.0.1:%d; root %s; }\n}\n", port, dir);
    fine = put(dir, "/nginx.conf", &conf);
    for (size_t i = 0; i < BENCH_WHATS; i++)
        fine = put(dir, bench_names[i], &bodies[i]) && fine;
    return fine;
}

/* Rounds of trying until it is there. */
static bool comes_up(int port)
{
    const int64_t until = clk_monotonic_ns() + NGINX_WAIT_MS * INT64_C(1000000);
    int fd = -1;

    while (fd < 0 && clk_monotonic_ns() < until)
        fd = load_connect(port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool door_nginx(struct door *d, const char *program, const char *dir, const struct buf *bodies)
{
    char conf[512];
    int fd = -1;

    *d = (struct door){.port = free_port()};
    snprintf(conf, sizeof(conf), "%s/nginx.conf", dir);
    if (!nginx_files(dir, d->port, bodies))
        return false;
    d->pid = child(&fd);
    if (d->pid == 0) {
        execl(program, program, "-p", dir, "-e", "stderr", "-c", conf, NULL);
        _exit(127);
    }
    if (comes_up(d->port))
        return true;
    fprintf(stderr, "bench: nginx did not start\n");
    return false;
}
