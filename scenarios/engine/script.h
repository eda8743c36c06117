/* The line language: a story's text → steps. Pure.
 *
 *   WHEN words…   # comment      [RULE]
 *
 * WHEN is site, at TIME, at POINT[+TIME], by TIME, then [+TIME], never, always, end, premise;
 * header words (scenario, grades, stages, wall, over, expect, run) stand alone. POINT is OP.N.PHASE
 * and only for acts. A fact may end in before "EVENT", after "EVENT" or while "SPAN", and may be
 * two with `or` between. The verbs are rows of scenarios/engine/verbs.c: the row's form is parser,
 * documentation line and error message in one.
 *
 * Times count from the beginning of the story: the run's, or, with `site cluster` lines, the
 * instant at which all those clusters are Running (lines.h plays that prelude).
 * Errors are one sentence "file:line:column: what; remedy", with the nearest word for a typo. */
#ifndef SCENARIOS_ENGINE_SCRIPT_H
#define SCENARIOS_ENGINE_SCRIPT_H

#include "lib/base/base.h"
#include "lib/base/err.h"

#define SCRIPT_LINES_MAX     128
#define SCRIPT_ARGS_MAX      8
#define SCRIPT_WORD_MAX      128
#define SCRIPT_RULES_MAX     4 /* tags on one line */
#define SCRIPT_GRADES_MAX    32
#define SCRIPT_OVER_MAX      4           /* `over` lines */
#define SCRIPT_VALUES_MAX    16          /* values of one `over` */
#define SCRIPT_RUN_MAX       HOURS(8784) /* a leap year of domain time */
#define SCRIPT_TEXT_MAX      KIB(64)
#define SCRIPT_ORS_MAX       4     /* facts behind an `or` */
#define SCRIPT_PRELUDE_MAX   8     /* acts before the story begins */
#define SCRIPT_PRELUDE_FIRST 10000 /* number of the first of them, as in its `act` record */

enum when {
    WHEN_SITE,
    WHEN_AT,
    WHEN_BY,
    WHEN_THEN,
    WHEN_NEVER,
    WHEN_ALWAYS,
    WHEN_END,
    WHEN_PREMISE,
    WHEN_COUNT
};
const char *when_name(enum when w);

/* A header word for the reference: how it is written, what holds without it, what it means. NULL
 * behind the last one. */
struct script_header_doc {
    const char *form, *otherwise, *what;
};
const struct script_header_doc *script_header_doc(size_t i);

enum stage_id { STAGE_SIM, STAGE_LOOPBACK, STAGE_NETNS, STAGE_COUNT };
enum clock_id { CLOCK_VIRTUAL, CLOCK_STEPPED, CLOCK_FAKETIME, CLOCK_WALL, CLOCK_COUNT };
const char *stage_name(enum stage_id s);
const char *clock_name(enum clock_id c);
enum stage_id stage_find(const char *name); /* STAGE_COUNT when unknown */
enum clock_id clock_find(const char *name);

enum script_suffix { SUFFIX_NONE, SUFFIX_BEFORE, SUFFIX_AFTER, SUFFIX_WHILE };

struct script_line {
    int number; /* in the file, from 1 */
    int column; /* of the first word of the verb, from 1 */
    enum when when;
    ms_t time; /* at, by: since the story began; then: pause after the `by` above; with a point:
                  pause after that */
    bool has_point;
    struct script_point { /* "allocate.1.done", see verb_point() */
        char op[16];
        int64_t count;
        char phase[12];
    } point;
    const struct verb *verb;
    size_t n_args;
    char args[SCRIPT_ARGS_MAX][SCRIPT_WORD_MAX]; /* what stood in the form's places, in order */
    size_t n_rules;
    char rules[SCRIPT_RULES_MAX][8]; /* "REG-1" */
    char text[256];                  /* the verb's words as written, for reports */
    bool has_for;                    /* a never/always with `for T` */
    ms_t for_ms;
    enum script_suffix suffix;
    char event[48]; /* of the suffix, see verb_event() */
    size_t or_next; /* 0 = none; else 1 + the index in script.ors of the fact behind `or` */
};

enum expect { EXPECT_PASS, EXPECT_FAIL, EXPECT_VACUOUS, EXPECT_INCONCLUSIVE };

struct script {
    char name[64];       /* "100-install-and-register", from the file's name */
    char title[256];     /* the claim */
    char wall_skip[256]; /* reason, or "": this story is not run on clock wall */
    int wall_factor;     /* 0 = the default F */
    int grades_number;   /* its line in the file */
    size_t n_grades;
    char grades[SCRIPT_GRADES_MAX][8]; /* rules judged by law, without the tagged ones */
    unsigned stages;                   /* BIT(stage_id) */
    enum expect expect;
    ms_t run_ms;
    size_t n_over;
    struct script_over {
        char word[32];
        size_t n;
        char values[SCRIPT_VALUES_MAX][64];
    } over[SCRIPT_OVER_MAX];
    size_t n_lines;
    struct script_line lines[SCRIPT_LINES_MAX];
    size_t n_ors;
    struct script_line ors[SCRIPT_ORS_MAX];
    size_t n_prelude; /* 0, or the install and one create for each `site cluster` line */
    struct script_line prelude[SCRIPT_PRELUDE_MAX];
};

/* name: the file's path, for errors and for script.name. values: one per `over` line, put in for
 * its word before the lines are read; NULL reads with each over's first value (a check, and the way
 * to learn the values). *ret is untouched on error. */
int script_read(const char *name, const char *text, const char *const *values, struct script *ret,
                struct err *e) MUST_CHECK;
/* The i-th combination of over-values (product); false when there are no more. */
bool script_values(const struct script *s, size_t i, const char *ret[SCRIPT_OVER_MAX]);

/* "shape" of `site shape nat`, or fallback when the story does not say. */
const char *script_site(const struct script *s, const char *verb_id, size_t arg,
                        const char *fallback);
/* Does the story say it at all? For those without a word of their own, `site erase on release`. */
/* Does a line of it use that verb? */
bool script_uses(const struct script *s, const char *verb);
bool script_has_site(const struct script *s, const char *verb_id);

#endif
