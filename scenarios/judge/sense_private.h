/* What the files sense*.c share: a story that can be read, and how it is said that it makes no
 * sense. */
#ifndef SCENARIOS_JUDGE_SENSE_PRIVATE_H
#define SCENARIOS_JUDGE_SENSE_PRIVATE_H

#include "scenarios/engine/script.h"
#include "scenarios/judge/sense.h"

struct sense {
    const struct script *s;
    const char *file;
    struct err *e;
};

/* "file:line:column: sentence", -EINVAL. */
int sense_wrong(const struct sense *x, int number, int column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int64_t sense_number(const char *text); /* of a place {n} */
int64_t sense_machines(const struct script *s);

/* sense_acts.c: acts that cannot happen. */
int sense_acts(const struct sense *x, const struct script_line *line);
/* sense_site.c: what the story takes for there, and is not. */
int sense_site(const struct sense *x, const struct script_line *line);

#endif
