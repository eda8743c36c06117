/* The verbs of the line language: one row a form. scenarios/README verb reference, the parser and
 * the error messages are all made from this table. An act that a stage lacks, or a fact that a
 * story waits for there, keeps the story off that stage, before anything starts; a fact that is
 * only judged (never, always, end, premise) makes its rules inconclusive there. */
#ifndef SCENARIOS_ENGINE_VERBS_H
#define SCENARIOS_ENGINE_VERBS_H

#include "scenarios/engine/script.h"

enum verb_kind { VERB_SITE, VERB_ACT, VERB_FACT };

/* Places of a form are typed: a place is a row of verb_places, written {name}. A word in brackets
 * [not] is optional and becomes an argument, "" when absent. Other words stand for themselves. */
struct verb {
    const char *id; /* "gateway.installs": what stages and facts switch on by table */
    enum verb_kind kind;
    const char *form; /* "gateway installs" */
    unsigned stages;  /* BIT(stage_id) */
    const char *what; /* one sentence for the reference */
};
/* What may stand in a place. The n-th place (or bracket) of a form is args[n] of the line. */
struct verb_place {
    const char *name;         /* "role" */
    const char *what;         /* for the reference and for errors: "a count: N, N+, some or no" */
    const char *const *words; /* words that fit, ends with NULL; NULL = see fits */
    bool (*fits)(const char *text); /* others that fit; NULL: none beside words, or any one word */
    bool is_rest;                   /* takes all words to the end of the line, joined by blanks */
};
extern const struct verb_place verb_places[];
extern const size_t n_verb_places;

/* A count as written: "3" is 3 and 3, "3+" 3 and INT64_MAX, "some" 1 and INT64_MAX, "no" 0 and 0.
 */
bool verb_count(const char *text, int64_t *ret_min, int64_t *ret_max);

/* "+1h", "-365d", "0s": milliseconds. */
bool verb_shift(const char *text, ms_t *ret);
/* Words of a list that is told to readers; a NULL word ends it. */
struct verb_word {
    const char *word, *what;
    bool of_maas; /* an operation that is a call to MAAS */
};
extern const struct verb_word verb_point_ops[], verb_point_phases[];
/* A point in time: "allocate.1.done". */
#define VERB_POINT_MAX 999
bool verb_point(const char *text, struct script_point *ret);
/* "allocate.1" of a call to MAAS; phase is empty. */
bool verb_call(const char *text, struct script_point *ret);

/* The two ends of a wire, roles, zones or clusters: "gateway-palette", "c1>palette". */
struct verb_wire {
    char from[32], to[32];
    bool both; /* the other direction too */
};
extern const char *const verb_wire_ends[]; /* ends with NULL; beside them any cluster */
bool verb_wire_end(const char *text);
bool verb_wire(const char *text, struct verb_wire *ret);
/* Those of an act on a wire, as it was written: "wire gateway - palette cut silently". */
bool verb_wire_of_act(const char *text, struct verb_wire *ret);

/* Something that happens, or a span: what stands in quotes in a line. */
enum verb_event_kind {
    VERB_EVENT_HELLO,   /* an agent of the cluster registered */
    VERB_EVENT_RUNNING, /* Palette shows this state */
    VERB_EVENT_DELETE,  /* the user's delete is accepted: Deleting */
    VERB_EVENT_DELETED,
    VERB_EVENT_READY,          /* a machine that was held is Ready again */
    VERB_EVENT_ALLOCATE,       /* a machine becomes Allocated */
    VERB_EVENT_DEPLOY,         /* … Deploying */
    VERB_EVENT_DEPLOYED,       /* … Deployed */
    VERB_EVENT_ACT,            /* an act of the story with these words was done */
    VERB_EVENT_DEAD,           /* a node of the cluster was killed by the story */
    VERB_EVENT_WIRE,           /* a wire was cut, or mended */
    VERB_EVENT_CUT,            /* a span: some wire is cut */
    VERB_EVENT_GATEWAY_DEAD,   /* a span: the program does not live */
    VERB_EVENT_SYSTEM_DEAD,    /* the same of the one inside Palette */
    VERB_EVENT_BAD_CERTIFICATE /* a span: from the first hello that met one until it is good again
                                */
};
struct verb_event {
    enum verb_event_kind kind;
    bool is_span;    /* stands behind `while` only */
    bool of_cluster; /* "ready machine-of-c1": name is the cluster */
    char name[32];   /* cluster, machine, or the act's words */
};
bool verb_event(const char *text, struct verb_event *ret);
/* What an event's words are followed by. */
enum verb_object { VERB_OBJECT_NONE, VERB_OBJECT_CLUSTER, VERB_OBJECT_MACHINE };
struct verb_event_row {
    const char *words;
    enum verb_event_kind kind;
    enum verb_object object;
    bool is_span;
    const char *what; /* of VERB_EVENT_ACT: the words that the act begins with */
};
extern const struct verb_event_row verb_event_rows[];
extern const size_t n_verb_event_rows;
/* The event, or span, that was meant by a misspelt one; false: none is near. */
bool verb_event_near(const char *text, bool is_span, char *out, size_t size);

/* A mock's own word for a kind of certificate that a story names. */
const char *verb_certificate(const char *word);

/* MAAS's own words for what a machine is doing; ends with NULL. */
extern const char *const verb_machine_statuses[];

/* "-10m", "+1h", "0s". */
bool verb_offset(const char *text, ms_t *ret);

extern const struct verb verbs[];
extern const size_t n_verbs;
const struct verb *verb_find(const char *id); /* NULL when unknown */

#endif
