/* What the reference gateway deploys, as a machine reads it: the two were written apart. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/text.h"
#include "mock-cluster/agent.h"
#include "mock-cluster/userdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROXY "http://u:proxypass%40@10.9.0.3:3128"

/* Kept for ci/check-userdata, which holds the same documents against cloud-init's own schema. */
static void keep(const char *name, const struct buf *text)
{
    const char *build = getenv("GATEPROOF_BUILD");
    struct buf path;
    FILE *f;

    if (build == NULL)
        return;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/userdata-%s.yaml", build, name);
    f = fopen(buf_text(&path), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(buf_text(text), 1, text->len, f), text->len);
    assert_int_equal(fclose(f), 0);
    buf_drop(&path);
}

/* Boots the first machine that a gateway with that proxy deploys. */
static void boot(const char *proxy, struct tree *t)
{
    struct fake *f = calloc(1, sizeof *f);
    struct userdata *u = calloc(1, sizeof *u);
    struct userdata_outcome out;
    struct buf wrapped, text;
    struct err e = {0};

    assert_true(f && u);
    fake_init(f);
    assert_true(text_copy(f->p.config.http_proxy, GW_URL_MAX, proxy));
    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, proxy));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, "10.1.0.0/16,localhost"));
    (void)fake_create(f, "c1", 0);
    fake_until(f, MINUTES(1));
    buf_init(&wrapped, KIB(128));
    buf_init(&text, KIB(64));
    buf_printf(&wrapped,
               "#cloud-config\n{\"write_files\":[{\"path\":\"/x\",\"encoding\":\"b64\",\"content\":"
               "\"%s\"}]}\n",
               buf_text(&f->machines[0].user_data));
    must(userdata_read(buf_text(&wrapped), wrapped.len, u, &e), &e);
    buf_add(&text, buf_text(&u->files[0].content), u->files[0].content.len);
    userdata_drop(u);
    keep(*proxy ? "proxy" : "direct", &text);
    must(userdata_read(buf_text(&text), text.len, u, &e), &e);
    tree_init(t);
    userdata_apply(u, t, &out);
    assert_text(out.why, "");
    assert_int_equal(out.strange, 0);
    userdata_drop(u);
    buf_drop(&wrapped);
    buf_drop(&text);
    fake_drop(f);
    free(f);
    free(u);
}

static void found(const struct tree *t, const char *part)
{
    struct buf out;

    buf_init(&out, KIB(16));
    agent_found(t, &out);
    if (!strstr(buf_text(&out), part))
        fail_msg("no '%s' in: %s", part, buf_text(&out));
    assert_null(strstr(buf_text(&out), "proxypass"));
    buf_drop(&out);
}

static void a_machine_finds_its_agent_and_its_anchor(void **state)
{
    struct tree t;
    struct agent_config c;
    struct err e = {0};

    (void)state;
    boot("", &t);
    assert_true(t.units[TREE_AGENT].active && t.units[TREE_AGENT].enabled);
    must(agent_config_read(&t, &c, &e), &e);
    assert_text(c.role, "init");
    assert_text(c.marker, "gp1.mark.c1");
    assert_text(c.join_token, "jt-token-c1");
    assert_text(tree_text(&t, c.palette.ca_file), "PEM\n");
    assert_int_equal(tree_find(&t, AGENT_JSON)->mode, 0600);
    found(
        &t,
        " proxy=none proxy-sum=none http-proxy-sum=none environment=none containerd=none no-proxy=none");
    tree_drop(&t);
}

/* PRX-3, and PRX-5: a worker that this machine makes inherits the same. */
static void a_proxy_is_found_in_all_three_places_and_handed_on(void **state)
{
    struct tree t, second;
    struct userdata *u = calloc(1, sizeof *u);
    struct userdata_outcome out;
    struct buf text;
    struct err e = {0};

    (void)state;
    boot(PROXY, &t);
    found(&t, " proxy=10.9.0.3:3128 ");
    found(&t, " environment=same containerd=same no-proxy=10.1.0.0/16,localhost,");
    assert_int_equal(t.units[TREE_CONTAINERD].starts, 1);
    buf_init(&text, USERDATA_MAX);
    agent_userdata_write(&t, &(struct agent_peer){"k7m2p9", "workers", "join"}, &text);
    keep("peer", &text);
    must(userdata_read(buf_text(&text), text.len, u, &e), &e);
    tree_init(&second);
    userdata_apply(u, &second, &out);
    assert_text(out.why, "");
    found(&second, " environment=same containerd=same no-proxy=10.1.0.0/16,localhost,");
    userdata_drop(u);
    free(u);
    buf_drop(&text);
    tree_drop(&t);
    tree_drop(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_machine_finds_its_agent_and_its_anchor),
        test(a_proxy_is_found_in_all_three_places_and_handed_on),
    };

    return run_tests(tests);
}
