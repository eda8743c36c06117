#include "tests/unit/line_play.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct play *play_new(const char *story)
{
    struct play *r = calloc(1, sizeof *r);
    char text[4096];
    struct err e;

    assert_non_null(r);
    snprintf(text, sizeof text, "scenario \"x\"\n%srun 1h\n", story);
    must(script_read("x.scn", text, NULL, &r->script, &e), &e);
    r->lines = lines_new(&r->script);
    r->fed = true;
    ev_list_init(&r->journal);
    return r;
}

void play_free(struct play *r)
{
    lines_free(r->lines);
    ev_list_drop(&r->journal);
    free(r);
}

/* "from=gateway to=palette": fields by name, values without blanks; '_' alone is the empty value.
 */
static void fields_add(struct event *e, const char *fields)
{
    char field[128];

    while (text_next(&fields, ' ', field, sizeof field)) {
        char *equals = strchr(field, '=');
        assert_non_null(equals);
        *equals = '\0';
        assert_true(ev_field_find(field) < EV_FIELD_COUNT);
        ev_text_add(e, ev_field_find(field), text_is(equals + 1, "_") ? "" : equals + 1);
    }
}

static uint64_t put(struct play *r, enum ev_src src, struct event *e)
{
    e->src = src;
    e->seq = ++r->seq;
    e->nth = ++r->nth[src];
    ev_chain(e, r->chain[src], e->chain);
    memcpy(r->chain[src], e->chain, sizeof e->chain);
    ev_list_add(&r->journal, e);
    if (r->fed)
        lines_feed(r->lines, e);
    return e->seq;
}

uint64_t play_put(struct play *r, enum ev_src src, ms_t t, enum ev_kind kind, const char *fields)
{
    struct event e;

    ev_init(&e, kind, t);
    fields_add(&e, fields);
    return put(r, src, &e);
}

void play_act_of(struct play *r, ms_t t, const char *verb, int fired)
{
    struct event e;

    ev_init(&e, EV_ACT, t);
    ev_int_add(&e, EVF_LINE, 99);
    ev_text_add(&e, EVF_VERB, verb);
    ev_int_add(&e, EVF_FIRED, fired);
    put(r, EVS_ENGINE, &e);
}

void play_act(struct play *r, ms_t t, int line, const char *fired)
{
    char fields[64];

    snprintf(fields, sizeof fields, "line=%d verb=x fired=%s", line, fired);
    play_put(r, EVS_ENGINE, t, EV_ACT, fields);
}

void play_state(struct play *r, ms_t t, const char *before, const char *state)
{
    char fields[64];

    snprintf(fields, sizeof fields, "uid=u1 state=%s before=%s", state, before);
    play_put(r, EVS_PALETTE, t, EV_PAL_GATEWAY, fields);
}

void assert_seen(struct play *r, size_t i, const char *wanted)
{
    uint64_t evidence[JUDGE_EVIDENCE_MAX];
    char seen[256];
    size_t n;

    lines_seen(r->lines, i, seen, sizeof seen, evidence, &n);
    assert_text(seen, wanted);
}

bool play_is_over(const struct play *r, const char *why)
{
    const char *seen = "";

    return lines_over(r->lines, &seen) && text_is(seen, why);
}
