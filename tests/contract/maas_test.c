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
#include "tests/unit/mock_talk.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS    "tests/contract/maas/reads-3.7.3.jsonl"
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
struct record {
    char id[64], session[16], method[16], content_type[64];
    char target[1024], authorization[2048];
    char *body;
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
    JX_OBJECT(struct record, answer, "answer", JX_MUST, answer_fields),
};

static void record_drop(struct record *r)
{
    jx_drop(record_fields, COUNTOF(record_fields), r);
}

/* --- misses ---------------------------------------------------------------------------------- */

#define WRITES    "writing this resource is not modelled yet"
#define MACHINE   "machines are not modelled yet"
#define ADDRESSES "addresses in use are not modelled yet"

struct miss {
    const char *id, *why;
};
static const struct miss misses[] = {
    {"setup-subnet-pxe", WRITES},
    {"setup-subnet-data", WRITES},
    {"setup-tag-gpu-m2", MACHINE},
    {"setup-tag-fast-m1m2", MACHINE},
    {"res-user-create", WRITES},
    {"res-user-create-dup", WRITES},
    {"res-user-create-dup-email", WRITES},
    {"res-user-create-missing", WRITES},
    {"res-user-create-badbool", WRITES},
    {"res-user-create-bademail", WRITES},
    {"res-user-delete-self", WRITES},
    {"res-user-delete", WRITES},
    {"res-user-delete-unknown", WRITES},
    {"res-zone-update", WRITES},
    {"res-zone-update-dup", WRITES},
    {"res-zone-update-unknown", WRITES},
    {"res-zone-delete", WRITES},
    {"res-zone-delete-again", WRITES},
    {"res-zone-delete-default", WRITES},
    {"res-zone-delete-used", WRITES},
    {"res-zone-recreate", "zone-b is deleted before it in the recording"},
    {"res-pool-update", WRITES},
    {"res-pool-delete", WRITES},
    {"res-pool-delete-again", WRITES},
    {"res-pool-delete-default", WRITES},
    {"res-pool-delete-used", WRITES},
    {"res-tag-create-definition", WRITES},
    {"res-tag-create-baddef", WRITES},
    {"res-tag-nodes", MACHINE},
    {"res-tag-update", WRITES},
    {"res-tag-rename", WRITES},
    {"res-tag-update-nodes-unknown", MACHINE},
    {"res-tag-update-nodes", MACHINE},
    {"res-tag-update-nodes-again", MACHINE},
    {"res-tag-update-nodes-remove", MACHINE},
    {"res-tag-update-nodes-empty", MACHINE},
    {"res-tag-rebuild", MACHINE},
    {"res-tag-update-nodes-definition", MACHINE},
    {"res-tag-delete", WRITES},
    {"res-tag-delete-unknown", WRITES},
    {"res-domain-create", WRITES},
    {"res-domain-create-dup", WRITES},
    {"res-domain-create-bad", WRITES},
    {"res-domain-create-empty", WRITES},
    {"res-domain-update", WRITES},
    {"res-domain-update-badttl", WRITES},
    {"res-domain-setdefault", WRITES},
    {"res-domain-setdefault-back", WRITES},
    {"res-domain-delete-default", WRITES},
    {"res-domain-serial", WRITES},
    {"res-domain-delete-used", WRITES},
    {"res-subnet-create-dup", WRITES},
    {"res-subnet-create-overlap", WRITES},
    {"res-subnet-create-bad", WRITES},
    {"res-subnet-create-empty", WRITES},
    {"res-subnet-create-hostbits", WRITES},
    {"res-subnet-create-badgw", WRITES},
    {"res-subnet-create-badvlan", WRITES},
    {"res-subnet-create", WRITES},
    {"res-subnet-update", WRITES},
    {"res-subnet-update-badgw", WRITES},
    {"res-subnet-stats", ADDRESSES},
    {"res-subnet-stats-ranges", ADDRESSES},
    {"res-subnet-reserved", ADDRESSES},
    {"res-subnet-unreserved", ADDRESSES},
    {"res-subnet-ips", ADDRESSES},
    {"res-subnet-delete", WRITES},
    {"res-subnet-delete-used", WRITES},
    {"misc-unicode-desc", WRITES},
    {"misc-cookie-session-csrf", "sessions and CSRF belong to the web interface"},
};

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

static struct maas *world_make(const char *session)
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
static void world_for(struct world *w, const char *session)
{
    if (text_is(session, "setup") && text_is(w->session, "setup"))
        return;
    maas_free(w->maas);
    w->m.app = w->maas = world_make(session);
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

static bool same_json(const char *a, const char *b)
{
    struct json_object *x = json_tokener_parse(a), *y = json_tokener_parse(b);
    const bool same = x && y && json_object_equal(x, y);

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
    world_for(w, r->session);
    if (text_begins(r->id, "nonce-reused")) /* its first use was not recorded */
        ask(w, &t, r);
    ask(w, &t, r);
    diff = difference(w, &t, r);
    score->n++;
    score->same += !diff;
    score->listed += diff && why;
    if (diff && !why)
        print_message("%s: %s differs: wanted %d %s, seen %d %s\n", r->id, diff,
                      (int)r->answer.status, r->answer.body, t.rp.status, talk_body(&t));
    if (!diff && why)
        print_message("%s: is listed as a miss (%s) and matches\n", r->id, why);
    score->wrong += (diff != NULL) != (why != NULL);
    talk_drop(&t);
}

/* What clients of MAAS have learnt to expect is what they get. */
static void recorded_exchanges_are_answered_alike(void **state)
{
    struct world w = {.nonces = 0};
    struct buf text SCOPED(buf_drop) = {0};
    struct score score = {0};
    struct err e = {0};
    const char *rest;
    size_t len;

    (void)state;
    mock_init(&w.m);
    w.m.handle = maas_handle;
    buf_init(&text, MIB(4));
    must(file_read(RECORDS, &text, &e), &e);
    for (rest = buf_text(&text); *rest; rest += len + (rest[len] == '\n')) {
        struct record r SCOPED(record_drop) = {.body = NULL};

        len = strcspn(rest, "\n");
        must(jx_read(rest, len, record_fields, COUNTOF(record_fields), JX_STRICT, &r, &e), &e);
        compare(&w, &r, &score);
    }
    print_message("recorded on MAAS %s: %zu exchanges, %zu alike, %zu listed misses\n",
                  MAAS_VERSION, score.n, score.same, score.listed);
    for (size_t i = 0; i < COUNTOF(misses); i++)
        print_message("  miss %-32s %s\n", misses[i].id, misses[i].why);
    assert_true(score.n > 100);
    assert_int_equal(score.wrong, 0);
    maas_free(w.maas);
    mock_drop(&w.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_are_answered_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
