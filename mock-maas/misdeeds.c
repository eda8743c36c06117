/* Everything that can go wrong, as one list: a name, the words that arm it, and what a client
 * meets. Faults of the wire and of answers are counted here by their name, what goes wrong inside
 * MAAS by mishaps.c; docs/mock-maas.md holds the list and is checked against it. */
#include "mock-maas/model.h"

#include "lib/base/text.h"
#include "lib/base/wire_words.h"

#include <inttypes.h>

static const struct maas_misdeed misdeeds[] = {
    {"answer-lost", "loses answer to release",
     "it is done, and the connection ends without an answer"},
    {"reset", "resets release", "it is done, and a reset comes in place of the answer"},
    {"silent", "is silent to any for 1m",
     "nothing is done and nothing answered; the connection stays"},
    {"late-answer", "delays release by 40s",
     "it is done at once and answered after the client's time-out"},
    {"slow-headers", "trickles read 16 each 1s", "the answer comes slowly from its first byte"},
    {"slow-body", "drips read 16 each 1s", "the head comes at once, the body slowly"},
    {"cut-off", "cuts read at 20", "head and body end after so many bytes"},
    {"length-too-big", "misses read by 10", "Content-Length says more than there is"},
    {"length-too-small", "misses read by -10", "Content-Length says less than there is"},
    {"garbage", "garbles read", "JSON that is none"},
    {"answered-twice", "doubles read", "the answer, and the same again"},
    {"contention", "contends release", "nothing is done: MAAS's page for a conflict"},
    {"quotes-request", "answers any with 500 quoting the request 1 times",
     "an error page that repeats the request's headers"},
    {"answers-400", "answers read with 400 1 times", "nothing is done: 400"},
    {"answers-401", "answers read with 401 1 times",
     "nothing is done: 401, though the key is right"},
    {"answers-403", "answers read with 403 1 times", "nothing is done: 403"},
    {"answers-404", "answers read with 404 1 times", "nothing is done: 404, though it is there"},
    {"answers-409", "answers release with 409 1 times", "nothing is done: 409"},
    {"answers-429", "answers read with 429 1 times", "nothing is done: 429 without Retry-After"},
    {"answers-500", "answers read with 500 1 times", "nothing is done: 500"},
    {"answers-502", "answers read with 502 1 times", "nothing is done: 502, as from a proxy"},
    {"answers-503", "answers read with 503 1 times", "nothing is done: 503 without Retry-After"},
    {"answers-504", "answers read with 504 1 times", "nothing is done: 504"},
    {"back-later-429", "wants any back 429 7", "nothing is done: 429 with Retry-After"},
    {"back-later-503", "wants any back 503 7", "nothing is done: 503 with Retry-After"},
    {"done-then-500", "answers release 500 after doing it",
     "it is done, and 500 says the opposite"},
    {"done-then-502", "answers release 502 after doing it",
     "it is done, and 502 says the opposite"},
    {"done-then-504", "answers release 504 after doing it",
     "it is done, and 504 says the opposite"},
    {"other-status", "answers read with 418 1 times",
     "any other status from 400 to 599, before or after"},
    {"refuses", "refuses for 1m", "nobody gets a connection; who tried, the kernel tells nobody"},
    {"certificate-renewed", "certificate renewed", "new connections see a new certificate"},
    {"certificate-expired", "certificate expired", "… one that ended a month ago"},
    {"certificate-wrong-name", "certificate wrong-name", "… one for another name"},
    {"certificate-wrong-authority", "certificate wrong-authority", "… one of another authority"},
    {"certificate-self-signed", "certificate self-signed", "… one that nobody signed but itself"},
    {"certificate-old-protocol", "certificate old-protocol",
     "… a good one, and no TLS newer than 1.1"},
    {"deploy-fails", "deploy-fails always", "Failed deployment"},
    {"deploy-hangs", "deploy-hangs always", "Deploying until MAAS gives up, after an hour"},
    {"release-fails", "release-fails always", "Failed releasing"},
    {"release-hangs", "release-hangs always", "Releasing until MAAS gives up, after five minutes"},
    {"commission-fails", "commission-fails always", "Failed commissioning"},
    {"commission-hangs", "commission-hangs always",
     "Commissioning until MAAS gives up, after half an hour"},
    {"test-fails", "test-fails always", "Failed testing"},
    {"test-hangs", "test-hangs always", "Testing until MAAS gives up, after half an hour"},
    {"erase-fails", "erase-fails always", "Failed disk erasing"},
    {"erase-hangs", "erase-hangs always", "Disk erasing, and nobody gives up"},
    {"rescue-hangs", "rescue-hangs always", "Entering rescue mode until MAAS gives up"},
    {"bmc-dead", "bmc-dead always", "power cannot be switched or asked for"},
    {"stale-read", "stale-read always", "reads show what was before the last change"},
    {"power-strange", "power-strange always", "the power state is unknown or error"},
    {"machine-vanishes", "machine-vanishes always", "somebody deleted the machine"},
    {"owner-changes", "owner-changes one in 1", "somebody else holds the machine"},
    {"addresses-exhausted", "addresses exhausted", "no address is free: 503"},
    {"racks-gone", "racks gone", "no rack controller is connected: 503"},
    {"key-revoked", "key-revoked bob", "the user's keys are refused"},
    {"user-inactive", "user-inactive bob", "the user is refused"},
    {"image-gone", "image-gone ubuntu/jammy", "the image is not there any more"},
    {"clock-skewed", "time is 1782867600", "MAAS's time of day is another"},
};
static_assert(COUNTOF(misdeeds) <= MAAS_MISDEEDS_MAX, "their counts have places");

size_t maas_misdeeds(const struct maas_misdeed **ret)
{
    *ret = misdeeds;
    return COUNTOF(misdeeds);
}

static size_t named(const char *name)
{
    for (size_t i = 0; i < COUNTOF(misdeeds); i++)
        if (text_is(misdeeds[i].name, name))
            return i;
    return COUNTOF(misdeeds);
}

static size_t status_row(const struct maas_fault *f)
{
    struct buf name SCOPED(buf_drop) = {0};
    size_t row;

    buf_init(&name, 32);
    buf_printf(&name, "%s-%d",
               f->what == MAAS_FAULT_AFTER ? "done-then"
               : f->retry_after_s          ? "back-later"
                                           : "answers",
               f->status);
    row = named(buf_text(&name));
    return row < COUNTOF(misdeeds) ? row : named("other-status");
}

size_t maas_misdeed_of(const struct maas_fault *f)
{
    static const char *const names[MAAS_FAULT_COUNT] = {[MAAS_FAULT_LOSE] = "answer-lost",
                                                        [MAAS_FAULT_SILENT] = "silent",
                                                        [MAAS_FAULT_QUOTE] = "quotes-request",
                                                        [MAAS_FAULT_GARBLE] = "garbage",
                                                        [MAAS_FAULT_CONTEND] = "contention"};

    if (f->what == MAAS_FAULT_WIRE)
        return named(wire_words_name(&f->wire));
    return names[f->what] ? named(names[f->what]) : status_row(f);
}

struct maas_tally maas_misdeed_tally(const struct maas *m, size_t i)
{
    for (unsigned k = 0; k < MAAS_MISHAP_COUNT; k++)
        if (text_is(maas_mishap_name((enum maas_mishap)k), misdeeds[i].name))
            return (struct maas_tally){m->mishaps[k].armed, m->mishaps[k].fired,
                                       k == MAAS_MISHAP_REFUSES};
    return m->misdeeds[i];
}
