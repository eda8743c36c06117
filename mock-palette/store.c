#include "mock-palette/store.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_VERSION "1"

enum { PUT, LOAD, TIME_PUT, STATEMENTS };
static const char *const statements[STATEMENTS] = {
    [PUT] = ("INSERT INTO rows (key, bytes) VALUES (?1, ?2) "
             "ON CONFLICT (key) DO UPDATE SET bytes = ?2"),
    [LOAD] = "SELECT key, bytes FROM rows ORDER BY rowid",
    [TIME_PUT] = "UPDATE time SET domain_ms = ?1, real_ms = ?2",
};

struct store {
    const char *path;
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    bool open; /* a transaction is */
    int failed;
    int64_t domain_ms, real_ms; /* of the last commit, when it was opened */
};

static int said(const struct store *s, struct err *e)
{
    return err_set(e, -EIO, "--state %s: %s", s->path, sqlite3_errmsg(s->db));
}

static int run(const struct store *s, const char *sql, struct err *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : said(s, e);
}

/* --- open ------------------------------------------------------------------------------------- */

static int version_take(void *arg, int n, char **values, char **names)
{
    (void)names;
    return n == 1 && values[0] && text_int(values[0], 0, INT64_MAX, arg) ? 0 : 1;
}

static int time_take(void *arg, int n, char **values, char **names)
{
    struct store *s = arg;

    (void)names;
    if (n != 2 || !values[0] || !values[1] || !text_int(values[0], 0, INT64_MAX, &s->domain_ms) ||
        !text_int(values[1], 0, INT64_MAX, &s->real_ms))
        return 1;
    return 0;
}

static int schema(struct store *s, struct err *e)
{
    int64_t version = 0;

    if (sqlite3_exec(s->db, "PRAGMA user_version", version_take, &version, NULL) != SQLITE_OK)
        return said(s, e);
    if (version == 0)
        return run(s,
                   "BEGIN; CREATE TABLE rows (key TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) "
                   "STRICT; CREATE TABLE time (domain_ms INTEGER, real_ms INTEGER) STRICT; "
                   "INSERT INTO time VALUES (0, 0); PRAGMA user_version = " STORE_VERSION
                   "; COMMIT",
                   e);
    if (version != 1)
        return err_set(e, -EINVAL, "--state %s: was written by another version", s->path);
    if (sqlite3_exec(s->db, "SELECT domain_ms, real_ms FROM time", time_take, s, NULL) != SQLITE_OK)
        return said(s, e);
    return 0;
}

static int prepare(struct store *s, struct err *e)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v2(s->db, statements[i], -1, &s->prepared[i], NULL) != SQLITE_OK)
            return said(s, e);
    return 0;
}

/* SQLite makes its side files with the mode of the main one, so that one is made first. */
static int file_make(const char *path, struct err *e)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_errno(e, "--state %s", path);
    close(fd);
    return 0;
}

/* A second program on the same file would not see what the first one does. */
static int only_one(struct store *s, struct err *e)
{
    int r = run(s,
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT",
                e);

    if (r < 0 && sqlite3_errcode(s->db) == SQLITE_BUSY)
        return err_set(e, -EBUSY, "--state %s: is in use by another mock-palette", s->path);
    return r;
}

int store_open(struct store **ret, const char *path, struct err *e)
{
    struct store *s = calloc(1, sizeof(*s));
    int r = file_make(path, e);

    if (!s)
        WRONG("out of memory");
    s->path = path;
    if (r == 0 && sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        r = said(s, e);
    if (r == 0)
        r = only_one(s, e);
    if (r == 0)
        r = schema(s, e);
    if (r == 0)
        r = prepare(s, e);
    if (r < 0)
        store_close(s);
    else
        *ret = s;
    return r;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->prepared[i]);
    sqlite3_close(s->db);
    free(s);
}

ms_t store_now(const struct store *s, int factor)
{
    if (s->real_ms == 0)
        return 0;
    return s->domain_ms + factor * ms_max(0, clk_realtime_ms() - s->real_ms);
}

int store_load(struct store *s, store_row_fn *each, void *arg, struct err *e)
{
    sqlite3_stmt *st = s->prepared[LOAD];
    int step, r = 0;

    while (r == 0 && (step = sqlite3_step(st)) == SQLITE_ROW)
        r = each(arg, (const char *)sqlite3_column_text(st, 0), sqlite3_column_blob(st, 1),
                 (size_t)sqlite3_column_bytes(st, 1), e);
    if (r == 0 && step != SQLITE_DONE)
        r = said(s, e);
    sqlite3_reset(st);
    return r < 0 ? err_at(e, "--state %s", s->path) : 0;
}

/* --- change ----------------------------------------------------------------------------------- */

static void did(struct store *s, int result)
{
    if (result != SQLITE_OK && result != SQLITE_DONE && s->failed == 0)
        s->failed = result;
}

static void step(struct store *s, int which)
{
    did(s, sqlite3_step(s->prepared[which]));
    sqlite3_reset(s->prepared[which]);
}

void store_put(struct store *s, const char *key, const char *bytes, size_t len)
{
    sqlite3_stmt *st = s->prepared[PUT];

    if (!s->open)
        did(s, sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL));
    s->open = true;
    did(s, sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC));
    did(s, sqlite3_bind_blob64(st, 2, bytes, len, SQLITE_STATIC));
    step(s, PUT);
}

int store_commit(struct store *s, ms_t now, struct err *e)
{
    if (!s->open)
        return 0;
    did(s, sqlite3_bind_int64(s->prepared[TIME_PUT], 1, now));
    did(s, sqlite3_bind_int64(s->prepared[TIME_PUT], 2, clk_realtime_ms()));
    step(s, TIME_PUT);
    did(s, sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
    s->open = false;
    return s->failed ? err_set(e, -EIO, "--state %s: %s", s->path, sqlite3_errstr(s->failed)) : 0;
}
