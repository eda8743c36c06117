/* Gateways that break the launch contract, each in a whole run: what the journal says about them,
 * and that nothing of them is left. */
#include "tests/netns/in_lab.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX KIB(256)
#define FACTOR         100 /* a program has three seconds to be itself, */
#define FACTOR_MIN     25  /* and four times that on a machine that has other work */
#define BUDGET_MS      SECONDS(60)

/* The never keeps the run going: these gateways never get that far. */
#define STORY(act)                                                                                 \
    "scenario \"a gateway on its own\"\nsite shape nat\nat 0s gateway installs\n" act              \
    "never gateway is Running for 9m\nrun 10m\n"
#define LEFT_ALONE STORY("")
#define KILLED     STORY("at 5m gateway dies\n")
#define STOPPED    STORY("at 5m gateway stops\n")

struct trial {
    struct script script;
    struct lab lab;
    struct manifest manifest;
    struct ev_list journal;
    struct stage_run run;
    char out[512];
};

static void out_folder(struct trial *x, const char *gateway)
{
    const char *build = getenv("GATEPROOF_BUILD");
    struct err e;
    char log[600];
    snprintf(x->out, sizeof(x->out), "%s/launch-test/%s", build != NULL ? build : "/tmp", gateway);
    must(file_mkdirs(x->out, 0755, &e), &e);
    snprintf(log, sizeof(log), "%s/gateway.log", x->out);
    (void)remove(log);
}

static struct trial *prepare(const char *gateway, const char *story)
{
    struct trial *x = calloc(1, sizeof(*x));
    struct buf b;
    struct err e;
    buf_init(&b, FILE_BYTES_MAX);
    must(file_read("scenarios/labs/nat.json", &b, &e), &e);
    must(lab_read("nat.json", buf_text(&b), b.len, &x->lab, &e), &e);
    buf_drop(&b);
    must(script_read("launch.scn", story, NULL, &x->script, &e), &e);
    x->manifest = (struct manifest){.contract = 1,
                                    .profile = "1.0",
                                    .name = "misbehaving",
                                    .n_command = 1,
                                    .dir = "tests/netns/gateways",
                                    .start_seconds = 1,
                                    .stop_seconds = 1};
    snprintf(x->manifest.command[0], sizeof(x->manifest.command[0]), "./%s.sh", gateway);
    out_folder(x, gateway);
    ev_list_init(&x->journal);
    x->run = (struct stage_run){.script = &x->script,
                                .lab = &x->lab,
                                .manifest = &x->manifest,
                                .features = "pcg",
                                .seed = 7,
                                .clock = CLOCK_WALL,
                                .factor = FACTOR,
                                .out_dir = x->out,
                                .bin_dir = getenv("GATEPROOF_BIN"),
                                .budget_ms = BUDGET_MS};
    return x;
}

static struct trial *play_at(int factor, const char *gateway, const char *story)
{
    struct trial *x = prepare(gateway, story);
    struct err e;
    x->run.factor = factor;
    must(stage_netns(&x->run, &x->journal, &e), &e);
    return x;
}

static struct trial *play(const char *gateway, const char *story)
{
    return play_at(FACTOR, gateway, story);
}

static void drop(struct trial *x)
{
    ev_list_drop(&x->journal);
    free(x);
}

/* Again, with twice the time, while the program did not come to it. */
static struct trial *play_until(bool (*met)(const struct trial *x), const char *gateway,
                                const char *story)
{
    struct trial *x = play(gateway, story);
    for (int factor = FACTOR / 2; !met(x) && factor >= FACTOR_MIN; factor /= 2) {
        drop(x);
        x = play_at(factor, gateway, story);
    }
    return x;
}

/* The first record of a program with that kind, or NULL. */
static const struct event *prog(const struct trial *x, const char *kind)
{
    for (size_t i = 0; i < x->journal.n; i++) {
        const struct event *e = ev_list_at(&x->journal, i);
        if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") && ev_is(e, EVF_KIND, kind))
            return e;
    }
    return NULL;
}

static void log_read(const struct trial *x, struct buf *b)
{
    char path[600];
    struct err e;
    snprintf(path, sizeof(path), "%s/gateway.log", x->out);
    buf_init(b, MIB(80));
    must(file_read(path, b, &e), &e);
}

static bool has_ended(const struct trial *x, enum ev_field what, int64_t how)
{
    return prog(x, "exited") && ev_int(prog(x, "exited"), what) == how;
}

static bool has_stopped_well(const struct trial *x)
{
    return prog(x, "stopped") && has_ended(x, EVF_STATUS, 0);
}

static void a_quiet_gateway_is_stopped_in_good_order(void **state)
{
    struct trial *x = play_until(has_stopped_well, "keeps-quiet", STOPPED);
    (void)state;
    assert_true(has_stopped_well(x));
    assert_null(prog(x, "hung"));
    assert_null(prog(x, "forked-away"));
    drop(x);
}

static bool has_crashed(const struct trial *x)
{
    return has_ended(x, EVF_SIGNAL, 11);
}

static void a_crash_is_told_with_its_signal(void **state)
{
    struct trial *x = play_until(has_crashed, "crashes", LEFT_ALONE);
    (void)state;
    assert_true(has_crashed(x));
    assert_null(prog(x, "stopped"));
    drop(x);
}

static bool has_ended_with_3(const struct trial *x)
{
    return has_ended(x, EVF_STATUS, 3);
}

static void an_end_of_its_own_is_told_with_its_status(void **state)
{
    struct trial *x = play_until(has_ended_with_3, "ends", LEFT_ALONE);
    (void)state;
    assert_true(has_ended_with_3(x));
    drop(x);
}

static bool has_hung(const struct trial *x)
{
    return prog(x, "hung") != NULL;
}

/* TERM is not heard: after stop_seconds it counts as hung, and KILL ends it. */
static void a_gateway_that_does_not_hear_term_is_hung(void **state)
{
    struct trial *x = play_until(has_hung, "hangs", STOPPED);
    (void)state;
    assert_non_null(prog(x, "hung"));
    assert_int_equal(ev_int(prog(x, "signalled"), EVF_SIGNAL), 9);
    assert_int_equal(ev_int(prog(x, "exited"), EVF_SIGNAL), 9);
    drop(x);
}

static bool has_flooded(const struct trial *x)
{
    return prog(x, "flooded") != NULL;
}

/* The bound holds on disk, and the run goes on: the flood is drained. */
static void a_flood_is_told_and_cut(void **state)
{
    struct trial *x = play_until(has_flooded, "floods", LEFT_ALONE);
    struct stat st;
    char path[600];
    (void)state;
    assert_non_null(prog(x, "flooded"));
    snprintf(path, sizeof(path), "%s/gateway.log", x->out);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, MIB(64));
    (void)remove(path);
    drop(x);
}

static bool has_forked_away(const struct trial *x)
{
    return prog(x, "forked-away") != NULL;
}

static void what_outlives_a_kill_is_told_and_ended(void **state)
{
    struct trial *x = play_until(has_forked_away, "forks-away", KILLED);
    (void)state;
    assert_int_equal(ev_int(prog(x, "signalled"), EVF_SIGNAL), 9);
    assert_non_null(prog(x, "forked-away"));
    drop(x);
}

/* A wrapper's gateway may live in a container: its own command runs besides KILL (GP-4). */
static void a_kill_command_runs_with_the_run_put_in(void **state)
{
    struct trial *x = prepare("keeps-quiet", KILLED);
    struct buf b;
    struct err e;
    char path[600];
    (void)state;
    x->manifest.n_kill = 2;
    snprintf(x->manifest.kill_command[0], MANIFEST_WORD_MAX, "./kills.sh");
    snprintf(x->manifest.kill_command[1], MANIFEST_WORD_MAX, "x-$GP_RUN.");
    must(stage_netns(&x->run, &x->journal, &e), &e);
    assert_int_equal(ev_int(prog(x, "exited"), EVF_SIGNAL), 9);
    assert_null(prog(x, "forked-away"));
    snprintf(path, sizeof(path), "%s/kill-command.log", x->out);
    buf_init(&b, KIB(4));
    must(file_read(path, &b, &e), &e);
    assert_text(buf_text(&b), "asked to kill x-gp-00000007-1.\n");
    buf_drop(&b);
    drop(x);
}

/* Children in the group die with it: that is no fault. */
static void children_in_the_group_are_no_strays(void **state)
{
    struct trial *x = play("has-children", KILLED);
    (void)state;
    assert_int_equal(ev_int(prog(x, "exited"), EVF_SIGNAL), 9);
    assert_null(prog(x, "forked-away"));
    drop(x);
}

/* How often the pairing code was seen there, and nothing else anywhere. */
static size_t code_hits(const struct trial *x, const char *where)
{
    size_t hits = 0;
    for (size_t i = 0; i < x->journal.n; i++) {
        const struct event *e = ev_list_at(&x->journal, i);
        if (e->kind != EV_SECRET_HIT)
            continue;
        assert_text(ev_text(e, EVF_NAME), "pairing-code");
        assert_text(ev_text(e, EVF_WHERE), where);
        hits++;
    }
    return hits;
}

static bool has_told(const struct trial *x)
{
    bool told = false;
    for (size_t i = 0; i < x->journal.n; i++)
        told = told || ev_list_at(&x->journal, i)->kind == EV_SECRET_HIT;
    return told;
}

static void a_secret_in_two_pieces_of_output_is_seen(void **state)
{
    struct trial *x = play_until(has_told, "prints-the-code", STOPPED);
    (void)state;
    assert_int_equal(code_hits(x, "output"), 1);
    drop(x);
}

/* Once on each of the three links that it crosses. */
static void a_secret_in_clear_text_is_seen_on_every_link(void **state)
{
    struct trial *x = play_until(has_told, "talks-in-clear", STOPPED);
    (void)state;
    assert_int_equal(code_hits(x, "clear text"), 3);
    drop(x);
}

static bool has_shown_all(const struct trial *x)
{
    struct buf b;
    log_read(x, &b);
    const bool shown = strstr(buf_text(&b), "settings ") != NULL;
    buf_drop(&b);
    return shown;
}

/* GP-6, GP-19 and no privilege at all, seen from inside. */
static void a_gateway_gets_exactly_what_the_contract_says(void **state)
{
    struct trial *x = play_until(has_shown_all, "shows-itself", STOPPED);
    struct buf b;
    (void)state;
    log_read(x, &b);
    assert_non_null(strstr(
        buf_text(&b), "GP_ACCOUNT_NAME GP_CONTRACT GP_FEATURES GP_MAAS_URL GP_PALETTE_CA_FILE "
                      "GP_PALETTE_URL GP_PCG_UID GP_PROFILE GP_RUN GP_SECRETS_DIR GP_STATE_DIR "
                      "HOME LANG PATH TMPDIR TZ \n"));
    assert_non_null(strstr(buf_text(&b), "CapEff: 0000000000000000 CapBnd: 0000000000000000 "
                                         "NoNewPrivs: 1 "));
    assert_non_null(strstr(buf_text(&b), "descriptors 0 1 2 3 \n"));
    assert_non_null(strstr(buf_text(&b), "nameserver 10.10.0.53\n"));
    assert_non_null(strstr(buf_text(&b), "hosts 0\n"));
    assert_non_null(strstr(buf_text(&b), "settings closed\n"));
    buf_drop(&b);
    drop(x);
}

static void the_probe_takes_a_gateway_that_keeps_the_contract(void **state)
{
    struct trial *x = prepare("keeps-quiet", LEFT_ALONE);
    struct err e;
    (void)state;
    must(stage_probe(STAGE_NETNS, &x->run, &e), &e);
    drop(x);
}

static void the_probe_refuses_one_that_does_not_hear_term(void **state)
{
    struct trial *x = prepare("hangs", LEFT_ALONE);
    struct err e;
    (void)state;
    assert_true(stage_probe(STAGE_NETNS, &x->run, &e) < 0);
    assert_non_null(strstr(e.text,
                           "misbehaving does not keep the launch contract: started with all "
                           "it needs and then sent TERM it ended with signal 9"));
    drop(x);
}

/* Nothing can be started: that is told with the name of what was asked for. */
static void a_command_that_is_not_there_is_told(void **state)
{
    struct trial *x = prepare("no-such-gateway", LEFT_ALONE);
    struct err e;
    (void)state;
    assert_true(stage_probe(STAGE_NETNS, &x->run, &e) < 0);
    assert_non_null(strstr(e.text, "start ./no-such-gateway.sh: No such file or directory"));
    drop(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_quiet_gateway_is_stopped_in_good_order),
        test(a_crash_is_told_with_its_signal),
        clause_test(an_end_of_its_own_is_told_with_its_status, CLAUSE(16)),
        test(a_gateway_that_does_not_hear_term_is_hung),
        clause_test(a_flood_is_told_and_cut, CLAUSE(18)),
        test(what_outlives_a_kill_is_told_and_ended),
        test(a_kill_command_runs_with_the_run_put_in),
        test(children_in_the_group_are_no_strays),
        clause_test(a_secret_in_two_pieces_of_output_is_seen, CLAUSE(18)),
        test(a_secret_in_clear_text_is_seen_on_every_link),
        clause_test(a_gateway_gets_exactly_what_the_contract_says, CLAUSE(6), CLAUSE(7)),
        clause_test(the_probe_takes_a_gateway_that_keeps_the_contract, CLAUSE(20)),
        clause_test(the_probe_refuses_one_that_does_not_hear_term, CLAUSE(20)),
        test(a_command_that_is_not_there_is_told),
    };
    return run_in_namespaces(tests);
}
