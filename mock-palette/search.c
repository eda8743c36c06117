/* Searches of the dashboard (v1SearchFilterSummarySpec): groups of conditions over properties, each
 * of which is a path in the item that would be sent. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX  8
#define FILTERS_MAX 16
#define VALUES_MAX  16
#define VALUE_MAX   256

struct match {
    char conjunction[8];
    size_t n;
    char values[VALUES_MAX][VALUE_MAX];
};
struct condition { /* string and keyValue have one shape */
    char operator[16], key[128];
    bool negation, ignore_case;
    struct match match;
};
struct flag {
    bool value;
};
struct filter {
    char property[64], type[16];
    struct {
        struct condition text, pair;
        struct flag flag;
    } is;
    const struct pal_property *row;
};
struct group {
    char conjunction[8];
    size_t n;
    struct filter filters[FILTERS_MAX];
};
struct sort {
    char field[64], order[8];
};
struct pal_search {
    struct {
        char conjunction[8];
        size_t n;
        struct group groups[GROUPS_MAX];
    } filter;
    size_t n_sort;
    struct sort sort[PAL_ORDER_MAX];
};

/* --- reading ---------------------------------------------------------------------------------- */

static const struct jx_field match_fields[] = {
    JX_TEXT(struct match, conjunction, 0),
    JX_TEXTS(struct match, values, n, "values", 0),
};
static const struct jx_field condition_fields[] = {
    JX_TEXT(struct condition, operator, 0),
    JX_TEXT(struct condition, key, 0),
    JX_BOOL(struct condition, negation, "negation", 0),
    JX_BOOL(struct condition, ignore_case, "ignoreCase", 0),
    JX_OBJECT(struct condition, match, "match", 0, match_fields),
};
static const struct jx_field flag_fields[] = {JX_BOOL(struct flag, value, "value", 0)};
static const struct jx_field is_fields[] = {
    {.name = "string",
     .kind = JX_KIND_OBJECT,
     .offset = offsetof(struct filter, is.text) - offsetof(struct filter, is),
     .fields = condition_fields,
     .n_fields = COUNTOF(condition_fields)},
    {.name = "keyValue",
     .kind = JX_KIND_OBJECT,
     .offset = offsetof(struct filter, is.pair) - offsetof(struct filter, is),
     .fields = condition_fields,
     .n_fields = COUNTOF(condition_fields)},
    {.name = "bool",
     .kind = JX_KIND_OBJECT,
     .offset = offsetof(struct filter, is.flag) - offsetof(struct filter, is),
     .fields = flag_fields,
     .n_fields = COUNTOF(flag_fields)},
};
static const struct jx_field filter_fields[] = {
    JX_TEXT(struct filter, property, JX_MUST),
    JX_TEXT(struct filter, type, 0),
    JX_OBJECT(struct filter, is, "condition", JX_MUST, is_fields),
};
static const struct jx_field group_fields[] = {
    JX_TEXT(struct group, conjunction, 0),
    JX_ARRAY(struct group, filters, n, "filters", 0, filter_fields),
};
static const struct jx_field sort_fields[] = {
    JX_TEXT(struct sort, field, JX_MUST),
    JX_TEXT(struct sort, order, 0),
};

static bool search_body(struct pal_ask *a, struct pal_search *s)
{
    const struct jx_field inner[] = {
        {.name = "conjunction", .kind = JX_KIND_TEXT, .size = sizeof(s->filter.conjunction)},
        {.name = "filterGroups",
         .kind = JX_KIND_ARRAY,
         .offset = offsetof(struct pal_search, filter.groups) - offsetof(struct pal_search, filter),
         .size = sizeof(struct group),
         .count_offset =
             offsetof(struct pal_search, filter.n) - offsetof(struct pal_search, filter),
         .max = GROUPS_MAX,
         .fields = group_fields,
         .n_fields = COUNTOF(group_fields)}};
    const struct jx_field fields[] = {
        JX_OBJECT(struct pal_search, filter, "filter", 0, inner),
        JX_ARRAY(struct pal_search, sort, n_sort, "sort", 0, sort_fields)};

    return pal_body(a, fields, COUNTOF(fields), s);
}

static const struct pal_property *find(const struct pal_property *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(rows[i].name, name))
            return &rows[i];
    return NULL;
}

/* Each property gets its row; the first that has none is what was asked wrongly. */
static const char *bind(struct pal_search *s, struct pal_list *l, const struct pal_property *rows,
                        size_t n)
{
    for (size_t i = 0; i < s->filter.n; i++)
        for (size_t j = 0; j < s->filter.groups[i].n; j++) {
            struct filter *f = &s->filter.groups[i].filters[j];

            f->row = find(rows, n, f->property);
            if (!f->row)
                return f->property;
        }
    for (size_t i = 0; i < s->n_sort; i++) {
        const struct pal_property *row = find(rows, n, s->sort[i].field);

        if (!row)
            return s->sort[i].field;
        text_copy(l->order[l->n_order].path, sizeof(l->order[0].path), row->path);
        l->order[l->n_order++].down = text_is(s->sort[i].order, "desc");
    }
    return NULL;
}

struct pal_search *pal_search_read(struct pal_ask *a, struct pal_list *l,
                                   const struct pal_property *properties, size_t n)
{
    struct pal_search *s = calloc(1, sizeof(*s));
    const char *odd = NULL;

    if (!s)
        WRONG("out of memory");
    if (pal_list_begin(l, a) && search_body(a, s)) {
        l->filters[0] = '\0';
        l->n_order = 0;
        l->all = false; /* a search has pages always */
        l->limit = l->limit == 0 ? PAL_LIST_LIMIT : l->limit;
        odd = bind(s, l, properties, n);
        if (!pal_no_text(a, PAL_NO_PROPERTY_NAME, odd != NULL, odd ? odd : ""))
            return s;
    }
    free(s);
    return NULL;
}

void pal_search_free(struct pal_search **s)
{
    free(*s);
}

bool pal_search_names(const struct pal_search *s, const char *property)
{
    for (size_t i = 0; i < s->filter.n; i++)
        for (size_t j = 0; j < s->filter.groups[i].n; j++)
            if (text_is(s->filter.groups[i].filters[j].property, property))
                return true;
    return false;
}

/* --- deciding --------------------------------------------------------------------------------- */

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static bool value_fits(const struct condition *c, const char *seen, const char *wanted)
{
    char a[VALUE_MAX], b[VALUE_MAX];

    text_copy(a, sizeof(a), seen);
    text_copy(b, sizeof(b), wanted);
    if (c->ignore_case) {
        lower(a);
        lower(b);
    }
    if (text_is(c->operator, "contains"))
        return strstr(a, b) != NULL;
    if (text_is(c->operator, "beginsWith"))
        return text_begins(a, b);
    return text_is(a, b);
}

static bool condition_holds(const struct condition *c, const char *seen)
{
    const bool all = text_is(c->match.conjunction, "and");
    bool holds = all || c->match.n == 0;

    for (size_t i = 0; i < c->match.n; i++) {
        const bool fits = value_fits(c, seen, c->match.values[i]);

        holds = all ? holds && fits : holds || fits;
    }
    return holds != c->negation;
}

static bool filter_holds(const struct filter *f, const char *json)
{
    const bool pair = text_is(f->row->type, "keyValue");
    struct buf path SCOPED(buf_drop) = {0};
    char seen[VALUE_MAX];

    buf_init(&path, VALUE_MAX);
    buf_printf(&path, "%s%s%s", f->row->path, pair ? "." : "", pair ? f->is.pair.key : "");
    pal_item_value(json, buf_text(&path), seen, sizeof(seen));
    if (text_is(f->row->type, "bool"))
        return text_is(seen, f->row->truth) == f->is.flag.value;
    return condition_holds(pair ? &f->is.pair : &f->is.text, seen);
}

static bool joined(bool any, bool before, bool now)
{
    return any ? before || now : before && now;
}

bool pal_search_finds(const struct pal_search *s, const char *json)
{
    const bool any = text_is(s->filter.conjunction, "or");
    bool finds = !any || s->filter.n == 0;

    for (size_t i = 0; i < s->filter.n; i++) {
        const struct group *g = &s->filter.groups[i];
        const bool or = text_is(g->conjunction, "or");
        bool holds = ! or || g->n == 0;

        for (size_t j = 0; j < g->n; j++)
            holds = joined(or, holds, filter_holds(&g->filters[j], json));
        finds = joined(any, finds, holds);
    }
    return finds;
}

void pal_schema_answer(struct pal_ask *a, const struct pal_property *properties, size_t n)
{
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(16));
    buf_text_add(&body, "{\"schema\":{\"properties\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(&body,
                   "%s{\"name\":\"%s\",\"displayName\":\"%s\",\"type\":\"%s\","
                   "\"isDeprecated\":false}",
                   i ? "," : "", properties[i].name, properties[i].name, properties[i].type);
    buf_text_add(&body, "]}}");
    pal_answer_body(a, &body);
}
