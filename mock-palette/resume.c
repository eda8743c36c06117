/* Rows out of the state and back into it: which ones a request changed, and a Palette that goes on
 * where another one stopped. */
#include "mock-palette/keep.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_MAX MIB(8)

struct pal_mark {
    enum pal_keep t;
    size_t i;
};

void pal_keep_mark(struct palette *p, enum pal_keep t, size_t i)
{
    struct pal_kept *k = &p->kept;

    if (!p->config.keep)
        return;
    for (size_t j = k->n_marks; j > 0 && j + 4 > k->n_marks; j--)
        if (k->marks[j - 1].t == t && k->marks[j - 1].i == i)
            return;
    k->marks = pal_grow(k->marks, k->n_marks, sizeof(*k->marks));
    k->marks[k->n_marks++] = (struct pal_mark){.t = t, .i = i};
}

void pal_kept_drop(struct pal_kept *k)
{
    for (size_t t = 0; t < PAL_KEEP_TABLES; t++)
        free(k->hash[t]);
    free(k->marks);
}

/* --- out -------------------------------------------------------------------------------------- */

/* What the row was when it was written last. */
static uint64_t *hash_of(struct pal_kept *k, enum pal_keep t, size_t i)
{
    for (; k->n_hash[t] <= i; k->n_hash[t]++)
        k->hash[t] = pal_grow(k->hash[t], k->n_hash[t], sizeof(*k->hash[t]));
    return &k->hash[t][i];
}

static void key_write(enum pal_keep t, size_t i, char *out, size_t size)
{
    snprintf(out, size, "%s/%zu", keep_tables[t].name, i);
}

static void row_write(struct palette *p, enum pal_keep t, size_t i, struct buf *out)
{
    const struct keep_rows *rows = &keep_tables[t];

    buf_clear(out);
    keep_write(rows->fields, rows->n_fields, rows->at(p, i), out);
    if (out->full)
        WRONG("a row is too long");
}

struct telling {
    struct palette *p;
    palette_row_fn *each;
    void *arg;
    struct buf row;
};

static void row_tell(struct telling *x, enum pal_keep t, size_t i)
{
    uint64_t *was = hash_of(&x->p->kept, t, i), is;
    char key[48];

    row_write(x->p, t, i, &x->row);
    is = places_hash(buf_text(&x->row), x->row.len);
    if (*was == is || (*was == 0 && x->row.len == 0))
        return;
    *was = is;
    key_write(t, i, key, sizeof(key));
    x->each(x->arg, key, buf_text(&x->row), x->row.len);
}

static void table_tell(struct telling *x, enum pal_keep t)
{
    const size_t n = keep_tables[t].count(x->p);

    for (size_t i = 0; i < n; i++)
        row_tell(x, t, i);
}

void palette_rows(struct palette *p, palette_row_fn *each, void *arg)
{
    struct telling x = {.p = p, .each = each, .arg = arg};
    struct pal_kept *k = &p->kept;

    buf_init(&x.row, ROW_MAX);
    for (size_t j = 0; j < k->n_marks; j++)
        row_tell(&x, k->marks[j].t, k->marks[j].i);
    k->n_marks = 0;
    for (enum pal_keep t = 0; t < PAL_KEEP_TABLES; t++)
        if (t == PAL_KEEP_SELF || t == PAL_KEEP_PUBLIC || (k->sweep & (1U << t)))
            table_tell(&x, t);
    k->sweep = 0;
    buf_drop(&x.row);
}

void palette_rows_all(struct palette *p, palette_row_fn *each, void *arg)
{
    struct buf row SCOPED(buf_drop) = {.max = ROW_MAX};
    char key[48];

    for (enum pal_keep t = 0; t < PAL_KEEP_TABLES; t++)
        for (size_t i = 0, n = keep_tables[t].count(p); i < n; i++) {
            row_write(p, t, i, &row);
            key_write(t, i, key, sizeof(key));
            if (row.len > 0)
                each(arg, key, buf_text(&row), row.len);
        }
}

/* --- back ------------------------------------------------------------------------------------- */

static bool key_read(const char *key, enum pal_keep *ret_t, size_t *ret_i)
{
    int64_t i = 0;

    for (enum pal_keep t = 0; t < PAL_KEEP_TABLES; t++) {
        const size_t len = strlen(keep_tables[t].name);

        if (strncmp(key, keep_tables[t].name, len) != 0 || key[len] != '/' ||
            !text_int(key + len + 1, 0, INT32_MAX, &i))
            continue;
        *ret_t = t;
        *ret_i = (size_t)i;
        return true;
    }
    return false;
}

/* What a new Palette has at that place is not what was there. */
static void fields_clear(const struct keep_rows *rows, void *at)
{
    keep_drop(rows->fields, rows->n_fields, at);
    for (size_t i = 0; i < rows->n_fields; i++) {
        const struct keep_field *f = &rows->fields[i];
        const size_t size = f->kind == KEEP_LIST ? sizeof(void *) : f->size;
        void *list = NULL;

        if (f->kind == KEEP_LIST)
            memcpy(&list, (char *)at + f->offset, size);
        free(list);
        memset((char *)at + f->offset, 0, size);
    }
}

int palette_row_take(struct palette *p, ms_t now, const char *key, const char *bytes, size_t len,
                     struct err *e)
{
    const struct keep_rows *rows;
    enum pal_keep t;
    size_t i;
    void *at;

    if (!key_read(key, &t, &i))
        return err_set(e, -EINVAL, "row %.40s: is of no kind that is known here", key);
    rows = &keep_tables[t];
    at = rows->make(p, i);
    if (!at)
        return err_set(e, -E2BIG, "row %.40s: is more than this Palette holds", key);
    fields_clear(rows, at);
    if (!keep_read(rows->fields, rows->n_fields, bytes, len, now, at))
        return err_set(e, -EINVAL, "row %.40s: is damaged", key);
    *hash_of(&p->kept, t, i) = places_hash(bytes, len);
    return 0;
}

static int cluster_resume(struct palette *p, struct pal_cluster *c, struct err *e)
{
    if (!c->uid[0] || c->gateway_i >= p->n_gateways || c->next_gateway_i >= p->n_gateways)
        return err_set(e, -EINVAL, "row cluster/%zu: is missing, or its gateway is", c->i);
    for (size_t j = 0; j < c->n_agents; j++)
        pal_agent_token_set(p, c, &c->agents[j], c->agents[j].token);
    pal_cluster_changed(p, c);
    return 0;
}

/* Whoever was told a drawn key goes on with it; one that was chosen this time is the key. */
static void key_resume(struct palette *p)
{
    if (!p->config.api_key_drawn)
        p->drawn_key[0] = '\0';
    else if (p->drawn_key[0])
        pal_keys_take(p, p->drawn_key);
    else
        text_copy(p->drawn_key, sizeof(p->drawn_key), p->config.api_key);
}

const char *palette_drawn_key(const struct palette *p)
{
    return p->drawn_key;
}

int palette_resume(struct palette *p, struct err *e)
{
    key_resume(p);
    for (size_t i = 0; i < p->n_gateways; i++)
        pal_gateway_changed(&p->gateways[i]);
    for (size_t i = 0; i < p->n_accounts; i++)
        pal_key_know(p, &p->accounts[i].at);
    for (size_t i = 0; i < p->tokens_max; i++) {
        if (p->tokens[i].until > 0 && p->tokens[i].gateway_i >= p->n_gateways)
            return err_set(e, -EINVAL, "row token/%zu: its gateway is missing", i);
        if (p->tokens[i].until > 0)
            pal_token_index(p, i);
    }
    for (size_t i = 0; i < p->n_clusters; i++)
        if (cluster_resume(p, p->clusters[i], e) < 0)
            return e->code;
    p->kept.n_marks = 0;
    return 0;
}
