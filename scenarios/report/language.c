/* How a story is written, for docs/stories.md: an example that is played (ci/check-doc-stories),
 * the words of a line, and what decides. Lists come from the tables that the parser reads. */
#include "scenarios/report/report.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

/* clang-format off */
static const char beginning[] =
    "\n# Writing a story\n\n"
    "A story is a text of some twenty lines. [Your first story](first-story.md) goes through one step "
    "by step; this page is the whole language.\n\n"
    "A story lies in a folder `stories` and is called `NNN-what-happens.scn`: a number of three digits, "
    "by which it is named on the command line, and some words. The networks lie beside it in `labs`. "
    "`--data DIR` names the folder that holds both; without it, it is the one of this repository, "
    "`scenarios`. Your own stories want a folder of their own, and a number from 900 on:\n\n"
    "```sh\nmkdir -p mine/stories\ncp -r scenarios/labs mine/\n```\n\n"
    "`mine/stories/901-dies-with-a-machine-in-hand.scn`:\n\n";

static const char example[] =
    "# MAAS has given the first machine and the answer is on its way when the gateway is killed.\n"
    "# Watch: it takes two machines and not three, and touches nothing else.\n"
    "scenario \"Killed with a machine in its hand, the gateway ends with exactly the two it was asked for\"\n"
    "\n"
    "grades   MAA-2 MAA-3\n"
    "over     SHAPE nat firewall\n"
    "wall     factor 120\n"
    "\n"
    "site     shape SHAPE\n"
    "site     machines 4\n"
    "\n"
    "at 0s    gateway installs\n"
    "by 15m   gateway is Running                                           [REG-2]\n"
    "then +5m user creates cluster c1 with 2 nodes\n"
    "\n"
    "at allocate.1.done gateway dies\n"
    "at allocate.1.done+30m gateway starts\n"
    "by 3h    cluster c1 is Running                                        [LIF-1]\n"
    "\n"
    "never    maas took change from gateway while \"gateway dead\"           [LIF-1]\n"
    "never    maas took change for c1 from gateway after \"running c1\" for 4h [IND-1]\n"
    "always   beats of c1 leave no gap over 3m                             [AGT-3]\n"
    "end      machine m4 is Ready or machine m4 owner is c1\n"
    "end      machines held are 2                                          [MAA-6] [LIF-8]\n"
    "end      palette took 1 register from gateway                         [REG-2] [REG-6]\n"
    "end      first \"hello c1\" before first \"running c1\"                   [LIF-7]\n"
    "\n"
    "premise  gateway was hit at allocate.1.done\n"
    "\n"
    "run 5h\n";

static const char trying[] =
    "Try it, in the simulator (milliseconds) and with real programs (seconds):\n\n"
    "```sh\n"
    "gateproof run 901 --data mine --stage sim\n"
    "gateproof run 901 --data mine\n"
    "gateproof explain 901 --data mine\n"
    "gateproof explain MAA-6 --run gateproof-report\n"
    "```\n\n"
    "`run` ends with 0 when it is green, 1 when a rule failed, 2 when something was not proven, 3 when the "
    "story cannot be read: one sentence with line, column and what to write instead. `explain 901` shows what "
    "was understood, `explain MAA-6 --run` the events that a verdict rests on. Then see it red: change a "
    "number, and look whether the right rule fails. A story that cannot fail proves nothing.\n\n";

static const char lines_text[] =
    "## Lines\n\n"
    "A line is a word for when, perhaps a time, a verb, and perhaps rules in brackets; blanks and tabs are "
    "alike. What follows a `#` is a comment. A word with blanks in it, an event or a claim, stands in plain "
    "quotes. Header words stand alone, in any order, and `over` above the lines that it is for. There are no variables but those of `over`, and no loops.\n\n";

static const struct word {
    const char *form, *what;
} whens[WHEN_COUNT] = {
    [WHEN_SITE] = {"site …", "What is there before the run: rows of [The site](#the-site)."},
    [WHEN_AT] = {"at TIME …", "An [act](#acts), done then; or a [fact](#facts) that must be true at that very instant. `at POINT` and `at POINT+30m` do an act at a [point](#points), or so long after it. Lines with a time stand in the order of their times."},
    [WHEN_BY] = {"by TIME …", "A fact that is waited for, and must have come true by then."},
    [WHEN_THEN] = {"then …", "An act, done when the nearest `by` above has come true; `then +5m …` so much later."},
    [WHEN_NEVER] = {"never …", "A fact that must not come true, not once, until the run ends."},
    [WHEN_ALWAYS] = {"always …", "A fact that must be true at every instant, until the run ends."},
    [WHEN_END] = {"end …", "A fact that must be true when all is over."},
    [WHEN_PREMISE] = {"premise …", "A fact without which the story has proven nothing, looked at when all is over."},
};

static const struct word ends[] = {
    {"for TIME", "behind never and always: the run goes on at least so long after the story began. Without it such a line makes no run longer."},
    {"after \"EVENT\"", "the fact looks only at what comes after it happened"},
    {"before \"EVENT\"", "only at what came before"},
    {"while \"SPAN\"", "only at what happens in such a span"},
    {"FACT or FACT", "one of the two is enough; 4 such lines at most"},
    {"[RULE]", "what the fact says something about. Several have brackets of their own, `[REG-2] [REG-3]`, 4 at most. Only facts have one, and no premise."},
};

static const char times_text[] =
    "\nA time is a number and a unit, `250ms`, `90s`, `15m`, `24h`, `7d`, or several: `1h30m`. Times count from the "
    "beginning of the story; with `site cluster` lines that is the instant at which all those clusters are Running.\n";

static const char deciding[] =
    "\n## What decides\n\n"
    "Each rule in brackets passes when all its lines came true, and fails when one did not, or when its law finds "
    "something else that is wrong. Under `grades` the law's pass is asked for as well, so it must have met something to "
    "judge. A line without a rule is a step: when it does not come true, what rests on silence "
    "(`never`, `always`) and what was not decided is *inconclusive*.\n\n"
    "A `premise` keeps a story honest. A gateway that was never killed passes every line about being killed; so the "
    "story says `premise gateway was hit at …`, and where that did not come true every rule of it is *vacuous*, which "
    "is not green. Each `never` wants one.\n\n"
    "What a line does must happen. An act that cannot is refused before the start; one that came to nothing, and a fault "
    "that was armed and never struck, make H-5 vacuous, and the run ends with 2.\n\n"
    "There is no line that only warns (`[note]` elsewhere): a rule of level SHOULD or MAY (`gateproof rules`) warns or "
    "notes when it fails, and all its lines with it.\n";
/* clang-format on */

static void words_table(struct buf *out, const char *title, const struct word *words, size_t n)
{
    buf_printf(out, "| %s | meaning |\n|---|---|\n", title);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "| `%s` | %s |\n", words[i].form, words[i].what);
}

static void headers_table(struct buf *out)
{
    const struct script_header_doc *h;

    buf_text_add(out, "\n## Header words\n\n| line | without it | meaning |\n|---|---|---|\n");
    for (size_t i = 0; (h = script_header_doc(i)); i++)
        buf_printf(out, "| `%s` | %s | %s |\n", h->form, h->otherwise, h->what);
}

static void event_form(struct buf *out, const struct verb_event_row *row)
{
    static const char *const objects[] = {[VERB_OBJECT_NONE] = "`\"%s\"`",
                                          [VERB_OBJECT_CLUSTER] = "`\"%s c1\"`",
                                          [VERB_OBJECT_MACHINE] =
                                              "`\"%s m1\"`, `\"%s machine-of-c1\"`"};
    const char *form = objects[row->object];

    for (; *form; form++)
        if (form[0] == '%') {
            buf_text_add(out, row->words);
            form++;
        } else {
            buf_char_add(out, *form);
        }
}

/* Events of acts say the act; the others what happened. */
static void events_table(struct buf *out, bool spans)
{
    buf_printf(out, "\n| %s | %s |\n|---|---|\n", spans ? "span" : "event",
               spans ? "meaning" : "when");
    for (size_t i = 0; i < n_verb_event_rows; i++) {
        const struct verb_event_row *row = &verb_event_rows[i];
        const bool act = row->kind == VERB_EVENT_ACT;

        if (row->is_span != spans)
            continue;
        buf_text_add(out, "| ");
        event_form(out, row);
        buf_printf(out, act ? " | the act `%s` was done |\n" : " | %s |\n", row->what);
    }
}

static void points_tables(struct buf *out)
{
    buf_text_add(out, "\n## Points\n\n`OPERATION.N.PHASE`: the N-th such operation since the story "
                      "began, 1 to 999, and how far it has come. `allocate.1.done+30m` is half an "
                      "hour later. `{call}` is the same without a phase, and only of MAAS.\n\n"
                      "| operation | what is done |\n|---|---|\n");
    for (const struct verb_word *w = verb_point_ops; w->word; w++)
        buf_printf(out, "| `%s` | %s%s |\n", w->word, w->what, w->of_maas ? " (MAAS)" : "");
    buf_text_add(out, "\n| phase | how far |\n|---|---|\n");
    for (const struct verb_word *w = verb_point_phases; w->word; w++)
        buf_printf(out, "| `%s` | %s |\n", w->word, w->what);
}

void language_markdown(struct buf *out)
{
    buf_text_add(out, beginning);
    buf_printf(out, "```scn\n%s```\n\n", example);
    buf_text_add(out, trying);
    buf_text_add(out, lines_text);
    words_table(out, "line", whens, COUNTOF(whens));
    buf_text_add(out, "\nAt the end of a fact may stand:\n\n");
    words_table(out, "end", ends, COUNTOF(ends));
    buf_text_add(out, times_text);
    headers_table(out);
    buf_text_add(out, deciding);
    buf_text_add(out, "\n## Events and spans\n\nWhat may stand in quotes: an event behind `before` "
                      "and `after` and for `{event}`, a span behind `while`. Any cluster and any "
                      "machine may stand for c1 and m1.\n");
    events_table(out, false);
    events_table(out, true);
    points_tables(out);
    buf_char_add(out, '\n');
}
