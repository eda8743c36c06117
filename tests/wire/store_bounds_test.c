/* A store at its bounds: as many records as may be, each as large as it may be; and one more, which
 * no gateway wrote. */
#include "tests/test.h"

#include "gateway/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];

static void fill(struct store *s, size_t from, size_t n)
{
    static char bytes[GW_RECORD_MAX];
    struct err e;

    for (size_t i = from; i < from + n; i++) {
        char key[64];

        snprintf(key, sizeof(key), "cluster.%04zu", i);
        must(store_put(s, key, bytes, i == 0 ? GW_RECORD_MAX : 100, &e), &e);
    }
    must(store_sync(s, &e), &e);
}

static void as_many_records_as_may_be_come_back_and_one_more_is_damage(void **state)
{
    struct gw_record *records = NULL;
    struct store *s = NULL;
    size_t n = 0;
    struct err e;

    (void)state;
    must(store_open(&s, dir, STORE_RUN, &e), &e);
    fill(s, 0, GW_RECORDS_MAX);
    must(store_load(s, &records, &n, &e), &e);
    assert_int_equal(n, GW_RECORDS_MAX);
    assert_int_equal(records[0].len, GW_RECORD_MAX);
    store_records_free(records, n);

    fill(s, GW_RECORDS_MAX, 1);
    assert_int_equal(store_load(s, &records, &n, &e), -EUCLEAN);
    assert_non_null(strstr(e.text, "more records than any we wrote"));
    assert_non_null(strstr(e.text, "put a copy back"));
    store_close(s);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/store_bounds.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "lock"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(names); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)!unlink(path);
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_many_records_as_may_be_come_back_and_one_more_is_damage,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
