/* Who holds which address: machines, controllers, BMCs, users. One list, made anew for each
 * question, so that nothing has to be kept in step. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct list {
    struct maas_held *at;
    size_t n, cap;
};

static void add(struct list *l, const struct maas_held *held)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->at = realloc(l->at, l->cap * sizeof(*l->at));
        if (!l->at)
            WRONG("out of memory");
    }
    l->at[l->n++] = *held;
}

/* The first address in "qemu+ssh://ubuntu@10.0.0.2/system" or "10.0.0.2". */
bool maas_ip_within(const char *text, uint32_t *ret)
{
    for (; *text; text++) {
        const size_t len = strspn(text, "0123456789.");
        char word[MAAS_IP_MAX];

        if (len > 0 && text_copy_len(word, sizeof(word), text, len) && maas_ip_read(word, ret))
            return true;
        text += len > 0 ? len - 1 : 0;
    }
    return false;
}

static bool bmc_is_listed(const struct list *l, uint32_t ip)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].bmc && l->at[i].ip == ip)
            return true;
    return false;
}

static void bmcs_add(const struct maas *m, struct list *l)
{
    for (size_t i = 0; i < m->n_machines; i++) {
        const struct maas_machine *one = maas_machine_at(m, i);
        struct maas_held held = {.alloc = MAAS_ALLOC_STATIC, .bmc = one};

        if (!one->gone && maas_ip_within(maas_parameter(one, "power_address"), &held.ip) &&
            !bmc_is_listed(l, held.ip) && maas_subnet_of_ip(m, held.ip))
            add(l, &held);
    }
}

static void nics_add(const struct maas *m, struct list *l)
{
    for (size_t i = 0; i < m->n_machines; i++) {
        const struct maas_machine *one = maas_machine_at(m, i);

        for (size_t k = 0; !one->gone && k < one->n_nics; k++) {
            struct maas_held held = {.machine = one, .nic = &one->nics[k]};

            held.alloc = MAAS_ALLOC_SEEN;
            if (maas_ip_read(one->nics[k].lease, &held.ip))
                add(l, &held);
            held.alloc = MAAS_ALLOC_AUTO;
            if (maas_ip_read(one->nics[k].ip, &held.ip))
                add(l, &held);
        }
    }
}

static void used_add(const struct maas *m, struct list *l, bool racks)
{
    for (size_t i = 0; i < m->net.n_used; i++) {
        const struct maas_used *u = &m->net.used[i];
        const struct maas_held held = {
            .ip = u->ip, .alloc = u->alloc, .owner = u->owner, .made = u->made, .used = u};

        if ((u->rack[0] != '\0') == racks)
            add(l, &held);
    }
}

/* In the order in which they came to be, as far as it is known: controllers and BMCs stand first,
 * then what commissioning saw, then what users reserved. */
size_t maas_held_list(const struct maas *m, struct maas_held **ret)
{
    struct list l = {.n = 0};

    used_add(m, &l, true);
    bmcs_add(m, &l);
    nics_add(m, &l);
    used_add(m, &l, false);
    *ret = l.at;
    return l.n;
}

bool maas_ip_is_used(const struct maas *m, uint32_t ip)
{
    char text[MAAS_IP_MAX];
    uint32_t bmc;

    maas_ip_write(ip, text);
    for (size_t i = 0; i < m->net.n_used; i++)
        if (m->net.used[i].ip == ip)
            return true;
    for (size_t i = 0; i < m->n_machines; i++) {
        const struct maas_machine *one = maas_machine_at(m, i);

        for (size_t k = 0; !one->gone && k < one->n_nics; k++)
            if (text_is(one->nics[k].ip, text) || text_is(one->nics[k].lease, text))
                return true;
        if (!one->gone && maas_ip_within(maas_parameter(one, "power_address"), &bmc) && bmc == ip)
            return true;
    }
    return false;
}

bool maas_ip_in_range(const struct maas *m, uint32_t ip, bool dynamic)
{
    for (size_t i = 0; i < m->net.n_ranges; i++)
        if (m->net.ranges[i].dynamic == dynamic && ip >= m->net.ranges[i].start &&
            ip <= m->net.ranges[i].end)
            return true;
    return false;
}

int64_t maas_nic_number(struct maas *m)
{
    return ++m->next_nic_id;
}

size_t maas_machines_of(const struct maas *m, const char *owner)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_machines; i++)
        n += !maas_machine_at(m, i)->gone && text_is(maas_machine_at(m, i)->owner, owner);
    return n;
}
