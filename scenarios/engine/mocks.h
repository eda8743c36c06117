/* MAAS and Palette of a run: certificates, users, and the two programs, as slots when stepped. */
#ifndef SCENARIOS_ENGINE_MOCKS_H
#define SCENARIOS_ENGINE_MOCKS_H

#include "scenarios/engine/holds.h"
#include "scenarios/engine/nodes.h"
#include "scenarios/engine/world.h"

#define MOCKS_MACHINES 6          /* of the fleet, unless the story says `site machines N` */
#define MOCKS_MAAS_TLS "tls-maas" /* below the world's folder: the authority of a MAAS over TLS */
/* Kernel time until a mock listens. When stepped it first has to give back its turn, and nothing is
 * looked at until it has, or is hung: less than that would be said and not be so. */
#define MOCKS_START_MAX_MS CTL_TURN_MAX_MS

struct mocks {
    struct world *w;
    struct holds *holds; /* NULL: nobody stops */
    struct slotted maas, palette;
    struct mocks_pipe { /* -1: none */
        int hears_fd, told_fd;
    } to_maas, to_palette; /* of mocks_tell_… */
    bool keeps;            /* the story restarts Palette, which keeps its state for that */
    char palette_at[LAB_ADDRESS_MAX];
    int palette_starts;
    int64_t palette_conns; /* the highest number of a connection in its records */
    struct err broken;     /* a mock ended unasked: the run cannot go on */
    bool ending;
};

/* An authority below the world's folder, tls/ca.pem: Palette makes its leaves with it. Another one
 * when the story has MAAS over TLS: who mixes them up is refused. */
int mocks_certify(struct world *w, struct err *e) MUST_CHECK;
/* Returns when both listen. *m must stay where it is; holds may be NULL. */
int mocks_start(struct mocks *m, struct world *w, struct holds *holds, struct err *e) MUST_CHECK;
/* A fault or an operator's doing, in a story's words: done in the mock's next turn, and by one that
 * stands at a point before it goes on. */
bool mocks_tell_maas(struct mocks *m, const char *words);
/* Every record of the run: what a mock that is started again must know of the one before. */
void mocks_feed(struct mocks *m, const struct event *e);
bool mocks_tell_palette(struct mocks *m, const char *words);
/* KILL; whoever is connected hears of it. false: it does not run. */
bool mocks_palette_stop(struct mocks *m);
/* Started again, with what it kept or with nothing; returns when it listens. */
int mocks_palette_start(struct mocks *m, bool empty, struct err *e) MUST_CHECK;
/* TERM, in answer to which they say their last words; mocks_gone() tells when both have ended. */
void mocks_end(struct mocks *m);
bool mocks_gone(const struct mocks *m);
void mocks_free(struct mocks *m);
/* Until a program that writes ROLE.port below the world's folder listens; `broken` is its own, set
 * when it ends unasked. */
int mocks_await(struct world *w, const struct slotted *s, const struct err *broken,
                const char *role, struct err *e) MUST_CHECK;

#endif
