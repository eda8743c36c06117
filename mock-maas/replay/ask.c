/* The request of a record, as its client sent it. */
#include "mock-maas/replay/run.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <inttypes.h>
#include <string.h>

#define BOUNDARY "replay-1f3a9c"

/* --- what stood where the recording has a placeholder ----------------------------------------- */

/* Part 0, 1 or 2 of the user's key. */
static bool key_part(const struct replay *r, const char *user, size_t part, struct buf *out)
{
    const char *rest = r->keys;
    char one[512], value[256];

    while (text_next(&rest, ',', one, sizeof(one))) {
        const char *at = strchr(one, '=');

        if (!at || (size_t)(at - one) != strlen(user) || memcmp(one, user, strlen(user)) != 0)
            continue;
        at++;
        for (size_t i = 0; text_next(&at, ':', value, sizeof(value)); i++)
            if (i == part) {
                buf_text_add(out, value);
                return true;
            }
    }
    return false;
}

static bool word_fill_in(struct replay *r, const char *word, struct buf *out)
{
    static const char *const kinds[] = {" consumer key", " token key", " token secret"};
    char user[64];

    if (text_is(word, "unique"))
        buf_printf(out, "replay%" PRIu64, ++r->nonces);
    else if (text_is(word, "now"))
        buf_printf(out, "%" PRId64, r->now_s);
    else
        for (size_t i = 0; i < COUNTOF(kinds); i++)
            if (text_ends(word, kinds[i]) &&
                text_copy_len(user, sizeof(user), word, strlen(word) - strlen(kinds[i])))
                return key_part(r, user, i, out);
    return text_is(word, "unique") || text_is(word, "now");
}

void replay_fill_in(struct replay *r, const char *text, struct buf *out)
{
    char word[80];

    while (*text) {
        const size_t len = *text == '<' ? strcspn(text, ">") : 0;

        if (len > 1 && text[len] == '>' && text_copy_len(word, sizeof(word), text + 1, len - 1) &&
            word_fill_in(r, word, out))
            text += len + 1;
        else
            buf_char_add(out, *text++);
    }
}

/* Filled in, and in the server's own ids. */
static void live(struct replay *r, const char *text, struct buf *out)
{
    struct buf filled SCOPED(buf_drop) = {0};

    buf_init(&filled, out->max);
    replay_fill_in(r, text, &filled);
    names_translate(&r->names, buf_text(&filled), out);
}

/* --- the parts -------------------------------------------------------------------------------- */

/* [["name", "value"], …] as name=value&… */
static void pairs_of(struct replay *r, const struct tree *list, struct buf *out)
{
    for (const struct tree *p = list ? list->first : NULL; p; p = p->next) {
        struct buf value SCOPED(buf_drop) = {0};

        if (!p->first || !p->first->next)
            continue;
        buf_init(&value, MIB(1));
        live(r, p->first->next->value, &value);
        pairs_write(out, p->first->value, buf_text(&value));
    }
}

static void parts_of(struct replay *r, const struct tree *list, struct buf *out)
{
    for (const struct tree *p = list ? list->first : NULL; p; p = p->next) {
        struct buf value SCOPED(buf_drop) = {0};

        if (!p->first || !p->first->next)
            continue;
        buf_init(&value, MIB(1));
        live(r, p->first->next->value, &value);
        buf_printf(out,
                   "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                   p->first->value, buf_text(&value));
    }
    buf_text_add(out, "--" BOUNDARY "--\r\n");
}

static void oauth_write(struct replay *r, const struct tree *parts, struct buf *out)
{
    const char *comma = "";

    buf_printf(out, "%s ", tree_text(parts, "scheme"));
    for (const struct tree *p = parts->first; p; p = p->next) {
        struct buf value SCOPED(buf_drop) = {0};

        if (text_is(p->name, "scheme") || !p->value)
            continue;
        buf_init(&value, KIB(4));
        replay_fill_in(r, p->value, &value);
        buf_printf(out, "%s%s=\"", comma, p->name);
        url_encode(out, buf_text(&value));
        buf_char_add(out, '"');
        comma = ", ";
    }
}

static void header_write(struct replay *r, const struct tree *header, struct http_call *ret)
{
    struct buf value SCOPED(buf_drop) = {0};

    buf_init(&value, KIB(8));
    if (header->kind == TREE_OBJECT)
        oauth_write(r, header, &value);
    else if (text_begins(header->value, "multipart/form-data"))
        buf_text_add(&value, "multipart/form-data; boundary=" BOUNDARY);
    else if (!tree_is_null(header))
        replay_fill_in(r, header->value, &value);
    if (!tree_is_null(header))
        http_header_add(&ret->headers, header->name, buf_text(&value));
}

static void body_write(struct replay *r, const struct tree *rq, struct http_call *ret)
{
    const char *type = tree_text(tree_get(rq, "headers"), "Content-Type");

    if (text_begins(type, "multipart/"))
        parts_of(r, tree_get(rq, "form"), &ret->body);
    else if (!tree_is_null(tree_get(rq, "raw_body")))
        replay_fill_in(r, tree_text(rq, "raw_body"), &ret->body);
    else
        pairs_of(r, tree_get(rq, "form"), &ret->body);
}

/* A path is sent as it was recorded, but for what a URL cannot hold. */
static void path_write(const char *path, struct buf *out)
{
    for (; *path; path++)
        if ((unsigned char)*path <= ' ' || (unsigned char)*path >= 0x7f)
            buf_printf(out, "%%%02X", (unsigned char)*path);
        else
            buf_char_add(out, *path);
}

void replay_ask_write(struct replay *r, const struct tree *record, struct http_call *ret)
{
    const struct tree *rq = tree_get(record, "request");
    const struct tree *headers = tree_get(rq, "headers");
    struct buf path SCOPED(buf_drop) = {0}, query SCOPED(buf_drop) = {0};

    buf_init(&path, KIB(8));
    buf_init(&query, KIB(64));
    http_call_init(ret, tree_text(rq, "method"));
    buf_text_add(&ret->url, r->url);
    live(r, tree_text(rq, "path"), &path);
    path_write(buf_text(&path), &ret->url);
    pairs_of(r, tree_get(rq, "query"), &query);
    if (query.len)
        buf_printf(&ret->url, "?%s", buf_text(&query));
    for (const struct tree *h = headers ? headers->first : NULL; h; h = h->next)
        header_write(r, h, ret);
    body_write(r, rq, ret);
}
