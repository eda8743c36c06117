/* tags/: making and changing them, and which machines have them. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define TAG_LETTERS_MAX 256

static void tag_write(struct pyjson *j, const struct maas_tag *t)
{
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "name", t->name);
    pyjson_text(j, "definition", t->definition);
    pyjson_text(j, "comment", t->comment);
    pyjson_text(j, "kernel_opts", t->kernel_opts);
    maas_uri_write(j, "tags", t->name);
    pyjson_close(j, '}');
}

static void tag_answer(struct maas_ask *a, const struct maas_tag *t)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    tag_write(maas_doc_open(&d), t);
    maas_doc_answer(a, &d, 200);
}

void maas_tags(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->n_tags; i++)
        tag_write(j, &m->tags[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_tag *tag_for(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;

    for (size_t i = 0; i < m->n_tags; i++)
        if (text_is(m->tags[i].name, http_var(x->vars, "name")))
            return &m->tags[i];
    maas_not_found(maas_ask(x), "Tag");
    return NULL;
}

void maas_tag(const struct http_exchange *x)
{
    const struct maas_tag *t = tag_for(x);

    if (t)
        tag_answer(maas_ask(x), t);
}

static bool is_tag_name(const char *name)
{
    for (; *name; name++)
        if (!maas_is_word_letter(*name) && *name != '-')
            return false;
    return true;
}

/* What an XPath parser stumbles over first: brackets and quotes that do not close, an axis without
 * a step. */
static bool is_xpath(const char *text)
{
    char open[64];
    size_t depth = 0;

    for (const char *p = text; *p; p++) {
        const char *const closes = strchr(")]", *p);

        if (*p == '\'' || *p == '"') {
            p = strchr(p + 1, *p);
            if (!p)
                return false;
        } else if (*p == '(' || *p == '[') {
            if (depth == sizeof(open))
                return false;
            open[depth++] = *p == '(' ? ')' : ']';
        } else if (closes && (depth == 0 || open[--depth] != *p)) {
            return false;
        }
    }
    return depth == 0 && text[strlen(text) - 1] != '/';
}

/* false: answered. */
static bool tag_read(struct maas_ask *a, struct maas_tag *t, const struct maas_tag *self)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field_or(a, "name", t->name);
    const char *definition = maas_field_or(a, "definition", t->definition);
    bool taken = false;

    for (size_t i = 0; i < a->m->n_tags; i++)
        taken = taken || (&a->m->tags[i] != self && text_is(a->m->tags[i].name, name));
    if (!*name)
        maas_complain(&c, "name", "This field is required.");
    else if (!maas_form_text_fits(&c, "name", name, TAG_LETTERS_MAX))
        ;
    else if (!is_tag_name(name))
        maas_complain(&c, "name", "Enter a valid value.");
    else if (taken)
        maas_complain(&c, "name", "Tag with this Name already exists.");
    if (*definition && !is_xpath(definition))
        maas_complain(&c, "definition", "Invalid xpath expression: Invalid expression");
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    memmove(t->name, name, strlen(name) + 1);
    text_copy(t->comment, sizeof(t->comment), maas_field_or(a, "comment", t->comment));
    text_copy(t->kernel_opts, sizeof(t->kernel_opts),
              maas_field_or(a, "kernel_opts", t->kernel_opts));
    if (definition != t->definition)
        text_copy(t->definition, sizeof(t->definition), definition);
    return true;
}

void maas_tag_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_tag t = {.name = ""};
    const struct maas_tag *made;

    if (!tag_read(a, &t, NULL))
        return;
    made = maas_tag_add(a->m, &t);
    if (!made) {
        maas_no_place(a);
        return;
    }
    tag_answer(a, made);
}

/* --- who has it ------------------------------------------------------------------------------- */

static bool has_label(const struct maas_machine *one, const char *name)
{
    for (size_t i = 0; i < one->n_labels; i++)
        if (text_is(one->labels[i], name))
            return true;
    return false;
}

static void label_drop(struct maas_machine *one, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < one->n_labels; i++)
        if (!text_is(one->labels[i], name))
            memmove(one->labels[n++], one->labels[i], sizeof(one->labels[0]));
    one->n_labels = n;
}

static void label_add(struct maas_machine *one, const char *name)
{
    if (!has_label(one, name) && one->n_labels < MAAS_LABELS_MAX)
        text_copy(one->labels[one->n_labels++], sizeof(one->labels[0]), name);
}

void maas_tag_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_tag *t = tag_for(x), after;

    if (!t)
        return;
    after = *t;
    if (!tag_read(a, &after, t))
        return;
    for (size_t i = 0; i < a->m->n_machines; i++) {
        struct maas_machine *one = maas_machine_at(a->m, i);

        if (has_label(one, t->name) && !text_is(t->name, after.name)) {
            label_drop(one, t->name);
            label_add(one, after.name);
        }
    }
    *t = after;
    tag_answer(a, t);
}

void maas_tag_delete(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_tag *t = tag_for(x);

    if (!t)
        return;
    for (size_t i = 0; i < m->n_machines; i++)
        label_drop(maas_machine_at(m, i), t->name);
    m->n_tags--;
    memmove(t, t + 1, (size_t)(&m->tags[m->n_tags] - t) * sizeof(*t));
    maas_done(maas_ask(x));
}

void maas_tag_machines(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_tag *t = tag_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    if (!t)
        return;
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->n_machines; i++) {
        const struct maas_machine *one = maas_machine_at(a->m, i);

        if (!one->gone && has_label(one, t->name) && maas_may_view(a, one))
            maas_machine_write(j, a->m, one, NULL);
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

/* No device or controller of ours has a tag. */
void maas_tag_nobody(const struct http_exchange *x)
{
    if (tag_for(x))
        maas_return_json(maas_ask(x), "[]");
}

/* Counts those that were named and are known, whether they had it or not. */
static int64_t nodes_change(struct maas_ask *a, const char *name, const char *tag, bool add)
{
    int64_t n = 0;

    for (size_t i = 0; i < a->form.n; i++) {
        struct maas_machine *one =
            text_is(a->form.at[i].name, name) ? maas_machine_find(a->m, a->form.at[i].value) : NULL;

        if (!one)
            continue;
        n++;
        if (add)
            label_add(one, tag);
        else
            label_drop(one, tag);
    }
    return n;
}

void maas_tag_update_nodes(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_tag *t = tag_for(x);
    const char *definition = maas_field(a, "definition");
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct buf text SCOPED(buf_drop) = {0};

    if (!t)
        return;
    if (definition && !text_is(definition, t->definition)) {
        buf_init(&text, KIB(4));
        buf_printf(&text, "Definition supplied '%s' doesn't match current definition '%s'",
                   definition, t->definition);
        maas_raise_text(a, 409, buf_text(&text));
        return;
    }
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "added", nodes_change(a, "add", t->name, true));
    pyjson_int(j, "removed", nodes_change(a, "remove", t->name, false));
    pyjson_close(j, '}');
    maas_doc_answer(a, &d, 200);
}

void maas_tag_rebuild(const struct http_exchange *x)
{
    const struct maas_tag *t = tag_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    if (!t)
        return;
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "rebuilding", t->name);
    pyjson_close(j, '}');
    maas_doc_answer(maas_ask(x), &d, 200);
}
