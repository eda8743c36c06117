#include "lib/io/slot.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define WISHES_MAX KIB(64)

int slot_open(struct slot *ret, const struct opts *o, struct err *e)
{
    struct slot s = {.page = NULL};
    int r = 0;

    if (opt_given(o, "clock-fd")) {
        r = clk_page_map((int)opt_int(o, "clock-fd"), &s.page, e);
        if (r < 0)
            return r;
        clk_attach(s.page);
    }
    s.domain.factor = s.page ? 1 : (int)opt_int(o, "factor");
    s.domain.start_ns =
        opt_given(o, "domain-start") ? opt_int(o, "domain-start") : clk_monotonic_ns();
    if (opt_given(o, "journal-fds"))
        r = journal_ring_map(opt_text(o, "journal-fds"), &s.ring, e);
    if (r == 0)
        *ret = s;
    return r;
}

bool slot_said(const struct opts *o, const char *program)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    if (opt_flag(o, "help"))
        opts_help(o, &text);
    else if (opt_flag(o, "show-config"))
        opts_show(o, &text);
    else if (opt_flag(o, "version"))
        buf_printf(&text, "%s %s\n", program, GATEPROOF_VERSION);
    else
        return false;
    fputs(buf_text(&text), stdout);
    return true;
}

int slot_address_read(const char *option, const char *text, char address[SLOT_ADDRESS_MAX],
                      int *ret_port, struct err *e)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;

    if (!colon || !text_copy_len(address, SLOT_ADDRESS_MAX, text, (size_t)(colon - text)) ||
        !text_int(colon + 1, 0, 65535, &port))
        return err_set(e, -EINVAL, "--%s '%.80s': wanted is ADDRESS:PORT", option, text);
    *ret_port = (int)port;
    return 0;
}

int slot_port_write(const struct opts *o, const char *option, int port, struct err *e)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%d\n", port);

    return opt_given(o, option) ? file_write(opt_text(o, option), text, (size_t)n, 0644, e) : 0;
}

/* --- wishes ----------------------------------------------------------------------------------- */

struct slot_wishes {
    int fd;
    struct loop_watch *watch;
    slot_wish_fn *fn;
    void *arg;
    struct buf text; /* read, and no whole line yet */
};

static void lines_take(struct slot_wishes *w)
{
    char line[SLOT_LINE_MAX];
    const char *text = buf_text(&w->text), *end;

    for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
        if (text_copy_len(line, sizeof(line), text, (size_t)(end - text)))
            w->fn(w->arg, line);
    buf_cut(&w->text, (size_t)(text - buf_text(&w->text)));
}

static void on_wish(void *arg, uint32_t events)
{
    (void)events;
    slot_wishes_take(arg);
}

void slot_wishes_take(struct slot_wishes *w)
{
    char bytes[KIB(4)];
    ssize_t n = w && w->watch ? read(w->fd, bytes, sizeof(bytes)) : -1;

    if (!w || !w->watch || (n < 0 && errno == EAGAIN))
        return;
    if (n <= 0) { /* nobody is left to wish */
        loop_watch_remove(&w->watch);
        return;
    }
    buf_add(&w->text, bytes, (size_t)n);
    lines_take(w);
}

int slot_wishes_open(struct slot_wishes **ret, struct loop *l, const struct opts *o,
                     slot_wish_fn *fn, void *arg, struct err *e)
{
    struct slot_wishes *w;
    int r;

    *ret = NULL;
    if (!opt_given(o, "control-fd"))
        return 0;
    w = calloc(1, sizeof(*w));
    if (!w)
        WRONG("out of memory");
    *w = (struct slot_wishes){.fd = (int)opt_int(o, "control-fd"), .fn = fn, .arg = arg};
    buf_init(&w->text, WISHES_MAX);
    r = fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0
            ? err_errno(e, "--control-fd")
            : loop_watch_add(l, w->fd, EPOLLIN, on_wish, w, &w->watch, e);
    if (r < 0) {
        buf_drop(&w->text);
        free(w);
        return r;
    }
    *ret = w;
    return 0;
}
