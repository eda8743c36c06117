/* The words everything else is written with: one unit of time, a few attributes, and the three
 * marks of ownership (SCOPED, STEAL, MUST_CHECK). Nothing here touches the world. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A point in time or a duration in milliseconds. Which clock is said where the value is declared;
 * inside cores it always is domain time: milliseconds since the run began (docs/time.md). */
typedef int64_t ms_t;

#define MS_NEVER   INT64_MAX /* a deadline that does not exist */
#define SECONDS(n) ((ms_t)(n)*1000)
#define MINUTES(n) SECONDS((ms_t)(n)*60)
#define HOURS(n)   MINUTES((ms_t)(n)*60)

#define KIB(n)         ((size_t)(n) << 10)
#define MIB(n)         ((size_t)(n) << 20)
#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n)         (UINT64_C(1) << (n))

/* The variable is released by fn(&variable) when its scope ends. Only on variables that are
 * initialised where they are declared. */
#define SCOPED(fn) __attribute__((cleanup(fn)))
/* Moves a pointer out of its owner: the owner is left NULL. */
#define STEAL(pointer)                                                                             \
    ({                                                                                             \
        __typeof__(pointer) stolen_ = (pointer);                                                   \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })
#define MUST_CHECK                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_i, args_i) __attribute__((format(printf, fmt_i, args_i)))

/* Our own bug: prints file, line and why, and aborts. Stays on in release, like assert. */
_Noreturn void wrong(const char *file, int line, const char *why);
#define WRONG(why) wrong(__FILE__, __LINE__, (why))

static inline ms_t ms_min(ms_t a, ms_t b)
{
    return a < b ? a : b;
}

static inline ms_t ms_max(ms_t a, ms_t b)
{
    return a > b ? a : b;
}

#endif
