/* Laws of a proxy that opens TLS: PRX-8, PRX-9. */
#include "scenarios/judge/handed.h"
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

/* --- PRX-8 ----------------------------------------------------------------------------------- */

static bool is_act(const struct event *e, const char *words)
{
    return e->kind == EV_ACT && ev_is(e, EVF_FIRED, "1") && ev_is(e, EVF_VERB, words);
}

struct reading {
    size_t shown;                  /* certificates of its own, before it was trusted */
    const struct event *trusted;   /* the act */
    bool opens, running, has_read; /* now; of the gateway since it was trusted */
};

/* Who trusts the proxy lets itself be read, and is no node: those were told nothing. */
static bool is_read_unasked(const struct reading *r, const struct event *e)
{
    return e->kind == EV_BUMP_REQUEST && !(r->trusted && ev_is(e, EVF_FROM, "gateway"));
}

static void follow(struct reading *r, const struct event *e)
{
    if (is_act(e, "proxy breaks tls"))
        r->opens = true;
    if (is_act(e, "proxy is honest"))
        r->opens = false;
    if (is_act(e, LAW_TRUSTED))
        r->trusted = e;
    r->shown += e->kind == EV_BUMP_CERT && !r->trusted;
    r->has_read = r->has_read || (r->trusted && e->kind == EV_BUMP_REQUEST);
    r->running = r->running || (r->trusted && r->opens && (law_is_running(e) || law_is_sign(e)));
}

void law_prx_8(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "a proxy that opens TLS reads nothing before it is trusted, and serves once it is";
    struct reading r = {.shown = 0};

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (is_read_unasked(&r, e)) {
            law_fail(ret, expected, "a request of %s was readable at it", ev_text(e, EVF_FROM));
            law_witness(ret, e);
            return;
        }
        follow(&r, e);
    }
    if (r.shown == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no proxy showed a certificate of its own");
    else if (r.trusted && r.opens && (!r.running || !r.has_read))
        law_missing(ret, c, expected, "it is trusted, and the gateway is not served through it");
    else
        law_pass(ret, expected, "%zu certificates refused%s", r.shown,
                 r.running ? ", and served when trusted" : "");
}

/* --- PRX-9 ----------------------------------------------------------------------------------- */

/* Both ways are right: what is noted is which. */
void law_prx_9(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "noted: whether machines find the proxy's authority";
    bool trusted = false;
    size_t boots = 0, with = 0;
    char found[8];

    (void)c;
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        trusted = trusted || is_act(e, LAW_TRUSTED);
        if (!trusted || e->kind != EV_NODE_BOOT)
            continue;
        boots++;
        handed_param(ev_text(e, EVF_PARAMS), "further-anchors", false, found, sizeof found);
        with += text_is(found, "yes");
        law_witness(ret, e);
    }
    if (boots == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE,
                     "no machine booted after the gateway was told of an authority");
    else
        law_pass(ret, expected, "%s: %zu of %zu machines found it", with > 0 ? "yes" : "no", with,
                 boots);
}
