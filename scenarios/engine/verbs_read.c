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

#define MAAS_POINTS "allocate", "deploy", "release", "read"

static const char *const point_ops[] = {MAAS_POINTS, "mark",     "name",  "unname",   "enrol",
                                        "register",  "account",  "fetch", "claim",    "record",
                                        "report",    "handover", "hello", "released", NULL};
static const char *const maas_points[] = {MAAS_POINTS, NULL};
static const char *const point_phases[] = {"asked", "done", "answered", NULL};

static bool is_one_of(const char *const *words, const char *text)
{
    while (*words && !text_is(*words, text))
        words++;
    return *words != NULL;
}

static bool point_read(const char *text, const char *const *ops, struct script_point *p)
{
    char count[8];
    int64_t n;

    if (!text_next(&text, '.', p->op, sizeof p->op) ||
        !text_next(&text, '.', count, sizeof count) || !text_int(count, 1, VERB_POINT_MAX, &n))
        return false;
    p->count = n;
    return is_one_of(ops, p->op);
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

    if (!dot || !point_read(text, point_ops, &p) || !is_one_of(point_phases, dot + 1) ||
        !text_copy(p.phase, sizeof p.phase, dot + 1) || !is_written(&p, text))
        return false;
    *ret = p;
    return true;
}

bool verb_call(const char *text, struct script_point *ret)
{
    struct script_point p = {.count = 0};

    if (!point_read(text, maas_points, &p) || !is_written(&p, text))
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

/* --- events ------------------------------------------------------------------------------------
 */

#define OF_CLUSTER "machine-of-"

/* What an event's kind is followed by. */
enum object { OBJECT_NONE, OBJECT_CLUSTER, OBJECT_MACHINE };

static const struct {
    const char *words;
    enum verb_event_kind kind;
    enum object object;
    bool is_span;
} event_rows[] = {
    {"hello", VERB_EVENT_HELLO, OBJECT_CLUSTER, false},
    {"running", VERB_EVENT_RUNNING, OBJECT_CLUSTER, false},
    {"delete", VERB_EVENT_DELETE, OBJECT_CLUSTER, false},
    {"deleted", VERB_EVENT_DELETED, OBJECT_CLUSTER, false},
    {"ready", VERB_EVENT_READY, OBJECT_MACHINE, false},
    {"allocate", VERB_EVENT_ALLOCATE, OBJECT_MACHINE, false},
    {"deploy", VERB_EVENT_DEPLOY, OBJECT_MACHINE, false},
    {"deployed", VERB_EVENT_DEPLOYED, OBJECT_MACHINE, false},
    {"trusted", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"no proxy", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"honest", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"good certificate", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"good code", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"renewed", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"good maas certificate", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"bad certificate", VERB_EVENT_BAD_CERTIFICATE, OBJECT_NONE, true},
    {"gateway starts", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway stops", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway dies", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway freezes", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway loses-power", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway is wiped", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"gateway comes back", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"dead", VERB_EVENT_DEAD, OBJECT_CLUSTER, false},
    {"palette stops", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"palette starts", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"palette restarts", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"palette moves", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"system gateway stops", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"system gateway starts", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"system gateway dies", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"palette refuses", VERB_EVENT_ACT, OBJECT_NONE, false},
    {"cut", VERB_EVENT_WIRE, OBJECT_NONE, false},
    {"mended", VERB_EVENT_WIRE, OBJECT_NONE, false},
    {"wire cut", VERB_EVENT_CUT, OBJECT_NONE, true},
    {"gateway dead", VERB_EVENT_GATEWAY_DEAD, OBJECT_NONE, true},
    {"system gateway dead", VERB_EVENT_SYSTEM_DEAD, OBJECT_NONE, true},
};

/* Events that are called otherwise than the act that makes them. */
static const char *act_of(const char *event)
{
    static const char *const rows[][2] = {{"trusted", "gateway is told to trust proxy"},
                                          {"no proxy", "gateway is told no proxy"},
                                          {"honest", "proxy is honest"},
                                          {"good certificate", "palette certificate is good"},
                                          {"good maas certificate", "maas certificate is good"},
                                          {"good code", "gateway installs with code good"},
                                          {"renewed", "palette certificate is renewed"}};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i][0], event))
            return rows[i][1];
    return event;
}

/* What is behind "hello ", or NULL. */
static const char *object_of(const char *text, const char *words, enum object object)
{
    const size_t len = strlen(words);

    if (object == OBJECT_NONE)
        return text_is(text, words) ? act_of(text) : NULL;
    return text_begins(text, words) && text[len] == ' ' ? text + len + 1 : NULL;
}

static bool object_read(enum object object, const char *text, struct verb_event *x)
{
    if (object == OBJECT_MACHINE && text_begins(text, OF_CLUSTER)) {
        x->of_cluster = true;
        text += strlen(OF_CLUSTER);
        object = OBJECT_CLUSTER;
    }
    return text_copy(x->name, sizeof x->name, text) &&
           (object == OBJECT_NONE || (object == OBJECT_CLUSTER && is_numbered('c', text)) ||
            (object == OBJECT_MACHINE && is_numbered('m', text)));
}

bool verb_event(const char *text, struct verb_event *ret)
{
    size_t i;

    for (i = 0; i < COUNTOF(event_rows); i++) {
        struct verb_event x = {.kind = event_rows[i].kind, .is_span = event_rows[i].is_span};
        const char *object = object_of(text, event_rows[i].words, event_rows[i].object);

        if (!object || !object_read(event_rows[i].object, object, &x))
            continue;
        *ret = x;
        return true;
    }
    return false;
}
