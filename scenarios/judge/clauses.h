/* The clauses of the gateway profile as data: whom each binds, and which tests cite it. The text is
 * docs/gateway-profile.md; the citations are collected from the test programs by ci/clauses. */
#ifndef SCENARIOS_JUDGE_CLAUSES_H
#define SCENARIOS_JUDGE_CLAUSES_H

#include "lib/base/buf.h"

#define CLAUSES 114

enum clause_party {
    CLAUSE_GATEWAY = 1,
    CLAUSE_PALETTE = 2,
    CLAUSE_AGENT = 4,
    CLAUSE_HARNESS = 8,
};
struct clause {
    int number;       /* GP-n */
    unsigned binds;   /* of enum clause_party; 0: binds nobody */
    const char *says; /* in a few words */
};
struct clause_cite {
    int number;
    const char *program, *test; /* "unit.palette_claims", "a_late_claim_is_refused" */
};
extern const struct clause clauses[CLAUSES]; /* clauses[n - 1] is GP-n */
extern const struct clause_cite clause_cites[];
extern const size_t n_clause_cites;

/* The list for people, or as Markdown; clauses that bind somebody and have no test stand out. */
void clauses_write(struct buf *out, bool markdown);
/* How many clauses that bind `party` no test cites. */
size_t clauses_uncited(unsigned party);

#endif
