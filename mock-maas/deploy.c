/* machines/{system_id}/?op=deploy, and what can be deployed on a machine. Order of checks: options,
 * status, the form, network and storage, and behind the commit the power and the addresses. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* --- images ----------------------------------------------------------------------------------- */

/* "ubuntu/jammy", "custom/x": as the form lists it. Uploaded ones are listed bare elsewhere. */
static void image_choice(const struct maas_image *image, struct buf *out)
{
    buf_printf(out, "%s%s", image->uploaded && !strchr(image->name, '/') ? "custom/" : "",
               image->name);
}

static const char *bare(const struct maas_image *image)
{
    const char *slash = strchr(image->name, '/');

    return slash ? slash + 1 : image->name;
}

static bool image_is(const struct maas_image *image, const char *series)
{
    if (image->uploaded)
        return text_is(image->name, text_begins(series, "custom/") ? series + 7 : series);
    return text_is(image->name, series) || text_is(bare(image), series) ||
           (text_is(series, "22.04") && text_is(image->name, "ubuntu/jammy")) ||
           (text_is(series, "24.04") && text_is(image->name, "ubuntu/noble")) ||
           (text_is(series, "ubuntu") && text_begins(image->name, "ubuntu/"));
}

static bool arch_fits(const struct maas_image *image, const struct maas_machine *one)
{
    const size_t len = strcspn(image->architecture, "/");

    return strcspn(one->architecture, "/") == len &&
           memcmp(one->architecture, image->architecture, len) == 0;
}

/* The last one that fits: "ubuntu" is the newest. *any: one that is only for other machines. */
static const struct maas_image *image_find(const struct maas *m, const struct maas_machine *one,
                                           const char *series, const struct maas_image **any)
{
    const struct maas_image *found = NULL;

    *any = NULL;
    for (size_t i = 0; i < m->n_images; i++) {
        const struct maas_image *image = &m->images[i];

        if (!image->complete || !image_is(image, series))
            continue;
        *any = image;
        if (arch_fits(image, one) && (!found || strcmp(found->name, image->name) <= 0))
            found = image;
    }
    return found;
}

/* MAAS's setting, when there is an image of it; else the newest. */
static const struct maas_image *default_find(const struct maas *m, const struct maas_machine *one,
                                             const struct maas_image **any)
{
    const char *setting = maas_setting(m, "default_distro_series");
    const struct maas_image *found = NULL;
    char series[64];

    if (setting && strlen(setting) > 2 &&
        text_copy_len(series, sizeof(series), setting + 1, strlen(setting) - 2))
        found = image_find(m, one, series, any);
    return found ? found : image_find(m, one, "ubuntu", any);
}

static void series_refuse(struct maas_ask *a, const char *series)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct buf all SCOPED(buf_drop) = {0}, choice SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(16));
    buf_init(&all, KIB(16));
    buf_init(&choice, KIB(1));
    py_repr(&text, series);
    buf_text_add(&text, " is not a valid distro_series.  It should be one of: ''");
    for (size_t i = 0; i < a->m->n_images; i++) {
        if (!a->m->images[i].complete)
            continue;
        buf_clear(&choice);
        buf_text_add(&choice, ", '");
        image_choice(&a->m->images[i], &choice);
        buf_char_add(&choice, '\'');
        if (!strstr(buf_text(&all), buf_text(&choice)))
            buf_text_add(&all, buf_text(&choice));
    }
    buf_printf(&text, "%s.", buf_text(&all));
    maas_raise_field(a, "distro_series", buf_text(&text));
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
    buf_printf(&text, "%s has no kernels available.", bare(image));
    maas_raise_field(a, "hwe_kernel", buf_text(&text));
}

static void system_of(const struct maas_image *image, struct maas_system *ret)
{
    const char *sub = strchr(image->architecture, '/');

    text_copy_len(ret->osystem, sizeof(ret->osystem), image->name,
                  (size_t)(bare(image) - image->name) - (bare(image) != image->name));
    if (image->uploaded)
        text_copy(ret->osystem, sizeof(ret->osystem), "custom");
    text_copy(ret->series, sizeof(ret->series), image->uploaded ? image->name : bare(image));
    text_copy(ret->kernel, sizeof(ret->kernel), image->uploaded || !sub ? "" : sub + 1);
}

bool maas_system_find(const struct maas *m, const struct maas_machine *one, const char *series,
                      struct maas_system *ret)
{
    const struct maas_image *any,
        *found = *series ? image_find(m, one, series, &any) : default_find(m, one, &any);

    if (found)
        system_of(found, ret);
    return found != NULL;
}

static bool kernel_is_fine(struct maas_ask *a, const struct maas_machine *one,
                           struct maas_system *s)
{
    const char *kernel = maas_field_or(a, "hwe_kernel", "");
    struct buf text SCOPED(buf_drop) = {0};

    if (!*kernel || text_is(kernel, s->kernel))
        return true;
    if (text_begins(kernel, "hwe-") && text_begins(s->kernel, "ga-") &&
        text_is(kernel + 4, s->kernel + 3)) {
        text_copy(s->kernel, sizeof(s->kernel), kernel);
        return true;
    }
    buf_init(&text, KIB(1));
    buf_printf(&text, "%.80s is not available for %s/%s on %s.", kernel, s->osystem, s->series,
               one->architecture);
    maas_raise_field(a, "hwe_kernel", buf_text(&text));
    return false;
}

/* What the form asks for; false: answered. */
static bool system_for(struct maas_ask *a, const struct maas_machine *one, struct maas_system *ret)
{
    const char *series = maas_field_or(a, "distro_series", "");
    const struct maas_image *any,
        *found = *series ? image_find(a->m, one, series, &any) : default_find(a->m, one, &any);

    if (!any)
        series_refuse(a, series);
    else if (!found)
        arch_refuse(a, any, one);
    if (!found)
        return false;
    system_of(found, ret);
    ret->user_data = pairs_find(&a->form, "user_data");
    return kernel_is_fine(a, one, ret);
}

/* --- options ---------------------------------------------------------------------------------- */

static bool vm_host_is_fine(struct maas_ask *a, bool kvm, bool memory)
{
    if (kvm && !a->user->superuser) /* the word is MAAS's */
        maas_raise_text(a, 403, "Only administratros can deploy VM hosts");
    else if (kvm && memory)
        maas_raise_text(a, 400, "A machine can not be a VM host if it is deployed to memory.");
    else
        return true;
    return false;
}

static bool rack_is_fine(struct maas_ask *a, bool rackd)
{
    if (rackd && maas_is_37(a->m))
        maas_raise_text(a, 400,
                        "Deploying a machine as a rackd has been disabled and it's not supported "
                        "anymore.");
    else if (rackd && !a->user->superuser)
        maas_raise_text(a, 403, "Only administrators can deploy MAAS racks");
    else
        return true;
    return false;
}

static bool license_is_fine(struct maas_ask *a)
{
    if (!maas_is_37(a->m) || !*maas_field_or(a, "license_key", ""))
        return true;
    maas_raise_field(a, "license_key", "Invalid license key.");
    return false;
}

static bool options_read(struct maas_ask *a, struct maas_system *ret)
{
    struct maas_bridges bridges = {.all = false};
    bool kvm, host, rackd;

    return maas_bridges_read(a, &bridges) && maas_option(a, "install_rackd", &rackd) &&
           maas_option(a, "install_kvm", &kvm) && maas_option(a, "register_vmhost", &host) &&
           maas_option(a, "ephemeral_deploy", &ret->ephemeral) &&
           maas_option(a, "enable_hw_sync", &ret->hw_sync) &&
           maas_option(a, "enable_kernel_crash_dump", &ret->crash_dump) &&
           vm_host_is_fine(a, kvm || host, ret->ephemeral) && rack_is_fine(a, rackd);
}

/* --- network, storage, power ------------------------------------------------------------------ */

static bool has_network(const struct maas_machine *one)
{
    for (size_t i = 0; i < one->n_nics; i++)
        if (one->nics[i].link && one->nics[i].subnet)
            return true;
    return false;
}

static bool has_root(const struct maas_machine *one)
{
    for (size_t i = 0; i < one->n_disks; i++)
        if (one->disks[i].root)
            return true;
    return false;
}

static bool can_boot(struct maas_ask *a, const struct maas_machine *one, struct maas_system *s)
{
    s->ephemeral = s->ephemeral || one->n_disks == 0;
    if (!has_network(one))
        maas_raise_field(a, "network", "Node has no address family in common with the server");
    else if (!s->ephemeral && !has_root(one))
        maas_raise_field(a, "storage",
                         "Mount the root '/' filesystem to be able to deploy this node.");
    else
        return true;
    return false;
}

static bool has_task_queue(struct maas_ask *a, const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (!maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS) || !maas_is_37(a->m))
        return true;
    buf_init(&text, 256);
    buf_printf(&text, "Error determining BMC task queue for machine %s", one->system_id);
    maas_raise_text(a, 500, buf_text(&text));
    return false;
}

/* --- deploying -------------------------------------------------------------------------------- */

/* What goes wrong behind the commit: the machine is Allocated again, and the client hears why. */
static void taken_back(struct maas_ask *a, struct maas_machine *one, const struct maas_subnet *s)
{
    const struct maas_hands h = maas_hands(a);
    struct buf text SCOPED(buf_drop) = {0};

    maas_abort(&h, one);
    buf_init(&text, 256);
    if (s) {
        buf_printf(&text, "No more IPs available in subnet: %s.", s->cidr);
        maas_raise_late(a, 503, buf_text(&text), "");
    } else if (maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS)) {
        maas_raise_no_rack(a, true);
    } else {
        maas_raise_late(a, 500, "Could not contact node BMC: timed out", "");
    }
}

/* The answer still shows what commissioning saw; 3.5 switches the power before it comes. */
void maas_deploy_start(struct maas_ask *a, struct maas_machine *one, const struct maas_system *s)
{
    const struct maas_hands h = maas_hands(a);
    const struct maas_subnet *full = NULL;

    if (one->status == MAAS_READY) {
        maas_acquire(&h, one, a->user->name, maas_field_or(a, "agent_name", ""));
        text_copy(a->marker, sizeof(a->marker), one->agent_name);
    }
    maas_deploy(&h, one, s);
    maas_machine_answer(a, one, NULL);
    if (maas_mishap(a->m, NULL, MAAS_MISHAP_NO_ADDRESSES) && has_network(one))
        full = maas_subnet_by_id(a->m, one->nics[0].subnet);
    if (full || !maas_addresses_take(&h, one, &full))
        taken_back(a, one, full);
    else if (!maas_is_37(a->m) && (maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS) ||
                                   maas_mishap(a->m, one, MAAS_MISHAP_BMC_DEAD)))
        taken_back(a, one, NULL);
}

static bool status_is_fine(struct maas_ask *a, const struct maas_machine *one)
{
    if (one->status == MAAS_READY || one->status == MAAS_ALLOCATED)
        return true;
    maas_state_refuse(a, "Can't deploy a machine that is in the ", one, " state");
    return false;
}

bool maas_deploy_may(struct maas_ask *a, struct maas_machine *one, struct maas_system *s)
{
    return status_is_fine(a, one) && license_is_fine(a) && system_for(a, one, s) &&
           can_boot(a, one, s) && has_task_queue(a, one);
}

void maas_machine_deploy(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    struct maas_system s = {.user_data = NULL};

    if (!one)
        return;
    if (strlen(maas_field_or(a, "user_data", "")) > MAAS_USER_DATA_MAX)
        maas_no_place(a);
    else if (options_read(a, &s) && maas_deploy_may(a, one, &s))
        maas_deploy_start(a, one, &s);
}
