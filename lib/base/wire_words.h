/* The words by which a mock is told what the wire does to an answer, and the names of it. They are
 * the same for every mock; what goes wrong inside MAAS or Palette each reads for itself.
 *
 *   resets OP                    a reset in place of the answer
 *   doubles OP                   the answer, and the same again
 *   cuts OP at BYTES             head and body end there
 *   misses OP by BYTES           Content-Length says so much more than the body has (-5: less)
 *   delays OP by SPAN            done at once, answered later: after the client's time-out
 *   trickles OP BYTES each SPAN  slowly, from the first byte of the head
 *   drips OP BYTES each SPAN     the head at once, the body slowly
 *
 * What OP means the mock reads. BYTES are at most HTTP_BODY_MAX, SPAN as text_duration reads. */
#ifndef GP_BASE_WIRE_WORDS_H
#define GP_BASE_WIRE_WORDS_H

#include "lib/base/http.h"

#define WIRE_WORDS_MAX 8

struct wire_words { /* a wish, taken apart at blanks; words beyond the bound are not there */
    size_t n;
    char at[WIRE_WORDS_MAX][64];
};

void wire_words_split(const char *text, struct wire_words *ret);
const char *wire_word(const struct wire_words *w, size_t i); /* "" behind the end */
bool wire_word_is(const struct wire_words *w, size_t i, const char *word);
bool wire_word_int(const struct wire_words *w, size_t i, int64_t min, int64_t max, int64_t *ret);
/* "… 3 times" is taken off the end; 1 without it. false: what stands before "times" is no number.
 */
bool wire_words_times(struct wire_words *w, uint64_t *ret);

/* The wire from a row above. false: other words, and *ret is not to be used. */
bool wire_words_read(const struct wire_words *w, struct http_wire *ret);
/* What the lists of misdeeds call it: "reset", "length-too-big", … */
const char *wire_words_name(const struct http_wire *wire);

#endif
