#include "scenarios/engine/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

int answer_take(int fd)
{
    int code = 0;
    socklen_t len = sizeof(code);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 ? errno : code;
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
