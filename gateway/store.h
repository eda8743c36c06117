/* What survives a restart: named records in one SQLite file, STATE_DIR/state.db, mode 0600, written
 * through (WAL, synchronous=FULL). store_sync is the commit: what was put before it is on the disk
 * when it returns, also after a power cut; what was put after the last one may be gone (GP-8).
 *
 * One gateway a directory: STATE_DIR/lock is held while the store is open, and let go by the kernel
 * when the process dies. A damaged file is named, never changed and never deleted.
 * Bounds: GW_RECORDS_MAX records of GW_RECORD_MAX bytes (gateway/core.h). */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include "gateway/core.h"

#define STORE_FILE    "state.db"
#define STORE_LOCK    "lock"
#define STORE_VERSION 1

enum store_use {
    STORE_RUN, /* lock, and make the file when it is not there */
    STORE_LOOK /* read beside a running gateway; -ENOENT when there is no file */
};

struct store;
int store_open(struct store **ret, const char *dir, enum store_use use, struct err *e) MUST_CHECK;
void store_close(struct store *s); /* commits nothing; NULL is fine */

/* All records, sorted by key. *ret and what it points to is freed by store_records_free. */
int store_load(struct store *s, struct gw_record **ret, size_t *ret_n, struct err *e) MUST_CHECK;
void store_records_free(struct gw_record *records, size_t n);

int store_put(struct store *s, const char *key, const void *bytes, size_t len, struct err *e)
    MUST_CHECK;
int store_forget(struct store *s, const char *key, struct err *e) MUST_CHECK;
int store_sync(struct store *s, struct err *e) MUST_CHECK;

#endif
