/* Rogues of what is asked of MAAS: taken, kept, given back. The rest of the
 * gateway is untouched. */
#include "tests/rogues/rogue.h"

/* --- the table --- */

const struct gw_rogue gw_maas_rogues[] = {
    {.name = NULL},
};
