/* "root:64.42(ssd),data:100": the first element is of the disk that carries "/", each other one of
 * an unused disk, the smallest that fits first. Sizes in GB of 1000³ bytes. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GB           1e9
#define ELEMENTS_MAX 16

struct element {
    char label[64];
    double gb;
    char tags[256];
};

static bool has_tag(const char *list, const char *tag)
{
    char one[64];

    while (text_next(&list, ',', one, sizeof(one)))
        if (text_is(one, tag))
            return true;
    return false;
}

static bool has_tags(const struct maas_disk *d, const char *tags)
{
    char tag[64];

    while (text_next(&tags, ',', tag, sizeof(tag)))
        if (!has_tag(d->tags, tag))
            return false;
    return true;
}

/* [label:]size[(tag,tag)]; returns what is behind it, NULL when it is malformed. */
static const char *element_read(const char *text, struct element *ret)
{
    const size_t label = strcspn(text, ":,()");
    char *end;

    *ret = (struct element){.gb = 0};
    if (text[label] == ':') {
        if (strcspn(text, " ") < label ||
            !text_copy_len(ret->label, sizeof(ret->label), text, label))
            return NULL;
        text += label + 1;
    }
    if (*text < '0' || *text > '9')
        return NULL;
    ret->gb = strtod(text, &end);
    if (*end == '(') {
        const size_t len = strcspn(end + 1, ")");

        if (end[1 + len] != ')' || !text_copy_len(ret->tags, sizeof(ret->tags), end + 1, len))
            return NULL;
        end += len + 2;
    }
    return end;
}

/* Number of elements; SIZE_MAX when malformed. */
static size_t wish_read(const char *wish, struct element *list)
{
    size_t n = 0;

    while (*wish) {
        if (n == ELEMENTS_MAX)
            return SIZE_MAX;
        wish = element_read(wish, &list[n]);
        if (!wish || (*wish && *wish != ',') || (*wish == ',' && !wish[1]))
            return SIZE_MAX;
        n++;
        wish += *wish == ',';
    }
    return n;
}

bool maas_storage_is_wellformed(const char *wish)
{
    struct element list[ELEMENTS_MAX];

    return wish_read(wish, list) != SIZE_MAX;
}

static bool disk_fits(const struct maas_disk *d, const struct element *e)
{
    return (double)d->size >= e->gb * GB && has_tags(d, e->tags);
}

/* Index of the disk, or n_disks. */
static size_t disk_for(const struct maas_machine *one, const struct element *e, bool root,
                       uint64_t used)
{
    size_t best = one->n_disks;

    for (size_t i = 0; i < one->n_disks; i++)
        if (one->disks[i].root == root && !(used & BIT(i)) && disk_fits(&one->disks[i], e) &&
            (best == one->n_disks || one->disks[i].size < one->disks[best].size))
            best = i;
    return best;
}

bool maas_storage_fits(const struct maas_machine *one, const char *wish, struct buf *ret)
{
    struct element list[ELEMENTS_MAX];
    const size_t n = wish_read(wish, list);
    uint64_t used = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t disk = n == SIZE_MAX ? one->n_disks : disk_for(one, &list[i], i == 0, used);

        if (disk == one->n_disks)
            return false;
        used |= BIT(disk);
        if (ret && list[i].label[0]) {
            buf_text_add(ret, ret->len ? ", " : "");
            py_text(ret, list[i].label);
            buf_printf(ret, ": [%" PRId64 "]", one->disks[disk].id);
        }
    }
    return true;
}
