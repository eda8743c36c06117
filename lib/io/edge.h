/* Inside io_httpd only (lib/io/httpd.h is the door): the structs and calls its files share.
 *
 *   httpd.c          start, stop, accepting, the graveyard
 *   edge_stream.c    bytes over one socket, plain or TLS
 *   edge_conn.c      one client's connection: read, frame, ask, close
 *   edge_answer.c    what is written to it
 *   edge_http.c      framing (own header; pure), with edge_rules.c
 *   edge_park.c      who waits for which key and until when
 *   edge_point.c     stops at the phases of a request that somebody wants to see
 *   edge_upstream.c  the pool of connections to civetweb, the queue, the pump
 *   edge_reply.c     what comes back on them
 *   edge_wire.c      misdeeds that a mock was told to have, and patience with clients
 *   edge_civet.c     civetweb's side: the one handler, the lock, the journal
 *
 * Threads: everything runs on the loop's thread but edge_civet.c's handler. What both touch is in
 * struct edge_app, behind its lock. Domain time is read on the loop's thread.
 * Memory: a connection that ends is put into the graveyard and freed when the callback that ended
 * it is done (edge_reap), so that no caller on the way up holds a dangling pointer. */
#ifndef IO_EDGE_H
#define IO_EDGE_H

#include "lib/io/edge_http.h"
#include "lib/io/httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define EDGE_POOL_MAX      16
#define EDGE_READ_MAX      KIB(16) /* one read */
#define EDGE_READS_MAX     16      /* reads of one connection in one wake */
#define EDGE_PENDING_MAX   KIB(64) /* bytes read ahead while a request is worked on */
#define EDGE_ACCEPTS_MAX   64      /* accepted in one wake, so that nobody starves */
#define EDGE_REFUSED_MAX   64      /* connections beyond the limit that are told so */
#define EDGE_REPLY_MAX     (HTTP_ANSWER_MAX + MIB(1)) /* head and body */
#define EDGE_HANDED_MIN    KIB(8)   /* bodies from here on are handed over in memory, not sent */
#define EDGE_WRITE_MAX     KIB(256) /* one write */
#define EDGE_WRITES_MAX    4        /* writes of one connection in one wake */
#define EDGE_ANSWERS_MAX   MIB(768) /* long bodies that wait for slow readers, together */
#define EDGE_LINGER_MS     2000     /* read on after an answer that closes … */
#define EDGE_LINGER_BYTES  MIB(1)   /* … and at most that much */
#define EDGE_COOKIE_BYTES  16
#define EDGE_REQUEST_MS    60000    /* own time from a request's first byte to its last */
#define EDGE_BODIES_MAX    MIB(256) /* all requests that are being read */
#define EDGE_REOPEN_MS     1000     /* before a port that was taken is asked for again */
#define EDGE_TOUCHES_MAX   256      /* remembered for requests that are on their way */
#define EDGE_PARK_BUCKETS  1024
#define EDGE_INNER_HEADERS 7 /* put first: civetweb drops what comes beyond 64 */

/* --- the application's side of the lock ------------------------------------------------------ */

/* What the application wants of the edge itself. All zero: nothing. */
struct edge_deed {
    ms_t refuse_ms;
    enum http_certificate certificate;
    bool drop;
};

/* What a handler says besides its answer. One per pool connection. */
struct edge_ticket {
    bool done;       /* the handler ran */
    bool lose, hang; /* the client is to hear nothing (http_reply) */
    struct http_wire wire;
    struct edge_deed deed;
    char park_key[HTTP_KEY_MAX];
    ms_t park_ms;
    struct buf touched;
    struct buf body; /* handed over: what civetweb sends has none */
};

struct edge_app {
    pthread_mutex_t lock; /* the application, the tickets, the order of events */
    void *app;
    httpd_handle_fn *handle;
    httpd_due_fn *due;
    httpd_tick_fn *tick;
    httpd_met_fn *met;
    bool hands_over; /* long bodies, to an edge in this process */
    struct journal_ring *journal;
    char cookie[2 * EDGE_COOKIE_BYTES + 1];
    _Atomic ms_t due_at; /* as the application said it when it last ran */
    struct edge_ticket tickets[EDGE_POOL_MAX];
};

void edge_app_start(struct edge_app *a, const struct httpd_config *c);
void edge_app_stop(struct edge_app *a);

struct edge_civet;
int edge_civet_start(struct edge_civet **ret, struct edge_app *app, int pool, struct err *e);
int edge_civet_port(const struct edge_civet *v);
void edge_civet_stop(struct edge_civet *v);
/* Writes the events of a reply to the journal, in order. The lock is held. */
void edge_app_journal(struct edge_app *a, const struct http_reply *rp);
/* On the loop's thread, with no request on its way. Events go to the journal, touched keys to
 * ret_touched (taken over by the caller). */
void edge_app_tick(struct edge_app *a, ms_t now, struct buf *ret_touched);
/* The same with words for the application instead of time; it may want something, too. */
void edge_app_tell(struct edge_app *a, httpd_words_fn *fn, ms_t now, const char *words,
                   struct buf *ret_touched, struct edge_deed *ret_deed);
/* A client met that misdeed of the door; seen: an event that goes before, or NULL. */
void edge_app_met(struct edge_app *a, ms_t now, const char *misdeed, struct event *seen);
struct edge_deed edge_deed_of(const struct http_reply *rp);

/* --- bytes ----------------------------------------------------------------------------------- */

struct edge_stream {
    int fd;
    SSL *ssl;      /* NULL: plain */
    bool want_out; /* TLS wants to write before it can go on */
    void (*on_hello)(void *arg);
    void *arg;
};

/* Takes the descriptor. The struct must stay where it is. on_hello: the client's hello was read,
 * and nothing was answered yet. */
void edge_stream_init(struct edge_stream *s, int fd, SSL_CTX *ctx, BIO_METHOD *method,
                      void (*on_hello)(void *arg), void *arg);
BIO_METHOD *edge_stream_bio(void); /* for edge_stream_init; freed with BIO_meth_free() */
/* > 0: bytes; 0: the other side is done; -EAGAIN: later; else: broken. */
ssize_t edge_stream_read(struct edge_stream *s, void *out, size_t size);
ssize_t edge_stream_write(struct edge_stream *s, const void *bytes, size_t len);
bool edge_stream_pending(const struct edge_stream *s); /* bytes that epoll does not know of */
void edge_stream_finish(struct edge_stream *s);        /* says goodbye; reading goes on */
ssize_t edge_stream_discard(struct edge_stream *s, void *scratch, size_t size);
void edge_stream_close(struct edge_stream *s);

/* --- a client's connection ------------------------------------------------------------------- */

enum edge_state {
    EDGE_READING, /* waits for a request, or is in the middle of one */
    EDGE_ASKING,  /* its request is in the queue or inside */
    EDGE_PARKED,
    EDGE_WRITING,
    EDGE_LINGERING, /* answered and said goodbye; what still comes is thrown away */
    EDGE_DEAD       /* in the graveyard */
};

struct edge_key;
struct edge_up;

struct edge_conn {
    struct httpd *h;
    TAILQ_ENTRY(edge_conn) all;   /* h->conns or h->dead */
    TAILQ_ENTRY(edge_conn) queue; /* h->queue, or its key's waiting list */
    enum edge_state state;
    struct edge_stream stream;
    struct loop_watch *watch;
    uint32_t events; /* asked of the loop */
    uint64_t id;
    char peer[INET6_ADDRSTRLEN];
    bool https;
    size_t door;  /* the listening socket it came through */
    bool eof;     /* the other side will send no more */
    bool hung;    /* its request is never answered; it stays EDGE_ASKING until the client leaves */
    bool close;   /* after this answer */
    bool refused; /* beyond HTTPD_CONNS_MAX: only told so */
    enum http_certificate shown;
    struct edge_framer framer;
    struct buf pending; /* read ahead */
    size_t pending_at;
    struct buf out;
    size_t out_at;
    struct buf tail;  /* a long body, behind `out` */
    size_t tail_held; /* of h->answers, until all of it is written */
    struct loop_timer *linger;
    size_t lingered;
    struct http_wire wire;       /* for the answer that is being made */
    size_t allowed;              /* of `out`; SIZE_MAX: all of it */
    struct loop_timer *pace;     /* raises it; NULL until it is needed */
    struct loop_timer *patience; /* runs while a request is begun and not whole */
    size_t holds;                /* of h->bodies */
    /* The request. */
    ms_t arrived;      /* domain time */
    uint64_t nth;      /* order of arrival over all connections */
    uint64_t asked_at; /* park.touches when it was sent inside */
    bool queued, park_over, parked_before;
    char point[HTTPD_POINT_MAX]; /* words for the phases still to be told of it, or "" */
    struct edge_up *up;          /* carries it, while it is inside */
    /* EDGE_PARKED */
    struct edge_key *key;
    ms_t deadline;
    size_t heap_i;
};
TAILQ_HEAD(edge_conn_list, edge_conn);

void edge_conn_new(struct httpd *h, int fd, size_t listen_i, const struct sockaddr *from);
void edge_conn_free(struct edge_conn *c); /* from the graveyard */
void edge_conn_close(struct edge_conn *c);
/* Nobody is left who would hear: a client that has ended, and what it asked for is not answered
 * now. */
void edge_conn_left(struct edge_conn *c);
/* The answer to the request inside; head is "Name: value\r\n" lines, a long body is taken over.
 * Then goes on reading. */
void edge_conn_answer(struct edge_conn *c, int status, const struct buf *head, struct buf *body);
void edge_conn_error(struct edge_conn *c, int status, const char *why, bool close);

/* Begins to write an answer and, with edge_conn_flush(), may end it: state is EDGE_READING then, or
 * the connection is closing. */
/* Writes on and reads on, as if the socket had woken us. */
void edge_conn_go_on(struct edge_conn *c);
/* Before an answer in c->out is written, whose head has that many bytes; false: c is gone. */
bool edge_wire_apply(struct edge_conn *c, size_t head_len);
size_t edge_wire_length(const struct edge_conn *c, size_t len); /* what Content-Length says */
/* To all but `asking`, which may be NULL. */
void edge_deed_do(struct httpd *h, const struct edge_deed *d, const struct edge_conn *asking);
void edge_patience(struct edge_conn *c); /* after its state or its request changed */
bool edge_bodies_fit(struct edge_conn *c);
/* A long body is taken away from the caller. */
void edge_answer_put(struct edge_conn *c, int status, const struct buf *head, struct buf *body);
void edge_tail_drop(struct edge_conn *c);
void edge_error_put(struct edge_conn *c, int status, const char *why, bool close);
void edge_options_put(struct edge_conn *c); /* the answer to OPTIONS * */
void edge_conn_flush(struct edge_conn *c);

/* --- parking --------------------------------------------------------------------------------- */

struct edge_park {
    LIST_HEAD(, edge_key) buckets[EDGE_PARK_BUCKETS];
    struct edge_conn **heap; /* by deadline, then by arrival */
    size_t n, cap;
    uint64_t touches;                  /* counted from 1 */
    uint64_t recent[EDGE_TOUCHES_MAX]; /* hashes of the last keys touched; 0 stands for all */
};

void edge_park_init(struct edge_park *p);
void edge_park_drop(struct edge_park *p);
void edge_park_add(struct httpd *h, struct edge_conn *c, const char *key);
void edge_park_remove(struct httpd *h, struct edge_conn *c);
/* Was the key touched after touch number `since`? */
bool edge_park_touched(const struct edge_park *p, const char *key, uint64_t since);
/* Keys, each ending in '\n'; `all` when they did not fit: everybody is asked again. */
void edge_park_touch(struct httpd *h, const char *keys, bool all);
void edge_park_expire(struct httpd *h, ms_t now);
ms_t edge_park_next(const struct edge_park *p); /* earliest deadline, or MS_NEVER */

/* --- inside ---------------------------------------------------------------------------------- */

struct edge_up {
    struct httpd *h;
    int i; /* its ticket */
    int fd, send_flags;
    struct loop_watch *watch;
    uint32_t events;
    bool busy;
    struct edge_conn *conn; /* NULL while busy: the client has gone */
    struct buf out;
    size_t out_at;
    http_parser parser;
    bool whole, in_name;
    struct buf head, body;
    size_t line_at; /* start of the header line being read */
};

void edge_reply_begin(struct edge_up *u);
/* false: the connection is of no more use. u->whole tells whether the reply is there. */
bool edge_reply_feed(struct edge_up *u, const char *bytes, size_t len);

void edge_up_init(struct httpd *h);
int edge_up_start(struct httpd *h, struct err *e);
void edge_up_stop(struct httpd *h);
/* Puts a request at the end of the queue; edge_pump() sends. */
void edge_ask(struct edge_conn *c);
void edge_unask(struct edge_conn *c); /* leaves the queue or the pool connection */
void edge_pump(struct httpd *h);

/* --- points ---------------------------------------------------------------------------------- */

/* Returns when the program may go on. */
void edge_point_asked(struct edge_conn *c);
void edge_point_done(struct edge_conn *c);
void edge_point_answered(struct edge_conn *c);

/* --- the server ------------------------------------------------------------------------------ */

struct edge_listen {
    struct httpd *h;
    size_t i;
    int fd, port;
    struct loop_watch *watch;
    struct loop_timer *closed; /* opens it again; NULL until it was closed */
};
void edge_listen_close(struct edge_listen *l);
int edge_listen_again(struct edge_listen *l, struct err *e); /* at the same address and port */

struct httpd {
    struct httpd_config config;
    struct loop *loop;
    struct edge_app app;
    struct edge_civet *civet;
    BIO_METHOD *bio;
    struct edge_listen listens[HTTPD_LISTENS_MAX];
    bool accepting, holding;
    bool paused_before;       /* for want of descriptors, which was said */
    struct loop_timer *again; /* set: no descriptor was free, and none is asked for until then */
    struct edge_conn_list conns, dead, queue;
    size_t n_conns, n_refused, conns_max;
    size_t bodies;               /* bytes that requests hold, of all connections */
    size_t answers, answers_max; /* bytes in tails */
    uint64_t last_conn, last_request;
    struct edge_park park;
    struct edge_up ups[EDGE_POOL_MAX];
    int outstanding;             /* requests inside */
    enum http_certificate shown; /* by the first door */
    struct loop_timer *timer;    /* next deadline, or the application's due … */
    ms_t timer_for;              /* … at this domain time */
    char scratch[EDGE_READ_MAX];
};

void edge_reap(struct httpd *h);
ms_t edge_now(const struct httpd *h); /* domain time */

#endif
