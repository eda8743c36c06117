/* An operator's hand on one machine, in the words of a story: what operations, time or bad luck
 * would make of it. One row a verb. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

struct words { /* taken apart at blanks */
    size_t n;
    char at[16][64];
};

static void words_split(const char *text, struct words *w)
{
    w->n = 0;
    while (w->n < COUNTOF(w->at) && text_next(&text, ' ', w->at[w->n], sizeof(w->at[0])))
        w->n++;
}

static const char *word(const struct words *w, size_t i)
{
    return i < w->n ? w->at[i] : "";
}

typedef bool hand_fn(const struct maas_hands *h, struct maas_machine *one, const struct words *w);

static bool hand_fails(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    static const struct {
        const char *what;
        enum maas_mishap mishap;
    } table[] = {{"deploy", MAAS_MISHAP_DEPLOY_FAILS},
                 {"release", MAAS_MISHAP_RELEASE_FAILS},
                 {"commission", MAAS_MISHAP_COMMISSION_FAILS},
                 {"test", MAAS_MISHAP_TEST_FAILS},
                 {"erase", MAAS_MISHAP_ERASE_FAILS}};

    for (size_t i = 0; i < COUNTOF(table); i++)
        if (text_is(table[i].what, word(w, 1))) {
            maas_mishap_arm(h->m, one, table[i].mishap);
            return true;
        }
    return false;
}

/* "stays Disk-erasing for 9h": from when it enters it, or from now on when it is in it. */
static bool hand_stays(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    const enum maas_status s = maas_status_find(word(w, 1));
    ms_t lasts;

    if (s == MAAS_STATUS_COUNT || !text_duration(word(w, 3), &lasts))
        return false;
    one->stay = s;
    one->stay_ms = lasts;
    if (one->status == s && one->at[MAAS_TIMER_SETTLE] != MS_NEVER)
        maas_timer_set(h, one, MAAS_TIMER_SETTLE,
                       ms_max(one->at[MAAS_TIMER_SETTLE], h->now + lasts));
    return true;
}

/* Released behind everybody's back, and taken by another user at once. */
static bool hand_goes(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    if (w->n < 3 || !maas_status_may(one->status, MAAS_READY))
        return false;
    if (one->status != MAAS_READY)
        maas_set_free(h, one, "by-hand");
    maas_acquire(h, one, word(w, 2), "");
    maas_mishap_done(h->m, MAAS_MISHAP_OWNER_CHANGES);
    return true;
}

static bool hand_becomes(const struct maas_hands *h, struct maas_machine *one,
                         const struct words *w)
{
    const enum maas_status s = maas_status_find(word(w, 1));

    if (text_is(word(w, 1), "absent")) {
        maas_machine_delete(h, one, "by-hand");
        maas_mishap_done(h->m, MAAS_MISHAP_VANISHES);
        return true;
    }
    if (s == MAAS_STATUS_COUNT || !maas_status_may(one->status, s))
        return false;
    if (s == MAAS_READY)
        maas_set_free(h, one, "by-hand");
    else
        maas_stand(h, one, s, "by-hand");
    return true;
}

/* "deploys jammy": as its holder would have it; without a word, MAAS's default. */
static bool hand_deploys(const struct maas_hands *h, struct maas_machine *one,
                         const struct words *w)
{
    struct maas_system s = {.user_data = NULL};
    const struct maas_subnet *full;

    s.ephemeral = text_is(word(w, 1), "in"); /* "in memory" */
    if (one->status != MAAS_ALLOCATED ||
        !maas_system_find(h->m, one, s.ephemeral ? "" : word(w, 1), &s))
        return false;
    maas_deploy(h, one, &s);
    return maas_addresses_take(h, one, &full);
}

/* "releases", "releases erasing", "commissions", "breaks", "rescued" … as operations do. */
static bool hand_releases(const struct maas_hands *h, struct maas_machine *one,
                          const struct words *w)
{
    if (!maas_status_releasable(one->status))
        return false;
    maas_release(h, one, text_is(word(w, 1), "erasing"));
    return true;
}

/* "breaks disk died": its holder marks it, with that comment. */
static bool hand_breaks(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (!maas_status_may(one->status, MAAS_BROKEN))
        return false;
    buf_init(&text, 255);
    for (size_t i = 1; i < w->n; i++)
        buf_printf(&text, "%s%s", i > 1 ? " " : "", w->at[i]);
    maas_break(h, one, buf_text(&text));
    return true;
}

/* "marked failed TEXT": as MAAS's monitor or the machine's own word would do. */
static bool hand_marked(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    static const enum maas_status to[][2] = {
        {MAAS_DEPLOYING, MAAS_FAILED_DEPLOYMENT},
        {MAAS_RELEASING, MAAS_FAILED_RELEASING},
        {MAAS_DISK_ERASING, MAAS_FAILED_DISK_ERASING},
        {MAAS_COMMISSIONING, MAAS_FAILED_COMMISSIONING},
        {MAAS_TESTING, MAAS_FAILED_TESTING},
        {MAAS_ENTERING_RESCUE_MODE, MAAS_FAILED_ENTERING_RESCUE_MODE},
        {MAAS_EXITING_RESCUE_MODE, MAAS_FAILED_EXITING_RESCUE_MODE}};
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 159 - 25);
    for (size_t i = 2; i < w->n; i++)
        buf_printf(&text, "%s%s", i > 2 ? " " : "", w->at[i]);
    for (size_t i = 0; i < COUNTOF(to); i++)
        if (to[i][0] == one->status && text_is(word(w, 1), "failed")) {
            maas_failed(h, one, to[i][1], buf_text(&text));
            return true;
        }
    return false;
}

static bool hand_commissions(const struct maas_hands *h, struct maas_machine *one,
                             const struct words *w)
{
    if (!maas_status_may(one->status, MAAS_COMMISSIONING))
        return false;
    maas_commission(h, one, *word(w, 2) ? word(w, 2) : "admin", false);
    return true;
}

static bool hand_aborts(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    (void)w;
    return maas_abort_begin(h, one) && (maas_abort(h, one), true);
}

/* "hangs Deploying": stays there until MAAS's status monitor gives up; "hangs nowhere". */
static bool hand_hangs(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    const enum maas_status s = maas_status_find(word(w, 1));

    if (s == MAAS_STATUS_COUNT) {
        one->hangs = 0;
        return text_is(word(w, 1), "nowhere");
    }
    one->hangs |= BIT(s);
    h->m->mishaps[maas_mishap_of_hang(s)].armed++;
    return true;
}

/* "bmc dead", "bmc back". */
static bool hand_bmc(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    if (text_is(word(w, 1), "dead"))
        maas_mishap_arm(h->m, one, MAAS_MISHAP_BMC_DEAD);
    else
        one->bad &= ~BIT(MAAS_MISHAP_BMC_DEAD);
    return text_is(word(w, 1), "dead") || text_is(word(w, 1), "back");
}

static bool hand_locked(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    (void)h;
    one->locked = text_is(word(w, 0), "locked");
    return true;
}

/* "reads stale": the next reads show it as it was before its last change. */
static bool hand_reads(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    if (!text_is(word(w, 1), "stale"))
        return false;
    maas_mishap_arm(h->m, one, MAAS_MISHAP_STALE_READ);
    return true;
}

/* "works": nothing of all this any more. */
static bool hand_works(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    (void)h;
    (void)w;
    one->bad = one->hangs = 0;
    return true;
}

/* On and off are as it should be; whatever else it reads is a fault until it is on or off again. */
static bool hand_power(const struct maas_hands *h, struct maas_machine *one, const struct words *w)
{
    for (unsigned i = 0; i < MAAS_POWER_COUNT; i++)
        if (text_is(maas_power_name((enum maas_power)i), word(w, 2))) {
            one->power = (enum maas_power)i;
            if (i < MAAS_POWER_UNKNOWN)
                return true;
            maas_mishap_done(h->m, MAAS_MISHAP_POWER_STRANGE);
            maas_power_said(h->events, h->now, one, "armed");
            return true;
        }
    return false;
}

bool maas_by_hand(struct maas *m, ms_t now, const char *hostname, const char *text,
                  struct ev_list *events)
{
    static const struct {
        const char *word;
        hand_fn *hand;
    } table[] = {{"fails", hand_fails},       {"stays", hand_stays},
                 {"goes", hand_goes},         {"becomes", hand_becomes},
                 {"power", hand_power},       {"deploys", hand_deploys},
                 {"releases", hand_releases}, {"breaks", hand_breaks},
                 {"marked", hand_marked},     {"commissions", hand_commissions},
                 {"aborts", hand_aborts},     {"hangs", hand_hangs},
                 {"bmc", hand_bmc},           {"reads", hand_reads},
                 {"works", hand_works},       {"locked", hand_locked},
                 {"unlocked", hand_locked}};
    const struct maas_hands h = {.m = m, .now = now, .at = now, .events = events};
    struct maas_machine *one;
    struct words w;

    maas_catch_up(&h);
    one = maas_machine_named(m, hostname);
    if (one)
        maas_changed(m, one);
    words_split(text, &w);
    for (size_t i = 0; one && i < COUNTOF(table); i++)
        if (text_is(table[i].word, word(&w, 0)))
            return table[i].hand(&h, one, &w);
    return false;
}
