/* User data executed for real: nothing of it gets out, it ends, and it means what the interpreter
 * over a tree in memory says that it means. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "mock-cluster/sandbox_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORBIDDEN    77 /* this machine allows no namespaces */
#define CANARY       "canary-of-the-tester"
#define SECONDS_IDLE 1
#define SECONDS_MOST 3

struct run {
    struct userdata *u;
    struct tree tree;
    struct userdata_outcome out;
    ms_t took;
};

static void read_into(struct run *r, const char *text)
{
    struct err e = {0};

    r->u = calloc(1, sizeof *r->u);
    assert_non_null(r->u);
    must(userdata_read(text, strlen(text), r->u, &e), &e);
}

static void run(struct run *r, const char *text)
{
    const struct sandbox_config c = {.seconds = SECONDS_IDLE, .most_seconds = SECONDS_MOST};
    const int64_t before = clk_kernel_ns();
    struct err e = {0};

    read_into(r, text);
    must(sandbox_run(&c, r->u, &r->tree, &r->out, &e), &e);
    r->took = (clk_kernel_ns() - before) / 1000000;
}

static void drop(struct run *r)
{
    tree_drop(&r->tree);
    userdata_drop(r->u);
    free(r->u);
}

static void both_ways_give_the_same_tree(void **state)
{
    static const char *const documents[] = {
        "#cloud-config\nwrite_files:\n- {path: /etc/gateproof/agent.json, permissions: '0600', "
        "content: '{}'}\n- {path: /etc/environment, append: true, content: \"A=\\\"b\\\"\\n\"}\n"
        "- {path: /etc/systemd/system/containerd.service.d/http-proxy.conf, permissions: '0600', "
        "content: \"[Service]\\n\"}\nruncmd:\n- [systemctl, daemon-reload]\n"
        "- [systemctl, restart, containerd]\n"
        "- [systemctl, enable, --now, gateproof-agent.service]\n",
        "#cloud-config\nruncmd: [[systemctl, restart, containerd], [systemctl, daemon-reload]]\n"
        "write_files: [{path: /etc/systemd/system/containerd.service.d/b.conf, content: two},"
        "{path: /etc/systemd/system/containerd.service.d/a.conf, content: one}]\n",
        "#cloud-config\nwrite_files: [{path: /../../a/./b/../c, encoding: b64, content: aGk=, "
        "permissions: '0755'}, {path: relative/x, content: y}]\n",
        "#cloud-config\nwrite_files: [{path: /etc/environment/x, content: a}, {path: /after, "
        "content: b}]\nruncmd: [[systemctl, enable, gateproof-agent], [systemctl, start, sshd], "
        "[systemctl], [systemctl, daemon-reload, x], [systemctl, start, containerd]]\n",
        "#cloud-config\nruncmd: ['systemctl enable --now gateproof-agent', [systemctl, enable, "
        "--now, gateproof-agent], [systemctl, start, gateproof-agent]]\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(documents); i++) {
        struct run real = {0};
        struct tree told;
        struct userdata_outcome out;
        struct buf a, b;

        run(&real, documents[i]);
        tree_init(&told);
        userdata_apply(real.u, &told, &out);
        buf_init(&a, MIB(1));
        buf_init(&b, MIB(1));
        tree_describe(&real.tree, &a);
        tree_describe(&told, &b);
        assert_text(buf_text(&a), buf_text(&b));
        assert_int_equal(real.out.written, out.written);
        assert_int_equal(real.out.done, out.done);
        buf_drop(&a);
        buf_drop(&b);
        tree_drop(&told);
        drop(&real);
    }
}

static void whatever_it_does_comes_back_as_files(void **state)
{
    struct run r = {0};

    (void)state;
    run(&r, "#cloud-config\nruncmd: ['mkdir -p /etc/x && echo hello > /etc/x/y', [sh, -c, 'id > "
            "/who; exit 3'], [nothing-like-this]]\n");
    assert_text(tree_text(&r.tree, "/etc/x/y"), "hello\n");
    assert_non_null(strstr(tree_text(&r.tree, "/who"), "uid=0"));
    assert_int_equal(r.out.done, 1);
    assert_text(r.out.why, "runcmd: a command failed");
    drop(&r);
}

/* By .., by a link, by an absolute path, by a second root: the tester's folder stays as it is. */
static void nothing_is_written_or_read_outside(void **state)
{
    char home[] = "/tmp/gateproof-home-XXXXXX", secret[64], text[4096];
    struct run r = {0};
    struct buf all;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(home));
    (void)chmod(home, 0777);
    (void)snprintf(secret, sizeof secret, "%s/secret", home);
    file = fopen(secret, "w");
    assert_non_null(file);
    (void)fputs(CANARY, file);
    (void)fclose(file);
    (void)snprintf(
        text, sizeof text,
        "#cloud-config\nwrite_files:\n- {path: /../../../../../..%s/dots, content: x}\n"
        "- {path: '%s/plain', content: x}\n- {path: /tmp/gateproof-was-here, content: x}\nruncmd:\n"
        "- 'ln -s / /everything; ln -s ../../../../../.. /up; cat /everything%s /up%s %s > /etc/got'\n"
        "- 'echo x > /up%s/linked; ln -s %s /etc/home; echo x > /etc/home/linked2'\n"
        "- 'ls -la / /proc /sys /dev /home /root > /etc/listing 2>&1'\n"
        "- 'cat /proc/1/root%s /proc/self/environ /etc/shadow /etc/passwd > /etc/more'\n"
        "- 'mkdir /m; mount -t proc proc /m; mount -t tmpfs x /m; mknod /dev0 b 8 0; "
        "cat /m/mounts > /etc/mounts'\n"
        "- 'unshare -Urm id > /etc/unshared'\n- 'chroot /up sh -c \"cat %s\" > /etc/chrooted'\n"
        "- 'kill -9 1; kill -9 -1'\n- 'wget -T 1 -q -O /etc/web http://127.0.0.1:22/'\n",
        home, home, secret, secret, secret, home, home, secret, secret);
    run(&r, text);
    buf_init(&all, MIB(4));
    tree_describe(&r.tree, &all);
    assert_null(strstr(buf_text(&all), CANARY));
    assert_null(strstr(buf_text(&all), "root:x:"));
    assert_text(tree_text(&r.tree, "/etc/unshared"), "");
    assert_text(tree_text(&r.tree, "/etc/mounts"), "");
    assert_null(strstr(tree_text(&r.tree, "/etc/listing"), "mnt"));
    assert_int_equal(access("/tmp/gateproof-was-here", F_OK), -1);
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(rmdir(home), 0); /* fails when anything else were in it */
    buf_drop(&all);
    drop(&r);
}

/* Who sleeps had its time; who was never let run, or is stopped, has more of it. */
static void what_does_not_end_is_ended(void **state)
{
    static const struct {
        const char *text;
        ms_t least;
    } rows[] = {
        {"#cloud-config\nwrite_files: [{path: /kept, content: x}]\nruncmd: ['while :; do :; done']\n",
         SECONDS(SECONDS_MOST)},
        {"#cloud-config\nwrite_files: [{path: /kept, content: x}]\nruncmd: [[sleep, '100000']]\n",
         SECONDS(SECONDS_IDLE)},
        {"#cloud-config\nruncmd: ['trap \"\" TERM INT USR1; kill -STOP $$']\n"
         "write_files: [{path: /kept, content: x}]\n",
         SECONDS(SECONDS_MOST)},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct run r = {0};

        run(&r, rows[i].text);
        assert_true(text_begins(r.out.why, "runcmd: the time is over in command 1 of 1"));
        assert_text(tree_text(&r.tree, "/kept"), "x");
        assert_in_range(r.took, rows[i].least, INT32_MAX);
        drop(&r);
    }
}

/* A child that does so, and a grandchild while the child waits for it. */
static pid_t family(bool below, void (*does)(void))
{
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        const pid_t grandchild = below ? fork() : 0;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (grandchild == 0) {
            (void)!write(ready[1], "r", 1);
            does();
        }
        (void)waitpid(grandchild, NULL, 0);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void sleeping(void)
{
    for (;;)
        (void)pause();
}

static void wanting(void)
{
    for (;;)
        atomic_signal_fence(memory_order_seq_cst);
}

static void stopping(void)
{
    for (;;)
        (void)raise(SIGSTOP);
}

static void who_sleeps_rests_and_who_wants_a_processor_does_not(void **state)
{
    static const struct {
        void (*does)(void);
        bool rests;
    } rows[] = {{sleeping, true}, {wanting, false}, {stopping, false}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNTOF(rows); i++) {
        const pid_t child = family(i % 2 != 0, rows[i / 2].does);

        for (unsigned looks = 0; looks < (rows[i / 2].rests ? 1 : 1000); looks++)
            while (sandbox_rests(child) != rows[i / 2].rests) /* it is on its way there */
                assert_true(rows[i / 2].rests);
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
}

/* A fork bomb ends with its sandbox, and meanwhile has no more than its share of processes. */
static void a_fork_bomb_ends(void **state)
{
    struct run r = {0};

    (void)state;
    run(&r,
        "#cloud-config\nruncmd: ['b() { b | b & }; b', 'n=0; while [ $n -lt 500 ]; do sleep 50 & "
        "n=$((n+1)); done; echo $n > /etc/many', [systemctl, daemon-reload]]\n");
    assert_text(tree_text(&r.tree, "/etc/many"), "");
    drop(&r);
}

static void a_full_disk_and_eaten_memory_stay_inside(void **state)
{
    struct run r = {0};

    (void)state;
    run(&r, "#cloud-config\nruncmd: ['echo here > /etc/first', 'dd if=/bin/busybox of=/etc/copy "
            "bs=64k; while cat /etc/copy >> /big; do :; done; i=0; while : > /many$i; do "
            "i=$((i+1)); done', 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done']\n");
    assert_text(tree_text(&r.tree, "/etc/first"), "here\n");
    assert_true(r.tree.n <= TREE_FILES_MAX);
    drop(&r);
}

/* What lies in the way of the files' return: pipes, links, deep folders, forged state. */
static void odd_files_do_not_hold_up_their_return(void **state)
{
    struct run r = {0};

    (void)state;
    run(&r,
        "#cloud-config\nruncmd: ['mkfifo /etc/pipe; ln -s pipe /etc/link; ln -s /etc /etc/ring; "
        "rm -rf /run/systemctl/log; mkfifo /run/systemctl/log; d=/etc/d; i=0; while [ $i -lt 60 "
        "]; do d=$d/d; i=$((i+1)); done; mkdir -p $d; echo x > $d/x; echo y > /etc/y']\n");
    assert_text(tree_text(&r.tree, "/etc/y"), "y\n");
    assert_false(r.tree.units[TREE_AGENT].active);
    drop(&r);
}

static bool is_forbidden_here(void)
{
    const struct sandbox_config c = {.seconds = SECONDS_IDLE};
    struct run r = {0};
    struct err e = {0};
    int err;

    read_into(&r, "#cloud-config\nruncmd: []\n");
    err = sandbox_run(&c, r.u, &r.tree, &r.out, &e);
    if (err < 0)
        fprintf(stderr, "%s\n", e.text);
    else
        tree_drop(&r.tree);
    userdata_drop(r.u);
    free(r.u);
    return err == -EPERM || err == -ENOSPC || err == -EACCES;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(both_ways_give_the_same_tree),
        test(whatever_it_does_comes_back_as_files),
        test(nothing_is_written_or_read_outside),
        test(what_does_not_end_is_ended),
        test(who_sleeps_rests_and_who_wants_a_processor_does_not),
        test(a_fork_bomb_ends),
        test(a_full_disk_and_eaten_memory_stay_inside),
        test(odd_files_do_not_hold_up_their_return),
    };

    if (is_forbidden_here())
        return FORBIDDEN;
    return run_tests(tests);
}
