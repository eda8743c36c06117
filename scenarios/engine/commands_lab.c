/* gateproof lab: pictures of topologies, and labs that stay. */
#include "scenarios/engine/commands_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_draw.h"
#include "scenarios/engine/lab_up.h"
#include "scenarios/engine/stage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int command_print(const struct buf *text)
{
    fwrite(buf_text(text), 1, text->len, stdout);
    return 0;
}

/* What is printed to be typed works as it stands, and so has the folder where the lab was found. */
struct more {
    char text[1100];
};

static struct more more_of(const struct command_call *c)
{
    const char *data = opt_text(c->o, "data");
    struct more ret;

    snprintf(ret.text, sizeof ret.text, "%s%s", *data != '\0' ? " --data " : "", data);
    return ret;
}

static int lab_get(const struct command_call *c, const char *name, struct lab **ret, struct err *e)
{
    struct lab *lab = calloc(1, sizeof *lab);
    int code;

    if (lab == NULL)
        WRONG("out of memory");
    code = lab_load(c->data, name, lab, e);
    if (code < 0)
        free(STEAL(lab));
    *ret = lab;
    return code;
}

int command_lab_print(const struct command_call *c, const char *name, struct buf *out,
                      struct err *e)
{
    struct lab *lab;
    int code = lab_get(c, name, &lab, e);

    if (code == 0)
        lab_draw(out, lab);
    free(lab);
    return code;
}

static int lab_known(const struct command_call *c, const char *name, struct err *e)
{
    SCOPED(buf_drop) struct buf list = {0};
    char(*names)[64] = NULL;
    size_t n = 0;
    int code = labs_list(c->data, &names, &n, e);

    buf_init(&list, 256);
    for (size_t i = 0; i < n; i++) {
        if (text_is(names[i], name))
            n = 0;
        else
            buf_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    if (code == 0 && n > 0)
        code = err_set(e, -EINVAL, "no lab '%s'; there are %s", name, buf_text(&list));
    free(names);
    return code;
}

/* --- labs that stay -------------------------------------------------------------------------- */

static void hosts_print(const struct command_call *c, const struct lab *lab, struct buf *out)
{
    const char *const name = lab->name, *const host = lab->hosts[0].name;
    const struct more more = more_of(c);

    buf_text_add(out, "hosts:");
    for (size_t i = 0; i < lab->n_hosts; i++)
        buf_printf(out, " %s", lab->hosts[i].name);
    buf_printf(out,
               "\n  gateproof lab shell %s %s%s            a shell there\n"
               "  gateproof lab shell %s %s 'ip addr'%s  one command\n"
               "  gateproof lab down %s%s                and nothing is left\n",
               name, host, more.text, name, host, more.text, name, more.text);
}

/* Of the file, all can be read but its rulesets: those the kernel reads, where it lets us ask. */
static int rules_try(const struct command_call *c, const struct lab *lab, struct err *e)
{
    struct err why = {0};

    if (stage_netns_possible(&why) == 0)
        return stage_netns_rules_check(c->data, &lab, 1, e);
    fprintf(stderr, "gateproof: the rulesets of lab %s were not tried: %.400s\n", lab->name,
            why.text);
    return 0;
}

static int show(const struct command_call *c, const char *name, struct buf *out, struct err *e)
{
    struct lab *lab;
    int code = lab_get(c, name, &lab, e);

    if (code == 0)
        code = rules_try(c, lab, e);
    if (code < 0) {
        free(lab);
        return code;
    }
    lab_draw(out, lab);
    if (lab_up_pid(name) > 0) {
        buf_printf(out, "\nlab %s is up, kept by process %d; ", name, (int)lab_up_pid(name));
        hosts_print(c, lab, out);
    }
    free(lab);
    return 0;
}

static int up(const struct command_call *c, const char *name, struct buf *out, struct err *e)
{
    struct err why = {0};
    struct lab *lab;
    int64_t us = 0;
    pid_t pid = 0;
    int code = lab_get(c, name, &lab, e);

    if (code < 0)
        return code;
    if (stage_netns_possible(&why) < 0)
        code = err_set(e, RUN_FORBIDDEN, "a lab needs namespaces, and here %.400s", why.text);
    if (code == 0)
        code = stage_netns_rules_check(c->data, (const struct lab *const[]){lab}, 1, e);
    if (code == 0)
        code = lab_up(lab, more_of(c).text, &us, &pid, e);
    if (code == 0) {
        buf_printf(out, "lab %s is up after %" PRId64 ".%" PRId64 " ms, kept by process %d; ", name,
                   us / 1000, us / 100 % 10, (int)pid);
        hosts_print(c, lab, out);
    }
    free(lab);
    return code;
}

static int down(const struct command_call *c, const char *name, struct buf *out, struct err *e)
{
    int code = lab_down(name, more_of(c).text, e);

    if (code == 0)
        buf_printf(out, "lab %s is gone\n", name);
    return code;
}

static int shell(const struct command_call *c, const char *name, struct buf *out, struct err *e)
{
    (void)out;
    if (c->n_words < 3)
        return err_set(e, -EINVAL, "lab shell wants the lab and a host, such as lab shell %s gw1%s",
                       name, more_of(c).text);
    return lab_shell(name, c->words[2], c->n_words > 3 ? c->words[3] : NULL, more_of(c).text, e);
}

static const struct {
    const char *word;
    size_t words_max;
    int (*act)(const struct command_call *c, const char *name, struct buf *out, struct err *e);
} rows[] = {{"show", 2, show}, {"up", 2, up}, {"down", 2, down}, {"shell", 4, shell}};

int command_lab(const struct command_call *c, struct err *e)
{
    SCOPED(buf_drop) struct buf out = {0};
    const char *first = c->n_words == 0 ? "" : c->words[0];
    size_t row = COUNTOF(rows);
    const char *name;
    int code;

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].word, first))
            row = i;
    name = row < COUNTOF(rows) ? (c->n_words > 1 ? c->words[1] : "nat")
                               : (c->n_words > 0 ? first : "nat");
    if (c->n_words > (row < COUNTOF(rows) ? rows[row].words_max : 1))
        return err_set(e, -EINVAL, "lab takes show, up, down or shell and a shape; remove '%s'",
                       c->words[c->n_words - 1]);
    buf_init(&out, KIB(64));
    code = lab_known(c, name, e);
    if (code == 0)
        code = (row < COUNTOF(rows) ? rows[row].act : show)(c, name, &out, e);
    if (code >= 0)
        command_print(&out);
    return code == RUN_FORBIDDEN ? (commands_complain(e), EXIT_UNPROVEN) : code;
}
