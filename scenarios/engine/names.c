#include "scenarios/engine/names.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DNS_PORT             53
#define QUESTIONS_A_WAKE_MAX 64
#define QUESTION_BYTES_MAX   1500

struct door {
    struct names *n;
    int fd;
    struct loop_watch *watch;
};

struct names {
    struct loop *loop;
    const struct lab *lab;
    const struct labnet *net;
    struct journal_ring *journal;
    const struct clk_domain *domain;
    size_t n_records;
    struct record {
        char name[DNS_NAME_MAX];
        char address[LAB_ADDRESS_MAX]; /* "": the record is gone, or points nowhere */
    } records[NAMES_RECORDS_MAX];
    size_t n_moved;
    struct record moved[NAMES_MOVED_MAX]; /* of the lab's names, by a story */
    size_t n_doors;
    struct door doors[NAMES_SOCKETS_MAX];
};

/* --- records of MAAS ----------------------------------------------------------------------------
 */

static struct record *record_of(struct names *n, const char *name)
{
    for (size_t i = 0; i < n->n_records; i++)
        if (text_is_nocase(n->records[i].name, name))
            return &n->records[i];
    if (n->n_records == NAMES_RECORDS_MAX)
        WRONG("more names in MAAS than NAMES_RECORDS_MAX");
    struct record *r = &n->records[n->n_records];
    if (!text_copy(r->name, sizeof(r->name), name))
        return NULL;
    n->n_records++;
    return r;
}

void names_record(struct names *n, const struct event *e)
{
    const char *addresses = ev_text(e, EVF_ANSWER);
    struct record *r = record_of(n, ev_text(e, EVF_NAME));
    if (r == NULL)
        return;
    r->address[0] = '\0';
    if (!text_is(ev_text(e, EVF_KIND), "deleted"))
        (void)text_next(&addresses, ' ', r->address, sizeof(r->address));
}

void names_answer(struct names *n, const char *name, const char *address)
{
    for (size_t i = 0; i < n->n_moved; i++)
        if (text_is_nocase(n->moved[i].name, name)) {
            (void)text_copy(n->moved[i].address, sizeof(n->moved[i].address), address);
            return;
        }
    if (n->n_moved == NAMES_MOVED_MAX)
        WRONG("more names were moved than NAMES_MOVED_MAX");
    (void)text_copy(n->moved[n->n_moved].name, sizeof(n->moved[0].name), name);
    (void)text_copy(n->moved[n->n_moved++].address, sizeof(n->moved[0].address), address);
}

const char *names_find(const struct names *n, const char *name)
{
    for (size_t i = 0; i < n->n_moved; i++)
        if (text_is_nocase(n->moved[i].name, name))
            return n->moved[i].address[0] != '\0' ? n->moved[i].address : NULL;
    for (size_t i = 0; i < n->n_records; i++)
        if (text_is_nocase(n->records[i].name, name) && n->records[i].address[0] != '\0')
            return n->records[i].address;
    return lab_resolve(n->lab, name);
}

bool names_at(const struct names *n, size_t i, const char **ret_name, const char **ret_address)
{
    if (i >= n->n_records)
        return false;
    *ret_name = n->records[i].name;
    *ret_address = n->records[i].address;
    return true;
}

/* --- questions ----------------------------------------------------------------------------------
 */

static void tell(struct names *n, const struct sockaddr_in *from, const char *name,
                 const char *answer)
{
    struct event e;
    char address[INET_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET, &from->sin_addr, address, sizeof(address));
    const struct lab_host *h = lab_host_at(n->lab, address);
    ev_init(&e, EV_DNS_ANSWER, clk_domain_ms(n->domain));
    ev_text_add(&e, EVF_FROM, h != NULL ? h->role : address);
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_ANSWER, answer);
    journal_put(n->journal, &e);
}

/* The record is written before the answer leaves. */
static void answer(struct door *d, const struct dns_question *q, const struct sockaddr_in *from)
{
    uint8_t out[DNS_PACKET_MAX];
    struct in_addr a = {0};
    const char *address = names_find(d->n, q->name);
    bool known = address != NULL && inet_pton(AF_INET, address, &a) == 1;
    bool is_a = known && q->type == DNS_A;
    size_t len = dns_answer_write(q, known ? DNS_OK : DNS_NO_NAME, is_a, ntohl(a.s_addr), out);
    if (q->type == DNS_A || !known)
        tell(d->n, from, q->name, known ? address : "NXDOMAIN");
    /* Lost like any datagram when the asker is gone. */
    (void)!sendto(d->fd, out, len, 0, (const struct sockaddr *)from, sizeof(*from));
}

static void on_question(void *arg, uint32_t events)
{
    struct door *d = arg;
    (void)events;
    for (int i = 0; i < QUESTIONS_A_WAKE_MAX; i++) {
        uint8_t bytes[QUESTION_BYTES_MAX];
        struct sockaddr_in from = {0};
        struct dns_question q;
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(d->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
        if (n < 0)
            return;
        if (!dns_question_read(bytes, (size_t)n, &q))
            continue;
        /* a span of the story, in the askers' own time, which may be faster */
        q.ttl_s = (uint32_t)ms_max(1, DNS_TTL_S / d->n->domain->factor);
        answer(d, &q, &from);
    }
}

static int door_open(struct names *n, size_t host_i, const char *address, struct err *e)
{
    struct door *d = &n->doors[n->n_doors];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
    if (n->n_doors == NAMES_SOCKETS_MAX)
        return err_set(e, -E2BIG, "lab %s: more than %d addresses of name servers", n->lab->name,
                       NAMES_SOCKETS_MAX);
    if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
        return err_set(e, -EINVAL, "name server at '%s': no IPv4 address", address);
    int fd = labnet_socket(n->net, labnet_host(n->net, host_i), AF_INET, SOCK_DGRAM, 0, e);
    if (fd < 0)
        return fd;
    *d = (struct door){.n = n, .fd = fd};
    n->n_doors++;
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return err_errno(e, "name server: bind %s port %d", address, DNS_PORT);
    return loop_watch_add(n->loop, fd, EPOLLIN, on_question, d, &d->watch, e);
}

int names_new(struct names **ret, struct loop *l, const struct lab *lab, const struct labnet *net,
              struct journal_ring *journal, const struct clk_domain *domain, struct err *e)
{
    struct names *n = calloc(1, sizeof(*n));
    int r = 0;
    if (n == NULL)
        WRONG("out of memory");
    *n = (struct names){.loop = l, .lab = lab, .net = net, .journal = journal, .domain = domain};
    for (size_t h = 0; net != NULL && h < lab->n_hosts && r == 0; h++)
        for (size_t i = 0; i < lab->hosts[h].n_links && r == 0; i++)
            if (text_is(lab->hosts[h].role, "dns"))
                r = door_open(n, h, lab->hosts[h].links[i].address, e);
    if (r < 0) {
        names_free(n);
        return r;
    }
    *ret = n;
    return 0;
}

void names_free(struct names *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->n_doors; i++) {
        loop_watch_remove(&n->doors[i].watch);
        close(n->doors[i].fd);
    }
    free(n);
}

const char *names_server(const struct lab *l, const struct lab_host *h)
{
    const char *first = NULL;
    for (size_t i = 0; i < l->n_hosts; i++) {
        if (!text_is(l->hosts[i].role, "dns"))
            continue;
        for (size_t k = 0; k < h->n_links; k++) {
            const char *near = labnet_address_in(&l->hosts[i], h->links[k].zone);
            if (near != NULL)
                return near;
        }
        if (first == NULL && l->hosts[i].n_links > 0)
            first = l->hosts[i].links[0].address;
    }
    return first;
}
