/* What an operator does to resources that are no machines, in the words of a story:
 * "key of alice revoked", "key of alice back", "image ubuntu/jammy gone", "image ubuntu/jammy
 * back", "user bob inactive", "user bob active", "gains zone z9" (or pool, or tag). */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

struct words { /* at most six of them */
    size_t n;
    char at[6][OAUTH_TEXT_MAX];
};

static void words_read(const char *text, struct words *ret)
{
    ret->n = 0;
    while (ret->n < COUNTOF(ret->at) && text_next(&text, ' ', ret->at[ret->n], sizeof(ret->at[0])))
        ret->n++;
}

/* "key of alice revoked|back": all of her keys. */
static bool key_words(struct maas *m, const struct words *w)
{
    const struct maas_account *u = w->n == 4 ? maas_account_named(m, w->at[2]) : NULL;
    const bool revoked = w->n == 4 && text_is(w->at[3], "revoked");

    if (!u || (!revoked && !text_is(w->at[3], "back")))
        return false;
    for (size_t i = 0; i < m->rest.n_tokens; i++)
        if (m->rest.tokens[i].account == u - m->rest.accounts)
            m->rest.tokens[i].gone = revoked;
    if (revoked)
        maas_mishap_done(m, MAAS_MISHAP_KEY_REVOKED);
    return true;
}

/* Of all architectures. One that is gone is there again only with `back`, as it was. */
static bool image_words(struct maas *m, const struct words *w)
{
    const bool gone = w->n == 3 && text_is(w->at[2], "gone");
    bool found = false;

    if (w->n != 3 || (!gone && !text_is(w->at[2], "back")))
        return false;
    for (size_t i = 0; i < m->n_images; i++)
        if (text_is(m->images[i].name, w->at[1])) {
            m->images[i].complete = !gone;
            found = true;
        }
    if (found && gone)
        maas_mishap_done(m, MAAS_MISHAP_IMAGE_GONE);
    return found;
}

static bool user_words(struct maas *m, const struct words *w)
{
    struct maas_account *u = w->n == 3 ? maas_account_named(m, w->at[1]) : NULL;

    if (!u || (!text_is(w->at[2], "inactive") && !text_is(w->at[2], "active")))
        return false;
    u->inactive = text_is(w->at[2], "inactive");
    if (u->inactive)
        maas_mishap_done(m, MAAS_MISHAP_USER_INACTIVE);
    return true;
}

/* "gains zone z9", a pool, or a tag. */
static bool gain_words(struct maas *m, const struct words *w)
{
    struct maas_tag tag = {.name = ""};

    if (w->n != 3)
        return false;
    if (text_is(w->at[1], "zone"))
        return maas_zone_add(m, w->at[2], "") != NULL;
    if (text_is(w->at[1], "pool"))
        return maas_pool_add(m, w->at[2], "") != NULL;
    return text_is(w->at[1], "tag") && text_copy(tag.name, sizeof(tag.name), w->at[2]) &&
           maas_tag_add(m, &tag) != NULL;
}

bool maas_by_words(struct maas *m, const char *text)
{
    static const struct {
        const char *head;
        bool (*act)(struct maas *m, const struct words *w);
    } rows[] = {
        {"key", key_words}, {"image", image_words}, {"user", user_words}, {"gains", gain_words}};
    struct words w;

    words_read(text, &w);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (w.n && text_is(rows[i].head, w.at[0]))
            return rows[i].act(m, &w);
    return false;
}
