/* What goes wrong in MAAS itself, as data: armed for one machine or for all, or drawn by the seed,
 * one time in so many; each counts how often it was armed and how often it struck. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

static const char *const names[MAAS_MISHAP_COUNT] = {
    [MAAS_MISHAP_DEPLOY_FAILS] = "deploy-fails",
    [MAAS_MISHAP_DEPLOY_HANGS] = "deploy-hangs",
    [MAAS_MISHAP_RELEASE_FAILS] = "release-fails",
    [MAAS_MISHAP_RELEASE_HANGS] = "release-hangs",
    [MAAS_MISHAP_COMMISSION_FAILS] = "commission-fails",
    [MAAS_MISHAP_COMMISSION_HANGS] = "commission-hangs",
    [MAAS_MISHAP_TEST_FAILS] = "test-fails",
    [MAAS_MISHAP_TEST_HANGS] = "test-hangs",
    [MAAS_MISHAP_ERASE_FAILS] = "erase-fails",
    [MAAS_MISHAP_ERASE_HANGS] = "erase-hangs",
    [MAAS_MISHAP_RESCUE_HANGS] = "rescue-hangs",
    [MAAS_MISHAP_BMC_DEAD] = "bmc-dead",
    [MAAS_MISHAP_STALE_READ] = "stale-read",
    [MAAS_MISHAP_POWER_STRANGE] = "power-strange",
    [MAAS_MISHAP_VANISHES] = "machine-vanishes",
    [MAAS_MISHAP_OWNER_CHANGES] = "owner-changes",
    [MAAS_MISHAP_NO_ADDRESSES] = "addresses-exhausted",
    [MAAS_MISHAP_NO_RACKS] = "racks-gone",
    [MAAS_MISHAP_KEY_REVOKED] = "key-revoked",
    [MAAS_MISHAP_USER_INACTIVE] = "user-inactive",
    [MAAS_MISHAP_IMAGE_GONE] = "image-gone",
    [MAAS_MISHAP_CLOCK_SKEWED] = "clock-skewed",
    [MAAS_MISHAP_REFUSES] = "refuses",
    [MAAS_MISHAP_CERT_RENEWED] = "certificate-renewed",
    [MAAS_MISHAP_CERT_EXPIRED] = "certificate-expired",
    [MAAS_MISHAP_CERT_WRONG_NAME] = "certificate-wrong-name",
    [MAAS_MISHAP_CERT_WRONG_AUTHORITY] = "certificate-wrong-authority",
    [MAAS_MISHAP_CERT_SELF_SIGNED] = "certificate-self-signed",
    [MAAS_MISHAP_CERT_OLD_PROTOCOL] = "certificate-old-protocol",
};

const char *maas_mishap_name(enum maas_mishap what)
{
    assert((unsigned)what < MAAS_MISHAP_COUNT);
    return names[what];
}

void maas_mishap_wished(struct maas *m, enum maas_mishap what)
{
    m->mishaps[what].armed += !m->drawn;
}

void maas_mishap_arm(struct maas *m, struct maas_machine *one, enum maas_mishap what)
{
    maas_mishap_wished(m, what);
    if (one)
        one->bad |= BIT(what);
    else
        m->bad |= BIT(what);
}

void maas_mishap_done(struct maas *m, enum maas_mishap what)
{
    maas_mishap_wished(m, what);
    m->mishaps[what].fired++;
}

/* What is the door's to do has fired when a client meets it. The journal has the door's own words
 * for that (tls.shown). */
void maas_met(void *maas, ms_t now, const char *misdeed, struct ev_list *events)
{
    struct maas *m = maas;

    (void)now;
    (void)events;
    for (unsigned i = MAAS_MISHAP_REFUSES; i < MAAS_MISHAP_COUNT; i++)
        m->mishaps[i].fired += text_is(names[i], misdeed);
}

enum maas_mishap maas_mishap_of_hang(enum maas_status s)
{
    static const struct {
        enum maas_status status;
        enum maas_mishap mishap;
    } table[] = {{MAAS_DEPLOYING, MAAS_MISHAP_DEPLOY_HANGS},
                 {MAAS_RELEASING, MAAS_MISHAP_RELEASE_HANGS},
                 {MAAS_COMMISSIONING, MAAS_MISHAP_COMMISSION_HANGS},
                 {MAAS_TESTING, MAAS_MISHAP_TEST_HANGS},
                 {MAAS_DISK_ERASING, MAAS_MISHAP_ERASE_HANGS}};

    for (size_t i = 0; i < COUNTOF(table); i++)
        if (table[i].status == s)
            return table[i].mishap;
    return MAAS_MISHAP_RESCUE_HANGS;
}

static bool hangs(const struct maas_machine *one, enum maas_mishap what)
{
    return one && (one->hangs & BIT(one->status)) && maas_mishap_of_hang(one->status) == what;
}

bool maas_mishap(struct maas *m, const struct maas_machine *one, enum maas_mishap what)
{
    const int64_t one_in = m->mishaps[what].one_in;
    const bool struck = (m->bad & BIT(what)) || (one && (one->bad & BIT(what))) ||
                        hangs(one, what) || (one_in > 0 && rng_between(&m->rng, 1, one_in) == 1);

    m->mishaps[what].fired += struck;
    return struck;
}

/* --- in words --------------------------------------------------------------------------------- */

static bool drawn_words(struct maas *m, enum maas_mishap what, const char *rest)
{
    int64_t one_in;

    if (text_is(rest, "always"))
        maas_mishap_arm(m, NULL, what);
    else if (text_is(rest, "never"))
        m->bad &= ~BIT(what);
    else if (text_begins(rest, "one in ") && text_int(rest + 7, 0, INT32_MAX, &one_in))
        m->mishaps[what].armed += (m->mishaps[what].one_in = one_in) > 0;
    else
        return false;
    if (text_is(rest, "never"))
        m->mishaps[what].one_in = 0;
    return true;
}

static bool key_revoke(struct maas *m, const char *user)
{
    const struct maas_account *account = maas_account_named(m, user);
    bool any = false;

    for (size_t i = 0; account && i < m->rest.n_tokens; i++)
        if (!m->rest.tokens[i].gone && &m->rest.accounts[m->rest.tokens[i].account] == account) {
            m->rest.tokens[i].gone = true;
            any = true;
        }
    if (any)
        maas_mishap_done(m, MAAS_MISHAP_KEY_REVOKED);
    return any;
}

static bool user_stop(struct maas *m, const char *user)
{
    struct maas_account *account = maas_account_named(m, user);

    if (!account)
        return false;
    account->inactive = true;
    maas_mishap_done(m, MAAS_MISHAP_USER_INACTIVE);
    return true;
}

static bool image_drop(struct maas *m, const char *name)
{
    bool any = false;

    for (size_t i = 0; i < m->n_images; i++)
        if (text_is(m->images[i].name, name)) {
            m->images[i].complete = false;
            any = true;
        }
    if (any)
        maas_mishap_done(m, MAAS_MISHAP_IMAGE_GONE);
    return any;
}

/* "deploy-fails one in 20", "bmc-dead always", "racks gone", "addresses back",
 * "key-revoked alice", "user-inactive bob", "image-gone ubuntu/jammy". */
bool maas_mishap_words(struct maas *m, const char *words)
{
    static const struct {
        const char *head, *gone;
        enum maas_mishap what;
    } wholes[] = {{"racks", "gone", MAAS_MISHAP_NO_RACKS},
                  {"addresses", "exhausted", MAAS_MISHAP_NO_ADDRESSES}};
    const char *rest = words;
    char head[64];

    if (!text_next(&rest, ' ', head, sizeof(head)))
        return false;
    rest += strspn(rest, " ");
    for (size_t i = 0; i < COUNTOF(wholes); i++)
        if (text_is(head, wholes[i].head) &&
            (text_is(rest, wholes[i].gone) || text_is(rest, "back")))
            return drawn_words(m, wholes[i].what, text_is(rest, "back") ? "never" : "always");
    if (text_is(head, names[MAAS_MISHAP_KEY_REVOKED]))
        return key_revoke(m, rest);
    if (text_is(head, names[MAAS_MISHAP_USER_INACTIVE]))
        return user_stop(m, rest);
    if (text_is(head, names[MAAS_MISHAP_IMAGE_GONE]))
        return image_drop(m, rest);
    for (unsigned i = 0; i < MAAS_MISHAP_NO_ADDRESSES; i++)
        if (text_is(head, names[i]))
            return drawn_words(m, (enum maas_mishap)i, rest);
    return false;
}
