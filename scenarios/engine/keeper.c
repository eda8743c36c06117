#include "scenarios/engine/keeper.h"

#include "lib/base/text.h"
#include "scenarios/engine/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAN_FDS_MAX (1 + LABNET_FDS_MAX)

struct keeper {
    struct ns_child child;
};
enum errand { ERRAND_LEND = 1, ERRAND_BACK }; /* what the borrower wants; after LEND its order */
struct order {
    struct lab lab;
    char without[LAB_NAME_MAX]; /* role */
};
struct reply { /* with the user namespace, and the lab's descriptors that are there */
    struct err e;
    bool kept, has[LABNET_FDS_MAX];
    char why[ERR_TEXT_MAX];
};
struct kept { /* in the keeper */
    struct labnet *net;
    bool blank; /* nobody has lived in it since it was made so */
    struct order is, next;
    struct err why; /* the last one was given up; code 0: it was not */
    int user;
};

/* --- in the keeper ------------------------------------------------------------------------------
 */

/* They belong to the user namespace, and programs can put secrets there that outlive them
 * (user-keyring(7), persistent-keyring(7)). Where there is none, nobody put any. */
static void keys_forget(void)
{
    (void)syscall(SYS_keyctl, KEYCTL_CLEAR, KEY_SPEC_USER_KEYRING);
    (void)syscall(SYS_keyctl, KEYCTL_CLEAR, KEY_SPEC_USER_SESSION_KEYRING);
    const long all = syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING);
    if (all >= 0)
        (void)syscall(SYS_keyctl, KEYCTL_CLEAR, all);
}

/* Whatever is left that cannot be cleared: a new one has nothing of it. */
static void make_blank(struct kept *k)
{
    keys_forget();
    if (k->net == NULL || k->blank)
        return;
    if (!labnet_keeps(&k->is.lab))
        err_set(&k->why, -ESTALE, "it forgets or takes time");
    k->blank = k->why.code == 0 && labnet_strip(k->net, &k->why) == 0;
    if (!k->blank)
        labnet_free(STEAL(k->net));
}

static bool can_be_kept(struct kept *k)
{
    make_blank(k);
    if (k->net != NULL && labnet_fits(k->net, &k->next.lab))
        return true;
    if (k->net != NULL)
        err_set(&k->why, -ESTALE, "other links");
    labnet_free(STEAL(k->net));
    return false;
}

static int prepare(struct kept *k, bool *ret_kept, struct err *e)
{
    int r = 0;
    *ret_kept = can_be_kept(k);
    k->is = k->next;
    k->blank = false;
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

static bool lend(struct kept *k, int fd)
{
    struct reply a = {.e = {0}};
    if (!ns_read(fd, &k->next, sizeof(k->next)))
        return false;
    if (k->user < 0)
        k->user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    if (k->user < 0)
        (void)err_errno(&a.e, "open /proc/self/ns/user");
    else if (prepare(k, &a.kept, &a.e) == 0)
        a.e.code = 0;
    (void)text_copy(a.why, sizeof(a.why), k->why.text);
    k->why = (struct err){0};
    return reply_give(fd, k, &a);
}

/* Until nobody asks any more. */
static int body(void *arg, int fd)
{
    struct kept *k = calloc(1, sizeof(*k));
    bool goes_on = k != NULL;
    enum errand wanted;
    (void)arg;
    if (k == NULL)
        return 1;
    k->user = -1;
    while (goes_on && ns_read(fd, &wanted, sizeof(wanted))) {
        if (wanted == ERRAND_LEND)
            goes_on = lend(k, fd);
        else
            make_blank(k);
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

bool keeper_back(struct keeper *k)
{
    const enum errand back = ERRAND_BACK;
    return ns_write(k->child.fd, &back, sizeof(back));
}

/* Negative: fewer descriptors than there are arrived, and none of them is open any more. */
static int fds_take(const struct msghdr *m, const struct cmsghdr *h, size_t n, int fds[])
{
    const size_t bytes = h != NULL ? h->cmsg_len - CMSG_LEN(0) : 0;
    if (h != NULL)
        memcpy(fds, CMSG_DATA(h), bytes);
    if (bytes == n * sizeof(int) && !(m->msg_flags & MSG_CTRUNC))
        return 0;
    for (size_t i = 0; i < bytes / sizeof(int); i++)
        close(fds[i]);
    return -EMFILE;
}

static int reply_take(int fd, struct reply *ret, int fds[LOAN_FDS_MAX], struct err *e)
{
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(LOAN_FDS_MAX * sizeof(int))];
    } control = {0};
    struct iovec v = {.iov_base = ret, .iov_len = sizeof(*ret)};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    size_t wanted = 1;
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(*ret))
        return err_set(e, -EPIPE, "the process that keeps the lab broke off");
    if (ret->e.code < 0)
        return err_set(e, ret->e.code, "%s", ret->e.text);
    for (size_t i = 0; i < LABNET_FDS_MAX; i++)
        wanted += ret->has[i];
    if (fds_take(&m, CMSG_FIRSTHDR(&m), wanted, fds) < 0)
        return err_set(e, -EMFILE, "a lab needs %zu open files at once: ulimit -n", wanted);
    return 0;
}

int keeper_lend(struct keeper *k, const struct lab *l, const char *without, struct keeper_loan *ret,
                struct err *e)
{
    const enum errand wanted = ERRAND_LEND;
    struct order *o = calloc(1, sizeof(*o));
    struct reply a = {0};
    int fds[LOAN_FDS_MAX];
    size_t n = 1;
    if (o == NULL)
        WRONG("out of memory");
    o->lab = *l;
    if (!text_copy(o->without, sizeof(o->without), without))
        WRONG("a role's name is longer than a lab's can be");
    /* that nobody reads it is said by the answer that does not come */
    (void)(ns_write(k->child.fd, &wanted, sizeof(wanted)) && ns_write(k->child.fd, o, sizeof(*o)));
    free(o);
    int r = reply_take(k->child.fd, &a, fds, e);
    if (r < 0)
        return r;
    *ret = (struct keeper_loan){.user = fds[0], .kept = a.kept};
    (void)text_copy(ret->why, sizeof(ret->why), a.why);
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
