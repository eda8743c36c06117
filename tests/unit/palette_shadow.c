#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_shadow.h"

#include <stdlib.h>
#include <string.h>

static struct shadow_row *row_of(struct shadow *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (text_is(s->rows[i].key, key))
            return &s->rows[i];
    return NULL;
}

static void take(void *arg, const char *key, const char *bytes, size_t len)
{
    struct shadow *s = arg;
    struct shadow_row *row = row_of(s, key);

    if (!row) {
        s->rows = reallocarray(s->rows, s->n + 1, sizeof(*s->rows));
        assert_non_null(s->rows);
        row = &s->rows[s->n++];
        text_copy(row->key, sizeof(row->key), key);
        buf_init(&row->bytes, MIB(8));
    }
    buf_clear(&row->bytes);
    buf_add(&row->bytes, bytes, len);
}

static void compare(void *arg, const char *key, const char *bytes, size_t len)
{
    const struct shadow_row *row = row_of(arg, key);

    if (!row || row->bytes.len != len || memcmp(buf_text(&row->bytes), bytes, len) != 0)
        fail_msg("row %s was changed and not told:\n%.*s\nwas told:\n%s", key, (int)len, bytes,
                 row ? buf_text(&row->bytes) : "nothing");
}

void shadow_look(struct shadow *s, struct palette *p)
{
    palette_rows(p, take, s);
    palette_rows_all(p, compare, s);
}

struct palette *shadow_resume(const struct shadow *s, const struct palette_config *c, ms_t now)
{
    struct palette *p = palette_new(c);
    struct err e = {0};

    for (size_t i = s->n; i-- > 0;) /* the order is nobody's business */
        if (palette_row_take(p, now, s->rows[i].key, buf_text(&s->rows[i].bytes),
                             s->rows[i].bytes.len, &e) < 0)
            fail_msg("%s", e.text);
    if (palette_resume(p, &e) < 0)
        fail_msg("%s", e.text);
    return p;
}

void shadow_drop(struct shadow *s)
{
    for (size_t i = 0; i < s->n; i++)
        buf_drop(&s->rows[i].bytes);
    free(s->rows);
    *s = (struct shadow){.n = 0};
}
