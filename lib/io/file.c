#include "lib/io/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_CHUNK    16384
#define FILE_LINE_MAX KIB(64)

static void fd_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* The opening of a pipe waits for who writes into it, and perhaps nobody ever does. */
static int read_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0)
        (void)fcntl(fd, F_SETFL, O_RDONLY);
    return fd;
}

static bool is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

int file_read(const char *path, struct buf *out, struct err *e)
{
    SCOPED(fd_close) int fd = read_open(path);
    char chunk[FILE_CHUNK];
    ssize_t n = 1;

    if (fd < 0)
        return err_errno(e, "%s cannot be read", path);
    buf_clear(out);
    while (n > 0 && !out->full) {
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n < 0)
            return err_errno(e, "%s cannot be read", path);
        else
            buf_add(out, chunk, (size_t)n);
    }
    explicit_bzero(chunk, sizeof(chunk)); /* it may have been a secret */
    if (out->full)
        return err_set(e, -EFBIG, "%s is larger than %zu bytes", path, out->max);
    if (!out->len && is_pipe(fd))
        return err_set(e, -EINVAL, "%s is a pipe that nobody writes into: give a file", path);
    return 0;
}

int file_read_line(const char *path, char *out, size_t size, struct err *e)
{
    SCOPED(buf_drop) struct buf b;
    int r;

    buf_init(&b, FILE_LINE_MAX);
    r = file_read(path, &b, e);
    if (r < 0)
        return r;
    if (b.len > 0 && b.data[b.len - 1] == '\n')
        b.len -= b.len > 1 && b.data[b.len - 2] == '\r' ? 2 : 1;
    if (b.len >= size)
        r = err_set(e, -EFBIG, "%s: its line is longer than %zu bytes", path, size - 1);
    else if (b.len > 0 && (memchr(b.data, '\n', b.len) != NULL || memchr(b.data, 0, b.len) != NULL))
        r = err_set(e, -EINVAL, "%s: one line of text is wanted", path);
    if (r == 0 && b.len > 0)
        memcpy(out, b.data, b.len);
    if (r == 0)
        out[b.len] = '\0';
    if (b.data != NULL)
        explicit_bzero(b.data, b.len);
    return r;
}

static int all_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A rename is only durable once its folder is. */
static int folder_sync(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? snprintf(folder, sizeof(folder), ".")
                          : snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
    SCOPED(fd_close) int fd = -1;

    if (n < 0 || (size_t)n >= sizeof(folder))
        return -1;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

#define TEMPORARY ".part-XXXXXX" /* no name that somebody gives a copy; see mkstemp */

size_t file_temporary_of(const char *name)
{
    const size_t len = strlen(name), more = strlen(TEMPORARY), fixed = strcspn(TEMPORARY, "X");

    if (len <= more || memcmp(name + len - more, TEMPORARY, fixed) != 0)
        return 0;
    for (const char *at = name + len - more + fixed; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at))
            return 0;
    return len - more;
}

int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, path);
    SCOPED(fd_close) int fd = -1;

    if (n < 0 || (size_t)n >= sizeof(temporary))
        return err_set(e, -ENAMETOOLONG, "%s: the path is too long", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "%s cannot be written", path);
    if (fchmod(fd, mode) < 0 || all_write(fd, bytes, len) < 0 || fsync(fd) < 0 ||
        rename(temporary, path) < 0) {
        int r = err_errno(e, "%s cannot be written", path);

        (void)unlink(temporary);
        return r;
    }
    if (folder_sync(path) < 0)
        return err_errno(e, "%s is written, but its folder cannot be synced", path);
    return 0;
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
    char part[PATH_MAX];
    struct stat st;

    if (*path == '\0')
        return err_set(e, -ENOENT, "a folder without a name cannot be made");
    for (size_t i = 0;; i++) {
        if (i == sizeof(part) - 1)
            return err_set(e, -ENAMETOOLONG, "%s: the path is too long", path);
        part[i] = path[i];
        part[i + 1] = '\0';
        if (i == 0 || (path[i] != '/' && path[i] != '\0'))
            continue;
        part[i] = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return err_errno(e, "%s cannot be made", part);
        if (path[i] == '\0')
            break;
        part[i] = '/';
    }
    if (stat(path, &st) < 0)
        return err_errno(e, "%s cannot be made", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, -ENOTDIR, "%s is there already and is no folder", path);
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
