/* The state of a mock-palette in one SQLite file: rows by key, and what time it was.
 *
 * What store_commit() was told of survives the death of the program, SIGKILL too; a power cut may
 * take the last moments (WAL, synchronous=NORMAL). The file holds secrets: mode 0600. */
#ifndef MOCK_PALETTE_STORE_H
#define MOCK_PALETTE_STORE_H

#include "mock-palette/palette.h"

struct store;
/* Makes the file when there is none. */
int store_open(struct store **ret, const char *path, struct err *e) MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */
/* Domain time at which a program that starts now goes on, because time went on while nobody was
 * there; 0 for a new file. */
ms_t store_now(const struct store *s, int factor);
typedef int store_row_fn(void *arg, const char *key, const char *bytes, size_t len, struct err *e);
int store_load(struct store *s, store_row_fn *each, void *arg, struct err *e) MUST_CHECK;
/* Into one transaction, which the first of them begins. Errors are told by the commit. */
void store_put(struct store *s, const char *key, const char *bytes, size_t len);
int store_commit(struct store *s, ms_t now, struct err *e)
    MUST_CHECK; /* nothing put: nothing done */

#endif
