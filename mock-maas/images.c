/* boot-resources/: images that deploy can use. An uploaded image is listed by its bare name, and
 * before its upload is complete; only its item tells. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define SUBARCHES "generic,hwe-p,hwe-q,hwe-r,hwe-s,hwe-t,hwe-u,hwe-v,hwe-w"

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
        pyjson_text(j, "title", image->name);
        return;
    }
    pyjson_text(j, "platform", "generic");
    ga_write(j, "subarches", image);
    ga_write(j, "supported_platforms", image);
}

static void file_write(struct pyjson *j, const char *name, const char *type, bool complete)
{
    pyjson_open(j, name, '{');
    pyjson_text(j, "filename", name);
    pyjson_text(j, "filetype", type);
    pyjson_text(j, "sha256", "63160e82bba6630743a9fc9d954096209987411e1e435c39fef049992094d8e2");
    pyjson_text(j, "filename_on_disk", "63160e8");
    pyjson_int(j, "size", 512);
    pyjson_bool(j, "complete", complete);
    if (!complete)
        pyjson_word(j, "progress", "0.5");
    pyjson_close(j, '}');
}

static void sets_write(struct pyjson *j, const struct maas_image *image)
{
    pyjson_open(j, "sets", '{');
    pyjson_open(j, "20260401", '{');
    pyjson_text(j, "version", "20260401");
    pyjson_text(j, "label", image->uploaded ? "uploaded" : "stable");
    pyjson_int(j, "size", 1536);
    pyjson_bool(j, "complete", image->complete);
    if (!image->complete)
        pyjson_word(j, "progress", "0.5");
    pyjson_open(j, "files", '{');
    if (image->uploaded) {
        file_write(j, "root.tgz", "root-tgz", image->complete);
    } else {
        file_write(j, "boot-initrd", "boot-initrd", true);
        file_write(j, "boot-kernel", "boot-kernel", true);
        file_write(j, "squashfs", "squashfs", true);
    }
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
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    type = type && *type ? type : "all";
    if (!type_is_fine(a, type))
        return;
    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '[');
    for (size_t i = 0; i < a->m->n_images; i++) {
        const struct maas_image *image = &a->m->images[i];

        if (!text_is(type, "all") && text_is(type, "uploaded") != image->uploaded)
            continue;
        pyjson_open(&j, NULL, '{');
        fields_write(&j, image);
        pyjson_close(&j, '}');
    }
    pyjson_close(&j, ']');
    maas_return_json(a, buf_text(&body));
}

void maas_image(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;
    int64_t id = 0;
    size_t i = 0;

    if (!text_int(http_var(x->vars, "id"), 0, INT32_MAX, &id))
        id = -1;
    while (i < a->m->n_images && a->m->images[i].id != id)
        i++;
    if (i == a->m->n_images) {
        maas_not_found(a, "BootResource");
        return;
    }
    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '{');
    fields_write(&j, &a->m->images[i]);
    sets_write(&j, &a->m->images[i]);
    pyjson_close(&j, '}');
    maas_return_json(a, buf_text(&body));
}

void maas_image_importing(const struct http_exchange *x)
{
    maas_return_json(maas_ask(x), "false");
}
