/* Rogues of clusters that run by themselves: their names, nodes, health and machines. The rest of
 * the gateway is untouched. */
#include "tests/rogues/rogue.h"

/* --- the table --- */

const struct gw_rogue gw_rest_rogues[] = {
    {.name = NULL},
};
