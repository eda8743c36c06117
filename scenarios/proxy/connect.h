/* What a CONNECT proxy makes of a request's head: whom it asks for, whether it may, and the status
 * it is answered with. Pure; the program in namespaces (door.c) and the simulator decide with it.
 *
 * Foreign bytes: a head is at most PROXY_HEAD_MAX, and nothing in it is trusted. Credentials are
 * compared here and go nowhere else: what the journal hears is whether there were any.
 * Sources: RFC 9110 section 9.3.6, RFC 9112 section 3.2, RFC 7617. */
#ifndef SCENARIOS_PROXY_CONNECT_H
#define SCENARIOS_PROXY_CONNECT_H

#include "lib/base/http.h"
#include "lib/base/url.h"

#define PROXY_HEAD_MAX   KIB(8)
#define PROXY_PORTS_MAX  8
#define PROXY_WORD_MAX   128                /* user, password */
#define PROXY_TARGET_MAX (URL_HOST_MAX + 8) /* host:port, an IPv6 address in brackets */
#define PROXY_CALM_MS    SECONDS(10)        /* what a connect to the target may take */

/* Ways to be other than honest, for stories and tests. */
enum proxy_way {
    PROXY_HONEST,
    PROXY_ANSWERS, /* every request with one status */
    PROXY_CLOSES,  /* takes the connection and the head, and closes */
    PROXY_CUTS,    /* answers 200 and closes */
    PROXY_SILENT,  /* takes everything and says nothing */
    PROXY_REFUSES  /* takes no connection */
};
/* "honest", "closes", "cuts", "silent", "refuses" or a status from 400 to 599. */
bool proxy_way_read(const char *text, enum proxy_way *ret, int *ret_status);

struct proxy_rules {
    size_t n_ports; /* that may be asked for; 0: any */
    int ports[PROXY_PORTS_MAX];
    char user[PROXY_WORD_MAX], password[PROXY_WORD_MAX]; /* "": nobody is asked who he is */
    enum proxy_way way;
    int status; /* of PROXY_ANSWERS */
    bool bumps; /* it opens the TLS of new tunnels */
};
/* A wish of the harness, in a story's words: "behaves 407", "drops idle after 60s", "breaks tls",
 * "is honest". *idle_ms is a tunnel's bound, 0 = none. false: no such wish, and nothing was
 * changed. */
bool proxy_wish(const char *words, struct proxy_rules *r, ms_t *idle_ms);
/* "443,8443" or "any". */
int proxy_ports_read(const char *text, struct proxy_rules *r, struct err *e) MUST_CHECK;

struct proxy_ask {
    char method[16];
    char target[PROXY_TARGET_MAX]; /* host:port as asked for, for the journal; "" = none */
    char host[URL_HOST_MAX];
    int port;
    bool has_credentials, knows; /* knows: they are the right ones */
};

/* Length of the head with its blank line, 0 while that has not come. */
size_t proxy_head_len(const char *bytes, size_t len);
/* Whatever the bytes are, *ret is filled with what could be read of them. Returns the status: 200
 * for a tunnel, else 400, 403, 405 or 407 (or what the rules' way says). */
int proxy_decide(const struct proxy_rules *r, const char *head, size_t len, struct proxy_ask *ret);
/* "user:password" as it stands behind "Basic ". */
void proxy_token_write(const char *user, const char *password, struct buf *out);
/* The answer's head to the client. */
void proxy_answer_write(int status, struct buf *out);

/* proxy.connect (status 200) or proxy.refuse. from: the role of the client where the lab is known,
 * else its address. */
void proxy_asked(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                 const struct proxy_ask *ask, int status);
/* proxy.close of a tunnel. why: client, target, idle, time or end. */
void proxy_closed(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                  const struct proxy_ask *ask, const char *why);
/* bump.cert, and bump.request with the request's method. */
void proxy_showed(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                  const struct proxy_ask *ask);
void proxy_has_read(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                    const struct proxy_ask *ask);
void proxy_read_this(struct event *e, const char *method, bool credentials);
void proxy_counted(struct event *e, uint64_t sent, uint64_t received); /* bytes of a closed one */

#endif
