/* Words of a command line, made by printf and kept until the program has been started. */
#ifndef SCENARIOS_ENGINE_CMDLINE_H
#define SCENARIOS_ENGINE_CMDLINE_H

#include "lib/base/buf.h"

#define CMDLINE_WORDS_MAX 40

struct words {
    size_t n;
    const char *at[CMDLINE_WORDS_MAX + 1]; /* ends with NULL */
    struct buf text; /* all of them, each with its NUL; never grows, so pointers stay */
};
void words_init(struct words *x);
void words_drop(struct words *x);
const char *word(struct words *x, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
