#include "scenarios/engine/manifest.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONTRACT_KNOWN    1
#define PROFILE_KNOWN     "1.0"
#define START_SECONDS     60
#define START_SECONDS_MAX 300
#define STOP_SECONDS      10
#define STOP_SECONDS_MAX  60
#define MAAS_KEY_LEN      70 /* consumer:token:secret, 18, 18 and 32 letters */

/* clang-format off */
static const struct jx_field fields[] = {
    JX_INT(struct manifest, contract, "contract", JX_MUST, 0, INT32_MAX),
    JX_TEXT(struct manifest, profile, JX_MUST),
    JX_TEXT(struct manifest, name, JX_MUST),
    JX_TEXT(struct manifest, vendor, JX_MUST),
    JX_TEXT(struct manifest, version, JX_MUST),
    JX_TEXTS(struct manifest, command, n_command, "command", JX_MUST),
    JX_TEXTS(struct manifest, kill_command, n_kill, "kill_command", 0),
    JX_TEXT(struct manifest, config, 0),
    JX_TEXTS(struct manifest, features, n_features, "features", JX_MUST),
    JX_TEXT(struct manifest, provision, JX_MUST),
    JX_TEXTS(struct manifest, clocks, n_clocks, "clock", JX_MUST),
    JX_TEXTS(struct manifest, robustness, n_robustness, "robustness", 0),
    JX_INT(struct manifest, start_seconds, "start_seconds", 0, 1, START_SECONDS_MAX),
    JX_INT(struct manifest, stop_seconds, "stop_seconds", 0, 1, STOP_SECONDS_MAX),
    JX_TEXT(struct manifest, rogue, 0),
};

static const char *const features_known[] = {
    "pcg", "system-gateway", "proxy", "proxy-auth", "proxy-ca", "ha", "reload", NULL};
static const char *const clocks_known[] = {"stepped", "warp", "faketime", "wall", NULL};
static const char *const robustness_known[] = {"state-loss", "power-cut", "clock-jump", NULL};
static const char *const provisions_known[] = {"full", "bootstrap", NULL};
static const char *const variables_known[] = {
    "GP_CONTRACT", "GP_PROFILE", "GP_FEATURES", "GP_RUN", "GP_STATE_DIR", "GP_SECRETS_DIR",
    "GP_CONFIG_FILE", "GP_PALETTE_URL", "GP_PALETTE_CA_FILE", "GP_PCG_UID", "GP_MAAS_URL",
    "GP_MAAS_CA_FILE", "GP_ACCOUNT_NAME", "GP_HTTP_PROXY", "GP_HTTPS_PROXY", "GP_NO_PROXY",
    "GP_PROXY_CA_FILE", "GP_CLOCK_FD", "GP_REPLICA", "GP_REPLICAS", NULL};
/* clang-format on */

/* Of the profile, and of no program yet that would drive them. */
static const char *const clocks_unplayed[] = {"warp", NULL};

static bool is_one_of(const char *word, const char *const *known)
{
    for (; *known; known++)
        if (text_is(*known, word))
            return true;
    return false;
}

/* "field[2]: no feature is called 'proxi'; did you mean 'proxy'?", or with the whole list. */
static int unknown_word(const char *field, const char *what, const char *word,
                        const char *const *known, struct err *e)
{
    const char *nearest = text_nearest(word, known);
    struct buf list;
    size_t i;

    if (nearest)
        return err_set(e, -EINVAL, "%s: no %s is called '%s'; did you mean '%s'?", field, what,
                       word, nearest);
    buf_init(&list, 300);
    for (i = 0; known[i]; i++)
        buf_printf(&list, "%s%s", i == 0 ? "" : known[i + 1] ? ", " : " or ", known[i]);
    err_set(e, -EINVAL, "%s: no %s is called '%s'; write %s", field, what, word, buf_text(&list));
    buf_drop(&list);
    return -EINVAL;
}

struct words { /* one list of words of the file */
    const char *field, *what;
    const char *first; /* texts of `size` bytes each */
    size_t n, size;
    const char *const *known;
    bool must; /* at least one */
};

static int words_check(const struct words *w, struct err *e)
{
    size_t i, k;

    if (w->n == 0 && w->must)
        return err_set(e, -EINVAL, "%s: is empty; name at least one %s", w->field, w->what);
    for (i = 0; i < w->n; i++) {
        const char *word = w->first + i * w->size;
        char place[48];

        snprintf(place, sizeof place, "%s[%zu]", w->field, i);
        if (!is_one_of(word, w->known))
            return unknown_word(place, w->what, word, w->known, e);
        for (k = 0; k < i; k++)
            if (text_is(w->first + k * w->size, word))
                return err_set(e, -EINVAL, "%s: '%s' is named twice; remove one", place, word);
    }
    return 0;
}

/* `wall` would be played for who declares none of ours, and is not what was declared. */
static int clocks_check(const struct manifest *m, struct err *e)
{
    for (size_t i = 0; i < m->n_clocks; i++)
        if (!is_one_of(m->clocks[i], clocks_unplayed))
            return 0;
    return err_set(e, -EINVAL,
                   "clock: no clock '%s' is played here; name stepped, faketime or wall",
                   m->clocks[0]);
}

static int lists_check(const struct manifest *m, struct err *e)
{
    const struct words lists[] = {
        {"features", "feature", m->features[0], m->n_features, sizeof m->features[0],
         features_known, true},
        {"clock", "clock", m->clocks[0], m->n_clocks, sizeof m->clocks[0], clocks_known, true},
        {"robustness", "robustness", m->robustness[0], m->n_robustness, sizeof m->robustness[0],
         robustness_known, false},
    };
    size_t i;
    int r = 0;

    for (i = 0; i < COUNTOF(lists) && r == 0; i++)
        r = words_check(&lists[i], e);
    if (r == 0)
        r = clocks_check(m, e);
    if (r < 0)
        return r;
    if (!manifest_has_feature(m, "pcg") && !manifest_has_feature(m, "system-gateway"))
        return err_set(e, -EINVAL,
                       "features: neither pcg nor system-gateway; declare at least one "
                       "of the two");
    if (manifest_has_feature(m, "proxy-auth") && !manifest_has_feature(m, "proxy"))
        return err_set(e, -EINVAL, "features: proxy-auth without proxy; declare proxy too");
    if (!is_one_of(m->provision, provisions_known))
        return unknown_word("provision", "way to provision", m->provision, provisions_known, e);
    return 0;
}

/* A URL with a password, or three parts in the lengths of a MAAS key. */
static bool looks_like_secret(const char *text)
{
    const char *scheme = strstr(text, "://"), *at = scheme ? strchr(scheme, '@') : NULL;
    const char *colon = scheme ? strchr(scheme + 3, ':') : NULL;
    size_t i;

    if (at && colon && colon < at)
        return true;
    for (i = 0; strlen(text + i) >= MAAS_KEY_LEN; i++)
        if (text[i + 18] == ':' && text[i + 37] == ':' && !strpbrk(text + i, " /"))
            return true;
    return false;
}

static int variables_check(const char *field, const char *text, struct err *e)
{
    const char *at = text;
    char name[32];

    while ((at = strstr(at, "$GP_"))) {
        const size_t len = 1 + strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        if (!text_copy_len(name, sizeof name, at + 1, len - 1) || !is_one_of(name, variables_known))
            return unknown_word(field, "variable", name, variables_known, e);
        at += len;
    }
    return 0;
}

static int command_check(const char *field, const char (*words)[MANIFEST_WORD_MAX], size_t n,
                         struct err *e)
{
    char place[48];
    size_t i;
    int r = 0;

    for (i = 0; i < n && r == 0; i++) {
        snprintf(place, sizeof place, "%s[%zu]", field, i);
        if (looks_like_secret(words[i]))
            r = err_set(e, -EINVAL,
                        "%s: looks like a secret; the harness hands secrets over in "
                        "GP_SECRETS_DIR, keep it out of the manifest",
                        place);
        else
            r = variables_check(place, words[i], e);
    }
    return r;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static int texts_check(const struct manifest *m, struct err *e)
{
    const struct {
        const char *field, *text;
    } must[] = {{"name", m->name}, {"vendor", m->vendor}, {"version", m->version}};
    size_t i;
    int r;

    if (m->contract != CONTRACT_KNOWN)
        return err_set(e, -EINVAL, "contract: %lld is not known here; write %d",
                       (long long)m->contract, CONTRACT_KNOWN);
    if (!text_is(m->profile, PROFILE_KNOWN))
        return err_set(e, -EINVAL, "profile: '%s' is not known here; write \"%s\"", m->profile,
                       PROFILE_KNOWN);
    for (i = 0; i < COUNTOF(must); i++)
        if (must[i].text[0] == '\0')
            return err_set(e, -EINVAL, "%s: is empty; reports print it", must[i].field);
    for (i = 0; i < COUNTOF(must); i++)
        if (has_control(must[i].text))
            return err_set(e, -EINVAL, "%s: holds a control character; reports print it",
                           must[i].field);
    if (m->n_command == 0 || m->command[0][0] == '\0')
        return err_set(e, -EINVAL, "command: is empty; name the program and its arguments");
    if (looks_like_secret(m->config))
        return err_set(e, -EINVAL, "config: looks like a secret; name a file");
    r = command_check("command", m->command, m->n_command, e);
    return r < 0 ? r : command_check("kill_command", m->kill_command, m->n_kill, e);
}

static int dir_read(const char *file, struct manifest *m, struct err *e)
{
    const char *slash = strrchr(file, '/');
    bool fits;

    if (!slash)
        fits = text_copy(m->dir, sizeof m->dir, ".");
    else
        fits =
            text_copy_len(m->dir, sizeof m->dir, file, slash > file ? (size_t)(slash - file) : 1);
    return fits ? 0
                : err_set(e, -EINVAL, "the path is longer than %zu bytes; move the file",
                          sizeof m->dir - 1);
}

int manifest_read(const char *file, const char *text, size_t len, struct manifest *ret,
                  struct err *e)
{
    struct manifest m = {.start_seconds = START_SECONDS, .stop_seconds = STOP_SECONDS};
    struct err why = {0};
    int r = jx_read(text, len, fields, COUNTOF(fields), JX_STRICT, &m, &why);

    if (r == 0)
        r = texts_check(&m, &why);
    if (r == 0)
        r = lists_check(&m, &why);
    if (r == 0)
        r = dir_read(file, &m, &why);
    if (r < 0)
        return err_set(e, r, "%.200s: %.300s", file, why.text);
    *ret = m;
    return 0;
}

bool manifest_has_feature(const struct manifest *m, const char *feature)
{
    size_t i;

    for (i = 0; i < m->n_features; i++)
        if (text_is(m->features[i], feature))
            return true;
    return false;
}

bool manifest_has_clock(const struct manifest *m, const char *clock)
{
    size_t i;

    for (i = 0; i < m->n_clocks; i++)
        if (text_is(m->clocks[i], clock))
            return true;
    return false;
}

void manifest_features(const struct manifest *m, char *out, size_t size)
{
    struct buf list;
    size_t i;

    buf_init(&list, size - 1);
    for (i = 0; i < m->n_features; i++)
        buf_printf(&list, "%s%s", i > 0 ? "," : "", m->features[i]);
    for (i = 0; i < m->n_robustness; i++)
        buf_printf(&list, ",%s", m->robustness[i]);
    (void)text_copy(out, size, buf_text(&list));
    buf_drop(&list);
}
