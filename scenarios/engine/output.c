#include "scenarios/engine/output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_BYTES KIB(64)

struct output {
    int fd;
    uint64_t bytes, kept, max;
    const struct secrets *secrets;
    bool told[LAUNCH_SECRETS_MAX];
    size_t tail; /* of what was searched before: a secret may begin there */
    char text[LAUNCH_SECRET_MAX + SEARCH_BYTES];
};

int output_new(struct output **ret, const char *file, size_t max, const struct secrets *s,
               struct err *e)
{
    struct output *o = calloc(1, sizeof(*o));
    if (o == NULL)
        WRONG("out of memory");
    o->max = max;
    o->secrets = s;
    o->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (o->fd < 0) {
        int r = err_errno(e, "open %s", file);
        free(o);
        return r;
    }
    *ret = o;
    return 0;
}

void output_free(struct output *o)
{
    if (o == NULL)
        return;
    close(o->fd);
    free(o);
}

static void search(struct output *o, size_t len, output_secret_fn *told, void *arg)
{
    for (size_t i = 0; o->secrets != NULL && i < o->secrets->n; i++) {
        const struct secret *s = &o->secrets->at[i];
        if (o->told[i] || memmem(o->text, len, s->value, strlen(s->value)) == NULL)
            continue;
        o->told[i] = true;
        told(arg, s->name);
    }
}

/* The tail is one byte shorter than the longest secret, so none is found twice or missed. */
static void search_part(struct output *o, const char *bytes, size_t len, output_secret_fn *told,
                        void *arg)
{
    size_t all = o->tail + len;
    memcpy(o->text + o->tail, bytes, len);
    search(o, all, told, arg);
    o->tail = all < LAUNCH_SECRET_MAX - 1 ? all : LAUNCH_SECRET_MAX - 1;
    memmove(o->text, o->text + all - o->tail, o->tail);
}

void output_add(struct output *o, const char *bytes, size_t len, output_secret_fn *told, void *arg)
{
    size_t room = o->max - o->kept, keep = len < room ? len : room;
    /* A full disk loses evidence of an output, not the run. */
    (void)!write(o->fd, bytes, keep);
    o->kept += keep;
    o->bytes += len;
    for (size_t at = 0; at < len; at += SEARCH_BYTES) {
        size_t part = len - at < SEARCH_BYTES ? len - at : SEARCH_BYTES;
        search_part(o, bytes + at, part, told, arg);
    }
}

uint64_t output_bytes(const struct output *o)
{
    return o->bytes;
}
