/* Users and their API keys: users/, account/, accounts/authenticate/. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define CONSUMER_LETTERS 18
#define SECRET_LETTERS   32
#define TOKEN_NAME       "MAAS consumer"

struct maas_account *maas_account_named(struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->rest.n_accounts; i++)
        if (!m->rest.accounts[i].gone && text_is(m->rest.accounts[i].name, name))
            return &m->rest.accounts[i];
    return NULL;
}

struct maas_account *maas_account_add(struct maas *m, const struct maas_account *account)
{
    size_t i = 0;

    while (i < m->rest.n_accounts && !m->rest.accounts[i].gone)
        i++;
    if (i == MAAS_ACCOUNTS_MAX)
        return NULL;
    m->rest.n_accounts += i == m->rest.n_accounts;
    m->rest.accounts[i] = *account;
    return &m->rest.accounts[i];
}

static void letters_make(struct maas *m, char *out, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < n; i++)
        out[i] = letters[rng_between(&m->rng, 0, sizeof(letters) - 2)];
    out[n] = '\0';
}

static bool key_take_apart(const char *key, struct maas_token *t)
{
    const char *rest = key;

    return text_next(&rest, ':', t->consumer, sizeof(t->consumer)) &&
           text_next(&rest, ':', t->token, sizeof(t->token)) &&
           text_next(&rest, ':', t->secret, sizeof(t->secret));
}

struct maas_token *maas_token_add(struct maas *m, const struct maas_account *account,
                                  const char *key, const char *name)
{
    struct maas_token t = {.account = account - m->rest.accounts};
    size_t i = 0;

    if (*key && !key_take_apart(key, &t))
        return NULL;
    if (!*key) {
        letters_make(m, t.consumer, CONSUMER_LETTERS);
        letters_make(m, t.token, CONSUMER_LETTERS);
        letters_make(m, t.secret, SECRET_LETTERS);
    }
    while (i < m->rest.n_tokens && !m->rest.tokens[i].gone)
        i++;
    if (i == MAAS_TOKENS_MAX)
        return NULL;
    text_copy(t.name, sizeof(t.name), name && *name ? name : TOKEN_NAME);
    m->rest.n_tokens += i == m->rest.n_tokens;
    m->rest.tokens[i] = t;
    return &m->rest.tokens[i];
}

/* --- users/ ----------------------------------------------------------------------------------- */

void maas_user_write(struct pyjson *j, const char *name, const struct maas_account *u)
{
    pyjson_open(j, name, '{');
    pyjson_bool(j, "is_superuser", u->superuser);
    pyjson_text(j, "username", u->name);
    pyjson_text(j, "email", u->email);
    pyjson_bool(j, "is_local", true);
    maas_uri_write(j, "users", u->name);
    pyjson_close(j, '}');
}

static int by_name(const void *a, const void *b)
{
    const struct maas_account *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void maas_users(const struct http_exchange *x)
{
    const struct maas_rest *r = &maas_ask(x)->m->rest;
    const struct maas_account *list[MAAS_ACCOUNTS_MAX];
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    size_t n = 0;

    for (size_t i = 0; i < r->n_accounts; i++)
        if (!r->accounts[i].gone)
            list[n++] = &r->accounts[i];
    qsort(list, n, sizeof(list[0]), by_name);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        maas_user_write(j, NULL, list[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

static void user_answer(struct maas_ask *a, const struct maas_account *u)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_user_write(maas_doc_open(&d), NULL, u);
    maas_doc_answer(a, &d, 200);
}

void maas_user(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_account *u = maas_account_named(a->m, http_var(x->vars, "name"));

    if (u)
        user_answer(a, u);
    else
        maas_not_found(a, "User");
}

/* The cheapest check of a key. */
void maas_whoami(const struct http_exchange *x)
{
    user_answer(maas_ask(x), maas_ask(x)->user);
}

/* A name or an address that is taken breaks MAAS's transaction; it tries ten times and gives up. */
void maas_conflict(struct maas_ask *a)
{
    static const char page[] =
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
        "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n"
        "  <head>\n    <title>Error: Conflict Error</title>\n  </head>\n  <body>\n"
        "    <h2 class=\"p-heading--four\">\n"
        "      Conflict error. Try your request again, as it will most likely succeed.\n"
        "    </h2>\n  </body>\n</html>\n";

    buf_clear(&a->rp->headers);
    http_reply_text(a->rp, 409, MAAS_HTML, page);
    http_header_add(&a->rp->headers, "Retry-After", "5");
    a->raised = true;
}

static bool user_is_taken(const struct maas *m, const char *name, const char *email)
{
    for (size_t i = 0; i < m->rest.n_accounts; i++) {
        const struct maas_account *u = &m->rest.accounts[i];

        if (!u->gone && (text_is(u->name, name) || (*email && text_is(u->email, email))))
            return true;
    }
    return false;
}

static bool superuser_read(struct maas_ask *a, const char *value, bool *ret)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (text_is(value, "0") || text_is(value, "1")) {
        *ret = *value == '1';
        return true;
    }
    buf_init(&text, KIB(4));
    buf_text_add(&text, "Not a valid Boolean value (0 or 1): ");
    py_repr(&text, value);
    maas_raise_text(a, 500, buf_text(&text));
    return false;
}

void maas_user_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    static const char *const names[] = {"username", "email", "password", "is_superuser"};
    const char *values[COUNTOF(names)];
    struct maas_account u = {.gone = false}, *made;

    for (size_t i = 0; i < COUNTOF(names); i++)
        if (!maas_must(a, values[i] = maas_field(a, names[i]), names[i]))
            return;
    if (!superuser_read(a, values[3], &u.superuser))
        return;
    if (user_is_taken(a->m, values[0], values[1])) {
        maas_conflict(a);
        return;
    }
    text_copy(u.name, sizeof(u.name), values[0]);
    text_copy(u.email, sizeof(u.email), values[1]);
    text_copy(u.password, sizeof(u.password), values[2]);
    made = maas_account_add(a->m, &u);
    if (!made || !maas_token_add(a->m, made, "", NULL))
        maas_no_place(a);
    else
        user_answer(a, made);
}

/* What a user still holds, in MAAS's words. */
static void holdings_write(const struct maas *m, const char *name, struct buf *out)
{
    size_t ips = 0, ranges = 0;
    const size_t nodes = maas_machines_of(m, name);

    for (size_t i = 0; i < m->net.n_used; i++)
        ips += text_is(m->net.used[i].owner, name);
    for (size_t i = 0; i < m->net.n_ranges; i++)
        ranges += text_is(m->net.ranges[i].user, name);
    if (ips)
        buf_printf(out, "%zu static IP address(es)", ips);
    if (ranges)
        buf_printf(out, "%s%zu IP range(s)", out->len ? ", " : "", ranges);
    if (nodes)
        buf_printf(out, "%s%zu node(s)", out->len ? ", " : "", nodes);
}

/* All that one user holds goes to another. */
static void holdings_move(struct maas *m, const char *from, const char *to)
{
    for (size_t i = 0; i < m->net.n_used; i++)
        if (text_is(m->net.used[i].owner, from))
            text_copy(m->net.used[i].owner, sizeof(m->net.used[0].owner), to);
    for (size_t i = 0; i < m->net.n_ranges; i++)
        if (text_is(m->net.ranges[i].user, from))
            text_copy(m->net.ranges[i].user, sizeof(m->net.ranges[0].user), to);
    for (size_t i = 0; i < m->n_machines; i++) {
        struct maas_machine *one = maas_machine_at(m, i);

        if (!one->gone && text_is(one->owner, from))
            text_copy(one->owner, sizeof(one->owner), to);
    }
}

/* The user that `transfer_resources_to` names, if it is there. false: answered. */
static bool heir_read(struct maas_ask *a, const struct maas_account *u)
{
    const char *name = maas_asked(a, "transfer_resources_to");
    const struct maas_account *heir;

    name = name ? name : maas_field(a, "transfer_resources_to");
    if (!u || !name || !*name)
        return true;
    heir = maas_account_named(a->m, name);
    if (!heir) {
        maas_not_found(a, "User");
        return false;
    }
    holdings_move(a->m, u->name, heir->name);
    return true;
}

static void account_forget(struct maas *m, struct maas_account *u)
{
    const int64_t place = u - m->rest.accounts;

    u->gone = true;
    for (size_t i = 0; i < m->rest.n_tokens; i++)
        if (m->rest.tokens[i].account == place)
            m->rest.tokens[i].gone = true;
}

void maas_user_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_account *u = maas_account_named(a->m, http_var(x->vars, "name"));
    struct buf held SCOPED(buf_drop) = {0}, text SCOPED(buf_drop) = {0};

    if (u == a->user) {
        maas_raise_text(a, 400, "An administrator cannot self-delete.");
        return;
    }
    if (!heir_read(a, u))
        return;
    buf_init(&held, KIB(1));
    buf_init(&text, KIB(2));
    if (u)
        holdings_write(a->m, u->name, &held);
    if (held.len) {
        buf_printf(&text, "Cannot delete user. %s are still allocated", buf_text(&held));
        maas_raise_text(a, 400, buf_text(&text));
        return;
    }
    if (u)
        account_forget(a->m, u);
    maas_done(a);
}

/* --- account/ --------------------------------------------------------------------------------- */

static bool is_own(const struct maas_ask *a, const struct maas_token *t)
{
    return !t->gone && t->account == a->user - a->m->rest.accounts;
}

void maas_tokens(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct buf key SCOPED(buf_drop) = {0};

    buf_init(&key, 4 * OAUTH_TEXT_MAX);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->rest.n_tokens; i++) {
        const struct maas_token *t = &a->m->rest.tokens[i];

        if (!is_own(a, t))
            continue;
        buf_clear(&key);
        buf_printf(&key, "%s:%s:%s", t->consumer, t->token, t->secret);
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "name", t->name);
        pyjson_text(j, "token", buf_text(&key));
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

static void token_line(struct maas_ask *a, const struct maas_token *t)
{
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(4));
    buf_printf(&body,
               "{\"token_key\": \"%s\", \"token_secret\": \"%s\", \"consumer_key\": \"%s\", "
               "\"name\": ",
               t->token, t->secret, t->consumer);
    py_text(&body, t->name);
    buf_char_add(&body, '}');
    maas_return_json(a, buf_text(&body));
}

void maas_token_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_token *t = maas_token_add(a->m, a->user, "", maas_field(a, "name"));

    if (t)
        token_line(a, t);
    else
        maas_no_place(a);
}

/* NULL: answered. A whole key is taken for its token. */
static struct maas_token *token_for(struct maas_ask *a, const char *parameter)
{
    const char *wish = maas_field(a, parameter), *rest = wish;
    char first[OAUTH_TEXT_MAX] = "", token[OAUTH_TEXT_MAX] = "";

    if (!maas_must(a, wish, parameter))
        return NULL;
    if (text_next(&rest, ':', first, sizeof(first)))
        text_next(&rest, ':', token, sizeof(token));
    for (size_t i = 0; i < a->m->rest.n_tokens; i++)
        if (is_own(a, &a->m->rest.tokens[i]) &&
            text_is(a->m->rest.tokens[i].token, token[0] ? token : wish))
            return &a->m->rest.tokens[i];
    maas_not_found(a, "Token");
    return NULL;
}

void maas_token_delete(const struct http_exchange *x)
{
    struct maas_token *t = token_for(maas_ask(x), "token_key");

    if (!t)
        return;
    t->gone = true;
    maas_done(maas_ask(x));
}

void maas_token_rename(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_token *t = token_for(a, "token");
    const char *name = maas_field(a, "name");

    if (!t || !maas_must(a, name, "name"))
        return;
    text_copy(t->name, sizeof(t->name), name);
    maas_return(a, 202, MAAS_PLAIN, "Accepted");
}

/* --- accounts/authenticate/: a name and a password for a key ---------------------------------- */

void maas_login(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *name = maas_field_or(a, "username", ""), *word = maas_field_or(a, "password", "");
    const char *consumer = maas_field_or(a, "consumer", TOKEN_NAME);
    const struct maas_account *u = maas_account_named(a->m, name);
    const struct maas_token *made;

    if (!u || !u->password[0] || !text_is(u->password, word) || u->inactive) {
        maas_raise_text(a, 403, "");
        return;
    }
    for (size_t i = 0; i < a->m->rest.n_tokens; i++) {
        const struct maas_token *t = &a->m->rest.tokens[i];

        if (!t->gone && t->account == u - a->m->rest.accounts && text_is(t->name, consumer)) {
            token_line(a, t);
            return;
        }
    }
    made = maas_token_add(a->m, u, "", consumer);
    if (made)
        token_line(a, made);
    else
        maas_no_place(a);
}
