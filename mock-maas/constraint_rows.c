/* The constraints that MAAS knows, and how each is checked and met. */
#include "mock-maas/constraint.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

const char *maas_constraint_value(const struct asked *q, size_t *i)
{
    while (*i < q->p->n) {
        const struct pair *pair = &q->p->at[(*i)++];

        if (text_is(pair->name, q->row->name))
            return pair->value;
    }
    return NULL;
}

/* --- texts ------------------------------------------------------------------------------------ */

static const char *system_id(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return one->system_id;
}

static const char *hostname(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return one->hostname;
}

static const char *domain(const struct maas *m, const struct maas_machine *one)
{
    (void)one;
    return m->domains[0].name;
}

static const char *agent_name(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return one->agent_name;
}

static const char *owner(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return one->owner;
}

static const char *power(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return maas_power_name(one->power);
}

static const char *status(const struct maas *m, const struct maas_machine *one)
{
    (void)m;
    return maas_status_name(one->status);
}

static const char *name_by_id(const struct maas_named *list, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            return list[i].name;
    return "";
}

static const char *zone(const struct maas *m, const struct maas_machine *one)
{
    return name_by_id(m->zones, m->n_zones, one->zone);
}

static const char *pool(const struct maas *m, const struct maas_machine *one)
{
    return name_by_id(m->pools, m->n_pools, one->pool);
}

static bool any_of(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (text_is(v, q->row->text(q->m, one)))
            return true;
    return false;
}

static bool mac_of(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        for (size_t k = 0; k < one->n_nics; k++)
            if (text_is_nocase(v, one->nics[k].mac))
                return true;
    return false;
}

/* "host" or "host.domain". Several are all wanted, so that they never fit. */
static bool name_of(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;) {
        const size_t len = strcspn(v, ".");

        if (strlen(one->hostname) != len || strncmp(v, one->hostname, len) != 0 ||
            (v[len] && !text_is(v + len + 1, q->m->domains[0].name)))
            return false;
    }
    return true;
}

static bool never(const struct asked *q, const struct maas_machine *one)
{
    (void)q;
    (void)one;
    return false;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int64_t cpu_count(const struct maas_machine *one)
{
    return one->cpu_count;
}

static int64_t memory(const struct maas_machine *one)
{
    return one->memory_mb;
}

static int64_t cpu_speed(const struct maas_machine *one)
{
    return one->hardware ? one->hardware->cpu_speed : 0;
}

static int64_t link_speed(const struct maas_machine *one)
{
    return one->hardware ? one->hardware->link_speed : 0;
}

bool maas_float_read(const char *text, double *ret)
{
    char *end;
    const double v = strtod(text, &end);

    if (end == text || *end != '\0')
        return false;
    *ret = v;
    return true;
}

double maas_constraint_smallest(const struct asked *q)
{
    double least = 0, v = 0;
    const char *text;
    bool first = true;

    for (size_t i = 0; (text = maas_constraint_value(q, &i)) != NULL;)
        if (maas_float_read(text, &v) && (first || v < least)) {
            least = v;
            first = false;
        }
    return least;
}

static bool at_least(const struct asked *q, const struct maas_machine *one)
{
    return (double)q->row->number(one) >= maas_constraint_smallest(q);
}

static void number_check(const struct asked *q, struct buf *complaint)
{
    const char *text;
    double v;

    for (size_t i = 0; (text = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        if (!maas_float_read(text, &v))
            buf_printf(complaint, "Invalid %s required.", q->row->unit);
}

/* --- tags ------------------------------------------------------------------------------------- */

static bool has_tag(const struct maas_machine *one, const char *tag)
{
    for (size_t i = 0; i < one->n_labels; i++)
        if (text_is(one->labels[i], tag))
            return true;
    return false;
}

/* Commas, blanks and repetition separate alike. */
bool maas_tag_next(const char **rest, char *out, size_t size)
{
    const char *begin = *rest + strspn(*rest, ", ");
    const size_t len = strcspn(begin, ", ");

    if (len == 0)
        return false;
    text_copy_len(out, size, begin, len);
    *rest = begin + len;
    return true;
}

static bool tags_all(const struct asked *q, const struct maas_machine *one)
{
    char tag[MAAS_NAME_MAX];
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        while (maas_tag_next(&v, tag, sizeof(tag)))
            if (!has_tag(one, tag))
                return false;
    return true;
}

/* Not taken apart, and not looked up. */
static bool tags_some(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (has_tag(one, v))
            return true;
    return false;
}

static bool tag_known(const struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (text_is(m->tags[i].name, name))
            return true;
    return false;
}

static void tags_check(const struct asked *q, struct buf *complaint)
{
    char tag[MAAS_NAME_MAX];
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        while (maas_tag_next(&v, tag, sizeof(tag))) {
            if (tag_known(q->m, tag))
                continue;
            buf_text_add(complaint, complaint->len ? ", " : "No such tag(s): ");
            py_repr(complaint, tag);
        }
    if (complaint->len)
        buf_char_add(complaint, '.');
}

/* --- zones, pools, owners, choices ------------------------------------------------------------ */

static void unknown_add(struct buf *complaint, const char *head, const char *v)
{
    buf_text_add(complaint, complaint->len ? ", " : head);
    buf_text_add(complaint, v);
}

static bool named_known(const struct maas_named *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i].name, name))
            return true;
    return false;
}

static void zone_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (!named_known(q->m->zones, q->m->n_zones, v))
            unknown_add(complaint, "No such zone(s): ", v);
    if (complaint->len)
        buf_char_add(complaint, '.');
}

static void pool_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (!named_known(q->m->pools, q->m->n_pools, v))
            unknown_add(complaint, "No such pool(s): ", v);
    if (complaint->len)
        buf_char_add(complaint, '.');
}

/* Only a list knows its owners; in an allocate an unknown one just never fits. */
static void owner_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        bool known = q->where == MAAS_IN_ALLOCATE;

        for (size_t k = 0; k < q->m->rest.n_accounts; k++)
            known =
                known || (!q->m->rest.accounts[k].gone && text_is(q->m->rest.accounts[k].name, v));
        if (known)
            continue;
        buf_text_add(complaint, "No such owner: ");
        py_repr(complaint, v);
        buf_char_add(complaint, '.');
    }
}

static void choice_refuse(struct buf *complaint, const char *v)
{
    buf_text_add(complaint, "Select a valid choice. ");
    buf_text_add(complaint, v);
    buf_text_add(complaint, " is not one of the available choices.");
}

static void status_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        const enum maas_status s = maas_status_find(v);

        if (s == MAAS_STATUS_COUNT || !text_is(maas_status_name(s), v))
            choice_refuse(complaint, v);
    }
}

static void power_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        bool known = false;

        for (unsigned k = 0; k < MAAS_POWER_COUNT; k++)
            known = known || text_is(maas_power_name((enum maas_power)k), v);
        if (!known)
            choice_refuse(complaint, v);
    }
}

static bool is_mac(const char *v)
{
    if (strlen(v) != 17)
        return false;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? v[i] != ':' && v[i] != '-' : !strchr("0123456789abcdefABCDEF", v[i]))
            return false;
    return true;
}

static void mac_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        if (!is_mac(v)) {
            py_repr(complaint, v);
            buf_text_add(complaint, " is not a valid MAC address.");
        }
}

/* --- storage ---------------------------------------------------------------------------------- */

static bool storage_fits(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (!maas_storage_fits(one, v, NULL))
            return false;
    return true;
}

static void storage_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        if (!maas_storage_is_wellformed(v))
            buf_printf(complaint, "Malformed storage constraint, \"%s\".", v);
}

static bool interfaces_fit(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (!maas_interfaces_fit(q->m, one, v, NULL))
            return false;
    return true;
}

static void interfaces_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        maas_interfaces_check(v, complaint);
}

/* --- devices, targets ------------------------------------------------------------------------- */

/* MAAS joins the machine to its devices only where it knows some: ours have none of any kind, and
 * every one of them fits. */
static bool always(const struct asked *q, const struct maas_machine *one)
{
    (void)q;
    (void)one;
    return true;
}

static void devices_check(const struct asked *q, struct buf *complaint)
{
    static const char *const keys[] = {"vendor_id", "product_id", "vendor_name", "product_name",
                                       "commissioning_driver"};
    const char *v;
    char part[128], key[128];

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        while (text_next(&v, ',', part, sizeof(part)) && complaint->len == 0) {
            bool known = false;

            text_copy_len(key, sizeof(key), part, strcspn(part, "="));
            for (size_t k = 0; k < COUNTOF(keys); k++)
                known = known || text_is(keys[k], key);
            if (!known) /* the quote without its fellow is MAAS's */
                buf_printf(complaint, "Unknown devices constraint: '%s", key);
        }
}

static bool target_fits(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (text_is(v, "memory") == one->ephemeral)
            return true;
    return false;
}

static void target_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;)
        if (!text_is(v, "memory") && !text_is(v, "disk"))
            choice_refuse(complaint, v);
}

/* --- the table -------------------------------------------------------------------------------- */

#define LIST MAAS_IN_LIST
#define BOTH (MAAS_IN_LIST | MAAS_IN_ALLOCATE)
#define GIVE MAAS_IN_ALLOCATE
#define NOT  .not = true
/* clang-format off */
static const struct constraint table[] = { /* by name: that is the order in which MAAS prints them */
    {"agent_name",      LIST, .text = agent_name, .match = any_of},
    {"arch",            BOTH, .match = maas_arch_of, .check = maas_arch_check, .print = PRINT_ARCHES},
    {"cpu_count",       BOTH, .number = cpu_count, .match = at_least, .check = number_check,
                        .unit = "CPU count: number", .print = PRINT_FLOAT},
    {"cpu_speed",       BOTH, .number = cpu_speed, .match = at_least, .check = number_check,
                        .unit = "CPU speed: number", .print = PRINT_FLOAT},
    {"deployment_target", BOTH, .match = target_fits, .check = target_check},
    {"devices",         BOTH, .match = always, .check = devices_check},
    {"domain",          LIST, .text = domain, .match = any_of},
    {"fabric_classes",  BOTH, .match = maas_classes_any},
    {"fabrics",         BOTH, .match = maas_fabrics_any},
    {"hostname",        LIST, .text = hostname, .match = any_of},
    {"id",              LIST, .text = system_id, .match = any_of},
    {"interfaces",      BOTH, .match = interfaces_fit, .check = interfaces_check},
    {"link_speed",      BOTH, .number = link_speed, .match = at_least, .check = number_check,
                        .unit = "link speed: number", .print = PRINT_FLOAT},
    {"mac_address",     LIST, .match = mac_of, .check = mac_check},
    {"mem",             BOTH, .number = memory, .match = at_least, .check = number_check,
                        .unit = "memory: number of MiB", .print = PRINT_FLOAT},
    {"name",            GIVE, .match = name_of},
    {"not_agent_name",  LIST, .text = agent_name, .match = any_of, NOT},
    {"not_arch",        BOTH, .match = maas_arch_of, .check = maas_arch_check, NOT, .print = PRINT_ARCHES},
    {"not_domain",      LIST, .text = domain, .match = any_of, NOT},
    {"not_fabric_classes", BOTH, .match = maas_classes_any, NOT},
    {"not_fabrics",     BOTH, .match = maas_fabrics_any, NOT},
    {"not_hostname",    LIST, .text = hostname, .match = any_of, NOT},
    {"not_id",          LIST, .text = system_id, .match = any_of, NOT},
    {"not_in_pool",     BOTH, .text = pool, .match = any_of, .check = pool_check, NOT},
    {"not_in_zone",     BOTH, .text = zone, .match = any_of, .check = zone_check, NOT},
    {"not_owner",       BOTH, .text = owner, .match = any_of, .check = owner_check, NOT},
    {"not_pod",         BOTH, .match = never, NOT}, /* there are no pods here */
    {"not_pod_type",    BOTH, .match = never, NOT},
    {"not_power_state", BOTH, .text = power, .match = any_of, .check = power_check, NOT},
    {"not_status",      LIST, .text = status, .match = any_of, .check = status_check, NOT},
    {"not_subnets",     BOTH, .match = maas_subnets_any, .check = maas_subnets_check, NOT},
    {"not_tags",        BOTH, .match = tags_some, NOT},
    {"not_vlans",       BOTH, .match = maas_vlans_any, .check = maas_vlans_check, NOT},
    {"owner",           BOTH, .text = owner, .match = any_of, .check = owner_check},
    {"pod",             BOTH, .match = never},
    {"pod_type",        BOTH, .match = never},
    {"pool",            BOTH, .text = pool, .match = any_of, .check = pool_check},
    {"power_state",     BOTH, .text = power, .match = any_of, .check = power_check},
    {"status",          LIST, .text = status, .match = any_of, .check = status_check},
    {"storage",         BOTH, .match = storage_fits, .check = storage_check},
    {"subnets",         BOTH, .match = maas_subnets_all, .check = maas_subnets_check},
    {"system_id",       BOTH, .text = system_id, .match = any_of},
    {"tags",            BOTH, .match = tags_all, .check = tags_check, .print = PRINT_TAGS},
    {"vlans",           BOTH, .match = maas_vlans_any, .check = maas_vlans_check},
    {"zone",            BOTH, .text = zone, .match = any_of, .check = zone_check},
};
/* clang-format on */
#undef LIST
#undef BOTH
#undef GIVE
#undef NOT

size_t maas_constraint_table(const struct constraint **ret)
{
    *ret = table;
    return COUNTOF(table);
}
