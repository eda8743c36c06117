#include "gateway/config.h"

#include "gateway/peek.h"
#include "gateway/secrets.h"
#include "lib/base/jx.h"
#include "lib/base/proxy.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FEATURE_MAX 64
#define PEM_MAX     KIB(64) /* GP-28 */

/* clang-format off */
static const struct opt_row rows[] = {
    {.name = "palette-url", .env = "GP_PALETTE_URL", .arg = "URL", .flags = OPT_MUST,
     .what = "https://HOST[:PORT] of Palette"},
    {.name = "pcg-uid", .env = "GP_PCG_UID", .arg = "UID", .flags = OPT_MUST,
     .what = "uid of this gateway in Palette"},
    {.name = "state-dir", .env = "GP_STATE_DIR", .arg = "DIR", .flags = OPT_MUST,
     .what = "directory, mode 0700, for what survives a restart"},
    {.name = "secrets-dir", .env = "GP_SECRETS_DIR", .arg = "DIR",
     .what = "directory of pairing-code, maas-key, gateway-secret"},
    {.name = "palette-ca-file", .env = "GP_PALETTE_CA_FILE", .arg = "PEM",
     .what = "anchors for Palette instead of the system's"},
    {.name = "maas-url", .env = "GP_MAAS_URL", .arg = "URL",
     .what = "base of MAAS, e.g. http://10.1.1.1:5240/MAAS"},
    {.name = "maas-ca-file", .env = "GP_MAAS_CA_FILE", .arg = "PEM",
     .what = "anchors for MAAS instead of the system's"},
    {.name = "account-name", .env = "GP_ACCOUNT_NAME", .arg = "NAME",
     .what = "name of the cloud account made at install (default maas-UID)"},
    {.name = "http-proxy", .env = "GP_HTTP_PROXY", .arg = "URL", .flags = OPT_SECRET,
     .what = "proxy for http:// URLs of clusters; the gateway itself needs none"},
    {.name = "https-proxy", .env = "GP_HTTPS_PROXY", .arg = "URL", .flags = OPT_SECRET,
     .what = "http://[USER:PASSWORD@]HOST:PORT, CONNECT proxy towards Palette"},
    {.name = "no-proxy", .env = "GP_NO_PROXY", .arg = "LIST",
     .what = "hosts, .domains, addresses, CIDRs reached without the proxy"},
    {.name = "proxy-ca-file", .env = "GP_PROXY_CA_FILE", .arg = "PEM",
     .what = "anchors beside the others, through the proxy only"},
    {.name = "provision", .env = "GP_PROVISION", .arg = "HOW", .value = "full",
     .what = "full, or bootstrap: one control plane, the cluster adds the others"},
    {.name = "virtual-machines", .env = "GP_VIRTUAL_MACHINES", .arg = "HOW", .value = "refuse",
     .what = "refuse, or take: machines on MAAS's hosts of virtual machines"},
    {.name = "config-file", .env = "GP_CONFIG_FILE", .arg = "FILE", .flags = OPT_NO_FILE,
     .what = "NAME = VALUE lines with these options"},
    {.name = "clock-fd", .env = "GP_CLOCK_FD", .arg = "N", .kind = OPT_INT, .value = "-1",
     .flags = OPT_NO_FILE, .min = -1, .max = 1 << 20,
     .what = "descriptor of a clock page: time is not real (GP-114)"},
    {.name = "log-level", .env = "GP_LOG_LEVEL", .arg = "LEVEL", .value = "info",
     .what = "error, warn, info or debug"},
    {.name = "log-format", .env = "GP_LOG_FORMAT", .arg = "FORMAT", .value = "text",
     .what = "text or json"},
    {.name = "listen", .env = "GP_LISTEN", .arg = "WHERE",
     .what = "metrics and health at 127.0.0.1:PORT, [::1]:PORT or unix:PATH (default nowhere)"},
};
/* clang-format on */

static const char usage[] =
    "gateproof-pcg " GATEPROOF_VERSION ": a private cloud gateway between Palette and MAAS\n\n"
    "gateproof-pcg install        ask, check each answer, write the configuration, register\n"
    "gateproof-pcg [run]          work until SIGTERM (default under a launch contract, GP_CONTRACT)\n"
    "gateproof-pcg check-config   say whether the configuration can be used, and stop\n"
    "gateproof-pcg status         what the state directory says about this gateway\n"
    "gateproof-pcg metrics        the table of what --listen serves\n\n"
    "gateproof-pcg COMMAND --help says more of one. Without --config-file and GP_CONTRACT the file\n" CONFIG_FILE
    " is read when it is there.";

const struct opt_row *config_rows(size_t *ret_n)
{
    *ret_n = COUNTOF(rows);
    return rows;
}

/* --- GP-9 ------------------------------------------------------------------------------------ */

static const char *env_find(char *const *envp, const char *name)
{
    size_t len = strlen(name);

    for (; *envp; envp++)
        if (text_begins(*envp, name) && (*envp)[len] == '=')
            return *envp + len + 1;
    return "";
}

static bool feature_known(const char *word)
{
    const char *at = GW_FEATURES;
    char known[FEATURE_MAX];

    while (text_next(&at, ',', known, sizeof(known)))
        if (text_is(known, word))
            return true;
    return false;
}

bool config_refused(char *const *envp, char *why, size_t size)
{
    const char *contract = env_find(envp, "GP_CONTRACT"), *at = env_find(envp, "GP_FEATURES");
    char word[FEATURE_MAX];

    if (*contract && !text_is(contract, CONFIG_CONTRACT)) {
        snprintf(why, size, "GP_CONTRACT: version '%.20s' is not known; this gateway knows %s",
                 contract, CONFIG_CONTRACT);
        return true;
    }
    while (text_next(&at, ',', word, sizeof(word))) {
        if (feature_known(word))
            continue;
        snprintf(why, size, "GP_FEATURES: there is no feature '%s'; this gateway has %s", word,
                 GW_FEATURES);
        return true;
    }
    return false;
}

void config_clean_environment(void)
{
    static const char *const names[] = {
        "http_proxy",       "HTTP_PROXY",   "https_proxy", "HTTPS_PROXY",    "all_proxy",
        "ALL_PROXY",        "no_proxy",     "NO_PROXY",    "SSLKEYLOGFILE",  "SSL_CERT_FILE",
        "SSL_CERT_DIR",     "OPENSSL_CONF", "SSL_ENGINE",  "CURL_CA_BUNDLE", "OPENSSL_MODULES",
        "OPENSSL_ENGINES",  "LOCALDOMAIN",  "RES_OPTIONS", "HOSTALIASES",    "CARES_HOSTS",
        "CURL_SSL_BACKEND", "NETRC",        "CURL_HOME",   "SQLITE_TMPDIR",
    };

    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)unsetenv(names[i]);
}

/* --- one function a value -------------------------------------------------------------------- */

static int url_of(const char *variable, const char *text, struct url *ret, struct err *e)
{
    if (url_read(text, ret, e) < 0)
        return err_at(e, "%s", variable);
    if (!*ret->host)
        return err_set(e, -EINVAL, "%s: the URL names no host", variable);
    return 0;
}

static int palette_url_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    struct url u;
    int r = url_of(variable, text, &u, e);

    if (r < 0)
        return r;
    if (!u.https)
        return err_set(e, -EINVAL,
                       "%s: the URL begins with http://, and Palette is spoken to in HTTPS only: "
                       "write https://",
                       variable);
    if (*u.userinfo || *u.query || (*u.path && !text_is(u.path, "/")))
        return err_set(e, -EINVAL,
                       "%s: wanted is https://HOST[:PORT] alone, without user, path or query",
                       variable);
    return text_copy(c->gw.palette_url, sizeof(c->gw.palette_url), text)
               ? 0
               : err_set(e, -EINVAL, "%s: the URL is too long", variable);
}

static int uid_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    if (text[strspn(text, fine)] || !text_copy(c->gw.pcg_uid, sizeof(c->gw.pcg_uid), text) ||
        text_is(text, ".") || text_is(text, ".."))
        return err_set(e, -EINVAL,
                       "%s: a uid is at most %d letters, digits, '-', '_' and '.'; copy it from "
                       "Palette",
                       variable, GW_UID_MAX - 1);
    return 0;
}

static int maas_url_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    struct url u;
    int r = url_of(variable, text, &u, e);

    if (r < 0)
        return r;
    if (*u.userinfo || *u.query)
        return err_set(e, -EINVAL,
                       "%s: wanted is http[s]://HOST[:PORT]/MAAS, without user or query; the key "
                       "is in the file maas-key",
                       variable);
    return text_copy(c->gw.maas_url, sizeof(c->gw.maas_url), text)
               ? 0
               : err_set(e, -EINVAL, "%s: the URL is too long", variable);
}

static int path_take(const char *variable, const char *text, char *out, struct err *e)
{
    if (!text_copy(out, CONFIG_PATH_MAX, text))
        return err_set(e, -ENAMETOOLONG, "%s: the path is longer than %d bytes", variable,
                       CONFIG_PATH_MAX - 1);
    return 0;
}

/* Anchors that have all expired are a warning, since it may be this machine's clock that is wrong:
 * nothing is trusted by them meanwhile. A time that is not real cannot tell. */
static int anchors_take(const char *variable, const char *text, char *out, struct config *c,
                        struct err *e)
{
    bool expired = false;
    int r = path_take(variable, text, out, e);

    if (r == 0)
        r = secrets_anchors_check(variable, text, &expired, e);
    if (r == 0 && expired && c->clock_fd < 0)
        snprintf(
            c->remark, sizeof(c->remark),
            "%s: all certificates in %.300s have expired by this machine's clock: put new ones "
            "there, or set the clock",
            variable, text);
    return r;
}

static int palette_ca_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    return anchors_take(variable, text, c->palette_ca, c, e);
}

/* The text itself goes to the machines, which speak to MAAS as well (GP-80). */
static int maas_ca_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    SCOPED(buf_drop) struct buf pem = {.max = PEM_MAX};
    int r = anchors_take(variable, text, c->maas_ca, c, e);

    if (r == 0 && file_read(text, &pem, e) < 0)
        return err_at(e, "%s", variable);
    if (r == 0)
        c->gw.maas_ca = c->maas_ca_pem = buf_steal(&pem);
    return r;
}

static int state_dir_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    struct stat st;
    int r = path_take(variable, text, c->state_dir, e);

    if (r < 0)
        return r;
    if (stat(text, &st) < 0)
        return err_errno(e, "%s: %s: make it, with mode 0700", variable, text);
    return S_ISDIR(st.st_mode)
               ? 0
               : err_set(e, -ENOTDIR, "%s: %s is no directory; give one of mode 0700", variable,
                         text);
}

static int secrets_dir_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    int r = path_take(variable, text, c->secrets_dir, e);

    return r < 0 ? r : secrets_read(variable, text, &c->gw, e);
}

static int account_name_take(const char *variable, const char *text, struct config *c,
                             struct err *e)
{
    for (const char *at = text; *at; at += jx_utf8_len(at)) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return err_set(e, -EINVAL, "%s: the name holds a control character", variable);
        if (!jx_utf8_len(at))
            return err_set(e, -EINVAL, "%s: the name is no UTF-8", variable);
    }
    return text_copy(c->gw.account_name, sizeof(c->gw.account_name), text)
               ? 0
               : err_set(e, -EINVAL, "%s: the name is longer than %zu bytes", variable,
                         sizeof(c->gw.account_name) - 1);
}

static int proxy_copy(const char *variable, const char *text, char out[GW_URL_MAX], struct err *e)
{
    struct url u;

    if (proxy_read(text, &u, e) < 0)
        return err_at(e, "%s", variable);
    explicit_bzero(&u, sizeof(u));
    return text_copy(out, GW_URL_MAX, text)
               ? 0
               : err_set(e, -EINVAL, "%s: the URL is too long", variable);
}

static int http_proxy_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    return proxy_copy(variable, text, c->gw.http_proxy, e);
}

static int https_proxy_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    return proxy_copy(variable, text, c->gw.https_proxy, e);
}

/* An item nobody can match is a warning: refusing to start would be the greater harm. */
static int no_proxy_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    char odd[NO_PROXY_ITEM_MAX];

    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || strchr("\"\\#\x7f", *at))
            return err_set(e, -EINVAL,
                           "%s: the list holds a quote, a backslash, a '#' or a control character, "
                           "which no file of a machine could carry",
                           variable);
    if (no_proxy_odd(text, odd, sizeof(odd)))
        snprintf(c->remark, sizeof(c->remark),
                 "%s: '%s' is no host, .domain, address or CIDR: it matches nothing", variable,
                 odd);
    return text_copy(c->gw.no_proxy, sizeof(c->gw.no_proxy), text)
               ? 0
               : err_set(e, -EINVAL, "%s: the list is longer than %zu bytes", variable,
                         sizeof(c->gw.no_proxy) - 1);
}

static int proxy_ca_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    return anchors_take(variable, text, c->proxy_ca, c, e);
}

static int log_format_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    if (!text_is(text, "text") && !text_is(text, "json"))
        return err_set(e, -EINVAL, "%s: '%.20s' is no format; there are text and json", variable,
                       text);
    c->log_form = text_is(text, "json") ? LOG_JSON : LOG_TEXT;
    return 0;
}

static int provision_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    if (!text_is(text, "full") && !text_is(text, "bootstrap"))
        return err_set(e, -EINVAL,
                       "%s: '%.20s' is no way to provision; there are full and bootstrap", variable,
                       text);
    c->gw.bootstrap = text_is(text, "bootstrap");
    return 0;
}

static int virtual_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    if (!text_is(text, "refuse") && !text_is(text, "take"))
        return err_set(e, -EINVAL, "%s: '%.20s' is neither refuse nor take", variable, text);
    c->gw.take_virtual = text_is(text, "take");
    return 0;
}

static int listen_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    int r = peek_where_check(text, e);

    if (r < 0)
        return err_at(e, "%s", variable);
    return text_copy(c->listen, sizeof(c->listen), text)
               ? 0
               : err_set(e, -EINVAL, "%s: longer than %d bytes", variable, CONFIG_LISTEN_MAX - 1);
}

static int log_level_take(const char *variable, const char *text, struct config *c, struct err *e)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

    for (size_t i = 0; i < COUNTOF(names); i++) {
        if (!text_is(text, names[i]))
            continue;
        c->log_level = (int)i;
        return 0;
    }
    return err_set(e, -EINVAL, "%s: '%.20s' is no level; there are error, warn, info and debug",
                   variable, text);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* In the order in which a person would want to hear about them. */
static const struct {
    const char *name;
    int (*take)(const char *variable, const char *text, struct config *c, struct err *e);
} takers[] = {
    {"palette-url", palette_url_take},
    {"pcg-uid", uid_take},
    {"maas-url", maas_url_take},
    {"account-name", account_name_take},
    {"palette-ca-file", palette_ca_take},
    {"maas-ca-file", maas_ca_take},
    {"http-proxy", http_proxy_take},
    {"https-proxy", https_proxy_take},
    {"no-proxy", no_proxy_take},
    {"proxy-ca-file", proxy_ca_take},
    {"state-dir", state_dir_take},
    {"secrets-dir", secrets_dir_take},
    {"log-level", log_level_take},
    {"log-format", log_format_take},
    {"listen", listen_take},
    {"provision", provision_take},
    {"virtual-machines", virtual_take},
};

static const char *variable_of(const char *name)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].name, name))
            return rows[i].env;
    WRONG("a taker without a row");
}

int config_take(const char *name, const char *label, const char *text, struct config *c,
                struct err *e)
{
    for (size_t i = 0; i < COUNTOF(takers); i++)
        if (text_is(takers[i].name, name))
            return takers[i].take(label, text, c, e);
    WRONG("a value that no taker knows");
}

static void constants_set(struct config *c)
{
    (void)text_copy(c->gw.version, sizeof(c->gw.version), GATEPROOF_VERSION);
    (void)text_copy(c->gw.features, sizeof(c->gw.features), GW_FEATURES);
    if (!*c->gw.account_name)
        snprintf(c->gw.account_name, sizeof(c->gw.account_name), "maas-%s", c->gw.pcg_uid);
}

int config_read(const struct opts *o, struct config *ret, struct err *e)
{
    SCOPED(config_drop) struct config c = {.clock_fd = (int)opt_int(o, "clock-fd")};
    int r = opts_check(o, e);

    for (size_t i = 0; r == 0 && i < COUNTOF(takers); i++) {
        const char *text = opt_text(o, takers[i].name);

        if (*text)
            r = takers[i].take(variable_of(takers[i].name), text, &c, e);
    }
    if (r < 0)
        return r;
    if (*c.gw.maas_url && !*c.gw.maas_key)
        return err_set(e, -ENOENT,
                       "GP_MAAS_URL is given and %s/maas-key is missing or empty: write the MAAS "
                       "key, CONSUMER:TOKEN:SECRET, into it",
                       *c.secrets_dir ? c.secrets_dir : "GP_SECRETS_DIR");
    if (*c.proxy_ca && !*c.gw.https_proxy)
        snprintf(c.remark, sizeof(c.remark),
                 "GP_PROXY_CA_FILE is given without GP_HTTPS_PROXY: nothing uses it");
    constants_set(&c);
    *ret = c;
    c.maas_ca_pem = NULL; /* it is the caller's now */
    return 0;
}

void config_drop(struct config *c)
{
    free(c->maas_ca_pem);
    explicit_bzero(c, sizeof(*c));
}

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

int config_options(struct opts **ret, int argc, char **argv, char **envp, struct err *e)
{
    SCOPED(opts_drop) struct opts *o = NULL;
    int r = opts_new(&o, usage, rows, COUNTOF(rows), e);

    if (r == 0)
        r = opts_args(o, argc, argv, e);
    if (r == 0)
        r = opts_env(o, envp, e);
    if (r == 0 && *opt_text(o, "config-file"))
        r = opts_file(o, opt_text(o, "config-file"), e);
    else if (r == 0 && !*env_find(envp, "GP_CONTRACT") && file_exists(CONFIG_FILE))
        r = opts_file(o, CONFIG_FILE, e);
    if (r == 0)
        *ret = STEAL(o);
    return r;
}

/* --- again ----------------------------------------------------------------------------------- */

/* What a gateway is, not what it works with. */
static const struct {
    const char *name;
    size_t offset;
} fixed[] = {
    {"palette-url", offsetof(struct config, gw.palette_url)},
    {"pcg-uid", offsetof(struct config, gw.pcg_uid)},
    {"state-dir", offsetof(struct config, state_dir)},
    {"listen", offsetof(struct config, listen)},
};

static int fixed_check(const struct config *now, const struct config *next, struct err *e)
{
    for (size_t i = 0; i < COUNTOF(fixed); i++)
        if (!text_is((const char *)now + fixed[i].offset, (const char *)next + fixed[i].offset))
            return err_set(e, -EINVAL,
                           "%s has changed, which a running gateway cannot: restart it for that",
                           variable_of(fixed[i].name));
    return now->clock_fd == next->clock_fd
               ? 0
               : err_set(e, -EINVAL, "GP_CLOCK_FD has changed; restart the gateway for that");
}

int config_again(const struct config_source *source, const struct config *now, struct config *ret,
                 struct err *e)
{
    SCOPED(opts_drop) struct opts *o = NULL;
    SCOPED(config_drop) struct config next = {0};
    int r = config_options(&o, source->argc, source->argv, source->envp, e);

    if (r == 0)
        r = config_read(o, &next, e);
    if (r == 0)
        r = fixed_check(now, &next, e);
    if (r < 0)
        return r;
    *ret = next;
    next.maas_ca_pem = NULL; /* it is the caller's now */
    return 0;
}
