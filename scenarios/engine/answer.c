#include "scenarios/engine/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

void answer_expect(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

/* 0: nobody told of an error. */
static int told(int fd)
{
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in))];
    } control = {0};
    struct msghdr m = {.msg_control = &control, .msg_controllen = sizeof(control)};
    struct sock_extended_err why;
    if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return 0;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h)) {
        if (h->cmsg_level != IPPROTO_IP || h->cmsg_type != IP_RECVERR)
            continue;
        memcpy(&why, CMSG_DATA(h), sizeof(why));
        return (int)why.ee_errno;
    }
    return 0;
}

int answer_take(int fd)
{
    int code = 0;
    socklen_t len = sizeof(code);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        return errno;
    return code != 0 ? code : told(fd);
}

/* A second connect(2) waits for the first one's end. */
int answer_await(int fd, const struct sockaddr_in *to, int max_ms)
{
    const struct timeval max = {.tv_sec = max_ms / 1000, .tv_usec = max_ms % 1000 * 1000};
    const int code = answer_take(fd);
    if (code != 0)
        return -code;
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &max, sizeof(max));
    if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 || errno == EISCONN)
        return 0;
    return errno == EINPROGRESS ? -EALREADY : -errno;
}
