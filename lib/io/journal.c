/* Shared memory of a ring: a head page of counters, then JOURNAL_RING_BYTES of records. head and
 * tail count bytes since the beginning and never wrap; a record is its length (8 bytes), then the
 * event up to its last field, padded to 8 bytes. */
#include "lib/io/journal.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_MAGIC       UINT64_C(0x67706a726e6c3031) /* "gpjrnl01" */
#define RING_HEAD_BYTES  4096
#define RING_MAP_BYTES   (RING_HEAD_BYTES + JOURNAL_RING_BYTES)
#define COUNTER_BYTES    4096
#define JOURNAL_FILE_MAX MIB(512)

static_assert((JOURNAL_RING_BYTES & (JOURNAL_RING_BYTES - 1)) == 0, "the ring is a power of two");

/* Where the writer's chain stands once so many bytes are in the ring. Two of them, used in turn: a
 * writer that is killed in the middle of one leaves the other, and `head` says which one counts. */
struct ring_mark {
    uint64_t head, nth;
    char chain[EV_CHAIN_LEN + 1];
};

struct ring_head {
    uint64_t magic;
    uint64_t src;
    _Atomic uint64_t head; /* writer: bytes ever put */
    _Atomic uint64_t tail; /* reader: bytes ever taken */
    _Atomic uint64_t lost; /* writer: records that did not fit */
    struct ring_mark marks[2];
};

struct journal_ring {
    struct ring_head *shared;
    char *bytes; /* behind the head page */
    _Atomic uint64_t *counter;
    enum ev_src src;
    bool torn; /* reader: what is in the ring makes no sense */

    pthread_mutex_t lock; /* of the writers in this process; guards what follows */
    uint64_t nth, unsaid; /* lost and not yet said in a record */
    char chain[EV_CHAIN_LEN + 1];
    bool ended;
};

/* ---- shared memory ---- */

/* Sealed, so that a writer cannot shrink it under the reader. */
static int shared_new(const char *name, size_t size, int *ret_fd, struct err *e)
{
    int fd = memfd_create(name, MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int r = err_errno(e, "no shared memory for the journal");

        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int shared_map(int fd, size_t size, void **ret, struct err *e)
{
    struct stat st;
    void *map;

    if (fstat(fd, &st) < 0)
        return err_errno(e, "journal descriptor %d", fd);
    if ((size_t)st.st_size < size)
        return err_set(e, -EINVAL, "descriptor %d is no part of a journal: too small", fd);
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return err_errno(e, "journal descriptor %d cannot be mapped", fd);
    *ret = map;
    return 0;
}

static int ring_open(int counter_fd, int ring_fd, struct journal_ring **ret, struct err *e)
{
    void *counter = NULL, *shared = NULL;
    struct journal_ring *r;
    int code = shared_map(counter_fd, COUNTER_BYTES, &counter, e);

    if (code < 0)
        return code;
    code = shared_map(ring_fd, RING_MAP_BYTES, &shared, e);
    if (code < 0) {
        (void)munmap(counter, COUNTER_BYTES);
        return code;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        WRONG("out of memory");
    r->counter = counter;
    r->shared = shared;
    r->bytes = (char *)shared + RING_HEAD_BYTES;
    (void)pthread_mutex_init(&r->lock, NULL);
    *ret = r;
    return 0;
}

int journal_counter_new(int *ret_fd, struct err *e)
{
    return shared_new("journal-counter", COUNTER_BYTES, ret_fd, e);
}

int journal_ring_new(int counter_fd, enum ev_src src, int *ret_fd, struct journal_ring **ret,
                     struct err *e)
{
    struct journal_ring *r = NULL;
    int fd = -1, code = shared_new("journal-ring", RING_MAP_BYTES, &fd, e);

    if (code < 0)
        return code;
    code = ring_open(counter_fd, fd, &r, e);
    if (code < 0 || ret_fd == NULL)
        (void)close(fd);
    if (code < 0)
        return code;
    r->src = src;
    r->shared->src = (uint64_t)src;
    r->shared->magic = RING_MAGIC;
    if (ret_fd != NULL)
        *ret_fd = fd;
    *ret = r;
    return 0;
}

/* "COUNTER,RING" */
static bool fds_read(const char *text, int64_t ret[2])
{
    char part[16];
    const char *cursor = text;
    size_t n = 0;

    while (text_next(&cursor, ',', part, sizeof(part)))
        if (n == 2 || !text_int(part, 0, INT_MAX, &ret[n++]))
            return false;
    return n == 2;
}

/* A program that was started again goes on where the one before it stopped. */
void journal_take_over(struct journal_ring *r)
{
    const uint64_t head = atomic_load_explicit(&r->shared->head, memory_order_acquire);

    for (size_t i = 0; head > 0 && i < 2; i++) {
        const struct ring_mark *mark = &r->shared->marks[i];

        if (mark->head != head)
            continue;
        r->nth = mark->nth;
        (void)text_copy_len(r->chain, sizeof(r->chain), mark->chain, EV_CHAIN_LEN);
    }
}

int journal_ring_map(const char *fds, struct journal_ring **ret, struct err *e)
{
    struct journal_ring *r = NULL;
    int64_t fd[2];
    int code;

    if (!fds_read(fds, fd))
        return err_set(e, -EINVAL, "journal: '%s' is not COUNTER,RING, two descriptors", fds);
    code = ring_open((int)fd[0], (int)fd[1], &r, e);
    if (code < 0)
        return code;
    if (r->shared->magic != RING_MAGIC || r->shared->src >= EVS_COUNT) {
        journal_ring_free(r);
        return err_set(e, -EINVAL, "descriptor %d is no journal ring", (int)fd[1]);
    }
    r->src = (enum ev_src)r->shared->src;
    journal_take_over(r);
    (void)close((int)fd[0]);
    (void)close((int)fd[1]);
    *ret = r;
    return 0;
}

void journal_ring_free(struct journal_ring *r)
{
    if (r == NULL)
        return;
    (void)pthread_mutex_destroy(&r->lock);
    (void)munmap((void *)r->counter, COUNTER_BYTES);
    (void)munmap(r->shared, RING_MAP_BYTES);
    free(r);
}

/* ---- bytes in and out ---- */

static void ring_write(struct journal_ring *r, uint64_t at, const void *bytes, size_t len)
{
    size_t begin = (size_t)(at & (JOURNAL_RING_BYTES - 1));
    size_t first = len < JOURNAL_RING_BYTES - begin ? len : JOURNAL_RING_BYTES - begin;

    memcpy(r->bytes + begin, bytes, first);
    memcpy(r->bytes, (const char *)bytes + first, len - first);
}

static void ring_read(const struct journal_ring *r, uint64_t at, void *out, size_t len)
{
    size_t begin = (size_t)(at & (JOURNAL_RING_BYTES - 1));
    size_t first = len < JOURNAL_RING_BYTES - begin ? len : JOURNAL_RING_BYTES - begin;

    memcpy(out, r->bytes + begin, first);
    memcpy((char *)out + first, r->bytes, len - first);
}

static uint64_t padded(uint64_t len)
{
    return (len + 7) & ~UINT64_C(7);
}

/* ---- writing ---- */

static void mark_set(struct journal_ring *r, uint64_t head)
{
    struct ring_mark *mark = &r->shared->marks[r->nth % 2];

    mark->head = head;
    mark->nth = r->nth;
    (void)text_copy(mark->chain, sizeof(mark->chain), r->chain);
}

/* Under the lock. The number is taken as the last thing before the record is in the ring. */
static bool ring_put(struct journal_ring *r, struct event *e)
{
    uint64_t head = atomic_load_explicit(&r->shared->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&r->shared->tail, memory_order_acquire);
    uint64_t size = EVENT_HEAD_SIZE + e->len;

    if (head - tail + sizeof(size) + padded(size) > JOURNAL_RING_BYTES)
        return false;
    e->src = r->src;
    e->nth = ++r->nth;
    e->seq = atomic_fetch_add(r->counter, 1) + 1;
    ev_chain(e, r->chain, e->chain);
    (void)text_copy(r->chain, sizeof(r->chain), e->chain);
    ring_write(r, head, &size, sizeof(size));
    ring_write(r, head + sizeof(size), e, (size_t)size);
    mark_set(r, head + sizeof(size) + padded(size));
    atomic_store_explicit(&r->shared->head, head + sizeof(size) + padded(size),
                          memory_order_release);
    return true;
}

/* Adds `lost` when something is still to be said; a very full record has no place for the whole
 * number, and then the next one says it. */
static bool lost_say(const struct journal_ring *r, struct event *e)
{
    struct event with;

    if (r->unsaid == 0 || ev_has(e, EVF_LOST))
        return false;
    memcpy(&with, e, EVENT_HEAD_SIZE + e->len);
    ev_int_add(&with, EVF_LOST, (int64_t)r->unsaid);
    if (ev_int(&with, EVF_LOST) != (int64_t)r->unsaid)
        return false;
    memcpy(e, &with, EVENT_HEAD_SIZE + with.len);
    return true;
}

static void locked_put(struct journal_ring *r, struct event *e)
{
    bool says = lost_say(r, e);

    if (ring_put(r, e)) {
        r->unsaid = says ? 0 : r->unsaid;
        return;
    }
    r->unsaid++;
    atomic_fetch_add_explicit(&r->shared->lost, 1, memory_order_relaxed);
}

void journal_put(struct journal_ring *r, struct event *e)
{
    if (r == NULL)
        return;
    assert(ev_missing(e) == NULL);
    (void)pthread_mutex_lock(&r->lock);
    assert(!r->ended);
    locked_put(r, e);
    (void)pthread_mutex_unlock(&r->lock);
}

void journal_end(struct journal_ring *r, ms_t t)
{
    struct event e;

    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    if (!r->ended) {
        ev_init(&e, EV_WRITER_END, t);
        ev_int_add(&e, EVF_COUNT, (int64_t)r->nth);
        ev_text_add(&e, EVF_CHAIN_END, r->chain);
        locked_put(r, &e);
        r->ended = true;
    }
    (void)pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

/* A record another process wrote: false when it cannot be one. */
static bool record_read(const struct journal_ring *r, uint64_t at, uint64_t left, struct event *out,
                        uint64_t *ret_size)
{
    uint64_t size;

    if (left < sizeof(size))
        return false;
    ring_read(r, at, &size, sizeof(size));
    if (size < EVENT_HEAD_SIZE || size > sizeof(*out) || sizeof(size) + padded(size) > left)
        return false;
    ring_read(r, at + sizeof(size), out, (size_t)size);
    *ret_size = sizeof(size) + padded(size);
    return size == EVENT_HEAD_SIZE + out->len && (unsigned)out->kind < EV_COUNT &&
           out->src == r->src;
}

size_t journal_take(struct journal_ring *r, struct ev_list *out)
{
    uint64_t head = atomic_load_explicit(&r->shared->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->shared->tail, memory_order_relaxed);
    size_t n = 0;

    for (; tail != head && !r->torn; n++) {
        struct event e;
        uint64_t size;

        if (!record_read(r, tail, head - tail, &e, &size)) {
            r->torn = true;
            atomic_fetch_add_explicit(&r->shared->lost, 1, memory_order_relaxed);
            break;
        }
        ev_list_add(out, &e);
        tail += size;
    }
    atomic_store_explicit(&r->shared->tail, tail, memory_order_release);
    return n;
}

uint64_t journal_lost(const struct journal_ring *r)
{
    return atomic_load_explicit(&r->shared->lost, memory_order_relaxed);
}

/* ---- files ---- */

int journal_file_write(const char *path, const struct ev_list *l, struct err *e)
{
    SCOPED(buf_drop) struct buf b;

    buf_init(&b, JOURNAL_FILE_MAX);
    for (size_t i = 0; i < l->n; i++) {
        ev_json_write(&b, ev_list_at(l, i));
        buf_char_add(&b, '\n');
    }
    if (b.full)
        return err_set(e, -EFBIG, "%s: the journal is larger than %zu bytes", path,
                       (size_t)JOURNAL_FILE_MAX);
    return file_write(path, buf_text(&b), b.len, 0644, e);
}

static int lines_read(const struct buf *b, struct ev_list *out, struct err *e)
{
    const char *line = buf_text(b), *end = line + b->len;

    for (size_t number = 1; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        struct event event;
        int r;

        if (newline == NULL)
            return err_set(e, -EINVAL, "line %zu does not end: the file was cut", number);
        r = ev_json_read(line, (size_t)(newline - line), &event, e);
        if (r < 0)
            return err_at(e, "line %zu", number);
        ev_list_add(out, &event);
        line = newline + 1;
    }
    return 0;
}

int journal_file_read(const char *path, struct ev_list *ret, struct err *e)
{
    SCOPED(buf_drop) struct buf b;
    struct ev_list list;
    int r;

    buf_init(&b, JOURNAL_FILE_MAX);
    r = file_read(path, &b, e);
    if (r < 0)
        return r;
    ev_list_init(&list);
    r = lines_read(&b, &list, e);
    if (r < 0) {
        ev_list_drop(&list);
        (void)err_at(e, "%s", path);
        return r;
    }
    ev_list_drop(ret);
    *ret = list;
    return 0;
}
