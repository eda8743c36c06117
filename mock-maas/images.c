/* boot-resources/: images that deploy can use. An uploaded image is listed by its bare name, and
 * before its upload is complete; only its item tells. */
#include "mock-maas/model.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define SUBARCHES   "generic,hwe-p,hwe-q,hwe-r,hwe-s,hwe-t,hwe-u,hwe-v,hwe-w"
#define SET_VERSION "20260401"
#define SYNCED_SIZE 512

static void ga_write(struct pyjson *j, const char *name, const struct maas_image *image)
{
    struct buf text SCOPED(buf_drop) = {0};
    const char *sub = strchr(image->architecture, '/');

    buf_init(&text, 256);
    buf_printf(&text, SUBARCHES ",%s", sub ? sub + 1 : "");
    pyjson_text(j, name, buf_text(&text));
}

static void fields_write(struct pyjson *j, const struct maas_image *image)
{
    pyjson_int(j, "id", image->id);
    pyjson_text(j, "type", image->uploaded ? "Uploaded" : "Synced");
    pyjson_text(j, "name", image->name);
    pyjson_text(j, "architecture", image->architecture);
    maas_uri_id_write(j, "boot-resources", image->id);
    pyjson_word(j, "last_deployed", "null");
    if (image->uploaded) {
        pyjson_text(j, "title", image->title[0] ? image->title : image->name);
        return;
    }
    pyjson_text(j, "platform", "generic");
    ga_write(j, "subarches", image);
    ga_write(j, "supported_platforms", image);
}

static void file_write(struct pyjson *j, const struct maas_image *image,
                       const struct maas_image_file *f)
{
    struct buf uri SCOPED(buf_drop) = {0};
    char progress[32], head[8];
    const bool complete = f->got >= f->size;

    pyjson_open(j, f->name, '{');
    pyjson_text(j, "filename", f->name);
    pyjson_text(j, "filetype", f->type);
    pyjson_text(j, "sha256", f->sha256);
    text_copy_len(head, sizeof(head), f->sha256, 7);
    pyjson_text(j, "filename_on_disk", head);
    pyjson_int(j, "size", f->size);
    pyjson_bool(j, "complete", complete);
    if (!complete) {
        buf_init(&uri, 256);
        buf_printf(&uri, "%.3f", (double)f->got / (double)f->size);
        text_copy(progress, sizeof(progress), buf_text(&uri));
        pyjson_word(j, "progress", progress);
        buf_clear(&uri);
        buf_printf(&uri, MAAS_API "boot-resources/%" PRId64 "/upload/%s/", image->id, f->name);
        pyjson_text(j, "upload_uri", buf_text(&uri));
    }
    pyjson_close(j, '}');
}

/* An image of which nothing more is known has the usual files, named by what they are. */
static size_t files_of(const struct maas_image *image, struct maas_image_file ret[MAAS_IMAGE_FILES])
{
    static const char *const synced[] = {"boot-initrd", "boot-kernel", "squashfs"};
    uint8_t hash[SHA256_LEN];
    size_t n = image->n_files;

    memcpy(ret, image->files, sizeof(image->files));
    if (n || image->uploaded)
        return n;
    for (n = 0; n < COUNTOF(synced); n++) {
        struct buf text SCOPED(buf_drop) = {0};

        buf_init(&text, 256);
        buf_printf(&text, "%s %s %s", image->name, image->architecture, synced[n]);
        digest_sha256(buf_text(&text), text.len, hash);
        ret[n] = (struct maas_image_file){.size = SYNCED_SIZE,
                                          .got = image->complete ? SYNCED_SIZE : SYNCED_SIZE / 2};
        text_copy(ret[n].name, sizeof(ret[n].name), synced[n]);
        text_copy(ret[n].type, sizeof(ret[n].type), synced[n]);
        text_hex(hash, sizeof(hash), ret[n].sha256);
    }
    return n;
}

static void sets_write(struct pyjson *j, const struct maas_image *image)
{
    struct maas_image_file files[MAAS_IMAGE_FILES];
    const size_t n = files_of(image, files);
    const char *version = image->version[0] ? image->version : SET_VERSION;
    int64_t size = 0;
    bool complete = image->complete;

    for (size_t i = 0; i < n; i++) {
        size += files[i].size;
        complete = complete && files[i].got >= files[i].size;
    }
    pyjson_open(j, "sets", '{');
    pyjson_open(j, version, '{');
    pyjson_text(j, "version", version);
    pyjson_text(j, "label", image->uploaded ? "uploaded" : "stable");
    pyjson_int(j, "size", size);
    pyjson_bool(j, "complete", complete);
    if (!complete)
        pyjson_word(j, "progress", "0.5");
    pyjson_open(j, "files", '{');
    for (size_t i = 0; i < n; i++)
        file_write(j, image, &files[i]);
    pyjson_close(j, '}');
    pyjson_close(j, '}');
    pyjson_close(j, '}');
}

static bool type_is_fine(struct maas_ask *a, const char *type)
{
    static const char *const types[] = {"all", "synced", "uploaded"};
    struct buf text SCOPED(buf_drop) = {0};

    for (size_t i = 0; i < COUNTOF(types); i++)
        if (text_is(types[i], type))
            return true;
    buf_init(&text, KIB(4));
    py_repr(&text, type);
    buf_text_add(&text, " is not a valid boot resource type. "
                        "Available types: ['synced', 'uploaded']");
    maas_raise_text(a, 400, buf_text(&text));
    return false;
}

void maas_images(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *type = pairs_find(&a->query, "type");
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    type = type && *type ? type : "all";
    if (!type_is_fine(a, type))
        return;
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->n_images; i++) {
        const struct maas_image *image = &a->m->images[i];

        if (!text_is(type, "all") && text_is(type, "uploaded") != image->uploaded)
            continue;
        pyjson_open(j, NULL, '{');
        fields_write(j, image);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

static void image_answer(struct maas_ask *a, const struct maas_image *image, int status)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '{');
    fields_write(j, image);
    sets_write(j, image);
    pyjson_close(j, '}');
    maas_doc_answer(a, &d, status);
}

static struct maas_image *image_of(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < m->n_images; i++)
        if (m->images[i].id == id)
            return &m->images[i];
    return NULL;
}

void maas_image(const struct http_exchange *x)
{
    const struct maas_image *image = image_of(x);

    if (image)
        image_answer(maas_ask(x), image, 200);
    else
        maas_not_found(maas_ask(x), "BootResource");
}

/* --- uploads ---------------------------------------------------------------------------------- */

/* Content in the form, or its digest and size, with an upload to follow. false: answered. */
static bool content_read(struct maas_ask *a, struct maas_complaints *c, struct maas_image_file *f)
{
    const char *sha = maas_field_or(a, "sha256", ""), *size = maas_field_or(a, "size", "");
    uint8_t hash[SHA256_LEN];

    if (a->n_uploads) {
        f->size = f->got = (int64_t)a->uploads[0].bytes.len;
        digest_sha256(buf_text(&a->uploads[0].bytes), a->uploads[0].bytes.len, hash);
        text_hex(hash, sizeof(hash), f->sha256);
        return true;
    }
    if (!*sha)
        maas_complain(c, "sha256", "This field is required.");
    if (!*size)
        maas_complain(c, "size", "This field is required.");
    else if (!text_int(size, 0, INT64_MAX / 2, &f->size))
        maas_complain(c, "size", "Enter a whole number.");
    text_copy(f->sha256, sizeof(f->sha256), sha);
    return c->text.len == 0;
}

static void architecture_check(struct maas_complaints *c, const char *arch)
{
    static const char *const known[] = {"amd64", "arm64", "armhf", "i386", "ppc64el", "s390x"};
    char head[32] = "";
    bool fine = strchr(arch, '/') != NULL;

    text_copy_len(head, sizeof(head), arch, strcspn(arch, "/"));
    for (size_t i = 0; fine && i < COUNTOF(known); i++)
        if (text_is(known[i], head))
            return;
    maas_complain_as(c, "architecture", "'%s' is not a valid architecture.", arch);
}

void maas_image_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct maas_image image = {.uploaded = true, .n_files = 1};
    const char *name = maas_field_or(a, "name", ""), *arch = maas_field_or(a, "architecture", "");
    const char *type = maas_field_or(a, "filetype", "tgz");
    int64_t id = 0;

    if (!*name)
        maas_complain(&c, "name", "This field is required.");
    if (!*arch)
        maas_complain(&c, "architecture", "This field is required.");
    else
        architecture_check(&c, arch);
    content_read(a, &c, &image.files[0]);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    text_copy(image.name, sizeof(image.name),
              text_begins(name, "custom/") ? name + strlen("custom/") : name);
    text_copy(image.architecture, sizeof(image.architecture), arch);
    text_copy(image.title, sizeof(image.title), maas_field_or(a, "title", ""));
    text_copy(image.files[0].name, sizeof(image.files[0].name), "root.tgz");
    text_copy(image.files[0].type, sizeof(image.files[0].type),
              text_is(type, "tgz") ? "root-tgz" : type);
    image.complete = image.files[0].got >= image.files[0].size;
    for (size_t i = 0; i < a->m->n_images; i++)
        id = a->m->images[i].id > id ? a->m->images[i].id : id;
    if (!maas_image_add(a->m, &image)) {
        maas_no_place(a);
        return;
    }
    a->m->images[a->m->n_images - 1].id = id + 1;
    image_answer(a, &a->m->images[a->m->n_images - 1], 201);
}

/* One piece after the other, each a body of its own. */
void maas_image_upload(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_image *image = image_of(x);
    struct maas_image_file *f = NULL;

    for (size_t i = 0; image && i < image->n_files; i++)
        if (text_is(image->files[i].name, http_var(x->vars, "file")))
            f = &image->files[i];
    if (!f) {
        maas_not_found(a, "BootResource");
        return;
    }
    if (a->rq->body.len == 0) {
        maas_raise_text(a, 400, "Missing data.");
        return;
    }
    if (f->got >= f->size) {
        maas_raise_text(a, 400, "Cannot upload to a complete file.");
        return;
    }
    if (f->got + (int64_t)a->rq->body.len > f->size) {
        maas_raise_text(a, 400, "Too much data recieved.");
        return;
    }
    f->got += (int64_t)a->rq->body.len;
    image->complete = f->got >= f->size;
    maas_return(a, 200, MAAS_PLAIN, "OK");
}

void maas_image_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_image *image = image_of(x);

    if (!image) {
        maas_raise_text(a, 500, "BootResource matching query does not exist.");
        return;
    }
    a->m->n_images--;
    memmove(image, image + 1, (size_t)(&a->m->images[a->m->n_images] - image) * sizeof(*image));
    maas_done(a);
}

void maas_image_importing(const struct http_exchange *x)
{
    maas_return_json(maas_ask(x), "false");
}

void maas_image_import(const struct http_exchange *x)
{
    maas_return(maas_ask(x), 200, MAAS_PLAIN, "Import of boot resources started");
}

void maas_image_stop(const struct http_exchange *x)
{
    maas_return(maas_ask(x), 200, MAAS_PLAIN, "Import of boot resources is being stopped");
}
