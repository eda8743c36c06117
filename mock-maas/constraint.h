/* The inside of constraints: one row each (constraint_rows.c), and what is done with a row
 * (constraints.c). */
#ifndef MOCK_MAAS_CONSTRAINT_H
#define MOCK_MAAS_CONSTRAINT_H

#include "mock-maas/model.h"

enum constraint_print { PRINT_VALUES, PRINT_TAGS, PRINT_ARCHES, PRINT_FLOAT };

struct constraint;
struct asked { /* one constraint of one request */
    const struct maas *m;
    const struct pairs *p;
    const struct constraint *row;
    unsigned where;
};
struct constraint {
    const char *name;
    unsigned where;
    /* The machine's own side: a text, a number, or neither when match does it all. */
    const char *(*text)(const struct maas *m, const struct maas_machine *one);
    int64_t (*number)(const struct maas_machine *one);
    bool not ; /* fits when the rest does not */
    bool (*match)(const struct asked *q, const struct maas_machine *one);
    /* Writes the complaint; nothing written: fine. */
    void (*check)(const struct asked *q, struct buf *complaint);
    const char *unit;            /* of a number, in its complaint */
    enum constraint_print print; /* as MAAS understood it */
};

size_t maas_constraint_table(const struct constraint **ret); /* by name */
/* The next value of the constraint's name from place *i on, or NULL. */
const char *maas_constraint_value(const struct asked *q, size_t *i);
double maas_constraint_smallest(const struct asked *q);
bool maas_float_read(const char *text, double *ret);
bool maas_tag_next(const char **rest, char *out, size_t size);
/* constraint_nets.c */
bool maas_subnets_all(const struct asked *q, const struct maas_machine *one);
bool maas_subnets_any(const struct asked *q, const struct maas_machine *one);
void maas_subnets_check(const struct asked *q, struct buf *complaint);
bool maas_vlans_any(const struct asked *q, const struct maas_machine *one);
void maas_vlans_check(const struct asked *q, struct buf *complaint);
bool maas_fabrics_any(const struct asked *q, const struct maas_machine *one);
bool maas_classes_any(const struct asked *q, const struct maas_machine *one);
void maas_interfaces_check(const char *wish, struct buf *complaint);
/* constraint_arches.c */
bool maas_arch_of(const struct asked *q, const struct maas_machine *one);
void maas_arch_check(const struct asked *q, struct buf *complaint);
void maas_arches_print(const struct asked *q, struct buf *out);

#endif
