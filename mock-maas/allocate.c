/* POST machines/?op=allocate. Options are read before constraints, and both from the form alone:
 * what stands in the query is ignored without a word, as MAAS does. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

struct options {
    bool dry_run, verbose;
    struct maas_bridges bridges;
};

static const char *form_last(const struct maas_ask *a, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < a->form.n; i++)
        if (text_is(a->form.at[i].name, name))
            value = a->form.at[i].value;
    return value;
}

bool maas_option(struct maas_ask *a, const char *name, bool *ret)
{
    const char *text = form_last(a, name);
    struct buf said SCOPED(buf_drop) = {0};

    *ret = false;
    if (!text || maas_word_is_bool(text, ret))
        return true;
    buf_init(&said, 256);
    buf_printf(&said, "Invalid %s: Value should be 'true' or 'false'", name);
    maas_raise_text(a, 400, buf_text(&said));
    return false;
}

static size_t letters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool agent_name_is_fine(struct maas_ask *a)
{
    const char *name = form_last(a, "agent_name");
    struct buf said SCOPED(buf_drop) = {0};

    if (!name || (letters(name) <= 255 && strlen(name) < MAAS_AGENT_MAX))
        return true;
    buf_init(&said, 256);
    buf_printf(&said,
               "{\"agent_name\": [\"Ensure this value has at most 255 characters (it has %zu).\"]}",
               letters(name));
    maas_raise(a, 400, "application/json", buf_text(&said));
    return false;
}

bool maas_bridges_read(struct maas_ask *a, struct maas_bridges *ret)
{
    const char *type = form_last(a, "bridge_type"), *fd = form_last(a, "bridge_fd");

    if (!maas_option(a, "bridge_all", &ret->all))
        return false;
    if (type && *type && !text_is(type, "standard") && !text_is(type, "ovs")) {
        maas_raise_field(a, "bridge_type", /* the placeholder is MAAS's own mistake */
                         "'%(value)s' is not a valid bridge_type.  It should be one of: "
                         "'standard', 'ovs'.");
        return false;
    }
    ret->ovs = text_is(type, "ovs");
    if (!maas_option(a, "bridge_stp", &ret->stp))
        return false;
    if (!fd || !*fd || text_int(fd, INT32_MIN, INT32_MAX, &ret->forward_delay))
        return true;
    maas_raise_text(a, 400, "Invalid bridge_fd: Please enter an integer value");
    return false;
}

static bool options_read(struct maas_ask *a, struct options *ret)
{
    return agent_name_is_fine(a) && maas_bridges_read(a, &ret->bridges) &&
           maas_option(a, "dry_run", &ret->dry_run) && maas_option(a, "verbose", &ret->verbose);
}

/* --- which one -------------------------------------------------------------------------------- */

/* The cheapest; among equals the one that MAAS knew first. */
static struct maas_machine *choose(const struct maas_ask *a)
{
    for (size_t i = 0; i < a->m->n_ready; i++) {
        struct maas_machine *one = a->m->ready[i];

        if (maas_may_edit(a, one) && maas_constraints_match(a->m, &a->form, MAAS_IN_ALLOCATE, one))
            return one;
    }
    return NULL;
}

/* [('zone', ['z1', 'z2']), ('mem', ['1'])]: all but op, in the order of their first coming. */
static void form_repr(const struct maas_ask *a, struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < a->form.n; i++) {
        const char *name = a->form.at[i].name, *comma = "";
        bool seen = text_is(name, "op");

        for (size_t k = 0; k < i; k++)
            seen = seen || text_is(a->form.at[k].name, name);
        if (seen)
            continue;
        buf_text_add(out, first ? "(" : ", (");
        first = false;
        py_repr(out, name);
        buf_text_add(out, ", [");
        for (size_t k = i; k < a->form.n; k++) {
            if (!text_is(a->form.at[k].name, name))
                continue;
            buf_text_add(out, comma);
            py_repr(out, a->form.at[k].value);
            comma = ", ";
        }
        buf_text_add(out, "])");
    }
}

static void none_fits(struct maas_ask *a)
{
    const char *system_id = form_last(a, "system_id");
    struct buf said SCOPED(buf_drop) = {0}, resolved SCOPED(buf_drop) = {0};

    buf_init(&said, KIB(256));
    buf_init(&resolved, KIB(64));
    if (!maas_constraints_any(&a->form)) {
        buf_text_add(&said, "No machine available.");
    } else if (system_id) {
        buf_printf(&said, "No machine with system ID %s available.", system_id);
    } else {
        maas_constraints_write(a->m, &a->form, &resolved);
        buf_text_add(&said, "No available machine matches constraints: [");
        form_repr(a, &said);
        buf_text_add(&said, "] (resolved to \"");
        buf_text_add(&said, buf_text(&resolved));
        buf_text_add(&said, "\")");
    }
    maas_raise_text(a, 409, buf_text(&said));
}

/* What the labels stand for: {"storage": {"root": [3]}, "interfaces": {"eth0": [5]}}. Verbose, the
 * numbers of all machines that fit are told by label. */
static void labels_write(const struct maas_ask *a, const struct maas_machine *one,
                         struct buf *disks, struct buf *nics)
{
    const char *storage = form_last(a, "storage"), *interfaces = form_last(a, "interfaces");

    if (storage)
        maas_storage_fits(one, storage, disks);
    if (interfaces)
        maas_interfaces_fit(a->m, one, interfaces, nics);
}

static void constraints_write(const struct maas_ask *a, const struct maas_machine *one,
                              bool verbose, struct buf *out)
{
    struct buf disks SCOPED(buf_drop) = {0}, nics SCOPED(buf_drop) = {0};

    buf_init(&disks, KIB(4));
    buf_init(&nics, KIB(4));
    labels_write(a, one, &disks, &nics);
    buf_char_add(out, '{');
    if (disks.len)
        buf_printf(out, "\"storage\": {%s}", buf_text(&disks));
    if (nics.len)
        buf_printf(out, "%s\"interfaces\": {%s}", disks.len ? ", " : "", buf_text(&nics));
    if (verbose)
        buf_printf(out, "%s\"verbose_storage\": {}, \"verbose_interfaces\": {}",
                   disks.len || nics.len ? ", " : "");
    buf_char_add(out, '}');
}

static void give(struct maas_ask *a, struct maas_machine *one, const struct options *o)
{
    const struct maas_hands h = maas_hands(a);
    const char *agent_name = form_last(a, "agent_name");
    struct buf constraints SCOPED(buf_drop) = {0};

    buf_init(&constraints, KIB(8));
    constraints_write(a, one, o->verbose, &constraints);
    text_copy(a->about, sizeof(a->about), one->system_id);
    text_copy(a->about_name, sizeof(a->about_name), one->hostname);
    maas_changed(a->m, one);
    if (!o->dry_run) {
        maas_acquire(&h, one, a->user->name, agent_name ? agent_name : "");
        maas_bridges_make(a->m, one, &o->bridges);
    }
    maas_machine_answer(a, one, buf_text(&constraints));
}

void maas_allocate(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct options o = {.dry_run = false};
    struct maas_machine *one;

    text_copy(a->marker, sizeof(a->marker),
              form_last(a, "agent_name") ? form_last(a, "agent_name") : "");
    if (a->rq->body.len > 0 && maas_has_type(a, "application/json")) {
        maas_raise_text(a, 500, "'dict' object has no attribute 'lists'");
        return;
    }
    if (a->rq->body.len > 0 && maas_has_type(a, "text/")) {
        maas_raise_text(a, 500, "'NoneType' object has no attribute 'lists'");
        return;
    }
    if (!options_read(a, &o) || !maas_constraints_check(a, &a->form, MAAS_IN_ALLOCATE))
        return;
    one = choose(a);
    if (one)
        give(a, one, &o);
    else
        none_fits(a);
}
