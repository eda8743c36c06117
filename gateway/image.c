/* The image, before the first allocate (GP-99): named, for which architectures, and whole. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define SETS_MAX KIB(512)

struct resource {
    int64_t id;
    char type[32], name[256], architecture[64];
};
static const struct jx_field resource_fields[] = {
    JX_INT(struct resource, id, "id", JX_MUST, INT64_MIN, INT64_MAX),
    JX_TEXT(struct resource, type, 0),
    JX_TEXT(struct resource, name, 0),
    JX_TEXT(struct resource, architecture, 0),
};
struct detail {
    char *sets;
};
static const struct jx_field detail_fields[] = {
    JX_RAW(struct detail, sets, "sets", 0, SETS_MAX),
};

static bool is_wanted(const struct gw_cluster *c)
{
    return c->claimed && c->looked && !c->offered && c->item->present && !c->item->odd &&
           !c->image.known && !c->intent && gw_pool_missing(c);
}

ms_t gw_images_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return is_wanted(c) && c->image.n_candidates == 0 ? g->now : MS_NEVER;
}

ms_t gw_image_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return is_wanted(c) && c->image.n_candidates > 0 ? g->now : MS_NEVER;
}

/* "custom/x" is listed as an uploaded "x" or "custom/x"; everything else by its name. */
static bool is_named(const struct resource *r, const char *image)
{
    static const char custom[] = "custom/";

    if (text_begins(image, custom)) {
        const char *name = text_begins(r->name, custom) ? r->name + strlen(custom) : r->name;

        return text_is(r->type, "Uploaded") && text_is(name, image + strlen(custom));
    }
    return text_is(r->name, image) || (!strchr(image, '/') && strchr(r->name, '/') &&
                                       text_is(strchr(r->name, '/') + 1, image));
}

static void arch_add(struct gw_cluster *c, const char *arch)
{
    for (size_t i = 0; i < c->image.n_archs; i++)
        if (text_is(c->image.archs[i], arch))
            return;
    if (c->image.n_archs < GW_ARCHS_MAX &&
        text_copy(c->image.archs[c->image.n_archs], sizeof c->image.archs[0], arch))
        c->image.n_archs++;
}

static int each_resource(void *arg, size_t i, const void *element)
{
    struct gw_cluster *c = arg;
    const struct resource *r = element;
    struct gw_image_candidate k = {.id = r->id};

    (void)i;
    if (!is_named(r, c->item->head.image) ||
        !text_copy_len(k.arch, sizeof k.arch, r->architecture, strcspn(r->architecture, "/")))
        return 0;
    if (!text_is(r->type, "Uploaded"))
        arch_add(c, k.arch);
    else if (c->image.n_candidates < GW_ARCHS_MAX)
        c->image.candidates[c->image.n_candidates++] = k;
    return 0;
}

static void decide(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;

    if (c->image.n_candidates > 0)
        return;
    c->image.known = c->image.n_archs > 0;
    if (c->image.known) {
        c->image.misses = 0;
        gw_blame(c, GW_COND_IMAGE, NULL, "");
        return;
    }
    c->image.misses++;
    c->tries[GW_STEP_IMAGES].due = t->g->now + gw_maas_backoff(t->g, c->image.misses);
    gw_blame(c, GW_COND_IMAGE, "ImageMissing", c->item->head.image);
}

bool gw_images_good(struct gw_turn *t)
{
    struct resource r;

    if (!t->c->item)
        return true;
    t->c->image.n_archs = t->c->image.n_candidates = 0;
    if (jx_read_list(buf_text(&t->r->body), t->r->body.len, resource_fields,
                     COUNTOF(resource_fields), 0, &r, sizeof r, each_resource, t->c, NULL) < 0)
        return false;
    decide(t);
    return true;
}

/* A set that is complete: {"VERSION":{…,"complete":true,…},…}. The versions' names are not known,
 * so the JSON text is walked; files inside a set lie deeper and do not count. */
static bool has_complete_set(const char *sets)
{
    static const char word[] = "\"complete\":true";
    int depth = 0;

    for (const char *p = sets; *p; p++) {
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        else if (*p == '"' && depth == 2 && text_begins(p, word))
            return true;
        if (*p != '"')
            continue;
        for (p++; *p && *p != '"'; p++)
            p += *p == '\\' && p[1];
        if (!*p)
            break;
    }
    return false;
}

static void candidate_done(struct gw_turn *t, bool complete)
{
    struct gw_cluster *c = t->c;

    if (!c->item || c->image.n_candidates == 0)
        return;
    c->image.n_candidates--;
    if (complete)
        arch_add(c, c->image.candidates[c->image.n_candidates].arch);
    decide(t);
}

bool gw_image_good(struct gw_turn *t)
{
    struct detail d = {0};

    if (jx_read(buf_text(&t->r->body), t->r->body.len, detail_fields, COUNTOF(detail_fields), 0, &d,
                NULL) < 0)
        return false;
    candidate_done(t, d.sets && has_complete_set(d.sets));
    free(d.sets);
    return true;
}

void gw_image_gone(struct gw_turn *t)
{
    candidate_done(t, false);
}
