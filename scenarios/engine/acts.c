/* The acts of stage netns: one row an act. */
#include "scenarios/engine/acts.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/engine/user_body.h"
#include "scenarios/engine/verbs.h"

#include <stdio.h>
#include <string.h>

#define SILENCE_STEPPED_MS SECONDS(40) /* longer than a slow wire holds back a SYN */
#define SILENCE_WALL_MS    500

static void say_done(struct play *p, const struct script_line *line, bool fired, const char *params)
{
    struct event e;
    ev_init(&e, EV_ACT, world_now(&p->w));
    ev_int_add(&e, EVF_LINE, line->number);
    ev_text_add(&e, EVF_VERB, line->text);
    ev_int_add(&e, EVF_FIRED, fired);
    if (params[0] != '\0')
        ev_text_add(&e, EVF_PARAMS, params);
    world_put(&p->w, &e);
    if (p->acting == line)
        p->acting = NULL;
}

void act_done(struct play *p, const struct script_line *line, bool fired)
{
    say_done(p, line, fired, "");
}

enum act_state act_ask(struct play *p, const struct user_wish *wish)
{
    return user_ask(p->user, wish, &p->broken) < 0 ? ACT_NOT_DONE : ACT_DONE;
}

/* --- the gateway --------------------------------------------------------------------------------
 */

static bool guest_starts(struct play *p, struct guest *g)
{
    return g->uid[0] != '\0' && act_start(p, g);
}

static bool guest_stops(struct play *p, struct guest *g)
{
    (void)p;
    guest_stop(g);
    return true;
}

static bool guest_dies(struct play *p, struct guest *g)
{
    (void)p;
    guest_kill(g);
    return true;
}

static bool guest_freezes(struct play *p, struct guest *g)
{
    (void)p;
    guest_freeze(g, true);
    return true;
}

static bool guest_thaws(struct play *p, struct guest *g)
{
    (void)p;
    guest_freeze(g, false);
    return true;
}

static enum act_state gateway_wiped(struct play *p, const struct script_line *line)
{
    (void)line;
    return guest_wipe(&p->guest, &p->broken) == 0 ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state clock_shift(struct play *p, const struct script_line *line, int64_t before_s)
{
    ms_t shift = 0;
    if (!p->w.stepped || !verb_shift(line->args[0], &shift))
        return ACT_NOT_DONE;
    guest_clock(&p->guest, before_s + shift / 1000);
    return ACT_DONE;
}

static enum act_state gateway_clock_off(struct play *p, const struct script_line *line)
{
    return clock_shift(p, line, 0);
}

static enum act_state gateway_clock_jumps(struct play *p, const struct script_line *line)
{
    return clock_shift(p, line, p->guest.wall_shift_s);
}

/* loses-power: the process that comes back has what it wrote; what the disk of a host without power
 * would have lost is the simulator's business. */
static enum act_state act_on(struct play *p, struct guest *g, const char *word)
{
    static const struct {
        const char *word;
        bool needs_running;
        bool (*act)(struct play *p, struct guest *g);
    } rows[] = {
        {"starts", false, guest_starts}, {"stops", true, guest_stops},
        {"dies", true, guest_dies},      {"freezes", true, guest_freezes},
        {"thaws", true, guest_thaws},    {"loses-power", true, guest_dies},
    };
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(word, rows[i].word))
            return guest_running(g) == rows[i].needs_running && rows[i].act(p, g) ? ACT_DONE
                                                                                  : ACT_NOT_DONE;
    return ACT_NOT_DONE;
}

/* Whichever fits. */
static enum act_state comes_back(struct play *p)
{
    const bool runs = guest_running(&p->guest);
    if (runs && !p->guest.frozen)
        return ACT_NOT_DONE;
    return act_on(p, &p->guest, runs ? "thaws" : "starts");
}

enum act_state act_gateway(struct play *p, const char *word)
{
    return text_is(word, "comes-back") ? comes_back(p) : act_on(p, &p->guest, word);
}

static enum act_state gateway_act(struct play *p, const struct script_line *line)
{
    return act_gateway(p, line->args[0]);
}

static enum act_state gateway_comes_back(struct play *p, const struct script_line *line)
{
    (void)line;
    return comes_back(p);
}

/* --- the gateway inside Palette -----------------------------------------------------------------
 */

static void on_gateways(void *arg, const struct http_result *r)
{
    struct play *p = arg;
    const struct script_line *line = p->acting;
    char uid[64] = "";
    bool fired = r->status == 200 && user_system_pick(&r->body, uid, sizeof(uid)) &&
                 guest_secrets(&p->system, uid, "", &p->broken) == 0 && act_start(p, &p->system);
    act_done(p, line, fired);
}

/* At its first start nothing is known of it but that Palette lists it. */
static enum act_state system_act(struct play *p, const struct script_line *line)
{
    const struct user_wish wish = {
        .method = "GET", .path = "/v1/overlords", .body = "", .done = on_gateways, .arg = p};
    if (p->system.uid[0] != '\0' || !text_is(line->args[0], "starts"))
        return act_on(p, &p->system, line->args[0]);
    return act_ask(p, &wish) == ACT_DONE ? ACT_BEGUN : ACT_NOT_DONE;
}

/* --- the lab and the evidence -------------------------------------------------------------------
 */

static void on_probed(void *arg)
{
    struct play *p = arg;
    const struct script_line *line = p->acting;
    probe_free(STEAL(p->probe));
    act_done(p, line, true);
}

static enum act_state probe_every_pair(struct play *p, const struct script_line *line)
{
    const struct probe_config c = {.loop = p->w.loop,
                                   .lab = p->w.run->lab,
                                   .net = p->w.net,
                                   .journal = p->w.rings.ring[EVS_ENGINE],
                                   .domain = &p->w.domain,
                                   .silence_ms =
                                       p->w.stepped ? SILENCE_STEPPED_MS : SILENCE_WALL_MS};
    (void)line;
    return probe_start(&p->probe, &c, on_probed, p, &p->broken) < 0 ? ACT_NOT_DONE : ACT_BEGUN;
}

static enum act_state evidence_loses(struct play *p, const struct script_line *line)
{
    enum ev_src src = ev_src_find(line->args[0]);
    if (src == EVS_COUNT)
        return ACT_NOT_DONE;
    p->w.rings.lose[src] = true;
    return ACT_DONE;
}

/* --- wires --------------------------------------------------------------------------------------
 */

static enum act_state wire_act(struct play *p, const struct script_line *line)
{
    p->wires.for_good = p->w.stepped;
    if (!wires_act(&p->wires, line))
        return ACT_NOT_DONE;
    return p->w.ground->wires(&p->w, &p->wires, &p->broken) < 0 ? ACT_NOT_DONE : ACT_DONE;
}

static enum act_state router_forgets(struct play *p, const struct script_line *line)
{
    (void)line;
    return mappings_forget(p->mappings) ? ACT_DONE : ACT_NOT_DONE;
}

/* --- the user -----------------------------------------------------------------------------------
 */

static int64_t number(const char *text)
{
    int64_t n = 0;
    (void)text_int(text, 0, INT32_MAX, &n);
    return n;
}

static enum act_state begin(struct play *p, const char *kind, const char *name, const char *text,
                            int64_t nodes)
{
    return tasks_begin(&p->tasks, kind, name, text, nodes) ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state user_lists_gateways(struct play *p, const struct script_line *line)
{
    (void)line;
    return begin(p, "lists-gateways", "", "", 0);
}

static enum act_state user_lists(struct play *p, const struct script_line *line)
{
    static const char *const kinds[][2] = {{"zones", "azs"},
                                           {"pools", "resourcePools"},
                                           {"domains", "domains"},
                                           {"subnets", "subnets"},
                                           {"tags", "tags"}};
    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(line->args[0], kinds[i][0]))
            return begin(p, "lists", "", kinds[i][1], 0);
    return ACT_NOT_DONE;
}

static enum act_state user_validates(struct play *p, const struct script_line *line)
{
    (void)line;
    return begin(p, "validates", "", "", 0);
}

static enum act_state user_registers(struct play *p, const struct script_line *line)
{
    return tasks_begin_on(&p->tasks, "registers-account", line->args[0], "", user_toggle(line), 0)
               ? ACT_DONE
               : ACT_NOT_DONE;
}

static enum act_state user_creates_on(struct play *p, const struct script_line *line)
{
    return tasks_begin_on(&p->tasks, "creates-cluster", line->args[2], line->args[0], "",
                          number(line->args[1]))
               ? ACT_DONE
               : ACT_NOT_DONE;
}

static enum act_state user_creates_where(struct play *p, const struct script_line *line)
{
    return begin(p, "creates-cluster", line->args[0], line->args[2], number(line->args[1]));
}

static enum act_state user_creates(struct play *p, const struct script_line *line)
{
    return begin(p, "creates-cluster", line->args[0], "", number(line->args[1]));
}

/* A user who asks for a cluster that is not there is answered so, and the act is not done. */
static enum act_state change(struct play *p, const struct script_line *line, const char *kind,
                             const char *text, int64_t nodes)
{
    bool known = tasks_cluster(&p->tasks, line->args[0]) != NULL;
    return begin(p, kind, line->args[0], text, nodes) == ACT_DONE && known ? ACT_DONE
                                                                           : ACT_NOT_DONE;
}

static enum act_state user_deletes(struct play *p, const struct script_line *line)
{
    return change(p, line, "deletes-cluster", "", 0);
}

static enum act_state user_scales(struct play *p, const struct script_line *line)
{
    return change(p, line, "scales-cluster", "", number(line->args[1]));
}

static enum act_state user_labels(struct play *p, const struct script_line *line)
{
    return change(p, line, "labels-cluster", line->args[1], 0);
}

/* --- machines and MAAS --------------------------------------------------------------------------
 */

static enum act_state node_reboots(struct play *p, const struct script_line *line)
{
    return nodes_reboot(&p->nodes, line->args[1], number(line->args[0])) ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state tell_maas(struct play *p, const char *words)
{
    return mocks_tell_maas(&p->mocks, words) ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state machine_fails_deploy(struct play *p, const struct script_line *line)
{
    char words[64];
    snprintf(words, sizeof(words), "machine %.32s fails deploy", line->args[0]);
    return tell_maas(p, words);
}

static enum act_state machine_stays(struct play *p, const struct script_line *line)
{
    char words[128];
    snprintf(words, sizeof(words), "machine %.32s stays %.32s for %.24s", line->args[0],
             line->args[1], line->args[2]);
    return tell_maas(p, words);
}

static enum act_state maas_loses_answer(struct play *p, const struct script_line *line)
{
    char words[64];
    snprintf(words, sizeof(words), "loses answer to %.32s", line->args[0]);
    return tell_maas(p, words);
}

static enum act_state maas_misbehaves(struct play *p, const struct script_line *line)
{
    return tell_maas(p, line->args[0]);
}

/* --- Palette ------------------------------------------------------------------------------------
 */

static bool certificate_show(struct play *p, const struct script_line *line)
{
    char words[64];
    snprintf(words, sizeof(words), "certificate %.32s", verb_certificate(line->args[0]));
    return mocks_tell_palette(&p->mocks, words);
}

static void on_early_code(void *arg, const struct http_result *r)
{
    struct play *p = arg;
    act_done(p, p->acting, act_code_keep(p, r) && certificate_show(p, p->acting));
}

/* Our user verifies as well, and would not get a pairing code any more. */
static enum act_state palette_certificate(struct play *p, const struct script_line *line)
{
    if (p->guest.uid[0] == '\0' && p->code[0] == '\0')
        return act_code_ask(p, on_early_code);
    return certificate_show(p, line) ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state palette_drops(struct play *p, const struct script_line *line)
{
    (void)line;
    return mocks_tell_palette(&p->mocks, "drops every connection") ? ACT_DONE : ACT_NOT_DONE;
}

/* --- what the gateway is told -------------------------------------------------------------------
 */

/* Said before the program can do anything with it. */
static void told(struct play *p)
{
    const struct script_line *line = p->acting;
    SCOPED(buf_drop) struct buf params = {0};
    buf_init(&params, EV_VALUE_MAX);
    bool done = true;
    if (text_is(line->verb->id, "gateway.told-trust")) {
        done = guest_trust_proxy(&p->guest, &p->broken) == 0;
    } else {
        outfit_told(&p->guest.outfit, line->n_args > 0 ? line->args[0] : NULL);
        secrets_add(&p->w.secrets, "proxy-password", p->guest.outfit.password);
        outfit_params(&p->guest.outfit, &params);
    }
    say_done(p, line, done, buf_text(&params));
    guest_hup(&p->guest);
}

void act_go_on(struct play *p)
{
    if (!p->telling || guest_running(&p->guest))
        return;
    p->telling = false;
    told(p);
    (void)act_start(p, &p->guest);
}

static enum act_state gateway_told(struct play *p, const struct script_line *line)
{
    (void)line;
    p->telling = guest_running(&p->guest);
    guest_stop(&p->guest);
    if (!p->telling)
        told(p);
    return ACT_BEGUN;
}

static enum act_state gateway_trusts(struct play *p, const struct script_line *line)
{
    if (!guest_has_proxy_ca(&p->guest))
        return gateway_told(p, line);
    told(p);
    return ACT_BEGUN;
}

/* The line's own words, without the first. */
static enum act_state maas_does(struct play *p, const struct script_line *line)
{
    return tell_maas(p, line->text + strlen("maas "));
}

static enum act_state palette_refuses(struct play *p, const struct script_line *line)
{
    const bool done = mocks_tell_palette(&p->mocks, line->text + strlen("palette ")) &&
                      mocks_tell_palette(&p->mocks, "drops every connection");
    return done ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state agent_slow(struct play *p, const struct script_line *line)
{
    return nodes_slow(&p->nodes, line->args[0], line->args[1]) ? ACT_DONE : ACT_NOT_DONE;
}

static enum act_state agent_strays(struct play *p, const struct script_line *line)
{
    const struct task_cluster *other = tasks_cluster(&p->tasks, line->args[1]);
    return other != NULL && nodes_stray(&p->nodes, line->args[0], other->uid) ? ACT_DONE
                                                                              : ACT_NOT_DONE;
}

/* --- the table ----------------------------------------------------------------------------------
 */

/* The program hears the line's own words, without the first. */
static enum act_state proxy_act(struct play *p, const struct script_line *line)
{
    return proxies_tell(&p->proxies, line->text + strlen("proxy ")) ? ACT_DONE : ACT_NOT_DONE;
}

static const struct {
    const char *verb;
    act_fn *act;
} acts[] = {
    {"gateway.installs", act_gateway_installs},
    {"gateway.installs-code", act_gateway_installs_code},
    {"gateway.act", gateway_act},
    {"gateway.wiped", gateway_wiped},
    {"gateway.clock-off", gateway_clock_off},
    {"gateway.clock-jumps", gateway_clock_jumps},
    {"system.act", system_act},
    {"probe.every-pair", probe_every_pair},
    {"evidence.loses", evidence_loses},
    {"user.lists-gateways", user_lists_gateways},
    {"user.lists", user_lists},
    {"user.validates", user_validates},
    {"user.creates-cluster", user_creates},
    {"user.creates-on", user_creates_on},
    {"user.creates-where", user_creates_where},
    {"user.registers-account-toggle", user_registers},
    {"user.registers-account", user_registers},
    {"user.registers-by-hand", user_registers},
    {"user.deletes-cluster", user_deletes},
    {"user.scales-cluster", user_scales},
    {"user.labels-cluster", user_labels},
    {"gateway.comes-back", gateway_comes_back},
    {"node.reboots", node_reboots},
    {"node.dies", act_node_dies},
    {"nodes.die", act_nodes_die},
    {"victims.die", act_victims_die},
    {"victims.come-back", act_victims_come_back},
    {"node.clock", act_node_clock},
    {"machine.fails-deploy", machine_fails_deploy},
    {"machine.stays", machine_stays},
    {"machine.power", act_machine_power},
    {"proxy.breaks-tls", proxy_act},
    {"proxy.is-honest", proxy_act},
    {"gateway.told-proxy", gateway_told},
    {"gateway.told-no-proxy", gateway_told},
    {"gateway.told-trust", gateway_trusts},
    {"palette.certificate", palette_certificate},
    {"palette.drops", palette_drops},
    {"maas.certificate", act_maas_certificate},
    {"maas.loses-answer", maas_loses_answer},
    {"maas.misbehaves", maas_misbehaves},
    {"palette.misbehaves", act_palette_misbehaves},
    {"user.disables-installer", act_user_disables},
    {"palette.stops", act_palette_stops},
    {"palette.starts", act_palette_starts},
    {"palette.restarts", act_palette_restarts},
    {"palette.moves", act_palette_moves},
    {"name.answers", act_name_answers},
    {"maas.gains", maas_does},
    {"palette.refuses", palette_refuses},
    {"agent.is-slow", agent_slow},
    {"agent.beats-for", agent_strays},
    {"proxy.behaves", proxy_act},
    {"proxy.drops-idle", proxy_act},
    {"wire.delays", act_slow_wire},
    {"wire.loses", act_slow_wire},
    {"wire.cut", wire_act},
    {"wire.pair-cut", wire_act},
    {"wire.cut-one-way", wire_act},
    {"wire.mended", wire_act},
    {"path.opens", wire_act},
    {"path.closes", wire_act},
    {"wire.pair-mended", wire_act},
    {"router.forgets", router_forgets},
};

bool act_begin(struct play *p, const struct script_line *line)
{
    for (size_t i = 0; i < COUNTOF(acts); i++) {
        if (!text_is(acts[i].verb, line->verb->id))
            continue;
        p->acting = line;
        switch (acts[i].act(p, line)) {
        case ACT_DONE:
            act_done(p, line, true);
            break;
        case ACT_NOT_DONE:
            act_done(p, line, false);
            break;
        case ACT_BEGUN:
            break;
        }
        return true;
    }
    return false;
}
