/* What each operation's answers rest on. tests/contract/replay_test.py holds "recorded" against the
 * recordings: whoever claims more, or less, is red. */
#include "mock-maas/model.h"

const char *maas_basis(size_t route)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);
    unsigned flags;

    assert(route < n);
    flags = routes[route].flags;
    if ((flags & MAAS_RECORDED_37) && (flags & MAAS_RECORDED_35))
        return "recorded (3.5.12, 3.7.3)";
    if (flags & (MAAS_RECORDED_37 | MAAS_RECORDED_35))
        return flags & MAAS_RECORDED_37 ? "recorded (3.7.3)" : "recorded (3.5.12)";
    if (flags & MAAS_INVENTED)
        return "invented";
    if (routes[route].handle == maas_unmodelled)
        return "invented (501 to who would be allowed)";
    return "read in source (3.7)";
}

static const struct maas_deviation deviations[] = {
    {"names of machines that come without one", "invented",
     "two English words of a list of ours; MAAS has its own list"},
    {"get_curtin_config", "invented",
     "network and disks of the machine, in curtin's form; MAAS adds archives and hooks"},
    {"clone", "invented",
     "is accepted and changes nothing but sizes; MAAS copies interfaces and storage"},
    {"a second link on one interface", "invented", "takes the place of the first; MAAS adds it"},
    {"durations", "invented", "of the world, in domain time; MAAS takes what hardware takes"},
    {"status monitor", "read in source (3.5, 3.7)", "the same spans, in domain time"},
    {"nonces that are kept", "invented",
     "the newest 8,192; MAAS keeps all of the last five minutes"},
    {"a request without an end", "deliberately stricter", "408 after 60 s"},
    {"a body of more than 4 MiB", "deliberately stricter", "413"},
    {"a form of more than 64 fields", "deliberately stricter", "is an empty form"},
    {"all bodies together above 256 MiB", "deliberately stricter", "503"},
    {"resources without end", "deliberately stricter",
     "each kind has a number of places (net.h, rest.h)"},
};

size_t maas_deviations(const struct maas_deviation **ret)
{
    *ret = deviations;
    return COUNTOF(deviations);
}
