/* What the programs of a run stand on: one row for each stage of real programs. The play above is
 * the same on all of them and asks no stage; what a stage lacks does nothing here, and the judge
 * knows by the stage's name what cannot be in the journal. */
#ifndef SCENARIOS_ENGINE_GROUND_H
#define SCENARIOS_ENGINE_GROUND_H

#include "scenarios/engine/lab.h"
#include "scenarios/engine/launch.h"
#include "scenarios/engine/script.h"
#include "scenarios/engine/wires.h"

struct world;

struct ground {
    enum stage_id stage;
    bool has_names; /* the lab's name server is asked; else addresses stand in all URLs */
    bool binds;     /* a program of ours must say at which address its calls begin */
    bool executes;  /* machines execute their user data; else they read it (--interpret) */
    /* In this order, once: the run's folder, then the lab, then whoever looks at it. */
    int (*open)(struct world *w, struct err *e);
    int (*build)(struct world *w, struct err *e);
    int (*watch)(struct world *w, struct err *e);
    void (*close)(struct world *w);
    /* Where a host's programs live: a namespace; -1: the one we are in. */
    int (*home)(const struct world *w, const struct lab_host *h);
    /* Where a host that serves at this address listens. */
    void (*listen)(const char *address, char ret[LAB_ADDRESS_MAX]);
    /* A TCP socket of that host. */
    int (*socket)(const struct world *w, const struct lab_host *from, struct err *e);
    int (*wires)(struct world *w, const struct wires *x, struct err *e);
    /* At the end of a run: is sent, was seen, and then all that was seen is told. */
    int (*look_again)(struct world *w, struct err *e);
    bool (*has_looked)(const struct world *w);
    void (*tell)(struct world *w);
};

const struct ground *ground_of(enum stage_id stage); /* not of the simulator */
extern const struct ground ground_netns, ground_loopback;

#endif
