/* Settings of MAAS: maas/?op=get_config, set_config. Names and their order are what MAAS itself
 * lists when it is asked for one that it does not know. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

enum kind { TEXT, BOOL, NUMBER, SERIES };

/* clang-format off */
static const struct row {
    const char *name;
    enum kind kind;
    const char *value; /* as MAAS installs itself, JSON */
    bool only_37;
} rows[] = {
    {"maas_name", TEXT, "\"maas\"", false},
    {"theme", TEXT, "\"\"", false},
    {"kernel_opts", TEXT, "\"\"", false},
    {"enable_http_proxy", BOOL, "true", false},
    {"maas_proxy_port", NUMBER, "8000", false},
    {"use_peer_proxy", BOOL, "false", false},
    {"prefer_v4_proxy", BOOL, "false", false},
    {"http_proxy", TEXT, "null", false},
    {"default_dns_ttl", NUMBER, "30", false},
    {"upstream_dns", TEXT, "null", false},
    {"dnssec_validation", TEXT, "\"auto\"", false},
    {"maas_internal_domain", TEXT, "\"maas-internal\"", false},
    {"dns_trusted_acl", TEXT, "null", false},
    {"ntp_servers", TEXT, "\"ntp.ubuntu.com\"", false},
    {"ntp_external_only", BOOL, "false", false},
    {"allow_only_trusted_transfers", BOOL, "true", false},
    {"remote_syslog", TEXT, "null", false},
    {"maas_syslog_port", NUMBER, "5247", false},
    {"network_discovery", TEXT, "\"enabled\"", false},
    {"active_discovery_interval", NUMBER, "10800", false},
    {"default_boot_interface_link_type", TEXT, "\"auto\"", true},
    {"default_osystem", TEXT, "\"ubuntu\"", false},
    {"default_distro_series", SERIES, "\"noble\"", false},
    {"default_min_hwe_kernel", TEXT, "\"\"", false},
    {"enable_kernel_crash_dump", BOOL, "false", true},
    {"default_storage_layout", TEXT, "\"flat\"", false},
    {"commissioning_distro_series", SERIES, "\"noble\"", false},
    {"enable_third_party_drivers", BOOL, "true", false},
    {"windows_kms_host", TEXT, "null", false},
    {"enable_disk_erasing_on_release", BOOL, "false", false},
    {"disk_erase_with_secure_erase", BOOL, "true", false},
    {"disk_erase_with_quick_erase", BOOL, "false", false},
    {"boot_images_auto_import", BOOL, "true", false},
    {"boot_images_no_proxy", BOOL, "false", false},
    {"curtin_verbose", BOOL, "true", false},
    {"force_v1_network_yaml", BOOL, "false", false},
    {"enable_analytics", BOOL, "true", false},
    {"completed_intro", BOOL, "true", false},
    {"max_node_commissioning_results", NUMBER, "10", false},
    {"max_node_testing_results", NUMBER, "10", false},
    {"max_node_installation_results", NUMBER, "3", false},
    {"max_node_release_results", NUMBER, "3", false},
    {"subnet_ip_exhaustion_threshold_count", NUMBER, "16", false},
    {"release_notifications", BOOL, "true", false},
    {"use_rack_proxy", BOOL, "true", false},
    {"node_timeout", NUMBER, "30", false},
    {"prometheus_enabled", BOOL, "false", false},
    {"prometheus_push_gateway", TEXT, "null", false},
    {"prometheus_push_interval", NUMBER, "60", false},
    {"promtail_enabled", BOOL, "false", false},
    {"promtail_port", NUMBER, "5238", false},
    {"enlist_commissioning", BOOL, "true", false},
    {"maas_auto_ipmi_user", TEXT, "\"maas\"", false},
    {"maas_auto_ipmi_user_privilege_level", TEXT, "\"ADMIN\"", false},
    {"maas_auto_ipmi_k_g_bmc_key", TEXT, "\"\"", false},
    {"maas_auto_ipmi_cipher_suite_id", TEXT, "\"3\"", false},
    {"maas_auto_ipmi_workaround_flags", TEXT, "\"\"", false},
    {"vcenter_server", TEXT, "\"\"", false},
    {"vcenter_username", TEXT, "\"\"", false},
    {"vcenter_password", TEXT, "\"\"", false},
    {"vcenter_datacenter", TEXT, "\"\"", false},
    {"hardware_sync_interval", TEXT, "\"15m\"", false},
    {"tls_cert_expiration_notification_enabled", BOOL, "false", false},
    {"tls_cert_expiration_notification_interval", NUMBER, "30", false},
    {"session_length", NUMBER, "1209600", false},
    {"auto_vlan_creation", BOOL, "true", false},
};
/* clang-format on */

static bool is_there(const struct maas *m, const struct row *row)
{
    return maas_is_37(m) || !row->only_37;
}

void maas_settings_fresh(struct maas *m)
{
    m->rest.n_settings = 0;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct maas_setting *s = &m->rest.settings[m->rest.n_settings];
        const bool old = rows[i].kind == SERIES && !maas_is_37(m);

        if (!is_there(m, &rows[i]))
            continue;
        assert(m->rest.n_settings < MAAS_SETTINGS_MAX);
        m->rest.n_settings++;
        s->name = rows[i].name;
        text_copy(s->value, sizeof(s->value), old ? "\"jammy\"" : rows[i].value);
    }
}

static struct maas_setting *setting_find(struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->rest.n_settings; i++)
        if (text_is(m->rest.settings[i].name, name))
            return &m->rest.settings[i];
    return NULL;
}

bool maas_setting_put(struct maas *m, const char *name, const char *value)
{
    struct maas_setting *s = setting_find(m, name);

    return s && text_copy(s->value, sizeof(s->value), value);
}

const char *maas_setting(const struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->rest.n_settings; i++)
        if (text_is(m->rest.settings[i].name, name))
            return m->rest.settings[i].value;
    return NULL;
}

bool maas_erases(const struct maas *m)
{
    const char *wish = maas_setting(m, "enable_disk_erasing_on_release");

    return m->config.erase_on_release || (wish && text_is(wish, "true"));
}

/* NULL: answered. */
static struct maas_setting *setting_for(struct maas_ask *a, const char *name)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct buf text SCOPED(buf_drop) = {0};
    struct maas_setting *s;

    if (!maas_must(a, name, "name"))
        return NULL;
    s = setting_find(a->m, name);
    if (s)
        return s;
    buf_init(&text, KIB(8));
    buf_printf(&text, "%s is not a valid config setting (valid settings are: ", name);
    for (size_t i = 0; i < a->m->rest.n_settings; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", a->m->rest.settings[i].name);
    buf_text_add(&text, ").");
    maas_complain(&c, name, buf_text(&text));
    maas_complained(a, &c, "application/json");
    return NULL;
}

void maas_config_get(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_setting *s = setting_for(a, maas_asked(a, "name"));

    if (s)
        maas_return(a, 200, "application/json", s->value);
}

static enum kind kind_of(const char *name)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].name, name))
            return rows[i].kind;
    return TEXT;
}

/* Series that there are images for, in the order of the images' numbers. */
static bool series_is_there(const struct maas *m, const char *value, struct buf *ret)
{
    char known[64];
    bool found = false;
    int64_t last = 0;

    for (size_t n = 0; n < m->n_images; n++) {
        const struct maas_image *next = NULL;
        const char *slash;

        for (size_t i = 0; i < m->n_images; i++)
            if (m->images[i].id > last && (!next || m->images[i].id < next->id))
                next = &m->images[i];
        last = next ? next->id : last;
        slash = next && !next->uploaded ? strchr(next->name, '/') : NULL;
        if (!slash)
            continue;
        text_copy(known, sizeof(known), slash + 1);
        found = found || text_is(known, value);
        if (strstr(buf_text(ret), known))
            continue;
        buf_text_add(ret, ret->len ? ", " : "");
        py_repr(ret, known);
    }
    return found;
}

static void value_check(struct maas_ask *a, struct maas_complaints *c, const char *name,
                        const char *value)
{
    struct buf known SCOPED(buf_drop) = {0};
    int64_t number = 0;

    buf_init(&known, KIB(4));
    if (kind_of(name) == NUMBER)
        maas_form_number(c, name, value, 0, INT32_MAX, &number);
    if (kind_of(name) == SERIES && !series_is_there(a->m, value, &known))
        maas_complain_as(c, name, "'%s' is not a valid release.  It should be one of: %s.", value,
                         buf_text(&known));
}

void maas_config_set(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field(a, "name"), *value = maas_field(a, "value");
    struct buf json SCOPED(buf_drop) = {0};
    struct maas_setting *s;

    if (!maas_must(a, name, "name") || !maas_must(a, value, "value"))
        return;
    s = setting_for(a, name);
    if (!s)
        return;
    value_check(a, &c, name, value);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    buf_init(&json, sizeof(s->value) - 1);
    if (kind_of(name) == BOOL)
        buf_text_add(&json, maas_checked(value, false) ? "true" : "false");
    else if (kind_of(name) == NUMBER)
        buf_text_add(&json, value);
    else
        py_text(&json, value);
    text_copy(s->value, sizeof(s->value), buf_text(&json));
    maas_return(a, 200, MAAS_PLAIN, "OK");
}
