/* The machines a MAAS keeps: their memory, finding them, and the order in which Ready ones are
 * given away. Looking one up and choosing the cheapest cost the same among ten and ten thousand. */
#include "mock-maas/model.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define STEP 64 /* places that are added at a time */

static void *grown(void *list, size_t n, size_t size)
{
    void *more = realloc(list, n * size);

    if (!more)
        WRONG("out of memory");
    return more;
}

struct maas_machine *maas_machine_at(const struct maas *m, size_t i)
{
    assert(i < m->n_machines);
    return m->machines[i];
}

void maas_changed(struct maas *m, struct maas_machine *one)
{
    if (!one->shown || !one->shown->text)
        return;
    *m->n_shown -= one->shown->len;
    free(one->shown->text);
    one->shown->text = NULL;
}

/* --- by system id ----------------------------------------------------------------------------- */

static size_t slot_of(const struct maas *m, const char *system_id)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *system_id; system_id++)
        hash = (hash ^ (unsigned char)*system_id) * UINT64_C(1099511628211);
    return (size_t)(hash >> 8) & (m->n_slots - 1);
}

static void slot_take(struct maas *m, size_t machine)
{
    size_t slot = slot_of(m, m->machines[machine]->system_id);

    while (m->slots[slot])
        slot = (slot + 1) & (m->n_slots - 1);
    m->slots[slot] = (uint32_t)machine + 1;
}

static void slots_make(struct maas *m, size_t n)
{
    free(m->slots);
    m->slots = calloc(n, sizeof(m->slots[0]));
    if (!m->slots)
        WRONG("out of memory");
    m->n_slots = n;
    for (size_t i = 0; i < m->n_machines; i++)
        slot_take(m, i);
}

struct maas_machine *maas_machine_find(struct maas *m, const char *system_id)
{
    if (m->n_slots == 0)
        return NULL;
    for (size_t slot = slot_of(m, system_id); m->slots[slot];
         slot = (slot + 1) & (m->n_slots - 1)) {
        struct maas_machine *one = m->machines[m->slots[slot] - 1];

        if (one->gone || !text_is(one->system_id, system_id))
            continue;
        if (m->writing)
            maas_changed(m, one);
        return one;
    }
    return NULL;
}

struct maas_machine *maas_machine_named(struct maas *m, const char *hostname)
{
    for (size_t i = 0; i < m->n_machines; i++)
        if (!m->machines[i]->gone && text_is(m->machines[i]->hostname, hostname))
            return m->machines[i];
    return NULL;
}

/* --- Ready ones, the cheapest first ----------------------------------------------------------- */

static double cost(const struct maas_machine *one)
{
    return (double)one->cpu_count + (double)one->memory_mb / 1024;
}

/* Where it stands, or would. */
static size_t ready_place(const struct maas *m, const struct maas_machine *one)
{
    size_t low = 0, high = m->n_ready;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct maas_machine *other = m->ready[middle];
        const bool equal =
            !(other->ready_cost < one->ready_cost) && !(one->ready_cost < other->ready_cost);

        if (equal ? other->id < one->id : other->ready_cost < one->ready_cost)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void ready_drop(struct maas *m, struct maas_machine *one)
{
    const size_t at = ready_place(m, one);

    assert(at < m->n_ready && m->ready[at] == one);
    m->n_ready--;
    memmove(&m->ready[at], &m->ready[at + 1], (m->n_ready - at) * sizeof(m->ready[0]));
    one->ready = false;
}

static void ready_add(struct maas *m, struct maas_machine *one)
{
    size_t at;

    one->ready_cost = cost(one);
    at = ready_place(m, one);
    memmove(&m->ready[at + 1], &m->ready[at], (m->n_ready - at) * sizeof(m->ready[0]));
    m->ready[at] = one;
    m->n_ready++;
    one->ready = true;
}

void maas_ready_sort(struct maas *m, struct maas_machine *one)
{
    if (one->ready)
        ready_drop(m, one);
    if (one->listed && !one->gone && one->status == MAAS_READY)
        ready_add(m, one);
}

/* --- making and freeing ----------------------------------------------------------------------- */

/* Six letters as MAAS makes them: none that could be taken for another, no 3 or 4 in front. */
void maas_system_id_make(struct maas *m, char out[8])
{
    static const char letters[] = "34678abcdefghkmnpqrstwxy";
    char made[8];

    do {
        for (size_t i = 0; i < 6; i++)
            made[i] = letters[rng_between(&m->rng, i == 0 ? 2 : 0, (int64_t)sizeof(letters) - 2)];
        made[6] = '\0';
    } while (maas_machine_find(m, made));
    text_copy(out, 8, made);
}

void maas_uuid_make(const char *from, char out[37])
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * 16 + 1];
    size_t n = 0;

    digest_sha256(from, strlen(from), hash);
    text_hex(hash, 16, hex);
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[n++] = '-';
        out[n++] = hex[i];
    }
    out[n] = '\0';
}

struct maas_machine *maas_machine_new(struct maas *m, const char *system_id, const char *hostname)
{
    struct maas_machine *one;

    if (m->n_machines == MAAS_MACHINES_MAX)
        return NULL;
    one = calloc(1, sizeof(*one));
    if (!one)
        WRONG("out of memory");
    one->shown = calloc(1, sizeof(*one->shown));
    if (!one->shown)
        WRONG("out of memory");
    one->id = ++m->next_machine_id;
    one->netboot = true;
    one->power = MAAS_POWER_UNKNOWN;
    one->commissioning_status = one->testing_status = -1;
    one->zone = m->zones[0].id;
    one->pool = m->pools[0].id;
    for (size_t i = 0; i < MAAS_TIMER_COUNT; i++)
        one->at[i] = MS_NEVER;
    if (system_id)
        text_copy(one->system_id, sizeof(one->system_id), system_id);
    else
        maas_system_id_make(m, one->system_id);
    text_copy(one->hostname, sizeof(one->hostname), hostname);
    return one;
}

void maas_machine_list(struct maas *m, struct maas_machine *one)
{
    if (m->n_machines % STEP == 0) {
        m->machines = grown(m->machines, m->n_machines + STEP, sizeof(m->machines[0]));
        m->ready = grown(m->ready, m->n_machines + STEP, sizeof(m->ready[0]));
    }
    m->machines[m->n_machines++] = one;
    one->listed = true;
    if (m->n_slots < 4 * m->n_machines)
        slots_make(m, m->n_slots ? 4 * m->n_slots : 1024);
    else
        slot_take(m, m->n_machines - 1);
    maas_ready_sort(m, one);
}

void maas_machine_free(struct maas_machine *one)
{
    for (size_t i = 0; i < one->n_annotations; i++) {
        free(one->annotations[i].key);
        free(one->annotations[i].value);
    }
    for (size_t i = 0; i < one->n_parameters; i++)
        free(one->parameters[i].value);
    free(one->annotations);
    free(one->parameters);
    free(one->disks);
    free(one->nics);
    free(one->user_data);
    if (one->shown)
        free(one->shown->text);
    free(one->shown);
    free(one);
}

void maas_stock_drop(struct maas *m)
{
    for (size_t i = 0; i < m->n_machines; i++)
        maas_machine_free(m->machines[i]);
    for (size_t i = 0; i < m->n_inventory; i++)
        maas_machine_free(m->inventory[i]);
    for (size_t i = 0; i < m->n_hardware; i++)
        free(m->hardware[i]);
    free(m->machines);
    free(m->ready);
    free(m->slots);
    free(m->n_shown);
}

/* --- parts ------------------------------------------------------------------------------------ */

struct maas_nic *maas_nic_add(struct maas *m, struct maas_machine *one, const char *name,
                              const char *mac)
{
    struct maas_nic *nic;

    if (one->n_nics == MAAS_NICS_MAX)
        return NULL;
    one->nics = grown(one->nics, one->n_nics + 1, sizeof(one->nics[0]));
    nic = &one->nics[one->n_nics++];
    *nic = (struct maas_nic){.id = ++m->next_nic_id};
    text_copy(nic->name, sizeof(nic->name), name);
    text_copy(nic->mac, sizeof(nic->mac), mac);
    return nic;
}

struct maas_disk *maas_disk_add(struct maas *m, struct maas_machine *one, const char *name,
                                int64_t size)
{
    struct maas_disk *disk;

    if (one->n_disks == MAAS_DISKS_MAX)
        return NULL;
    one->disks = grown(one->disks, one->n_disks + 1, sizeof(one->disks[0]));
    disk = &one->disks[one->n_disks++];
    *disk = (struct maas_disk){.id = ++m->next_disk_id, .size = size, .block_size = 512};
    text_copy(disk->name, sizeof(disk->name), name);
    return disk;
}

static char *copied(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        WRONG("out of memory");
    return copy;
}

void maas_parameter_set(struct maas_machine *one, const char *name, const char *value)
{
    size_t i = 0;

    while (i < one->n_parameters && !text_is(one->parameters[i].name, name))
        i++;
    if (i == one->n_parameters) {
        one->parameters = grown(one->parameters, i + 1, sizeof(one->parameters[0]));
        one->parameters[i].value = NULL;
        text_copy(one->parameters[i].name, sizeof(one->parameters[0].name), name);
        one->n_parameters++;
    }
    free(one->parameters[i].value);
    one->parameters[i].value = copied(value);
}

const char *maas_parameter(const struct maas_machine *one, const char *name)
{
    for (size_t i = 0; i < one->n_parameters; i++)
        if (text_is(one->parameters[i].name, name))
            return one->parameters[i].value;
    return "";
}

/* --- annotations ------------------------------------------------------------------------------ */

size_t maas_annotation_find(const struct maas_machine *one, const char *key)
{
    size_t i = 0;

    while (i < one->n_annotations && !text_is(one->annotations[i].key, key))
        i++;
    return i;
}

static void annotation_drop(struct maas_machine *one, size_t i)
{
    free(one->annotations[i].key);
    free(one->annotations[i].value);
    one->n_annotations--;
    memmove(&one->annotations[i], &one->annotations[i + 1],
            (one->n_annotations - i) * sizeof(one->annotations[0]));
}

void maas_annotations_clear(struct maas_machine *one)
{
    while (one->n_annotations > 0)
        annotation_drop(one, one->n_annotations - 1);
}

/* An empty value takes the key away. false: no place. */
bool maas_annotation_set(struct maas_machine *one, const char *key, const char *value)
{
    const size_t i = maas_annotation_find(one, key);

    if (!*value) {
        if (i < one->n_annotations)
            annotation_drop(one, i);
        return true;
    }
    if (i == MAAS_ANNOTATIONS_MAX)
        return false;
    if (i == one->n_annotations) {
        one->annotations = grown(one->annotations, i + 1, sizeof(one->annotations[0]));
        one->annotations[i] = (struct maas_annotation){.key = copied(key)};
        one->n_annotations++;
    }
    free(one->annotations[i].value);
    one->annotations[i].value = copied(value);
    return true;
}
