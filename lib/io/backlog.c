#include "lib/io/backlog.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LOST_AFTER_S 10
/* One that came back at once means that the queue is served in the senders' own calls again; the
 * second one, that what the first had behind it went, too. */
#define IN_A_ROW   2
#define ROUNDS_MAX 10000

static int raise_loopback(int fd, struct err *e)
{
    struct ifreq lo = {.ifr_name = "lo"};

    if (ioctl(fd, SIOCGIFFLAGS, &lo) < 0)
        return err_errno(e, "no loopback device");
    if (lo.ifr_flags & IFF_UP)
        return 0;
    lo.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? err_errno(e, "loopback is down") : 0;
}

static int talk_to_itself(int fd, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval lost = {.tv_sec = LOST_AFTER_S};
    socklen_t len = sizeof(at);

    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
        connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &lost, sizeof(lost)) < 0)
        return err_errno(e, "no datagram over loopback");
    return 0;
}

int backlog_open(int *ret_fd, struct err *e)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r = fd < 0 ? err_errno(e, "no datagram socket") : raise_loopback(fd, e);

    if (r == 0)
        r = talk_to_itself(fd, e);
    if (r < 0 && fd >= 0)
        (void)close(fd);
    if (r == 0)
        *ret_fd = fd;
    return r;
}

void backlog_drain(int fd)
{
    int in_a_row = 0;
    char c = 'x';

    for (int i = 0; i < ROUNDS_MAX && in_a_row < IN_A_ROW; i++) {
        if (send(fd, &c, 1, 0) != 1)
            WRONG("no datagram over loopback any more");
        if (recv(fd, &c, 1, MSG_DONTWAIT) == 1) {
            in_a_row++;
            continue;
        }
        in_a_row = 0;
        while (recv(fd, &c, 1, 0) != 1)
            if (errno != EINTR)
                WRONG("a datagram over loopback was lost");
    }
}
