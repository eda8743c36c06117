/* boot-sources/ and their selections: where images come from. Administrators only. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* --- sources ---------------------------------------------------------------------------------- */

static void source_write(struct pyjson *j, const struct maas *m, const struct maas_source *s)
{
    pyjson_open(j, NULL, '{');
    maas_time_write(j, "created", m, s->made);
    maas_time_write(j, "updated", m, s->changed);
    pyjson_text(j, "url", s->url);
    pyjson_text(j, "keyring_filename", s->keyring_filename);
    pyjson_text(j, "keyring_data", s->keyring_data);
    pyjson_int(j, "id", s->id);
    maas_uri_id_write(j, "boot-sources", s->id);
    pyjson_close(j, '}');
}

static void source_answer(struct maas_ask *a, const struct maas_source *s, int status)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    source_write(maas_doc_open(&d), a->m, s);
    maas_doc_answer(a, &d, status);
}

void maas_sources(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->rest.n_sources; i++)
        source_write(j, m, &m->rest.sources[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_source *source_for(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < m->rest.n_sources; i++)
        if (m->rest.sources[i].id == id)
            return &m->rest.sources[i];
    maas_not_found(maas_ask(x), "BootSource");
    return NULL;
}

void maas_source(const struct http_exchange *x)
{
    const struct maas_source *s = source_for(x);

    if (s)
        source_answer(maas_ask(x), s, 200);
}

/* The keyring's bytes are a part of a multipart form. false: answered. */
static bool source_read(struct maas_ask *a, struct maas_source *s)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct buf data SCOPED(buf_drop) = {0};

    text_copy(s->url, sizeof(s->url), maas_field_or(a, "url", s->url));
    text_copy(s->keyring_filename, sizeof(s->keyring_filename),
              maas_field_or(a, "keyring_filename", s->keyring_filename));
    buf_init(&data, sizeof(s->keyring_data) - 1);
    for (size_t i = 0; i < a->n_uploads; i++)
        if (text_is(a->uploads[i].name, "keyring_data"))
            maas_base64_write(buf_text(&a->uploads[i].bytes), a->uploads[i].bytes.len, &data);
    if (data.len)
        text_copy(s->keyring_data, sizeof(s->keyring_data), buf_text(&data));
    if (!s->url[0])
        maas_complain(&c, "url", "This field is required.");
    if (!s->keyring_filename[0] && !s->keyring_data[0])
        maas_complain(&c, "__all__", "One of keyring_data or keyring_filename must be set.");
    s->changed = a->ctx->now;
    return !maas_complained(a, &c, MAAS_JSON);
}

void maas_source_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_source s = {.made = a->ctx->now};

    if (!source_read(a, &s))
        return;
    if (a->m->rest.n_sources == MAAS_SOURCES_MAX) {
        maas_no_place(a);
        return;
    }
    s.id = ++a->m->rest.next_source;
    a->m->rest.sources[a->m->rest.n_sources++] = s;
    source_answer(a, &s, 201);
}

void maas_source_update(const struct http_exchange *x)
{
    struct maas_source *s = source_for(x), after;

    if (!s)
        return;
    after = *s;
    if (!source_read(maas_ask(x), &after))
        return;
    *s = after;
    source_answer(maas_ask(x), s, 200);
}

void maas_source_delete(const struct http_exchange *x)
{
    struct maas_rest *r = &maas_ask(x)->m->rest;
    struct maas_source *s = source_for(x);
    size_t n = 0;

    if (!s)
        return;
    for (size_t i = 0; i < r->n_selections; i++)
        if (r->selections[i].source != s->id)
            r->selections[n++] = r->selections[i];
    r->n_selections = n;
    r->n_sources--;
    memmove(s, s + 1, (size_t)(&r->sources[r->n_sources] - s) * sizeof(*s));
    maas_done(maas_ask(x));
}

/* --- selections ------------------------------------------------------------------------------- */

static void words_write(struct pyjson *j, const char *name, const char *words)
{
    char word[64];

    pyjson_open(j, name, '[');
    while (text_next(&words, ' ', word, sizeof(word)))
        pyjson_text(j, NULL, word);
    pyjson_close(j, ']');
}

static void selection_write(struct pyjson *j, const struct maas_selection *s)
{
    struct buf uri SCOPED(buf_drop) = {0};

    buf_init(&uri, 256);
    buf_printf(&uri, MAAS_API "boot-sources/%lld/selections/%lld/", (long long)s->source,
               (long long)s->id);
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "os", s->os);
    pyjson_text(j, "release", s->release);
    words_write(j, "arches", s->arches);
    words_write(j, "subarches", s->subarches);
    words_write(j, "labels", s->labels);
    pyjson_int(j, "boot_source_id", s->source);
    pyjson_int(j, "id", s->id);
    pyjson_text(j, "resource_uri", buf_text(&uri));
    pyjson_close(j, '}');
}

static void selection_answer(struct maas_ask *a, const struct maas_selection *s)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    selection_write(maas_doc_open(&d), s);
    maas_doc_answer(a, &d, 200);
}

void maas_selections(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    const struct maas_source *source = source_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    if (!source)
        return;
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->rest.n_selections; i++)
        if (m->rest.selections[i].source == source->id)
            selection_write(j, &m->rest.selections[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_selection *selection_for(const struct http_exchange *x)
{
    struct maas_rest *r = &maas_ask(x)->m->rest;
    const struct maas_source *source = source_for(x);
    int64_t id;

    if (!source)
        return NULL;
    for (size_t i = 0; maas_id_of(x, "selection", &id) && i < r->n_selections; i++)
        if (r->selections[i].id == id && r->selections[i].source == source->id)
            return &r->selections[i];
    maas_not_found(maas_ask(x), "BootSourceSelection");
    return NULL;
}

void maas_selection(const struct http_exchange *x)
{
    const struct maas_selection *s = selection_for(x);

    if (s)
        selection_answer(maas_ask(x), s);
}

/* All values of a name, by blanks; "*" when there is none. */
static void words_read(struct maas_ask *a, const char *name, char *out, size_t size)
{
    struct buf words SCOPED(buf_drop) = {0};

    buf_init(&words, size - 1);
    for (size_t i = 0; i < a->form.n; i++)
        if (text_is(a->form.at[i].name, name))
            buf_printf(&words, "%s%s", words.len ? " " : "", a->form.at[i].value);
    text_copy(out, size, words.len ? buf_text(&words) : "*");
}

/* false: answered. */
static bool selection_read(struct maas_ask *a, struct maas_selection *s)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};

    text_copy(s->os, sizeof(s->os), maas_field_or(a, "os", s->os));
    text_copy(s->release, sizeof(s->release), maas_field_or(a, "release", s->release));
    words_read(a, "arches", s->arches, sizeof(s->arches));
    words_read(a, "subarches", s->subarches, sizeof(s->subarches));
    words_read(a, "labels", s->labels, sizeof(s->labels));
    if (!s->os[0])
        maas_complain(&c, "os", "This field is required.");
    if (!s->release[0])
        maas_complain(&c, "release", "This field is required.");
    return !maas_complained(a, &c, MAAS_JSON);
}

void maas_selection_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_source *source = source_for(x);
    struct maas_selection s = {.id = 0};

    if (!source || !selection_read(a, &s))
        return;
    if (a->m->rest.n_selections == MAAS_SELECTIONS_MAX) {
        maas_no_place(a);
        return;
    }
    s.id = ++a->m->rest.next_selection;
    s.source = source->id;
    a->m->rest.selections[a->m->rest.n_selections++] = s;
    selection_answer(a, &s);
}

void maas_selection_update(const struct http_exchange *x)
{
    struct maas_selection *s = selection_for(x), after;

    if (!s)
        return;
    after = *s;
    if (!selection_read(maas_ask(x), &after))
        return;
    *s = after;
    selection_answer(maas_ask(x), s);
}

void maas_selection_delete(const struct http_exchange *x)
{
    struct maas_rest *r = &maas_ask(x)->m->rest;
    struct maas_selection *s = selection_for(x);

    if (!s)
        return;
    r->n_selections--;
    memmove(s, s + 1, (size_t)(&r->selections[r->n_selections] - s) * sizeof(*s));
    maas_done(maas_ask(x));
}
