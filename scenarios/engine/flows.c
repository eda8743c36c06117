#include "scenarios/engine/flows.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4

enum flow_state { FLOW_FREE, FLOW_OPEN, FLOW_TUNNEL, FLOW_KNOWN };

struct words { /* how far a flow's first bytes were read */
    uint8_t state;
    char target[PACKET_NAME_MAX]; /* of a CONNECT, until the tunnel's first bytes */
};

struct flow {
    uint32_t from, to, isn;
    uint16_t from_port, to_port;
    uint16_t link;
    uint64_t used;
    struct words words;
};

struct flows {
    size_t sets;
    uint64_t clock;
    struct flow at[];
};

struct flows *flows_new(size_t max)
{
    struct flows *f = calloc(1, sizeof(*f) + max * sizeof(f->at[0]));
    if (f == NULL)
        WRONG("out of memory");
    assert(max >= WAYS && (max & (max - 1)) == 0);
    f->sets = max / WAYS;
    return f;
}

void flows_free(struct flows *f)
{
    free(f);
}

static struct flow *set_of(struct flows *f, size_t link, const struct packet *p)
{
    uint64_t h = (uint64_t)p->from << 32 | p->to;
    h ^= ((uint64_t)p->from_port << 16 | p->to_port) * UINT64_C(0x9e3779b97f4a7c15) + link;
    h *= UINT64_C(0xff51afd7ed558ccd);
    return &f->at[((h >> 40) & (f->sets - 1)) * WAYS];
}

static bool is_flow(const struct flow *w, size_t link, const struct packet *p)
{
    return w->words.state != FLOW_FREE && w->link == link && w->from == p->from && w->to == p->to &&
           w->from_port == p->from_port && w->to_port == p->to_port;
}

static struct flow *find(struct flows *f, size_t link, const struct packet *p)
{
    struct flow *set = set_of(f, link, p);
    for (size_t i = 0; i < WAYS; i++)
        if (is_flow(&set[i], link, p)) {
            set[i].used = ++f->clock;
            return &set[i];
        }
    return NULL;
}

static struct flow *oldest(struct flow *set)
{
    struct flow *w = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].used < w->used)
            w = &set[i];
    return w;
}

bool flows_open(struct flows *f, size_t link, const struct packet *syn)
{
    struct flow *w = find(f, link, syn);
    if (w != NULL && w->isn == syn->seq)
        return false;
    if (w == NULL)
        w = oldest(set_of(f, link, syn));
    *w = (struct flow){.from = syn->from,
                       .to = syn->to,
                       .isn = syn->seq,
                       .from_port = syn->from_port,
                       .to_port = syn->to_port,
                       .link = (uint16_t)link,
                       .used = ++f->clock,
                       .words.state = FLOW_OPEN};
    return true;
}

static const char *known(struct words *w, const char *kind)
{
    w->state = FLOW_KNOWN;
    return kind;
}

static const char *first_bytes(struct words *w, const uint8_t *bytes, size_t len,
                               char name[PACKET_NAME_MAX])
{
    switch (packet_first(bytes, len, name)) {
    case FIRST_TLS:
        return known(w, "tls");
    case FIRST_HTTP:
        return known(w, "http");
    case FIRST_OTHER:
        return known(w, "other");
    case FIRST_CONNECT:
        break;
    }
    w->state = FLOW_TUNNEL;
    memcpy(w->target, name, PACKET_NAME_MAX);
    return NULL;
}

/* After a CONNECT: the hello through the tunnel, or another CONNECT (407 and again). What else goes
 * by is the CONNECT's own repetition or its headers' tail. */
static const char *tunnel_bytes(struct words *w, const uint8_t *bytes, size_t len,
                                char name[PACKET_NAME_MAX])
{
    switch (packet_first(bytes, len, name)) {
    case FIRST_TLS:
        memcpy(name, w->target, PACKET_NAME_MAX);
        return known(w, "connect+tls");
    case FIRST_CONNECT:
        memcpy(w->target, name, PACKET_NAME_MAX);
        return NULL;
    case FIRST_HTTP:
    case FIRST_OTHER:
        return NULL;
    }
    WRONG("no such kind of first bytes");
}

const char *flows_first(struct flows *f, size_t link, const struct packet *p,
                        char name[PACKET_NAME_MAX])
{
    struct flow *w = find(f, link, p);
    if (w == NULL || p->len == 0)
        return NULL;
    if (w->words.state == FLOW_OPEN)
        return p->seq == w->isn + 1 ? first_bytes(&w->words, p->payload, p->len, name) : NULL;
    return w->words.state == FLOW_TUNNEL ? tunnel_bytes(&w->words, p->payload, p->len, name) : NULL;
}

/* A client waits for the proxy's answer: a CONNECT's head ends what it sends at once. */
static size_t sent_at_once(const uint8_t *bytes, size_t len)
{
    static const char blank[] = "\r\n\r\n", connect[] = "CONNECT ";
    const size_t n = strlen(blank), word = strlen(connect);
    if (len < word || memcmp(bytes, connect, word) != 0)
        return len;
    for (size_t i = word; i + n <= len; i++)
        if (memcmp(bytes + i, blank, n) == 0)
            return i + n;
    return len;
}

const char *flows_kind(const void *bytes, size_t len, char name[PACKET_NAME_MAX])
{
    struct words w = {.state = FLOW_OPEN};
    const uint8_t *at = bytes;
    const char *kind = NULL;
    name[0] = '\0';
    while (len > 0 && kind == NULL) {
        size_t n = sent_at_once(at, len);
        kind = w.state == FLOW_OPEN ? first_bytes(&w, at, n, name) : tunnel_bytes(&w, at, n, name);
        at += n;
        len -= n;
    }
    return kind;
}
