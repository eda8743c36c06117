/* Acts of a story in a site: one row an act. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "lib/base/jx.h"
#include "scenarios/engine/user_body.h"
#include "scenarios/engine/verbs.h"

#include <stdlib.h>
#include <string.h>

/* --- acts ----------------------------------------------------------------------------------- */

static bool gateway_installs(struct site *s, const struct script_line *line)
{
    (void)line;
    site_user_wants(s, "pairing-code", "", "", 0);
    return true;
}

/* Whatever was installed before is gone, and so is all that it knew. */
static bool gateway_installs_code(struct site *s, const struct script_line *line)
{
    if (s->gateway.config.pcg_uid[0] != '\0')
        site_gateway_wipe(s);
    site_user_wants(s, "pairing-code", "", line->args[0], 0);
    return true;
}

static void gateway_thaws(struct site *s, struct site_gateway *g)
{
    site_gateway_freeze(s, g, false);
}

static void gateway_freezes(struct site *s, struct site_gateway *g)
{
    site_gateway_freeze(s, g, true);
}

static bool act_on(struct site *s, struct site_gateway *g, const char *word)
{
    static const struct {
        const char *word;
        bool needs_running;
        void (*act)(struct site *s, struct site_gateway *g);
    } rows[] = {
        {"starts", false, site_gateway_start}, {"stops", true, site_gateway_stop},
        {"dies", true, site_gateway_kill},     {"loses-power", true, site_gateway_kill},
        {"freezes", true, gateway_freezes},    {"thaws", true, gateway_thaws},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const bool running = g->core != NULL;

        if (!text_is(word, rows[i].word))
            continue;
        if (running != rows[i].needs_running)
            return false;
        rows[i].act(s, g);
        return true;
    }
    return false;
}

static bool gateway_wiped(struct site *s, const struct script_line *line)
{
    (void)line;
    site_gateway_wipe(s);
    return true;
}

static bool gateway_clock_off(struct site *s, const struct script_line *line)
{
    ms_t shift = 0;

    if (!verb_shift(line->args[0], &shift))
        return false;
    s->gateway.wall_shift_s = shift / 1000;
    return true;
}

static bool gateway_clock_jumps(struct site *s, const struct script_line *line)
{
    const int64_t before = s->gateway.wall_shift_s;

    if (!gateway_clock_off(s, line))
        return false;
    s->gateway.wall_shift_s += before;
    return true;
}

static bool gateway_act(struct site *s, const struct script_line *line)
{
    return act_on(s, &s->gateway, line->args[line->n_args - 1]);
}

/* At its first start nothing is known of it but that Palette lists it: the user asks for its uid.
 */
static bool system_act(struct site *s, const struct script_line *line)
{
    if (s->system.config.pcg_uid[0] != '\0' || !text_is(line->args[0], "starts"))
        return act_on(s, &s->system, line->args[0]);
    site_user_wants(s, "system-gateway", "", "", 0);
    return true;
}

static bool probe_every_pair(struct site *s, const struct script_line *line)
{
    (void)line;
    site_probe_every_pair(s);
    return true;
}

static bool evidence_loses(struct site *s, const struct script_line *line)
{
    enum ev_src src = ev_src_find(line->args[0]);

    if (src == EVS_COUNT)
        return false;
    s->lose_next[src] = true;
    return true;
}

static bool user_lists_gateways(struct site *s, const struct script_line *line)
{
    (void)line;
    site_user_wants(s, "lists-gateways", "", "", 0);
    return true;
}

static bool user_lists(struct site *s, const struct script_line *line)
{
    static const char *const kinds[][2] = {{"zones", "azs"},
                                           {"pools", "resourcePools"},
                                           {"domains", "domains"},
                                           {"subnets", "subnets"},
                                           {"tags", "tags"}};

    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(line->args[0], kinds[i][0]))
            site_user_wants(s, "lists", "", kinds[i][1], 0);
    return true;
}

static bool user_validates(struct site *s, const struct script_line *line)
{
    (void)line;
    site_user_wants(s, "validates", "", "", 0);
    return true;
}

static int64_t number(const char *text)
{
    int64_t n = 0;

    text_int(text, 0, INT32_MAX, &n);
    return n;
}

static bool user_creates(struct site *s, const struct script_line *line)
{
    site_user_wants(s, "creates-cluster", line->args[0], "", number(line->args[1]));
    return true;
}

static bool user_creates_on(struct site *s, const struct script_line *line)
{
    site_user_wants_on(s, "creates-cluster", line->args[2], line->args[0], "",
                       number(line->args[1]));
    return true;
}

static bool user_creates_where(struct site *s, const struct script_line *line)
{
    site_user_wants(s, "creates-cluster", line->args[0], line->args[2], number(line->args[1]));
    return true;
}

static bool user_registers(struct site *s, const struct script_line *line)
{
    site_user_wants_on(s, "registers-account", line->args[0], "", user_toggle(line), 0);
    return true;
}

static bool user_deletes(struct site *s, const struct script_line *line)
{
    site_user_wants(s, "deletes-cluster", line->args[0], "", 0);
    return true;
}

static bool user_scales(struct site *s, const struct script_line *line)
{
    site_user_wants(s, "scales-cluster", line->args[0], "", number(line->args[1]));
    return true;
}

static bool user_labels(struct site *s, const struct script_line *line)
{
    site_user_wants(s, "labels-cluster", line->args[0], line->args[1], 0);
    return true;
}

static bool gateway_comes_back(struct site *s, const struct script_line *line)
{
    (void)line;
    if (s->gateway.frozen)
        gateway_thaws(s, &s->gateway);
    else if (s->gateway.core == NULL)
        site_gateway_start(s, &s->gateway);
    else
        return false;
    return true;
}

/* --- machines and MAAS ---------------------------------------------------------------------- */

static bool by_hand(struct site *s, const char *machine, const char *words)
{
    struct ev_list events;
    bool done;

    ev_list_init(&events);
    done = maas_by_hand(s->servers[SITE_MAAS].app, s->now, machine, words, &events);
    site_put_list(s, EVS_MAAS, &events);
    ev_list_drop(&events);
    return done;
}

static bool machine_fails_deploy(struct site *s, const struct script_line *line)
{
    return by_hand(s, line->args[0], "fails deploy");
}

static bool machine_stays(struct site *s, const struct script_line *line)
{
    SCOPED(buf_drop) struct buf words = {0};

    buf_init(&words, 256);
    buf_printf(&words, "stays %s for %s", line->args[1], line->args[2]);
    return by_hand(s, line->args[0], buf_text(&words));
}

static bool machine_power(struct site *s, const struct script_line *line)
{
    SCOPED(buf_drop) struct buf words = {0};

    buf_init(&words, 64);
    buf_printf(&words, "power reads %s", line->args[1]);
    return by_hand(s, line->args[0], buf_text(&words));
}

static bool agent_slow_act(struct site *s, const struct script_line *line)
{
    if (s->n_slow == SITE_CLUSTERS_MAX)
        return false;
    text_copy(s->slow[s->n_slow].cluster, sizeof s->slow[0].cluster, line->args[0]);
    return text_duration(line->args[1], &s->slow[s->n_slow++].pause_ms);
}

static bool agent_strays(struct site *s, const struct script_line *line)
{
    const struct site_cluster *other = site_cluster_find(s, line->args[1]);

    return other != NULL && site_node_strays(s, line->args[0], other->uid);
}

static bool maas_loses_answer(struct site *s, const struct script_line *line)
{
    SCOPED(buf_drop) struct buf words = {0};
    struct maas_fault fault;
    struct ev_list events;
    bool done;

    buf_init(&words, 256);
    buf_printf(&words, "loses answer to %s", line->args[0]);
    if (maas_fault_read(buf_text(&words), &fault, NULL) < 0)
        return false;
    ev_list_init(&events);
    done = maas_fault_arm(s->servers[SITE_MAAS].app, s->now, &fault, &events);
    site_put_list(s, EVS_MAAS, &events);
    ev_list_drop(&events);
    return done;
}

static bool tell_maas(struct site *s, const char *words)
{
    struct http_reply rp;
    bool done;

    http_reply_init(&rp);
    done = maas_told(s->servers[SITE_MAAS].app, s->now, words, &rp);
    site_server_told(s, SITE_MAAS, &rp);
    http_reply_drop(&rp);
    return done;
}

static bool tell_palette(struct site *s, const char *words)
{
    struct site_server *palette = &s->servers[SITE_PALETTE];
    struct http_reply rp;
    bool done;

    if (palette->down)
        return false;
    http_reply_init(&rp);
    done = palette_do(palette->app, s->now, words, &rp);
    site_server_told(s, SITE_PALETTE, &rp);
    http_reply_drop(&rp);
    return done;
}

static bool user_disables(struct site *s, const struct script_line *line)
{
    const size_t len = strlen(s->api_key);

    (void)line;
    return tell_palette(s, "user disabled") &&
           text_copy(s->api_key + len, sizeof s->api_key - len, PAL_COLLEAGUE);
}

static bool maas_misbehaves(struct site *s, const struct script_line *line)
{
    return tell_maas(s, line->args[0]);
}

static bool maas_certificate(struct site *s, const struct script_line *line)
{
    SCOPED(buf_drop) struct buf words = {0};

    buf_init(&words, 64);
    buf_printf(&words, "certificate %s", verb_certificate(line->args[0]));
    return tell_maas(s, buf_text(&words));
}

/* The line's own words, without the first. */
static bool maas_does(struct site *s, const struct script_line *line)
{
    return tell_maas(s, line->text + strlen("maas "));
}

static bool palette_misbehaves(struct site *s, const struct script_line *line)
{
    return tell_palette(s, line->args[0]);
}

static bool palette_refuses(struct site *s, const struct script_line *line)
{
    return tell_palette(s, line->text + strlen("palette ")) &&
           tell_palette(s, "drops every connection");
}

/* The line's own words, without the first. */
static bool proxy_act(struct site *s, const struct script_line *line)
{
    return s->proxy.n > 0 &&
           proxy_wish(line->text + strlen("proxy "), &s->proxy.rules, &s->proxy.idle_ms);
}

static const struct {
    const char *verb;
    site_act_fn *act;
} acts[] = {
    {"gateway.installs", gateway_installs},
    {"gateway.installs-code", gateway_installs_code},
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
    {"node.reboots", site_node_reboots},
    {"node.dies", site_node_dies},
    {"nodes.die", site_nodes_die},
    {"victims.die", site_victims_die},
    {"victims.come-back", site_victims_come_back},
    {"node.clock", site_node_clock},
    {"machine.fails-deploy", machine_fails_deploy},
    {"machine.power", machine_power},
    {"machine.stays", machine_stays},
    {"palette.misbehaves", palette_misbehaves},
    {"user.disables-installer", user_disables},
    {"palette.stops", site_palette_stops},
    {"palette.starts", site_palette_starts},
    {"palette.restarts", site_palette_restarts},
    {"palette.moves", site_palette_moves},
    {"name.answers", site_name_answers},
    {"proxy.behaves", proxy_act},
    {"proxy.drops-idle", proxy_act},
    {"proxy.breaks-tls", proxy_act},
    {"proxy.is-honest", proxy_act},
    {"palette.certificate", site_palette_act},
    {"palette.drops", site_palette_act},
    {"agent.is-slow", agent_slow_act},
    {"agent.beats-for", agent_strays},
    {"maas.certificate", maas_certificate},
    {"maas.gains", maas_does},
    {"maas.loses-answer", maas_loses_answer},
    {"maas.misbehaves", maas_misbehaves},
    {"wire.delays", site_lag_act},
    {"wire.loses", site_lag_act},
    {"wire.cut", site_wire_act},
    {"wire.pair-cut", site_wire_act},
    {"wire.cut-one-way", site_wire_act},
    {"wire.mended", site_wire_act},
    {"path.opens", site_wire_act},
    {"path.closes", site_wire_act},
    {"palette.refuses", palette_refuses},
    {"wire.pair-mended", site_wire_act},
    {"router.forgets", site_router_forgets},
};

bool site_act(struct site *s, const struct script_line *line)
{
    if (text_begins(line->verb->id, "gateway.told-"))
        return site_told_act(s, line);
    for (size_t i = 0; i < COUNTOF(acts); i++) {
        struct event e;
        bool done;

        if (!text_is(acts[i].verb, line->verb->id))
            continue;
        done = acts[i].act(s, line);
        ev_init(&e, EV_ACT, s->now);
        ev_int_add(&e, EVF_LINE, line->number);
        ev_text_add(&e, EVF_VERB, line->text);
        ev_int_add(&e, EVF_FIRED, done);
        site_put(s, EVS_ENGINE, &e);
        return true;
    }
    return false;
}
