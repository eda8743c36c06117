/* What is done to a machine besides giving it away: commissioning, tests, abort, rescue, broken and
 * fixed, locks, and putting its parts back. Order of checks as everywhere: is there such a machine,
 * may the user, does the status allow it, are the parameters fine. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define B(status) BIT(MAAS_##status)

/* The machine, for a superuser and not locked; NULL: answered. */
struct maas_machine *maas_machine_for_admin(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, false);

    if (!one)
        return NULL;
    if (a->user->superuser && !one->locked)
        return one;
    maas_raise_text(a, 403, "");
    return NULL;
}

static void transition_refuse(struct maas_ask *a, const struct maas_machine *one,
                              enum maas_status to)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 128);
    buf_printf(&text, "Invalid transition: %s -> %s.", maas_status_label(one->status),
               maas_status_label(to));
    maas_raise_text(a, 409, buf_text(&text));
}

/* --- commissioning and tests ------------------------------------------------------------------ */

static const char *const scripts[] = {
    "smartctl-validate",     "smartctl-short", "smartctl-long", "memtester", "ntp",
    "internet-connectivity", "commissioning",  "testing",       "none"};

static bool scripts_are_fine(struct maas_ask *a, const char *field)
{
    const char *rest = maas_field_or(a, field, "");
    struct buf text SCOPED(buf_drop) = {0};
    char name[128];

    buf_init(&text, KIB(1));
    while (text_next(&rest, ',', name, sizeof(name))) {
        bool known = false;

        for (size_t i = 0; i < COUNTOF(scripts); i++)
            known = known || text_is(scripts[i], name);
        if (known)
            continue;
        buf_printf(&text, "Select a valid choice. %s is not one of the available choices.", name);
        maas_raise_field(a, field, buf_text(&text));
        return false;
    }
    return true;
}

static bool status_is_among(struct maas_ask *a, const struct maas_machine *one, uint64_t allowed,
                            const char *what)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (allowed & BIT(one->status))
        return true;
    buf_init(&text, 128);
    buf_printf(&text, "%s is not available because of the current state of the node.", what);
    maas_raise_field(a, "__all__", buf_text(&text));
    return false;
}

void maas_machine_commission(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one || !status_is_among(a, one, B(NEW) | B(FAILED_COMMISSIONING) | B(READY) | B(BROKEN),
                                 "Commission"))
        return;
    if (!scripts_are_fine(a, "commissioning_scripts") || !scripts_are_fine(a, "testing_scripts"))
        return;
    if (!one->power_type[0]) {
        maas_raise_text(a, 500,
                        "Unconfigured power type. Please configure the power type and try again.");
        return;
    }
    maas_commission(&h, one, a->user->name,
                    !text_is(maas_field_or(a, "testing_scripts", ""), "none"));
    maas_machine_answer(a, one, NULL);
}

void maas_machine_test(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);
    const uint64_t allowed = B(NEW) | B(READY) | B(RESERVED) | B(ALLOCATED) | B(DEPLOYED) |
                             B(MISSING) | B(RETIRED) | B(BROKEN) | B(RESCUE_MODE) |
                             B(FAILED_COMMISSIONING) | B(FAILED_DEPLOYMENT) | B(FAILED_RELEASING) |
                             B(FAILED_DISK_ERASING) | B(FAILED_ENTERING_RESCUE_MODE) |
                             B(FAILED_EXITING_RESCUE_MODE) | B(FAILED_TESTING);

    if (!one || !status_is_among(a, one, allowed, "Test") ||
        !scripts_are_fine(a, "testing_scripts"))
        return;
    if (text_is(maas_field_or(a, "testing_scripts", ""), "none")) {
        maas_raise_text(a, 400, "No testing scripts found!");
        return;
    }
    maas_test(&h, one, a->user->name);
    maas_machine_answer(a, one, NULL);
}

void maas_machine_override(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (one->status != MAAS_FAILED_TESTING) {
        maas_raise_text(a, 409,
                        "Unable to override node status. Node is not in 'Failed testing' status.");
        return;
    }
    one->error_description[0] = '\0';
    maas_move(&h, one, one->osystem[0] ? MAAS_DEPLOYED : MAAS_READY, "override");
    maas_machine_answer(a, one, NULL);
}

/* --- abort ------------------------------------------------------------------------------------ */

static const char *aborted(enum maas_status s)
{
    if (s == MAAS_DEPLOYING)
        return "Aborted deployment";
    if (s == MAAS_COMMISSIONING)
        return "Aborted commissioning";
    if (s == MAAS_TESTING)
        return "Aborted testing";
    return s == MAAS_DISK_ERASING ? "Aborted disk erasing" : NULL;
}

bool maas_abort_begin(const struct maas_hands *h, struct maas_machine *one)
{
    if (!aborted(one->status))
        return false;
    maas_message(h, one, aborted(one->status), "");
    if (one->status == MAAS_COMMISSIONING ||
        (one->status == MAAS_TESTING && !one->osystem[0] && one->before != MAAS_ALLOCATED))
        one->owner[0] = '\0';
    return true;
}

/* The answer still shows the old status, under the new message; the owner of a commissioning or a
 * test is gone by then. */
void maas_machine_abort(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    if (!aborted(one->status)) {
        buf_init(&text, 256);
        buf_printf(&text, "Cannot abort in current state: node %s is in state %s.", one->system_id,
                   maas_status_label(one->status));
        maas_raise_text(a, 409, buf_text(&text));
        return;
    }
    maas_abort_begin(&h, one);
    maas_machine_answer(a, one, NULL);
    maas_abort(&h, one);
}

/* --- rescue ----------------------------------------------------------------------------------- */

void maas_machine_rescue(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (!maas_status_may(one->status, MAAS_ENTERING_RESCUE_MODE) ||
        one->status == MAAS_ENTERING_RESCUE_MODE) {
        transition_refuse(a, one, MAAS_ENTERING_RESCUE_MODE);
        return;
    }
    maas_rescue(&h, one, a->user->name);
    maas_machine_answer(a, one, NULL);
}

void maas_machine_rescue_end(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (!maas_status_may(one->status, MAAS_EXITING_RESCUE_MODE)) {
        transition_refuse(a, one, MAAS_EXITING_RESCUE_MODE);
        return;
    }
    maas_rescue_end(&h, one);
    maas_machine_answer(a, one, NULL);
}

/* --- broken and fixed ------------------------------------------------------------------------- */

/* Only the owner may, even where an administrator may everything else. */
void maas_machine_break(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (!text_is(one->owner, a->user->name)) {
        maas_raise_text(a, 403, "");
        return;
    }
    if (!maas_status_may(one->status, MAAS_BROKEN)) {
        transition_refuse(a, one, MAAS_BROKEN);
        return;
    }
    maas_break(&h, one, maas_field_or(a, "comment", maas_field_or(a, "error_description", "")));
    maas_machine_answer(a, one, NULL);
}

void maas_machine_fix(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for_admin(x);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (one->status != MAAS_BROKEN) {
        maas_raise_text(a, 409, "Can't mark a non-broken node as 'Ready'.");
        return;
    }
    maas_fix(&h, one);
    maas_machine_answer(a, one, NULL);
}

/* --- locks ------------------------------------------------------------------------------------ */

/* A lock may be changed though the machine is locked. */
void maas_machine_lock(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, false);

    if (!one)
        return;
    if (one->locked) {
        maas_raise_text(a, 409, "Machine is already locked");
        return;
    }
    if (one->status != MAAS_DEPLOYED && one->status != MAAS_DEPLOYING) {
        maas_raise_text(a, 409, "Can't lock, node is not deployed or deploying");
        return;
    }
    one->locked = true;
    maas_machine_answer(a, one, NULL);
}

void maas_machine_unlock(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, false);

    if (!one)
        return;
    if (!one->locked) {
        maas_raise_text(a, 409, "Machine is not locked");
        return;
    }
    one->locked = false;
    maas_machine_answer(a, one, NULL);
}

/* --- putting back ----------------------------------------------------------------------------- */

/* The parts of our machines are never changed from what they are by default: nothing is to do but
 * to refuse where MAAS does. */
static void restored(const struct http_exchange *x, uint64_t allowed, const char *refusal)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for_admin(x);

    if (!one)
        return;
    if (allowed & BIT(one->status))
        maas_machine_answer(a, one, NULL);
    else
        maas_raise_text(a, 409, refusal);
}

void maas_machine_restore_network(const struct http_exchange *x)
{
    restored(x, B(READY) | B(FAILED_TESTING),
             "Machine must be in a ready or failed testing state to restore networking "
             "configuration");
}

void maas_machine_restore_storage(const struct http_exchange *x)
{
    restored(x, B(READY) | B(FAILED_TESTING),
             "Machine must be in a ready or failed testing state to restore storage "
             "configuration.");
}

void maas_machine_restore_default(const struct http_exchange *x)
{
    restored(x, B(READY) | B(FAILED_TESTING),
             "Machine must be in a ready or failed testing state to restore default networking "
             "and storage configuration.");
}

void maas_machine_layout(const struct http_exchange *x)
{
    restored(x, B(READY), "Cannot change the storage layout on a machine that is not Ready.");
}

void maas_machine_clear_gateways(const struct http_exchange *x)
{
    restored(x, UINT64_MAX, "");
}

/* --- reading what was found and what is deployed ---------------------------------------------- */

static void u32_add(struct buf *out, size_t n)
{
    for (int shift = 0; shift < 32; shift += 8)
        buf_char_add(out, (char)(n >> shift & 0xff));
}

/* BSON: {"lldp": bytes, "lshw": bytes}. */
static void bytes_add(struct buf *out, const char *name, const char *text)
{
    buf_char_add(out, 0x05);
    buf_add(out, name, strlen(name) + 1);
    u32_add(out, strlen(text));
    buf_char_add(out, 0);
    buf_text_add(out, text);
}

void maas_machine_details(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, false);
    struct buf body SCOPED(buf_drop) = {0}, whole SCOPED(buf_drop) = {0};

    if (!one)
        return;
    buf_init(&body, KIB(4));
    buf_init(&whole, KIB(4));
    if (one->hardware) {
        bytes_add(&body, "lldp", one->hardware->lldp);
        bytes_add(&body, "lshw", one->hardware->lshw);
    }
    u32_add(&whole, body.len + 5);
    buf_add(&whole, buf_text(&body), body.len);
    buf_char_add(&whole, 0);
    maas_return(a, 200, "application/bson", "");
    buf_add(&a->rp->body, buf_text(&whole), whole.len);
}

void maas_machine_curtin(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, false);
    struct buf text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    buf_init(&text, KIB(8));
    if (!(BIT(one->status) & (B(DEPLOYING) | B(DEPLOYED) | B(FAILED_DEPLOYMENT)))) {
        buf_printf(&text, "Machine %s is not in a deployment state.", one->hostname);
        maas_raise_text(a, 400, buf_text(&text));
        return;
    }
    maas_curtin_write(a->m, one, &text);
    maas_return(a, 200, MAAS_PLAIN, buf_text(&text));
}

/* What the installer is told, in curtin's own YAML. */
void maas_curtin_write(const struct maas *m, const struct maas_machine *one, struct buf *out)
{
    (void)m;
    buf_printf(out, "#cloud-config\ndebconf_selections:\n  maas: |\n    cloud-init cloud-init/"
                    "datasources multiselect MAAS\n");
    if (one->hwe_kernel[0])
        buf_printf(out, "kernel:\n  mapping: {}\n  package: linux-%s\n",
                   text_begins(one->hwe_kernel, "ga-") ? "generic" : one->hwe_kernel);
    buf_text_add(out, "network:\n  config:\n");
    for (size_t i = 0; i < one->n_nics; i++) {
        const struct maas_nic *nic = &one->nics[i];

        buf_printf(out,
                   "  - id: %s\n    mac_address: %s\n    mtu: 1500\n    name: %s\n    type: "
                   "physical\n    subnets:\n    - type: %s\n",
                   nic->name, nic->mac, nic->name, nic->ip[0] ? "static" : "manual");
        if (nic->ip[0])
            buf_printf(out, "      address: %s\n", nic->ip);
    }
    buf_text_add(out, "  version: 1\nstorage:\n  config:\n");
    for (size_t i = 0; i < one->n_disks; i++)
        buf_printf(out, "  - id: %s\n    model: %s\n    name: %s\n    serial: %s\n    type: disk\n",
                   one->disks[i].name, one->disks[i].model, one->disks[i].name,
                   one->disks[i].serial);
    buf_text_add(out, "  version: 1\n");
}
