/* A run of the harness: which stories on which stage, each in a child of its own, judged by the
 * parent from the journals that the children leave behind. */
#ifndef SCENARIOS_ENGINE_RUN_H
#define SCENARIOS_ENGINE_RUN_H

#include "lib/base/event.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/manifest.h"
#include "scenarios/engine/script.h"
#include "scenarios/judge/judge.h"

#include <errno.h>

#define RUN_ITEMS_MAX   512
#define RUN_JOBS_MAX    16
#define RUN_WALL_FACTOR 60
/* Kernel time one story may take before its child is ended: a watchdog that no verdict uses. */
#define RUN_BUDGET_S 300

struct run_options {
    const char *data;    /* folder with stories/ and labs/ */
    const char *bin;     /* folder with the mocks */
    const char *gateway; /* path of the manifest */
    const char *out;     /* folder of reports and journals */
    const char *stage;   /* "" = netns, or sim where namespaces are forbidden */
    const char *clock;   /* "" = the stage's own */
    const char *proxy;   /* "" = our own, or a witness (clock wall) */
    uint64_t seed;
    int64_t jobs;
    const char *over;         /* only runs with these over-values, joined by blanks; NULL = all */
    bool keep_packets;        /* all that was captured, of each story */
    bool rogue_core;          /* this program's simulator can play rogues */
    const char *again;        /* options to repeat a story by: " --gateway X --data Y", or "" */
    const char *const *words; /* names, numbers, families, "all"; none = all */
    size_t n_words;
};

struct run_item {
    struct script script;
    struct lab lab;
    enum stage_id stage;
    enum clock_id clock;
    int factor;
    uint64_t seed;
    char over[64];
    char dir[1024];   /* of its journal and the programs' output */
    char broken[512]; /* why the stage could not play it, or "" */
    bool unsupported; /* the manifest lacks a feature that it needs: nothing is started */
    struct ev_list journal;
    struct judgement judgement;
    int64_t took_ms; /* kernel time, for print only */
};

struct run {
    struct run_options options;
    struct manifest manifest;
    const struct rogue *rogue; /* that the manifest names; NULL: a gateway like any other */
    char features[256];
    bool fell_back; /* netns was wanted and is forbidden here: the sim stage ran instead */
    char forbidden[1024];
    size_t n;
    struct run_item *items[RUN_ITEMS_MAX];
    struct summary summary;
};

/* The plan was right, and this machine forbids to play it: no bad input, and nothing was proven. */
#define RUN_FORBIDDEN (-EOPNOTSUPP)
/* Not wrong and no errno, which any check on the way might return: this program's simulator has no
 * rogues in it, and the one beside it that has them plays the run (gallery_become). */
#define RUN_BY_ROGUES 1

/* Reads stories, labs and manifest and lays out the items. Nothing is started. One sentence with
 * its place and remedy for whatever is wrong, RUN_FORBIDDEN for what this machine does not allow,
 * RUN_BY_ROGUES for what another program plays. *ret is set with 0 only. */
int run_plan(const struct run_options *o, struct run **ret, struct err *e) MUST_CHECK;
/* Starts what was planned, shows progress on stderr, judges, writes journals below options.out. */
int run_play(struct run *r, struct err *e) MUST_CHECK;
/* The first one that is not played in the simulator, where there is one. Of n > 0. */
const struct run_item *run_first_real(const struct run *r);
void run_free(struct run *r);

/* All stories of the folder, by name. */
int stories_list(const char *data, char (**ret)[64], size_t *ret_n, struct err *e) MUST_CHECK;
/* All labs of the folder, by name. */
int labs_list(const char *data, char (**ret)[64], size_t *ret_n, struct err *e) MUST_CHECK;
int story_load(const char *data, const char *name, const char *const *values, struct script *ret,
               struct err *e) MUST_CHECK;
int lab_load(const char *data, const char *name, struct lab *ret, struct err *e) MUST_CHECK;
/* Also looks whether the files are there that it names. */
int manifest_load(const char *path, struct manifest *ret, struct err *e) MUST_CHECK;

#endif
