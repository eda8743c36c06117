/* Points in time of a story: the N-th operation of a kind was asked, done, answered. One row an
 * operation; what a row does not name is no point. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

static const struct point_row {
    const char *op;
    enum site_server_id server;
    const char *asked; /* the server's own name of the operation */
    bool by_node;      /* else by the gateway */
} rows[] = {
    {"allocate", SITE_MAAS, "machines.allocate", false},
    {"deploy", SITE_MAAS, "machines.deploy", false},
    {"release", SITE_MAAS, "machines.release", false},
    {"read", SITE_MAAS, "machines.read", false},
    {"register", SITE_PALETTE, "register", false},
    {"claim", SITE_PALETTE, "claim", false},
    {"report", SITE_PALETTE, "report", false},
    {"handover", SITE_PALETTE, "handover", false},
    {"hello", SITE_PALETTE, "hello", true},
    {"fetch", SITE_PALETTE, "feed", false},
    {"mark", SITE_MAAS, "machines.annotate", false},
    {"name", SITE_MAAS, "dnsresources.create", false},
    {"unname", SITE_MAAS, "dnsresources.delete", false},
    {"enrol", SITE_PALETTE, "renew", false}, /* the first of them; then it renews its token */
    {"account", SITE_PALETTE, "account-create", false},
    {"record", SITE_PALETTE, "machine-post", false},
    {"released", SITE_PALETTE, "released", false},
};

_Static_assert(COUNTOF(rows) <= SITE_POINTS_MAX, "a counter for each operation");

int site_point_of(const struct site *s, const struct site_call *c)
{
    const char *op;

    (void)s;
    if (c->server == SITE_SERVERS || c->caller == SITE_USER)
        return -1;
    op = c->server == SITE_MAAS ? maas_op(&c->rq) : palette_op(&c->rq);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].server == c->server && text_is(rows[i].asked, op) &&
            rows[i].by_node == (c->caller >= SITE_NODE))
            return (int)i;
    return -1;
}

bool site_point_is_fetch(int point)
{
    return text_is(rows[point].op, "fetch");
}

/* The newest records tell whether the feed answer that was just made lists a cluster. */
static bool lists_work(const struct site *s)
{
    for (size_t i = s->journal->n; i-- > 0;) {
        const struct event *e = ev_list_at(s->journal, i);

        if (e->t < s->now || e->kind == EV_POINT)
            return false;
        if (e->kind == EV_PAL_WORK)
            return true;
    }
    return false;
}

void site_point(struct site *s, struct site_call *c, const char *phase)
{
    struct event e;

    if (c->nth == 0 && site_point_is_fetch(c->point) && !lists_work(s)) {
        c->point = -1;
        return;
    }
    if (c->nth == 0)
        c->nth = ++s->points[c->point];
    ev_init(&e, EV_POINT, s->now);
    ev_text_add(&e, EVF_OP, rows[c->point].op);
    ev_int_add(&e, EVF_COUNT, (int64_t)c->nth);
    ev_text_add(&e, EVF_PHASE, phase);
    site_put(s, EVS_ENGINE, &e);
    s->at_point = true;
}
