/* Files: read whole with a bound, write atomically, make folders. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Replaces out's content. -EFBIG when larger than out->max. A pipe is read to its end, and refused
 * (-EINVAL) when nobody writes into it. */
int file_read(const char *path, struct buf *out, struct err *e) MUST_CHECK;
/* Without the final newline, of whichever system; for secrets and one-line files. */
int file_read_line(const char *path, char *out, size_t size, struct err *e) MUST_CHECK;
/* Temporary file in the same folder, sync, rename, sync of the folder. */
int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
    MUST_CHECK;
/* How long the name is that file_write was to write under this temporary name, or 0: of a process
 * that was killed meanwhile, its temporary stays. */
size_t file_temporary_of(const char *name);
int file_mkdirs(const char *path, mode_t mode, struct err *e) MUST_CHECK; /* like mkdir -p */
bool file_exists(const char *path);

#endif
