/* Between the files of the acts of stage netns. */
#ifndef SCENARIOS_ENGINE_ACTS_H
#define SCENARIOS_ENGINE_ACTS_H

#include "scenarios/engine/play.h"

enum act_state { ACT_DONE, ACT_NOT_DONE, ACT_BEGUN };
typedef enum act_state act_fn(struct play *p, const struct script_line *line);

/* acts.c */
enum act_state act_ask(struct play *p, const struct user_wish *wish);
/* acts_install.c: a program's next life; a code from Palette, kept in p->code and p->uid. */
bool act_start(struct play *p, struct guest *g);
enum act_state act_code_ask(struct play *p, void (*done)(void *arg, const struct http_result *r));
bool act_code_keep(struct play *p, const struct http_result *r);
act_fn act_gateway_installs, act_gateway_installs_code;

/* acts_more.c */
act_fn act_maas_certificate, act_palette_misbehaves, act_palette_stops, act_palette_starts,
    act_palette_restarts, act_palette_moves, act_name_answers;
act_fn act_machine_power, act_slow_wire, act_user_disables;
act_fn act_node_dies, act_nodes_die, act_node_clock, act_victims_die, act_victims_come_back;

/* What happens to the gateway at the site, in a word of the language: "dies", "comes-back". */
enum act_state act_gateway(struct play *p, const char *word);

#endif
