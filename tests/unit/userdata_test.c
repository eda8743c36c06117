/* User data: what is read, what is refused, and what a machine makes of it. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-cluster/agent.h"
#include "mock-cluster/userdata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char golden[] =
    "#cloud-config\n"
    "write_files:\n"
    "  - path: /etc/gateproof/agent.json\n"
    "    permissions: '0600'\n"
    "    content: |\n"
    "      {\"profile\":\"1.0\",\"clusterUid\":\"65f0\",\"clusterName\":\"c1\",\"systemId\":\"y3b3x4\","
    "\"pool\":\"cp\",\"role\":\"init\",\"palette\":{\"url\":\"https://palette.example\","
    "\"caFile\":\"/etc/gateproof/palette-ca.pem\"},\"joinToken\":\"jt-canary\","
    "\"marker\":\"gp1.7c3e.65f0\",\"image\":\"custom/u\",\"endpoint\":{\"host\":\"c1.maas\","
    "\"port\":6443},\"maasCaFile\":\"\",\"proxy\":{\"httpProxy\":\"http://u:p%40ss@10.9.0.3:3128\","
    "\"httpsProxy\":\"http://u:p%40ss@10.9.0.3:3128\",\"noProxy\":\"10.1.0.0/16,localhost\"}}\n"
    "  - path: /etc/gateproof/palette-ca.pem\n"
    "    permissions: '0644'\n"
    "    content: |\n"
    "      -----BEGIN CERTIFICATE-----\n"
    "      abc/def+ghi=\n"
    "      -----END CERTIFICATE-----\n"
    "  - path: /etc/environment\n"
    "    append: true\n"
    "    content: |\n"
    "      HTTP_PROXY=\"http://u:p%40ss@10.9.0.3:3128\"\n"
    "      HTTPS_PROXY=\"http://u:p%40ss@10.9.0.3:3128\"\n"
    "      NO_PROXY=\"10.1.0.0/16,localhost\"\n"
    "      http_proxy=\"http://u:p%40ss@10.9.0.3:3128\"\n"
    "      https_proxy=\"http://u:p%40ss@10.9.0.3:3128\"\n"
    "      no_proxy=\"10.1.0.0/16,localhost\"\n"
    "  - path: /etc/systemd/system/containerd.service.d/http-proxy.conf\n"
    "    permissions: '0600'\n"
    "    content: |\n"
    "      [Service]\n"
    "      Environment=\"HTTP_PROXY=http://u:p%%40ss@10.9.0.3:3128\"\n"
    "      Environment=\"HTTPS_PROXY=http://u:p%%40ss@10.9.0.3:3128\"\n"
    "      Environment=\"NO_PROXY=10.1.0.0/16,localhost\"\n"
    "runcmd:\n"
    "  - [systemctl, daemon-reload]\n"
    "  - [systemctl, restart, containerd]\n"
    "  - [systemctl, enable, --now, gateproof-agent.service]\n"
    "ntp: {servers: [10.0.0.1]}\n";

static void read_must(const char *text, struct userdata *u)
{
    struct err e = {0};

    must(userdata_read(text, strlen(text), u, &e), &e);
}

static void boot(const char *text, struct tree *t, struct userdata_outcome *out)
{
    struct userdata *u = calloc(1, sizeof *u);

    read_must(text, u);
    tree_init(t);
    userdata_apply(u, t, out);
    userdata_drop(u);
    free(u);
}

static void the_worked_example_boots_an_agent(void **state)
{
    struct tree t;
    struct userdata_outcome out;
    struct agent_config c;
    struct err e = {0};
    struct buf found;

    (void)state;
    boot(golden, &t, &out);
    assert_text(out.why, "");
    assert_int_equal(out.written, 4);
    assert_int_equal(out.done, 3);
    assert_int_equal(out.strange, 0);
    assert_true(t.units[TREE_AGENT].active && t.units[TREE_AGENT].enabled);
    assert_int_equal(t.units[TREE_CONTAINERD].starts, 1);
    assert_int_equal(tree_find(&t, AGENT_JSON)->mode, 0600);
    assert_non_null(strstr(tree_text(&t, "/etc/environment"), "PATH="));
    must(agent_config_read(&t, &c, &e), &e);
    assert_text(c.join_token, "jt-canary");
    assert_text(c.proxy.no_proxy, "10.1.0.0/16,localhost");
    buf_init(&found, KIB(16));
    agent_found(&t, &found);
    assert_non_null(strstr(buf_text(&found), "endpoint=https://palette.example anchor="));
    assert_non_null(strstr(buf_text(&found), " proxy=10.9.0.3:3128 "));
    assert_non_null(strstr(buf_text(&found),
                           " environment=same containerd=same no-proxy=10.1.0.0/16,localhost"));
    assert_null(strstr(buf_text(&found), "p%40ss"));
    buf_drop(&found);
    tree_drop(&t);
}

/* GP-68: whatever the gateway gave, a worker gets too, but its own identity. */
static void a_worker_gets_what_its_maker_got(void **state)
{
    static const char *const paths[] = {"/etc/gateproof/palette-ca.pem", "/etc/environment",
                                        "/etc/systemd/system/containerd.service.d/http-proxy.conf"};
    struct tree first, second;
    struct userdata_outcome out;
    struct agent_config c;
    struct err e = {0};
    struct buf text;

    (void)state;
    boot(golden, &first, &out);
    buf_init(&text, USERDATA_MAX);
    agent_userdata_write(&first, &(struct agent_peer){"k7m2p9", "workers", "join"}, &text);
    assert_false(text.full);
    boot(buf_text(&text), &second, &out);
    assert_text(out.why, "");
    for (size_t i = 0; i < COUNTOF(paths); i++) {
        assert_text(tree_text(&second, paths[i]), tree_text(&first, paths[i]));
        assert_int_equal(tree_find(&second, paths[i])->mode, tree_find(&first, paths[i])->mode);
    }
    assert_true(second.units[TREE_AGENT].active);
    assert_text(buf_text(&second.units[TREE_CONTAINERD].running),
                buf_text(&first.units[TREE_CONTAINERD].running));
    must(agent_config_read(&second, &c, &e), &e);
    assert_text(c.system_id, "k7m2p9");
    assert_text(c.pool, "workers");
    assert_text(c.role, "join");
    assert_text(c.join_token, "jt-canary");
    buf_drop(&text);
    tree_drop(&first);
    tree_drop(&second);
}

/* A drop-in without daemon-reload before the restart is not what containerd runs with. */
static void the_order_of_commands_matters(void **state)
{
    struct tree t;
    struct userdata_outcome out;

    (void)state;
    boot("#cloud-config\nwrite_files:\n- path: /etc/systemd/system/containerd.service.d/a.conf\n"
         "  content: x\nruncmd:\n- [systemctl, restart, containerd]\n"
         "- [systemctl, daemon-reload]\n",
         &t, &out);
    assert_text(buf_text(&t.units[TREE_CONTAINERD].running), "");
    assert_text(buf_text(&t.units[TREE_CONTAINERD].loaded), "x");
    tree_drop(&t);
}

static void json_base64_and_shell_texts_are_understood(void **state)
{
    struct tree t;
    struct userdata_outcome out;

    (void)state;
    boot("#cloud-config\n{\"write_files\":[{\"path\":\"/a/../b\",\"encoding\":\"b64\","
         "\"content\":\"aGVsbG8K\",\"owner\":\"root:root\"}],"
         "\"runcmd\":[\"systemctl enable --now gateproof-agent\",\"echo x > /y\",null]}\n",
         &t, &out);
    assert_text(tree_text(&t, "/b"), "hello\n");
    assert_true(t.units[TREE_AGENT].active);
    assert_int_equal(out.strange, 1);
    tree_drop(&t);
}

/* cloud-init goes on with runcmd after a file it could not write. */
static void a_file_that_cannot_be_written_ends_write_files_only(void **state)
{
    struct tree t;
    struct userdata_outcome out;

    (void)state;
    boot("#cloud-config\nwrite_files:\n- {path: /etc/environment/x, content: a}\n"
         "- {path: /after, content: b}\nruncmd: [[systemctl, daemon-reload], "
         "[systemctl, start, sshd], [systemctl, start, containerd]]\n",
         &t, &out);
    assert_text(out.why, "write_files: /etc/environment/x: /etc/environment is a file, no folder");
    assert_null(tree_find(&t, "/after"));
    assert_int_equal(t.reloads, 1);
    assert_int_equal(out.done, 2);
    tree_drop(&t);
}

static const struct bad {
    const char *text, *sentence;
} bad[] = {
    {"", "the first line of user data must be #cloud-config"},
    {"#cloud-config", "the first line of user data must be #cloud-config"},
    {"#!/bin/sh\n", "the first line of user data must be #cloud-config"},
    {"#include\nhttp://x\n", "the first line of user data must be #cloud-config"},
    {"## template: jinja\n#cloud-config\n", "the first line of user data must be #cloud-config"},
    {"Content-Type: multipart/mixed\n", "the first line of user data must be #cloud-config"},
    {"#cloud-config\n", "there is no document"},
    {"#cloud-config\n- a\n", "line 2: the document is a list, it must be a map"},
    {"#cloud-config\na: 1\n---\nb: 2\n", "line 3: there is more than one document"},
    {"#cloud-config\na: [1\n", "line 3: this is no YAML: did not find expected ',' or ']'"},
    {"#cloud-config\na: 1\na: 2\n", "line 3: a key comes twice"},
    {"#cloud-config\n1: 2\n", "line 2: a key must be a text"},
    {"#cloud-config\na: !!binary aGk=\n", "line 2: tags are not for user data"},
    {"#cloud-config\na: &x [*x]\n", "line 2: an alias holds itself"},
    {"#cloud-config\na: *x\n", "line 2: an alias names nothing"},
    {"#cloud-config\na: &x {b: c}\nd: {<<: *x}\n", "line 3: merge keys are not for user data"},
    {"#cloud-config\na: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "line 2: nested too deeply"},
    {"#cloud-config\nruncmd: reboot\n", "line 2: runcmd is a text, it must be a list"},
    {"#cloud-config\nruncmd: [[]]\n", "line 2: runcmd[0] is an empty list"},
    {"#cloud-config\nruncmd: [[sleep, 5]]\n",
     "line 2: runcmd[0].words is a number; put it into quotes"},
    {"#cloud-config\nruncmd: [{a: b}]\n", "line 2: runcmd[0] is a map, it must be a list"},
    {"#cloud-config\nwrite_files: [a]\n", "line 2: write_files[0] is a text, it must be a map"},
    {"#cloud-config\nwrite_files: [{content: a}]\n", "line 2: write_files[0] has no path"},
    {"#cloud-config\nwrite_files: [{path: ''}]\n",
     "line 2: write_files[0].path: no file can have it"},
    {"#cloud-config\nwrite_files: [{path: /a, permissions: 0600}]\n",
     "line 2: write_files[0].permissions is a number; put it into quotes"},
    {"#cloud-config\nwrite_files: [{path: /a, permissions: '0800'}]\n",
     "line 2: write_files[0].permissions must be an octal number like '0644'"},
    {"#cloud-config\nwrite_files: [{path: /a, append: 'true'}]\n",
     "line 2: write_files[0].append must be true or false"},
    {"#cloud-config\nwrite_files: [{path: /a, owner: '../x'}]\n",
     "line 2: write_files[0].owner must be user:group"},
    {"#cloud-config\nwrite_files: [{path: /a, encoding: gzip, content: x}]\n",
     "line 2: write_files[0].encoding must be text/plain or b64"},
    {"#cloud-config\nwrite_files: [{path: /a, encoding: b64, content: 'a==='}]\n",
     "line 2: write_files[0].content is no base64"},
    {"#cloud-config\nwrite_files: [{path: /a, source: {uri: 'http://x'}}]\n",
     "line 2: write_files[0] has a key that no file has"},
    {"#cloud-config\nwrite_files: [{path: /a, content: null}]\n",
     "line 2: write_files[0].content is nothing, it must be a text"},
    {"#cloud-config\nwrite_files: [{path: /a, defer: true}]\n",
     "line 2: write_files[0].defer can only be false here"},
};

static void what_is_refused_is_named_in_one_sentence(void **state)
{
    struct userdata *u = calloc(1, sizeof *u);

    (void)state;
    for (size_t i = 0; i < COUNTOF(bad); i++) {
        struct err e = {0};

        if (userdata_read(bad[i].text, strlen(bad[i].text), u, &e) == 0)
            fail_msg("taken: %s", bad[i].text);
        assert_text(e.text, bad[i].sentence);
    }
    free(u);
}

/* Nine levels of nine aliases are 9^9 nodes: refused by weight, without writing them out. */
static void a_bomb_of_aliases_is_refused_at_once(void **state)
{
    struct userdata *u = calloc(1, sizeof *u);
    struct err e = {0};
    struct buf text;

    (void)state;
    buf_init(&text, KIB(8));
    buf_text_add(&text, "#cloud-config\na0: &a0 lol\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            buf_printf(&text, "*a%d,", i - 1);
        buf_text_add(&text, "x]\n");
    }
    must_fail(userdata_read(buf_text(&text), text.len, u, &e), &e, -EINVAL,
              "line 6: too many things, or too large with its aliases written out");
    buf_drop(&text);
    free(u);
}

static void more_than_64_kib_is_refused(void **state)
{
    struct userdata *u = calloc(1, sizeof *u);
    char *text = malloc(USERDATA_MAX + 1);
    struct err e = {0};

    (void)state;
    memset(text, '#', USERDATA_MAX + 1);
    must_fail(userdata_read(text, USERDATA_MAX + 1, u, &e), &e, -EFBIG,
              "user data is larger than 65536 bytes");
    free(text);
    free(u);
}

static void a_path_is_what_a_kernel_would_make_of_it(void **state)
{
    static const struct {
        const char *path, *clean;
    } rows[] = {
        {"/a/b", "/a/b"},        {"//a///b/", "/a/b"}, {"/../../etc/passwd", "/etc/passwd"},
        {"/a/./b/../c", "/a/c"}, {"rel", "/rel"},      {"/", NULL},
        {"/..", NULL},           {"/a\nb", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        char clean[TREE_PATH_MAX];

        if (!rows[i].clean) {
            assert_false(tree_path(rows[i].path, clean));
            continue;
        }
        assert_true(tree_path(rows[i].path, clean));
        assert_text(clean, rows[i].clean);
    }
}

static void an_agent_json_that_cannot_be_used_is_named(void **state)
{
    struct tree t;
    struct userdata_outcome out;
    struct agent_config c;
    struct err e = {0};

    (void)state;
    boot("#cloud-config\nruncmd: []\n", &t, &out);
    must_fail(agent_config_read(&t, &c, &e), &e, -ENOENT,
              "user data wrote no /etc/gateproof/agent.json");
    tree_drop(&t);
    boot("#cloud-config\nwrite_files: [{path: /etc/gateproof/agent.json, content: '{\"profile\":"
         "\"1.0\",\"clusterUid\":\"a\",\"systemId\":\"b\",\"role\":\"boss\",\"palette\":{\"url\":"
         "\"https://p\"},\"joinToken\":\"jt\",\"marker\":\"gp1.aaaa\"}'}]\n",
         &t, &out);
    must_fail(agent_config_read(&t, &c, &e), &e, -EINVAL,
              "/etc/gateproof/agent.json: role must be init or join");
    tree_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(the_worked_example_boots_an_agent, CLAUSE(79), CLAUSE(81)),
        clause_test(a_worker_gets_what_its_maker_got, CLAUSE(68), CLAUSE(81), CLAUSE(83)),
        test(the_order_of_commands_matters),
        test(json_base64_and_shell_texts_are_understood),
        test(a_file_that_cannot_be_written_ends_write_files_only),
        test(what_is_refused_is_named_in_one_sentence),
        test(a_bomb_of_aliases_is_refused_at_once),
        test(more_than_64_kib_is_refused),
        test(a_path_is_what_a_kernel_would_make_of_it),
        clause_test(an_agent_json_that_cannot_be_used_is_named, CLAUSE(81)),
    };

    return run_tests(tests);
}
