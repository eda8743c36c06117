/* lab_read over any bytes; what is accepted answers for every pair of its hosts. */
#include "scenarios/engine/lab.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lab *l = calloc(1, sizeof *l);
    struct err e;
    size_t i, k;

    if (!l)
        WRONG("no memory");
    if (lab_read("fuzz.json", (const char *)data, size, l, &e) == 0) {
        for (i = 0; i < l->n_hosts; i++)
            for (k = 0; k < l->n_hosts; k++)
                assert(lab_reaches(l, l->hosts[i].role, l->hosts[k].role, NULL) < REACH_COUNT);
        for (i = 0; i < l->n_hosts; i++)
            assert(lab_zone_of(l, l->hosts[i].links[0].address));
    } else {
        assert(strncmp(e.text, "fuzz.json: ", 11) == 0);
    }
    free(l);
    return 0;
}
