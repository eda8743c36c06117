/* Between the files of the acts of stage netns. */
#ifndef SCENARIOS_ENGINE_ACTS_H
#define SCENARIOS_ENGINE_ACTS_H

#include "scenarios/engine/play.h"

enum act_state { ACT_DONE, ACT_NOT_DONE, ACT_BEGUN };
typedef enum act_state act_fn(struct play *p, const struct script_line *line);

act_fn act_palette_misbehaves, act_palette_stops, act_palette_starts, act_palette_restarts,
    act_palette_moves, act_name_answers;
act_fn act_node_dies, act_nodes_die, act_node_clock, act_machine_power;
act_fn act_slow_wire, act_user_disables;

#endif
