#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int maas_site_setup(void **state)
{
    const struct maas_config c = {
        .seed = 1,
        .epoch_s = EPOCH_S,
        .factor = 1,
        .n_machines = 6,
        .authority = true,
        .n_users = 3,
        .users = {{.name = "alice", .key = ALICE_KEY},
                  {.name = "bob", .key = BOB_KEY},
                  {.name = "admin", .key = ADMIN_KEY, .superuser = true}}};
    struct maas_site *s = calloc(1, sizeof(*s));

    s->maas = maas_new(&c);
    mock_init(&s->m);
    s->m.app = s->maas;
    s->m.handle = maas_handle;
    s->m.scheme = "http";
    s->m.authority = "10.10.0.3:5240";
    talk_init(&s->t);
    *state = s;
    return 0;
}

int maas_site_teardown(void **state)
{
    struct maas_site *s = *state;

    talk_drop(&s->t);
    mock_drop(&s->m);
    maas_free(s->maas);
    free(s);
    return 0;
}

struct signing signing_of(const char *key, char *store, size_t size)
{
    struct signing how = {.consumer = store};
    char *second, *third;

    assert_true(text_copy(store, size, key));
    second = strchr(store, ':');
    third = strchr(second + 1, ':');
    *second = *third = '\0';
    how.token = second + 1;
    how.secret = third + 1;
    return how;
}

static void part(struct buf *out, const struct signing *how, const char *name, const char *value)
{
    if (!text_is(how->drop, name))
        buf_printf(out, "%s%s=\"%s\"", out->len > strlen("OAuth ") ? ", " : "", name, value);
}

void signing_write(struct maas_site *s, const struct signing *how, struct buf *out)
{
    char nonce[32], now[32], signature[256];

    snprintf(nonce, sizeof(nonce), "nonce-%" PRId64, ++s->nonces);
    snprintf(now, sizeof(now), "%" PRId64, EPOCH_S + s->m.now / 1000);
    snprintf(signature, sizeof(signature), "%%26%s", how->secret);
    buf_text_add(out, "OAuth ");
    part(out, how, "oauth_version", "1.0");
    part(out, how, "oauth_signature_method", how->method ? how->method : "PLAINTEXT");
    part(out, how, "oauth_consumer_key", how->consumer);
    part(out, how, "oauth_token", how->token);
    part(out, how, "oauth_signature", how->signature ? how->signature : signature);
    part(out, how, "oauth_nonce", how->nonce ? how->nonce : nonce);
    part(out, how, "oauth_timestamp", how->timestamp ? how->timestamp : now);
}

int maas_with(struct maas_site *s, const char *target, const char *authorization)
{
    struct buf headers SCOPED(buf_drop) = {0};

    buf_init(&headers, KIB(8));
    if (authorization)
        buf_printf(&headers, "Authorization: %s\n", authorization);
    talk_ask(&s->m, &s->t, "GET", target, buf_text(&headers), NULL);
    return s->t.rp.status;
}

int maas_send(struct maas_site *s, const char *key, const char *method, const char *target,
              const char *form)
{
    struct buf headers SCOPED(buf_drop) = {0};
    struct buf authorization SCOPED(buf_drop) = {0};
    struct signing how;
    char store[256];

    buf_init(&headers, KIB(8));
    buf_init(&authorization, KIB(4));
    if (key) {
        how = signing_of(key, store, sizeof(store));
        signing_write(s, &how, &authorization);
        buf_printf(&headers, "Authorization: %s\n", buf_text(&authorization));
    }
    if (form)
        buf_text_add(&headers, "Content-Type: application/x-www-form-urlencoded\n");
    talk_ask(&s->m, &s->t, method, target, buf_text(&headers), form);
    return s->t.rp.status;
}

int maas_get(struct maas_site *s, const char *key, const char *target)
{
    return maas_send(s, key, "GET", target, NULL);
}

void answered(const struct maas_site *s, int status, const char *type, const char *body)
{
    assert_int_equal(s->t.rp.status, status);
    assert_true(talk_header(&s->t, "Content-Type", type));
    assert_text(talk_body(&s->t), body);
}

/* --- machines ------------------------------------------------------------------------------------
 */

#define API "/MAAS/api/2.0/"

struct maas_machine *m1(struct maas_site *s)
{
    return maas_machine_named(s->maas, "m1");
}

int on_m1(struct maas_site *s, const char *key, const char *op, const char *form)
{
    char target[256];

    snprintf(target, sizeof(target), API "machines/%s/?op=%s", m1(s)->system_id, op);
    return maas_send(s, key, "POST", target, form);
}

int read_m1(struct maas_site *s, const char *key)
{
    char target[256];

    snprintf(target, sizeof(target), API "machines/%s/", m1(s)->system_id);
    return maas_get(s, key, target);
}

void shows(struct maas_site *s, const char *path, const char *wanted)
{
    char text[512];

    assert_text(talk_pick(&s->t, path, text, sizeof(text)), wanted);
}

int allocate(struct maas_site *s, const char *key, const char *form)
{
    return maas_send(s, key, "POST", API "machines/?op=allocate", form);
}

/* Time passes and nobody asks. */
void passes(struct maas_site *s, ms_t now)
{
    struct http_reply rp;

    while (maas_due(s->maas) <= now) {
        s->m.now = ms_max(s->m.now, maas_due(s->maas));
        http_reply_init(&rp);
        maas_tick(s->maas, s->m.now, &rp);
        for (size_t i = 0; i < rp.events.n; i++)
            ev_list_add(&s->m.events, ev_list_at(&rp.events, i));
        http_reply_drop(&rp);
    }
    s->m.now = now;
}

void deploy_m1(struct maas_site *s)
{
    assert_int_equal(allocate(s, ALICE_KEY, "agent_name=mark1&name=m1"), 200);
    assert_int_equal(
        on_m1(s, ALICE_KEY, "deploy",
              "distro_series=custom%2Fu-2204-k8s-1.30&user_data=I2Nsb3VkLWNvbmZpZwo%3D"),
        200);
}

const struct event *last_state(struct maas_site *s)
{
    return mock_last(&s->m, EV_MAAS_STATE);
}
