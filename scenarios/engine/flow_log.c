#include "scenarios/engine/flow_log.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PLACES (FLOW_LOG_MAX * 2) /* of the table by which a flow is found */
#define NONE   UINT32_MAX

struct flow_log {
    size_t n;
    uint64_t lost;
    struct flow_entry *at;
    uint32_t newest[PLACES]; /* the newest flow of each chain */
    uint32_t older[FLOW_LOG_MAX];
    uint32_t newest_isn[PLACES]; /* the same, chained by the number of its SYN */
    uint32_t older_isn[FLOW_LOG_MAX];
};

struct flow_log *flow_log_new(void)
{
    struct flow_log *f = calloc(1, sizeof(*f));

    if (f == NULL || (f->at = calloc(FLOW_LOG_MAX, sizeof(*f->at))) == NULL)
        WRONG("out of memory");
    memset(f->newest, 0xff, sizeof(f->newest));
    memset(f->newest_isn, 0xff, sizeof(f->newest_isn));
    return f;
}

void flow_log_free(struct flow_log *f)
{
    if (f == NULL)
        return;
    free(f->at);
    free(f);
}

static size_t place_of(uint64_t h)
{
    return (size_t)(h * UINT64_C(0xff51afd7ed558ccd) >> 40) % PLACES;
}

/* Both directions of a flow are in one chain. */
static size_t chain_of(const struct packet *p)
{
    return place_of((uint64_t)(p->from_port ^ p->to_port) << 16 |
                    (uint16_t)(p->from_port + p->to_port));
}

static bool is_forth(const struct flow_entry *x, size_t link, const struct packet *p)
{
    return x->link == link && x->from == p->from && x->to == p->to &&
           x->from_port == p->from_port && x->to_port == p->to_port;
}

static bool is_back(const struct flow_entry *x, size_t link, const struct packet *p)
{
    return x->link == link && x->from == p->to && x->to == p->from && x->from_port == p->to_port &&
           x->to_port == p->from_port;
}

/* The same SYN further on, translated or not. A NAT keeps the number; the port from which it came
 * only while nobody else behind it uses the same. */
static bool is_further(const struct flow_entry *x, const struct packet *p)
{
    return x->isn == p->seq && x->to == p->to && x->to_port == p->to_port;
}

static struct flow_entry *find(struct flow_log *f, size_t link, const struct packet *p)
{
    for (uint32_t i = f->newest[chain_of(p)]; i != NONE; i = f->older[i])
        if (is_forth(&f->at[i], link, p) || is_back(&f->at[i], link, p))
            return &f->at[i];
    return NULL;
}

static void go_on(struct flow_log *f, const struct packet *p)
{
    for (uint32_t i = f->newest_isn[place_of(p->seq)]; i != NONE; i = f->older_isn[i])
        if (is_further(&f->at[i], p)) {
            f->at[i].seen_as = p->from;
            return;
        }
}

void flow_log_syn(struct flow_log *f, size_t link, const struct packet *p, bool begins, ms_t now)
{
    const size_t chain = chain_of(p), by_isn = place_of(p->seq);

    if (!begins) {
        go_on(f, p);
        return;
    }
    if (f->n == FLOW_LOG_MAX) {
        f->lost++;
        return;
    }
    f->at[f->n] = (struct flow_entry){.link = link,
                                      .from = p->from,
                                      .to = p->to,
                                      .from_port = p->from_port,
                                      .to_port = p->to_port,
                                      .isn = p->seq,
                                      .seen_as = p->from,
                                      .first = now,
                                      .last = now,
                                      .kind = ""};
    f->older[f->n] = f->newest[chain];
    f->newest[chain] = (uint32_t)f->n;
    f->older_isn[f->n] = f->newest_isn[by_isn];
    f->newest_isn[by_isn] = (uint32_t)f->n++;
}

/* Numbers count modulo 2^32; a flow of more is told short by that. */
static uint64_t bytes_since(uint32_t isn, const struct packet *p)
{
    const uint32_t n = p->seq - isn - 1 + (uint32_t)p->len;

    return n > INT32_MAX ? 0 : n; /* before its beginning: a reset with a number of its own */
}

void flow_log_turn(struct flow_log *f, size_t link, const struct packet *p, ms_t now)
{
    struct flow_entry *x = find(f, link, p);

    if (x == NULL)
        return;
    x->last = now;
    if (p->syn) {
        x->answered = true;
        x->answer_isn = p->seq;
    } else if (is_forth(x, link, p)) {
        x->sent = x->sent_known ? x->sent : bytes_since(x->isn, p);
        x->sent_known = true;
    } else if (x->answered) {
        x->received = x->received_known ? x->received : bytes_since(x->answer_isn, p);
        x->received_known = true;
    }
}

void flow_log_first(struct flow_log *f, size_t link, const struct packet *p, const char *kind,
                    const char *name)
{
    struct flow_entry *x = find(f, link, p);

    if (x == NULL || !is_forth(x, link, p))
        return;
    x->kind = kind;
    (void)text_copy(x->name, sizeof(x->name), name);
}

size_t flow_log_n(const struct flow_log *f)
{
    return f->n;
}

const struct flow_entry *flow_log_at(const struct flow_log *f, size_t i)
{
    assert(i < f->n);
    return &f->at[i];
}

uint64_t flow_log_lost(const struct flow_log *f)
{
    return f->lost;
}
