#include "gateway/store.h"

#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_PATH_MAX    1024
#define STORE_APPLICATION 0x67707067 /* "gppg": this file is ours */

enum { PUT, FORGET, LOAD, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    [PUT] = ("INSERT INTO records (key, bytes) VALUES (?1, ?2) "
             "ON CONFLICT (key) DO UPDATE SET bytes = ?2"),
    [FORGET] = "DELETE FROM records WHERE key = ?1",
    [LOAD] = "SELECT key, bytes FROM records ORDER BY key",
};

struct store {
    char path[STORE_PATH_MAX];
    int lock_fd;
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    bool open; /* a transaction is open */
};

/* --- what SQLite says ------------------------------------------------------------------------ */

static int damaged(const struct store *s, const char *what, struct err *e)
{
    return err_set(e, -EUCLEAN,
                   "%s is damaged (%s); it was left as it is: put a copy back, or move it away and "
                   "pair this gateway anew",
                   s->path, what);
}

/* SQLite's word for what went wrong. It never quotes a value of ours. */
static int failed(const struct store *s, const char *what, struct err *e)
{
    switch (sqlite3_errcode(s->db)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damaged(s, sqlite3_errmsg(s->db), e);
    case SQLITE_FULL:
        return err_set(e, -ENOSPC, "%s: %s: the disk is full; make room and start again", s->path,
                       what);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return err_set(e, -EACCES, "%s: %s: %s; the gateway's user must be able to write it",
                       s->path, what, sqlite3_errmsg(s->db));
    default:
        return err_set(e, -EIO, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    }
}

static int run(struct store *s, const char *sql, const char *what, struct err *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(s, what, e);
}

static int number_cb(void *arg, int n, char **values, char **names)
{
    (void)names;
    if (n == 1 && values[0])
        (void)text_int(values[0], INT64_MIN, INT64_MAX, arg);
    return 0;
}

static int number(struct store *s, const char *sql, int64_t *ret, struct err *e)
{
    if (sqlite3_exec(s->db, sql, number_cb, ret, NULL) != SQLITE_OK)
        return failed(s, "reading", e);
    return 0;
}

/* --- the directory --------------------------------------------------------------------------- */

static int directory_check(const char *dir, enum store_use use, struct err *e)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return err_errno(e, "state directory %s: make it, with mode 0700", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, -ENOTDIR, "state directory %s: this is no directory", dir);
    if (st.st_mode & 077)
        return err_set(e, -EPERM,
                       "state directory %s: others may enter it (mode %04o), and it holds secrets: "
                       "chmod 0700 it",
                       dir, st.st_mode & 07777);
    if (use == STORE_RUN && access(dir, R_OK | W_OK | X_OK) < 0)
        return err_errno(e, "state directory %s: this user must be able to write it", dir);
    return 0;
}

static int lock_take(struct store *s, const char *dir, struct err *e)
{
    char path[STORE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", dir, STORE_LOCK);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_errno(e, "%s", path);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return err_errno(e, "%s", path);
    return err_set(e, -EBUSY,
                   "state directory %s is in use by another gateway; stop that one, or give this "
                   "one a directory of its own",
                   dir);
}

/* SQLite makes its side files with the mode of the main one, so that one is made first. */
static int file_make(const struct store *s, const char *dir, struct err *e)
{
    struct stat st;
    int dir_fd, r, fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_errno(e, "%s", s->path);
    r = fstat(fd, &st) == 0 && (st.st_mode & 077) ? fchmod(fd, 0600) : 0;
    close(fd);
    if (r < 0)
        return err_errno(e, "%s: chmod 0600", s->path);
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return err_errno(e, "%s", dir);
    r = fsync(dir_fd);
    close(dir_fd);
    return r < 0 ? err_errno(e, "%s", dir) : 0;
}

/* --- open ------------------------------------------------------------------------------------ */

static int schema_make(struct store *s, struct err *e)
{
    static const char sql[] = "BEGIN IMMEDIATE;"
                              "CREATE TABLE records (key TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT "
                              "NULL) WITHOUT ROWID, STRICT;"
                              "PRAGMA application_id = 1735422055;"
                              "PRAGMA user_version = 1;"
                              "COMMIT;";

    static_assert(STORE_APPLICATION == 1735422055 && STORE_VERSION == 1, "the numbers in sql");
    return run(s, sql, "making the table", e);
}

static int schema_check(struct store *s, enum store_use use, struct err *e)
{
    int64_t application = -1, version = -1;
    int r = number(s, "PRAGMA application_id", &application, e);

    if (r < 0)
        return r;
    r = number(s, "PRAGMA user_version", &version, e);
    if (r < 0)
        return r;
    if (application == 0 && version == 0 && use == STORE_RUN)
        return schema_make(s, e);
    if (application != STORE_APPLICATION)
        return damaged(s, "it is not a gateway's", e);
    if (version != STORE_VERSION)
        return err_set(e, -EPROTO,
                       "%s has records of version %lld and this program knows version %d: start "
                       "the program that wrote it",
                       s->path, (long long)version, STORE_VERSION);
    return 0;
}

static int sound_cb(void *arg, int n, char **values, char **names)
{
    bool *sound = arg;

    (void)names;
    *sound = n == 1 && text_is(values[0], "ok");
    return 0;
}

/* The whole file is a few hundred kilobytes: reading it through costs less than a wrong record. */
static int soundness_check(struct store *s, struct err *e)
{
    bool sound = false;

    if (sqlite3_exec(s->db, "PRAGMA quick_check(1)", sound_cb, &sound, NULL) != SQLITE_OK)
        return failed(s, "checking", e);
    return sound ? 0 : damaged(s, "its pages do not fit together", e);
}

static int statements_prepare(struct store *s, struct err *e)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->prepared[i],
                               NULL) != SQLITE_OK)
            return failed(s, "preparing", e);
    return 0;
}

static int database_open(struct store *s, enum store_use use, struct err *e)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
    int r;

    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        return failed(s, "opening", e);
    sqlite3_extended_result_codes(s->db, 0);
    r = run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", "opening", e);
    if (r < 0)
        return r;
    r = soundness_check(s, e);
    if (r < 0)
        return r;
    r = schema_check(s, use, e);
    return r < 0 ? r : statements_prepare(s, e);
}

int store_open(struct store **ret, const char *dir, enum store_use use, struct err *e)
{
    struct store *s;
    int r = directory_check(dir, use, e);

    if (r < 0)
        return r;
    s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->lock_fd = -1;
    if (snprintf(s->path, sizeof(s->path), "%s/%s", dir, STORE_FILE) >= (int)sizeof(s->path))
        r = err_set(e, -ENAMETOOLONG, "state directory: the path is too long");
    if (r == 0 && use == STORE_RUN)
        r = lock_take(s, dir, e);
    if (r == 0 && use == STORE_RUN)
        r = file_make(s, dir, e);
    if (r == 0 && use == STORE_LOOK && access(s->path, R_OK) < 0)
        r = err_errno(e, "%s: no gateway has been here", s->path);
    if (r == 0)
        r = database_open(s, use, e);
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->prepared[i]);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
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
        return damaged(s, "a record is larger than any we wrote", e);
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
            r = damaged(s, "it has more records than any we wrote", e);
        else
            r = record_take(s, rows, &records[n], e);
        n += r == 0;
    }
    if (r == 0 && step != SQLITE_DONE)
        r = failed(s, "reading", e);
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
    int r = s->open ? 0 : run(s, "BEGIN IMMEDIATE", "writing", e);

    s->open = r == 0;
    return r;
}

static int step_once(struct store *s, sqlite3_stmt *statement, const char *what, struct err *e)
{
    int step = sqlite3_step(statement);
    int r = step == SQLITE_DONE || step == SQLITE_ROW ? 0 : failed(s, what, e);

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
    int r = s->open ? run(s, "COMMIT", "writing", e) : 0;

    s->open = s->open && r < 0;
    return r;
}
