/* Plays what was planned: a child for each item, as many side by side as asked, a watchdog on
 * kernel time, and a line of progress on a terminal. */
#include "scenarios/engine/run.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "scenarios/engine/keeper.h"
#include "scenarios/engine/packets_cut.h"
#include "scenarios/engine/progress.h"
#include "scenarios/engine/results.h"
#include "scenarios/judge/rogues.h"
#include "scenarios/engine/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRESS_EVERY_NS 100000000 /* of kernel time, a look on a terminal */

struct job {
    struct runner *runner;
    struct run_item *item;
    size_t index;
    pid_t pid;
    int pidfd, progress_fd;
    int64_t started_ns;
    struct loop_watch *watch, *progress;
    struct loop_timer *watchdog;
};

struct runner {
    struct run *run;
    struct loop *loop;
    struct progress *progress;
    size_t next, running, done;
    struct job jobs[RUN_JOBS_MAX];
    struct keeper *keepers[RUN_JOBS_MAX]; /* of each job's lab; NULL: none was needed so far */
    struct err *err;
    int code;
};

static void jobs_start(struct runner *x);

/* --- in the child --------------------------------------------------------------------------- */

struct teller {
    int fd;
    int64_t last_ns;
};

static void tell(void *arg, ms_t domain_now, const char *text)
{
    struct teller *t = arg;
    int64_t now = clk_kernel_ns();
    char line[256];
    int len;

    if (now - t->last_ns < PROGRESS_EVERY_NS)
        return;
    t->last_ns = now;
    len = snprintf(line, sizeof line, "%lld %s\n", (long long)domain_now, text);
    if (len > 0 && write(t->fd, line, ms_min(len, (int)sizeof line - 1)) < 0)
        t->last_ns = INT64_MAX; /* nobody listens any more */
}

static int (*const plays[STAGE_COUNT])(const struct stage_run *, struct ev_list *, struct err *) = {
    [STAGE_SIM] = stage_sim, [STAGE_LOOPBACK] = stage_loopback, [STAGE_NETNS] = stage_netns};

static int item_play(const struct run *r, struct run_item *item, struct keeper *keeper,
                     int progress_fd)
{
    struct teller teller = {.fd = progress_fd};
    struct stage_run s = {.script = &item->script,
                          .lab = &item->lab,
                          .manifest = item->stage == STAGE_SIM ? NULL : &r->manifest,
                          .features = r->features,
                          .bootstrap = text_is(r->manifest.provision, "bootstrap"),
                          .rogue = r->rogue ? r->rogue->name : "",
                          .seed = item->seed,
                          .clock = item->clock,
                          .factor = item->factor,
                          .proxy = r->options.proxy,
                          .packets = true,
                          .keeper = keeper,
                          .out_dir = item->dir,
                          .bin_dir = r->options.bin,
                          .budget_ms = SECONDS(RUN_BUDGET_S),
                          .progress = tell,
                          .progress_arg = &teller};
    struct err e = {0};
    char path[1100];
    int code;

    code = plays[item->stage](&s, &item->journal, &e);
    snprintf(path, sizeof path, "%s/broken.txt", item->dir);
    if (code < 0 && file_write(path, e.text, strlen(e.text), 0644, NULL) < 0)
        return 2;
    snprintf(path, sizeof path, "%s/journal.jsonl", item->dir);
    return journal_file_write(path, &item->journal, &e) < 0 ? 2 : 0;
}

/* --- in the parent -------------------------------------------------------------------------- */

static void item_read_back(struct run_item *item)
{
    SCOPED(buf_drop) struct buf text = {0};
    struct err e = {0};
    char path[1100];

    buf_init(&text, sizeof item->broken - 1);
    snprintf(path, sizeof path, "%s/broken.txt", item->dir);
    if (file_exists(path) && file_read(path, &text, NULL) == 0)
        text_copy(item->broken, sizeof item->broken, buf_text(&text));
    snprintf(path, sizeof path, "%s/journal.jsonl", item->dir);
    if (file_exists(path) && journal_file_read(path, &item->journal, &e) < 0 &&
        *item->broken == '\0')
        text_copy(item->broken, sizeof item->broken, e.text);
}

/* A story that was not played, or whose stage broke, has no verdict of its own on any rule. */
static void item_judge(const struct run *r, struct run_item *item)
{
    const enum verdict v =
        text_begins(item->broken, "skipped: ") ? VERDICT_SKIPPED : VERDICT_HARNESS_ERROR;
    struct judgement *j = &item->judgement;

    judge_story(&item->script, &item->journal, r->features, j);
    text_copy(j->over, sizeof j->over, item->over);
    j->stage = item->stage;
    j->clock = item->clock;
    j->seed = item->seed;
    if (*item->broken == '\0')
        return;
    j->overall = v;
    j->expected = v == VERDICT_SKIPPED; /* nothing was played, and nothing has gone wrong */
    for (size_t i = 0; i < j->n; i++) {
        if (j->at[i].verdict == VERDICT_FAIL)
            continue; /* shown by events that are there */
        j->at[i].verdict = v;
        snprintf(j->at[i].note, sizeof j->at[i].note, "%.250s", item->broken);
    }
}

static struct keeper **keeper_of(struct job *j)
{
    return &j->runner->keepers[j - j->runner->jobs];
}

/* After a run that broke, who knows who is in its lab still, and whether there is a keeper. */
static void lab_return(struct job *j)
{
    struct keeper **k = keeper_of(j);
    if (*k != NULL && (*j->item->broken != '\0' || !keeper_back(*k)))
        keeper_free(STEAL(*k));
}

static void job_end(struct job *j)
{
    struct runner *x = j->runner;
    int status = 0;

    loop_watch_remove(&j->watch);
    loop_watch_remove(&j->progress);
    loop_timer_free(&j->watchdog);
    if (waitpid(j->pid, &status, 0) < 0)
        status = 0;
    close(j->pidfd);
    close(j->progress_fd);
    j->item->took_ms = (clk_kernel_ns() - j->started_ns) / 1000000;
    item_read_back(j->item);
    if (*j->item->broken == '\0' && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        snprintf(j->item->broken, sizeof j->item->broken, "the run's own process ended with %s %d",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    lab_return(j);
    item_judge(x->run, j->item);
    packets_cut(j->item, x->run->options.keep_packets);
    progress_done(x->progress, j->index, j->item);
    j->item = NULL;
    x->running--;
    x->done++;
    jobs_start(x);
}

static void on_exit_of_child(void *arg, uint32_t events)
{
    (void)events;
    job_end(arg);
}

static void on_progress(void *arg, uint32_t events)
{
    struct job *j = arg;
    char text[512];
    ssize_t n = read(j->progress_fd, text, sizeof text - 1);

    (void)events;
    if (n <= 0) {
        loop_watch_remove(&j->progress);
        return;
    }
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    progress_show(j->runner->progress, j->index, j->item, text);
}

static void on_watchdog(void *arg)
{
    struct job *j = arg;

    snprintf(j->item->broken, sizeof j->item->broken,
             "the run took longer than its budget of %d s of real time and was ended",
             RUN_BUDGET_S);
    kill(j->pid, SIGKILL);
}

static int job_fork(struct job *j)
{
    int fds[2];
    pid_t parent = getpid();

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(j->runner->err, "a pipe for progress");
    fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(2);
        close(fds[0]);
        _exit(item_play(j->runner->run, j->item, *keeper_of(j), fds[1]));
    }
    close(fds[1]);
    j->progress_fd = fds[0];
    if (j->pid < 0)
        return err_errno(j->runner->err, "a process for %s", j->item->script.name);
    j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
    return j->pidfd < 0 ? err_errno(j->runner->err, "pidfd_open") : 0;
}

static int job_start(struct runner *x, struct job *j, size_t index)
{
    int r;

    *j = (struct job){
        .runner = x, .item = x->run->items[index], .index = index, .started_ns = clk_kernel_ns()};
    r = file_mkdirs(j->item->dir, 0755, x->err);
    if (r == 0 && j->item->stage == STAGE_NETNS && *keeper_of(j) == NULL)
        r = keeper_new(keeper_of(j), x->err);
    if (r == 0)
        r = job_fork(j);
    if (r == 0)
        r = loop_watch_add(x->loop, j->pidfd, EPOLLIN, on_exit_of_child, j, &j->watch, x->err);
    if (r == 0)
        r = loop_watch_add(x->loop, j->progress_fd, EPOLLIN, on_progress, j, &j->progress, x->err);
    if (r < 0)
        return r;
    j->watchdog = loop_timer_new(x->loop, on_watchdog, j);
    loop_timer_set(j->watchdog, loop_now(x->loop) + SECONDS(RUN_BUDGET_S + 10));
    x->running++;
    return 0;
}

static struct job *job_free_place(struct runner *x)
{
    for (int64_t i = 0; i < x->run->options.jobs; i++)
        if (x->jobs[i].item == NULL)
            return &x->jobs[i];
    return NULL;
}

static void jobs_start(struct runner *x)
{
    struct job *j;

    while (x->code == 0 && x->next < x->run->n && (j = job_free_place(x)) != NULL) {
        size_t index = x->next++;

        if (*x->run->items[index]->broken != '\0' ||
            x->run->items[index]->unsupported) { /* kept off by the plan */
            item_judge(x->run, x->run->items[index]);
            progress_done(x->progress, index, x->run->items[index]);
            x->done++;
            continue;
        }
        x->code = job_start(x, j, index);
    }
    if (x->code < 0 || x->done == x->run->n)
        loop_stop(x->loop);
}

/* The launch contract is probed once before the first story (GP-20): a gateway that fails it would
 * only produce misleading verdicts. */
static int probe(const struct run *r, struct err *e)
{
    const struct run_item *first = run_first_real(r);
    struct stage_run s = {.script = &first->script,
                          .lab = &first->lab,
                          .manifest = &r->manifest,
                          .features = r->features,
                          .seed = first->seed,
                          .clock = first->clock,
                          .factor = first->factor,
                          .out_dir = r->options.out,
                          .bin_dir = r->options.bin,
                          .budget_ms = SECONDS(RUN_BUDGET_S)};

    return first->stage == STAGE_SIM ? 0 : stage_probe(first->stage, &s, e);
}

int run_play(struct run *r, struct err *e)
{
    struct runner x = {.run = r, .err = e};
    struct judgement *all = calloc(r->n, sizeof *all);

    if (all == NULL)
        WRONG("out of memory");
    x.code = file_mkdirs(r->options.out, 0755, e);
    results_remove(r);
    if (x.code == 0)
        x.code = probe(r, e);
    if (x.code == 0)
        x.code = loop_new(&x.loop, NULL, e);
    if (x.code == 0) {
        x.progress = progress_new(r);
        jobs_start(&x);
        if (x.code == 0 && x.done < r->n)
            loop_run(x.loop);
        progress_free(x.progress);
        loop_free(x.loop);
        for (size_t i = 0; i < RUN_JOBS_MAX; i++)
            keeper_free(x.keepers[i]);
    }
    for (size_t i = 0; i < r->n; i++)
        all[i] = r->items[i]->judgement;
    if (x.code == 0)
        summarise(all, r->n, &r->summary);
    free(all);
    return x.code;
}
