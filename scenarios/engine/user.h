/* The harness as a user of Palette: HTTPS calls to the public API from the `user` host, with that
 * host's name server and the lab's authority as anchor. Each answer is journalled as pal.user. */
#ifndef SCENARIOS_ENGINE_USER_H
#define SCENARIOS_ENGINE_USER_H

#include "lib/io/call.h"
#include "scenarios/engine/world.h"

#define USER_CALLS_MAX      16
#define USER_TIMEOUT_MS     SECONDS(60) /* domain time */
#define USER_TIMEOUT_OWN_MS SECONDS(5)  /* and never less than this of our own */

struct user;
/* result is valid during the callback only. */
typedef void user_done_fn(void *arg, const struct http_result *result);

int user_new(struct user **ret, struct world *w, struct err *e) MUST_CHECK;
void user_free(struct user *u); /* calls in flight end without a word */

struct user_wish {
    const char *verb;    /* of the record; NULL = a step of the way, no record */
    const char *cluster; /* that it is about; NULL or "" = none. Must stay until `done` */
    const char *method, *path;
    const char *body;    /* "" = none */
    const char *account; /* that it is about; NULL or "" = none, or the gateway's own */
    bool shows;          /* the record tells whether a system gateway is listed */
    bool names;          /* the record holds the names of the answer's items */
    user_done_fn *done;  /* after the record; may be NULL */
    void *arg;
};
/* -EBUSY: USER_CALLS_MAX calls are in flight. */
int user_ask(struct user *u, const struct user_wish *wish, struct err *e) MUST_CHECK;

#endif
