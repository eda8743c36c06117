/* A Palette behind HTTP, and what it writes to its file before an answer leaves. */
#ifndef MOCK_PALETTE_SHELL_H
#define MOCK_PALETTE_SHELL_H

#include "lib/io/mockd.h"
#include "mock-palette/store.h"

struct shell;
/* Takes the Palette over. `path`: its state, "" when it is to be forgotten. */
int shell_open(struct shell **ret, struct palette *p, const char *path,
               const struct mockd_shared *s, struct err *e) MUST_CHECK;
const struct palette *shell_palette(const struct shell *k);
ms_t shell_began(const struct shell *k); /* domain time at which it goes on */
httpd_handle_fn shell_handle;
httpd_due_fn shell_due;
httpd_tick_fn shell_tick;
httpd_met_fn shell_met;
httpd_words_fn shell_words;

#endif
