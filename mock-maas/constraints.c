/* Which machines a list or an allocate means. MAAS reads all constraints before it looks at a
 * machine; every malformed one is named in the answer. */
#include "mock-maas/constraint.h"

#include "lib/base/text.h"

#include <string.h>

static const char *const options[] = {"op",         "comment",     "agent_name",
                                      "bridge_all", "bridge_type", "bridge_stp",
                                      "bridge_fd",  "dry_run",     "verbose"};

static bool is_in(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i], name))
            return true;
    return false;
}

static const struct constraint *row_of(const char *name, unsigned where)
{
    const struct constraint *table;
    const size_t n = maas_constraint_table(&table);

    for (size_t i = 0; i < n; i++)
        if ((table[i].where & where) && text_is(table[i].name, name))
            return &table[i];
    return NULL;
}

static void complain(struct buf *all, const char *name, const char *text)
{
    buf_text_add(all, all->len ? ", " : "{");
    py_text(all, name);
    buf_text_add(all, ": [");
    py_text(all, text);
    buf_char_add(all, ']');
}

static bool seen_before(const struct pairs *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (text_is(p->at[k].name, p->at[i].name))
            return true;
    return false;
}

static void check_one(const struct maas *m, const struct pairs *p, unsigned where, const char *name,
                      struct buf *all)
{
    const struct asked q = {.m = m, .p = p, .row = row_of(name, where), .where = where};
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    if (!q.row && !is_in(options, COUNTOF(options), name))
        buf_text_add(&text, "No such constraint.");
    else if (q.row && q.row->check)
        q.row->check(&q, &text);
    if (text.len)
        complain(all, name, buf_text(&text));
}

/* MAAS complains in the order of its form's fields: these first, then the others. */
static void check_first(const struct maas *m, const struct pairs *p, unsigned where,
                        struct buf *all)
{
    static const char *const first[] = {"zone", "not_in_zone", "pool", "not_in_pool", "storage"};

    for (size_t k = 0; k < COUNTOF(first); k++)
        if (pairs_find(p, first[k]))
            check_one(m, p, where, first[k], all);
}

static bool is_first(const char *name)
{
    return text_begins(name, "not_in_") || text_is(name, "zone") || text_is(name, "pool") ||
           text_is(name, "storage");
}

bool maas_constraints_check(struct maas_ask *a, const struct pairs *p, unsigned where)
{
    struct buf all SCOPED(buf_drop) = {0};

    buf_init(&all, KIB(256));
    check_first(a->m, p, where, &all);
    for (size_t i = 0; i < p->n; i++) {
        if (text_is(p->at[i].name, "interfaces") && maas_interfaces_strange(a->m, p->at[i].value)) {
            maas_not_found(a, "Space");
            return false;
        }
        if (!seen_before(p, i) && !is_first(p->at[i].name))
            check_one(a->m, p, where, p->at[i].name, &all);
    }
    if (all.len == 0)
        return true;
    buf_char_add(&all, '}');
    maas_raise(a, 400, MAAS_JSON, buf_text(&all));
    return false;
}

bool maas_constraints_match(const struct maas *m, const struct pairs *p, unsigned where,
                            const struct maas_machine *one)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct asked q = {
            .m = m, .p = p, .row = row_of(p->at[i].name, where), .where = where};

        if (q.row && q.row->match(&q, one) == q.row->not )
            return false;
    }
    return true;
}

bool maas_constraints_any(const struct pairs *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (!is_in(options, COUNTOF(options), p->at[i].name))
            return true;
    return false;
}

/* --- as MAAS understood them ------------------------------------------------------------------ */

/* A float as Python prints it: the shortest that reads back the same. */
static void float_write(struct buf *out, double v)
{
    struct buf text SCOPED(buf_drop) = {0};
    double back = 0;

    buf_init(&text, 64);
    for (int digits = 1; digits <= 17; digits++) {
        buf_clear(&text);
        buf_printf(&text, "%.*g", digits, v);
        if (maas_float_read(buf_text(&text), &back) && !(back < v) && !(back > v))
            break;
    }
    if (strpbrk(buf_text(&text), "e") && v < 1e16 && v > -1e16) {
        buf_clear(&text);
        buf_printf(&text, "%.1f", v);
    }
    buf_text_add(out, buf_text(&text));
    if (!strpbrk(buf_text(&text), ".en"))
        buf_text_add(out, ".0");
}

static void values_write(const struct asked *q, struct buf *out)
{
    char tag[MAAS_NAME_MAX];
    const char *v, *comma = "";

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;) {
        if (q->row->print != PRINT_TAGS) {
            buf_text_add(out, comma);
            buf_text_add(out, v);
            comma = ",";
            continue;
        }
        while (maas_tag_next(&v, tag, sizeof(tag))) {
            buf_printf(out, "%s%s", comma, tag);
            comma = ",";
        }
    }
}

static void print(const struct asked *q, struct buf *out)
{
    switch (q->row->print) {
    case PRINT_FLOAT:
        float_write(out, maas_constraint_smallest(q));
        break;
    case PRINT_ARCHES:
        maas_arches_print(q, out);
        break;
    case PRINT_TAGS:
    case PRINT_VALUES:
        values_write(q, out);
        break;
    }
}

void maas_constraints_write(const struct maas *m, const struct pairs *p, struct buf *out)
{
    const struct constraint *table;
    const size_t n = maas_constraint_table(&table);

    for (size_t k = 0; k < n; k++) {
        const struct asked q = {.m = m, .p = p, .row = &table[k], .where = MAAS_IN_ALLOCATE};
        size_t i = 0;

        if (!(table[k].where & MAAS_IN_ALLOCATE) || !maas_constraint_value(&q, &i))
            continue;
        buf_printf(out, "%s%s=", out->len ? " " : "", table[k].name);
        print(&q, out);
    }
}
