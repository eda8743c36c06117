/* files/: what a user has MAAS keep. Reading is by name; a file has a key by which anybody gets it.
 */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Django's own 404, with the word that an old client needs (bug 1123986 of MAAS). */
static void file_missing(struct maas_ask *a)
{
    maas_return(a, 404, MAAS_HTML, "Not Found");
    http_header_add(&a->rp->headers, "Workaround", "bug1123986");
}

static struct maas_file *file_find(struct maas_ask *a, const char *name)
{
    for (size_t i = 0; i < a->m->rest.n_files; i++)
        if (text_is(a->m->rest.files[i].name, name) &&
            text_is(a->m->rest.files[i].owner, a->user->name))
            return &a->m->rest.files[i];
    return NULL;
}

static void file_write(struct pyjson *j, const struct maas_file *f, bool content)
{
    struct buf uri SCOPED(buf_drop) = {0}, text SCOPED(buf_drop) = {0};

    buf_init(&uri, KIB(2));
    buf_printf(&uri, MAAS_API "files/?op=get_by_key&key=%s", f->key);
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "filename", f->name);
    pyjson_text(j, "anon_resource_uri", buf_text(&uri));
    if (content) {
        buf_init(&text, 2 * MAAS_FILE_MAX);
        maas_base64_write(f->bytes, f->len, &text);
        pyjson_text(j, "content", buf_text(&text));
    }
    maas_uri_write(j, "files", f->name);
    pyjson_close(j, '}');
}

static int by_name(const void *a, const void *b)
{
    const struct maas_file *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void maas_files(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *prefix = maas_asked(a, "prefix");
    const struct maas_file *list[MAAS_FILES_MAX];
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    size_t n = 0;

    for (size_t i = 0; i < a->m->rest.n_files; i++)
        if (text_is(a->m->rest.files[i].owner, a->user->name) &&
            (!prefix || text_begins(a->m->rest.files[i].name, prefix)))
            list[n++] = &a->m->rest.files[i];
    if (n)
        qsort(list, n, sizeof(list[0]), by_name);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        file_write(j, list[i], false);
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

void maas_file(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_file *f = file_find(a, http_var(x->vars, "name"));
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_doc_open(&d);
    if (!f) {
        file_missing(a);
        return;
    }
    file_write(&d.j, f, true);
    maas_doc_answer(a, &d, 200);
}

static void bytes_answer(struct maas_ask *a, const struct maas_file *f)
{
    if (!f) {
        file_missing(a);
        return;
    }
    maas_return(a, 200, "application/octet-stream", "");
    buf_add(&a->rp->body, f->bytes, f->len);
}

void maas_file_get(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);

    if (maas_must(a, maas_asked(a, "filename"), "filename"))
        bytes_answer(a, file_find(a, maas_asked(a, "filename")));
}

void maas_file_by_key(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *key = maas_asked(a, "key");
    const struct maas_file *f = NULL;

    if (!maas_must(a, key, "key"))
        return;
    for (size_t i = 0; i < a->m->rest.n_files; i++)
        if (text_is(a->m->rest.files[i].key, key))
            f = &a->m->rest.files[i];
    bytes_answer(a, f);
}

static struct maas_file *file_place(struct maas_ask *a, const char *name)
{
    struct maas_file *f = file_find(a, name);
    struct buf seed SCOPED(buf_drop) = {0};

    if (f) {
        free(f->bytes);
        return f;
    }
    if (a->m->rest.n_files == MAAS_FILES_MAX)
        return NULL;
    f = &a->m->rest.files[a->m->rest.n_files++];
    *f = (struct maas_file){.len = 0};
    text_copy(f->name, sizeof(f->name), name);
    text_copy(f->owner, sizeof(f->owner), a->user->name);
    buf_init(&seed, KIB(1));
    buf_printf(&seed, "file %s %llu", name, (unsigned long long)rng_next(&a->m->rng));
    maas_uuid_make(buf_text(&seed), f->key);
    return f;
}

/* The file is a part of a multipart form, of whatever name. */
void maas_file_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *name = maas_field(a, "filename");
    struct maas_file *f;

    if (!name || !*name) {
        maas_raise_text(a, 400, "Filename not supplied");
        return;
    }
    if (a->n_uploads != 1) {
        maas_raise_text(a, 400, "Exactly one file must be supplied");
        return;
    }
    f = a->uploads[0].bytes.len <= MAAS_FILE_MAX ? file_place(a, name) : NULL;
    if (!f) {
        maas_no_place(a);
        return;
    }
    f->len = a->uploads[0].bytes.len;
    f->bytes = f->len ? buf_steal(&a->uploads[0].bytes) : NULL;
    maas_return(a, 201, MAAS_PLAIN, "Created");
}

void maas_file_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_file *f = file_find(a, http_var(x->vars, "name"));

    if (!f) {
        file_missing(a);
        return;
    }
    free(f->bytes);
    a->m->rest.n_files--;
    memmove(f, f + 1, (size_t)(&a->m->rest.files[a->m->rest.n_files] - f) * sizeof(*f));
    maas_done(a);
}

void maas_rest_drop(struct maas *m)
{
    for (size_t i = 0; i < m->rest.n_files; i++)
        free(m->rest.files[i].bytes);
    m->rest.n_files = 0;
    free(m->rest.events);
    m->rest.events = NULL;
    m->rest.n_events = m->rest.events_cap = 0;
}
