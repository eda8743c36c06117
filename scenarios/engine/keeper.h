/* Keeps a lab between the runs of one worker: a process in a user namespace of its own, in whose
 * network namespaces one run after the other lives. After each run it takes away what that one left
 * (labnet_strip), before each it gives the lab this run's addresses, routes and rules; a lab with
 * other links, one that forgets or takes time, or one that cannot be made blank is built anew.
 *
 * One run at a time. A run joins the keeper's user namespace, whose keyrings are emptied before it,
 * and has all other namespaces for itself. When the keeper ends, or its maker does, the kernel
 * takes the lab as soon as nobody is in it. */
#ifndef SCENARIOS_ENGINE_KEEPER_H
#define SCENARIOS_ENGINE_KEEPER_H

#include "scenarios/engine/labnet.h"

struct keeper;
int keeper_new(struct keeper **ret, struct err *e) MUST_CHECK;
/* Kills it. After a run that broke, who made it frees it. NULL is fine. */
void keeper_free(struct keeper *k);

struct keeper_loan { /* descriptors, the borrower's */
    int user;        /* the user namespace */
    int fds[LABNET_FDS_MAX];
    bool kept;              /* it was another run's before */
    char why[ERR_TEXT_MAX]; /* not, although there was one: why it was given up */
};
/* A lab in which hosts of role `without` have no address. Blocks until it is ready. For the maker,
 * or a child of it. *l is copied. Negative: *ret is not set; -EPIPE: the keeper is dead, and so it
 * stays. */
int keeper_lend(struct keeper *k, const struct lab *l, const char *without, struct keeper_loan *ret,
                struct err *e) MUST_CHECK;
/* The run is over and nobody is in the lab: it is made blank meanwhile. Does not wait; who does not
 * say so waits when the next one is lent. false: the keeper is dead. */
bool keeper_back(struct keeper *k) MUST_CHECK;
void keeper_loan_drop(struct keeper_loan *x);

#endif
