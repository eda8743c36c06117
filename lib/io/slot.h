/* What programs that gateproof starts beside a gateway have in common: the mocks, a machine, a
 * proxy of a lab. Each may be a slot of a stepped run, writes a journal that it inherits, is told
 * wishes on a pipe, and says how it is called. Started by hand it does without all of that. */
#ifndef LIB_IO_SLOT_H
#define LIB_IO_SLOT_H

#include "lib/io/clk.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "lib/io/opts.h"

#define SLOT_ADDRESS_MAX 64
#define SLOT_LINE_MAX    256 /* a wish; a longer line is none */

/* Rows of an option table: what slot_open reads. */
#define SLOT_ROWS                                                                                  \
    {.name = "factor",                                                                             \
     .kind = OPT_INT,                                                                              \
     .arg = "F",                                                                                   \
     .value = "1",                                                                                 \
     .min = 1,                                                                                     \
     .max = 3600,                                                                                  \
     .what = "time goes F times faster"},                                                          \
        {.name = "journal-fds",                                                                    \
         .arg = "COUNTER,RING",                                                                    \
         .what = "inherited journal (for gateproof)"},                                             \
        {.name = "clock-fd",                                                                       \
         .kind = OPT_INT,                                                                          \
         .arg = "N",                                                                               \
         .min = 0,                                                                                 \
         .max = 65535,                                                                             \
         .what = "inherited clock page (for gateproof)"},                                          \
    {                                                                                              \
        .name = "domain-start", .kind = OPT_INT, .arg = "NS", .min = 0, .max = INT64_MAX,          \
        .what = "monotonic clock at domain time 0; default: now"                                   \
    }
/* The row for slot_wishes_open. */
#define SLOT_WISHES_ROW                                                                            \
    {                                                                                              \
        .name = "control-fd", .kind = OPT_INT, .arg = "N", .min = 0, .max = 65535,                 \
        .what = "inherited pipe with one wish a line (for gateproof)"                              \
    }

struct slot {
    struct clk_page *page; /* NULL: the kernel's clock */
    struct clk_domain domain;
    struct journal_ring *ring; /* NULL: no journal was inherited */
};
/* Attaches the clock page, if there is one, and maps the journal. For the process's life. */
int slot_open(struct slot *ret, const struct opts *o, struct err *e) MUST_CHECK;

/* Prints --help, --show-config or --version if asked to; true: that is all there was to do. */
bool slot_said(const struct opts *o, const char *program);
/* "ADDRESS:PORT", an option's value. -EINVAL with a sentence that names the option. */
int slot_address_read(const char *option, const char *text, char address[SLOT_ADDRESS_MAX],
                      int *ret_port, struct err *e) MUST_CHECK;
/* Writes the port into the file that the option names, if it was given. Before the line that says
 * that the program listens: who has read the line finds the file. */
int slot_port_write(const struct opts *o, const char *option, int port, struct err *e) MUST_CHECK;

/* --- wishes --- */

typedef void slot_wish_fn(void *arg, const char *line);
struct slot_wishes;
/* Watches --control-fd; *ret is NULL when it was not given. For the process's life. */
int slot_wishes_open(struct slot_wishes **ret, struct loop *l, const struct opts *o,
                     slot_wish_fn *fn, void *arg, struct err *e) MUST_CHECK;
void slot_wishes_take(struct slot_wishes *w); /* those that are there now; NULL is fine */

#endif
