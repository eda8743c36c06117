/* Gateways that break their contract, each in a whole run of the program: every run ends in time,
 * with a sentence of its own and the status of the exit table, and nothing of it lives on.
 * Each run's parent is a subreaper, so that whatever the run leaves behind becomes its child. */
#include "tests/netns/in_lab.h"

#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "scenarios/engine/stage.h"
#include "tests/wire/cli_refuses.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS SECONDS(90)
#define GATEWAYS    "tests/netns/gateways"
#define OUTPUT_MAX  (64L * 1024 * 1024) /* GP-18 */

/* The never keeps the run going to its end: none of these gateways ever gets so far. */
#define STORY(act)                                                                                 \
    "scenario \"a gateway that breaks its contract\"\nwall factor 200\nsite shape nat\n"           \
    "at 0s gateway installs\nby 25m gateway is Running [REG-2]\n" act                              \
    "never gateway is Running for 29m\n"                                                           \
    "end output of gateway holds no secret [REG-4]\nrun 30m\n"
#define ALONE   STORY("")
#define KILLED  STORY("at 26m gateway dies\n")
#define STOPPED STORY("at 26m gateway stops\n")

struct hostile {
    const char *gateway; /* script in the folder gateways */
    const char *story, *clock;
    int status;
    const char *words[6]; /* each stands in what the program said */
};

static const struct hostile probed[] = {
    {"crashes", ALONE, "wall", 2, {"launch contract", "signal 11", "GP-20"}},
    {"ends", ALONE, "wall", 2, {"launch contract", "status 3", "GP-20"}},
    {"hangs", ALONE, "wall", 2, {"launch contract", "TERM", "signal 9", "GP-12"}},
    {"refuses", ALONE, "wall", 2, {"launch contract", "89", "GP-20"}},
    {"takes-all", ALONE, "wall", 2, {"unknown feature", "GP-9"}},
    {"no-interpreter", ALONE, "wall", 2, {"no-interpreter.sh", "No such file"}},
    {"keeps-quiet", ALONE, "stepped", 2, {"stepped"}},
};

static const struct hostile judged[] = {
    {"crashes-later", ALONE, "wall", 1, {"LAUNCH", "fail", "signal 11", "GP-16"}},
    {"ends-later", ALONE, "wall", 1, {"LAUNCH", "fail", "status 1", "GP-16"}},
    {"refuses-later", ALONE, "wall", 1, {"undeclared", "89"}},
    {"keeps-quiet", ALONE, "wall", 1, {"REG-2", "fail"}},
    {"deaf-later", STOPPED, "wall", 1, {"LAUNCH", "fail", "TERM", "GP-12"}},
    {"floods", ALONE, "wall", 1, {"LAUNCH", "fail", "GP-18"}},
    {"forks-away", KILLED, "wall", 1, {"LAUNCH", "fail", "GP-13"}},
    {"prints-the-code", ALONE, "wall", 1, {"REG-4", "fail", "pairing-code", "GP-103"}},
};

/* --- what is left --------------------------------------------------------------------------------
 */

static void name_of_child(char *out, size_t size)
{
    static const char path[] = "/proc/thread-self/children";
    char line[128] = "", comm[64];
    struct err e;

    snprintf(out, size, "?");
    if (file_read_line(path, line, sizeof(line), &e) < 0)
        return;
    snprintf(comm, sizeof(comm), "/proc/%ld/comm", strtol(line, NULL, 10));
    if (file_read_line(comm, out, size, &e) < 0)
        snprintf(out, size, "?");
}

/* Dead ones are fine: they are ours to bury. One that lives is what the run left behind. */
static bool nothing_lives(char *ret_name, size_t size)
{
    for (;;) {
        const pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0)
            return errno == ECHILD;
        if (pid == 0) {
            name_of_child(ret_name, size);
            return false;
        }
    }
}

/* --- one run -------------------------------------------------------------------------------------
 */

static void copy_gateways(const struct cli_room *room)
{
    struct dirent **names;
    const int n = scandir(GATEWAYS, &names, NULL, NULL);

    assert_true(n > 2);
    for (int i = 0; i < n; i++) {
        char from[2 * CLI_PATH_MAX], to[2 * CLI_PATH_MAX];
        struct stat st;
        struct buf b;

        snprintf(from, sizeof(from), GATEWAYS "/%s", names[i]->d_name);
        snprintf(to, sizeof(to), "gw/%s", names[i]->d_name);
        free(names[i]);
        if (stat(from, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        cli_read(from, &b);
        cli_file(room, to, b.data, b.len, 0755);
        buf_drop(&b);
    }
    free(names);
}

static const char *manifest_write(const struct cli_room *room, const struct hostile *h)
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"contract\": 1, \"profile\": \"1.0\", \"name\": \"%s\", \"vendor\": \"Nobody\","
             " \"version\": \"1\", \"command\": [\"./%s.sh\"], \"features\": [\"pcg\"],"
             " \"provision\": \"full\", \"clock\": [\"%s\"],"
             " \"start_seconds\": 1, \"stop_seconds\": 1}",
             h->gateway, h->gateway, h->clock);
    return cli_text(room, "gw/gateway.json", text);
}

static void said_all(struct cli_tally *t, const struct hostile *h, const struct cli_end *end)
{
    for (size_t i = 0; h->words[i]; i++)
        if (!strstr(buf_text(&end->out), h->words[i]) && !strstr(buf_text(&end->err), h->words[i]))
            buf_printf(&t->complaints, "%s: nobody says '%s':\n%s%s", h->gateway, h->words[i],
                       buf_text(&end->out), buf_text(&end->err));
}

static void hostile_play(struct cli_tally *t, const struct hostile *h)
{
    const char *args[] = {"run", "900",       "--stage", "netns",   "--data", NULL, "--out",
                          NULL,  "--gateway", NULL,      "--clock", h->clock, NULL};
    /* the clock of who declares no other: nobody has to ask for it, and it is said */
    const bool is_wall = strcmp(h->clock, "wall") == 0;
    struct cli_room room;
    struct cli_end end;
    struct stat st;
    char left[64] = "";

    cli_room_new(&room);
    args[5] = room.data;
    args[7] = room.out;
    if (is_wall)
        args[10] = NULL;
    copy_gateways(&room);
    cli_text(&room, "stories/900-hostile.scn", h->story);
    args[9] = manifest_write(&room, h);
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    if (!nothing_lives(left, sizeof(left)))
        buf_printf(&t->complaints, "%s: a process is left behind: %s\n", h->gateway, left);
    if (end.status != h->status)
        buf_printf(&t->complaints, "%s: status %d, not %d:\n%s%s", h->gateway, end.status,
                   h->status, buf_text(&end.out), buf_text(&end.err));
    said_all(t, h, &end);
    if (is_wall != (strstr(buf_text(&end.err), "gateproof: clock wall: the manifest does not "
                                               "declare stepped") != NULL))
        buf_printf(&t->complaints, "%s: the clock:\n%s", h->gateway, buf_text(&end.err));
    if (stat(cli_path(&room, "report/900-hostile.netns.wall/gateway.log"), &st) == 0)
        assert_true(st.st_size <= OUTPUT_MAX);
    cli_end_drop(&end);
    cli_room_drop(&room);
}

/* 0 as it should be; else the complaints are told already. */
static int play_alone(const struct hostile *h)
{
    struct cli_tally t;
    bool well;

    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return 1;
    cli_tally_init(&t);
    hostile_play(&t, h);
    fputs(buf_text(&t.complaints), stderr);
    well = t.complaints.len == 0;
    buf_drop(&t.complaints);
    return well ? 0 : 1;
}

/* All at once, each in a process of its own: a run mostly waits, for a gateway that does nothing.
 */
static void hostiles_play(const struct hostile *rows, size_t n)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++) {
        const pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(play_alone(&rows[i]));
    }
    for (size_t i = 0; i < n; i++) {
        int status = 0;

        assert_true(wait(&status) > 0);
        wrong += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    assert_int_equal(wrong, 0);
}

/* GP-20: the probe's failure is one sentence and no verdict. */
static void who_breaks_the_launch_contract_is_not_judged(void **state)
{
    (void)state;
    hostiles_play(probed, COUNTOF(probed));
}

static void who_misbehaves_later_gets_a_verdict(void **state)
{
    (void)state;
    hostiles_play(judged, COUNTOF(judged));
}

/* --- this machine, and the labs ------------------------------------------------------------------
 */

/* A typing error in a ruleset is bad input, and no story has begun when it is told. */
static void a_ruleset_that_the_kernel_refuses_is_told_before_the_start(void **state)
{
    const char *args[] = {"run", "900", "--stage", "netns", "--data", NULL, "--out", NULL, NULL};
    static const char *const looks[] = {"show", "up"};
    char place[CLI_PATH_MAX + 128];
    struct cli_tally t;
    struct cli_room room;
    struct buf lab;
    char *rule;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&room);
    args[5] = room.data;
    args[7] = room.out;
    cli_text(&room, "stories/900-hostile.scn", ALONE);
    cli_read("scenarios/labs/nat.json", &lab);
    rule = strstr(lab.data, "masquerade");
    assert_non_null(rule);
    memcpy(rule, "masqueradd", strlen("masqueradd"));
    cli_file(&room, "labs/nat.json", lab.data, lab.len, 0644);
    snprintf(place, sizeof(place),
             "gateproof: %s/labs/nat.json: hosts[3].nft (site-router): "
             "nftables: line 12: syntax error, unexpected newline\n",
             room.data);
    cli_refuses(&t, &room, "a typing error in a ruleset", args, NULL,
                (const char *const[]){place, NULL});
    for (size_t i = 0; i < COUNTOF(looks); i++)
        cli_refuses(&t, &room, looks[i],
                    (const char *const[]){"lab", looks[i], "nat", "--data", room.data, NULL}, NULL,
                    (const char *const[]){place, NULL});
    buf_drop(&lab);
    cli_room_drop(&room);
    cli_tally_end(&t);
}

static bool written(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    const bool ok = f && fputs(text, f) >= 0;

    return f && fclose(f) == 0 && ok;
}

/* In a user namespace of its own a process may forbid itself, and its children, all further ones.
 */
static bool namespaces_are_forbidden(const char *kind)
{
    char map[64], path[64];

    snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
    snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kind);
    return unshare(CLONE_NEWUSER) == 0 && written("/proc/self/uid_map", map) && written(path, "0");
}

/* 0 as it should be; else what is wrong, for the test that waits. */
static int play_where_it_is_forbidden(const struct cli_room *room, const char *kind, bool by_name)
{
    const char *args[] = {"run",
                          "900",
                          "--data",
                          room->data,
                          "--out",
                          room->out,
                          by_name ? "--stage" : "--jobs",
                          by_name ? "netns" : "1",
                          NULL};
    struct cli_end end;
    int wrong = 0;

    char remedy[64];

    snprintf(remedy, sizeof(remedy), "sysctl -w user.max_%s_namespaces=15000;", kind);
    if (!namespaces_are_forbidden(kind))
        return 10;
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    if (end.status != 2)
        wrong = 1;
    else if (!strstr(buf_text(&end.err), remedy))
        wrong = 2;
    else if (by_name && (file_exists(room->out) || end.out.len > 0))
        wrong = 3;
    else if (!by_name && !strstr(buf_text(&end.out), "simulator only"))
        wrong = 4;
    cli_end_drop(&end);
    return wrong;
}

/* Who asks for the network by name must not be given a simulation; who asks for nothing is, and is
 * told so on stdout and by the status. */
static void a_stage_that_is_forbidden_here_is_not_replaced_in_silence(void **state)
{
    static const char *const kinds[] = {"user", "net", "mnt", "pid"};
    (void)state;
    for (size_t i = 0; i <= COUNTOF(kinds); i++) {
        struct cli_room room;
        int status = 0;
        pid_t pid;

        cli_room_new(&room);
        cli_text(&room, "stories/900-hostile.scn", ALONE);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(play_where_it_is_forbidden(&room, kinds[i > 0 ? i - 1 : 0], i > 0));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        cli_room_drop(&room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_ruleset_that_the_kernel_refuses_is_told_before_the_start),
        test(a_stage_that_is_forbidden_here_is_not_replaced_in_silence),
        test(who_breaks_the_launch_contract_is_not_judged),
        test(who_misbehaves_later_gets_a_verdict),
    };
    return run_in_namespaces(tests);
}
