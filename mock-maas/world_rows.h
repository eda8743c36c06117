/* Sections of a world file: rows of JSON objects, and what is done with one (world_file.c,
 * world_machines.c). */
#ifndef MOCK_MAAS_WORLD_ROWS_H
#define MOCK_MAAS_WORLD_ROWS_H

#include "lib/base/jx.h"
#include "mock-maas/model.h"

struct maas_reading {
    struct maas *m;
    const char *section;
    struct err *e;
};
struct maas_section {
    const char *name;
    const struct jx_field *fields;
    size_t n_fields, size;
    int (*add)(void *arg, size_t i, const void *element);
};
extern const struct maas_section maas_section_hardware, maas_section_inventory,
    maas_section_machines;

/* "world: machines[3]: why"; always negative. */
int maas_world_refused(const struct maas_reading *r, size_t i, const char *why);
int maas_world_placed(bool done, const struct maas_reading *r, size_t i);

#endif
