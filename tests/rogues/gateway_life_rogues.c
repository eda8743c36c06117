/* Rogues of a cluster's life: begun, handed over, deleted. The rest of the
 * gateway is untouched. */
#include "tests/rogues/rogue.h"

/* --- the table --- */

const struct gw_rogue gw_life_rogues[] = {
    {.name = NULL},
};
