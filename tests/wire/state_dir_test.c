/* What else may lie in a state directory than a gateway puts there. Whatever it is, it stays, and
 * is named in one sentence. */
#include "tests/test.h"

#include "gateway/status.h"
#include "gateway/store.h"
#include "gateway/watch.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static struct err e;

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
    return path[i];
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/state_dir.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"state.db",    "state.db-wal", "state.db-shm",   "lock",
                                        "status.json", "elsewhere",    "status.json.new"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)remove(in_dir(names[i]));
    return rmdir(dir);
}

static int opened(enum store_use use)
{
    struct store *s = NULL;
    int r = store_open(&s, dir, use, &e);

    store_close(s);
    return r;
}

/* Its disk is not mounted: a new file in its place would be a new identity, and the old one lost.
 */
static void a_link_that_leads_nowhere_is_not_begun_anew(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink(in_dir("elsewhere"), in_dir("state.db")), 0);
    assert_int_equal(opened(STORE_RUN), -ENOENT);
    assert_non_null(strstr(e.text, "is a link whose file cannot be found: mount or put that back"));
    assert_int_equal(opened(STORE_LOOK), -ENOENT);
    assert_non_null(strstr(e.text, "is a link whose file cannot be found"));
    assert_int_equal(lstat(in_dir("state.db"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_false(file_exists(in_dir("elsewhere")));
    assert_int_equal(unlink(in_dir("state.db")), 0);
    assert_int_equal(symlink("state.db", in_dir("state.db")), 0);
    assert_int_equal(opened(STORE_RUN), -ELOOP);
}

static void a_link_to_a_file_that_is_there_is_followed(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(opened(STORE_RUN), 0);
    assert_int_equal(rename(in_dir("state.db"), in_dir("elsewhere")), 0);
    assert_int_equal(symlink(in_dir("elsewhere"), in_dir("state.db")), 0);
    must(opened(STORE_RUN), &e);
    assert_int_equal(lstat(in_dir("state.db"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void what_is_no_file_is_named_and_left_as_it_is(void **state)
{
    struct stat st;

    (void)state;
    for (int pipe = 0; pipe < 2; pipe++) {
        assert_int_equal(pipe ? mkfifo(in_dir("state.db"), 0640) : mkdir(in_dir("state.db"), 0750),
                         0);
        for (enum store_use use = STORE_RUN; use <= STORE_LOOK; use++) {
            assert_int_equal(opened(use), -EINVAL);
            assert_non_null(strstr(e.text, "state.db is no file, and records are kept in one"));
        }
        assert_int_equal(stat(in_dir("state.db"), &st), 0);
        assert_int_equal(st.st_mode & 07777, pipe ? 0640 : 0750);
        assert_int_equal(remove(in_dir("state.db")), 0);
    }
}

/* --- status.json ----------------------------------------------------------------------------- */

static void load_says(const char *part)
{
    struct watch_state s;

    assert_true(watch_load(&s, dir, &e) < 0);
    assert_non_null(strstr(e.text, part));
    assert_non_null(strstr(e.text, "the next start writes it anew"));
}

static void a_report_that_cannot_be_read_is_told_and_replaced(void **state)
{
    static char huge[KIB(64)];
    struct watch w = {.dirty = true};
    struct watch_state s;

    (void)state;
    must(file_write(in_dir("status.json"), "{", 1, 0600, &e), &e);
    load_says("not JSON");
    must(file_write(in_dir("status.json"), huge, sizeof(huge), 0600, &e), &e);
    load_says("is larger than");
    assert_int_equal(unlink(in_dir("status.json")), 0);
    assert_int_equal(mkfifo(in_dir("status.json"), 0600), 0);
    load_says("is a pipe that nobody writes into");
    assert_int_equal(mkfifo(in_dir("status.json.new"), 0600), 0);
    must(watch_save(&w, dir, 0, &e), &e);
    must(watch_load(&s, dir, &e), &e);
}

/* What others said is quoted in troubles, and read on a terminal. */
static void
troubles_of_control_characters_neither_end_the_gateway_nor_reach_a_terminal(void **state)
{
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};
    char text[1000];
    struct watch w = {.dirty = false};
    struct watch_state s;

    (void)state;
    memset(text, '\x1b', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < WATCH_TROUBLES_MAX; i++)
        watch_line(&w, LOG_WARN, text, 0);
    must(watch_save(&w, dir, 0, &e), &e);
    must(watch_load(&s, dir, &e), &e);
    assert_int_equal(s.n_troubles, WATCH_TROUBLES_MAX);
    watch_state_write(&s, &out);
    assert_null(strchr(buf_text(&out), '\x1b'));
}

static void a_report_that_somebody_forged_prints_no_control_character(void **state)
{
    static const char forged[] =
        "{\"version\":\"1\",\"uid\":\"g\\u001b[31m\",\"account\":\"a\\nb\",\"started\":\"\\u0007\","
        "\"written\":\"\",\"registered\":true,\"ended\":false,\"accountSettled\":true,"
        "\"stopped\":true,\"accounts\":1,\"clusters\":0,\"queries\":0,"
        "\"troubles\":[{\"when\":\"\",\"level\":\"warn\",\"text\":\"\\u001b]0;x\\u0007\"}]}";
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};
    struct watch_state s;

    (void)state;
    must(file_write(in_dir("status.json"), forged, sizeof(forged) - 1, 0600, &e), &e);
    must(watch_load(&s, dir, &e), &e);
    watch_state_write(&s, &out);
    assert_non_null(strstr(buf_text(&out), "gateway: g [31m, version 1"));
    assert_non_null(strstr(buf_text(&out), "account: a b,"));
    for (const char *at = buf_text(&out); *at; at++)
        assert_true(*at == '\n' || (unsigned char)*at >= ' ');
}

/* --- who may ask ----------------------------------------------------------------------------- */

#define NOBODY 65534

static int as_a_stranger(void)
{
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};
    struct config c = {.gw.pcg_uid = "g1"};
    int code = 0;

    snprintf(c.state_dir, sizeof(c.state_dir), "%s", dir);
    if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return 2;
    if (status_write(&c, &out, &code, &e) == -EACCES && !out.len &&
        strstr(e.text, "ask as the gateway's user, or as root"))
        return 0;
    print_error("%s%s\n", buf_text(&out), e.text);
    return 1;
}

/* Who cannot see the lock does not know whether a gateway runs. */
static void status_guesses_nothing_for_who_may_not_look(void **state)
{
    struct store *s = NULL;
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0) {
        print_message("not run: only root can ask as somebody else\n");
        skip();
    }
    must(store_open(&s, dir, STORE_RUN, &e), &e);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(as_a_stranger());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    store_close(s);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define story(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_link_that_leads_nowhere_is_not_begun_anew),
        story(a_link_to_a_file_that_is_there_is_followed),
        story(what_is_no_file_is_named_and_left_as_it_is),
        story(a_report_that_cannot_be_read_is_told_and_replaced),
        story(troubles_of_control_characters_neither_end_the_gateway_nor_reach_a_terminal),
        story(a_report_that_somebody_forged_prints_no_control_character),
        story(status_guesses_nothing_for_who_may_not_look),
    };

    return run_tests(tests);
}
