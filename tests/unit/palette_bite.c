/* In the build of ci/clauses-bite GATEPROOF_BITE is the number of the refusal that does not bite.
 * Anything but a number prints how many there are and their names, a line each. */
#include "mock-palette/life.h"
#include "mock-palette/refusals.h"

#ifdef PALETTE_BITE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void rows_print(void)
{
    for (size_t i = 0; i < PAL_NO_COUNT; i++)
        printf("%zu %s %d %s\n", i, pal_refusals[i].name, pal_refusals[i].status,
               pal_refusals[i].clauses);
    for (size_t i = 0; i < pal_life_rules(); i++)
        printf("%zu life-%s\n", PAL_NO_COUNT + i, pal_life_rule(i));
    fflush(stdout);
    _exit(0);
}

__attribute__((constructor)) static void pull_tooth(void)
{
    const char *text = getenv("GATEPROOF_BITE");
    char *end;

    if (text == NULL)
        return;
    pal_toothless = strtoul(text, &end, 10);
    if (end == text)
        rows_print();
}
#endif
