/* Exchanges recorded on a real MAAS 3.7.3, asked of the model again (tests/contract/maas/README.md
 * says what was kept of them). Compared are status, content type, Vary, presence of the API hash,
 * the challenge, and the body: JSON answers as JSON, everything else letter by letter.
 *
 * A miss must be in the list below with its reason, and what is in the list must miss: the list
 * cannot grow old unseen. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "mock-maas/model.h"
#include "tests/contract/maas_misses.h"
#include "tests/unit/mock_talk.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READS      "tests/contract/maas/reads-3.7.3.jsonl"
#define MACHINES   "tests/contract/maas/machines-3.7.3.jsonl"
#define RECORDED_S INT64_C(1795353804) /* when the literal timestamps in the records were made */

struct answer {
    int64_t status;
    char content_type[64], vary[64], www_authenticate[64];
    bool hashed;
    char *body;
};
static const struct jx_field answer_fields[] = {
    JX_INT(struct answer, status, "status", JX_MUST, 100, 599),
    JX_TEXT(struct answer, content_type, JX_MUST),
    JX_TEXT(struct answer, vary, JX_MUST),
    JX_TEXT(struct answer, www_authenticate, JX_MUST),
    JX_BOOL(struct answer, hashed, "hashed", JX_MUST),
    JX_OWNED(struct answer, body, "body", JX_MUST, KIB(64)),
};
struct wish { /* what one machine of the world is like before the request */
    char machine[16], status[32], owner[16];
    char deployed[16]; /* another one, alice's */
    bool on, locked;
};
static const struct jx_field wish_fields[] = {
    JX_TEXT(struct wish, machine, JX_MUST),
    JX_TEXT(struct wish, status, JX_MUST),
    JX_TEXT(struct wish, owner, 0),
    JX_BOOL(struct wish, on, "on", 0),
    JX_BOOL(struct wish, locked, "locked", 0),
    JX_TEXT(struct wish, deployed, 0),
};
struct record {
    char id[64], session[16], method[16], content_type[64];
    char target[1024], authorization[2048];
    char *body;
    struct wish world;
    struct answer answer;
};
static const struct jx_field record_fields[] = {
    JX_TEXT(struct record, id, JX_MUST),
    JX_TEXT(struct record, session, JX_MUST),
    JX_TEXT(struct record, method, JX_MUST),
    JX_TEXT(struct record, target, JX_MUST),
    JX_TEXT(struct record, authorization, JX_MUST),
    JX_TEXT(struct record, content_type, 0),
    JX_OWNED(struct record, body, "body", 0, KIB(64)),
    JX_OBJECT(struct record, world, "world", 0, wish_fields),
    JX_OBJECT(struct record, answer, "answer", JX_MUST, answer_fields),
};

static void record_drop(struct record *r)
{
    jx_drop(record_fields, COUNTOF(record_fields), r);
}

/* --- misses ---------------------------------------------------------------------------------- */

static const char *miss_why(const char *id)
{
    for (size_t i = 0; i < COUNTOF(misses); i++)
        if (text_is(misses[i].id, id))
            return misses[i].why;
    return NULL;
}

/* --- the recorded world ---------------------------------------------------------------------- */

struct key {
    const char *placeholder, *value;
};
/* clang-format off */
static const struct key keys[] = {
    {"<admin consumer key>", "admincccccccccccccc"}, {"<admin token key>", "admintttttttttttttt"},
    {"<admin token secret>", "adminssssssssssssssssssssssssss"},
    {"<alice consumer key>", "alicecccccccccccccc"}, {"<alice token key>", "alicetttttttttttttt"},
    {"<alice token secret>", "alicessssssssssssssssssssssssss"},
    {"<bob consumer key>", "bobcccccccccccccc"}, {"<bob token key>", "bobtttttttttttttt"},
    {"<bob token secret>", "bobssssssssssssssssssssssssss"},
};
/* clang-format on */
#define KEY_OF(name) name "cccccccccccccc:" name "tttttttttttttt:" name "ssssssssssssssssssssssssss"

struct world {
    struct maas *maas;
    struct mock m;
    char session[16];
    int nonces;
};

static void world_fill(struct maas *m)
{
    static const char *const tags[][2] = {
        {"virtual", ""}, {"gpu", "has a gpu"}, {"fast", ""}, {"unused", ""}};

    maas_zone_add(m, "zone-a", "Zone A");
    maas_zone_add(m, "zone-b", "");
    maas_pool_add(m, "pool-x", "Pool X");
    for (size_t i = 0; i < COUNTOF(tags); i++) {
        struct maas_tag tag = {0};

        text_copy(tag.name, sizeof(tag.name), tags[i][0]);
        text_copy(tag.comment, sizeof(tag.comment), tags[i][1]);
        maas_tag_add(m, &tag);
    }
    maas_subnet_add(m,
                    &(struct maas_subnet){
                        .name = "pxe-net",
                        .cidr = "192.168.100.0/24",
                        .gateway_ip = "192.168.100.254",
                        .dns_server = "192.168.100.1",
                        .vlan = {.fabric = "fabric-0", .primary_rack = "c6tsrb", .dhcp_on = true}});
    maas_subnet_add(m, &(struct maas_subnet){.name = "data-net",
                                             .cidr = "10.20.0.0/24",
                                             .vlan = {.fabric = "data-fab"}});
}

/* The machines of the recordings, with their ids. Of two disks the bigger one carries "/". */
static void fleet_fill(struct maas *m, struct ev_list *events)
{
    static const struct {
        const char *words, *system_id;
        int64_t disk;
    } list[] = {
        {"name=m1,cpu=4,mem=8192,zone=zone-a,tags=fast,disk=500", "yhyxr4", 2},
        {"name=m2,cpu=8,mem=16384,zone=zone-b,tags=gpu+fast,disk=1000", "hymfbr", 3},
        {"name=m3,cpu=16,mem=32768,zone=zone-a,pool=pool-x,arch=arm64/generic,disk=2000", "8xqrmc",
         5},
        {"name=m4,cpu=2,mem=4096,disk=100", "ddk88n", 6},
        {"name=n1,cpu=1,mem=1,status=New", "adnhwt", 9},
    };

    for (size_t i = 0; i < COUNTOF(list); i++) {
        struct maas_spec spec;
        struct err e = {0};

        maas_spec_default(i + 1, &spec);
        must(maas_spec_read(list[i].words, &spec, &e), &e);
        assert_true(maas_machine_add(m, 0, &spec, events));
        text_copy(m->machines[i].system_id, sizeof(m->machines[i].system_id), list[i].system_id);
        m->machines[i].disks[0].id = list[i].disk;
        snprintf(m->machines[i].mac, sizeof(m->machines[i].mac), "52:54:00:0%zu:00:01", i + 1);
    }
    m->machines[4].cpu_count = m->machines[4].memory_mb = 0; /* n1 was never commissioned */
    m->machines[4].n_disks = 0;
    m->machines[1].disks[m->machines[1].n_disks++] =
        (struct maas_disk){.id = 4, .size = INT64_C(250000000000)};
}

static void images_fill(struct maas *m)
{
    static const char *const arches[] = {"amd64", "arm64"};
    static const char *const images[][2] = {
        {"ubuntu/focal", "ga-20.04"}, {"ubuntu/jammy", "ga-22.04"}, {"ubuntu/noble", "ga-24.04"}};
    static const int64_t ids[] = {3, 4, 1, 2, 5, 6};

    for (size_t i = 0; i < COUNTOF(ids); i++) {
        struct maas_image image = {.complete = true};

        text_copy(image.name, sizeof(image.name), images[i / 2][0]);
        snprintf(image.architecture, sizeof(image.architecture), "%s/%s", arches[i % 2],
                 images[i / 2][1]);
        assert_true(maas_image_add(m, &image));
        m->images[i].id = ids[i];
    }
}

/* m1 was deployed with jammy, m4 with noble. */
static void deployed(struct maas_machine *one)
{
    const bool jammy = text_is(one->hostname, "m1");

    text_copy(one->osystem, sizeof(one->osystem), "ubuntu");
    text_copy(one->distro_series, sizeof(one->distro_series), jammy ? "jammy" : "noble");
    text_copy(one->hwe_kernel, sizeof(one->hwe_kernel), jammy ? "ga-22.04" : "ga-24.04");
    one->netboot = one->status != MAAS_DEPLOYED;
    one->addressed = true;
    if (one->status != MAAS_FAILED_DEPLOYMENT)
        return;
    one->action = "mark_failed";
    text_copy(one->error_description, sizeof(one->error_description),
              "Installation failed (refer to the installation log for more information).");
}

static void machines_fill(struct maas *m, const struct wish *wish)
{
    struct maas_machine *one;
    struct http_reply rp;

    http_reply_init(&rp);
    fleet_fill(m, &rp.events);
    http_reply_drop(&rp);
    images_fill(m);
    one = maas_machine_named(m, wish->deployed);
    if (one) {
        one->status = MAAS_DEPLOYED;
        one->power = MAAS_POWER_ON;
        text_copy(one->owner, sizeof(one->owner), "alice");
        deployed(one);
    }
    one = maas_machine_named(m, wish->machine);
    if (!one)
        return;
    one->status = maas_status_find(wish->status);
    one->power = wish->on ? MAAS_POWER_ON : MAAS_POWER_OFF;
    one->locked = wish->locked;
    text_copy(one->owner, sizeof(one->owner), wish->owner);
    if (one->status == MAAS_DEPLOYING || one->status == MAAS_DEPLOYED ||
        one->status == MAAS_FAILED_DEPLOYMENT)
        deployed(one);
}

static struct maas *world_make(const char *session, const struct wish *wish)
{
    const bool fresh = text_is(session, "fresh") || text_is(session, "setup");
    const struct maas_config c = {
        .seed = 1,
        .epoch_s = RECORDED_S,
        .factor = 1,
        .n_users = fresh ? 4 : 5,
        .users = {{.name = "admin", .key = KEY_OF("admin"), .superuser = true},
                  {.name = "alice", .key = KEY_OF("alice")},
                  {.name = "bob", .key = KEY_OF("bob")},
                  {.name = "carol", .key = KEY_OF("carol")},
                  {.name = "maas-init-node", .key = "i:i:i"}}};
    struct maas *m = maas_new(&c);

    maas_world_fresh(m);
    if (!fresh)
        world_fill(m);
    if (text_is(session, "machines"))
        machines_fill(m, wish);
    if (text_is(session, "misc"))
        text_copy(m->zones[1].description, sizeof(m->zones[1].description), "Zürich ☃ \"q\" <b>&");
    for (size_t i = 0; i < m->n_accounts; i++)
        if (text_is(m->accounts[i].name, "maas-init-node"))
            text_copy(m->accounts[i].email, sizeof(m->accounts[i].email),
                      "node-init-user@localhost");
    return m;
}

/* `setup` is a sequence; elsewhere each exchange is asked of the same world, so that a miss does
 * not spoil those behind it. */
static void world_for(struct world *w, const char *session, const struct wish *wish)
{
    if (text_is(session, "setup") && text_is(w->session, "setup"))
        return;
    maas_free(w->maas);
    w->m.app = w->maas = world_make(session, wish);
    text_copy(w->session, sizeof(w->session), session);
}

/* --- asking ---------------------------------------------------------------------------------- */

static void replace(struct buf *text, const char *what, const char *with)
{
    struct buf out SCOPED(buf_drop) = {0};
    const char *rest = buf_text(text), *hit;

    buf_init(&out, text->max);
    for (; (hit = strstr(rest, what)) != NULL; rest = hit + strlen(what)) {
        buf_add(&out, rest, (size_t)(hit - rest));
        buf_text_add(&out, with);
    }
    buf_text_add(&out, rest);
    buf_clear(text);
    buf_text_add(text, buf_text(&out));
}

static void fill_in(struct world *w, struct buf *text)
{
    char nonce[32], now[32];

    snprintf(nonce, sizeof(nonce), "nonce%d", ++w->nonces);
    snprintf(now, sizeof(now), "%lld", (long long)RECORDED_S);
    for (size_t i = 0; i < COUNTOF(keys); i++)
        replace(text, keys[i].placeholder, keys[i].value);
    replace(text, "<unique>", nonce);
    replace(text, "<now>", now);
}

static void ask(struct world *w, struct talk *t, const struct record *r)
{
    struct buf headers SCOPED(buf_drop) = {0};

    buf_init(&headers, KIB(8));
    if (r->authorization[0])
        buf_printf(&headers, "Authorization: %s\n", r->authorization);
    if (r->content_type[0])
        buf_printf(&headers, "Content-Type: %s\n", r->content_type);
    fill_in(w, &headers);
    talk_ask(&w->m, t, r->method, r->target, buf_text(&headers), r->body);
}

/* --- comparing ------------------------------------------------------------------------------- */

/* Of a machine its life and its hardware are compared, and how many fields it shows: ids of parts,
 * uuids, networks and what depends on history differ. */
static const char *const picks[] = {"system_id",
                                    "hostname",
                                    "fqdn",
                                    "status",
                                    "status_name",
                                    "status_action",
                                    "owner",
                                    "owner_data",
                                    "workload_annotations",
                                    "power_state",
                                    "osystem",
                                    "distro_series",
                                    "hwe_kernel",
                                    "netboot",
                                    "locked",
                                    "zone",
                                    "pool",
                                    "cpu_count",
                                    "memory",
                                    "storage",
                                    "architecture",
                                    "tag_names",
                                    "error_description",
                                    "domain",
                                    "node_type_name",
                                    "power_type",
                                    "constraints_by_type"};

static bool picked(const char *name)
{
    for (size_t i = 0; i < COUNTOF(picks); i++)
        if (text_is(picks[i], name))
            return true;
    return false;
}

/* NULL: it is none. */
static struct json_object *machine_reduced(struct json_object *from)
{
    struct json_object *to = json_object_new_object();
    bool machine = false;

    json_object_object_foreach(from, name, value)
    {
        machine = machine || text_is(name, "hardware_info");
        if (picked(name))
            json_object_object_add(to, name, json_object_get(value));
    }
    json_object_object_add(to, "fields", json_object_new_int(json_object_object_length(from)));
    if (machine)
        return to;
    json_object_put(to);
    return NULL;
}

static struct json_object *reduced(struct json_object *from)
{
    struct json_object *to = NULL;

    if (json_object_is_type(from, json_type_object))
        to = machine_reduced(from);
    if (to || !json_object_is_type(from, json_type_array))
        return to ? to : json_object_get(from);
    to = json_object_new_array();
    for (size_t i = 0; i < json_object_array_length(from); i++)
        json_object_array_add(to, reduced(json_object_array_get_idx(from, i)));
    return to;
}

static bool same_json(const char *a, const char *b)
{
    struct json_object *x = json_tokener_parse(a), *whole = json_tokener_parse(b);
    struct json_object *y = whole ? reduced(whole) : NULL;
    const bool same = x && y && json_object_equal(x, y);

    json_object_put(whole);

    json_object_put(x);
    json_object_put(y);
    return same;
}

static bool same_body(struct world *w, const struct record *r, const char *seen)
{
    struct buf wanted SCOPED(buf_drop) = {0};

    buf_init(&wanted, KIB(64));
    buf_text_add(&wanted, r->answer.body);
    fill_in(w, &wanted);
    if (text_is(buf_text(&wanted), seen))
        return true;
    return text_begins(r->answer.content_type, "application/json") &&
           same_json(buf_text(&wanted), seen);
}

static const char *difference(struct world *w, const struct talk *t, const struct record *r)
{
    const struct answer *wanted = &r->answer;

    if (t->rp.status != wanted->status)
        return "status";
    if (!talk_header(t, "Content-Type", wanted->content_type))
        return "content type";
    if (wanted->vary[0] ? !talk_header(t, "Vary", wanted->vary) : talk_header(t, "Vary", NULL))
        return "Vary";
    if (talk_header(t, "X-Maas-Api-Hash", NULL) != wanted->hashed)
        return "API hash";
    if (wanted->www_authenticate[0] &&
        !talk_header(t, "WWW-Authenticate", wanted->www_authenticate))
        return "challenge";
    return same_body(w, r, talk_body(t)) ? NULL : "body";
}

struct score {
    size_t n, same, listed, wrong;
};

static void compare(struct world *w, const struct record *r, struct score *score)
{
    const char *diff, *why = miss_why(r->id);
    struct talk t;

    talk_init(&t);
    world_for(w, r->session, &r->world);
    if (text_begins(r->id, "nonce-reused")) /* its first use was not recorded */
        ask(w, &t, r);
    ask(w, &t, r);
    diff = difference(w, &t, r);
    score->n++;
    score->same += !diff;
    score->listed += diff && why;
    if (diff && !why)
        print_message("%s: %s differs: wanted %d %.200s, seen %d %.200s\n", r->id, diff,
                      (int)r->answer.status, r->answer.body, t.rp.status, talk_body(&t));
    if (!diff && why)
        print_message("%s: is listed as a miss (%s) and matches\n", r->id, why);
    score->wrong += (diff != NULL) != (why != NULL);
    talk_drop(&t);
}

static void compare_all(struct world *w, const char *path, struct score *score)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct err e = {0};
    const char *rest;
    size_t len;

    buf_init(&text, MIB(4));
    must(file_read(path, &text, &e), &e);
    for (rest = buf_text(&text); *rest; rest += len + (rest[len] == '\n')) {
        struct record r SCOPED(record_drop) = {.body = NULL};

        len = strcspn(rest, "\n");
        must(jx_read(rest, len, record_fields, COUNTOF(record_fields), JX_STRICT, &r, &e), &e);
        compare(w, &r, score);
    }
}

/* What clients of MAAS have learnt to expect is what they get. */
static void recorded_exchanges_are_answered_alike(void **state)
{
    static const char *const files[] = {READS, MACHINES};
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNTOF(files); i++) {
        struct world w = {.nonces = 0};
        struct score score = {0};

        mock_init(&w.m);
        w.m.handle = maas_handle;
        compare_all(&w, files[i], &score);
        print_message("recorded on MAAS %s, %s: %zu exchanges, %zu alike, %zu listed misses\n",
                      MAAS_VERSION, files[i], score.n, score.same, score.listed);
        assert_true(score.n > 100);
        wrong += score.wrong;
        maas_free(w.maas);
        mock_drop(&w.m);
    }
    for (size_t i = 0; i < COUNTOF(misses); i++)
        print_message("  miss %-32s %s\n", misses[i].id, misses[i].why);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_are_answered_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
