/* Reading machines, and what their owner may do with one. Order of checks: is there such a machine,
 * may the user, does the status allow it, are the parameters fine. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

struct maas_hands maas_hands(const struct maas_ask *a)
{
    return (struct maas_hands){
        .m = a->m, .now = a->ctx->now, .at = a->ctx->now, .events = &a->rp->events};
}

bool maas_may_view(const struct maas_ask *a, const struct maas_machine *one)
{
    return a->user->superuser || !one->owner[0] || text_is(one->owner, a->user->name);
}

bool maas_may_edit(const struct maas_ask *a, const struct maas_machine *one)
{
    return !one->locked && maas_may_view(a, one);
}

static const char *form_value(const struct maas_ask *a, const char *name)
{
    const char *value = pairs_find(&a->form, name);

    return value ? value : "";
}

struct maas_machine *maas_machine_for(const struct http_exchange *x, bool edit)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_find(a->m, http_var(x->vars, "system_id"));

    if (!one) {
        maas_not_found(a, "Machine");
        return NULL;
    }
    text_copy(a->about, sizeof(a->about), one->system_id);
    text_copy(a->about_name, sizeof(a->about_name), one->hostname);
    text_copy(a->marker, sizeof(a->marker), one->agent_name);
    if (edit ? maas_may_edit(a, one) : maas_may_view(a, one))
        return one;
    maas_raise_text(a, 403, "");
    return NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void list(struct maas_ask *a,
                 bool (*wanted)(const struct maas_ask *a, const struct maas_machine *one))
{
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '[');
    for (size_t i = 0; i < a->m->n_machines; i++) {
        const struct maas_machine *one = &a->m->machines[i];

        if (!one->gone && maas_may_view(a, one) && wanted(a, one))
            maas_machine_write(&j, a->m, one, NULL);
    }
    pyjson_close(&j, ']');
    maas_return_json(a, buf_text(&body));
}

static bool is_asked_for(const struct maas_ask *a, const struct maas_machine *one)
{
    return maas_constraints_match(a->m, &a->query, MAAS_IN_LIST, one);
}

void maas_machines(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *agent_name = pairs_find(&a->query, "agent_name");

    text_copy(a->marker, sizeof(a->marker), agent_name ? agent_name : "");
    if (maas_constraints_check(a, &a->query, MAAS_IN_LIST))
        list(a, is_asked_for);
}

static bool is_allocated_to_me(const struct maas_ask *a, const struct maas_machine *one)
{
    const char *id = pairs_find(&a->query, "id");

    return one->status == MAAS_ALLOCATED && text_is(one->owner, a->user->name) &&
           (!id || is_asked_for(a, one));
}

/* Deployed ones are not among them. */
void maas_machines_allocated(const struct http_exchange *x)
{
    list(maas_ask(x), is_allocated_to_me);
}

void maas_machine(const struct http_exchange *x)
{
    const struct maas_machine *one = maas_machine_for(x, false);

    if (one)
        maas_machine_answer(maas_ask(x), one, NULL);
}

/* What only an administrator may, and we do not model: MAAS looks the machine up first. */
void maas_admin_item(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);

    if (!maas_machine_for(x, false))
        return;
    if (!a->user->superuser)
        maas_raise_text(a, 403, "");
    else
        maas_unmodelled(x);
}

/* --- annotations ------------------------------------------------------------------------------ */

static bool is_key(const char *key)
{
    if (!*key)
        return false;
    for (; *key; key++) {
        const unsigned char c = (unsigned char)*key;

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !strchr("_.-", c) && c < 0x80)
            return false;
    }
    return true;
}

static size_t annotation_find(const struct maas_machine *one, const char *key)
{
    size_t i = 0;

    while (i < one->n_annotations && !text_is(one->annotations[i].key, key))
        i++;
    return i;
}

static void annotation_drop(struct maas_machine *one, size_t i)
{
    if (i == one->n_annotations)
        return;
    one->n_annotations--;
    memmove(&one->annotations[i], &one->annotations[i + 1],
            (one->n_annotations - i) * sizeof(one->annotations[0]));
}

/* An empty value takes the key away. false: no place. */
static bool annotation_set(struct maas_machine *one, const char *key, const char *value)
{
    const size_t i = annotation_find(one, key);

    if (!*value) {
        annotation_drop(one, i);
        return true;
    }
    if (i == MAAS_ANNOTATIONS_MAX || strlen(value) >= sizeof(one->annotations[0].value))
        return false;
    one->n_annotations += i == one->n_annotations;
    return text_copy(one->annotations[i].key, sizeof(one->annotations[0].key), key) &&
           text_copy(one->annotations[i].value, sizeof(one->annotations[0].value), value);
}

static bool keys_are_fine(const struct maas_ask *a)
{
    for (size_t i = 0; i < a->form.n; i++)
        if (!is_key(a->form.at[i].name))
            return false;
    return true;
}

/* All or nothing. */
void maas_annotate(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    struct maas_machine after;

    if (!one)
        return;
    if (!text_is(one->owner, a->user->name)) {
        maas_raise_text(a, 409, "Cannot set workload annotation: it hasn't been acquired.");
        return;
    }
    if (!keys_are_fine(a)) {
        maas_raise_text(a, 500, "Invalid character in key name");
        return;
    }
    after = *one;
    for (size_t i = 0; i < a->form.n; i++)
        if (!text_is(a->form.at[i].name, "op") &&
            !annotation_set(&after, a->form.at[i].name, a->form.at[i].value)) {
            maas_raise_text(a, 500, "mock-maas has no place left.");
            return;
        }
    *one = after;
    maas_machine_answer(a, one, NULL);
}

/* --- deploy ----------------------------------------------------------------------------------- */

struct system {
    char osystem[32], series[64], kernel[32];
};

/* "ubuntu/jammy", "custom/x": as the form lists it. Uploaded ones are listed bare elsewhere. */
static void image_choice(const struct maas_image *image, struct buf *out)
{
    buf_printf(out, "%s%s", image->uploaded ? "custom/" : "", image->name);
}

static bool image_is(const struct maas_image *image, const char *series)
{
    const char *bare = strchr(image->name, '/');

    if (image->uploaded)
        return text_is(image->name, text_begins(series, "custom/") ? series + 7 : series);
    return text_is(image->name, series) || text_is(bare ? bare + 1 : image->name, series) ||
           (text_is(series, "22.04") && text_is(image->name, "ubuntu/jammy")) ||
           (text_is(series, "ubuntu") && text_begins(image->name, "ubuntu/"));
}

static void series_refuse(struct maas_ask *a, const char *series)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(16));
    py_repr(&text, series);
    buf_text_add(&text, " is not a valid distro_series.  It should be one of: ''");
    for (size_t i = 0; i < a->m->n_images; i++) {
        if (!a->m->images[i].complete)
            continue;
        buf_text_add(&text, ", '");
        image_choice(&a->m->images[i], &text);
        buf_char_add(&text, '\'');
    }
    buf_char_add(&text, '.');
    maas_raise_field(a, "distro_series", buf_text(&text));
}

static bool arch_fits(const struct maas_image *image, const struct maas_machine *one)
{
    const size_t len = strcspn(image->architecture, "/");

    return strcspn(one->architecture, "/") == len &&
           memcmp(one->architecture, image->architecture, len) == 0;
}

static void arch_refuse(struct maas_ask *a, const struct maas_image *image,
                        const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(1));
    if (image->uploaded) {
        buf_printf(&text, "Deployment operating system custom/%s is unavailable for %s.",
                   image->name, one->architecture);
        maas_raise_text(a, 400, buf_text(&text));
        return;
    }
    buf_printf(&text, "%s has no kernels available.", strchr(image->name, '/') + 1);
    maas_raise_field(a, "hwe_kernel", buf_text(&text));
}

/* false: answered. */
static bool system_for(struct maas_ask *a, const struct maas_machine *one, struct system *ret)
{
    const char *series = form_value(a, "distro_series");
    const struct maas_image *found = NULL, *other = NULL;

    for (size_t i = 0; i < a->m->n_images; i++) { /* the last one: "ubuntu" is the newest */
        const struct maas_image *image = &a->m->images[i];

        if (!image->complete || !image_is(image, *series ? series : "ubuntu"))
            continue;
        other = image;
        found = arch_fits(image, one) ? image : found;
    }
    if (!other)
        series_refuse(a, series);
    else if (!found)
        arch_refuse(a, other, one);
    if (!found)
        return false;
    text_copy(ret->osystem, sizeof(ret->osystem), found->uploaded ? "custom" : "ubuntu");
    text_copy(ret->series, sizeof(ret->series),
              found->uploaded ? found->name : strchr(found->name, '/') + 1);
    text_copy(ret->kernel, sizeof(ret->kernel),
              found->uploaded ? "" : strchr(found->architecture, '/') + 1);
    return true;
}

static void state_refuse(struct maas_ask *a, const char *before, const struct maas_machine *one,
                         const char *behind)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, "%s'%s'%s", before, maas_status_label(one->status), behind);
    maas_raise_text(a, 409, buf_text(&text));
}

static void deploy(struct maas_ask *a, struct maas_machine *one, const struct system *s)
{
    const struct maas_hands h = maas_hands(a);

    if (one->status == MAAS_READY) {
        maas_acquire(&h, one, a->user->name, form_value(a, "agent_name"));
        text_copy(a->marker, sizeof(a->marker), one->agent_name);
    }
    maas_deploy(&h, one, s->osystem, s->series, s->kernel, pairs_find(&a->form, "user_data"));
    maas_machine_answer(a, one, NULL); /* still with the lease of commissioning */
    maas_address(&h, one, true);
}

void maas_machine_deploy(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    struct system s;

    if (!one)
        return;
    if (one->status != MAAS_READY && one->status != MAAS_ALLOCATED)
        state_refuse(a, "Can't deploy a machine that is in the ", one, " state");
    else if (strlen(form_value(a, "user_data")) > MAAS_USER_DATA_MAX)
        maas_raise_text(a, 500, "mock-maas has no place left.");
    else if (system_for(a, one, &s))
        deploy(a, one, &s);
}

/* --- release ---------------------------------------------------------------------------------- */

/* A checkbox of Django: any text but "false" is true, "0" too. */
static bool checked(const struct maas_ask *a, const char *name)
{
    const char *value = form_value(a, name);

    return *value && !text_is(value, "false");
}

static bool scripts_are_fine(struct maas_ask *a)
{
    const char *scripts = form_value(a, "scripts");
    struct buf text SCOPED(buf_drop) = {0};

    if (!*scripts)
        return true;
    buf_init(&text, KIB(4));
    buf_text_add(&text, "Select a valid choice. ");
    buf_text_add(&text, scripts);
    buf_text_add(&text, " is not one of the available choices.");
    maas_raise_field(a, "scripts", buf_text(&text));
    return false;
}

void maas_machine_release(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    bool erase;

    if (!one)
        return;
    if (one->status == MAAS_READY || one->status == MAAS_RELEASING) {
        maas_machine_answer(a, one, NULL);
        return;
    }
    if (!maas_status_releasable(one->status)) {
        state_refuse(a, "Machine cannot be released in its current state (", one, ").");
        return;
    }
    if (!scripts_are_fine(a))
        return;
    erase = checked(a, "erase") || checked(a, "secure_erase") || checked(a, "quick_erase");
    maas_release(&h, one, erase || a->m->config.erase_on_release);
    maas_machine_answer(a, one, NULL);
}

/* --- power ------------------------------------------------------------------------------------ */

/* The answer shows the power as it was. On an allocated machine this starts a deployment. */
void maas_machine_power_on(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    struct system s;

    if (!one)
        return;
    if (!one->owner[0]) {
        maas_raise_text(a, 409, "Can't start node: it hasn't been allocated.");
    } else if (one->status == MAAS_ALLOCATED) {
        if (system_for(a, one, &s))
            deploy(a, one, &s);
    } else {
        maas_machine_answer(a, one, NULL);
        maas_power_set(&h, one, true);
    }
}

void maas_machine_power_off(const struct http_exchange *x)
{
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(maas_ask(x));

    if (!one)
        return;
    maas_machine_answer(maas_ask(x), one, NULL);
    maas_power_set(&h, one, false);
}

void maas_machine_power(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, false);
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    if (!one)
        return;
    buf_init(&body, 128);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '{');
    pyjson_text(&j, "state", maas_power_name(one->power));
    pyjson_close(&j, '}');
    maas_return_json(a, buf_text(&body));
}
