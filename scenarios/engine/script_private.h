/* The inside of the reader of stories, shared by script.c (the file and its header lines),
 * script_words.c (a line's words), script_ends.c (what stands at a line's end) and script_match.c
 * (words against the verb table). */
#ifndef SCENARIOS_ENGINE_SCRIPT_PRIVATE_H
#define SCENARIOS_ENGINE_SCRIPT_PRIVATE_H

#include "lib/base/buf.h"
#include "scenarios/engine/script.h"
#include "scenarios/engine/verbs.h"

#define SCRIPT_WORDS_MAX      48  /* of one line */
#define SCRIPT_WORD_BYTES_MAX 256 /* a quoted title is one word */

struct script_words {
    size_t n;
    struct script_word {
        char text[SCRIPT_WORD_BYTES_MAX];
        int column; /* from 1 */
        bool quoted;
    } at[SCRIPT_WORDS_MAX];
    int end_column; /* just behind the last word */
};

struct script_place { /* for errors */
    const char *file;
    int number;
    struct err *e;
};
/* "file:line:column: sentence", -EINVAL. */
int script_wrong(const struct script_place *p, int column, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Splits a line into words without its comment. */
int script_split(const struct script_place *p, const char *line, size_t len,
                 struct script_words *ret);
/* Words first to last-1 joined by single blanks; cut at size. */
void script_join(const struct script_words *w, size_t first, size_t last, char *out, size_t size);

struct script_reader {
    struct script_place place;
    struct script *s;
    const char *const *values;
    struct script_words words;
    unsigned headers_seen;           /* BIT(index in headers) */
    bool over_used[SCRIPT_OVER_MAX]; /* its word was put in somewhere */
    int over_lines[SCRIPT_OVER_MAX];
    ms_t last_at;    /* time of the nearest `at` above; -1 = none */
    bool has_by;     /* there is a `by` above */
    unsigned stages; /* what the header allows */
};

#define SCRIPT_HEADERS 7
const char *script_header_word(size_t i);
int script_header_read(struct script_reader *r, size_t i);

/* Names of stages, ends with NULL. */
extern const char *const script_stage_names[STAGE_COUNT + 1];
/* Index of the word in a list that ends with NULL; the list's length when it is not there. */
size_t script_index_of(const char *const *names, const char *name);

/* Adds a rule to a list, checked. */
int script_rule_add(const struct script_reader *r, const struct script_word *w, const char *id,
                    char (*list)[8], size_t *n, size_t max);
/* The word `i` as a time; after: the word it belongs to. */
int script_time_read(const struct script_reader *r, size_t i, const char *after, ms_t *ret);
/* Nothing may stand from word n on. */
int script_words_end(const struct script_reader *r, size_t n);

/* Takes the tags off the end of the words. */
int script_tags_read(struct script_reader *r, struct script_line *line);
/* Takes `after "EVENT"` off the end, unless the fact is one about order itself. */
int script_suffix_read(struct script_reader *r, size_t first, struct script_line *line);

/* Words from `first` on against all rows of the kinds; fills verb, args, n_args of ret. */
int script_match(const struct script_place *p, const struct script_words *w, size_t first,
                 enum when when, struct script_line *ret);

#endif
