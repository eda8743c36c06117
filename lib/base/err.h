/* Why our own process could not do something: a negative errno and one sentence for a person.
 *
 * The sentence names the place and the remedy ("nat.json:12: hosts[3].zone: no zone 'privat'; did
 * you mean 'private'?"); context is put in front on the way up. It never holds a secret, nor a
 * control character: what it quotes may be anybody's, and a '?' stands for each. What the *other*
 * side did wrong is never an err but an event (CONTRIBUTING.md, three kinds of wrong). */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "lib/base/base.h"

#define ERR_TEXT_MAX 512 /* longer sentences are cut, never overrun */

struct err {
    int code; /* negative errno, 0 = nothing happened */
    char text[ERR_TEXT_MAX];
};

/* Sets code and sentence, returns code, so that `return err_set(e, -EINVAL, "…")` works.
 * e may be NULL: then only the code is passed on. code must be negative. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the sentence, returns e->code. */
int err_at(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* err_set with ": " and strerror(errno) behind the sentence; the code is -errno. */
int err_errno(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
