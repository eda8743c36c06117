/* gateproof-pcg: the reference gateway, started by the launch contract or by a person. */
#include "gateway/install.h"
#include "gateway/shell.h"
#include "gateway/status.h"
#include "gateway/watch.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>

static int complain(const char *sentence, int code)
{
    fprintf(stderr, "%s: %s\n", SHELL_NAME, sentence);
    return code;
}

static int run(struct config *c, const struct config_source *source)
{
    return shell_run(c, source);
}

static int check(struct config *c, const struct config_source *source)
{
    (void)source;
    if (*c->remark)
        complain(c->remark, 0);
    puts("the configuration can be used");
    return 0;
}

static int status(struct config *c, const struct config_source *source)
{
    SCOPED(buf_drop) struct buf out = {.max = MIB(1)};
    int code = SHELL_EXIT_BROKEN;
    struct err e;
    const int r = status_write(c, &out, &code, &e);

    (void)source;
    fputs(buf_text(&out), stdout);
    return r < 0 ? complain(e.text, CONFIG_EXIT_WRONG) : code;
}

static int metrics(struct config *c, const struct config_source *source)
{
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};

    (void)c;
    (void)source;
    watch_metrics_table(&out);
    fputs(buf_text(&out), stdout);
    return SHELL_EXIT_DONE;
}

/* clang-format off */
static const struct command {
    const char *name;
    int (*run)(struct config *c, const struct config_source *source);
    bool bare; /* needs no configuration */
    const char *help;
} commands[] = {
    {"run", run, false,
     "gateproof-pcg run: work until SIGTERM or SIGINT\n\n"
     "SIGHUP reads configuration, secrets and CA files again; what cannot be used changes nothing.\n"
     "Exit codes: 0 stopped, 1 configuration, disk or descriptors are not good, 89 the launch\n"
     "contract or a feature is not known."},
    {"check-config", check, false,
     "gateproof-pcg check-config: say whether the configuration can be used, and stop\n\n"
     "Reads the files and asks nobody. Exit codes: 0 it can, 1 it cannot."},
    {"status", status, false,
     "gateproof-pcg status: what the state directory says about this gateway\n\n"
     "Link, account, clusters in work, last troubles; a running gateway does not notice.\n"
     "Exit codes: 0 running and linked to Palette, 1 the state cannot be read, 3 not running,\n"
     "4 running and not linked."},
    {"metrics", metrics, true,
     "gateproof-pcg metrics: the table of what --listen serves at /metrics, in Markdown\n\n"
     "Exit code: 0."},
};
/* clang-format on */

static const struct command *command_find(const struct opts *o)
{
    const char *const *words;
    size_t n = opts_words(o, &words);
    const char *name = n ? words[0] : getenv("GP_CONTRACT") ? "run" : "";

    for (size_t i = 0; i < COUNTOF(commands) && n < 2; i++)
        if (text_is(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static int command_run(const struct opts *o, struct config *c, const struct config_source *source)
{
    const struct command *command = command_find(o);
    struct err e;

    if (!command)
        return complain(
            "one of the words install, run, check-config, status and metrics is wanted; "
            "see --help",
            CONFIG_EXIT_WRONG);
    if (!command->bare && config_read(o, c, &e) < 0)
        return complain(e.text, CONFIG_EXIT_WRONG);
    return command->run(c, source);
}

static void help_write(const struct opts *o, struct buf *out)
{
    const char *const *words;
    const struct command *command = opts_words(o, &words) ? command_find(o) : NULL;

    if (command)
        buf_printf(out, "%s\n\n", command->help);
    opts_help(o, out);
}

int main(int argc, char **argv, char **envp)
{
    const struct config_source source = {argc, argv, envp};
    SCOPED(config_drop) struct config c = {0};
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};
    struct opts *o = NULL;
    struct err e;
    int code = 0;

    if (config_refused(envp, e.text, sizeof(e.text)))
        return complain(e.text, CONFIG_EXIT_REFUSED);
    if (argc > 1 && text_is(argv[1], "install")) {
        config_clean_environment();
        return install_main(argc - 1, argv + 1);
    }
    if (config_options(&o, argc, argv, envp, &e) < 0)
        return complain(e.text, CONFIG_EXIT_WRONG);
    config_clean_environment();
    if (opt_flag(o, "version"))
        buf_text_add(&out, SHELL_NAME " " GATEPROOF_VERSION "\n");
    else if (opt_flag(o, "help"))
        help_write(o, &out);
    else if (opt_flag(o, "show-config"))
        opts_show(o, &out);
    else
        code = command_run(o, &c, &source);
    fputs(buf_text(&out), stdout);
    opts_free(o);
    return code;
}
