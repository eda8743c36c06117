/* Acts of stage netns: MAAS and Palette themselves, slow wires, machines, names, and nodes. */
#include "scenarios/engine/acts.h"

#include "lib/base/text.h"
#include "mock-palette/palette.h"
#include "scenarios/engine/verbs.h"

#include <stdio.h>
#include <string.h>

static int64_t number(const char *text)
{
    int64_t n = 0;
    (void)text_int(text, 0, INT32_MAX, &n);
    return n;
}

/* --- nodes --------------------------------------------------------------------------------------
 */

enum act_state act_node_dies(struct play *p, const struct script_line *line)
{
    return nodes_die(&p->nodes, line->args[1], number(line->args[0])) ? ACT_DONE : ACT_NOT_DONE;
}

/* Half of them: the first ones, so that the one that speaks for the cluster is among them. */
enum act_state act_nodes_die(struct play *p, const struct script_line *line)
{
    const int64_t all = nodes_of(&p->nodes, line->args[1]);
    const int64_t n = text_is(line->args[0], "half") ? (all + 1) / 2 : all;
    bool any = false;
    for (int64_t i = 1; i <= n; i++)
        any = nodes_die(&p->nodes, line->args[1], i) || any;
    return any ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_victims_die(struct play *p, const struct script_line *line)
{
    const bool both = text_is(line->args[0], "both");
    if (both && act_gateway(p, "dies") != ACT_DONE)
        return ACT_NOT_DONE;
    return nodes_all_die(&p->nodes, line->args[0]) ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_victims_come_back(struct play *p, const struct script_line *line)
{
    const bool came = nodes_all_come_back(&p->nodes, line->args[0]);
    if (text_is(line->args[0], "both") && act_gateway(p, "comes-back") != ACT_DONE)
        return ACT_NOT_DONE;
    return came ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_node_clock(struct play *p, const struct script_line *line)
{
    ms_t off = 0;
    return verb_offset(line->args[2], &off) &&
                   nodes_clock(&p->nodes, line->args[1], number(line->args[0]), off / 1000)
               ? ACT_DONE
               : ACT_NOT_DONE;
}

/* --- MAAS ---------------------------------------------------------------------------------------
 */

enum act_state act_maas_certificate(struct play *p, const struct script_line *line)
{
    char words[64];
    snprintf(words, sizeof(words), "certificate %.32s", verb_certificate(line->args[0]));
    return mocks_tell_maas(&p->mocks, words) ? ACT_DONE : ACT_NOT_DONE;
}

/* --- machines and wires -------------------------------------------------------------------------
 */

enum act_state act_machine_power(struct play *p, const struct script_line *line)
{
    char words[128];
    snprintf(words, sizeof(words), "machine %.32s power reads %.16s", line->args[0], line->args[1]);
    return mocks_tell_maas(&p->mocks, words) ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_slow_wire(struct play *p, const struct script_line *line)
{
    return slow_wires_act(p->w.slow, line, &p->broken) < 0 ? ACT_NOT_DONE : ACT_DONE;
}

/* --- Palette ------------------------------------------------------------------------------------
 */

enum act_state act_palette_misbehaves(struct play *p, const struct script_line *line)
{
    return mocks_tell_palette(&p->mocks, line->args[0]) ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_user_disables(struct play *p, const struct script_line *line)
{
    char *key = p->w.api_key;
    const size_t len = strlen(key);
    (void)line;
    return mocks_tell_palette(&p->mocks, "user disabled") &&
                   text_copy(key + len, sizeof(p->w.api_key) - len, PAL_COLLEAGUE)
               ? ACT_DONE
               : ACT_NOT_DONE;
}

enum act_state act_palette_stops(struct play *p, const struct script_line *line)
{
    (void)line;
    return mocks_palette_stop(&p->mocks) ? ACT_DONE : ACT_NOT_DONE;
}

enum act_state act_palette_starts(struct play *p, const struct script_line *line)
{
    const struct mocks *m = &p->mocks;
    if (m->palette.prog != NULL)
        return ACT_NOT_DONE;
    return mocks_palette_start(&p->mocks, text_is(line->args[0], "empty"), &p->broken) < 0
               ? ACT_NOT_DONE
               : ACT_DONE;
}

enum act_state act_palette_restarts(struct play *p, const struct script_line *line)
{
    return mocks_palette_stop(&p->mocks) ? act_palette_starts(p, line) : ACT_NOT_DONE;
}

/* Started again at another address of its own host, with its state. */
enum act_state act_palette_moves(struct play *p, const struct script_line *line)
{
    const struct lab *l = p->w.run->lab;
    struct mocks *m = &p->mocks;
    if (lab_host_at(l, line->args[0]) != lab_role(l, "palette"))
        return ACT_NOT_DONE;
    (void)mocks_palette_stop(m); /* or it was away already */
    (void)text_copy(m->palette_at, sizeof(m->palette_at), line->args[0]);
    return mocks_palette_start(m, false, &p->broken) < 0 ? ACT_NOT_DONE : ACT_DONE;
}

enum act_state act_name_answers(struct play *p, const struct script_line *line)
{
    const char *name = lab_name_of(p->w.run->lab, line->args[0]), *answer = line->args[1];
    if (name == NULL)
        return ACT_NOT_DONE;
    names_answer(p->w.names, name, text_is(answer, "nothing") ? "" : answer);
    return ACT_DONE;
}
