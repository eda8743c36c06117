/* manifest_read over any bytes; what is accepted has all that a start needs. */
#include "scenarios/engine/manifest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char file[] = "fuzz/gateway.json";
    struct manifest m;
    struct err e;

    if (manifest_read(file, (const char *)data, size, &m, &e) == 0)
        assert(m.n_command > 0 && m.n_clocks > 0 && m.start_seconds > 0 && m.stop_seconds > 0);
    else
        assert(strncmp(e.text, file, strlen(file)) == 0);
    return 0;
}
