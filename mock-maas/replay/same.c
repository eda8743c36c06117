#include "mock-maas/replay/same.h"

#include "lib/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256
#define SHOWN     120

enum rule { EXACT, A_NUMBER, A_TEXT, AN_ID, A_URI };

/* All that is normalised (facts: the recordings' own section on replaying). */
static const struct {
    const char *field;
    enum rule rule;
} rules[] = {
    {"id", A_NUMBER},
    {"fabric_id", A_NUMBER},
    {"device_id", A_NUMBER},
    {"link_id", A_NUMBER},
    {"boot_source_id", A_NUMBER},
    {"user_id", A_NUMBER},
    {"dnsresource_id", A_NUMBER},
    {"dnsdata_id", A_NUMBER},
    {"current_commissioning_result_id", A_NUMBER},
    {"current_testing_result_id", A_NUMBER},
    {"current_installation_result_id", A_NUMBER},
    {"system_id", AN_ID},
    {"node", AN_ID},
    {"primary_rack", AN_ID},
    {"secondary_rack", AN_ID},
    {"resource_uri", A_URI},
    {"uuid", A_TEXT},
    {"hardware_uuid", A_TEXT},
    {"created", A_TEXT},
    {"updated", A_TEXT},
    {"token_key", A_TEXT},
    {"token_secret", A_TEXT},
    {"consumer_key", A_TEXT},
};

static enum rule rule_of(const char *field)
{
    for (size_t i = 0; field && i < COUNTOF(rules); i++)
        if (text_is(rules[i].field, field))
            return rules[i].rule;
    return EXACT;
}

/* --- names ------------------------------------------------------------------------------------ */

const char *names_live(const struct names *names, const char *recorded)
{
    for (size_t i = 0; i < names->n; i++)
        if (text_is(names->at[i].recorded, recorded))
            return names->at[i].live;
    return NULL;
}

bool names_agree(struct names *names, const char *recorded, const char *live)
{
    const char *known = names_live(names, recorded);

    if (known)
        return text_is(known, live);
    for (size_t i = 0; i < names->n; i++)
        if (text_is(names->at[i].live, live))
            return false;
    return names->n < NAMES_MAX &&
           text_copy(names->at[names->n].recorded, sizeof(names->at[0].recorded), recorded) &&
           text_copy(names->at[names->n++].live, sizeof(names->at[0].live), live);
}

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The known name that begins at `at` as a whole word; its index or names->n. */
static size_t name_at(const struct names *names, const char *text, const char *at)
{
    size_t i = 0;

    if (at > text && is_letter(at[-1]))
        return names->n;
    for (; i < names->n; i++)
        if (text_begins(at, names->at[i].recorded) && !is_letter(at[strlen(names->at[i].recorded)]))
            break;
    return i;
}

void names_translate(const struct names *names, const char *text, struct buf *out)
{
    for (const char *at = text; *at;) {
        const size_t i = name_at(names, text, at);

        if (i == names->n) {
            buf_char_add(out, *at++);
            continue;
        }
        buf_text_add(out, names->at[i].live);
        at += strlen(names->at[i].recorded);
    }
}

/* --- lists that MAAS keeps as sets ------------------------------------------------------------ */

struct words {
    size_t n;
    char at[WORDS_MAX][64];
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void words_read(const char *text, size_t len, struct words *w)
{
    struct buf copy SCOPED(buf_drop) = {0};
    const char *rest;

    w->n = 0;
    buf_init(&copy, KIB(64));
    buf_add(&copy, text, len);
    rest = buf_text(&copy);
    while (w->n < WORDS_MAX && text_next(&rest, ',', w->at[w->n], sizeof(w->at[0])))
        w->n++;
    qsort(w->at, w->n, sizeof(w->at[0]), by_text);
}

static bool words_are(const struct words *a, const struct words *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; same && i < a->n; i++)
        same = text_is(a->at[i], b->at[i]);
    return same;
}

static bool same_list(const char *wanted, size_t wanted_len, const char *seen, size_t seen_len)
{
    struct words *both = calloc(2, sizeof(*both));
    bool same;

    if (!both)
        WRONG("out of memory");
    words_read(wanted, wanted_len, &both[0]);
    words_read(seen, seen_len, &both[1]);
    same = words_are(&both[0], &both[1]);
    free(both);
    return same;
}

bool same_words(const char *wanted, const char *seen)
{
    return same_list(wanted, strlen(wanted), seen, strlen(seen));
}

/* Where such a list begins, behind what stands before it, and how it ends. */
static const struct {
    const char *head, *tail;
} sets[] = {{"(resolved to \"arch=", " \""},
            {" is not a valid architecture.  It should be one of: ", "."},
            {"(valid settings are: ", ")"}};

/* Texts that differ at most in the order of one such list. */
static bool same_text(const char *wanted, const char *seen)
{
    if (text_is(wanted, seen))
        return true;
    for (size_t i = 0; i < COUNTOF(sets); i++) {
        const char *a = strstr(wanted, sets[i].head), *b = strstr(seen, sets[i].head);
        size_t a_len, b_len;

        if (!a || !b || a - wanted != b - seen || memcmp(wanted, seen, (size_t)(a - wanted)) != 0)
            continue;
        a += strlen(sets[i].head);
        b += strlen(sets[i].head);
        a_len = strcspn(a, sets[i].tail);
        b_len = strcspn(b, sets[i].tail);
        return text_is(a + a_len, b + b_len) && same_list(a, a_len, b, b_len);
    }
    return false;
}

/* --- trees ------------------------------------------------------------------------------------ */

struct place {
    struct names *names;
    struct buf path, *said;
};

static void shown(struct buf *out, const struct tree *t)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, MIB(4));
    if (t)
        tree_write(t, &text);
    buf_printf(out, "%.*s", SHOWN, t ? buf_text(&text) : "nothing");
}

static bool differ(struct place *p, const struct tree *wanted, const struct tree *seen)
{
    if (p->said->len)
        return false;
    buf_printf(p->said, "body%s: recorded ", buf_text(&p->path));
    shown(p->said, wanted);
    buf_printf(p->said, ", seen %s ", !wanted && seen->name ? seen->name : "");
    shown(p->said, seen);
    return false;
}

static bool is_number(const struct tree *t)
{
    return t->kind == TREE_OTHER && t->value[strspn(t->value, "-0123456789")] == '\0';
}

static void numbers_hide(const char *text, struct buf *out)
{
    for (; *text; text++)
        if (!isdigit((unsigned char)*text))
            buf_char_add(out, *text);
        else if (!isdigit((unsigned char)text[1]))
            buf_char_add(out, '#');
}

/* The same but for numbers; a pair that differs in them is learnt, for requests to come. */
static bool same_uri(struct names *names, const char *wanted, const char *seen)
{
    struct buf live SCOPED(buf_drop) = {0}, a SCOPED(buf_drop) = {0}, b SCOPED(buf_drop) = {0};

    buf_init(&live, KIB(4));
    buf_init(&a, KIB(4));
    buf_init(&b, KIB(4));
    names_translate(names, wanted, &live);
    if (text_is(buf_text(&live), seen))
        return true;
    numbers_hide(buf_text(&live), &a);
    numbers_hide(seen, &b);
    return text_is(buf_text(&a), buf_text(&b));
}

static bool same_scalar(struct place *p, enum rule rule, const struct tree *wanted,
                        const struct tree *seen)
{
    struct buf live SCOPED(buf_drop) = {0};

    if (wanted->kind != seen->kind)
        return false;
    if (rule == A_NUMBER && is_number(wanted))
        return is_number(seen);
    if (wanted->kind == TREE_OTHER)
        return text_is(wanted->value, seen->value);
    if (rule == A_TEXT && wanted->value[0])
        return seen->value[0] != '\0';
    if (rule == AN_ID && wanted->value[0])
        return names_agree(p->names, wanted->value, seen->value);
    if (rule == A_URI)
        return same_uri(p->names, wanted->value, seen->value);
    buf_init(&live, MIB(4));
    names_translate(p->names, wanted->value, &live);
    return same_text(buf_text(&live), seen->value);
}

static bool same_tree(struct place *p, const char *field, const struct tree *wanted,
                      const struct tree *seen);

static const struct tree *member_of(struct place *p, const struct tree *object, const char *name)
{
    struct buf live SCOPED(buf_drop) = {0};

    buf_init(&live, KIB(4));
    names_translate(p->names, name, &live);
    return tree_get(object, buf_text(&live));
}

static bool same_member(struct place *p, const struct tree *wanted, const struct tree *seen)
{
    const size_t len = p->path.len;
    bool same;

    buf_printf(&p->path, ".%s", wanted->name);
    same = seen ? same_tree(p, wanted->name, wanted, seen) : differ(p, wanted, NULL);
    p->path.len = len;
    p->path.data[len] = '\0';
    return same;
}

/* Ids first: what else is said may be about them. */
static bool same_object(struct place *p, const struct tree *wanted, const struct tree *seen)
{
    for (int ids = 1; ids >= 0; ids--)
        for (const struct tree *m = wanted->first; m; m = m->next)
            if ((rule_of(m->name) == AN_ID) == ids &&
                !same_member(p, m, member_of(p, seen, m->name)))
                return false;
    for (const struct tree *m = seen->first; m; m = m->next) {
        bool known = tree_get(wanted, m->name) != NULL;

        for (const struct tree *w = wanted->first; !known && w; w = w->next)
            known = text_is(names_live(p->names, w->name), m->name);
        if (!known)
            return differ(p, NULL, m);
    }
    return true;
}

static bool same_array(struct place *p, const char *field, const struct tree *wanted,
                       const struct tree *seen)
{
    const size_t len = p->path.len;
    const struct tree *b = seen->first;
    size_t i = 0;

    for (const struct tree *a = wanted->first; a; a = a->next, b = b->next, i++) {
        buf_printf(&p->path, "[%zu]", i);
        if (!b)
            return differ(p, a, NULL);
        if (!same_tree(p, field, a, b))
            return false;
        p->path.len = len;
        p->path.data[len] = '\0';
    }
    return b ? differ(p, NULL, b) : true;
}

static bool same_tree(struct place *p, const char *field, const struct tree *wanted,
                      const struct tree *seen)
{
    if (wanted->kind != seen->kind)
        return differ(p, wanted, seen);
    if (wanted->kind == TREE_OBJECT)
        return same_object(p, wanted, seen);
    if (wanted->kind == TREE_ARRAY)
        return same_array(p, NULL, wanted, seen);
    (void)field;
    return same_scalar(p, rule_of(field), wanted, seen) || differ(p, wanted, seen);
}

typedef void write_fn(const struct tree *t, struct buf *out);

static bool is_written_by(write_fn *write, const struct tree *t, const char *text)
{
    struct buf again SCOPED(buf_drop) = {0};

    buf_init(&again, MIB(4));
    write(t, &again);
    return text_is(buf_text(&again), text);
}

static bool same_order(const struct tree *a, const struct tree *b)
{
    const struct tree *x = a->first, *y = b->first;

    for (; x && y && text_is(x->name, y->name); x = x->next, y = y->next)
        ;
    return !x && !y;
}

static void texts_compare(struct names *names, const char *wanted, const char *seen,
                          struct buf *said)
{
    struct buf live SCOPED(buf_drop) = {0};

    buf_init(&live, MIB(4));
    names_translate(names, wanted, &live);
    if (!same_text(buf_text(&live), seen))
        buf_printf(said, "body: recorded \"%.*s\", seen \"%.*s\"", 4 * SHOWN, wanted, 4 * SHOWN,
                   seen);
}

static void trees_compare(struct names *names, const struct tree *a, const struct tree *b,
                          struct buf *said)
{
    struct place p = {.names = names, .said = said};

    buf_init(&p.path, KIB(4));
    buf_char_add(&p.path, ' ');
    same_tree(&p, NULL, a, b);
    buf_drop(&p.path);
}

/* JSON on one line has an order: Django's forms and Python's own dictionaries keep theirs. */
static void lines_compare(struct names *names, const char *wanted, const char *seen,
                          const struct tree *a, const struct tree *b, struct buf *said)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    texts_compare(names, wanted, seen, &text);
    if (!text.len)
        return;
    if (a->kind == TREE_OBJECT && b->kind == TREE_OBJECT && same_order(a, b) &&
        is_written_by(tree_write_compact, b, seen))
        trees_compare(names, a, b, said);
    else
        buf_text_add(said, buf_text(&text));
}

void same_body(struct names *names, const char *wanted, const char *seen, struct buf *said)
{
    struct tree *a SCOPED(tree_drop) = tree_read(wanted), *b SCOPED(tree_drop) = tree_read(seen);

    if (!a || !b || a->kind > TREE_ARRAY) {
        texts_compare(names, wanted, seen, said);
        return;
    }
    if (!is_written_by(tree_write, a, wanted)) {
        lines_compare(names, wanted, seen, a, b, said);
        return;
    }
    trees_compare(names, a, b, said);
    if (!said->len && !is_written_by(tree_write, b, seen))
        buf_text_add(said, "body: the JSON is not indented as recorded");
}
