/* Who waits for which key, and until when.
 *
 * A touch that falls between a request's way inside and its coming back to be parked must not be
 * lost: touches are counted, a request remembers the count at which it was sent, and the last
 * EDGE_TOUCHES_MAX keys are kept as hashes. A collision, or more touches than that, only makes us
 * ask once too often. */
#include "lib/io/edge.h"

#include <stdlib.h>
#include <string.h>

struct edge_key {
    LIST_ENTRY(edge_key) bucket;
    uint64_t hash;
    struct edge_conn_list waiting; /* by order of arrival */
    char name[HTTP_KEY_MAX];
};

static uint64_t key_hash(const char *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

void edge_park_init(struct edge_park *p)
{
    *p = (struct edge_park){0};
}

void edge_park_drop(struct edge_park *p)
{
    assert(p->n == 0);
    free(p->heap);
    p->heap = NULL;
    p->cap = 0;
}

/* --- keys ----------------------------------------------------------------------------------- */

static struct edge_key *key_find(struct edge_park *p, const char *name)
{
    uint64_t hash = key_hash(name);
    struct edge_key *k;

    LIST_FOREACH(k, &p->buckets[hash % EDGE_PARK_BUCKETS], bucket)
    if (k->hash == hash && strcmp(k->name, name) == 0)
        return k;
    return NULL;
}

static struct edge_key *key_make(struct edge_park *p, const char *name)
{
    struct edge_key *k = key_find(p, name);

    if (k)
        return k;
    k = calloc(1, sizeof(*k));
    if (!k)
        WRONG("out of memory");
    k->hash = key_hash(name);
    assert(strlen(name) < sizeof(k->name));
    memcpy(k->name, name, strlen(name) + 1);
    TAILQ_INIT(&k->waiting);
    LIST_INSERT_HEAD(&p->buckets[k->hash % EDGE_PARK_BUCKETS], k, bucket);
    return k;
}

/* Nearly always at the end; only with several connections inside can an older one come late. */
static void key_insert(struct edge_key *k, struct edge_conn *c)
{
    struct edge_conn *before = TAILQ_LAST(&k->waiting, edge_conn_list);

    while (before && before->nth > c->nth)
        before = TAILQ_PREV(before, edge_conn_list, queue);
    if (before)
        TAILQ_INSERT_AFTER(&k->waiting, before, c, queue);
    else
        TAILQ_INSERT_HEAD(&k->waiting, c, queue);
    c->key = k;
}

static void key_leave(struct edge_conn *c)
{
    struct edge_key *k = c->key;

    TAILQ_REMOVE(&k->waiting, c, queue);
    c->key = NULL;
    if (!TAILQ_EMPTY(&k->waiting))
        return;
    LIST_REMOVE(k, bucket);
    free(k);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static bool sooner(const struct edge_conn *a, const struct edge_conn *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->nth < b->nth;
}

static void heap_put(struct edge_park *p, size_t i, struct edge_conn *c)
{
    p->heap[i] = c;
    c->heap_i = i;
}

static void heap_up(struct edge_park *p, size_t i)
{
    struct edge_conn *c = p->heap[i];

    for (; i > 0 && sooner(c, p->heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap_put(p, i, p->heap[(i - 1) / 2]);
    heap_put(p, i, c);
}

static void heap_down(struct edge_park *p, size_t i)
{
    struct edge_conn *c = p->heap[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < p->n && sooner(p->heap[child + 1], p->heap[child]))
            child++;
        if (child >= p->n || !sooner(p->heap[child], c))
            break;
        heap_put(p, i, p->heap[child]);
        i = child;
    }
    heap_put(p, i, c);
}

static void heap_add(struct edge_park *p, struct edge_conn *c)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 64;
        p->heap = reallocarray(p->heap, p->cap, sizeof(struct edge_conn *));
        if (!p->heap)
            WRONG("out of memory");
    }
    heap_put(p, p->n++, c);
    heap_up(p, p->n - 1);
}

static void heap_remove(struct edge_park *p, struct edge_conn *c)
{
    size_t i = c->heap_i;
    struct edge_conn *last = p->heap[--p->n];

    assert(i <= p->n);
    if (last == c)
        return;
    heap_put(p, i, last);
    heap_up(p, i);
    heap_down(p, last->heap_i);
}

/* --- in and out ----------------------------------------------------------------------------- */

void edge_park_add(struct httpd *h, struct edge_conn *c, const char *key)
{
    assert(c->state == EDGE_ASKING && !c->queued && !c->up);
    c->state = EDGE_PARKED;
    key_insert(key_make(&h->park, key), c);
    heap_add(&h->park, c);
}

void edge_park_remove(struct httpd *h, struct edge_conn *c)
{
    assert(c->state == EDGE_PARKED);
    key_leave(c);
    heap_remove(&h->park, c);
}

static void wake(struct httpd *h, struct edge_conn *c)
{
    edge_park_remove(h, c);
    c->parked_before = true;
    edge_ask(c);
}

static void wake_key(struct httpd *h, const char *name)
{
    struct edge_key *k = key_find(&h->park, name);
    size_t left = 0;
    struct edge_conn *c;

    if (!k)
        return;
    TAILQ_FOREACH(c, &k->waiting, queue)
    left++;
    for (; left > 0; left--) /* the key goes with its last one */
        wake(h, TAILQ_FIRST(&k->waiting));
}

static void remember(struct edge_park *p, uint64_t hash)
{
    p->touches++;
    p->recent[p->touches % EDGE_TOUCHES_MAX] = hash;
}

bool edge_park_touched(const struct edge_park *p, const char *key, uint64_t since)
{
    uint64_t hash = key_hash(key);

    if (p->touches - since > EDGE_TOUCHES_MAX)
        return true;
    for (uint64_t i = since + 1; i <= p->touches; i++)
        if (p->recent[i % EDGE_TOUCHES_MAX] == hash || p->recent[i % EDGE_TOUCHES_MAX] == 0)
            return true;
    return false;
}

void edge_park_touch(struct httpd *h, const char *keys, bool all)
{
    char name[HTTP_KEY_MAX];

    if (all) {
        remember(&h->park, 0);
        while (h->park.n > 0)
            wake(h, h->park.heap[0]);
        return;
    }
    while (*keys) {
        size_t len = strcspn(keys, "\n");

        if (len > 0 && len < sizeof(name)) {
            memcpy(name, keys, len);
            name[len] = '\0';
            remember(&h->park, key_hash(name));
            wake_key(h, name);
        }
        keys += len + (keys[len] == '\n');
    }
}

void edge_park_expire(struct httpd *h, ms_t now)
{
    while (h->park.n > 0 && h->park.heap[0]->deadline <= now) {
        struct edge_conn *c = h->park.heap[0];

        c->park_over = true;
        wake(h, c);
    }
}

ms_t edge_park_next(const struct edge_park *p)
{
    return p->n > 0 ? p->heap[0]->deadline : MS_NEVER;
}
