/* A picture of a lab for `gateproof explain` and `gateproof lab`: zones from the outermost to the
 * innermost, their hosts with address and port, the routers between with what they do. Made from
 * the lab's data alone, so that it cannot differ from what is built. */
#ifndef SCENARIOS_ENGINE_LAB_DRAW_H
#define SCENARIOS_ENGINE_LAB_DRAW_H

#include "lib/base/buf.h"
#include "scenarios/engine/lab.h"

void lab_draw(struct buf *out, const struct lab *l);

#endif
