/* The one place where a core ends the process: our own bug, or no memory left. */
#include "lib/base/base.h"

#include <stdio.h>
#include <stdlib.h>

void wrong(const char *file, int line, const char *why)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, why);
    abort();
}
