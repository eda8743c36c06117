/* Machines come into being and go: creation, enlistment, changes by an administrator, deletion. The
 * order of a form's complaints is Django's: that of its fields. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define NO_CHOICE "Select a valid choice. That choice is not one of the available choices."
#define NO_NICS   "Can't set power type to manual without network interfaces"

struct form { /* what a creation or a change asks for; NULL: not asked */
    const char *hostname, *architecture, *power_type;
    const struct maas_machine *one; /* that is changed; NULL: a new one */
    char arch[32];
    int64_t zone, pool, domain; /* -1: as it is */
    int64_t cpu_count, memory;  /* -1: as it is */
    size_t n_macs;
    const char *macs[MAAS_NICS_MAX];
};

/* --- one field after the other ---------------------------------------------------------------- */

static bool hostname_letter(char c)
{
    return maas_is_word_letter(c) ? c != '_' && (unsigned char)c < 0x80 : c == '-';
}

/* One label of a name; writes the complaint. */
static void label_check(const char *label, struct buf *out)
{
    const size_t len = strlen(label);
    bool fine = len > 0;

    for (size_t i = 0; i < len; i++)
        fine = fine && hostname_letter(label[i]);
    if (strchr(label, '_'))
        buf_text_add(out, "Host label cannot contain underscore: ");
    else if (len > 0 && (label[0] == '-' || label[len - 1] == '-'))
        buf_text_add(out, "Label cannot start or end with hyphen: ");
    else if (len > 63)
        buf_text_add(out, "Name is too long: ");
    else if (!fine)
        buf_text_add(out, "Label contains disallowed characters: ");
    else
        return;
    py_repr(out, label);
    buf_text_add(out, len > 63 && fine ? ".  Maximum allowed is 63 characters." : ".");
}

static void hostname_check(struct maas_ask *a, struct form *f, struct maas_complaints *c)
{
    const char *name = maas_field(a, "hostname");
    struct buf text SCOPED(buf_drop) = {0};
    struct maas_machine *other;
    char label[MAAS_NAME_MAX];

    f->hostname = name && *name ? name : NULL;
    if (!f->hostname)
        return;
    buf_init(&text, KIB(2));
    text_copy_len(label, sizeof(label), name, strcspn(name, "."));
    label_check(label, &text);
    other = maas_machine_named(a->m, name);
    if (text.len)
        maas_complain(c, "hostname", buf_text(&text));
    else if (other && other != f->one)
        maas_complain(c, "hostname", "Node with this Hostname already exists.");
    else if (strlen(name) >= sizeof(other->hostname))
        maas_complain(c, "hostname", "Name is too long.");
}

static void domain_check(struct maas_ask *a, struct form *f, struct maas_complaints *c)
{
    const char *name = maas_field(a, "domain");
    size_t i;

    f->domain = -1;
    if (!name || !*name)
        return;
    i = maas_domain_find(a->m, name);
    if (i == a->m->n_domains)
        maas_complain_as(c, "domain", "Unable to find domain %s", name);
    else
        f->domain = a->m->domains[i].id;
}

static int64_t choice_check(struct maas_ask *a, const char *field, const struct maas_named *list,
                            size_t n, struct maas_complaints *c)
{
    const char *name = maas_field(a, field);

    if (!name || !*name)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i].name, name))
            return list[i].id;
    maas_complain(c, field, NO_CHOICE);
    return -1;
}

static void architecture_refuse(struct maas_ask *a, const char *arch, struct maas_complaints *c)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(16));
    py_repr(&text, arch);
    buf_text_add(&text, " is not a valid architecture.  It should be one of: ");
    maas_arches_repr(a->m, &text);
    buf_char_add(&text, '.');
    maas_complain(c, "architecture", buf_text(&text));
}

/* "amd64" means its generic one. */
static void architecture_check(struct maas_ask *a, struct form *f, struct maas_complaints *c)
{
    const char *arch = maas_field(a, "architecture");
    const char *sub = maas_field_or(a, "subarchitecture", "generic");
    struct buf whole SCOPED(buf_drop) = {0};

    if (!arch || !*arch) {
        if (!f->one)
            maas_complain(c, "architecture", "This field is required.");
        return;
    }
    buf_init(&whole, 128);
    buf_printf(&whole, strchr(arch, '/') || f->one ? "%s" : "%s/%s", arch, sub);
    if (!maas_arch_is_known(a->m, buf_text(&whole)) ||
        !text_copy(f->arch, sizeof(f->arch), buf_text(&whole)))
        architecture_refuse(a, buf_text(&whole), c);
    else
        f->architecture = f->arch;
}

static const struct maas_machine *mac_holder(const struct maas *m, const char *mac)
{
    for (size_t i = 0; i < m->n_machines; i++)
        for (size_t k = 0; !m->machines[i]->gone && k < m->machines[i]->n_nics; k++)
            if (text_is_nocase(m->machines[i]->nics[k].mac, mac))
                return m->machines[i];
    return NULL;
}

static bool mac_check(struct maas_ask *a, const char *mac, struct maas_complaints *c)
{
    const struct maas_machine *other = maas_mac_is(mac) ? mac_holder(a->m, mac) : NULL;

    if (!maas_mac_is(mac))
        maas_complain_as(c, "mac_addresses", "'%.200s' is not a valid MAC address.", mac);
    else if (other)
        maas_complain_as(c, "mac_addresses", "MAC address %s already in use on %s.", mac,
                         other->hostname);
    return maas_mac_is(mac) && !other;
}

/* false: the machine would have no interface. */
static bool macs_check(struct maas_ask *a, struct form *f, struct maas_complaints *c)
{
    bool fine = true, any = false;

    for (size_t i = 0; i < a->form.n; i++) {
        if (!text_is(a->form.at[i].name, "mac_addresses") || !*a->form.at[i].value)
            continue;
        any = true;
        fine = mac_check(a, a->form.at[i].value, c) && fine;
        if (f->n_macs < COUNTOF(f->macs))
            f->macs[f->n_macs++] = a->form.at[i].value;
    }
    if (!any)
        maas_complain(c, "mac_addresses", "This field is required.");
    return fine && any;
}

static bool power_type_is_known(const char *type)
{
    static const char *const types[] = {
        "amt",      "apc",   "dli",     "eaton",  "hmc",     "hmcz",    "ipmi",    "manual",
        "moonshot", "mscm",  "msftocs", "nova",   "openbmc", "proxmox", "raritan", "recs_box",
        "redfish",  "sm15k", "ucsm",    "vmware", "virsh",   "webhook", "wedge",   "lxd"};

    for (size_t i = 0; i < COUNTOF(types); i++)
        if (text_is(types[i], type))
            return true;
    return false;
}

static void power_check(struct maas_ask *a, struct form *f, bool nics, struct maas_complaints *c)
{
    const char *type = maas_field(a, "power_type");

    if (!type || !*type)
        return;
    if (!power_type_is_known(type))
        maas_complain_as(c, "power_type",
                         "Select a valid choice. %s is not one of the available "
                         "choices.",
                         type);
    else if (!nics && text_is(type, "manual"))
        maas_complain(c, "power_type", NO_NICS);
    else if (!text_is(type, "manual") && !f->one && !text_is(type, "webhook") &&
             !*maas_field_or(a, "power_parameters_power_address", ""))
        maas_complain(c, "power_parameters", "This field is required.");
    else
        f->power_type = type;
}

/* Only a change knows these. */
static void numbers_check(struct maas_ask *a, struct form *f, struct maas_complaints *c)
{
    const char *swap = maas_field_or(a, "swap_size", "");

    maas_form_number(c, "cpu_count", maas_field(a, "cpu_count"), 0, 4096, &f->cpu_count);
    maas_form_number(c, "memory", maas_field(a, "memory"), 0, INT32_MAX, &f->memory);
    if (swap[strspn(swap, "0123456789")] && !strchr("KMGTkmgt", swap[strspn(swap, "0123456789")]))
        maas_complain_as(c, "swap_size", "Invalid size for swap: %s", swap);
}

/* --- doing it --------------------------------------------------------------------------------- */

static void parameters_set(struct maas_ask *a, struct maas_machine *one)
{
    static const char head[] = "power_parameters_";

    for (size_t i = 0; i < a->form.n && one->n_parameters < 16; i++)
        if (text_begins(a->form.at[i].name, head) &&
            !text_is(a->form.at[i].name, "power_parameters_skip_check"))
            maas_parameter_set(one, a->form.at[i].name + strlen(head), a->form.at[i].value);
}

static void fields_set(struct maas_ask *a, struct maas_machine *one, const struct form *f)
{
    if (f->hostname)
        text_copy(one->hostname, sizeof(one->hostname), f->hostname);
    if (f->architecture)
        text_copy(one->architecture, sizeof(one->architecture), f->architecture);
    if (f->power_type)
        text_copy(one->power_type, sizeof(one->power_type), f->power_type);
    one->zone = f->zone >= 0 ? f->zone : one->zone;
    one->pool = f->pool >= 0 ? f->pool : one->pool;
    one->domain = f->domain >= 0 ? f->domain : one->domain;
    one->cpu_count = f->cpu_count >= 0 ? f->cpu_count : one->cpu_count;
    one->memory_mb = f->memory >= 0 ? f->memory : one->memory_mb;
    if (maas_field(a, "description"))
        text_copy(one->description, sizeof(one->description), maas_field(a, "description"));
    if (maas_field(a, "swap_size"))
        text_copy(one->swap_size, sizeof(one->swap_size), maas_field(a, "swap_size"));
    if (maas_field(a, "min_hwe_kernel"))
        text_copy(one->min_hwe_kernel, sizeof(one->min_hwe_kernel),
                  maas_field(a, "min_hwe_kernel"));
    parameters_set(a, one);
}

/* Two words that nobody has yet. MAAS draws from its own list of them. */
static void hostname_draw(struct maas *m, char *out, size_t size)
{
    static const char *const kinds[] = {"able", "brisk", "calm",  "deft",  "eager", "fair",
                                        "glad", "hardy", "ideal", "jolly", "keen",  "lucid"};
    static const char *const beasts[] = {"ant", "bear", "crow", "deer", "elk", "fox",
                                         "gnu", "hare", "ibis", "jay",  "koi", "lynx"};
    struct buf name SCOPED(buf_drop) = {0};

    buf_init(&name, size - 1);
    do {
        const int64_t more = rng_between(&m->rng, 0, 999);

        buf_clear(&name);
        buf_printf(&name, "%s-%s", kinds[rng_between(&m->rng, 0, (int64_t)COUNTOF(kinds) - 1)],
                   beasts[rng_between(&m->rng, 0, (int64_t)COUNTOF(beasts) - 1)]);
        if (m->n_machines > 64)
            buf_printf(&name, "-%d", (int)more);
    } while (maas_machine_named(m, buf_text(&name)));
    text_copy(out, size, buf_text(&name));
}

static struct maas_machine *made(struct maas_ask *a, const struct form *f)
{
    struct maas_machine *one;
    char name[64], nic[16];

    if (f->hostname)
        text_copy(name, sizeof(name), f->hostname);
    else
        hostname_draw(a->m, name, sizeof(name));
    one = maas_machine_new(a->m, NULL, name);
    if (!one)
        return NULL;
    fields_set(a, one, f);
    for (size_t i = 0; i < f->n_macs; i++) {
        struct buf text SCOPED(buf_drop) = {0};

        buf_init(&text, sizeof(nic) - 1);
        buf_printf(&text, "eth%zu", i);
        text_copy(nic, sizeof(nic), buf_text(&text));
        maas_nic_add(a->m, one, nic, f->macs[i]);
    }
    maas_machine_list(a->m, one);
    return one;
}

/* What somebody without credentials is shown of it. */
static void short_answer(struct maas_ask *a, const struct maas_machine *one)
{
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j = maas_doc_open(&doc);

    maas_machine_short_write(j, a->m, one);
    maas_doc_answer(a, &doc, 200);
}

struct enlisting {
    bool commission, deployed;
};

static bool enlisting_read(struct maas_ask *a, struct enlisting *ret)
{
    bool given = maas_field(a, "commission") != NULL;

    if (!maas_option(a, "deployed", &ret->deployed) ||
        !maas_option(a, "commission", &ret->commission))
        return false;
    ret->commission =
        a->user && a->user->superuser && !ret->deployed && (!given || ret->commission);
    return true;
}

static bool created_form(struct maas_ask *a, struct form *f)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {0};
    bool nics;

    *f = (struct form){.zone = -1, .pool = -1, .domain = -1, .cpu_count = -1, .memory = -1};
    hostname_check(a, f, &c);
    domain_check(a, f, &c);
    architecture_check(a, f, &c);
    f->pool = choice_check(a, "pool", a->m->pools, a->m->n_pools, &c);
    f->zone = choice_check(a, "zone", a->m->zones, a->m->n_zones, &c);
    nics = macs_check(a, f, &c);
    power_check(a, f, nics, &c);
    return !maas_complained(a, &c, MAAS_JSON);
}

static void born(struct maas_ask *a, struct maas_machine *one, const struct enlisting *how)
{
    const struct maas_hands h = maas_hands(a);

    maas_appeared(&h, one);
    if (how->commission)
        maas_commission(&h, one, a->user->name, true);
    if (!how->deployed)
        return;
    one->status = MAAS_DEPLOYED; /* so it is added: nothing led to it */
    one->never_commissioned = true;
    one->commissioning = ++a->m->next_result_id;
    one->commissioning_status = 0;
    text_copy(one->owner, sizeof(one->owner), a->user ? a->user->name : "");
    maas_ready_sort(a->m, one);
}

void maas_machine_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct enlisting how;
    struct maas_machine *one;
    struct form f;

    if (!enlisting_read(a, &how) || !created_form(a, &f))
        return;
    one = made(a, &f);
    if (!one) {
        maas_no_place(a);
        return;
    }
    born(a, one, &how);
    if (a->user)
        maas_machine_answer(a, one, NULL);
    else
        short_answer(a, one);
}

/* --- change and deletion ---------------------------------------------------------------------- */

static bool changed_form(struct maas_ask *a, const struct maas_machine *one, struct form *f)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {0};

    *f = (struct form){
        .one = one, .zone = -1, .pool = -1, .domain = -1, .cpu_count = -1, .memory = -1};
    hostname_check(a, f, &c);
    domain_check(a, f, &c);
    architecture_check(a, f, &c);
    numbers_check(a, f, &c);
    f->pool = choice_check(a, "pool", a->m->pools, a->m->n_pools, &c);
    f->zone = choice_check(a, "zone", a->m->zones, a->m->n_zones, &c);
    power_check(a, f, one->n_nics > 0, &c);
    return !maas_complained(a, &c, MAAS_JSON);
}

void maas_machine_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    struct form f;

    if (!one || !changed_form(a, one, &f))
        return;
    fields_set(a, one, &f);
    maas_ready_sort(a->m, one);
    maas_machine_answer(a, one, NULL);
}

void maas_machine_remove(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    maas_machine_delete(&h, one, "delete");
    maas_done(a);
}

/* --- of many ---------------------------------------------------------------------------------- */

static bool accept_may(struct maas_ask *a)
{
    struct buf text SCOPED(buf_drop) = {0};
    const char *id, *comma = "";
    struct maas_machine *one;

    if (a->user->superuser)
        return true;
    buf_init(&text, KIB(16));
    buf_text_add(&text,
                 "You don't have the required permission to accept the following machine(s): ");
    for (size_t i = 0; maas_wished(a, &i, &id, &one); comma = ", ")
        buf_printf(&text, "%s%s", comma, id);
    buf_char_add(&text, '.');
    maas_raise_text(a, 403, buf_text(&text));
    return false;
}

static bool accept_fits(struct maas_ask *a)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct maas_machine *one;
    const char *id;

    for (size_t i = 0; maas_wished(a, &i, &id, &one);) {
        if (one->status == MAAS_NEW || one->status == MAAS_READY ||
            one->status == MAAS_COMMISSIONING || one->status == MAAS_FAILED_COMMISSIONING)
            continue;
        buf_init(&text, 256);
        buf_printf(&text, "Cannot accept node enlistment: node %s is in state %s.", id,
                   maas_status_label(one->status));
        maas_raise_text(a, 409, buf_text(&text));
        return false;
    }
    return true;
}

static void accept_one(struct maas_ask *a, struct maas_machine *one, struct pyjson *j)
{
    const struct maas_hands h = maas_hands(a);

    if (one->status != MAAS_NEW)
        return;
    maas_commission(&h, one, a->user->name, true);
    maas_machine_write(j, a->m, one, NULL);
}

void maas_machines_accept(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct maas_machine *one;
    struct pyjson *j;
    const char *id;

    if (!a->user) {
        maas_raise_text(a, 401, "You must be logged in to accept machines.");
        return;
    }
    if (!maas_all_known(a) || !accept_may(a) || !accept_fits(a))
        return;
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; maas_wished(a, &i, &id, &one);)
        accept_one(a, one, j);
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}

void maas_machines_accept_all(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j = maas_doc_open(&doc);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; a->user->superuser && i < a->m->n_machines; i++)
        if (!a->m->machines[i]->gone)
            accept_one(a, a->m->machines[i], j);
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}

/* A plain user's choice of nodes is empty: whatever he names is none of it. */
void maas_machines_set_zone(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {0};
    size_t n = 0, wrong = 0;
    int64_t zone;

    for (size_t i = 0; i < a->form.n; i++)
        if (text_is(a->form.at[i].name, "nodes")) {
            n++;
            wrong += !a->user->superuser || !maas_machine_find(a->m, a->form.at[i].value);
        }
    if (n == 0)
        maas_complain(&c, "system_id", "No node selected.");
    else if (wrong)
        maas_complain(&c, "system_id", "Some of the given system ids are invalid system ids.");
    zone = choice_check(a, "zone", a->m->zones, a->m->n_zones, &c);
    if (!*maas_field_or(a, "zone", ""))
        maas_complain(&c, "zone", "This field is required.");
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    for (size_t i = 0; i < a->form.n; i++)
        if (text_is(a->form.at[i].name, "nodes"))
            maas_machine_find(a->m, a->form.at[i].value)->zone = zone;
    maas_return_json(a, "null");
}

/* --- clone ------------------------------------------------------------------------------------ */

static void clone_source_check(struct maas_ask *a, struct maas_complaints *c)
{
    const char *source = maas_field_or(a, "source", "");

    if (*source && !maas_machine_find(a->m, source))
        maas_complain_as(c, "source",
                         "Select a valid choice. %s is not one of the available "
                         "choices.",
                         source);
    if (!*source || !maas_machine_find(a->m, source))
        maas_complain(c, "source", "This field is required.");
}

/* Our machines' parts are all alike but for their sizes: a clone has nothing to carry over. */
void maas_machines_clone(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {0};

    if (!*maas_field_or(a, "destinations", ""))
        maas_complain(&c, "destinations", "This field is required.");
    clone_source_check(a, &c);
    if (!maas_checked(maas_field(a, "storage"), false) &&
        !maas_checked(maas_field(a, "interfaces"), false))
        maas_complain(&c, "__all__", "Either storage or interfaces must be true.");
    if (!maas_complained(a, &c, MAAS_JSON))
        maas_done(a);
}

void maas_machines_is_registered(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *mac = maas_asked(a, "mac_address");

    if (maas_must(a, mac, "mac_address"))
        maas_return_json(a, mac_holder(a->m, mac) ? "true" : "false");
}
