/* Architectures: what the boot resources can boot, and which machines are of one. */
#include "mock-maas/constraint.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ARCHES_MAX 64

struct arches {
    size_t n;
    char at[ARCHES_MAX][32];
};

static void arch_add(struct arches *all, const char *prefix, size_t len, const char *sub)
{
    char text[32];
    struct buf whole SCOPED(buf_drop) = {0};

    buf_init(&whole, sizeof(text) - 1);
    buf_printf(&whole, "%.*s/%s", (int)len, prefix, sub);
    for (size_t i = 0; i < all->n; i++)
        if (text_is(all->at[i], buf_text(&whole)))
            return;
    if (all->n < ARCHES_MAX)
        text_copy(all->at[all->n++], sizeof(all->at[0]), buf_text(&whole));
}

/* What the boot resources can boot. */
static void arches_of(const struct maas *m, struct arches *all)
{
    static const char *const subs[] = {"generic", "hwe-p", "hwe-q", "hwe-r", "hwe-s",
                                       "hwe-t",   "hwe-u", "hwe-v", "hwe-w"};

    all->n = 0;
    for (size_t i = 0; i < m->n_images; i++) {
        const char *arch = m->images[i].architecture;
        const size_t len = strcspn(arch, "/");

        for (size_t k = 0; k < COUNTOF(subs); k++)
            arch_add(all, arch, len, subs[k]);
        if (arch[len])
            arch_add(all, arch, len, arch + len + 1);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

void maas_arches_repr(const struct maas *m, struct buf *out)
{
    struct arches all;

    arches_of(m, &all);
    qsort(all.at, all.n, sizeof(all.at[0]), by_text);
    for (size_t i = 0; i < all.n; i++)
        buf_printf(out, "%s'%s'", i ? ", " : "", all.at[i]);
    if (all.n == 0)
        buf_text_add(out, "''");
}

bool maas_arch_is_known(const struct maas *m, const char *arch)
{
    struct arches all;

    arches_of(m, &all);
    for (size_t i = 0; i < all.n; i++)
        if (text_is(all.at[i], arch))
            return true;
    return false;
}

static bool arch_is(const char *wish, const char *arch)
{
    const size_t len = strlen(wish);

    return text_is(wish, arch) ||
           (!strchr(wish, '/') && strncmp(arch, wish, len) == 0 && arch[len] == '/');
}

bool maas_arch_of(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (arch_is(v, one->architecture))
            return true;
    return false;
}

void maas_arch_check(const struct asked *q, struct buf *complaint)
{
    struct arches all;
    const char *v;

    arches_of(q->m, &all);
    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        bool known = false;

        for (size_t k = 0; k < all.n; k++)
            known = known || (*v && arch_is(v, all.at[k]));
        if (!known)
            buf_text_add(complaint, "Architecture not recognised.");
    }
}

void maas_arches_print(const struct asked *q, struct buf *out)
{
    struct arches all;
    const char *v, *comma = "";

    arches_of(q->m, &all);
    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        for (size_t k = 0; k < all.n; k++)
            if (arch_is(v, all.at[k])) {
                buf_printf(out, "%s%s", comma, all.at[k]);
                comma = ",";
            }
}
