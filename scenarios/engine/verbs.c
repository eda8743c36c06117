#include "scenarios/engine/verbs.h"

#include "lib/base/text.h"
#include "scenarios/engine/lag.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/user_body.h"

#include <stdio.h>
#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ALL        (BIT(STAGE_SIM) | BIT(STAGE_LOOPBACK) | BIT(STAGE_NETNS))
/* What needs hosts of their own, with names, routers or a proxy between them, and, of facts,
 * packets that somebody sees. */
#define HOSTS (BIT(STAGE_SIM) | BIT(STAGE_NETNS))

bool verb_count(const char *text, int64_t *ret_min, int64_t *ret_max)
{
    char digits[24];
    const size_t len = strlen(text);
    int64_t number;

    if (text_is(text, "some") || text_is(text, "no")) {
        const bool some = text[0] == 's';
        *ret_min = some ? 1 : 0;
        *ret_max = some ? INT64_MAX : 0;
        return true;
    }
    if (len > 1 && text[len - 1] == '+') {
        if (!text_copy_len(digits, sizeof digits, text, len - 1) ||
            !text_int(digits, 1, INT32_MAX, &number))
            return false;
        *ret_min = number;
        *ret_max = INT64_MAX;
        return true;
    }
    if (!text_int(text, 0, INT32_MAX, &number))
        return false;
    *ret_min = *ret_max = number;
    return true;
}

static bool is_count(const char *text)
{
    int64_t min, max;

    return verb_count(text, &min, &max);
}

static bool is_number(const char *text)
{
    int64_t number;

    return text_int(text, 0, INT32_MAX, &number);
}

static bool is_error_status(const char *text)
{
    int64_t status;

    return text_int(text, 400, 599, &status);
}

static bool is_time(const char *text)
{
    ms_t time;

    return text_duration(text, &time);
}

bool verb_shift(const char *text, ms_t *ret)
{
    const bool back = text[0] == '-';
    ms_t time;

    if (!text_duration(text + (back || text[0] == '+'), &time))
        return false;
    *ret = back ? -time : time;
    return true;
}

static bool is_shift(const char *text)
{
    ms_t time;

    return verb_shift(text, &time);
}

/* A letter and a number: c1, m12. */
static bool is_numbered(char letter, const char *text)
{
    int64_t number;

    return text[0] == letter && text_int(text + 1, 1, 99, &number);
}

static bool is_cluster(const char *text)
{
    return is_numbered('c', text);
}

static bool is_machine(const char *text)
{
    return is_numbered('m', text);
}

static bool is_label(const char *text)
{
    const char *equals = strchr(text, '=');

    return equals && equals > text && equals[1] != '\0';
}

/* --- words of several parts (verbs_read.c) ---------------------------------------------------- */

static bool is_wire_pair(const char *text)
{
    struct verb_wire pair;

    return verb_wire(text, &pair);
}

static bool is_delay(const char *text)
{
    ms_t delay;

    return lag_delay_read(text, &delay);
}

static bool is_loss(const char *text)
{
    int64_t percent;

    return lag_loss_read(text, &percent);
}

static bool is_point(const char *text)
{
    struct script_point point;

    return verb_point(text, &point);
}

static bool is_call(const char *text)
{
    struct script_point point;

    return verb_call(text, &point);
}

static bool is_event(const char *text)
{
    struct verb_event x;

    return verb_event(text, &x) && !x.is_span;
}

static bool is_offset(const char *text)
{
    ms_t offset;

    return verb_offset(text, &offset);
}

/* Four numbers: no role or name of the language looks like it. */
static bool is_address(const char *text)
{
    char part[4];
    int64_t number;
    size_t n = 0;

    for (; text_next(&text, '.', part, sizeof part); n++)
        if (!text_int(part, 0, 255, &number))
            return false;
    return n == 4;
}

static bool is_party(const char *text)
{
    return is_cluster(text) || is_address(text);
}

static bool is_answer(const char *text)
{
    return text_is(text, "nothing") || is_address(text);
}

/* clang-format off */
#define ROLES "gateway", "maas", "palette", "proxy", "dns", "router", "stranger", "decoy", "user", "any"
#define ZONES "private", "transit", "internet"

const struct verb_place verb_places[] = {
    {"role", "a cluster such as c1", WORDS(ROLES), is_cluster, false},
    {"place", "a cluster such as c1, or an address", WORDS(ROLES, ZONES), is_party, false},
    {"shape", "a shape, the name of a file in labs", WORDS("nat", "direct", "nat-short", "firewall", "double-nat", "overlap", "proxy-only", "proxy-auth", "proxy-bump", "proxy-inside", "hosted-proxy", "two-exits", "two-sites", "far"), NULL, false},
    {"state", "a state that Palette shows", WORDS("Pending", "Running", "Unhealthy"), NULL, false},
    {"act", "what happens to the gateway", WORDS("starts", "stops", "dies", "freezes", "thaws", "loses-power", "comes-back"), NULL, false},
    {"code", "a kind of pairing code", user_codes, NULL, false},
    {"writer", "a writer of the journal", WORDS("maas", "palette", "capture"), NULL, false},
    {"wire-end", "a cluster such as c1", verb_wire_ends, is_cluster, false},
    {"wired", "whose wire it is", WORDS("gateway", "maas", "palette", "proxy", "stranger", "user"), NULL, false},
    {"delay", "a time such as 200ms or 2s, 5s at most, or 0ms", NULL, is_delay, false},
    {"loss", "of a hundred packets so many, such as 5%, 50% at most", NULL, is_loss, false},
    {"wire-pair", "a pair such as gateway-palette, or a direction such as gateway>palette", NULL, is_wire_pair, false},
    {"property", "what MAAS can be asked for", WORDS("zones", "pools", "domains", "subnets", "tags"), NULL, false},
    {"palette-op", "a call to Palette",
     WORDS("enrol", "renew", "register", "beat", "feed", "answer", "overlord", "overlords", "approve",
           "pairing-code", "account-create", "account-update", "account", "accounts", "validate",
           "properties", "fetch", "claim", "report", "handover", "released", "hello", "unknown", "any"), NULL, false},
    {"maas-op", "a call to MAAS", WORDS("read", "change", "allocate", "deploy", "release", "any"), NULL, false},
    {"cluster", "a cluster such as c1", NULL, is_cluster, false},
    {"cluster-state", "a state of a cluster", WORDS("Pending", "Provisioning", "Running", "Deleting", "Deleted"), NULL, false},
    {"cluster-show", "a state or the health of a cluster", WORDS("Pending", "Provisioning", "Running", "Deleting", "Deleted", "Healthy", "Unhealthy"), NULL, false},
    {"machine", "a machine such as m1", NULL, is_machine, false},
    {"owner", "a cluster such as c1", WORDS("nobody", "cluster", "bob"), is_cluster, false},
    {"label", "a label: key=value", NULL, is_label, false},
    {"call", "a call to MAAS, OP.N, such as allocate.1", NULL, is_call, false},
    {"point", "a point: OP.N.PHASE, such as allocate.1.done", NULL, is_point, false},
    {"event", "an event in quotes, such as \"hello c1\", \"delete c1\", \"ready machine-of-c1\" or \"gateway dies\"", NULL, is_event, false},
    {"count", "a count: N, N+, some or no", NULL, is_count, false},
    {"n", "a number", NULL, is_number, false},
    {"time", "a time such as 90s, 15m or 1h30m", NULL, is_time, false},
    {"shift", "a time with a sign, such as +1h or -365d, or 0s", NULL, is_shift, false},
    {"name", "a name", NULL, NULL, false},
    {"offset", "a time before or behind, such as -10m or +1h, or 0s", NULL, is_offset, false},
    {"victims", "both, or a cluster such as c1", WORDS("both"), is_cluster, false},
    {"how-many", "all or half", WORDS("all", "half"), NULL, false},
    {"address", "an address such as 203.0.113.99", NULL, is_address, false},
    {"named", "who has a name in the lab", WORDS("palette", "maas", "gateway"), NULL, false},
    {"dns-answer", "nothing or an address such as 203.0.113.99", NULL, is_answer, false},
    {"palette-misdeed", "a misbehaviour of docs/mock-palette.md",
     WORDS("answers", "wants", "stale", "repeated", "reordered", "misbehaves", "tokens", "gateway", "certificate", "faults",
           "resets", "loses", "is", "delays", "trickles", "drips", "cuts", "misses", "garbles", "doubles", "refuses", "drops", "user"), NULL, true},
    {"proxy", "a proxy's URL such as http://10.10.0.9:3128, or unused", NULL, outfit_is_proxy, false},
    {"proxy-url", "a proxy's URL such as http://10.10.0.8:8888", NULL, outfit_is_proxy_url, false},
    {"certificate", "what a server shows", WORDS("good", "renewed", "other-ca", "wrong-name", "expired", "self-signed", "old-protocol"), NULL, false},
    {"proxy-variable", "HTTP_PROXY=, HTTPS_PROXY= or NO_PROXY= and a value", NULL, outfit_is_proxy_variable, false},
    {"proxy-way", "a status from 400 to 599", WORDS("honest", "refuses", "closes", "cuts", "silent"), is_error_status, false},
    {"assignment", "an assignment NAME=VALUE", NULL, outfit_is_variable, false},
    {"misdeed", "a misbehaviour of docs/mock-maas.md",
     WORDS("loses", "resets", "is", "delays", "trickles", "drips", "cuts", "misses", "garbles", "doubles", "contends",
           "answers", "wants", "deploy-fails", "deploy-hangs", "release-fails", "release-hangs", "commission-fails",
           "commission-hangs", "test-fails", "test-hangs", "erase-fails", "erase-hangs", "rescue-hangs", "bmc-dead",
           "stale-read", "power-strange", "machine-vanishes", "owner-changes", "machine", "addresses", "racks", "key-revoked", "user-inactive", "image-gone",
           "time", "key", "user", "image"), NULL, true},
    {"power", "what a machine's power reads", WORDS("on", "off", "error", "unknown"), NULL, false},
    {"palette-kind", "which Palette it is", WORDS("saas", "self-hosted"), NULL, false},
    {"system-act", "what happens to the system gateway", WORDS("starts", "stops", "dies", "freezes", "thaws"), NULL, false},
    {"toggle", "the switch on the account's form", WORDS("on", "off"), NULL, false},
    {"binding", "a gateway that serves an account", WORDS("gateway", "system-gateway"), NULL, false},
    {"path-state", "how a way is", WORDS("open", "closed"), NULL, false},
    {"health", "a health that Palette shows", WORDS("Healthy", "Unhealthy"), NULL, false},
    {"maas-kind", "what MAAS can gain", WORDS("zone", "pool", "tag"), NULL, false},
    {"machine-spec", "what a machine is like, such as zone=z2,cpu=16,tags=ssd+gpu", NULL, outfit_is_machine_spec, false},
    {"where", "what is asked of machines, such as zone=z2,cpu=8,tags=ssd+gpu", NULL, user_body_is_where, false},
    {"parameter", "a parameter of a call such as zone=z2", NULL, outfit_is_machine_spec, false},
    {"port", "a port's number", NULL, is_number, false},
    {"rest", "words", NULL, NULL, true},
};
const size_t n_verb_places = COUNTOF(verb_places);

const struct verb verbs[] = {
    /* --- the site, before the run */
    {"site.shape", VERB_SITE, "shape {shape}", ALL,
     "Builds the zones, hosts and routers of labs/SHAPE.json. Without this line the shape is nat."},

    {"site.machines", VERB_SITE, "machines {n}", ALL,
     "So many machines are Ready in MAAS when the run begins; 6 without this line."},
    {"site.load", VERB_SITE, "load {n}", BIT(STAGE_SIM),
     "The story is played twice with the same seed: once in peace, and once beside so many busy processes, 16 at most. The second run is judged."},
    {"site.erase", VERB_SITE, "erase on release", ALL,
     "MAAS erases a machine's disks before it is free again."},
    {"site.maas-tls", VERB_SITE, "maas over tls", ALL,
     "MAAS is https, with a certificate of an authority of its own, which gateways are given and not Palette's."},
    {"site.cluster", VERB_SITE, "cluster {cluster} with {n} nodes", ALL,
     "The prelude: the gateway is installed and makes this cluster. The story begins, and its times count, when all such clusters are Running. Laws see the prelude, lines of the story do not."},

    {"site.proxy", VERB_SITE, "proxy {proxy}", HOSTS,
     "The proxy that the gateway is told of, with credentials or without; it runs at the lab's host of role proxy. unused: it runs, and nobody is told."},
    {"site.no-proxy", VERB_SITE, "no-proxy {name}", ALL,
     "The list of exceptions that the gateway is told beside the proxy, separated by commas, or empty."},
    {"site.environment", VERB_SITE, "environment {assignment}", ALL,
     "A variable that stands in the gateway's environment against the launch contract. In sim a gateway has no environment, so nothing is there to be read."},

#include "scenarios/engine/verbs_site.inc"

    /* --- acts */
    {"gateway.installs", VERB_ACT, "gateway installs", ALL,
     "The user asks Palette for a pairing code, and the gateway is started for the first time, with an empty state directory and that code."},
    {"gateway.installs-code", VERB_ACT, "gateway installs with code {code}", ALL,
     "The same, after whatever was installed before is gone with all its state. wrong: the code is mistyped. used: somebody else has enrolled with it. unknown: it is for a gateway that Palette has not heard of. good: as it is."},
    {"gateway.act", VERB_ACT, "gateway {act}", ALL,
     "starts: again, with the state it has. stops: TERM. dies: KILL. loses-power: KILL, and what was not synced is lost. freezes and thaws: STOP and CONT. comes-back: starts or thaws, whichever fits. The act is done when the signal is sent or the program has been started."},
    {"gateway.wiped", VERB_ACT, "gateway is wiped", ALL,
     "KILL if it runs, and its state directory is emptied; the files of its secrets stay, and hold a gateway-secret from the start of such a story."},
    {"gateway.clock-off", VERB_ACT, "clock of gateway is off by {shift}", ALL,
     "From now on the wall clock of the gateway's host differs by so much from everybody's, also after a start. Its monotonic clock does not."},
    {"gateway.clock-jumps", VERB_ACT, "clock of gateway jumps {shift}", ALL,
     "The same, by so much more than before."},
    {"gateway.comes-back", VERB_ACT, "gateway comes back", ALL,
     "Starts or thaws, whichever fits."},
    {"probe.every-pair", VERB_ACT, "probe every pair", HOSTS,
     "One SYN and its answer, or its silence, for each row of the lab's reach table, from the first host of one role to the first host of the other. The act is done when all are."},
    {"evidence.loses", VERB_ACT, "evidence {writer} loses a record", ALL,
     "The next record of this writer is thrown away on its way to the journal: its number and its place in the chain stay empty."},
    {"user.lists-gateways", VERB_ACT, "user lists gateways", ALL,
     "The user reads the list of gateways through Palette's public API."},
    {"user.lists", VERB_ACT, "user lists {property} of account {name}", ALL,
     "The user asks Palette for a property of a cloud account, which its gateway reads from MAAS. acc1 is the account that the gateway made."},
    {"user.validates", VERB_ACT, "user validates account {name}", ALL,
     "The user asks Palette to validate the account's key, which its gateway does at MAAS."},

    {"user.creates-cluster", VERB_ACT, "user creates cluster {cluster} with {n} nodes", ALL,
     "One control-plane machine, and the others in a pool of workers, on the account that the gateway made."},
    {"user.deletes-cluster", VERB_ACT, "user deletes cluster {cluster}", ALL,
     "The user deletes the cluster, not forced."},
    {"user.scales-cluster", VERB_ACT, "user scales cluster {cluster} to {n} nodes", ALL,
     "The user changes the size of the pool of workers, so that the cluster gets so many nodes in all."},
    {"user.labels-cluster", VERB_ACT, "user labels cluster {cluster} {label}", ALL,
     "The user puts a label on the cluster."},

#include "scenarios/engine/verbs_site_acts.inc"
    /* --- acts: machines and MAAS */
    {"node.reboots", VERB_ACT, "node {n} of {cluster} reboots", ALL,
     "The n-th node of the cluster, in the order in which its machines were taken, boots again from its user data, and knows nothing of its life before: the agent registers again with the join token (GP-101). A dead one, too."},
    {"node.dies", VERB_ACT, "node {n} of {cluster} dies", ALL,
     "Its power is gone, and MAAS does not hear of it. It stays dead unless it reboots or is deployed anew."},
    {"nodes.die", VERB_ACT, "{how-many} nodes of {cluster} die", ALL,
     "The same for all, or for the half that registered first."},
    {"victims.die", VERB_ACT, "{victims} dies", ALL,
     "All machines of the cluster that run lose their power at once, registered or not. both: the gateway is killed and the machines of all clusters die."},
    {"victims.come-back", VERB_ACT, "{victims} comes back", ALL,
     "What the line before took away: machines boot again from their user data, the gateway is started."},
    {"node.clock", VERB_ACT, "clock of node {n} of {cluster} is off by {offset}", ALL,
     "The wall clock by which the node's agent signs its calls to MAAS is behind or ahead so much, until it is set again."},
    {"machine.fails-deploy", VERB_ACT, "machine {machine} fails deploy", ALL,
     "From now on deploying this machine ends in Failed deployment."},
    {"machine.stays", VERB_ACT, "machine {machine} stays {name} for {time}", ALL,
     "From when it enters this status, or from now on when it is in it, the machine stays in it for so long."},
    {"maas.loses-answer", VERB_ACT, "maas loses answer to {call}", ALL,
     "MAAS does what the n-th such call asks, and closes the connection without an answer."},
    {"maas.misbehaves", VERB_ACT, "maas misbehaves {misdeed}", ALL,
     "MAAS, or what stands before it, does that: the words of the table of misbehaviours in docs/mock-maas.md, such as: resets release.1, deploy-hangs one in 20, racks gone."},

    /* --- acts: Palette */
    {"palette.misbehaves", VERB_ACT, "palette misbehaves {palette-misdeed}", ALL,
     "Palette, or what stands before it, does that: the words of the table of misbehaviours in docs/mock-palette.md, such as: resets claim.1, answers feed with 503 3 times, certificate expired."},
    {"palette.stops", VERB_ACT, "palette stops", ALL,
     "Palette's program is killed. What it had answered it has kept; connections break, and nobody takes new ones."},
    {"palette.starts", VERB_ACT, "palette starts [empty]", ALL,
     "It is started again, with the state that it kept; empty: with none, so that it knows nobody."},
    {"palette.restarts", VERB_ACT, "palette restarts [empty]", ALL,
     "stops and starts in one."},
    {"palette.moves", VERB_ACT, "palette moves to {address}", HOSTS,
     "It is started again at another address of its host, which the lab's file names under also; the old address refuses."},
    {"name.answers", VERB_ACT, "name {named} answers {dns-answer}", HOSTS,
     "What the lab's name server says from now on to the name that leads there: another address, or that there is no such name."},

    /* --- acts: the proxy */
    {"proxy.behaves", VERB_ACT, "proxy behaves {proxy-way}", HOSTS,
     "From now on the proxy does this with whoever asks: refuses takes no connection, closes closes without an answer, cuts answers 200 and closes, silent says nothing, a number is answered to every request; honest ends it."},
    {"proxy.drops-idle", VERB_ACT, "proxy drops idle after {time}", HOSTS,
     "From now on the proxy closes a tunnel over which no byte went for so long."},

    {"proxy.breaks-tls", VERB_ACT, "proxy breaks tls", HOSTS,
     "From now on the proxy opens the TLS of new tunnels: it shows clients a certificate of its own authority, and reads what they send."},
    {"proxy.is-honest", VERB_ACT, "proxy is honest", HOSTS,
     "From now on the proxy passes TLS through, and whatever else it did wrong ends; tunnels that are open stay as they are."},
    {"gateway.told-proxy", VERB_ACT, "gateway is told proxy {proxy-url}", HOSTS,
     "The gateway is stopped, its environment holds this proxy from now on, and it is started again with the state it has."},
    {"gateway.told-no-proxy", VERB_ACT, "gateway is told no proxy", HOSTS,
     "The same without any proxy setting."},
    {"gateway.told-trust", VERB_ACT, "gateway is told to trust proxy", HOSTS,
     "GP_PROXY_CA_FILE holds the authority of the proxies. A gateway with the feature reload has had the file from its start, with another authority in it, and gets HUP; any other is stopped and started."},

    /* --- acts: Palette */
    {"palette.certificate", VERB_ACT, "palette certificate is {certificate}", ALL,
     "What Palette shows to new connections: renewed is a new leaf of the same authority; old-protocol is a good one, and no TLS newer than 1.1. A user who has yet to install takes the pairing code before."},
    {"maas.certificate", VERB_ACT, "maas certificate is {certificate}", ALL,
     "The same of a MAAS over TLS."},
    {"palette.drops", VERB_ACT, "palette drops every connection", ALL,
     "Resets all of them; new ones are taken at once."},

    /* --- acts: wires */
    {"wire.cut", VERB_ACT, "wire {wire-end} - {wire-end} cut [silently]", ALL,
     "No packet passes between the two any more, of open flows neither. silently: nobody is told; else a sender of TCP gets a reset."},
    {"wire.pair-cut", VERB_ACT, "wire {wire-pair} cut silently", ALL,
     "The same for a pair in one word, or for one direction of it."},
    {"wire.cut-one-way", VERB_ACT, "wire {wire-pair} cut one way", ALL,
     "Silently, and only from the first to the second."},
    {"wire.mended", VERB_ACT, "wire {wire-end} - {wire-end} mended", ALL,
     "Both directions pass again."},
    {"wire.pair-mended", VERB_ACT, "wire {wire-pair} mended", ALL,
     "The pair, or the direction, passes again."},

    {"wire.delays", VERB_ACT, "wire {wired} delays {delay}", HOSTS,
     "What crosses its wire, in either direction, arrives so much later from now on."},
    {"wire.loses", VERB_ACT, "wire {wired} loses {loss}", HOSTS,
     "Of a hundred packets that cross its wire so many are lost from now on, drawn by the run's seed. What TCP loses it sends again: after 1 s what begins a connection, else after 200 ms, and each time after twice as long."},
    {"router.forgets", VERB_ACT, "router forgets", HOSTS,
     "Every router that forgets idle flows (shape nat-short: after a minute) forgets all of them at once: what is sent on an open connection afterwards is dropped without a word."},

    /* --- facts: what Palette shows */
    {"gateway.is", VERB_FACT, "gateway is [not] {state}", ALL,
     "The state that Palette shows for the gateway, now."},
    {"gateways.listed", VERB_FACT, "gateways listed {n}", ALL,
     "How many private gateways exist in Palette, now; the system gateway is not counted."},
    {"accounts.of-gateway", VERB_FACT, "accounts of gateway are {n}", ALL,
     "How many cloud accounts are bound to the gateway's uid, now."},
    {"palette.took-count", VERB_FACT, "palette took {count} {palette-op} from {role}", ALL,
     "So many calls of this kind were answered below 400, from the run's beginning until now."},
    {"palette.took", VERB_FACT, "palette took {palette-op} from {role}", ALL,
     "At least one such call was answered below 400. For never."},

    {"palette.saw", VERB_FACT, "palette saw {role} as {address}", ALL,
     "A call of this role, or of the agent of this cluster, came to Palette from that address."},
    {"palette.read", VERB_FACT, "palette read request from {role}", ALL,
     "A request of this role was readable at Palette, answered well or not."},
    {"palette.showed", VERB_FACT, "palette showed {count} certificates", ALL,
     "So many hellos of clients met a Palette that showed another certificate than the one it has by itself."},

    /* --- facts: clusters */
    {"cluster.is", VERB_FACT, "cluster {cluster} is {cluster-state}", ALL,
     "The state that Palette shows for the cluster, now."},
    {"cluster.has-nodes", VERB_FACT, "cluster {cluster} has {n} nodes", ALL,
     "How many nodes Palette shows that its agent has seen, now."},
    {"cluster.holds", VERB_FACT, "cluster {cluster} holds {n} machines", ALL,
     "How many machines are held for the cluster, now, by the ledger."},
    {"cluster.was-never", VERB_FACT, "cluster {cluster} was never {cluster-show}", ALL,
     "Since its first Running Palette has not shown this for the cluster. A cluster that never ran proves nothing."},
    {"cluster.answers", VERB_FACT, "cluster {cluster} answers", ALL,
     "The last dial of a neighbour to the cluster's API, under its record's name, was answered. For always; without any dial it is not decided."},
    {"cluster.label", VERB_FACT, "cluster {cluster} label {name} is {name}", ALL,
     "The cluster's agent has reported the label as applied, now."},
    {"beats.no-gap", VERB_FACT, "beats of {cluster} leave no gap over {time}", ALL,
     "While the cluster is Running, no span between two of its heartbeats is longer than this. For always; without a heartbeat it is not decided."},

    /* --- facts: machines, by MAAS's own journal */
    {"machine.is", VERB_FACT, "machine {machine} is {rest}", ALL,
     "The status that MAAS shows for the machine, now."},
    {"machine.owner", VERB_FACT, "machine {machine} owner is {owner}", ALL,
     "Who holds the machine, now: nobody, this cluster, any cluster, or a user of MAAS."},
    {"machine.was-for", VERB_FACT, "machine {machine} was {name} for {time}", ALL,
     "MAAS showed this status of the machine for so long in one piece."},
    {"machines.held", VERB_FACT, "machines held are {n}", ALL,
     "How many machines are owned in MAAS with the gateway's keys, now: Allocated, Deploying, Deployed, failed, being released or erased."},
    {"machines.allocated-once", VERB_FACT, "every machine of {cluster} was allocated once", ALL,
     "The cluster held machines, and none of them was taken for it a second time."},
    {"ledger.balances", VERB_FACT, "ledger balances", ALL,
     "Every machine that was taken is given back or held by a cluster that lives, and none ever had two owners."},
    {"record.holds-address", VERB_FACT, "record of {cluster} holds address of {role}", ALL,
     "MAAS's DNS record of the cluster's name holds an address of this role, now. For never."},

    /* --- facts: MAAS */
    {"maas.took-count-for", VERB_FACT, "maas took {count} {maas-op} for {cluster} from {role}", ALL,
     "So many calls for this cluster, known by the mark on the call or on its machine, were answered below 400. A cluster as caller: any of its nodes."},
    {"maas.took-for", VERB_FACT, "maas took {maas-op} for {cluster} from {role}", ALL,
     "At least one such call was answered below 400. For never."},
    {"maas.took-any", VERB_FACT, "maas took {maas-op}", ALL,
     "At least one such call of anybody was answered below 400. For never."},
    {"maas.took-count", VERB_FACT, "maas took {count} {maas-op} from {role}", ALL,
     "So many calls of this kind were answered below 400; the caller is known by its address."},
    {"maas.refused-count", VERB_FACT, "maas refused {count} {maas-op} from {role}", ALL,
     "So many calls of this kind were answered with 400 or above."},
    {"maas.took", VERB_FACT, "maas took {maas-op} from {role}", ALL,
     "At least one such call was answered below 400. For never."},
    {"maas.read", VERB_FACT, "maas read request from {role}", ALL,
     "A request of this role was readable at MAAS, answered well or not."},
    {"maas.showed", VERB_FACT, "maas showed {count} certificates", ALL,
     "So many hellos of clients met a MAAS that showed another certificate than the one it has by itself."},

#include "scenarios/engine/verbs_site_facts.inc"
    /* --- facts: packets */
    {"flow", VERB_FACT, "flow {place} -> {place}", HOSTS,
     "A first SYN from one to the other was seen on any link, answered or not."},
    {"flow.through-proxy", VERB_FACT, "flow {place} -> {place} through proxy", HOSTS,
     "A connection to a proxy was seen to begin with CONNECT for the other, and then with a ClientHello."},
    {"flows.all-tls", VERB_FACT, "flows {place} -> {place} are all tls", HOSTS,
     "First bytes of such flows were seen, and each began with a ClientHello, or with CONNECT and then a ClientHello."},
    {"proxy.saw", VERB_FACT, "proxy saw {role}", HOSTS,
     "A CONNECT or a request for this role was seen at a proxy, from anybody."},
    {"proxy.saw-from", VERB_FACT, "proxy saw {role} from {role}", HOSTS,
     "The same, sent by this role, or by a node of this cluster."},

    {"proxy.closed", VERB_FACT, "proxy closed {count} tunnels", HOSTS,
     "So many tunnels were closed by the proxy itself, because they were idle."},

    {"bump.read", VERB_FACT, "bump read request", HOSTS,
     "A request of anybody became readable at a proxy that opens TLS."},
    {"bump.showed", VERB_FACT, "bump showed {count} certificates", HOSTS,
     "So many hellos of clients were answered by a proxy with a certificate of its own making."},
    {"victims.were-hit", VERB_FACT, "{victims} was hit at {point}", ALL,
     "The point was reached, and at it they died."},
    {"dials.failed", VERB_FACT, "{count} failed dials {role} -> {role}", HOSTS,
     "So many first SYNs from one to the other were followed by the next without a request of the first at Palette, or at MAAS when it is the other, between them."},
    {"dials.crowded", VERB_FACT, "more than {n} failed dials {role} -> {role} in any {time}", HOSTS,
     "More than so many of them, at most 62, in some window of that length. For never."},

    /* --- facts: user data, as the machines found it when they booted */
    {"user-data.has", VERB_FACT, "user data of every machine of {cluster} has {proxy-variable}", ALL,
     "Every machine that booted for the cluster, and at least one did, found this value of HTTP_PROXY, HTTPS_PROXY or NO_PROXY, and the same in all places."},
    {"user-data.no-proxy", VERB_FACT, "user data of every machine of {cluster} has no proxy", ALL,
     "Every machine that booted for the cluster, and at least one did, found no proxy in any place."},
    {"user-data.endpoint", VERB_FACT, "user data of every machine of {cluster} has endpoint of {role}", ALL,
     "Every machine that booted for the cluster, and at least one did, was told to call there."},
    {"user-data.no-address", VERB_FACT, "user data of every machine of {cluster} has no address of {role}", ALL,
     "No address of this role is endpoint, proxy or exception in what the machines of the cluster found, and at least one booted."},
    {"user-data.keeps-out", VERB_FACT, "user data of every machine of {cluster} keeps out {name}", ALL,
     "The list of exceptions that every machine of the cluster found, and at least one booted, covers this name, address, or every address of this role."},
    {"secret.seen", VERB_FACT, "secret seen", HOSTS,
     "A secret of the run was seen in clear text, in a journal, in what Palette shows, or in a program's output."},
    {"output.no-secret", VERB_FACT, "output of gateway holds no secret", ALL,
     "Nothing that the gateway wrote to its standard output and error held a secret of the run."},

    /* --- facts: order */
    {"first.before-first", VERB_FACT, "first {event} before first {event}", ALL,
     "Both happened, the first of the one before the first of the other."},
    {"every.before", VERB_FACT, "every {event} before {event}", ALL,
     "Both happened, and none of the one after the last of the other."},

    /* --- facts: time */
    {"link.sign", VERB_FACT, "link of gateway shows a sign every {time}", ALL,
     "From the first Running on, and while the program lives, no span is longer than this without an answered call of the gateway at Palette. For always."},

    /* --- facts: the run itself */
    {"gateway.started", VERB_FACT, "gateway started {count}", ALL,
     "So many starts of the program."},
    {"gateway.was-dead", VERB_FACT, "gateway was dead for {time}", ALL,
     "The program did not live for so long in one piece, a minute more or less."},
    {"gateway.was-hit", VERB_FACT, "gateway was hit at {point}", ALL,
     "The point was reached, and the act on the gateway at it was done."},
    {"nodes.died", VERB_FACT, "nodes of {cluster} died {count}", ALL,
     "So many nodes of the cluster lost their power by the story."},
    {"palette.was-restarted", VERB_FACT, "palette was restarted {count}", ALL,
     "So many starts of Palette's program after the first one."},
    {"faults.armed", VERB_FACT, "faults armed {n} fired {n}", ALL,
     "So many faults were armed in the run, and so often one of them has happened."},
    {"fault.fired", VERB_FACT, "fault fired", ALL,
     "A fault that was armed has happened."},
    {"wire.was-cut-for", VERB_FACT, "wire was cut for {time}", ALL,
     "A wire that was cut was mended so much later, or not at all."},
    {"wire.was-cut", VERB_FACT, "wire was cut", ALL,
     "A wire was cut."},
    {"router.forgot", VERB_FACT, "router forgot {count}", HOSTS,
     "So many flows were forgotten by routers, for being idle or all at once."},
    {"gateway.good-stop", VERB_FACT, "gateway stopped in good order", ALL,
     "After TERM the program ended by itself, with status 0."},
    {"user.asked", VERB_FACT, "user asked {count}", ALL,
     "So many calls of the user were answered, well or not."},
    {"user.was-answered", VERB_FACT, "user was answered", ALL,
     "The user's last call was answered below 400."},
    {"user.was-answered-with", VERB_FACT, "user was answered {rest}", ALL,
     "The user's last call was answered below 400 with exactly these items, separated by commas, in any order."},
    {"user.was-refused", VERB_FACT, "user was refused", ALL,
     "The user's last call was answered with 400 or above."},
    {"journals.equal", VERB_FACT, "journals equal those of the first run", BIT(STAGE_SIM),
     "The story was played before with the same seed, and each record of this run is that run's, byte for byte."},
    {"evidence.whole", VERB_FACT, "evidence is whole", HOSTS,
     "All chains are unbroken, each writer said its last word with the right count, canaries were seen on their links at both ends of the run, and the kernel dropped nothing."},
    {"probes.match", VERB_FACT, "probes match the table", HOSTS,
     "Every pair was probed and answered as the lab's table says."},
};
const size_t n_verbs = COUNTOF(verbs);
/* clang-format on */

const struct verb *verb_find(const char *id)
{
    size_t i;

    for (i = 0; i < n_verbs; i++)
        if (text_is(verbs[i].id, id))
            return &verbs[i];
    return NULL;
}
