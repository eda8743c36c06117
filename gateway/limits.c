#include "gateway/limits.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

int limits_raise(char *remark, size_t size, struct err *e)
{
    struct rlimit files;

    *remark = '\0';
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return err_errno(e, "how many files may be open cannot be asked");
    if (files.rlim_cur < LIMITS_FILES_MAX) {
        files.rlim_cur = files.rlim_max < LIMITS_FILES_MAX ? files.rlim_max : LIMITS_FILES_MAX;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
            return err_errno(e, "how many files may be open cannot be raised");
    }
    if (files.rlim_cur < LIMITS_FILES_OWN)
        return err_set(e, -EMFILE,
                       "this process may have %llu files open, and %d are the least: raise the "
                       "limit (LimitNOFILE=, ulimit -n)",
                       (unsigned long long)files.rlim_cur, LIMITS_FILES_OWN);
    if (files.rlim_cur < LIMITS_FILES_MAX)
        snprintf(remark, size,
                 "this process may have %llu files open, and may want %d: beyond that, calls fail "
                 "and are tried again; raise the limit (LimitNOFILE=, ulimit -n)",
                 (unsigned long long)files.rlim_cur, LIMITS_FILES_MAX);
    return 0;
}
