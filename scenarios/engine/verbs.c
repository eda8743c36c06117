#include "scenarios/engine/verbs.h"

#include "lib/base/text.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ALL        (BIT(STAGE_SIM) | BIT(STAGE_NETNS))

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

static bool is_time(const char *text)
{
    ms_t time;

    return text_duration(text, &time);
}

/* clang-format off */
#define ROLES "gateway", "maas", "palette", "proxy", "dns", "router", "stranger", "user", "any"
#define ZONES "private", "transit", "internet"

const struct verb_place verb_places[] = {
    {"role", "a role", WORDS(ROLES), NULL, false},
    {"place", "a role or a zone", WORDS(ROLES, ZONES), NULL, false},
    {"shape", "a shape, the name of a file in labs", WORDS("nat", "direct"), NULL, false},
    {"state", "a state that Palette shows", WORDS("Pending", "Running", "Unhealthy"), NULL, false},
    {"act", "what happens to the gateway", WORDS("starts", "stops", "dies", "freezes", "thaws"), NULL, false},
    {"writer", "a writer of the journal", WORDS("maas", "palette", "capture"), NULL, false},
    {"property", "what MAAS can be asked for", WORDS("zones", "pools", "domains", "subnets", "tags"), NULL, false},
    {"palette-op", "a call to Palette",
     WORDS("enrol", "renew", "register", "beat", "feed", "answer", "overlord", "overlords", "approve",
           "pairing-code", "account-create", "account-update", "account", "accounts", "validate",
           "properties", "unknown", "any"), NULL, false},
    {"maas-op", "a call to MAAS", WORDS("read", "change", "allocate", "deploy", "release", "any"), NULL, false},
    {"count", "a count: N, N+, some or no", NULL, is_count, false},
    {"n", "a number", NULL, is_number, false},
    {"time", "a time such as 90s, 15m or 1h30m", NULL, is_time, false},
    {"name", "a name", NULL, NULL, false},
    {"rest", "words", NULL, NULL, true},
};
const size_t n_verb_places = COUNTOF(verb_places);

const struct verb verbs[] = {
    /* --- the site, before the run */
    {"site.shape", VERB_SITE, "shape {shape}", ALL,
     "Builds the zones, hosts and routers of labs/SHAPE.json. Without this line the shape is nat."},

    /* --- acts */
    {"gateway.installs", VERB_ACT, "gateway installs", ALL,
     "The user asks Palette for a pairing code, and the gateway is started for the first time, with an empty state directory and that code."},
    {"gateway.act", VERB_ACT, "gateway {act}", ALL,
     "starts: again, with the state it has. stops: TERM. dies: KILL. freezes and thaws: STOP and CONT. The act is done when the signal is sent or the program has been started."},
    {"probe.every-pair", VERB_ACT, "probe every pair", ALL,
     "One SYN and its answer, or its silence, for each row of the lab's reach table, from the first host of one role to the first host of the other. The act is done when all are."},
    {"evidence.loses", VERB_ACT, "evidence {writer} loses a record", ALL,
     "The next record of this writer is thrown away on its way to the journal: its number and its place in the chain stay empty."},
    {"user.lists-gateways", VERB_ACT, "user lists gateways", ALL,
     "The user reads the list of gateways through Palette's public API."},
    {"user.lists", VERB_ACT, "user lists {property} of account {name}", ALL,
     "The user asks Palette for a property of a cloud account, which its gateway reads from MAAS. acc1 is the account that the gateway made."},
    {"user.validates", VERB_ACT, "user validates account {name}", ALL,
     "The user asks Palette to validate the account's key, which its gateway does at MAAS."},

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

    /* --- facts: MAAS */
    {"maas.took-count", VERB_FACT, "maas took {count} {maas-op} from {role}", ALL,
     "So many calls of this kind were answered below 400; the caller is known by its address."},
    {"maas.took", VERB_FACT, "maas took {maas-op} from {role}", ALL,
     "At least one such call was answered below 400. For never."},

    /* --- facts: packets */
    {"flow", VERB_FACT, "flow {place} -> {place}", ALL,
     "A first SYN from one to the other was seen on any link, answered or not."},
    {"flows.all-tls", VERB_FACT, "flows {place} -> {place} are all tls", ALL,
     "First bytes of such flows were seen, and each began with a ClientHello, or with CONNECT and then a ClientHello."},
    {"proxy.saw", VERB_FACT, "proxy saw {role}", ALL,
     "A CONNECT or a request for this role was seen at a proxy, from anybody."},
    {"proxy.saw-from", VERB_FACT, "proxy saw {role} from {role}", ALL,
     "The same, sent by this role."},
    {"secret.seen", VERB_FACT, "secret seen", ALL,
     "A secret of the run was seen in clear text, in a journal, in what Palette shows, or in a program's output."},
    {"output.no-secret", VERB_FACT, "output of gateway holds no secret", ALL,
     "Nothing that the gateway wrote to its standard output and error held a secret of the run."},

    /* --- facts: time */
    {"link.sign", VERB_FACT, "link of gateway shows a sign every {time}", ALL,
     "From the first Running on, and while the program lives, no span is longer than this without an answered call of the gateway at Palette. For always."},

    /* --- facts: the run itself */
    {"gateway.started", VERB_FACT, "gateway started {count}", ALL,
     "So many starts of the program."},
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
    {"evidence.whole", VERB_FACT, "evidence is whole", ALL,
     "All chains are unbroken, each writer said its last word with the right count, canaries were seen on their links at both ends of the run, and the kernel dropped nothing."},
    {"probes.match", VERB_FACT, "probes match the table", ALL,
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
