#include "gateway/store_inner.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- what SQLite says ------------------------------------------------------------------------ */

int store_damaged(const struct store *s, const char *what, struct err *e)
{
    return err_set(e, -EUCLEAN,
                   "%s is damaged (%s); it was left as it is: put a copy back, or move it away and "
                   "pair this gateway anew",
                   s->path, what);
}

static int full(const struct store *s, const char *what, struct err *e)
{
    return err_set(e, -ENOSPC, "%s: %s: the disk is full; make room and start again", s->path,
                   what);
}

static int not_ours(const struct store *s, const char *what, struct err *e)
{
    return err_set(e, -EACCES, "%s: %s: %s; the gateway's user must be able to write it", s->path,
                   what, sqlite3_errmsg(s->db));
}

/* The kernel's word, where it gave one: a full disk has many names in SQLite. */
static int failed_by_kernel(const struct store *s, const char *what, struct err *e)
{
    switch (sqlite3_system_errno(s->db)) {
    case ENOSPC:
    case EDQUOT:
        return full(s, what, e);
    case EMFILE:
    case ENFILE:
        return err_set(e, -EMFILE,
                       "%s: %s: too many files are open; raise the limit (LimitNOFILE=, ulimit -n)",
                       s->path, what);
    case EROFS:
        return err_set(e, -EROFS, "%s: %s: the file system is read-only; mount it for writing",
                       s->path, what);
    default:
        return err_set(e, -EIO, "%s: %s: %s; look at the disk and its kernel messages", s->path,
                       what, sqlite3_errmsg(s->db));
    }
}

static bool known_by_kernel(const struct store *s)
{
    static const int causes[] = {ENOSPC, EDQUOT, EMFILE, ENFILE, EROFS};

    for (size_t i = 0; i < COUNTOF(causes); i++)
        if (sqlite3_system_errno(s->db) == causes[i])
            return true;
    return false;
}

/* SQLite's word for what went wrong. It never quotes a value of ours. */
int store_failed(const struct store *s, const char *what, struct err *e)
{
    switch (sqlite3_errcode(s->db) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return store_damaged(s, sqlite3_errmsg(s->db), e);
    case SQLITE_FULL:
        return full(s, what, e);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return known_by_kernel(s) ? failed_by_kernel(s, what, e) : not_ours(s, what, e);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, -EBUSY, "%s: %s: another program has it open; stop that one", s->path,
                       what);
    default:
        return failed_by_kernel(s, what, e);
    }
}

int store_do(struct store *s, const char *sql, const char *what, struct err *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(s, what, e);
}

/* --- whose ----------------------------------------------------------------------------------- */

int store_claim(struct store *s, const char *uid, struct err *e)
{
    sqlite3_stmt *owner = s->prepared[OWNER], *claim = s->prepared[CLAIM];
    const int step = sqlite3_step(owner);
    int r = 0;

    if (step == SQLITE_ROW && !text_is((const char *)sqlite3_column_text(owner, 0), uid))
        r = err_set(e, -EPERM,
                    "%s is the state of gateway %.128s, and this one is %s: give each its own "
                    "directory",
                    s->path, (const char *)sqlite3_column_text(owner, 0), uid);
    else if (step != SQLITE_ROW && step != SQLITE_DONE)
        r = store_failed(s, "reading", e);
    sqlite3_reset(owner);
    if (r < 0 || step == SQLITE_ROW)
        return r;
    sqlite3_bind_text(claim, 1, uid, -1, SQLITE_STATIC);
    if (sqlite3_step(claim) != SQLITE_DONE)
        r = store_failed(s, "writing whose it is", e);
    sqlite3_reset(claim);
    sqlite3_clear_bindings(claim);
    return r;
}

/* --- records --------------------------------------------------------------------------------- */

void store_records_free(struct gw_record *records, size_t n)
{
    for (size_t i = 0; records && i < n; i++)
        free((char *)records[i].bytes);
    free(records);
}

static int record_take(const struct store *s, sqlite3_stmt *row, struct gw_record *ret,
                       struct err *e)
{
    const char *key = (const char *)sqlite3_column_text(row, 0);
    int len = sqlite3_column_bytes(row, 1);
    char *bytes;

    if (!text_copy(ret->key, sizeof(ret->key), key) || (size_t)len > GW_RECORD_MAX)
        return store_damaged(s, "a record is larger than any we wrote", e);
    bytes = calloc(1, (size_t)len + 1);
    if (!bytes)
        abort();
    if (len)
        memcpy(bytes, sqlite3_column_blob(row, 1), (size_t)len);
    ret->bytes = bytes;
    ret->len = (size_t)len;
    return 0;
}

int store_load(struct store *s, struct gw_record **ret, size_t *ret_n, struct err *e)
{
    sqlite3_stmt *rows = s->prepared[LOAD];
    struct gw_record *records = calloc(GW_RECORDS_MAX, sizeof(*records));
    size_t n = 0;
    int step, r = 0;

    if (!records)
        abort();
    while ((step = sqlite3_step(rows)) == SQLITE_ROW && r == 0) {
        if (n == GW_RECORDS_MAX)
            r = store_damaged(s, "it has more records than any we wrote", e);
        else
            r = record_take(s, rows, &records[n], e);
        n += r == 0;
    }
    if (r == 0 && step != SQLITE_DONE)
        r = store_failed(s, "reading", e);
    sqlite3_reset(rows);
    if (r < 0) {
        store_records_free(records, n);
        return r;
    }
    *ret = records;
    *ret_n = n;
    return 0;
}

static int begin(struct store *s, struct err *e)
{
    int r = s->open ? 0 : store_do(s, "BEGIN IMMEDIATE", "writing", e);

    s->open = r == 0;
    return r;
}

static int step_once(struct store *s, sqlite3_stmt *statement, const char *what, struct err *e)
{
    int step = sqlite3_step(statement);
    int r = step == SQLITE_DONE || step == SQLITE_ROW ? 0 : store_failed(s, what, e);

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return r;
}

int store_put(struct store *s, const char *key, const void *bytes, size_t len, struct err *e)
{
    sqlite3_stmt *put = s->prepared[PUT];
    int r = begin(s, e);

    assert(len <= GW_RECORD_MAX && strlen(key) < sizeof(((struct gw_record *)0)->key));
    if (r < 0)
        return r;
    sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_blob(put, 2, len ? bytes : "", (int)len, SQLITE_STATIC);
    return step_once(s, put, "writing a record", e);
}

int store_forget(struct store *s, const char *key, struct err *e)
{
    int r = begin(s, e);

    if (r < 0)
        return r;
    sqlite3_bind_text(s->prepared[FORGET], 1, key, -1, SQLITE_STATIC);
    return step_once(s, s->prepared[FORGET], "forgetting a record", e);
}

int store_sync(struct store *s, struct err *e)
{
    int r = s->open ? store_do(s, "COMMIT", "writing", e) : 0;

    s->open = s->open && r < 0;
    return r;
}
