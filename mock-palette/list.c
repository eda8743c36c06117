/* What all lists of the public API share: filters, orderBy, limit, offset, continue, listmeta. An
 * item is looked at as the JSON that would be sent. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1024

void pal_item_value(const char *json, const char *path, char *out, size_t size)
{
    if (!jx_pick(json, strlen(json), path, out, size))
        text_copy(out, size, "");
}

/* --- the query -------------------------------------------------------------------------------- */

/* orderBy=metadata.name=1,metadata.uid=-1 */
static bool order_read(struct pal_list *l, const char *text)
{
    char part[160];

    while (text_next(&text, ',', part, sizeof(part))) {
        char *value = strrchr(part, '=');

        if (l->n_order == PAL_ORDER_MAX || !value)
            return false;
        *value++ = '\0';
        if (!text_copy(l->order[l->n_order].path, sizeof(l->order[0].path), part) || !part[0] ||
            (!text_is(value, "1") && !text_is(value, "-1")))
            return false;
        l->order[l->n_order++].down = text_is(value, "-1");
    }
    return true;
}

static bool numbers_read(struct pal_list *l, const struct pairs *query)
{
    const char *limit = pairs_find(query, "limit"), *offset = pairs_find(query, "offset");
    const char *next = pairs_find(query, "continue"); /* ours is the next offset */

    return (!limit || text_int(limit, 0, INT32_MAX, &l->limit)) &&
           (!offset || text_int(offset, 0, INT32_MAX, &l->offset)) &&
           (!next || !*next || text_int(next, 0, INT32_MAX, &l->offset));
}

bool pal_list_begin(struct pal_list *l, struct pal_ask *a)
{
    struct pairs query = {0};
    bool page = pairs_read(a->rq->query, strlen(a->rq->query), &query, NULL) == 0, order = true;
    const char *text;

    *l = (struct pal_list){.a = a, .limit = PAL_LIST_LIMIT};
    buf_init(&l->item, HTTP_BODY_MAX);
    if (page) {
        page = numbers_read(l, &query);
        text = pairs_find(&query, "filters");
        text_copy(l->filters, sizeof(l->filters), text ? text : "");
        text = pairs_find(&query, "orderBy");
        order = !text || order_read(l, text);
    }
    pairs_drop(&query);
    l->all = l->limit == 0;
    if (l->limit > PAL_LIST_LIMIT)
        l->limit = PAL_LIST_LIMIT;
    return !pal_no(a, PAL_NO_PAGE_FORM, !page) && !pal_no(a, PAL_NO_ORDER_FORM, !order);
}

void pal_list_drop(struct pal_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i]);
    free(l->items);
    buf_drop(&l->item);
    *l = (struct pal_list){.n = 0};
}

/* --- filters ---------------------------------------------------------------------------------- */

static size_t path_len(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}

/* Where the next "AND" or "OR" is that begins a new comparison; the end when there is none. What
 * only looks like one is part of a value. */
static const char *joint(const char *text, const char *word)
{
    const size_t len = strlen(word);

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        const char *rest = at + len;
        const size_t path = path_len(rest);

        if (path > 0 && (rest[path] == '=' || (rest[path] == '!' && rest[path + 1] == '=')))
            return at;
    }
    return text + strlen(text);
}

static bool comparison_holds(const char *json, const char *text, size_t len)
{
    char path[128], wanted[VALUE_MAX], value[VALUE_MAX];
    const size_t name = path_len(text);
    const bool not = text[name] == '!';
    const size_t begin = name + (not ? 2 : 1);

    if (begin > len || !text_copy_len(path, sizeof(path), text, name) ||
        !text_copy_len(wanted, sizeof(wanted), text + begin, len - begin))
        return false;
    pal_item_value(json, path, value, sizeof(value));
    return text_is(value, wanted) != not ;
}

/* AND binds more than OR. */
static bool filters_hold(const char *json, const char *filters)
{
    const char *end;

    for (const char *at = filters;; at = end + strlen("OR")) {
        bool all = true;

        end = joint(at, "OR");
        for (const char *part = at; part < end && all;) {
            const char *stop = joint(part, "AND");

            if (stop > end)
                stop = end;
            all = comparison_holds(json, part, (size_t)(stop - part));
            part = stop < end ? stop + strlen("AND") : end;
        }
        if (all || *end == '\0')
            return all;
    }
}

/* --- items ------------------------------------------------------------------------------------ */

void pal_list_take(struct pal_list *l)
{
    if (l->item.len > 0 && (!l->filters[0] || filters_hold(buf_text(&l->item), l->filters))) {
        if (l->n == l->n_places) {
            l->n_places = l->n_places ? 2 * l->n_places : 32;
            l->items = realloc(l->items, l->n_places * sizeof(*l->items));
            if (!l->items)
                WRONG("out of memory");
        }
        l->too_long = l->too_long || l->item.full;
        l->items[l->n++] = buf_steal(&l->item);
    }
    buf_clear(&l->item);
}

static int compare(const struct pal_list *l, const char *a, const char *b)
{
    for (size_t i = 0; i < l->n_order; i++) {
        char left[VALUE_MAX], right[VALUE_MAX];
        int c;

        pal_item_value(a, l->order[i].path, left, sizeof(left));
        pal_item_value(b, l->order[i].path, right, sizeof(right));
        c = strcmp(left, right);
        if (c != 0)
            return l->order[i].down ? -c : c;
    }
    return 0;
}

/* Insertion keeps what is equal in the order it was made; lists are short. */
static void sort(struct pal_list *l)
{
    for (size_t i = 1; i < l->n && l->n_order > 0; i++) {
        char *item = l->items[i];
        size_t j = i;

        for (; j > 0 && compare(l, item, l->items[j - 1]) < 0; j--)
            l->items[j] = l->items[j - 1];
        l->items[j] = item;
    }
}

/* An empty `continue` is the end; listmeta is always there. */
void pal_list_answer(struct pal_list *l)
{
    const size_t begin = l->offset < (int64_t)l->n ? (size_t)l->offset : l->n;
    const size_t room = l->n - begin;
    const size_t sent = l->all || room < (size_t)l->limit ? room : (size_t)l->limit;
    struct buf body SCOPED(buf_drop) = {0};

    sort(l);
    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"items\":[");
    for (size_t i = 0; i < sent; i++) {
        buf_text_add(&body, i ? "," : "");
        buf_text_add(&body, l->items[begin + i]);
    }
    buf_text_add(&body, "],\"listmeta\":{\"continue\":\"");
    if (sent < room)
        buf_printf(&body, "%zu", begin + sent);
    buf_printf(&body, "\",\"count\":%zu,\"limit\":%d,\"offset\":%d}}", l->n, (int)l->limit,
               (int)l->offset);
    body.full = body.full || l->too_long;
    pal_answer_body(l->a, &body);
}
