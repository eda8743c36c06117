/* Journals for tests: records as JSON lines without seq, nth and chain, which are put in here, the
 * way the writers would have done it. Included after tests/test.h. */
#ifndef TESTS_JOURNALS_H
#define TESTS_JOURNALS_H

#include "lib/base/event.h"

#define JOURNAL_LINES_MAX 256

enum edit { EDIT_NONE, EDIT_REPLACE, EDIT_REMOVE, EDIT_INSERT /* behind the record found */ };

/* One record of difference. */
struct journal_edit {
    enum edit edit;
    const char *at;   /* a piece of the record's line as it stands in the file */
    int nth;          /* the n-th record with it, from 1 */
    const char *line; /* the new record, or several, one a line; NULL for EDIT_REMOVE */
};

/* Numbers and chains the lines, adds each writer's last word. edit may be NULL. *ret is a new list.
 */
void journal_make(const char *text, const struct journal_edit *edit, struct ev_list *ret);
/* The same from a file, relative to the source directory. */
void journal_load(const char *path, const struct journal_edit *edit, struct ev_list *ret);
/* Two neighbours of one writer change places: numbers and chain stay where they were made. */
void journal_swap(const struct ev_list *l, size_t i, size_t k, struct ev_list *ret);

#endif
