/* mock-palette-rogue: the mock's program whose doors stand ajar for the rogue that the environment
 * names, and which opens a connection where such a rogue asks it to. */
#include "mock-palette/palette.h"
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct palette *__real_palette_new(const struct palette_config *c);
struct palette *__wrap_palette_new(const struct palette_config *c);

struct palette *__wrap_palette_new(const struct palette_config *c)
{
    const char *rogue = getenv("GATEPROOF_ROGUE");
    struct palette_config config = *c;

    if (rogue && !text_copy(config.ajar, sizeof config.ajar, rogue))
        WRONG("a rogue with a name that long");
    return __real_palette_new(&config);
}

void __real_palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                           struct http_reply *rp);
void __wrap_palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                           struct http_reply *rp);

/* "10.10.0.3:5240": a SYN is all that matters to most. */
static int dial(const char *where)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    const char *colon = strchr(where, ':');
    char address[64];
    int64_t port;
    int fd;

    if (!colon || !text_copy_len(address, sizeof address, where, (size_t)(colon - where)) ||
        !text_int(colon + 1, 1, 65535, &port) || inet_pton(AF_INET, address, &at.sin_addr) != 1)
        return -1;
    at.sin_port = htons((uint16_t)port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)connect(fd, (const struct sockaddr *)&at, sizeof at);
    return fd;
}

/* One wants to know whether somebody answered. Nobody waits for that: it is seen at its next dial.
 */
static void dial_and_look(struct palette *p, const char *where)
{
    static int last = -1;
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;

    if (last >= 0 && getpeername(last, (struct sockaddr *)&peer, &len) == 0)
        door_reached(p);
    if (last >= 0)
        close(last);
    last = dial(where);
}

static void dial_once(const char *where)
{
    const int fd = dial(where);

    if (fd >= 0)
        close(fd);
}

void __wrap_palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                           struct http_reply *rp)
{
    const char *rogue = getenv("GATEPROOF_ROGUE");

    __real_palette_handle(app, ctx, rq, rp);
    for (size_t i = 0; i < rp->events.n; i++) {
        const struct event *e = ev_list_at(&rp->events, i);

        if (e->kind != EV_NOTE || !ev_is(e, EVF_NAME, "dial"))
            continue;
        if (rogue && text_is(rogue, "path-shy.path-opens"))
            dial_and_look(app, ev_text(e, EVF_TEXT));
        else
            dial_once(ev_text(e, EVF_TEXT));
    }
}
