/* What the tests of this program cite, for ci/clauses: one line a test and citation, before main
 * begins. Linked into every test program. */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct test_cite *const cites_first[] __asm__("__start_test_cites")
    __attribute__((weak));
extern const struct test_cite *const cites_end[] __asm__("__stop_test_cites") __attribute__((weak));

/* "GP54", "P3", "F11" */
static void cite_print(const char *test, int cite)
{
    const char *series = cite > CITE_F ? "F" : cite > CITE_P ? "P" : "GP";

    printf("%s %s%d\n", test, series, cite % CITE_P);
}

__attribute__((constructor)) static void test_cites_print(void)
{
    if (getenv("GATEPROOF_CITES") == NULL)
        return;
    for (const struct test_cite *const *at = cites_first; at < cites_end; at++)
        for (size_t i = 0; i < CITES_MAX && (*at)->clauses[i] != 0; i++)
            cite_print((*at)->test, (*at)->clauses[i]);
    fflush(stdout);
    _exit(0);
}
