/* What survives a restart: named records in one SQLite file, STATE_DIR/state.db, mode 0600, written
 * through (WAL, synchronous=FULL). store_sync is the commit: what was put before it is on the disk
 * when it returns, also after a power cut; what was put after the last one may be gone (GP-8).
 *
 * One gateway a directory: STATE_DIR/lock is held while the store is open, and let go by the kernel
 * when the process dies. A damaged file is named, never changed and never deleted; so is an empty
 * one, because a new one only gets its name when it is whole. Records of a newer program are left
 * to it. Those of an older one are first copied to STATE_DIR/state.db.vN, N being their version.
 * Bounds: GW_RECORDS_MAX records of GW_RECORD_MAX bytes (gateway/core.h). */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include "gateway/core.h"

#define STORE_FILE    "state.db"
#define STORE_LOCK    "lock"
#define STORE_VERSION 2 /* 1: records only; 2: and whose they are */

enum store_use {
    STORE_RUN, /* lock, and make the file when it is not there */
    STORE_LOOK /* read beside a running gateway, writing nothing; -ENOENT when there is no file */
};

struct store;
int store_open(struct store **ret, const char *dir, enum store_use use, struct err *e) MUST_CHECK;
void store_close(struct store *s); /* commits nothing; NULL is fine */

/* The directory is this gateway's from now on; -EPERM when it is another one's. */
int store_claim(struct store *s, const char *uid, struct err *e) MUST_CHECK;
/* Whether a gateway holds the directory now. Takes nothing, so nobody is held up. */
bool store_held(const char *dir);
/* A line for people when opening changed something (older records were taken over), else "". */
const char *store_remark(const struct store *s);

/* All records, sorted by key. *ret and what it points to is freed by store_records_free. */
int store_load(struct store *s, struct gw_record **ret, size_t *ret_n, struct err *e) MUST_CHECK;
void store_records_free(struct gw_record *records, size_t n);

int store_put(struct store *s, const char *key, const void *bytes, size_t len, struct err *e)
    MUST_CHECK;
int store_forget(struct store *s, const char *key, struct err *e) MUST_CHECK;
int store_sync(struct store *s, struct err *e) MUST_CHECK;

#endif
