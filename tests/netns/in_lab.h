/* Tests in namespaces, and something done inside a lab's with its error told outside. */
#ifndef TESTS_NETNS_IN_LAB_H
#define TESTS_NETNS_IN_LAB_H

#include "tests/test.h"

#include "scenarios/engine/lab.h"
#include "scenarios/engine/ns.h"

/* Reads labs/nat.json into *lab, runs body(arg, fd) as pid 1 of fresh namespaces, and fails the
 * test with what it told through fd. */
void in_lab_run(struct lab *lab, ns_body_fn *body, void *arg);
/* The same, and what it told is the caller's to judge: its code. */
int in_lab_try(struct lab *lab, ns_body_fn *body, void *arg, struct err *e);
/* What body ends with: tells r and e, returns the process's exit status. */
int in_lab_told(int fd, int r, struct err *e);

/* What main() of such tests ends with: 77 and the reason where namespaces are forbidden. */
#define run_in_namespaces(tests) (in_lab_possible() ? run_tests(tests) : IN_LAB_SKIPPED)
#define IN_LAB_SKIPPED           77
bool in_lab_possible(void);

#endif
