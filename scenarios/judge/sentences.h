/* The sentences of the documented architecture, each with what became of it: graded by rules, the
 * ground that rules stand on, a sentence that obliges nobody, or an obligation that no observer
 * outside can see (docs/decisions/0005 says why of each). The text is the page's own, so that a
 * reader sees what a rule rests on; its digest stands beside it, so that nobody changes the one
 * without looking at what it was classified as. Pure. */
#ifndef SCENARIOS_JUDGE_SENTENCES_H
#define SCENARIOS_JUDGE_SENTENCES_H

#include "lib/base/buf.h"

#define SENTENCE_DIGEST_LEN 16 /* hex digits: the first of SHA-256 over the text */

enum sentence_class {
    SENTENCE_GRADED,      /* its rules judge it */
    SENTENCE_PREMISE,     /* its rules take it for granted: the topologies of the stories */
    SENTENCE_INFORMATIVE, /* obliges nobody */
    SENTENCE_UNTESTABLE,  /* obliges, and no observer outside can see whether it is kept */
    SENTENCE_CLASSES
};

struct sentence {
    const char *lines; /* "L20-21" of the page */
    enum sentence_class is;
    const char *rules;   /* separated by blanks; "" when it is informative or untestable */
    const char *digest;  /* of text */
    const char *text;    /* words separated by one blank */
    const char *reading; /* how it is read where it is open, or why it obliges nobody; or "" */
    const char *unseen;  /* what of it cannot be seen from outside, and why; or "" */
};
extern const struct sentence sentences[];
extern const size_t n_sentences;

const char *sentence_class_name(enum sentence_class c);
bool sentence_grounds(const struct sentence *s, const char *rule); /* does it name the rule? */
/* Do the two places ("L20-21", "L21") share a line? A place may be a list: "L20, L48-50". */
bool sentence_places_meet(const char *a, const char *b);
/* `gateproof rules --sentences`: two or three lines each, the second begins with two blanks. */
void sentences_write(struct buf *out);
void sentences_markdown(struct buf *out); /* a table for docs/rules.md */

#endif
