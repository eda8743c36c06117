#include "tests/test.h"

#include "tests/wire/program.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_patience(void *arg)
{
    ((struct program *)arg)->out_of_patience = true;
}

static void on_out(void *arg, uint32_t events)
{
    struct program *p = arg;
    char bytes[4096];
    ssize_t n = read(p->out_fd, bytes, sizeof(bytes));

    (void)events;
    if (n > 0)
        buf_add(&p->out, bytes, (size_t)n);
    else if (n == 0)
        loop_watch_remove(&p->on_out);
}

static void on_end(void *arg, uint32_t events)
{
    struct program *p = arg;

    (void)events;
    if (waitpid(p->pid, &p->status, WNOHANG) != p->pid)
        return;
    p->ended = true;
    loop_watch_remove(&p->on_end);
}

void program_start(struct program *p, struct loop *l, const char *path, char **argv, char **envp)
{
    int pipes[2];
    struct err e;

    *p = (struct program){.loop = l};
    buf_init(&p->out, MIB(1));
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)dup2(pipes[1], STDERR_FILENO);
        (void)execve(path, argv, envp);
        _exit(127);
    }
    close(pipes[1]);
    p->out_fd = pipes[0];
    p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    assert_true(p->pidfd >= 0);
    p->patience = loop_timer_new(l, on_patience, p);
    loop_timer_set(p->patience, loop_now(l) + PROGRAM_PATIENCE_MS);
    must(loop_watch_add(l, p->pidfd, EPOLLIN, on_end, p, &p->on_end, &e), &e);
    must(loop_watch_add(l, p->out_fd, EPOLLIN, on_out, p, &p->on_out, &e), &e);
}

void program_stop_listening(struct program *p)
{
    loop_watch_remove(&p->on_out);
    if (p->out_fd >= 0)
        close(p->out_fd);
    p->out_fd = -1;
}

void program_signal(const struct program *p, int signo)
{
    assert_int_equal(kill(p->pid, signo), 0);
}

int program_exit(struct program *p)
{
    while ((!p->ended || p->on_out) && !p->out_of_patience)
        loop_once(p->loop);
    if (p->out_of_patience)
        fail_msg("the program did not end; it said: %s", buf_text(&p->out));
    if (WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGABRT)
        print_error("%s\n", buf_text(&p->out));
    return WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -WTERMSIG(p->status);
}

void program_until_said(struct program *p, const char *text)
{
    while (!strstr(buf_text(&p->out), text) && p->on_out && !p->out_of_patience)
        loop_once(p->loop);
    if (!strstr(buf_text(&p->out), text))
        fail_msg("waited for '%s' and the program said: %s", text, buf_text(&p->out));
}

void program_drop(struct program *p)
{
    if (!p->pid)
        return;
    if (!p->ended) {
        (void)kill(p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    loop_watch_remove(&p->on_end);
    program_stop_listening(p);
    close(p->pidfd);
    loop_timer_free(&p->patience);
    buf_drop(&p->out);
    *p = (struct program){0};
}
