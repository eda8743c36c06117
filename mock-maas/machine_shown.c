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
    for (const char *at = shown->text, *end; *at; at = end) {
        end = at + strcspn(at, "\n");
        end += *end == '\n';
        buf_add(j->out, at, (size_t)(end - at));
        end += *end == ' ' ? 4 : 0;
    }
    return true;
}

void maas_machine_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                        const char *constraints)
{
    if (!constraints && !m->writing && j->depth == 1)
        element_write(j, m, one);
    else if (constraints || m->writing || j->depth != 0 || !kept_write(j, m, one))
        maas_machine_fields_write(j, m, one, constraints);
}
