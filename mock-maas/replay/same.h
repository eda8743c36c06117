/* Is a live answer the recorded one? What may differ is a table of field names (rules in same.c)
 * and nothing else: system ids and URIs are held against each other by consistent renaming, numbers
 * of database rows, uuids and times of making only have to be there. */
#ifndef REPLAY_SAME_H
#define REPLAY_SAME_H

#include "mock-maas/replay/tree.h"

#define NAMES_MAX 512

struct names { /* recorded → live */
    size_t n;
    struct {
        char recorded[128], live[128];
    } at[NAMES_MAX];
};
/* Learns the pair, or says whether it is the one known. */
bool names_agree(struct names *names, const char *recorded, const char *live);
const char *names_live(const struct names *names, const char *recorded); /* NULL: unknown */
/* A recorded text in live names: every known one that stands as a whole word. */
void names_translate(const struct names *names, const char *text, struct buf *out);

/* Writes the first difference into `said`; nothing written: the same. `wanted` is recorded. */
void same_body(struct names *names, const char *wanted, const char *seen, struct buf *said);
/* "POST, GET": MAAS keeps the words in a set. */
bool same_words(const char *wanted, const char *seen);

#endif
