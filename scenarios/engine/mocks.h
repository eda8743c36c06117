/* MAAS and Palette of a run: certificates, users, and the two programs, as slots when stepped. */
#ifndef SCENARIOS_ENGINE_MOCKS_H
#define SCENARIOS_ENGINE_MOCKS_H

#include "scenarios/engine/nodes.h"
#include "scenarios/engine/world.h"

#define MOCKS_MACHINES     6     /* of the fleet, unless the story says `site machines N` */
#define MOCKS_START_MAX_MS 10000 /* kernel time until a mock listens */

struct mocks {
    struct world *w;
    struct slotted maas, palette;
    int maas_hears_fd, maas_told_fd; /* the pipe of mocks_tell_maas */
    struct err broken;               /* a mock ended unasked: the run cannot go on */
    bool ending;
};

/* An authority and the leaf of palette.example below the world's folder: ca.pem. */
int mocks_certify(struct world *w, struct err *e) MUST_CHECK;
/* Returns when both listen. *m must stay where it is. */
int mocks_start(struct mocks *m, struct world *w, struct err *e) MUST_CHECK;
/* A fault or an operator's doing, in a story's words: done in the mock's next turn. */
bool mocks_tell_maas(struct mocks *m, const char *words);
/* TERM, in answer to which they say their last words; mocks_gone() tells when both have ended. */
void mocks_end(struct mocks *m);
bool mocks_gone(const struct mocks *m);
void mocks_free(struct mocks *m);

#endif
