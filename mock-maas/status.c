/* A machine's statuses and which may follow which (facts: NODE_STATUS and its transitions in MAAS,
 * the same from 3.2 to 3.7). */
#include "mock-maas/machine.h"

#include <ctype.h>
#include <string.h>

/* clang-format off */
#define N(status) BIT(MAAS_##status)
static const struct {
    const char *name, *label;
    bool releasable;
    uint64_t next;
} rows[MAAS_STATUS_COUNT] = {
    [MAAS_NEW] = {"new", "New", false,
        N(COMMISSIONING) | N(MISSING) | N(READY) | N(RETIRED) | N(BROKEN) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_COMMISSIONING] = {"commissioning", "Commissioning", false,
        N(NEW) | N(FAILED_COMMISSIONING) | N(MISSING) | N(READY) | N(RETIRED) | N(BROKEN) |
        N(TESTING)},
    [MAAS_FAILED_COMMISSIONING] = {"failed_commissioning", "Failed commissioning", false,
        N(COMMISSIONING) | N(MISSING) | N(RETIRED) | N(BROKEN) | N(ENTERING_RESCUE_MODE) |
        N(TESTING)},
    [MAAS_MISSING] = {"missing", "Missing", false,
        N(NEW) | N(COMMISSIONING) | N(READY) | N(BROKEN) | N(ALLOCATED) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_READY] = {"ready", "Ready", false,
        N(COMMISSIONING) | N(MISSING) | N(RESERVED) | N(RETIRED) | N(BROKEN) | N(ALLOCATED) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_RESERVED] = {"reserved", "Reserved", true,
        N(MISSING) | N(READY) | N(RETIRED) | N(BROKEN) | N(ALLOCATED) | N(RELEASING) |
        N(DISK_ERASING) | N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_DEPLOYED] = {"deployed", "Deployed", true,
        N(MISSING) | N(READY) | N(BROKEN) | N(ALLOCATED) | N(RELEASING) | N(DISK_ERASING) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_RETIRED] = {"retired", "Retired", false,
        N(NEW) | N(MISSING) | N(READY) | N(BROKEN) | N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_BROKEN] = {"broken", "Broken", true,
        N(COMMISSIONING) | N(READY) | N(DEPLOYED) | N(RELEASING) | N(DISK_ERASING) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_DEPLOYING] = {"deploying", "Deploying", true,
        N(MISSING) | N(READY) | N(DEPLOYED) | N(BROKEN) | N(ALLOCATED) | N(FAILED_DEPLOYMENT) |
        N(RELEASING) | N(DISK_ERASING)},
    [MAAS_ALLOCATED] = {"allocated", "Allocated", true,
        N(MISSING) | N(READY) | N(RETIRED) | N(BROKEN) | N(DEPLOYING) | N(RELEASING) |
        N(DISK_ERASING) | N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_FAILED_DEPLOYMENT] = {"failed_deployment", "Failed deployment", true,
        N(MISSING) | N(READY) | N(BROKEN) | N(ALLOCATED) | N(RELEASING) | N(DISK_ERASING) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_RELEASING] = {"releasing", "Releasing", false,
        N(NEW) | N(MISSING) | N(READY) | N(RESERVED) | N(DEPLOYED) | N(BROKEN) | N(ALLOCATED) |
        N(FAILED_DEPLOYMENT) | N(FAILED_RELEASING) | N(FAILED_DISK_ERASING)},
    [MAAS_FAILED_RELEASING] = {"failed_releasing", "Releasing failed", true,
        N(READY) | N(BROKEN) | N(RELEASING) | N(DISK_ERASING) | N(TESTING)},
    [MAAS_DISK_ERASING] = {"disk_erasing", "Disk erasing", false,
        N(READY) | N(BROKEN) | N(RELEASING) | N(DISK_ERASING) | N(FAILED_DISK_ERASING)},
    [MAAS_FAILED_DISK_ERASING] = {"failed_disk_erasing", "Failed disk erasing", true,
        N(READY) | N(BROKEN) | N(ALLOCATED) | N(RELEASING) | N(DISK_ERASING) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
    [MAAS_RESCUE_MODE] = {"rescue_mode", "Rescue mode", false,
        N(BROKEN) | N(EXITING_RESCUE_MODE) | N(TESTING)},
    [MAAS_ENTERING_RESCUE_MODE] = {"entering_rescue_mode", "Entering rescue mode", false,
        N(READY) | N(DEPLOYED) | N(BROKEN) | N(RESCUE_MODE) | N(FAILED_ENTERING_RESCUE_MODE) |
        N(EXITING_RESCUE_MODE)},
    [MAAS_FAILED_ENTERING_RESCUE_MODE] = {"failed_entering_rescue_mode",
        "Failed to enter rescue mode", false,
        N(BROKEN) | N(ENTERING_RESCUE_MODE) | N(EXITING_RESCUE_MODE) | N(TESTING)},
    [MAAS_EXITING_RESCUE_MODE] = {"exiting_rescue_mode", "Exiting rescue mode", false,
        N(NEW) | N(FAILED_COMMISSIONING) | N(MISSING) | N(READY) | N(RESERVED) | N(DEPLOYED) |
        N(RETIRED) | N(BROKEN) | N(ALLOCATED) | N(FAILED_DEPLOYMENT) | N(FAILED_RELEASING) |
        N(FAILED_DISK_ERASING) | N(RESCUE_MODE) | N(FAILED_ENTERING_RESCUE_MODE) |
        N(FAILED_EXITING_RESCUE_MODE) | N(FAILED_TESTING)},
    [MAAS_FAILED_EXITING_RESCUE_MODE] = {"failed_exiting_rescue_mode",
        "Failed to exit rescue mode", false,
        N(BROKEN) | N(EXITING_RESCUE_MODE) | N(TESTING)},
    [MAAS_TESTING] = {"testing", "Testing", false,
        N(NEW) | N(COMMISSIONING) | N(MISSING) | N(READY) | N(RESERVED) | N(DEPLOYED) |
        N(RETIRED) | N(BROKEN) | N(ALLOCATED) | N(FAILED_DEPLOYMENT) | N(FAILED_RELEASING) |
        N(FAILED_DISK_ERASING) | N(FAILED_ENTERING_RESCUE_MODE) |
        N(FAILED_EXITING_RESCUE_MODE) | N(FAILED_TESTING)},
    [MAAS_FAILED_TESTING] = {"failed_testing", "Failed testing", false,
        N(COMMISSIONING) | N(MISSING) | N(READY) | N(DEPLOYED) | N(BROKEN) |
        N(ENTERING_RESCUE_MODE) | N(TESTING)},
};
#undef N
/* clang-format on */

const char *maas_status_name(enum maas_status s)
{
    assert((unsigned)s < MAAS_STATUS_COUNT);
    return rows[s].name;
}

const char *maas_status_label(enum maas_status s)
{
    assert((unsigned)s < MAAS_STATUS_COUNT);
    return rows[s].label;
}

/* The same status again is always fine. */
bool maas_status_may(enum maas_status from, enum maas_status to)
{
    assert((unsigned)from < MAAS_STATUS_COUNT && (unsigned)to < MAAS_STATUS_COUNT);
    return from == to || (rows[from].next & BIT(to)) != 0;
}

bool maas_status_releasable(enum maas_status s)
{
    assert((unsigned)s < MAAS_STATUS_COUNT);
    return rows[s].releasable;
}

static int letter(char c)
{
    return c == '-' || c == '_' ? ' ' : tolower((unsigned char)c);
}

static bool alike(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (letter(*a) != letter(*b))
            return false;
    return *a == *b;
}

enum maas_status maas_status_find(const char *text)
{
    unsigned s = 0;

    while (s < MAAS_STATUS_COUNT && !alike(text, rows[s].name) && !alike(text, rows[s].label))
        s++;
    return (enum maas_status)s;
}

const char *maas_power_name(enum maas_power p)
{
    static const char *const names[] = {"on", "off", "unknown", "error"};

    assert((unsigned)p < COUNTOF(names));
    return names[p];
}

static const struct {
    const char *name;
    ms_t takes;
} durations[MAAS_DURATION_COUNT] = {
    [MAAS_TAKES_POWER] = {"power", SECONDS(5)},
    [MAAS_TAKES_BOOT] = {"boot", MINUTES(3)},
    [MAAS_TAKES_DEPLOY] = {"deploy", MINUTES(10)},
    [MAAS_TAKES_RELEASE] = {"release", MINUTES(1)},
    [MAAS_TAKES_ERASE] = {"erase", MINUTES(20)},
    [MAAS_TAKES_COMMISSION] = {"commission", MINUTES(5)},
    [MAAS_TAKES_TEST] = {"test", MINUTES(2)},
    [MAAS_TAKES_RESCUE] = {"rescue", MINUTES(3)},
    [MAAS_LIMIT_DEPLOY] = {"limit-deploy", MINUTES(60)}, /* 3.5: half an hour (world.c) */
    [MAAS_LIMIT_RELEASE] = {"limit-release", MINUTES(5)},
    [MAAS_LIMIT_COMMISSION] = {"limit-commission", MINUTES(30)},
    [MAAS_LIMIT_RESCUE] = {"limit-rescue", MINUTES(30)},
};

const char *maas_duration_name(enum maas_duration d)
{
    assert((unsigned)d < MAAS_DURATION_COUNT);
    return durations[d].name;
}

ms_t maas_takes(enum maas_duration d)
{
    assert((unsigned)d < MAAS_DURATION_COUNT);
    return durations[d].takes;
}
