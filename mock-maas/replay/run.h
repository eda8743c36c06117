/* Recorded exchanges asked again of a server, session by session. The server is behind two
 * functions: one sends a request, one does what a line of the steps table says to the server's
 * world. Facts: the recordings' own README, tests/contract/replay/README.md. */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include "lib/base/http.h"
#include "mock-maas/replay/same.h"

struct replay_server {
    void *arg;
    /* false: no answer. */
    bool (*ask)(void *arg, const struct http_call *rq, struct http_result *ret);
    /* false: it cannot be done. *ret_now: the server's time of day in seconds. */
    bool (*control)(void *arg, const char *words, int64_t *ret_now);
    /* Everything as in this world (JSON). */
    bool (*world)(void *arg, const char *world, int64_t *ret_now);
};

struct replay_score {
    size_t n, same, controls;
};

struct replay {
    const struct replay_server *server;
    const char *url;  /* "http://127.0.0.1:5240": what stands before the recorded paths */
    const char *keys; /* "alice=consumer:token:secret,bob=…" */
    const struct tree *steps;
    /* The text of a world that the steps name; NULL: none of that name. The default is "". */
    const char *(*world)(void *arg, const char *name);
    void *world_arg;
    const char *only; /* one session, or ""; */
    struct buf *out;  /* what is printed */
    struct buf asked; /* ids of the records, a line each; the caller's to make and drop */

    struct names names;
    int64_t now_s;
    uint64_t nonces;
    char session[32], version[16];
};

/* `recording`: lines of JSON. Prints each session's score and each miss. false: no recording, or
 * a step that cannot be done. */
bool replay_run(struct replay *r, const char *recording, struct replay_score *ret);

/* ask.c: the request of a record, filled in. */
void replay_ask_write(struct replay *r, const struct tree *record, struct http_call *ret);
/* "<alice token secret>" and its like in the text become what they stand for. */
void replay_fill_in(struct replay *r, const char *text, struct buf *out);

#endif
