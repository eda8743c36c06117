/* gateproof-pcg-rogue: the reference gateway's program with `--rogue NAME`. The name becomes part
 * of the version, and what the rogue does is told over the descriptor that the harness gave it. */
#include "tests/rogues/rogue.h"

#include "gateway/config.h"
#include "lib/base/text.h"
#include "lib/io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION   "--rogue"
#define CARRIER  "GATEPROOF_ROGUE" /* from the command line to the configuration */
#define LINE_MAX KIB(2)

int __real_config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e);
int __wrap_config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e);
int __real_config_read(const struct opts *o, struct config *ret, struct err *e);
int __wrap_config_read(const struct opts *o, struct config *ret, struct err *e);
void __real_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void __wrap_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Takes the option away, so that the program's own table never sees it. */
int __wrap_config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (!text_is(argv[i], OPTION))
            continue;
        if (!gw_rogue_find(argv[i + 1]))
            return err_set(e, -EINVAL, OPTION ": there is no rogue '%.40s'", argv[i + 1]);
        if (setenv(CARRIER, argv[i + 1], 1) < 0)
            return err_errno(e, OPTION);
        memmove(&argv[i], &argv[i + 2], (size_t)(argc - i - 1) * sizeof argv[0]);
        argc -= 2;
        break;
    }
    return __real_config_options(ret, argc, argv, envp, e);
}

int __wrap_config_read(const struct opts *o, struct config *ret, struct err *e)
{
    const char *name = getenv(CARRIER);
    const int r = __real_config_read(o, ret, e);
    const size_t len = strlen(ret->gw.version);

    if (r == 0 && name)
        snprintf(ret->gw.version + len, sizeof ret->gw.version - len, "+%s", name);
    return r;
}

static void tell(const char *text)
{
    const char *number = getenv("GP_ROGUE_FD");
    char line[LINE_MAX];
    int64_t fd;
    const int n = snprintf(line, sizeof line, "%s\n", text);

    /* a harness that is gone has no use for it */
    if (number && text_int(number, 0, INT32_MAX, &fd) && n > 0 && (size_t)n < sizeof line &&
        write((int)fd, line, (size_t)n) < 0)
        return;
}

void __wrap_log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
    char text[LINE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (text_begins(text, ROGUE_ACT))
        tell(text + sizeof ROGUE_ACT - 1);
    __real_log_line(l, level, "%s", text);
}
