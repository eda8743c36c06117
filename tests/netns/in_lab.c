#include "tests/netns/in_lab.h"

#include "lib/io/file.h"

#include <stdio.h>

int in_lab_try(struct lab *lab, ns_body_fn *body, void *arg, struct err *e)
{
    struct ns_child c;
    struct buf b;

    buf_init(&b, KIB(256));
    must(file_read("scenarios/labs/nat.json", &b, e), e);
    must(lab_read("nat.json", buf_text(&b), b.len, lab, e), e);
    buf_drop(&b);
    must(ns_start(&c, body, arg, e), e);
    assert_true(ns_hear(c.fd, e));
    ns_stop(&c, false);
    return e->code;
}

void in_lab_run(struct lab *lab, ns_body_fn *body, void *arg)
{
    struct err e = {0};
    must(in_lab_try(lab, body, arg, &e), &e);
}

int in_lab_told(int fd, int r, struct err *e)
{
    if (r == 0)
        e->code = 0;
    ns_tell(fd, e);
    return r < 0;
}

bool in_lab_possible(void)
{
    struct err e = {0};
    if (ns_possible(&e) == 0)
        return true;
    fprintf(stderr, "skipped: %s\n", e.text);
    return false;
}
