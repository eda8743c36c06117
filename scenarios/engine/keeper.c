#include "scenarios/engine/keeper.h"

#include "lib/base/text.h"
#include "scenarios/engine/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOAN_FDS_MAX (1 + LABNET_FDS_MAX)

struct keeper {
    struct ns_child child;
};
struct order {
    struct lab lab;
    char without[LAB_NAME_MAX]; /* role */
};
struct reply { /* with the user namespace, and the lab's descriptors that are there */
    struct err e;
    bool kept, has[LABNET_FDS_MAX];
};
struct kept { /* in the keeper */
    struct labnet *net;
    struct order is, next;
    int user;
};

/* --- in the keeper ------------------------------------------------------------------------------
 */

/* Whatever is left that cannot be cleared: a new one has nothing of it. */
static bool can_be_kept(struct kept *k)
{
    struct err why = {0};
    if (k->net != NULL && labnet_fits(k->net, &k->next.lab) && labnet_strip(k->net, &why) == 0)
        return true;
    labnet_free(STEAL(k->net));
    return false;
}

static int prepare(struct kept *k, bool *ret_kept, struct err *e)
{
    int r = 0;
    *ret_kept = can_be_kept(k);
    k->is = k->next;
    if (!*ret_kept)
        r = labnet_frame(&k->net, &k->is.lab, e);
    if (r == 0 && (r = labnet_dress(k->net, &k->is.lab, k->is.without, e)) < 0)
        labnet_free(STEAL(k->net));
    return r;
}

static bool reply_give(int fd, const struct kept *k, struct reply *a)
{
    int shown[LABNET_FDS_MAX], fds[LOAN_FDS_MAX] = {k->user};
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control = {0};
    struct iovec v = {.iov_base = a, .iov_len = sizeof(*a)};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    size_t n = 1;
    if (a->e.code < 0)
        return ns_write(fd, a, sizeof(*a));
    labnet_show(k->net, shown);
    for (size_t i = 0; i < LABNET_FDS_MAX; i++)
        if ((a->has[i] = shown[i] >= 0))
            fds[n++] = shown[i];
    m.msg_control = &control;
    m.msg_controllen = CMSG_SPACE(n * sizeof(int));
    control.h = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
    memcpy(CMSG_DATA(&control.h), fds, n * sizeof(int));
    return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(*a);
}

/* Until nobody asks any more. */
static int body(void *arg, int fd)
{
    struct kept *k = calloc(1, sizeof(*k));
    bool goes_on = k != NULL;
    (void)arg;
    if (k == NULL)
        return 1;
    k->user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    while (goes_on && ns_read(fd, &k->next, sizeof(k->next))) {
        struct reply a = {.e = {0}};
        (void)prepare(k, &a.kept, &a.e);
        goes_on = reply_give(fd, k, &a);
    }
    labnet_free(k->net);
    free(k);
    return 0;
}

/* --- whoever borrows ----------------------------------------------------------------------------
 */

int keeper_new(struct keeper **ret, struct err *e)
{
    struct keeper *k = calloc(1, sizeof(*k));
    if (k == NULL)
        WRONG("out of memory");
    int r = ns_start(&k->child, body, NULL, e);
    if (r < 0) {
        free(k);
        return r;
    }
    *ret = k;
    return 0;
}

void keeper_free(struct keeper *k)
{
    if (k == NULL)
        return;
    (void)ns_stop(&k->child, true);
    free(k);
}

static bool reply_take(int fd, struct reply *ret, int fds[LOAN_FDS_MAX])
{
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(LOAN_FDS_MAX * sizeof(int))];
    } control = {0};
    struct iovec v = {.iov_base = ret, .iov_len = sizeof(*ret)};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(*ret))
        return false;
    const struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    if (h != NULL)
        memcpy(fds, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
    return true;
}

int keeper_lend(struct keeper *k, const struct lab *l, const char *without, struct keeper_loan *ret,
                struct err *e)
{
    struct order *o = calloc(1, sizeof(*o));
    struct reply a = {0};
    int fds[LOAN_FDS_MAX];
    size_t n = 1;
    if (o == NULL)
        WRONG("out of memory");
    o->lab = *l;
    bool told = text_copy(o->without, sizeof(o->without), without) &&
                ns_write(k->child.fd, o, sizeof(*o)) && reply_take(k->child.fd, &a, fds);
    free(o);
    if (!told)
        return err_set(e, -EPIPE, "the process that keeps the lab broke off");
    if (a.e.code < 0)
        return err_set(e, a.e.code, "%s", a.e.text);
    *ret = (struct keeper_loan){.user = fds[0], .kept = a.kept};
    for (size_t i = 0; i < LABNET_FDS_MAX; i++)
        ret->fds[i] = a.has[i] ? fds[n++] : -1;
    return 0;
}

void keeper_loan_drop(struct keeper_loan *x)
{
    for (size_t i = 0; i < LABNET_FDS_MAX; i++)
        if (x->fds[i] >= 0)
            close(x->fds[i]);
    if (x->user >= 0)
        close(x->user);
}
