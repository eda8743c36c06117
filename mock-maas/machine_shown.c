/* A machine's JSON is kept from one reading to the next: whoever lists a hundred machines every few
 * seconds copies bytes. What changes a machine drops its own (maas_changed); what is shown beside
 * it, names of zones and networks, counts as m->epoch. */
#include "mock-maas/model.h"

#include <stdlib.h>
#include <string.h>

static void keep(const struct maas *m, struct maas_shown *shown, const char *text, size_t len)
{
    if (shown->text)
        *m->n_shown -= shown->len;
    free(shown->text);
    shown->text = *m->n_shown + len <= MAAS_SHOWN_MAX ? strndup(text, len) : NULL;
    if (!shown->text)
        return;
    shown->len = len;
    shown->epoch = m->epoch;
    *m->n_shown += len;
}

/* As an element of a list, kept from one reading to the next. */
static void element_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one)
{
    struct maas_shown *shown = one->shown;
    size_t begin;

    if (shown && shown->text && shown->epoch == m->epoch) {
        pyjson_word(j, NULL, shown->text);
        return;
    }
    begin = j->out->len + (j->empty ? 0 : 1) + strlen("\n    ");
    maas_machine_fields_write(j, m, one, NULL);
    if (shown && !j->out->full)
        keep(m, shown, buf_text(j->out) + begin, j->out->len - begin);
}

/* Alone, a kept element stands four blanks further left. */
static bool kept_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one)
{
    const struct maas_shown *shown = one->shown;

    if (!shown || !shown->text || shown->epoch != m->epoch)
        return false;
    buf_reserve(j->out, shown->len);
    for (const char *at = shown->text, *last = at + shown->len; at < last;) {
        const char *end = memchr(at, '\n', (size_t)(last - at));
        const char *next = end ? end + 1 : last;

        buf_add(j->out, at, (size_t)(next - at));
        at = next + (*next == ' ' ? 4 : 0);
    }
    return true;
}

/* It is written as an element first, and kept: who reads a machine once reads it again. */
static void alone_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct pyjson list;

    if (one->shown && !(one->shown->text && one->shown->epoch == m->epoch)) {
        buf_init(&text, MAAS_JSON_MAX);
        pyjson_init(&list, &text);
        pyjson_open(&list, NULL, '[');
        element_write(&list, m, one);
    }
    if (!kept_write(j, m, one))
        maas_machine_fields_write(j, m, one, NULL);
}

void maas_machine_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                        const char *constraints)
{
    if (!constraints && !m->writing && j->depth == 1)
        element_write(j, m, one);
    else if (!constraints && !m->writing && j->depth == 0)
        alone_write(j, m, one);
    else
        maas_machine_fields_write(j, m, one, constraints);
}
