#include "tests/test.h"

#include "lib/io/file.h"
#include "lib/io/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS    4
#define NOTES_EACH 2000

struct desk {
    int counter_fd, ring_fd;
    struct journal_ring *ring;
    struct ev_list list;
};

static void desk_begin(struct desk *d)
{
    struct err e;

    memset(d, 0, sizeof(*d));
    must(journal_counter_new(&d->counter_fd, &e), &e);
    must(journal_ring_new(d->counter_fd, EVS_MAAS, &d->ring_fd, &d->ring, &e), &e);
    ev_list_init(&d->list);
}

static void desk_end(struct desk *d)
{
    ev_list_drop(&d->list);
    journal_ring_free(d->ring);
    (void)close(d->ring_fd);
    (void)close(d->counter_fd);
}

static void note_put(struct journal_ring *r, ms_t t, const char *text)
{
    struct event e;

    ev_init(&e, EV_NOTE, t);
    ev_text_add(&e, EVF_TEXT, text);
    journal_put(r, &e);
}

/* What the judge will check of every writer: no gap in nth, and each link hangs on the one before.
 */
static void chain_must_hold(const struct ev_list *l)
{
    char before[EV_CHAIN_LEN + 1] = "";

    for (size_t i = 0; i < l->n; i++) {
        const struct event *e = ev_list_at(l, i);
        char want[EV_CHAIN_LEN + 1];

        assert_int_equal(e->nth, i + 1);
        ev_chain(e, before, want);
        assert_text(e->chain, want);
        memcpy(before, e->chain, sizeof(before));
    }
}

/* A mock that is killed and started again is one writer to the judge. */
static void a_program_started_again_goes_on_in_its_ring(void **state)
{
    struct desk d;

    (void)state;
    desk_begin(&d);
    for (int i = 0; i < 3; i++) {
        const pid_t child = fork();

        if (child == 0) {
            struct journal_ring *own = NULL;
            char fds[32];

            snprintf(fds, sizeof(fds), "%d,%d", d.counter_fd, d.ring_fd);
            if (journal_ring_map(fds, &own, NULL) < 0)
                _exit(1);
            note_put(own, i, "one");
            note_put(own, i, "two");
            abort(); /* no last word */
        }
        (void)waitpid(child, NULL, 0);
    }
    journal_take_over(d.ring);
    journal_end(d.ring, 9);
    assert_int_equal(journal_take(d.ring, &d.list), 7);
    chain_must_hold(&d.list);
    assert_int_equal(ev_int(ev_list_at(&d.list, 6), EVF_COUNT), 6);
    desk_end(&d);
}

static void records_come_out_as_they_went_in(void **state)
{
    struct desk d;

    (void)state;
    desk_begin(&d);
    note_put(d.ring, 5, "one");
    note_put(d.ring, 6, "two");
    assert_int_equal(journal_take(d.ring, &d.list), 2);
    assert_int_equal(journal_take(d.ring, &d.list), 0);
    journal_end(d.ring, 7);
    journal_end(d.ring, 8);
    assert_int_equal(journal_take(d.ring, &d.list), 1);
    assert_text(ev_text(ev_list_at(&d.list, 0), EVF_TEXT), "one");
    assert_int_equal(ev_list_at(&d.list, 1)->t, 6);
    assert_int_equal(ev_list_at(&d.list, 1)->src, EVS_MAAS);
    assert_int_equal(ev_list_at(&d.list, 2)->kind, EV_WRITER_END);
    assert_int_equal(ev_int(ev_list_at(&d.list, 2), EVF_COUNT), 2);
    assert_text(ev_text(ev_list_at(&d.list, 2), EVF_CHAIN_END), ev_list_at(&d.list, 1)->chain);
    chain_must_hold(&d.list);
    desk_end(&d);
}

/* Millions of bytes go through eight: every length meets the end of the ring sooner or later. */
static void the_ring_wraps_without_harm(void **state)
{
    char text[EV_VALUE_MAX];
    struct desk d;
    size_t n = 0;

    (void)state;
    desk_begin(&d);
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < 40000; i++) {
        text[i % 500] = '\0';
        note_put(d.ring, (ms_t)i, text);
        text[i % 500] = 'x';
        if (i % 10 != 9)
            continue;
        ev_list_clear(&d.list);
        assert_int_equal(journal_take(d.ring, &d.list), 10);
        for (size_t j = 0; j < 10; j++, n++)
            assert_int_equal(strlen(ev_text(ev_list_at(&d.list, j), EVF_TEXT)), n % 500);
    }
    assert_int_equal(journal_lost(d.ring), 0);
    desk_end(&d);
}

/* Silent loss would be the worst: a rule could pass because its evidence is missing. */
static void overflow_is_counted_and_said_in_the_next_record(void **state)
{
    char text[EV_VALUE_MAX];
    size_t put = 0, taken;
    struct desk d;

    (void)state;
    desk_begin(&d);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (; journal_lost(d.ring) < 3; put++)
        note_put(d.ring, (ms_t)put, text);
    taken = journal_take(d.ring, &d.list);
    assert_int_equal(taken, put - 3);
    note_put(d.ring, 1, "after");
    note_put(d.ring, 2, "later");
    assert_int_equal(journal_take(d.ring, &d.list), 2);
    assert_int_equal(ev_int(ev_list_at(&d.list, taken), EVF_LOST), 3);
    assert_false(ev_has(ev_list_at(&d.list, taken + 1), EVF_LOST));
    assert_int_equal(journal_lost(d.ring), 3);
    chain_must_hold(&d.list);
    desk_end(&d);
}

static void a_child_maps_what_it_inherited(void **state)
{
    struct desk d;
    int status;
    pid_t pid;

    (void)state;
    desk_begin(&d);
    pid = fork();
    if (pid == 0) {
        struct journal_ring *mine = NULL;
        char fds[32];
        struct err e;

        (void)snprintf(fds, sizeof(fds), "%d,%d", d.counter_fd, d.ring_fd);
        if (journal_ring_map(fds, &mine, &e) < 0)
            _exit(1);
        note_put(mine, 9, "from the child");
        journal_end(mine, 10);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(journal_take(d.ring, &d.list), 2);
    assert_text(ev_text(ev_list_at(&d.list, 0), EVF_TEXT), "from the child");
    assert_int_equal(ev_list_at(&d.list, 0)->src, EVS_MAAS);
    chain_must_hold(&d.list);
    desk_end(&d);
}

/* One number line for all writers: sorting by it is the common order. */
static void two_rings_share_one_order(void **state)
{
    struct journal_ring *other = NULL;
    struct desk d;
    struct err e;

    (void)state;
    desk_begin(&d);
    must(journal_ring_new(d.counter_fd, EVS_ENGINE, NULL, &other, &e), &e);
    note_put(d.ring, 0, "1");
    note_put(other, 0, "2");
    note_put(d.ring, 0, "3");
    assert_int_equal(journal_take(other, &d.list), 1);
    assert_int_equal(journal_take(d.ring, &d.list), 2);
    ev_list_sort(&d.list);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ev_list_at(&d.list, i)->seq, i + 1);
        assert_int_equal(ev_int(ev_list_at(&d.list, i), EVF_TEXT), i + 1);
    }
    journal_ring_free(other);
    desk_end(&d);
}

struct crowd {
    struct journal_ring *ring;
    atomic_uint *done;
};

static void *write_notes(void *arg)
{
    const struct crowd *c = arg;

    for (size_t i = 0; i < NOTES_EACH; i++)
        note_put(c->ring, (ms_t)i, "from a thread");
    atomic_fetch_add(c->done, 1);
    return NULL;
}

/* civetweb's threads and the edge write into one ring while the engine reads it. */
static void threads_write_while_one_reads(void **state)
{
    pthread_t threads[WRITERS];
    atomic_uint done = 0;
    struct crowd c;
    struct desk d;

    (void)state;
    desk_begin(&d);
    c = (struct crowd){.ring = d.ring, .done = &done};
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_notes, &c), 0);
    while (atomic_load(&done) < WRITERS)
        (void)journal_take(d.ring, &d.list);
    (void)journal_take(d.ring, &d.list);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(d.list.n, WRITERS * NOTES_EACH);
    for (size_t i = 0; i < d.list.n; i++)
        assert_int_equal(ev_list_at(&d.list, i)->seq, i + 1);
    chain_must_hold(&d.list);
    desk_end(&d);
}

/* A writer that went mad must not take the reader with it. */
static void nonsense_in_the_ring_is_counted_as_lost(void **state)
{
    const uint64_t absurd = UINT64_C(1) << 40;
    struct desk d;

    (void)state;
    desk_begin(&d);
    note_put(d.ring, 0, "whole");
    note_put(d.ring, 0, "to be torn");
    assert_int_equal(journal_take(d.ring, &d.list), 2);
    note_put(d.ring, 0, "torn");
    /* behind the head page, two records, and a length that cannot be */
    for (off_t at = 4096; at < 4096 + 4096; at += 8)
        assert_int_equal(pwrite(d.ring_fd, &absurd, sizeof(absurd), at), sizeof(absurd));
    assert_int_equal(journal_take(d.ring, &d.list), 0);
    assert_int_equal(journal_lost(d.ring), 1);
    assert_int_equal(journal_take(d.ring, &d.list), 0);
    assert_int_equal(journal_lost(d.ring), 1);
    desk_end(&d);
}

static void bad_descriptors_are_refused(void **state)
{
    struct journal_ring *r = NULL;
    struct err e;

    (void)state;
    must_fail(journal_ring_map("3", &r, &e), &e, -EINVAL,
              "journal: '3' is not COUNTER,RING, two descriptors");
    assert_int_equal(journal_ring_map("3,4,5", &r, &e), -EINVAL);
    assert_int_equal(journal_ring_map("9998,9999", &r, &e), -EBADF);
    assert_null(r);
    journal_put(NULL, NULL); /* a mock without a journal */
    journal_end(NULL, 0);
}

static void a_journal_survives_its_file(void **state)
{
    char folder[] = "/tmp/journal-test-XXXXXX", path[64], bad[64];
    struct ev_list back;
    struct desk d;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/j.jsonl", folder);
    (void)snprintf(bad, sizeof(bad), "%s/bad.jsonl", folder);
    desk_begin(&d);
    note_put(d.ring, 1500, "a \"quoted\" word\nand a line");
    note_put(d.ring, 1600, "");
    (void)journal_take(d.ring, &d.list);
    must(journal_file_write(path, &d.list, &e), &e);
    ev_list_init(&back);
    must(journal_file_read(path, &back, &e), &e);
    assert_int_equal(back.n, 2);
    assert_text(ev_text(ev_list_at(&back, 0), EVF_TEXT), "a \"quoted\" word\nand a line");
    chain_must_hold(&back);
    must(file_write(bad, "{\"kind\":\"no.such\"}\n", 19, 0600, &e), &e);
    assert_true(journal_file_read(bad, &back, &e) < 0);
    assert_non_null(strstr(e.text, "bad.jsonl: line 1: "));
    must(file_write(bad, "{\"kind\"", 7, 0600, &e), &e);
    assert_true(journal_file_read(bad, &back, &e) < 0);
    assert_non_null(strstr(e.text, "line 1 does not end: the file was cut"));
    assert_int_equal(back.n, 2);
    ev_list_drop(&back);
    desk_end(&d);
    (void)unlink(path);
    (void)unlink(bad);
    (void)rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(records_come_out_as_they_went_in),
        test(a_program_started_again_goes_on_in_its_ring),
        test(the_ring_wraps_without_harm),
        test(overflow_is_counted_and_said_in_the_next_record),
        test(a_child_maps_what_it_inherited),
        test(two_rings_share_one_order),
        test(threads_write_while_one_reads),
        test(nonsense_in_the_ring_is_counted_as_lost),
        test(bad_descriptors_are_refused),
        test(a_journal_survives_its_file),
    };

    return run_tests(tests);
}
