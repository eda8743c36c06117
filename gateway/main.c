/* gateproof-pcg: the reference gateway, started by the launch contract or by a person. */
#include "gateway/shell.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>

static int complain(const char *sentence, int code)
{
    fprintf(stderr, "%s: %s\n", SHELL_NAME, sentence);
    return code;
}

static int check(const struct config *c)
{
    if (*c->remark)
        complain(c->remark, 0);
    puts("the configuration can be used");
    return 0;
}

static int status(const struct config *c)
{
    SCOPED(buf_drop) struct buf out = {.max = MIB(1)};
    struct err e;

    if (shell_status(c, &out, &e) < 0)
        return complain(e.text, CONFIG_EXIT_WRONG);
    fputs(buf_text(&out), stdout);
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(const struct config *c);
} commands[] = {{"run", shell_run}, {"check-config", check}, {"status", status}};

static int command_run(const struct opts *o, struct config *c)
{
    const char *const *words;
    size_t n = opts_words(o, &words);
    const char *name = n ? words[0] : getenv("GP_CONTRACT") ? "run" : "";
    struct err e;

    for (size_t i = 0; i < COUNTOF(commands) && n < 2; i++) {
        if (!text_is(commands[i].name, name))
            continue;
        if (config_read(o, c, &e) < 0)
            return complain(e.text, CONFIG_EXIT_WRONG);
        return commands[i].run(c);
    }
    return complain("one of the words run, check-config and status is wanted; see --help",
                    CONFIG_EXIT_WRONG);
}

int main(int argc, char **argv, char **envp)
{
    SCOPED(config_drop) struct config c = {0};
    SCOPED(buf_drop) struct buf out = {.max = KIB(64)};
    struct opts *o = NULL;
    struct err e;
    int code = 0;

    if (config_refused(envp, e.text, sizeof(e.text)))
        return complain(e.text, CONFIG_EXIT_REFUSED);
    if (config_options(&o, argc, argv, envp, &e) < 0)
        return complain(e.text, CONFIG_EXIT_WRONG);
    config_clean_environment();
    if (opt_flag(o, "version"))
        buf_text_add(&out, SHELL_NAME " " GATEPROOF_VERSION "\n");
    else if (opt_flag(o, "help"))
        opts_help(o, &out);
    else if (opt_flag(o, "show-config"))
        opts_show(o, &out);
    else
        code = command_run(o, &c);
    fputs(buf_text(&out), stdout);
    opts_free(o);
    return code;
}
