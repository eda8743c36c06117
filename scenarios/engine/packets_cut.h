/* What becomes of a run's packets: each verdict that packets decided against the gateway gets a
 * file of its own beside the journal, RULE.pcapng, with the packets between the addresses of its
 * events; the whole file goes, unless somebody asked for it. */
#ifndef SCENARIOS_ENGINE_PACKETS_CUT_H
#define SCENARIOS_ENGINE_PACKETS_CUT_H

#include "scenarios/engine/run.h"

/* Names each file in the verdict's note. Where nothing was captured nothing happens. */
void packets_cut(struct run_item *item, bool keep_all);

#endif
