/* Words of a line that have parts: points, calls, wires, events. */
#include "scenarios/engine/verbs.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* A letter and a number: c1, m12. */
static bool is_numbered(char letter, const char *text)
{
    int64_t number;

    return text[0] == letter && text_int(text + 1, 1, 99, &number);
}

/* --- points ------------------------------------------------------------------------------------
 */

const struct verb_word verb_point_ops[] = {
    {"allocate", "MAAS is asked for a machine", true},
    {"deploy", "MAAS is asked to deploy one", true},
    {"release", "a machine is given back to MAAS", true},
    {"read", "a machine, or the list of them, is read of MAAS", true},
    {"mark", "a machine that was taken gets its mark in MAAS", false},
    {"name", "a cluster's name is made in MAAS's DNS", false},
    {"unname", "that name is removed", false},
    {"enrol", "a pairing code, or the secret, is shown to Palette", false},
    {"register", "the gateway registers at Palette", false},
    {"account", "the gateway makes its cloud account", false},
    {"fetch", "a feed answer that lists work; it has no `asked`", false},
    {"claim", "a cluster is claimed at Palette", false},
    {"record", "a machine of a cluster is told to Palette", false},
    {"report", "the progress of a cluster is told to Palette", false},
    {"handover", "a cluster is offered to its agent", false},
    {"hello", "an agent registers at Palette", false},
    {"released", "Palette is told that a machine was given back", false},
    {NULL, NULL, false}};
const struct verb_word verb_point_phases[] = {
    {"asked", "the request was read whole, and nothing was done", false},
    {"done", "it was done and is in the journal, and nothing was answered", false},
    {"answered", "the last byte of the answer was sent", false},
    {NULL, NULL, false}};

static bool is_word_of(const struct verb_word *words, const char *text, bool of_maas)
{
    while (words->word && !text_is(words->word, text))
        words++;
    return words->word && (words->of_maas || !of_maas);
}

static bool is_one_of(const char *const *words, const char *text)
{
    while (*words && !text_is(*words, text))
        words++;
    return *words != NULL;
}

static bool point_read(const char *text, bool of_maas, struct script_point *p)
{
    char count[8];
    int64_t n;

    if (!text_next(&text, '.', p->op, sizeof p->op) ||
        !text_next(&text, '.', count, sizeof count) || !text_int(count, 1, VERB_POINT_MAX, &n))
        return false;
    p->count = n;
    return is_word_of(verb_point_ops, p->op, of_maas);
}

/* As it is written, so that nothing was left out of the text. */
static bool is_written(const struct script_point *p, const char *text)
{
    char again[64];

    snprintf(again, sizeof again, "%s.%lld%s%s", p->op, (long long)p->count,
             p->phase[0] != '\0' ? "." : "", p->phase);
    return text_is(again, text);
}

const char *const verb_wire_ends[] = {"gateway", "maas",     "palette", "proxy",
                                      "dns",     "stranger", "user",    "private",
                                      "transit", "internet", NULL};

bool verb_wire_end(const char *text)
{
    return is_one_of(verb_wire_ends, text) || is_numbered('c', text);
}

bool verb_wire(const char *text, struct verb_wire *ret)
{
    const size_t n = strcspn(text, "->");
    struct verb_wire p = {.both = text[n] == '-'};

    if (text[n] == '\0' || !verb_wire_end(text + n + 1) ||
        !text_copy_len(p.from, sizeof p.from, text, n) || !verb_wire_end(p.from) ||
        !text_copy(p.to, sizeof p.to, text + n + 1))
        return false;
    *ret = p;
    return true;
}

bool verb_wire_of_act(const char *text, struct verb_wire *ret)
{
    char words[4][SCRIPT_WORD_MAX] = {""};
    struct buf pair;
    bool is;

    for (size_t i = 0; i < COUNTOF(words) && text_next(&text, ' ', words[i], sizeof words[i]); i++)
        ;
    if (!text_is(words[0], "wire"))
        return false;
    if (!text_is(words[2], "-"))
        return verb_wire(words[1], ret);
    buf_init(&pair, SCRIPT_WORD_MAX);
    buf_printf(&pair, "%s-%s", words[1], words[3]);
    is = verb_wire(buf_text(&pair), ret);
    buf_drop(&pair);
    return is;
}

bool verb_point(const char *text, struct script_point *ret)
{
    const char *dot = strrchr(text, '.');
    struct script_point p = {.count = 0};

    if (!dot || !point_read(text, false, &p) || !is_word_of(verb_point_phases, dot + 1, false) ||
        !text_copy(p.phase, sizeof p.phase, dot + 1) || !is_written(&p, text))
        return false;
    *ret = p;
    return true;
}

bool verb_call(const char *text, struct script_point *ret)
{
    struct script_point p = {.count = 0};

    if (!point_read(text, true, &p) || !is_written(&p, text))
        return false;
    *ret = p;
    return true;
}

/* --- spans
 * ----------------------------------------------------------------------------------------
 */

bool verb_offset(const char *text, ms_t *ret)
{
    const bool back = text[0] == '-', sign = back || text[0] == '+';
    ms_t span;

    if (!text_duration(text + sign, &span))
        return false;
    *ret = back ? -span : span;
    return true;
}

/* --- certificates
 * ----------------------------------------------------------------------------------------
 */

const char *verb_certificate(const char *word)
{
    static const char *const rows[][2] = {{"good", "own"}, {"other-ca", "wrong-authority"}};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i][0], word))
            return rows[i][1];
    return word;
}

/* --- machines
 * ----------------------------------------------------------------------------------------
 */

const char *const verb_machine_statuses[] = {"New",
                                             "Commissioning",
                                             "Failed commissioning",
                                             "Missing",
                                             "Ready",
                                             "Reserved",
                                             "Deployed",
                                             "Retired",
                                             "Broken",
                                             "Deploying",
                                             "Allocated",
                                             "Failed deployment",
                                             "Releasing",
                                             "Releasing failed",
                                             "Disk erasing",
                                             "Failed disk erasing",
                                             "Rescue mode",
                                             "Entering rescue mode",
                                             "Failed to enter rescue mode",
                                             "Exiting rescue mode",
                                             "Failed to exit rescue mode",
                                             "Testing",
                                             "Failed testing",
                                             NULL};

/* --- events ------------------------------------------------------------------------------------
 */

#define OF_CLUSTER "machine-of-"

/* clang-format off */
const struct verb_event_row verb_event_rows[] = {
    {"hello", VERB_EVENT_HELLO, VERB_OBJECT_CLUSTER, false, "an agent of the cluster registered"},
    {"running", VERB_EVENT_RUNNING, VERB_OBJECT_CLUSTER, false, "Palette shows the cluster Running"},
    {"delete", VERB_EVENT_DELETE, VERB_OBJECT_CLUSTER, false, "the user's delete was accepted"},
    {"deleted", VERB_EVENT_DELETED, VERB_OBJECT_CLUSTER, false, "Palette shows the cluster Deleted"},
    {"ready", VERB_EVENT_READY, VERB_OBJECT_MACHINE, false, "a machine that was held is Ready again"},
    {"allocate", VERB_EVENT_ALLOCATE, VERB_OBJECT_MACHINE, false, "a machine becomes Allocated"},
    {"deploy", VERB_EVENT_DEPLOY, VERB_OBJECT_MACHINE, false, "… Deploying"},
    {"deployed", VERB_EVENT_DEPLOYED, VERB_OBJECT_MACHINE, false, "… Deployed"},
    {"trusted", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway is told to trust proxy"},
    {"no proxy", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway is told no proxy"},
    {"honest", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "proxy is honest"},
    {"good certificate", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette certificate is good"},
    {"good code", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway installs with code good"},
    {"renewed", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette certificate is renewed"},
    {"good maas certificate", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "maas certificate is good"},
    {"bad certificate", VERB_EVENT_BAD_CERTIFICATE, VERB_OBJECT_NONE, true, "from the first hello that met a certificate which must not be taken, until a good one is shown again"},
    {"gateway starts", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway starts"},
    {"gateway stops", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway stops"},
    {"gateway dies", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway dies"},
    {"gateway freezes", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway freezes"},
    {"gateway loses-power", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway loses-power"},
    {"gateway is wiped", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway is wiped"},
    {"gateway comes back", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "gateway comes back"},
    {"dead", VERB_EVENT_DEAD, VERB_OBJECT_CLUSTER, false, "a node of the cluster was killed by the story"},
    {"palette stops", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette stops"},
    {"palette starts", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette starts"},
    {"palette restarts", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette restarts"},
    {"palette moves", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette moves"},
    {"system gateway stops", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "system gateway stops"},
    {"system gateway starts", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "system gateway starts"},
    {"system gateway dies", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "system gateway dies"},
    {"palette refuses", VERB_EVENT_ACT, VERB_OBJECT_NONE, false, "palette refuses"},
    {"cut", VERB_EVENT_WIRE, VERB_OBJECT_NONE, false, "a wire was cut"},
    {"mended", VERB_EVENT_WIRE, VERB_OBJECT_NONE, false, "a wire was mended"},
    {"wire cut", VERB_EVENT_CUT, VERB_OBJECT_NONE, true, "some wire is cut"},
    {"gateway dead", VERB_EVENT_GATEWAY_DEAD, VERB_OBJECT_NONE, true, "the gateway was started once and does not live; a frozen one does"},
    {"system gateway dead", VERB_EVENT_SYSTEM_DEAD, VERB_OBJECT_NONE, true, "the same of the one inside Palette"},
};
const size_t n_verb_event_rows = COUNTOF(verb_event_rows);
/* clang-format on */

/* What is behind "hello ", or NULL. */
static const char *object_of(const char *text, const struct verb_event_row *row)
{
    const size_t len = strlen(row->words);

    if (row->object == VERB_OBJECT_NONE && !text_is(text, row->words))
        return NULL;
    if (row->object == VERB_OBJECT_NONE)
        return row->kind == VERB_EVENT_ACT ? row->what : text;
    return text_begins(text, row->words) && text[len] == ' ' ? text + len + 1 : NULL;
}

static bool object_read(enum verb_object object, const char *text, struct verb_event *x)
{
    if (object == VERB_OBJECT_MACHINE && text_begins(text, OF_CLUSTER)) {
        x->of_cluster = true;
        text += strlen(OF_CLUSTER);
        object = VERB_OBJECT_CLUSTER;
    }
    return text_copy(x->name, sizeof x->name, text) &&
           (object == VERB_OBJECT_NONE ||
            (object == VERB_OBJECT_CLUSTER && is_numbered('c', text)) ||
            (object == VERB_OBJECT_MACHINE && is_numbered('m', text)));
}

bool verb_event(const char *text, struct verb_event *ret)
{
    for (size_t i = 0; i < n_verb_event_rows; i++) {
        const struct verb_event_row *row = &verb_event_rows[i];
        struct verb_event x = {.kind = row->kind, .is_span = row->is_span};
        const char *object = object_of(text, row);

        if (!object || !object_read(row->object, object, &x))
            continue;
        *ret = x;
        return true;
    }
    return false;
}

/* The row's words as they would be written of what `text` is about: "runing c2" → "running c2". */
static void event_write(const struct verb_event_row *row, const char *text, char *out, size_t size)
{
    static const char *const examples[] = {
        [VERB_OBJECT_CLUSTER] = "c1", [VERB_OBJECT_MACHINE] = "m1"};
    const char *blank = strrchr(text, ' ');
    struct verb_event x;

    if (row->object == VERB_OBJECT_NONE)
        snprintf(out, size, "%s", row->words);
    else
        snprintf(out, size, "%s %.40s", row->words,
                 blank && object_read(row->object, blank + 1, &x) ? blank + 1
                                                                  : examples[row->object]);
}

bool verb_event_near(const char *text, bool is_span, char *out, size_t size)
{
    char texts[COUNTOF(verb_event_rows)][64];
    const char *words[COUNTOF(verb_event_rows) + 1], *near;
    size_t n = 0;

    for (size_t i = 0; i < n_verb_event_rows; i++) {
        if (verb_event_rows[i].is_span != is_span)
            continue;
        event_write(&verb_event_rows[i], text, texts[n], sizeof texts[n]);
        words[n] = texts[n];
        n++;
    }
    words[n] = NULL;
    near = text_nearest(text, words);
    return near && text_copy(out, size, near);
}
