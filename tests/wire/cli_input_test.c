/* Files that a user spoils: stories, labs, manifests. Each gives one line with place and remedy,
 * status 3, and nothing was started: no report folder, no process. */
#include "tests/test.h"

#include "lib/io/file.h"
#include "tests/wire/cli_refuses.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORY "900-wrong"
#define FILE_ "900-wrong.scn"
#define BIG   MIB(3)

static void refuses_run(struct cli_tally *t, const struct cli_room *r, const char *what,
                        const char *stage, const char *manifest, const char *const *words)
{
    const char *args[] = {"run",     STORY, "--data", r->data, "--out", r->out,
                          "--stage", stage, NULL,     NULL,    NULL};

    if (manifest) {
        args[8] = "--gateway";
        args[9] = manifest;
    }
    cli_refuses(t, r, what, args, NULL, words);
}

/* --- stories -------------------------------------------------------------------------------------
 */

#define HEAD "scenario \"a story to spoil\"\nsite shape nat\n"
#define FACT "by 5m gateway is Running [REG-2]\n"
#define RUN  FACT "run 1h\n"

struct bad_text {
    const char *what, *text;
    const char *words[WORDS_MAX];
};

static const struct bad_text bad_stories[] = {
    {"a misspelt verb", HEAD "at 0s gateway instals\n" RUN, {FILE_ ":3:", "installs"}},
    {"a misspelt first word", HEAD "att 0s gateway installs\n" RUN, {FILE_ ":3:1:", "'at'"}},
    {"a misspelt fact", HEAD "by 5m gatway is Running\n" RUN, {FILE_ ":3:", "'gateway'"}},
    {"a line of nonsense", HEAD "at 0s make it so\n" RUN, {FILE_ ":3:"}},
    {"an unknown shape", "scenario \"x\"\nsite shape moon\n" RUN, {FILE_ ":2:", "moon", "nat"}},
    {"a misspelt shape", "scenario \"x\"\nsite shape natt\n" RUN, {FILE_ ":2:", "natt", "'nat'"}},
    {"no scenario", "site shape nat\nat 0s gateway installs\n" RUN, {FILE_, "scenario"}},
    {"an unknown rule", HEAD "by 5m gateway is Running [REG-99]\n" RUN, {FILE_ ":3:", "REG-99"}},
    {"a rule that is none", HEAD "by 5m gateway is Running [reg]\n" RUN, {FILE_ ":3:", "reg"}},
    {"grades an unknown rule", HEAD "grades REG-1 NOPE-1\n" RUN, {FILE_ ":3:", "NOPE-1"}},
    {"then without by", HEAD "then +5m gateway stops\n" RUN, {FILE_ ":3:", "by"}},
    {"no run", HEAD FACT, {FILE_, "run"}},
    {"two runs", HEAD RUN "run 1h\n", {FILE_ ":5:", "run"}},
    {"two shapes", HEAD "site shape direct\n" RUN, {FILE_ ":3:", "shape"}},
    {"two scenarios", HEAD "scenario \"again\"\n" RUN, {FILE_ ":3:", "scenario"}},
    {"a time without unit", HEAD "at 5 gateway installs\n" RUN, {FILE_ ":3:4:", "5"}},
    {"a time of nonsense", HEAD "at soon gateway installs\n" RUN, {FILE_ ":3:4:", "soon"}},
    {"a time beyond all bounds",
     HEAD "at 99999999999999999999h gateway installs\n" RUN,
     {FILE_ ":3:4:"}},
    {"a run beyond all bounds", HEAD FACT "run 999999999h\n", {FILE_ ":4:"}},
    {"a run of no length", HEAD FACT "run 0s\n", {FILE_ ":4:"}},
    {"a negative time", HEAD "at -5m gateway installs\n" RUN, {FILE_ ":3:4:"}},
    {"a line after the end", HEAD FACT "at 2h gateway installs\nrun 1h\n", {FILE_ ":4:", "run"}},
    {"a count beyond all bounds",
     HEAD "end palette took 99999999999999999999 register from gateway\n" RUN,
     {FILE_ ":3:"}},
    {"expect an unknown word", HEAD "expect purple\n" RUN, {FILE_ ":3:", "purple"}},
    {"a quote that stays open", HEAD "at 0s gateway installs \"oh\n" RUN, {FILE_ ":3:"}},
    {"a tag that stays open", HEAD "by 5m gateway is Running [REG-2\n" RUN, {FILE_ ":3:"}},
    {"an empty file", "", {FILE_, "scenario"}},
    {"only comments", "# nothing\n\n# here\n", {FILE_}},
};

static void a_wrong_story_is_one_line_with_file_line_and_column(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    for (size_t i = 0; i < COUNTOF(bad_stories); i++) {
        cli_text(&r, "stories/" FILE_, bad_stories[i].text);
        refuses_run(&t, &r, bad_stories[i].what, "sim", NULL, bad_stories[i].words);
    }
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* The story of this file itself is fine: what the rows show is the spoilt line. */
static void the_story_that_is_spoilt_is_right(void **state)
{
    const char *args[] = {"run", STORY, "--stage", "sim", "--data", NULL, "--out", NULL, NULL};
    struct cli_room r;
    struct cli_end end;
    (void)state;

    cli_room_new(&r);
    args[5] = r.data;
    args[7] = r.out;
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway installs\n" RUN);
    cli_run(&end, args, NULL, false, SECONDS(20));
    if (end.status != 0)
        fail_msg("%s%s", buf_text(&end.out), buf_text(&end.err));
    cli_end_drop(&end);
    cli_room_drop(&r);
}

static void bytes_that_are_no_story_are_told_without_being_echoed(void **state)
{
    static const char garbage[] =
        "\x7f"
        "ELF\x02\x01\0\0\x1b[31m\x1b]0;owned\x07\xff\xfe\x80\r\n\0\0run 1h\n";
    static const char hidden[] =
        HEAD "at 0s gateway installs\n" RUN "\0never secret seen [REG-4]\n";
    static const char escape[] = HEAD "at 0s \x1b[31mgateway\x1b[0m installs\n" RUN;
    static const char broken[] = HEAD "at 0s gateway \xc3\x28 installs\n" RUN;
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    cli_file(&r, "stories/" FILE_, garbage, sizeof(garbage) - 1, 0644);
    refuses_run(&t, &r, "a program for a story", "sim", NULL, (const char *const[]){FILE_, NULL});
    cli_file(&r, "stories/" FILE_, hidden, sizeof(hidden) - 1, 0644);
    refuses_run(&t, &r, "more behind a zero byte", "sim", NULL,
                (const char *const[]){FILE_, "zero byte", NULL});
    cli_text(&r, "stories/" FILE_, escape);
    refuses_run(&t, &r, "a story with escape codes", "sim", NULL,
                (const char *const[]){FILE_ ":3:", NULL});
    cli_text(&r, "stories/" FILE_, broken);
    refuses_run(&t, &r, "a story that is no UTF-8", "sim", NULL,
                (const char *const[]){FILE_ ":3:", NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

static char *filled(size_t len, const char *head, char with)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, with, len);
    memcpy(text, head, strlen(head));
    text[len] = '\0';
    return text;
}

static void a_story_that_never_ends_is_refused_by_its_bound(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    struct buf lines;
    char *text;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    text = filled(BIG, HEAD "# ", 'x');
    cli_text(&r, "stories/" FILE_, text);
    refuses_run(&t, &r, "three megabytes in one line", "sim", NULL,
                (const char *const[]){FILE_, "larger than", NULL});
    free(text);
    text = filled(KIB(9), HEAD "at 0s gateway ", 'x');
    cli_text(&r, "stories/" FILE_, text);
    refuses_run(&t, &r, "a word of nine kilobytes", "sim", NULL,
                (const char *const[]){FILE_ ":3:", NULL});
    free(text);
    buf_init(&lines, BIG);
    buf_text_add(&lines, HEAD);
    for (int i = 0; i < 2000; i++)
        buf_text_add(&lines, "at 0s gateway installs\n");
    buf_text_add(&lines, RUN);
    cli_text(&r, "stories/" FILE_, buf_text(&lines));
    refuses_run(&t, &r, "two thousand lines", "sim", NULL,
                (const char *const[]){FILE_, "more than", NULL});
    buf_drop(&lines);
    cli_room_drop(&r);
    cli_tally_end(&t);
}

static void a_folder_of_stories_that_is_wrong_is_told(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    struct err e;
    const char *args[] = {"run", STORY, "--stage", "sim", "--data", NULL, "--out", NULL, NULL};
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    args[5] = r.data;
    args[7] = r.out;
    cli_refuses(&t, &r, "no folder stories", args, NULL,
                (const char *const[]){r.dir, "stories", NULL});
    must(file_mkdirs(cli_path(&r, "stories"), 0755, &e), &e);
    cli_refuses(&t, &r, "no story at all", args, NULL, (const char *const[]){"900-wrong", NULL});
    must(file_mkdirs(cli_path(&r, "stories/" FILE_), 0755, &e), &e);
    cli_refuses(&t, &r, "a story that is a folder", args, NULL, (const char *const[]){FILE_, NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* A story in another corner must not be played before the wrong one is seen. */
static void one_wrong_story_stops_all_before_the_first(void **state)
{
    const char *args[] = {"run", "--stage", "sim", "--data", NULL, "--out", NULL, NULL};
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    args[4] = r.data;
    args[6] = r.out;
    cli_text(&r, "stories/100-good.scn", HEAD "at 0s gateway installs\n" RUN);
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway instals\n" RUN);
    cli_refuses(&t, &r, "one of two stories is wrong", args, NULL,
                (const char *const[]){FILE_ ":3:", "installs", NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* --- labs ----------------------------------------------------------------------------------------
 */

/* `from` in labs/nat.json becomes `to`; from NULL: the whole file. */
struct bad_change {
    const char *what, *from, *to;
    const char *words[WORDS_MAX];
};

static const struct bad_change bad_labs[] = {
    {"an unknown zone",
     "{\"zone\": \"transit\", \"address\": \"198.51.100.7\"}",
     "{\"zone\": \"tranzit\", \"address\": \"198.51.100.7\"}",
     {"nat.json", "tranzit", "transit"}},
    {"an unknown field",
     "\"gateway\": \"10.10.0.1\"}",
     "\"gatway\": \"10.10.0.1\"}",
     {"nat.json", "gatway", "gateway"}},
    {"an unknown field of the lab",
     "\"name\": \"nat\",",
     "\"name\": \"nat\", \"zoness\": [],",
     {"nat.json", "zoness", "zones"}},
    {"an unknown role",
     "\"role\": \"stranger\"",
     "\"role\": \"strangler\"",
     {"nat.json", "stranger"}},
    {"a host twice", "\"name\": \"stranger\"", "\"name\": \"user\"", {"nat.json", "user"}},
    {"a zone twice", "\"name\": \"transit\"", "\"name\": \"private\"", {"nat.json", "private"}},
    {"an address twice", "203.0.113.66", "203.0.113.70", {"nat.json", "203.0.113.70"}},
    {"an address outside its zone",
     "\"address\": \"10.10.0.3\"",
     "\"address\": \"10.99.0.3\"",
     {"nat.json", "10.99.0.3"}},
    {"an address that is none",
     "\"address\": \"10.10.0.3\"",
     "\"address\": \"10.10.0.333\"",
     {"nat.json", "10.10.0.333"}},
    {"a net that is none",
     "10.10.0.0/24\", \"private\"",
     "10.10.0.0/99\", \"private\"",
     {"nat.json", "10.10.0.0/99"}},
    {"two zones with the same addresses",
     "198.51.100.0/24",
     "10.10.0.0/16",
     {"nat.json", "zones[1].net", "overlaps zone private"}},
    {"a way out that nobody is",
     "\"gateway\": \"203.0.113.1\"",
     "\"gateway\": \"203.0.113.99\"",
     {"nat.json", "203.0.113.99"}},
    {"reach from nobody",
     "{\"from\": \"node gateway maas",
     "{\"from\": \"node gatewau maas",
     {"nat.json", "gatewau"}},
    {"an unknown reach",
     "maas dns\", \"reach\": \"open\"",
     "maas dns\", \"reach\": \"ajar\"",
     {"nat.json", "ajar", "open"}},
    {"another lab's name", "\"name\": \"nat\",", "\"name\": \"direct\",", {"nat.json", "direct"}},
    {"a field twice",
     "\"name\": \"nat\",",
     "\"name\": \"nat\", \"name\": \"nat\",",
     {"nat.json", "name", "twice"}},
    {"a field twice, deep in it",
     "\"gateway\": \"10.10.0.1\"}",
     "\"gateway\": \"10.10.0.9\", \"gateway\": \"10.10.0.1\"}",
     {"nat.json", "hosts[", "].gateway", "twice"}},
    {"text for a list", "\"zones\": [", "\"zones\": \"[", {"nat.json"}},
    {"torn JSON", "\"reach\": [", "\"reach\": [}", {"nat.json"}},
    {"no JSON", NULL, "zones: private\n", {"nat.json", "JSON"}},
    {"an empty file", NULL, "", {"nat.json", "JSON"}},
    {"an empty object", NULL, "{}", {"nat.json", "name"}},
    {"a list", NULL, "[]", {"nat.json"}},
    {"a control byte", NULL, "{\"name\": \"\x1b[31m\"}", {"nat.json"}},
};

static const char *changed(const struct buf *whole, const char *from, const char *to,
                           struct buf *out)
{
    const char *at = from ? strstr(buf_text(whole), from) : buf_text(whole);

    if (!at)
        fail_msg("%s is no longer in the file", from);
    buf_clear(out);
    if (!from)
        return to;
    buf_add(out, whole->data, (size_t)(at - whole->data));
    buf_text_add(out, to);
    buf_text_add(out, at + strlen(from));
    return buf_text(out);
}

static void a_wrong_lab_is_one_line_with_its_place(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    struct buf whole, out;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    cli_read("scenarios/labs/nat.json", &whole);
    buf_init(&out, KIB(64));
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway installs\n" RUN);
    for (size_t i = 0; i < COUNTOF(bad_labs); i++) {
        cli_text(&r, "labs/nat.json", changed(&whole, bad_labs[i].from, bad_labs[i].to, &out));
        refuses_run(&t, &r, bad_labs[i].what, "sim", NULL, bad_labs[i].words);
    }
    (void)remove(cli_path(&r, "labs/nat.json"));
    refuses_run(&t, &r, "no lab", "sim", NULL, (const char *const[]){"nat.json", NULL});
    buf_drop(&out);
    buf_drop(&whole);
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* --- manifests -----------------------------------------------------------------------------------
 */

static const char manifest[] =
    "{\"contract\": 1, \"profile\": \"1.0\", \"name\": \"mine\", \"vendor\": \"Me\","
    " \"version\": \"1\", \"command\": [\"./start.sh\"], \"features\": [\"pcg\"],"
    " \"provision\": \"full\", \"clock\": [\"wall\"]}";

static const struct bad_change bad_manifests[] = {
    {"an unknown feature", "[\"pcg\"]", "[\"pcg\", \"proxi\"]", {"gateway.json", "proxi", "proxy"}},
    {"no pcg", "[\"pcg\"]", "[\"proxy\"]", {"gateway.json", "features", "pcg"}},
    {"no features", "[\"pcg\"]", "[]", {"gateway.json", "features", "at least"}},
    {"a feature twice", "[\"pcg\"]", "[\"pcg\", \"pcg\"]", {"gateway.json", "features", "pcg"}},
    {"no command", "\"command\": [\"./start.sh\"],", "", {"gateway.json", "command"}},
    {"an empty command", "[\"./start.sh\"]", "[]", {"gateway.json", "command"}},
    {"a command of an empty word", "[\"./start.sh\"]", "[\"\"]", {"gateway.json", "command"}},
    {"a command that is text", "[\"./start.sh\"]", "\"./start.sh\"", {"gateway.json", "command"}},
    {"contract 2", "\"contract\": 1", "\"contract\": 2", {"gateway.json", "contract", "1"}},
    {"another profile", "\"1.0\"", "\"2.0\"", {"gateway.json", "profile", "1.0"}},
    {"no clock", "[\"wall\"]", "[]", {"gateway.json", "clock", "at least"}},
    {"an unknown clock", "[\"wall\"]", "[\"sundial\"]", {"gateway.json", "sundial"}},
    {"a clock that nothing plays",
     "[\"wall\"]",
     "[\"warp\"]",
     {"gateway.json", "warp", "faketime"}},
    {"a misspelt clock", "[\"wall\"]", "[\"steped\"]", {"gateway.json", "steped", "stepped"}},
    {"an unknown provision", "\"full\"", "\"half\"", {"gateway.json", "half", "full"}},
    {"an unknown field", "\"vendor\"", "\"vendr\"", {"gateway.json", "vendr", "vendor"}},
    {"no name", "\"name\": \"mine\",", "", {"gateway.json", "name"}},
    {"an empty name", "\"mine\"", "\"\"", {"gateway.json", "name"}},
    {"too long a start",
     "\"provision\"",
     "\"start_seconds\": 301, \"provision\"",
     {"gateway.json", "start_seconds", "300"}},
    {"a negative stop",
     "\"provision\"",
     "\"stop_seconds\": -1, \"provision\"",
     {"gateway.json", "stop_seconds"}},
    {"an unknown robustness",
     "\"provision\"",
     "\"robustness\": [\"luck\"], \"provision\"",
     {"gateway.json", "luck", "state-loss"}},
    {"a command that is not there", "./start.sh", "./strat.sh", {"gateway.json", "strat.sh"}},
    {"a command nowhere on the path",
     "./start.sh",
     "no-such-gateway",
     {"gateway.json", "no-such-gateway"}},
    {"a command that may not be run", "./start.sh", "./plain.txt", {"gateway.json", "plain.txt"}},
    {"a command that is a folder", "./start.sh", "./folder", {"gateway.json", "folder"}},
    {"a kill command that is not there",
     "\"provision\"",
     "\"kill_command\": [\"./no-such-killer\"], \"provision\"",
     {"gateway.json", "no-such-killer"}},
    {"a rogue of nobody",
     "\"provision\"",
     "\"rogue\": \"leakr\", \"provision\"",
     {"gateway.json", "rogue", "leakr", "'leaker'"}},
    {"a rogue that was not built",
     "[\"./start.sh\"]",
     "[\"no-such-rogue\"], \"rogue\": \"leaker\"",
     {"gateway.json", "no-such-rogue", "test build", "ci/build release"}},
    {"a config that is not there",
     "\"provision\"",
     "\"config\": \"no-such.toml\", \"provision\"",
     {"gateway.json", "no-such.toml"}},
    {"a variable that is none",
     "./start.sh\"",
     "./start.sh\", \"$GP_NOSUCH\"",
     {"gateway.json", "GP_NOSUCH"}},
    {"a field twice",
     "\"provision\"",
     "\"command\": [\"./other.sh\"], \"provision\"",
     {"gateway.json", "command", "twice"}},
    {"a number for a word", "[\"pcg\"]", "[\"pcg\", 7]", {"gateway.json", "features[1]", "text"}},
    {"a version that is a number",
     "\"version\": \"1\"",
     "\"version\": 1",
     {"gateway.json", "version"}},
    {"torn JSON", "\"clock\": [\"wall\"]}", "\"clock\": [\"wall\"", {"gateway.json"}},
    {"JSON and more", "[\"wall\"]}", "[\"wall\"]} x", {"gateway.json"}},
    {"an empty file", NULL, "", {"gateway.json", "JSON"}},
    {"no JSON", NULL, "#!/bin/sh\n", {"gateway.json", "JSON"}},
    {"a name with escape codes", "\"mine\"", "\"\\u001b[31mmine\"", {"gateway.json", "name"}},
};

static void a_wrong_manifest_is_one_line_with_its_place(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    struct buf whole, out;
    struct err e;
    char *huge;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    buf_init(&whole, KIB(8));
    buf_init(&out, KIB(8));
    buf_text_add(&whole, manifest);
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway installs\n" RUN);
    cli_file(&r, "gw/start.sh", "#!/bin/sh\nexit 89\n", 18, 0755);
    cli_text(&r, "gw/plain.txt", "not a program\n");
    must(file_mkdirs(cli_path(&r, "gw/folder"), 0755, &e), &e);
    for (size_t i = 0; i < COUNTOF(bad_manifests); i++)
        refuses_run(&t, &r, bad_manifests[i].what, "netns",
                    cli_text(&r, "gw/gateway.json",
                             changed(&whole, bad_manifests[i].from, bad_manifests[i].to, &out)),
                    bad_manifests[i].words);
    huge = filled(BIG, "{\"name\": \"", 'x');
    refuses_run(&t, &r, "a manifest of three megabytes", "netns",
                cli_text(&r, "gw/gateway.json", huge),
                (const char *const[]){"gateway.json", "larger than", NULL});
    free(huge);
    refuses_run(&t, &r, "no manifest", "netns", cli_path(&r, "gw/nowhere.json"),
                (const char *const[]){"nowhere.json", NULL});
    refuses_run(&t, &r, "a folder for a manifest", "netns", cli_path(&r, "gw/folder"),
                (const char *const[]){"gw/folder", NULL});
    buf_drop(&whole);
    buf_drop(&out);
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* The simulator has only the reference in it: judging that under another's name would be a lie.
 * And the stepped clock is for who declares it. */
static void a_gateway_that_this_run_cannot_judge_is_refused(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    const char *path;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway installs\n" RUN);
    cli_file(&r, "gw/start.sh", "#!/bin/sh\nexit 89\n", 18, 0755);
    path = cli_text(&r, "gw/gateway.json", manifest);
    refuses_run(&t, &r, "a foreign gateway in the simulator", "sim", path,
                (const char *const[]){"sim", "--stage netns", NULL});
    cli_refuses(&t, &r, "the stepped clock for a gateway without it",
                (const char *const[]){"run", STORY, "--data", r.data, "--out", r.out, "--clock",
                                      "stepped", "--gateway", path, NULL},
                NULL, (const char *const[]){"stepped", "gateway.json", "wall", NULL});
    cli_refuses(&t, &r, "a library for a gateway that does not declare it",
                (const char *const[]){"run", STORY, "--data", r.data, "--out", r.out, "--clock",
                                      "faketime", "--gateway", path, NULL},
                NULL, (const char *const[]){"faketime", "gateway.json", "wall", NULL});
    cli_refuses(&t, &r, "a clock that no stage has",
                (const char *const[]){"run", STORY, "--data", r.data, "--out", r.out, "--clock",
                                      "warp", "--gateway", path, NULL},
                NULL, (const char *const[]){"stepped, faketime and wall", "warp", "auto", NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* A program that loads no library, in the only shape that matters: no part of it names a loader. */
static const char *static_gateway(const struct cli_room *r)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr part;
    } elf = {
        .head = {.e_phoff = sizeof(Elf64_Ehdr), .e_phnum = 1, .e_phentsize = sizeof(Elf64_Phdr)},
        .part = {.p_type = PT_LOAD}};
    struct buf whole, out;
    const char *path;

    memcpy(elf.head.e_ident, ELFMAG, SELFMAG);
    elf.head.e_ident[EI_CLASS] = ELFCLASS64;
    cli_file(r, "gw/start.sh", &elf, sizeof(elf), 0755);
    buf_init(&whole, KIB(4));
    buf_init(&out, KIB(4));
    buf_text_add(&whole, manifest);
    path = cli_text(r, "gw/gateway.json",
                    changed(&whole, "[\"wall\"]", "[\"wall\", \"faketime\"]", &out));
    buf_drop(&whole);
    buf_drop(&out);
    return path;
}

static const char rogue_manifest[] =
    "{\"contract\": 1, \"profile\": \"1.0\", \"name\": \"mine\", \"vendor\": \"Me\","
    " \"version\": \"1\", \"command\": [\"./start.sh\"], \"features\": [\"pcg\"],"
    " \"provision\": \"full\", \"clock\": [\"wall\"], \"rogue\": \"leaker\"}";

/* The harness becomes another program for a rogue in the simulator. Nothing else may look so: it
 * would become that program, which would become itself, and so on. */
static void what_no_other_program_would_play_either_is_refused_at_once(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    const char *path;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    cli_text(&r, "stories/" FILE_, HEAD "at 0s gateway installs\n" RUN);
    path = static_gateway(&r);
    cli_refuses(&t, &r, "a library for a static program",
                (const char *const[]){"run", STORY, "--data", r.data, "--out", r.out, "--clock",
                                      "faketime", "--gateway", path, NULL},
                NULL, (const char *const[]){"./start.sh is a static program", "wall", NULL});
    path = cli_text(&r, "gw/rogue.json", rogue_manifest);
    cli_refuses(&t, &r, "kills of a rogue in the simulator",
                (const char *const[]){"kills", STORY, "--data", r.data, "--out", r.out, "--gateway",
                                      path, NULL},
                NULL, (const char *const[]){"kills has no rogues", "--stage netns", NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_story_that_is_spoilt_is_right),
        test(a_wrong_story_is_one_line_with_file_line_and_column),
        test(bytes_that_are_no_story_are_told_without_being_echoed),
        test(a_story_that_never_ends_is_refused_by_its_bound),
        test(a_folder_of_stories_that_is_wrong_is_told),
        test(one_wrong_story_stops_all_before_the_first),
        test(a_wrong_lab_is_one_line_with_its_place),
        test(a_wrong_manifest_is_one_line_with_its_place),
        test(a_gateway_that_this_run_cannot_judge_is_refused),
        test(what_no_other_program_would_play_either_is_refused_at_once),
    };
    return run_tests(tests);
}
