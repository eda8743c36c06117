/* Questions to a person on stdin and stdout. */
#ifndef GATEWAY_TERMINAL_H
#define GATEWAY_TERMINAL_H

#include "lib/base/err.h"

/* One line without its end and the blanks around it; "" when `may` and nothing was typed. With
 * `secret` nothing is echoed on a terminal. -ECANCELED: the input has ended, or Ctrl-C while
 * nothing was echoed. */
int terminal_ask(const char *question, bool secret, bool may, char *out, size_t size, struct err *e)
    MUST_CHECK;

#endif
