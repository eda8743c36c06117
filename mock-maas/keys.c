/* account/prefs/: SSH keys and TLS certificates of a user. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

static const char *const key_types[] = {"ssh-rsa",
                                        "ssh-dss",
                                        "ssh-ed25519",
                                        "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521",
                                        "sk-ecdsa-sha2-nistp256@openssh.com",
                                        "sk-ssh-ed25519@openssh.com"};

/* A key's bytes begin with the name of its type, after four bytes of length. */
static bool is_ssh_key(const char *text)
{
    struct buf bytes SCOPED(buf_drop) = {0};
    char type[64], data[MAAS_SSH_KEY_MAX];
    const char *rest = text;
    bool known = false;

    if (!text_next(&rest, ' ', type, sizeof(type)) || !text_next(&rest, ' ', data, sizeof(data)))
        return false;
    for (size_t i = 0; i < COUNTOF(key_types); i++)
        known = known || text_is(key_types[i], type);
    buf_init(&bytes, MAAS_SSH_KEY_MAX);
    return known && maas_base64_read(data, &bytes) && bytes.len > 4 + strlen(type) + 4 &&
           memcmp(buf_text(&bytes) + 4, type, strlen(type)) == 0;
}

static bool is_own(const struct maas_ask *a, const struct maas_ssh_key *k, bool ssl)
{
    return k->account == a->user - a->m->rest.accounts && k->ssl == ssl;
}

static bool asks_for_ssl(const struct http_exchange *x)
{
    return strstr(x->route->path, "/sslkeys/") != NULL;
}

static void key_write(struct pyjson *j, const struct maas_ssh_key *k)
{
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "id", k->id);
    pyjson_text(j, "key", k->key);
    if (!k->ssl)
        pyjson_text_or_null(j, "keysource", k->source);
    maas_uri_id_write(j, k->ssl ? "account/prefs/sslkeys" : "account/prefs/sshkeys", k->id);
    pyjson_close(j, '}');
}

void maas_keys(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->rest.n_keys; i++)
        if (is_own(a, &a->m->rest.keys[i], asks_for_ssl(x)))
            key_write(j, &a->m->rest.keys[i]);
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

static const char *key_wrong(const struct maas_ask *a, const char *text, bool ssl)
{
    if (ssl)
        return text_begins(text, "-----BEGIN CERTIFICATE-----") ? NULL : "Invalid SSL certificate.";
    if (is_ssh_key(text))
        return NULL;
    return maas_is_37(a->m) ? "Invalid SSH public key: Invalid value."
                            : "Invalid SSH public key: Key could not be converted to RFC4716 form.";
}

void maas_key_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const bool ssl = asks_for_ssl(x);
    const char *text = maas_field_or(a, "key", ""), *wrong;
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct maas_ssh_key *k = &a->m->rest.keys[a->m->rest.n_keys];

    maas_doc_open(&d);
    wrong = *text ? key_wrong(a, text, ssl) : "This field is required.";
    for (size_t i = 0; i < a->m->rest.n_keys; i++)
        if (is_own(a, &a->m->rest.keys[i], ssl) && text_is(a->m->rest.keys[i].key, text))
            wrong = "This key has already been added for this user.";
    if (wrong)
        maas_complain(&c, "key", wrong);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    if (a->m->rest.n_keys == MAAS_SSH_KEYS_MAX || strlen(text) >= sizeof(k->key)) {
        maas_no_place(a);
        return;
    }
    *k = (struct maas_ssh_key){
        .id = ++a->m->rest.next_key, .account = a->user - a->m->rest.accounts, .ssl = ssl};
    text_copy(k->key, sizeof(k->key), text);
    a->m->rest.n_keys++;
    key_write(&d.j, k);
    maas_doc_answer(a, &d, 201);
}

/* NULL: answered. */
static struct maas_ssh_key *key_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < a->m->rest.n_keys; i++)
        if (a->m->rest.keys[i].id == id && a->m->rest.keys[i].ssl == asks_for_ssl(x))
            return &a->m->rest.keys[i];
    maas_not_found(a, asks_for_ssl(x) ? "SSLKey" : "SSHKey");
    return NULL;
}

void maas_key(const struct http_exchange *x)
{
    const struct maas_ssh_key *k = key_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_doc_open(&d);
    if (!k)
        return;
    key_write(&d.j, k);
    maas_doc_answer(maas_ask(x), &d, 200);
}

void maas_key_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_ssh_key *k = key_for(x);

    if (!k)
        return;
    if (!is_own(a, k, k->ssl)) {
        maas_return(a, 403, MAAS_PLAIN, "Can't delete a key you don't own.");
        return;
    }
    a->m->rest.n_keys--;
    memmove(k, k + 1, (size_t)(&a->m->rest.keys[a->m->rest.n_keys] - k) * sizeof(*k));
    maas_done(a);
}
