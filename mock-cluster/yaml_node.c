/* libyaml's events become nodes; every bound is looked at while reading. */
#include "mock-cluster/yaml_node.h"

#include "lib/base/text.h"
#include "mock-cluster/userdata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#define ITEMS_START 4
#define TAG_TEXT    "tag:yaml.org,2002:str"

static const char *const kind_names[] = {"nothing", "a truth value", "a number",
                                         "a text",  "a list",        "a map"};

const char *ynode_kind_name(enum ynode_kind k)
{
    return kind_names[k];
}

/* --- what an unquoted scalar is --------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(text, words[i]))
            return true;
    return false;
}

static bool is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    return is_one_of(text, words, COUNTOF(words));
}

static bool is_truth(const char *text, bool *ret)
{
    static const char *const words[] = {"yes",   "Yes",   "YES",   "true", "True", "TRUE",
                                        "on",    "On",    "ON",    "no",   "No",   "NO",
                                        "false", "False", "FALSE", "off",  "Off",  "OFF"};
    const size_t n_true = 9;

    *ret = is_one_of(text, words, n_true);
    return *ret || is_one_of(text, words + n_true, COUNTOF(words) - n_true);
}

/* Integers of every base, floats, sexagesimals and dates all begin with a digit, sign or point and
 * hold nothing but these letters. A word that PyYAML would still call a text is refused with them:
 * quoting it is right in any case. */
static bool is_number(const char *text)
{
    static const char *const words[] = {".inf",  ".Inf",  ".INF",  ".nan",  ".NaN",  ".NAN",
                                        "-.inf", "+.inf", "-.Inf", "+.Inf", "-.INF", "+.INF"};
    const char *p = text + (*text == '-' || *text == '+');

    if (is_one_of(text, words, COUNTOF(words)))
        return true;
    if (*p == '.')
        p++;
    if (*p < '0' || *p > '9')
        return false;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'b'))
        return p[2 + strspn(p + 2, "0123456789abcdefABCDEF_")] == '\0';
    p += strspn(p, "0123456789_.:");
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        p += strspn(p, "0123456789");
    }
    return *p == '\0';
}

static void scalar_kind(struct ynode *node, bool plain)
{
    if (!plain)
        node->kind = YNODE_TEXT;
    else if (is_null(node->text))
        node->kind = YNODE_NULL;
    else if (is_truth(node->text, &node->truth))
        node->kind = YNODE_BOOL;
    else
        node->kind = is_number(node->text) ? YNODE_NUMBER : YNODE_TEXT;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct ynode_document *d;
    struct ynode *stack[USERDATA_DEPTH_MAX];
    size_t depth;
    size_t documents;
    struct err *e;
};

static int refuse(const struct reading *r, const yaml_event_t *event, const char *why)
{
    return err_set(r->e, -EINVAL, "line %zu: %s", event->start_mark.line + 1, why);
}

static struct ynode *node_new(struct reading *r, enum ynode_kind kind, const yaml_event_t *event)
{
    struct ynode *node = calloc(1, sizeof *node);

    if (!node)
        WRONG("no memory");
    node->kind = kind;
    node->line = event->start_mark.line + 1;
    node->weight = 1;
    node->next = r->d->all;
    r->d->all = node;
    return node;
}

static char *copy(const void *bytes, size_t len)
{
    char *text = malloc(len + 1);

    if (!text)
        WRONG("no memory");
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static void item_add(struct ynode *list, struct ynode *item)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : ITEMS_START;
        list->items = realloc(list->items, list->cap * sizeof(struct ynode *));
        if (!list->items)
            WRONG("no memory");
    }
    list->items[list->n++] = item;
}

/* Puts a node where it belongs: into the open list or map, or as the root. */
static int place(struct reading *r, struct ynode *node, const yaml_event_t *event)
{
    struct ynode *top = r->depth ? r->stack[r->depth - 1] : NULL;

    if (!top) {
        r->d->root = node;
        return 0;
    }
    if (top->kind == YNODE_MAP && top->n % 2 == 0) {
        if (node->kind != YNODE_TEXT)
            return refuse(r, event, "a key must be a text");
        if (text_is(node->text, "<<"))
            return refuse(r, event, "merge keys are not for user data");
        if (ynode_member(top, node->text))
            return refuse(r, event, "a key comes twice");
    }
    item_add(top, node);
    return 0;
}

static int anchor_set(const struct reading *r, struct ynode *node, const yaml_char_t *anchor,
                      const yaml_event_t *event)
{
    if (!anchor)
        return 0;
    for (struct ynode *n = r->d->all; n; n = n->next)
        if (n->anchor && text_is(n->anchor, (const char *)anchor))
            return refuse(r, event, "an anchor comes twice");
    node->anchor = copy(anchor, strlen((const char *)anchor));
    return 0;
}

static int on_scalar(struct reading *r, const yaml_event_t *event)
{
    const bool quoted = event->data.scalar.quoted_implicit && !event->data.scalar.plain_implicit;
    const char *tag = (const char *)event->data.scalar.tag;
    struct ynode *node;
    int err;

    if (tag && !text_is(tag, TAG_TEXT) && !text_is(tag, "!"))
        return refuse(r, event, "tags are not for user data");
    if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
        return refuse(r, event, "a text holds a NUL character");
    node = node_new(r, YNODE_TEXT, event);
    node->len = node->bytes = event->data.scalar.length;
    node->text = copy(event->data.scalar.value, node->len);
    scalar_kind(node, !tag && !quoted && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
    err = anchor_set(r, node, event->data.scalar.anchor, event);
    return err < 0 ? err : place(r, node, event);
}

static int on_open(struct reading *r, const yaml_event_t *event, enum ynode_kind kind,
                   const yaml_char_t *tag, const yaml_char_t *anchor)
{
    struct ynode *node;
    int err;

    if (tag)
        return refuse(r, event, "tags are not for user data");
    if (r->depth == USERDATA_DEPTH_MAX)
        return refuse(r, event, "nested too deeply");
    node = node_new(r, kind, event);
    node->open = true;
    err = anchor_set(r, node, anchor, event);
    if (err == 0)
        err = place(r, node, event);
    r->stack[r->depth++] = node;
    return err;
}

static int on_close(struct reading *r, const yaml_event_t *event)
{
    struct ynode *node = r->stack[--r->depth];

    node->open = false;
    for (size_t i = 0; i < node->n; i++) {
        node->weight += node->items[i]->weight;
        node->bytes += node->items[i]->bytes;
        if (node->weight > USERDATA_WEIGHT_MAX || node->bytes > USERDATA_TEXT_MAX)
            return refuse(r, event, "too many things, or too large with its aliases written out");
    }
    return 0;
}

static int on_alias(struct reading *r, const yaml_event_t *event)
{
    struct ynode *node = r->d->all;

    while (node && !(node->anchor && text_is(node->anchor, (char *)event->data.alias.anchor)))
        node = node->next;
    if (!node)
        return refuse(r, event, "an alias names nothing");
    if (node->open)
        return refuse(r, event, "an alias holds itself");
    return place(r, node, event);
}

static int on_event(struct reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return r->documents++ ? refuse(r, event, "there is more than one document") : 0;
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, event, YNODE_LIST, event->data.sequence_start.tag,
                       event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, event, YNODE_MAP, event->data.mapping_start.tag,
                       event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(r, event);
    case YAML_ALIAS_EVENT:
        return on_alias(r, event);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return 0;
}

static int read_all(struct reading *r, yaml_parser_t *parser)
{
    bool end = false;

    while (!end) {
        yaml_event_t event;
        int err;

        if (!yaml_parser_parse(parser, &event))
            return err_set(r->e, -EINVAL, "line %zu: this is no YAML: %s",
                           parser->problem_mark.line + 1,
                           parser->problem ? parser->problem : "broken");
        end = event.type == YAML_STREAM_END_EVENT;
        err = on_event(r, &event);
        yaml_event_delete(&event);
        if (err < 0)
            return err;
    }
    return 0;
}

int ynode_read(const char *text, size_t len, struct ynode_document *ret, struct err *e)
{
    struct reading r = {.d = ret, .e = e};
    yaml_parser_t parser;
    int err;

    *ret = (struct ynode_document){0};
    if (!yaml_parser_initialize(&parser))
        WRONG("no memory");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    err = read_all(&r, &parser);
    yaml_parser_delete(&parser);
    if (err == 0 && !ret->root)
        err = err_set(e, -EINVAL, "there is no document");
    if (err < 0)
        ynode_drop(ret);
    return err;
}

void ynode_drop(struct ynode_document *d)
{
    while (d->all) {
        struct ynode *node = d->all;

        d->all = node->next;
        free(node->text);
        free(node->anchor);
        free(node->items);
        free(node);
    }
    d->root = NULL;
}

const struct ynode *ynode_member(const struct ynode *map, const char *key)
{
    assert(map->kind == YNODE_MAP);
    for (size_t i = 0; i + 1 < map->n; i += 2)
        if (text_is(map->items[i]->text, key))
            return map->items[i + 1];
    return NULL;
}
