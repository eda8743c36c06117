/* Opening a store: the directory, its lock, the file and its version. */
#include "gateway/store_inner.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_APPLICATION 0x67707067 /* "gppg": this file is ours */
#define STORE_NEW         STORE_FILE ".new"

static const char *const statements[STATEMENTS] = {
    [PUT] = ("INSERT INTO records (key, bytes) VALUES (?1, ?2) "
             "ON CONFLICT (key) DO UPDATE SET bytes = ?2"),
    [FORGET] = "DELETE FROM records WHERE key = ?1",
    [LOAD] = "SELECT key, bytes FROM records ORDER BY key",
    [OWNER] = "SELECT uid FROM owner",
    [CLAIM] = "INSERT INTO owner (one, uid) VALUES (1, ?1)",
};

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
        return store_failed(s, "reading", e);
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
    if (use == STORE_RUN && geteuid() == 0 && st.st_uid != 0)
        return err_set(e, -EPERM,
                       "state directory %s belongs to the user with number %u, and root's files in "
                       "it would lock that user out: run this as that user",
                       dir, (unsigned)st.st_uid);
    if (use == STORE_LOOK && access(dir, R_OK | X_OK) < 0)
        return err_errno(e, "state directory %s: ask as the gateway's user, or as root", dir);
    if (use == STORE_RUN && access(dir, R_OK | W_OK | X_OK) < 0)
        return err_errno(e, "state directory %s: this user must be able to write it", dir);
    return 0;
}

/* A lock of the open file, not of the process: gone with its last descriptor, and a question about
 * it (F_OFD_GETLK) takes nothing. */
static const struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

static int lock_take(struct store *s, const char *dir, struct err *e)
{
    struct flock lock = whole_file;
    char path[STORE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", dir, STORE_LOCK);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_errno(e, "%s: the gateway's user must be able to write it", path);
    if (fcntl(s->lock_fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    if (errno != EAGAIN && errno != EACCES)
        return err_errno(e, "%s", path);
    return err_set(e, -EBUSY,
                   "state directory %s is in use by another gateway; stop that one, or give this "
                   "one a directory of its own",
                   dir);
}

bool store_held(const char *dir)
{
    struct flock lock = whole_file;
    char path[STORE_PATH_MAX];
    bool held;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, STORE_LOCK);
    fd = open(path, O_RDWR | O_CLOEXEC);
    held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return held;
}

static int synced(const char *path, int flags)
{
    int r, fd = open(path, flags | O_CLOEXEC);

    if (fd < 0)
        return -1;
    r = fsync(fd);
    close(fd);
    return r;
}

/* --- versions -------------------------------------------------------------------------------- */

static const char schema[] = "CREATE TABLE records (key TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT "
                             "NULL) WITHOUT ROWID, STRICT;"
                             "PRAGMA application_id = 1735422055;";

/* What makes version n + 1 of version n, from 1; a new file goes all the way. */
static const char *const steps[] = {
    "CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), uid TEXT NOT NULL) STRICT;"
    "PRAGMA user_version = 2;",
};

static int steps_take(struct store *s, int64_t from, struct err *e)
{
    static_assert(COUNTOF(steps) + 1 == STORE_VERSION, "a step to each version");
    static_assert(STORE_APPLICATION == 1735422055, "the number in schema");
    int r = store_do(s, "BEGIN IMMEDIATE", "taking over older records", e);

    if (r == 0 && from == 0)
        r = store_do(s, schema, "making the tables", e);
    for (int64_t v = from ? from : 1; r == 0 && v < STORE_VERSION; v++)
        r = store_do(s, steps[v - 1], "making the tables", e);
    if (r == 0)
        r = store_do(s, "COMMIT", "making the tables", e);
    if (r < 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

/* A whole copy, made by SQLite itself so that what is in its log is in it, before anything is
 * changed. An older copy of the same version is from a take-over that did not end. */
static int backup_make(struct store *s, int64_t version, struct err *e)
{
    char path[STORE_PATH_MAX + 16], *sql;
    int r;

    snprintf(path, sizeof(path), "%s.v%lld", s->path, (long long)version);
    if (unlink(path) < 0 && errno != ENOENT)
        return err_errno(e, "%s", path);
    sql = sqlite3_mprintf("VACUUM INTO %Q", path);
    if (!sql)
        abort();
    r = store_do(s, sql, "keeping a copy of older records", e);
    sqlite3_free(sql);
    if (r == 0 && (chmod(path, 0600) < 0 || synced(path, O_RDONLY) < 0))
        r = err_errno(e, "%s", path);
    if (r < 0) {
        (void)unlink(path);
        return r;
    }
    snprintf(s->remark, sizeof(s->remark),
             "the records of version %lld were taken over; %s is how they were", (long long)version,
             path);
    return 0;
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
    if (application != STORE_APPLICATION)
        return store_damaged(s, "it is not a gateway's", e);
    if (version > STORE_VERSION || version < 1)
        return err_set(e, -EPROTO,
                       "%s has records of version %lld and this program knows version %d: start "
                       "the program that wrote it",
                       s->path, (long long)version, STORE_VERSION);
    if (version == STORE_VERSION || use == STORE_LOOK)
        return 0;
    r = backup_make(s, version, e);
    return r < 0 ? r : steps_take(s, version, e);
}

/* --- open ------------------------------------------------------------------------------------ */

static int handle_open(struct store *s, const char *path, int flags, struct err *e)
{
    if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_failed(s, "opening", e);
    sqlite3_extended_result_codes(s->db, 0);
    return 0;
}

static void handle_close(struct store *s)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(STEAL(s->prepared[i]));
    sqlite3_close(STEAL(s->db));
}

/* SQLite makes its side files with the mode of the main one, so that one is made first. */
static int new_fill(struct store *s, const char *path, struct err *e)
{
    int r, fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_errno(e, "%s", path);
    close(fd);
    r = handle_open(s, path, SQLITE_OPEN_READWRITE, e);
    if (r == 0)
        r = store_do(s, "PRAGMA synchronous = FULL", "making the file", e);
    if (r == 0)
        r = steps_take(s, 0, e);
    handle_close(s);
    return r;
}

/* Whether there is a file. A link that leads nowhere is one that is not there *now*: to begin anew
 * in its place would be the end of what it stands for. */
static int file_find(const struct store *s, bool *ret, struct err *e)
{
    struct stat st;

    *ret = lstat(s->path, &st) == 0;
    if (!*ret && errno != ENOENT)
        return err_errno(e, "%s: this user must be able to reach it", s->path);
    if (*ret && stat(s->path, &st) < 0)
        return err_errno(e,
                         "%s is a link whose file cannot be found: mount or put that back, or "
                         "remove the link and pair this gateway anew",
                         s->path);
    if (*ret && !S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%s is no file, and records are kept in one: move it away",
                       s->path);
    return 0;
}

/* Under another name until it is whole: a file of this name that is empty is a damaged one. */
static int file_make(struct store *s, const char *dir, struct err *e)
{
    char path[STORE_PATH_MAX + 16];
    bool there;
    int r = file_find(s, &there, e);

    if (r < 0)
        return r;
    if (there)
        return chmod(s->path, 0600) < 0
                   ? err_errno(e, "%s: it must be the gateway's user's: chown it", s->path)
                   : 0;
    snprintf(path, sizeof(path), "%s-wal", s->path);
    if (access(path, F_OK) == 0)
        return err_set(e, -EUCLEAN,
                       "%s is there and %s is not: put that back, or move the log away and pair "
                       "this gateway anew",
                       path, s->path);
    snprintf(path, sizeof(path), "%s/%s", dir, STORE_NEW);
    (void)unlink(path);
    r = new_fill(s, path, e);
    if (r == 0 && (rename(path, s->path) < 0 || synced(dir, O_RDONLY | O_DIRECTORY) < 0))
        r = err_errno(e, "%s", s->path);
    if (r < 0)
        (void)unlink(path);
    return r;
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
        return store_failed(s, "checking", e);
    return sound ? 0 : store_damaged(s, "its pages do not fit together", e);
}

static int statements_prepare(struct store *s, struct err *e)
{
    int64_t version = 0;
    int r = number(s, "PRAGMA user_version", &version, e);

    for (size_t i = 0; r == 0 && i < STATEMENTS && (i < OWNER || version > 1); i++)
        if (sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->prepared[i],
                               NULL) != SQLITE_OK)
            r = store_failed(s, "preparing", e);
    return r;
}

/* What SQLite does not mind: it takes an empty file for a new one, and a last page that is cut
 * short for one that ends in zeros. While there is a log, that one repairs the file. */
static const char *cut_short(const char *path)
{
    char log[STORE_PATH_MAX + 16];
    uint8_t head[18] = {0};
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool read_well =
        fd >= 0 && fstat(fd, &st) == 0 && pread(fd, head, sizeof(head), 0) == sizeof(head);
    const off_t page = head[16] << 8 | head[17]; /* 1 stands for 64 KiB: never ours */

    if (fd >= 0)
        close(fd);
    snprintf(log, sizeof(log), "%s-wal", path);
    if (fd >= 0 && !st.st_size)
        return "it is empty";
    return read_well && page > 1 && st.st_size % page && access(log, F_OK) < 0 ? "it is cut short"
                                                                               : NULL;
}

static int look_find(const struct store *s, struct err *e)
{
    bool there;
    int r = file_find(s, &there, e);

    if (r == 0 && access(s->path, R_OK) < 0)
        r = err_errno(e, "%s: %s", s->path,
                      there ? "ask as the gateway's user, or as root" : "no gateway has been here");
    return r;
}

/* Who only looks makes no side files: they would be root's. With a log there is a gateway, or was
 * one that died, and its side files are there; without one the file alone is everything. */
static int look_open(struct store *s, struct err *e)
{
    SCOPED(buf_drop) struct buf uri = {.max = 3 * STORE_PATH_MAX + 64};
    char log[STORE_PATH_MAX + 16];

    snprintf(log, sizeof(log), "%s-wal", s->path);
    buf_text_add(&uri, "file:");
    url_encode(&uri, s->path);
    buf_text_add(&uri, access(log, F_OK) < 0 ? "?mode=ro&immutable=1" : "?mode=ro");
    return handle_open(s, buf_text(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
}

static int database_open(struct store *s, enum store_use use, struct err *e)
{
    const char *wrong = cut_short(s->path);
    int r;

    if (wrong)
        return store_damaged(s, wrong, e);
    r = use == STORE_LOOK ? look_open(s, e) : handle_open(s, s->path, SQLITE_OPEN_READWRITE, e);
    if (r == 0 && use == STORE_RUN)
        r = store_do(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", "opening", e);
    if (r == 0)
        r = soundness_check(s, e);
    if (r == 0)
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
    if (r == 0 && use == STORE_LOOK)
        r = look_find(s, e);
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
    handle_close(s);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

const char *store_remark(const struct store *s)
{
    return s->remark;
}
