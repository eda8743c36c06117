/* Options of a program from one table: command line, environment, file, default, in this order of
 * precedence, whatever the order of the calls. --help and --show-config (value and source) are made
 * from the same rows. */
#ifndef IO_OPTS_H
#define IO_OPTS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define OPTS_MAX       48
#define OPTS_VALUE_MAX 1024

enum opt_kind { OPT_TEXT, OPT_INT, OPT_FLAG, OPT_DURATION };
enum { OPT_SECRET = 1 /* --show-config prints «set» */, OPT_MUST = 2, OPT_NO_FILE = 4 };

struct opt_row {
    const char *name; /* "palette-url": --palette-url, and `palette-url = …` in a file */
    const char *env;  /* "GP_PALETTE_URL" or NULL */
    enum opt_kind kind;
    const char *value; /* default, or NULL */
    const char *arg;   /* "URL" for --help */
    const char *what;  /* one line for --help */
    unsigned flags;
    int64_t min, max; /* OPT_INT; OPT_DURATION in ms; both 0: no bounds */
};

struct opts;
/* program, usage and the rows stay the caller's (static). Every program also has the flags help
 * (and -h), show-config and version: ask opt_flag() right after opts_args(), before opts_check().
 */
int opts_new(struct opts **ret, const char *usage, const struct opt_row *rows, size_t n,
             struct err *e) MUST_CHECK;
void opts_free(struct opts *o);
/* "--name value" or "--name=value" (a value that begins with "--" only so); a flag is "--name" or
 * "--name=no"; "--" ends the options. Unknown option: one sentence with the nearest name. Words
 * that are no options are kept; argv must live as long as o. Two values for one option are refused:
 * whichever counted, somebody meant the other. A flag may be taken back. */
int opts_args(struct opts *o, int argc, char **argv, struct err *e) MUST_CHECK;
int opts_env(struct opts *o, char **envp, struct err *e) MUST_CHECK; /* empty counts as not given */
/* Lines "name = value" in UTF-8; "#" at the start or after a blank begins a comment. Errors:
 * path:line: … */
int opts_file(struct opts *o, const char *path, struct err *e) MUST_CHECK;
int opts_check(const struct opts *o, struct err *e) MUST_CHECK; /* every OPT_MUST is there */

const char *opt_text(const struct opts *o, const char *name); /* "" when not given */
int64_t opt_int(const struct opts *o, const char *name);
bool opt_flag(const struct opts *o, const char *name);
ms_t opt_ms(const struct opts *o, const char *name);
bool opt_given(const struct opts *o, const char *name); /* not by default */
size_t opts_words(const struct opts *o, const char *const **ret);
void opts_help(const struct opts *o, struct buf *out);
void opts_show(const struct opts *o, struct buf *out);

#endif
