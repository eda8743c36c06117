/* mock-palette: the model behind HTTP. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/mockd.h"
#include "mock-palette/shell.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

static const struct opt_row rows[] = {
    {.name = "api-key-file",
     .arg = "FILE",
     .what = "one line: the user's ApiKey; default: one is drawn and printed, once for a --state"},
    {.name = "state",
     .arg = "FILE",
     .what = "goes on with what is in it, and keeps everything there (SQLite)"},
    {.name = "agent-url",
     .arg = "URL",
     .what = "where agents find this Palette; default: as the gateway called it"},
    {.name = "agent-ca", .arg = "FILE", .what = "PEM that agents are to trust"},
    {.name = "lenient",
     .kind = OPT_FLAG,
     .what = "what breaks the gateway profile in form only is journalled and let pass"},
    {.name = "strict", .kind = OPT_FLAG, .what = "the default: it is refused"},
    {.name = "self-hosted", .kind = OPT_FLAG, .what = "a self-hosted Palette, not SaaS"},
    {.name = "gateway-factor",
     .kind = OPT_INT,
     .arg = "F",
     .value = "0",
     .min = 0,
     .max = 3600,
     .what = "durations that gateways see are divided by F, not by --factor"},
    {.name = "system-secret-file",
     .arg = "FILE",
     .what = "one line: the secret of a self-hosted Palette's own gateway"},
    {.name = "user-email", .arg = "TEXT", .what = "who may log in, with the password"},
    {.name = "user-password-file", .arg = "FILE", .what = "one line: that user's password"},
    {.name = "rate-limit",
     .kind = OPT_INT,
     .value = "0",
     .arg = "N",
     .min = 0,
     .max = 1000000,
     .what = "requests a second from one address to most paths; 0: as many as come"},
    {.name = "misbehaviours",
     .kind = OPT_FLAG,
     .what = "print what can go wrong, and by which words, and stop"},
};

#define CA_MAX KIB(64) /* GP-28 */

/* The first line of the file the option names; nothing when it names none. */
static int line_read(const struct opts *o, const char *option, char *out, size_t size,
                     struct err *e)
{
    const char *path = opt_text(o, option);

    return path[0] ? file_read_line(path, out, size, e) : 0;
}

/* Who may log in, with what Palette's own gateway enrols, and how much is too much. */
static int user_options_read(const struct opts *o, struct palette_config *c, struct err *e)
{
    int err = line_read(o, "user-password-file", c->user_password, sizeof(c->user_password), e);

    c->rate = opt_int(o, "rate-limit");
    if (err == 0)
        err = line_read(o, "system-secret-file", c->system_secret, sizeof(c->system_secret), e);
    if (err == 0 && !text_copy(c->user_email, sizeof(c->user_email), opt_text(o, "user-email")))
        err = err_set(e, -EINVAL, "--user-email: is too long");
    if (err == 0 && (c->user_email[0] != '\0') != (c->user_password[0] != '\0'))
        err = err_set(e, -EINVAL, "--user-email and --user-password-file: give both or none");
    if (err == 0 && c->system_secret[0] && !c->self_hosted)
        err = err_set(e, -EINVAL,
                      "--system-secret-file: only a self-hosted Palette has a system "
                      "gateway: add --self-hosted");
    return err;
}

/* What agents are told about this Palette. */
static int agent_options_read(const struct opts *o, struct palette_config *c, struct buf *ca,
                              struct err *e)
{
    const char *url = opt_text(o, "agent-url"), *path = opt_text(o, "agent-ca");
    int err = 0;

    if (url && !text_copy(c->agent_url, sizeof(c->agent_url), url))
        return err_set(e, -EINVAL, "--agent-url: is too long");
    if (path && path[0])
        err = file_read(path, ca, e);
    c->agent_ca = ca->len > 0 ? buf_text(ca) : NULL;
    return err;
}

/* Of the file, or a new one, unless the state has one that was drawn before; it is printed with the
 * examples. */
static int key_read(const struct opts *o, struct palette_config *c, struct err *e)
{
    uint8_t bytes[16];

    if (opt_text(o, "api-key-file")[0])
        return file_read_line(opt_text(o, "api-key-file"), c->api_key, sizeof(c->api_key), e);
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return err_errno(e, "random bytes for an ApiKey");
    text_hex(bytes, sizeof(bytes), c->api_key);
    c->api_key_drawn = true;
    return 0;
}

/* Lines to copy. A key from a file stays there. */
static void greet(const struct opts *o, const struct mockd_app *app, const struct mockd_doors *d)
{
    const char *key = palette_drawn_key(shell_palette(app->app));
    char from_file[600], how[600];

    if (opt_given(o, "authority"))
        snprintf(how, sizeof(how), "curl -s --cacert %.500s/ca.pem", opt_text(o, "authority"));
    else
        text_copy(how, sizeof(how), opt_given(o, "cert") ? "curl -sk" : "curl -s");
    if (!key[0]) {
        snprintf(from_file, sizeof(from_file), "$(head -n1 %.500s)", opt_text(o, "api-key-file"));
        key = from_file;
    }
    printf("There is a tenant with the project Default and one user. As that user:\n"
           "  %s -H \"ApiKey: %s\" %s/dashboard/projects/metadata\n"
           "  %s -H \"ApiKey: %s\" %s/overlords\n"
           "A pairing code; X-Gp-Pcg-Uid in the head of the answer is the new gateway's uid:\n"
           "  %s -i -H \"ApiKey: %s\" '%s/overlords/pairing/code?cloudType=maas'\n",
           how, key, d->url, how, key, d->url, how, key, d->url);
}

static bool said(const struct opts *o, struct buf *out)
{
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    if (!opt_flag(o, "misbehaviours"))
        return false;
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%-28s %-28s %-64s in sim: %s\n", list[i].name, list[i].words, list[i].what,
                   list[i].in_sim);
    return true;
}

static int open_app(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                    struct err *e)
{
    struct palette_config c = {.seed = s->seed,
                               .factor = s->factor,
                               .gateway_factor = (int)opt_int(o, "gateway-factor"),
                               .self_hosted = opt_flag(o, "self-hosted"),
                               .lenient = opt_flag(o, "lenient"),
                               .authority = opt_given(o, "authority")};
    struct buf ca SCOPED(buf_drop) = {.max = CA_MAX};
    struct shell *shell = NULL;
    int err = key_read(o, &c, e);

    if (err == 0 && c.lenient && opt_flag(o, "strict"))
        err = err_set(e, -EINVAL, "--strict and --lenient: give one of them");
    if (err == 0 && c.api_key[0] == '\0')
        err = err_set(e, -EINVAL, "%s: holds no key", opt_text(o, "api-key-file"));
    if (err == 0)
        err = agent_options_read(o, &c, &ca, e);
    if (err == 0)
        err = user_options_read(o, &c, e);
    if (err < 0)
        return err;
    c.keep = opt_text(o, "state")[0] != '\0';
    c.gateways = PALETTE_GATEWAYS_MAX;
    err = shell_open(&shell, palette_new(&c), opt_text(o, "state"), s, e);
    if (err < 0)
        return err;
    *ret = (struct mockd_app){.app = shell,
                              .handle = shell_handle,
                              .due = shell_due,
                              .tick = shell_tick,
                              .met = shell_met,
                              .began = shell_began(shell)};
    return 0;
}

static const char *who(const void *app, const struct http_request *rq)
{
    return palette_asked_by_gateway(shell_palette(app), rq) ? "gateway" : "-";
}

int main(int argc, char **argv)
{
    static const struct mockd program = {
        .name = "mock-palette",
        .what = "mock-palette [options]\n"
                "\nServes the part of Palette's management API that stands between a user and a\n"
                "private cloud gateway for MAAS, and the gateway profile.\n",
        .base = "/v1",
        .src = EVS_PALETTE,
        .rows = rows,
        .n_rows = COUNTOF(rows),
        .routes = palette_routes,
        .open = open_app,
        .op = palette_op,
        .who = who,
        .control = shell_words,
        .control_door = true,
        .said = said,
        .greet = greet};

    return mockd_main(&program, argc, argv);
}
