/* Everything that can go wrong with this Palette, as one list: a name, the words that arm it, what
 * a client meets, and what it comes to in the simulator. Each is counted by its row; the page, the
 * metrics and docs/mock-palette.md show the list, and a test walks every row. */
#include "mock-palette/faults.h"

#include "lib/base/text.h"

#include <stdio.h>

#define SAME "the same"

static const struct palette_misdeed misdeeds[] = {
    {"answer-lost", "loses answer to beat", "it is done, and the connection ends without an answer",
     SAME},
    {"reset", "resets beat", "it is done, and a reset comes in place of the answer",
     "the connection ends"},
    {"silent", "is silent to any for 1m",
     "nothing is done and nothing answered; the connection stays", SAME},
    {"late-answer", "delays beat by 40s",
     "it is done at once and answered after the client's time-out", SAME},
    {"slow-headers", "trickles beat 16 each 1s", "the answer comes slowly from its first byte",
     "it is there when its last byte would be"},
    {"slow-body", "drips read 16 each 1s", "the head comes at once, the body slowly",
     "it is there when its last byte would be"},
    {"cut-off", "cuts read at 20", "head and body end after so many bytes", SAME},
    {"length-too-big", "misses read by 10", "Content-Length says more than there is",
     "the connection ends"},
    {"length-too-small", "misses read by -10", "Content-Length says less than there is",
     "the body ends there"},
    {"garbage", "garbles read", "JSON that is none", SAME},
    {"answered-twice", "doubles read", "the answer, and the same again",
     "the connection is not used again"},
    {"answers-401", "answers beat with 401", "nothing is done: 401, though the token is good",
     SAME},
    {"answers-403", "answers beat with 403", "nothing is done: 403", SAME},
    {"answers-404", "answers beat with 404", "nothing is done: 404, though it is there", SAME},
    {"answers-409", "answers beat with 409", "nothing is done: 409", SAME},
    {"answers-429", "answers beat with 429", "nothing is done: 429 without Retry-After", SAME},
    {"answers-500", "answers beat with 500", "nothing is done: 500", SAME},
    {"answers-502", "answers beat with 502", "nothing is done: 502, as from a proxy", SAME},
    {"answers-503", "answers beat with 503", "nothing is done: 503 without Retry-After", SAME},
    {"answers-504", "answers beat with 504", "nothing is done: 504", SAME},
    {"back-later-429", "wants beat back 429 7", "nothing is done: 429 with Retry-After", SAME},
    {"back-later-503", "wants beat back 503 7", "nothing is done: 503 with Retry-After", SAME},
    {"done-then-409", "answers beat 409 after", "it is done, and 409 says the opposite", SAME},
    {"done-then-500", "answers beat 500 after", "it is done, and 500 says the opposite", SAME},
    {"done-then-502", "answers beat 502 after", "it is done, and 502 says the opposite", SAME},
    {"done-then-504", "answers beat 504 after", "it is done, and 504 says the opposite", SAME},
    {"other-status", "answers beat with 418", "any other status from 400 to 599, before or after",
     SAME},
    {"stale-feed", "stale feed", "the list of before, with its cursor", SAME},
    {"repeated-feed", "repeated feed", "a list though nothing has changed", SAME},
    {"reordered-feed", "reordered feed", "clusters last to first", SAME},
    {"by-chance", "misbehaves beat 500 in 1000",
     "each call by the seed's chance: 500, 503, or its answer is lost", SAME},
    {"tokens-end", "tokens end", "of all gateways, or of UID: 401 from now on", SAME},
    {"gateway-revoked", "gateway UID revoked", "401 CredentialRevoked to the tokens it has", SAME},
    {"user-disabled", "user disabled",
     "the ApiKey is refused, and that of a colleague (the same with -colleague behind it) is not",
     SAME},
    {"refuses", "refuses for 1m",
     "nobody gets a new connection; who tried, the kernel tells nobody", SAME},
    {"certificate-renewed", "certificate renewed", "new connections see a new certificate", SAME},
    {"certificate-expired", "certificate expired", "… one that ended a month ago",
     "the client ends the handshake"},
    {"certificate-wrong-name", "certificate wrong-name", "… one for another name",
     "the client ends the handshake"},
    {"certificate-wrong-authority", "certificate wrong-authority", "… one of another authority",
     "the client ends the handshake"},
    {"certificate-self-signed", "certificate self-signed", "… one that it signed itself",
     "the client ends the handshake"},
    {"certificate-old-protocol", "certificate old-protocol", "… a good one, by TLS 1.1 at most",
     "the client ends the handshake"},
    {"connections-dropped", "drops every connection", "all are reset, also those that wait", SAME},
};
static_assert(COUNTOF(misdeeds) <= PAL_MISDEEDS_MAX, "their counts have places");

size_t palette_misdeeds(const struct palette_misdeed **ret)
{
    *ret = misdeeds;
    return COUNTOF(misdeeds);
}

struct palette_tally palette_misdeed_tally(const struct palette *p, size_t i)
{
    struct palette_tally t = p->misdeeds[i];

    t.untold = text_is(misdeeds[i].name, "refuses");
    return t;
}

size_t pal_misdeed_named(const char *name)
{
    for (size_t i = 0; i < COUNTOF(misdeeds); i++)
        if (text_is(misdeeds[i].name, name))
            return i;
    return COUNTOF(misdeeds);
}

static void say(const char *name, const char *kind, uint64_t count, ms_t now,
                struct ev_list *events)
{
    struct event e;

    ev_init(&e, EV_FAULT, now);
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_KIND, kind);
    ev_int_add(&e, EVF_COUNT, (int64_t)count);
    ev_text_add(&e, EVF_WHO, "palette");
    ev_list_add(events, &e);
}

void pal_misdeed_armed(struct palette *p, const char *name, ms_t now, struct ev_list *events)
{
    struct palette_tally *t = &p->misdeeds[pal_misdeed_named(name)];

    t->armed++;
    say(name, "armed", t->fired, now, events);
}

void palette_met(void *palette, ms_t now, const char *name, struct ev_list *events)
{
    struct palette *p = palette;
    const size_t row = pal_misdeed_named(name);

    assert(row < COUNTOF(misdeeds));
    p->misdeeds[row].fired++;
    say(name, "fired", p->misdeeds[row].fired, now, events);
}

/* --- which row a fault is ---------------------------------------------------------------------
 */

static size_t status_row(const struct pal_fault *f)
{
    char name[32];
    size_t row;

    snprintf(name, sizeof(name), "%s-%d",
             f->what == PAL_FAULT_AFTER ? "done-then"
             : f->retry_after >= 0      ? "back-later"
                                        : "answers",
             f->status);
    row = pal_misdeed_named(name);
    return row < COUNTOF(misdeeds) ? row : pal_misdeed_named("other-status");
}

size_t pal_misdeed_of(const struct pal_fault *f)
{
    static const char *const names[PAL_FAULT_COUNT] = {
        [PAL_FAULT_LOSE] = "answer-lost",     [PAL_FAULT_SILENT] = "silent",
        [PAL_FAULT_GARBLE] = "garbage",       [PAL_FAULT_STALE] = "stale-feed",
        [PAL_FAULT_REPEAT] = "repeated-feed", [PAL_FAULT_REORDER] = "reordered-feed",
        [PAL_FAULT_CHANCE] = "by-chance",
    };

    if (f->what == PAL_FAULT_WIRE)
        return pal_misdeed_named(wire_words_name(&f->wire));
    return names[f->what] ? pal_misdeed_named(names[f->what]) : status_row(f);
}

bool pal_wire_read(const struct wire_words *w, struct pal_fault *f)
{
    if (wire_word_is(w, 0, "garbles")) {
        f->what = PAL_FAULT_GARBLE;
        return w->n == 2;
    }
    f->what = PAL_FAULT_WIRE;
    return wire_words_read(w, &f->wire);
}
