/* Something done inside a lab's namespaces, and its error told outside. */
#ifndef TESTS_NETNS_IN_LAB_H
#define TESTS_NETNS_IN_LAB_H

#include "tests/test.h"

#include "scenarios/engine/lab.h"
#include "scenarios/engine/ns.h"

/* Reads labs/nat.json into *lab, runs body(arg, fd) as pid 1 of fresh namespaces, and fails the
 * test with what it told through fd. */
void in_lab_run(struct lab *lab, ns_body_fn *body, void *arg);
/* What body ends with: tells r and e, returns the process's exit status. */
int in_lab_told(int fd, int r, struct err *e);

#endif
