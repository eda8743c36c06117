/* Making zones, pools and tags. The order of a form's complaints is Django's; creates answer 200.
 */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define NAME_LEN_MAX 256

static const char *form_value(const struct http_exchange *x, const char *name)
{
    const char *value = pairs_find(&maas_ask(x)->form, name);

    return value ? value : "";
}

static size_t letters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool is_word_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* \w[ \w-]* for zones and pools, [\w-]+ for tags. */
static bool is_name(const char *name, bool tag)
{
    if (!tag && !is_word_letter(name[0]))
        return false;
    for (; *name; name++)
        if (!is_word_letter(*name) && *name != '-' && (tag || *name != ' '))
            return false;
    return true;
}

/* false: the complaint has been answered. */
static bool name_is_fine(const struct http_exchange *x, const char *name, bool taken, bool tag,
                         const char *model)
{
    struct maas_ask *a = maas_ask(x);
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 128);
    if (!*name)
        buf_text_add(&text, "This field is required.");
    else if (letters(name) > NAME_LEN_MAX)
        buf_printf(&text, "Ensure this value has at most 256 characters (it has %zu).",
                   letters(name));
    else if (!is_name(name, tag))
        buf_text_add(&text, "Enter a valid value.");
    else if (taken)
        buf_printf(&text, "%s with this Name already exists.", model);
    else
        return true;
    maas_raise_field(a, "name", buf_text(&text));
    return false;
}

static bool named_taken(const struct maas_named *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i].name, name))
            return true;
    return false;
}

static void named_answer(struct maas_ask *a, const struct maas_named *one, const char *uri)
{
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    if (!one) {
        maas_raise_text(a, 500, "mock-maas has no place left.");
        return;
    }
    buf_init(&body, KIB(16));
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '{');
    pyjson_text(&j, "name", one->name);
    pyjson_text(&j, "description", one->description);
    pyjson_int(&j, "id", one->id);
    pyjson_text(&j, "resource_uri", uri);
    pyjson_close(&j, '}');
    maas_return_json(a, buf_text(&body));
}

void maas_zone_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *name = form_value(x, "name");
    struct buf uri SCOPED(buf_drop) = {0};

    if (!name_is_fine(x, name, named_taken(a->m->zones, a->m->n_zones, name), false,
                      "Physical zone"))
        return;
    buf_init(&uri, KIB(1));
    buf_printf(&uri, MAAS_API "zones/%s/", name);
    named_answer(a, maas_zone_add(a->m, name, form_value(x, "description")), buf_text(&uri));
}

void maas_pool_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *name = form_value(x, "name");
    struct buf uri SCOPED(buf_drop) = {0};

    if (!name_is_fine(x, name, named_taken(a->m->pools, a->m->n_pools, name), false,
                      "Resource pool"))
        return;
    buf_init(&uri, KIB(1));
    buf_printf(&uri, MAAS_API "resourcepool/%d/", (int)a->m->next_pool_id);
    named_answer(a, maas_pool_add(a->m, name, form_value(x, "description")), buf_text(&uri));
}

static bool tag_taken(const struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (text_is(m->tags[i].name, name))
            return true;
    return false;
}

/* A definition would have to be evaluated on every machine's hardware: not modelled. */
void maas_tag_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *name = form_value(x, "name");
    struct http_exchange made = *x;
    struct http_vars vars = {.n = 1};
    struct maas_tag tag = {0};

    if (!name_is_fine(x, name, tag_taken(a->m, name), true, "Tag"))
        return;
    if (form_value(x, "definition")[0]) {
        maas_unmodelled(x);
        return;
    }
    text_copy(tag.name, sizeof(tag.name), name);
    text_copy(tag.comment, sizeof(tag.comment), form_value(x, "comment"));
    text_copy(tag.kernel_opts, sizeof(tag.kernel_opts), form_value(x, "kernel_opts"));
    if (!maas_tag_add(a->m, &tag)) {
        maas_raise_text(a, 500, "mock-maas has no place left.");
        return;
    }
    text_copy(vars.at[0].name, sizeof(vars.at[0].name), "name");
    text_copy(vars.at[0].value, sizeof(vars.at[0].value), name);
    made.vars = &vars;
    maas_tag(&made);
}
