/* gateproof: the one command people type. */
#include "scenarios/engine/commands.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct opt_row rows[] = {
    {"stage", NULL, OPT_TEXT, "", "STAGE",
     "sim, netns (default where allowed), or loopback: real programs without namespaces", 0, 0, 0},
    {"clock", NULL, OPT_TEXT, "", "CLOCK",
     "stepped (default where the manifest declares it), faketime, wall, or auto; sim has its own",
     0, 0, 0},
    {"proxy", NULL, OPT_TEXT, "", "NAME",
     "squid or tinyproxy: a proxy that is not ours, as a witness of the same verdicts; with "
     "--clock wall",
     0, 0, 0},
    {"gateway", "GATEPROOF_GATEWAY", OPT_TEXT, "", "MANIFEST",
     "gateway.json of the gateway under test (default: the reference)", 0, 0, 0},
    {"seed", NULL, OPT_INT, "1", "N", "same seed, same story", 0, 0, INT64_MAX},
    {"jobs", NULL, OPT_INT, "2", "N", "stories side by side", 0, 1, RUN_JOBS_MAX},
    {"out", NULL, OPT_TEXT, "gateproof-report", "DIR", "where report and journals go", 0, 0, 0},
    {"format", NULL, OPT_TEXT, "text", "FORMAT",
     "text, json, junit or markdown on stdout (all four are files in DIR)", 0, 0, 0},
    {"run", NULL, OPT_TEXT, "", "DIR", "explain: a finished run's --out, to explain what it said",
     0, 0, 0},
    {"clauses", NULL, OPT_FLAG, "no", "",
     "rules: the profile's clauses and the tests that cite them instead", 0, 0, 0},
    {"failures", NULL, OPT_FLAG, "no", "",
     "rules: known failures of others and the tests that show ours do better instead", 0, 0, 0},
    {"over", NULL, OPT_TEXT, "", "VALUES", "only runs with these over-values, such as expired", 0,
     0, 0},
    {"depth", NULL, OPT_INT, "1", "N", "kills: 2 kills once more while it recovers", 0, 1, 2},
    {"each", NULL, OPT_INT, "0", "N", "kills: about N states of a run, drawn by seed; 0: all", 0, 0,
     INT32_MAX},
    {"repeats", NULL, OPT_INT, "0", "N",
     "kills: of the points that repeat a state every N-th, too; 0: none", 0, 0, INT32_MAX},
    {"every", NULL, OPT_INT, "1", "N", "kills: of the second kills every N-th, drawn by seed", 0, 1,
     INT32_MAX},
    {"sample", NULL, OPT_INT, "0", "N",
     "kills, stage netns: N points of all stories together, drawn by seed; 0: all", 0, 0,
     INT32_MAX},
    {"at", NULL, OPT_TEXT, "", "POINT", "kills: this one, as a red line names it", 0, 0, 0},
    {"keep-packets", NULL, OPT_FLAG, "no", "",
     "run: all packets that the capture saw, as packets.pcapng beside each journal", 0, 0, 0},
    {"coverage", NULL, OPT_FLAG, "no", "",
     "rules: each rule with its sentence, its stories, its rogues and where its evidence comes from",
     0, 0, 0},
    {"sentences", NULL, OPT_FLAG, "no", "",
     "rules: every sentence of the architecture page and what became of it", 0, 0, 0},
    {"data", "GATEPROOF_DATA", OPT_TEXT, "", "DIR", "folder with stories/ and labs/", 0, 0, 0},
};

static int dispatch(struct opts *o, struct err *e)
{
    const char *const *words;
    size_t n = opts_words(o, &words);
    SCOPED(buf_drop) struct buf text = {0};

    buf_init(&text, MIB(1));
    if (opt_flag(o, "version")) {
        puts("gateproof " GATEPROOF_VERSION);
        return 0;
    }
    if (opt_flag(o, "show-config"))
        opts_show(o, &text);
    else if (opt_flag(o, "help"))
        commands_help(o, &text);
    else if (n == 0)
        return err_set(e, -EINVAL,
                       "what shall it do? `gateproof run` plays all stories, `gateproof --help` "
                       "shows the rest");
    else
        return commands_do(o, words, n, e);
    fputs(buf_text(&text), stdout);
    return 0;
}

int main(int argc, char **argv)
{
    struct opts *o = NULL;
    struct err e = {0};
    int r = opts_new(&o, "gateproof COMMAND [WORD…] [OPTION…]", rows, COUNTOF(rows), &e);

    if (r == 0)
        r = opts_args(o, argc, argv, &e);
    if (r == 0)
        r = opts_env(o, environ, &e);
    if (r == 0)
        r = dispatch(o, &e);
    opts_free(o);
    if (r == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        err_errno(&e, "stdout cannot be written");
        commands_complain(&e);
        return EXIT_UNPROVEN;
    }
    if (r < 0)
        commands_complain(&e);
    return r < 0 ? EXIT_USAGE : r;
}
