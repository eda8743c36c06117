#include "scenarios/engine/capture.h"

#include "scenarios/engine/flow_log.h"
#include "scenarios/engine/flows.h"
#include "scenarios/engine/lab_ways.h"
#include "scenarios/engine/packet.h"
#include "scenarios/engine/pcapng.h"
#include "scenarios/engine/sniffer.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CANARY_PORT       9    /* discard: nobody listens */
#define CANARY_FIRST_PORT 1009 /* source; below the kernel's own choice, so nobody else has it */
#define CANARY_ROUNDS     2
#define FILE_WAITING      KIB(64)
#define FILE_WAITING_MAX  (FILE_WAITING + KIB(4))

struct tap { /* a zone */
    struct capture *c;
    size_t zone_i;
    int canary[CANARY_ROUNDS]; /* sockets of the canaries, -1 */
    bool seen[CANARY_ROUNDS];
    bool told[LAUNCH_SECRETS_MAX];
};

struct capture {
    struct capture_config config;
    struct flows *flows;
    struct flow_log *log;
    struct sniffer *sniffer;
    int file; /* -1: packets are not kept, or enough are */
    size_t file_len;
    struct buf waiting; /* for the file */
    struct tap taps[LAB_ZONES_MAX];
};

/* --- records -----------------------------------------------------------------------------------
 */

static const char *role_at(const struct lab *l, const char *link, const char *address)
{
    const struct lab_host *h = lab_host_on(l, link, address, NULL);
    return h != NULL ? h->role : "";
}

static const char *zone_at(const struct lab *l, const char *link, const char *address)
{
    const struct lab_zone *z;
    (void)lab_host_on(l, link, address, &z);
    return z != NULL ? z->name : "";
}

struct ends { /* of a packet, as text */
    char from[16], to[16];
};

static struct ends ends_of(const struct packet *p)
{
    struct ends n;
    packet_address_write(p->from, n.from, sizeof(n.from));
    packet_address_write(p->to, n.to, sizeof(n.to));
    return n;
}

static void put(struct tap *t, struct event *e)
{
    journal_put(t->c->config.journal, e);
}

static void flow_event(struct tap *t, enum ev_kind kind, const struct packet *p, struct event *ret)
{
    const struct lab *l = t->c->config.lab;
    const char *link = l->zones[t->zone_i].name;
    struct ends n = ends_of(p);
    ev_init(ret, kind, clk_domain_ms(t->c->config.domain));
    ev_text_add(ret, EVF_FROM, role_at(l, link, n.from));
    ev_text_add(ret, EVF_TO, role_at(l, link, n.to));
    ev_text_add(ret, EVF_FROM_ZONE, zone_at(l, link, n.from));
    ev_text_add(ret, EVF_TO_ZONE, zone_at(l, link, n.to));
    ev_text_add(ret, EVF_FROM_IP, n.from);
    ev_text_add(ret, EVF_TO_IP, n.to);
    ev_int_add(ret, EVF_FROM_PORT, p->from_port);
    ev_int_add(ret, EVF_TO_PORT, p->to_port);
    ev_text_add(ret, EVF_LINK, link);
}

static void canary_seen(struct tap *t, int round)
{
    struct event e;
    if (t->seen[round])
        return;
    t->seen[round] = true;
    ev_init(&e, EV_TAP_CANARY, clk_domain_ms(t->c->config.domain));
    ev_text_add(&e, EVF_LINK, t->c->config.lab->zones[t->zone_i].name);
    ev_int_add(&e, EVF_COUNT, round + 1);
    put(t, &e);
}

static bool is_canary(struct tap *t, const struct packet *p)
{
    int round = p->from_port - CANARY_FIRST_PORT;
    if (p->to_port != CANARY_PORT || round < 0 || round >= CANARY_ROUNDS || t->canary[round] < 0)
        return false;
    canary_seen(t, round);
    return true;
}

/* Only on the source's own link, and never for what a router sends on: that flow was read where it
 * began. */
static bool begins_here(const struct tap *t, const struct packet *p)
{
    const struct lab *l = t->c->config.lab;
    const char *link = l->zones[t->zone_i].name;
    const struct lab_zone *z;
    struct ends n = ends_of(p);
    const struct lab_host *h = lab_host_on(l, link, n.from, &z);
    return z != NULL && text_is(z->name, link) && (h == NULL || !h->forward);
}

static void syn_seen(struct tap *t, const struct packet *p)
{
    const struct capture_config *c = &t->c->config;
    struct event e;
    if (is_canary(t, p) || !flows_open(t->c->flows, t->zone_i, p))
        return;
    flow_log_syn(t->c->log, t->zone_i, p, begins_here(t, p), clk_domain_ms(c->domain));
    flow_event(t, EV_FLOW_TRY, p, &e);
    put(t, &e);
    if (c->on_try == NULL)
        return;
    struct ends n = ends_of(p);
    c->on_try(c->arg, &(struct capture_try){c->lab->zones[t->zone_i].name, n.from, n.to,
                                            p->from_port, p->to_port});
}

static void first_words(struct tap *t, const struct packet *p)
{
    struct event e;
    char name[PACKET_NAME_MAX];
    if (!begins_here(t, p))
        return;
    const char *kind = flows_first(t->c->flows, t->zone_i, p, name);
    if (kind == NULL)
        return;
    flow_log_first(t->c->log, t->zone_i, p, kind, name);
    flow_event(t, EV_FLOW_FIRST, p, &e);
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_SNI, name);
    put(t, &e);
}

static bool may_cross(const struct lab *l, const char *link, const struct packet *p,
                      const char *secret)
{
    struct ends n = ends_of(p);
    return text_begins(secret, "maas-") &&
           (text_is(role_at(l, link, n.from), "maas") || text_is(role_at(l, link, n.to), "maas"));
}

static void clear_text(struct tap *t, const struct packet *p)
{
    const struct secrets *all = t->c->config.secrets;
    struct event e;
    for (size_t i = 0; all != NULL && i < all->n; i++) {
        const struct secret *s = &all->at[i];
        if (t->told[i] || memmem(p->payload, p->len, s->value, strlen(s->value)) == NULL ||
            may_cross(t->c->config.lab, t->c->config.lab->zones[t->zone_i].name, p, s->name))
            continue;
        t->told[i] = true;
        flow_event(t, EV_SECRET_HIT, p, &e);
        ev_text_add(&e, EVF_NAME, s->name);
        ev_text_add(&e, EVF_WHERE, "clear text");
        put(t, &e);
    }
}

/* --- the file ----------------------------------------------------------------------------------
 */

static void flush(struct capture *c)
{
    if (c->file >= 0 &&
        write(c->file, c->waiting.data, c->waiting.len) != (ssize_t)c->waiting.len) {
        close(c->file); /* a full disk: the verdicts do not hang on it */
        c->file = -1;
    }
    c->file_len += c->waiting.len;
    buf_clear(&c->waiting);
}

static void keep(struct capture *c, size_t zone_i, const uint8_t *bytes, const struct packet *p)
{
    if (c->file < 0 || c->file_len + c->waiting.len > CAPTURE_FILE_MAX)
        return;
    pcapng_packet(&c->waiting, zone_i, SECONDS(c->config.epoch_s) + clk_domain_ms(c->config.domain),
                  bytes, p);
    if (c->waiting.len > FILE_WAITING)
        flush(c);
}

static int file_open(struct capture *c, struct err *e)
{
    const char *links[LAB_ZONES_MAX];
    if (c->config.packets == NULL || c->config.packets[0] == '\0')
        return 0;
    c->file = open(c->config.packets, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (c->file < 0)
        return err_errno(e, "make %s", c->config.packets);
    for (size_t i = 0; i < c->config.lab->n_zones; i++)
        links[i] = c->config.lab->zones[i].name;
    pcapng_begin(&c->waiting, links, c->config.lab->n_zones);
    return 0;
}

/* --- life --------------------------------------------------------------------------------------
 */

static void on_packet(void *arg, int port, const uint8_t *bytes, size_t len)
{
    struct capture *c = arg;
    size_t zone_i = labnet_zone_of_port(c->config.net, port);
    struct packet p;
    if (zone_i == SIZE_MAX || !packet_read(bytes, len, &p))
        return;
    struct tap *t = &c->taps[zone_i];
    if (p.syn && !p.ack)
        syn_seen(t, &p);
    else if (p.syn || p.fin || p.rst)
        flow_log_turn(c->log, zone_i, &p, clk_domain_ms(c->config.domain));
    keep(c, zone_i, bytes, &p);
    if (p.len == 0)
        return;
    first_words(t, &p);
    clear_text(t, &p);
}

int capture_new(struct capture **ret, const struct capture_config *config, struct err *e)
{
    struct capture *c = calloc(1, sizeof(*c));
    if (c == NULL)
        WRONG("out of memory");
    c->config = *config;
    c->flows = flows_new(CAPTURE_FLOWS);
    c->log = flow_log_new();
    c->file = -1;
    buf_init(&c->waiting, FILE_WAITING_MAX);
    for (size_t i = 0; i < LAB_ZONES_MAX; i++)
        c->taps[i] = (struct tap){.c = c, .zone_i = i, .canary = {-1, -1}};
    int r = file_open(c, e);
    if (r == 0)
        r = sniffer_new(&c->sniffer, config->loop, config->net, on_packet, c, e);
    if (r < 0) {
        capture_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void capture_free(struct capture *c)
{
    if (c == NULL)
        return;
    sniffer_free(c->sniffer);
    for (size_t i = 0; i < LAB_ZONES_MAX; i++)
        for (size_t k = 0; k < CANARY_ROUNDS; k++)
            if (c->taps[i].canary[k] >= 0)
                close(c->taps[i].canary[k]);
    flush(c);
    if (c->file >= 0)
        close(c->file);
    buf_drop(&c->waiting);
    flow_log_free(c->log);
    flows_free(c->flows);
    free(c);
}

/* --- canaries and drops ------------------------------------------------------------------------
 */

/* The canary sends. Its target is at the end of a wire that costs nothing: a slow one is a
 * program's, and until that program has its turn nobody hears the kernel ask for an address, which
 * it does for three seconds of its own and then gives up. */
static bool serves(const struct lab_host *h, const struct lab_link *link, bool target)
{
    return target ? link->delay_ms == 0 && link->loss_percent == 0 : text_is(h->role, "canary");
}

/* The first of the zone that serves, else its first; for a target anybody but `other`. */
static const struct lab_host *canary_host(const struct lab *l, const char *zone, bool target,
                                          const struct lab_host *other)
{
    const struct lab_host *first = NULL;
    for (size_t i = 0; i < l->n_hosts; i++) {
        const struct lab_host *h = &l->hosts[i];
        const struct lab_link *link = lab_link_in(h, zone);
        if (link == NULL || h == other)
            continue;
        if (serves(h, link, target))
            return h;
        first = first != NULL ? first : h;
    }
    return first;
}

static int canary_send(struct tap *t, int round, struct err *e)
{
    const struct lab *l = t->c->config.lab;
    const struct labnet *net = t->c->config.net;
    const char *zone = l->zones[t->zone_i].name;
    const struct lab_host *from = canary_host(l, zone, false, NULL);
    const struct lab_host *to = from != NULL ? canary_host(l, zone, true, from) : NULL;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(CANARY_PORT)};
    struct sockaddr_in b = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)(CANARY_FIRST_PORT + round))};
    if (to == NULL) /* one host alone: nothing can cross the link */
        return 0;
    if (inet_pton(AF_INET, labnet_address_in(to, zone), &a.sin_addr) != 1 ||
        inet_pton(AF_INET, labnet_address_in(from, zone), &b.sin_addr) != 1)
        return err_set(e, -EINVAL, "canary of %s: no IPv4 address", zone);
    int fd = labnet_socket(net, labnet_host(net, labnet_host_index(l, from)), AF_INET, SOCK_STREAM,
                           0, e);
    if (fd < 0)
        return fd;
    t->canary[round] = fd;
    if (bind(fd, (struct sockaddr *)&b, sizeof(b)) < 0)
        return err_errno(e, "bind the canary of %s", zone);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS)
        return err_errno(e, "send the canary of %s", zone);
    return 0;
}

int capture_canaries(struct capture *c, int round, struct err *e)
{
    int r = 0;
    assert(round >= 1 && round <= CANARY_ROUNDS);
    for (size_t i = 0; i < c->config.lab->n_zones && r == 0; i++)
        r = canary_send(&c->taps[i], round - 1, e);
    return r;
}

bool capture_canaries_seen(const struct capture *c, int round)
{
    for (size_t i = 0; i < c->config.lab->n_zones; i++)
        if (!c->taps[i].seen[round - 1])
            return false;
    return true;
}

void capture_drops(struct capture *c, uint64_t lost_elsewhere)
{
    int64_t lost = (int64_t)(sniffer_lost(c->sniffer) + lost_elsewhere);
    for (size_t i = 0; i < c->config.lab->n_zones; i++) {
        struct event e;
        ev_init(&e, EV_TAP_DROPS, clk_domain_ms(c->config.domain));
        ev_text_add(&e, EVF_LINK, c->config.lab->zones[i].name);
        ev_int_add(&e, EVF_LOST, lost);
        put(&c->taps[i], &e);
    }
}

static void flow_tell(struct capture *c, const struct flow_entry *x)
{
    const struct packet p = {
        .from = x->from, .to = x->to, .from_port = x->from_port, .to_port = x->to_port};
    struct event e;
    char outside[16];
    flow_event(&c->taps[x->link], EV_FLOW_END, &p, &e);
    packet_address_write(x->seen_as, outside, sizeof(outside));
    ev_text_add(&e, EVF_SEEN_AS, outside);
    ev_text_add(&e, EVF_KIND, x->kind);
    ev_text_add(&e, EVF_SNI, x->name);
    ev_int_add(&e, EVF_FIRST, x->first);
    ev_int_add(&e, EVF_LAST, x->last);
    ev_int_add(&e, EVF_SENT, (int64_t)x->sent);
    ev_int_add(&e, EVF_RECEIVED, (int64_t)x->received);
    put(&c->taps[x->link], &e);
}

void capture_flows(struct capture *c)
{
    struct event e;
    for (size_t i = 0; i < flow_log_n(c->log); i++)
        flow_tell(c, flow_log_at(c->log, i));
    if (flow_log_lost(c->log) == 0)
        return;
    ev_init(&e, EV_NOTE, clk_domain_ms(c->config.domain));
    ev_text_add(&e, EVF_TEXT, "more flows than are told as a whole");
    ev_int_add(&e, EVF_COUNT, (int64_t)flow_log_lost(c->log));
    put(&c->taps[0], &e);
}
