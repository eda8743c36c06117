#include "gateway/install.h"

#include "gateway/probe.h"
#include "gateway/secrets.h"
#include "gateway/shell.h"
#include "gateway/store.h"
#include "gateway/terminal.h"
#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALL_PATH_MAX 1152

struct install {
    const struct opts *o;
    struct opts *answers; /* of --answers; NULL: a person is asked */
    struct probe *probe;
    struct config c; /* what is good so far */
    struct buf file; /* what the configuration file will hold */
};

/* --- the questions --------------------------------------------------------------------------- */

typedef int check_fn(struct install *in, const char *value, struct err *e);

static int palette_check(struct install *in, const char *value, struct err *e)
{
    (void)value;
    return probe_palette(in->probe, &in->c, e);
}

static int maas_check(struct install *in, const char *value, struct err *e)
{
    (void)value;
    return probe_maas(in->probe, &in->c, e);
}

static int key_check(struct install *in, const char *value, struct err *e)
{
    char remark[256];
    int r = probe_key(in->probe, &in->c, remark, e);

    (void)value;
    if (r == 0 && *remark)
        printf("  note: %s\n", remark);
    return r;
}

static int domain_check(struct install *in, const char *value, struct err *e)
{
    return probe_domain(in->probe, &in->c, value, e);
}

static int image_check(struct install *in, const char *value, struct err *e)
{
    return probe_image(in->probe, &in->c, value, e);
}

enum { SETTING, SECRET, CHECKED /* looked at and not kept */ };
enum { MAY, MUST };

/* Who stands between comes before who is behind. Names are those of options and of secret files. */
/* clang-format off */
static const struct question {
    const char *name;
    int kind, wanted;
    const char *needs; /* not asked while that has no answer */
    check_fn *check;   /* after its form was found good; NULL: the form is all */
    const char *ask;
} questions[] = {
    {"https-proxy", SETTING, MAY, NULL, NULL, "HTTPS proxy towards Palette, http://[USER:PASSWORD@]HOST:PORT"},
    {"http-proxy", SETTING, MAY, NULL, NULL, "HTTP proxy for the clusters"},
    {"no-proxy", SETTING, MAY, NULL, NULL, "hosts, .domains, addresses and CIDRs reached without proxy"},
    {"proxy-ca-file", SETTING, MAY, "https-proxy", NULL, "file of the proxy's authority (PEM), if it opens TLS"},
    {"palette-ca-file", SETTING, MAY, NULL, NULL, "file of Palette's authority (PEM), if it is a private one"},
    {"palette-url", SETTING, MUST, NULL, palette_check, "Palette's URL, https://HOST[:PORT]"},
    {"pcg-uid", SETTING, MUST, NULL, NULL, "uid of this gateway, as Palette shows it"},
    {"pairing-code", SECRET, MUST, NULL, NULL, "pairing code, as Palette shows it"},
    {"maas-ca-file", SETTING, MAY, NULL, NULL, "file of MAAS's authority (PEM), if MAAS is https with a private one"},
    {"maas-url", SETTING, MUST, NULL, maas_check, "MAAS's URL, like http://10.1.1.1:5240/MAAS"},
    {"maas-key", SECRET, MUST, "maas-url", key_check, "MAAS API key, CONSUMER:TOKEN:SECRET"},
    {"domain", CHECKED, MAY, "maas-key", domain_check, "a domain of MAAS for clusters, to look whether it is there"},
    {"image", CHECKED, MAY, "maas-key", image_check, "an image for machines, to look whether it is there"},
    {"account-name", SETTING, MAY, NULL, NULL, "name of the cloud account to be made in Palette (default maas-UID)"},
    {"log-format", SETTING, MAY, NULL, NULL, "form of the log, text or json (default text)"},
    {"listen", SETTING, MAY, NULL, NULL, "metrics and health at 127.0.0.1:PORT or unix:PATH (default nowhere)"},
};
/* clang-format on */

static const char usage[] =
    "gateproof-pcg install: ask, check each answer at once, write the configuration, register\n\n"
    "Asks for the way to Palette, this gateway's uid and pairing code, MAAS's URL and key, and the\n"
    "name of the cloud account. Secrets are not echoed; each gets a file of mode 0600 of its own.\n"
    "Exit codes: 0 registered, 1 an answer or this machine is not good, 4 Palette did not register\n"
    "this gateway in time (the configuration stays: run the service, it goes on trying).";

/* clang-format off */
static const struct opt_row option_rows[] = {
    {.name = "answers", .arg = "FILE", .what = "take the answers from there (mode 0600) and ask nobody"},
    {.name = "config-file", .arg = "FILE", .value = CONFIG_FILE, .what = "what to write"},
    {.name = "secrets-dir", .arg = "DIR", .value = CONFIG_SECRETS_DIR, .what = "where secrets go"},
    {.name = "state-dir", .arg = "DIR", .value = CONFIG_STATE_DIR, .what = "where records go"},
    {.name = "user", .arg = "NAME", .value = CONFIG_USER, .what = "whose all of it will be, when root installs and NAME exists"},
    {.name = "replace", .kind = OPT_FLAG, .what = "replace a configuration that is there; FILE.old keeps it"},
};
/* clang-format on */

/* --- one answer ------------------------------------------------------------------------------ */

/* The file's own letters: what is written there must be what is read. */
static int line_check(const char *name, const char *value, struct err *e)
{
    if (!strstr(value, " #") && *value != '#')
        return 0;
    return err_set(e, -EINVAL, "%s: a '#' after a blank would begin a comment in the file", name);
}

static int answer_take(struct install *in, const struct question *q, const char *value,
                       struct err *e)
{
    const struct config before = in->c;
    int r = q->kind == SETTING ? line_check(q->name, value, e) : 0;

    if (r == 0 && q->kind == SETTING)
        r = config_take(q->name, q->name, value, &in->c, e);
    if (r == 0 && q->kind == SECRET)
        r = secret_take(q->name, value, &in->c.gw, e);
    if (r == 0 && q->check) {
        r = q->check(in, value, e);
        if (r < 0)
            r = err_at(e, "%s", q->name);
    }
    if (r < 0) {
        if (in->c.maas_ca_pem != before.maas_ca_pem)
            free(in->c.maas_ca_pem);
        in->c = before;
        return r;
    }
    if (q->kind == SETTING)
        buf_printf(&in->file, "%s = %s\n", q->name, value);
    if (*in->c.remark)
        printf("  note: %s\n", in->c.remark);
    in->c.remark[0] = '\0';
    return 0;
}

static int answer_of_file(struct install *in, const struct question *q, struct err *e)
{
    const char *value = opt_text(in->answers, q->name);
    int r = 0;

    if (*value)
        r = answer_take(in, q, value, e);
    else if (q->wanted == MUST)
        r = err_set(e, -EINVAL, "%s is missing: %s", q->name, q->ask);
    return r < 0 ? err_at(e, "%s", opt_text(in->o, "answers")) : 0;
}

static int answer_of_person(struct install *in, const struct question *q, struct err *e)
{
    char value[OPTS_VALUE_MAX];
    int r = -EINVAL;

    for (int tries = 0; r < 0 && tries < INSTALL_TRIES_MAX; tries++) {
        if (tries)
            printf("  %s\n", e->text);
        r = terminal_ask(q->ask, q->kind == SECRET, q->wanted == MAY, value, sizeof(value), e);
        if (r < 0)
            return r;
        if (*value)
            r = answer_take(in, q, value, e);
        else if (q->wanted == MUST)
            r = err_set(e, -EINVAL, "%s is needed", q->name);
    }
    explicit_bzero(value, sizeof(value));
    return r;
}

static bool has(const struct install *in, const char *name)
{
    const struct {
        const char *name, *value;
    } rows[] = {{"https-proxy", in->c.gw.https_proxy},
                {"maas-url", in->c.gw.maas_url},
                {"maas-key", in->c.gw.maas_key}};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].name, name))
            return *rows[i].value;
    WRONG("a need that is in no table");
}

static int answers_take(struct install *in, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < COUNTOF(questions); i++) {
        const struct question *q = &questions[i];

        if (q->needs && !has(in, q->needs))
            continue;
        r = in->answers ? answer_of_file(in, q, e) : answer_of_person(in, q, e);
    }
    return r;
}

/* A file with the answers holds secrets. */
static int answers_open(struct install *in, struct err *e)
{
    static struct opt_row rows[COUNTOF(questions)];
    const char *path = opt_text(in->o, "answers");
    struct stat st;
    int r;

    for (size_t i = 0; i < COUNTOF(questions); i++)
        rows[i] = (struct opt_row){.name = questions[i].name,
                                   .what = questions[i].ask,
                                   .flags = questions[i].kind == SECRET ? OPT_SECRET : 0};
    if (stat(path, &st) < 0)
        return err_errno(e, "--answers: %s", path);
    if (st.st_mode & 077)
        return err_set(e, -EPERM,
                       "--answers: others may read %s (mode %04o), and it holds secrets: "
                       "chmod 0600 it",
                       path, st.st_mode & 07777);
    r = opts_new(&in->answers, "", rows, COUNTOF(rows), e);
    return r == 0 ? opts_file(in->answers, path, e) : r;
}

/* --- what is written ------------------------------------------------------------------------- */

static int secret_write(const struct install *in, const char *name, const char *value,
                        struct err *e)
{
    SCOPED(buf_drop) struct buf line = {.max = KIB(1)};
    char path[INSTALL_PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/%s", opt_text(in->o, "secrets-dir"), name);
    buf_printf(&line, "%s\n", value);
    r = file_write(path, line.data, line.len, 0600, e);
    explicit_bzero(line.data, line.len);
    return r;
}

static int folder_make(const char *path, struct err *e)
{
    int r = file_mkdirs(path, 0700, e);

    if (r == 0 && chmod(path, 0700) < 0)
        r = err_errno(e, "%s: chmod 0700", path);
    return r;
}

static int old_keep(const char *path, struct err *e)
{
    char old[INSTALL_PATH_MAX];

    snprintf(old, sizeof(old), "%s.old", path);
    return file_exists(path) && rename(path, old) < 0 ? err_errno(e, "%s", old) : 0;
}

/* The folder of the configuration is not secret: its files are. */
static int config_folder_make(const char *path, struct err *e)
{
    char folder[INSTALL_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return 0;
    return text_copy_len(folder, sizeof(folder), path, (size_t)(slash - path))
               ? file_mkdirs(folder, 0755, e)
               : err_set(e, -ENAMETOOLONG, "--config-file: the path is too long");
}

static int all_write(struct install *in, struct err *e)
{
    const char *path = opt_text(in->o, "config-file");
    int r = config_folder_make(path, e);

    if (r == 0)
        r = folder_make(opt_text(in->o, "secrets-dir"), e);
    if (r == 0)
        r = folder_make(opt_text(in->o, "state-dir"), e);
    if (r == 0)
        r = secret_write(in, "pairing-code", in->c.gw.pairing_code, e);
    if (r == 0)
        r = secret_write(in, "maas-key", in->c.gw.maas_key, e);
    buf_printf(&in->file, "secrets-dir = %s\nstate-dir = %s\n", opt_text(in->o, "secrets-dir"),
               opt_text(in->o, "state-dir"));
    if (r == 0)
        r = old_keep(path, e);
    return r == 0 ? file_write(path, in->file.data, in->file.len, 0600, e) : r;
}

/* --- whose it is ----------------------------------------------------------------------------- */

static int give(const char *path, const struct passwd *to, struct err *e)
{
    return lchown(path, to->pw_uid, to->pw_gid) < 0
               ? err_errno(e, "%s: it cannot be given to %s", path, to->pw_name)
               : 0;
}

/* Root gives all of it to the service's user and becomes that user: what is written from here on
 * is the gateway's own. */
static int owner_become(const struct install *in, struct err *e)
{
    const char *user = opt_text(in->o, "user"), *dir = opt_text(in->o, "secrets-dir");
    const struct passwd *to = geteuid() == 0 ? getpwnam(user) : NULL;
    char code[INSTALL_PATH_MAX], key[INSTALL_PATH_MAX];
    int r = 0;

    if (!to)
        return 0;
    snprintf(code, sizeof(code), "%s/pairing-code", dir);
    snprintf(key, sizeof(key), "%s/maas-key", dir);
    const char *const paths[] = {opt_text(in->o, "config-file"), dir, code, key,
                                 opt_text(in->o, "state-dir")};

    for (size_t i = 0; r == 0 && i < COUNTOF(paths); i++)
        r = give(paths[i], to, e);
    if (r == 0 && (setgid(to->pw_gid) < 0 || setuid(to->pw_uid) < 0))
        r = err_errno(e, "this process cannot become %s", user);
    return r;
}

/* --- the end --------------------------------------------------------------------------------- */

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

/* As `run` will read it: from the file alone. */
static int registered(const struct install *in, struct err *e)
{
    static char program[] = SHELL_NAME, option[] = "--config-file", *nothing[] = {NULL};
    SCOPED(config_drop) struct config c = {0};
    SCOPED(opts_drop) struct opts *o = NULL;
    char path[INSTALL_PATH_MAX], *argv[] = {program, option, path, NULL};
    int r;

    snprintf(path, sizeof(path), "%s", opt_text(in->o, "config-file"));
    r = config_options(&o, 3, argv, nothing, e);
    if (r == 0)
        r = config_read(o, &c, e);
    return r == 0 ? shell_register(&c, INSTALL_PATIENCE_MS) : r;
}

/* A code that was taken is of no more use, and a secret all the same. */
static void code_remove(const struct install *in)
{
    char path[INSTALL_PATH_MAX];

    snprintf(path, sizeof(path), "%s/pairing-code", opt_text(in->o, "secrets-dir"));
    (void)unlink(path);
}

static int end_say(const struct install *in, int code)
{
    const char *file = opt_text(in->o, "config-file");
    const bool usual = text_is(file, CONFIG_FILE);

    if (code == SHELL_EXIT_DONE) {
        code_remove(in);
        printf("registered with Palette as gateway %s\n", in->c.gw.pcg_uid);
    } else {
        printf("Palette did not register this gateway; see above. The configuration stays: when "
               "the cause is gone, start the service\n");
    }
    if (usual)
        printf("next:\n  systemctl enable --now gateproof-pcg    start it, now and at every boot\n"
               "  gateproof-pcg run                       start it where there is no systemd\n"
               "  gateproof-pcg status                    see how it is\n");
    else /* the service would not find it */
        printf("next:\n  gateproof-pcg --config-file %s run       start it\n"
               "  gateproof-pcg --config-file %s status    see how it is\n",
               file, file);
    return code;
}

static int may_begin(struct install *in, struct err *e)
{
    const char *path = opt_text(in->o, "config-file"), *dir = opt_text(in->o, "state-dir");

    if (store_held(dir))
        return err_set(e, -EBUSY,
                       "a gateway is running in %s: stop it first (systemctl stop "
                       "gateproof-pcg)",
                       dir);
    if (file_exists(path) && !opt_flag(in->o, "replace"))
        return err_set(e, -EEXIST, "%s is there already: change it by hand, or give --replace",
                       path);
    return *opt_text(in->o, "answers") ? answers_open(in, e) : 0;
}

static int install(struct install *in, struct err *e)
{
    int r = may_begin(in, e);

    if (r == 0)
        r = probe_new(&in->probe, e);
    if (r == 0)
        r = answers_take(in, e);
    if (r == 0)
        r = all_write(in, e);
    if (r == 0)
        r = owner_become(in, e);
    if (r == 0)
        r = registered(in, e);
    return r < 0 ? r : end_say(in, r);
}

static int usage_print(const struct opts *o)
{
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};

    opts_help(o, &out);
    buf_text_add(&out, "\nAnswers, as lines NAME = VALUE of --answers FILE:\n");
    for (size_t i = 0; i < COUNTOF(questions); i++)
        buf_printf(&out, "  %-18s%s%s\n", questions[i].name, questions[i].ask,
                   questions[i].wanted == MUST ? " (needed)" : "");
    fputs(buf_text(&out), stdout);
    return SHELL_EXIT_DONE;
}

int install_main(int argc, char **argv)
{
    SCOPED(opts_drop) struct opts *o = NULL;
    struct install in = {.file.max = KIB(16), .c.clock_fd = -1};
    struct err e = {0};
    int r = opts_new(&o, usage, option_rows, COUNTOF(option_rows), &e);

    if (r == 0)
        r = opts_args(o, argc, argv, &e);
    if (r == 0 && opt_flag(o, "help"))
        return usage_print(o);
    in.o = o;
    buf_text_add(&in.file,
                 "# Written by gateproof-pcg install; gateproof-pcg.8 says what is what.\n");
    if (r == 0)
        r = install(&in, &e);
    if (r < 0)
        fprintf(stderr, "%s install: %s\n", SHELL_NAME, e.text);
    probe_free(in.probe);
    opts_free(in.answers);
    config_drop(&in.c);
    buf_drop(&in.file);
    return r < 0 ? SHELL_EXIT_BROKEN : r;
}
