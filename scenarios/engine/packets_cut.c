#include "scenarios/engine/packets_cut.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/capture.h"
#include "scenarios/engine/pcapng.h"
#include "scenarios/engine/stage.h"
#include "scenarios/judge/rules.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAIRS_MAX JUDGE_EVIDENCE_MAX

struct pairs { /* of addresses, as text; none: every packet is wanted */
    size_t n;
    struct {
        char a[16], b[16];
    } at[PAIRS_MAX];
};

static const struct event *event_of(const struct ev_list *journal, uint64_t seq)
{
    for (size_t i = 0; i < journal->n; i++)
        if (ev_list_at(journal, i)->seq == seq)
            return ev_list_at(journal, i);
    return NULL;
}

static void pairs_of(const struct run_item *item, const struct story_verdict *v, struct pairs *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < v->n_evidence; i++) {
        const struct event *e = event_of(&item->journal, v->evidence[i]);

        if (e == NULL || !ev_has(e, EVF_FROM_IP) || !ev_has(e, EVF_TO_IP))
            continue;
        (void)text_copy(ret->at[ret->n].a, sizeof ret->at[0].a, ev_text(e, EVF_FROM_IP));
        (void)text_copy(ret->at[ret->n].b, sizeof ret->at[0].b, ev_text(e, EVF_TO_IP));
        ret->n++;
    }
}

static bool is_wanted(const struct pairs *p, const uint8_t *bytes, size_t len)
{
    struct packet k;
    char from[16], to[16];

    if (p->n == 0)
        return true;
    if (!packet_read(bytes, len, &k))
        return false;
    packet_address_write(k.from, from, sizeof from);
    packet_address_write(k.to, to, sizeof to);
    for (size_t i = 0; i < p->n; i++)
        if ((text_is(p->at[i].a, from) && text_is(p->at[i].b, to)) ||
            (text_is(p->at[i].a, to) && text_is(p->at[i].b, from)))
            return true;
    return false;
}

static size_t cut(const struct buf *whole, const struct pairs *pairs, struct buf *out)
{
    struct pcapng_block b;
    size_t at = 0, n = 0;

    while (pcapng_next((const uint8_t *)whole->data, whole->len, &at, &b)) {
        const bool wanted = b.packet == NULL || is_wanted(pairs, b.packet, b.packet_len);

        if (wanted)
            buf_add(out, b.bytes, b.len);
        n += wanted && b.packet != NULL;
    }
    return n;
}

static bool by_packets(const struct story_verdict *v)
{
    const struct rule *r = rule_find(v->rule);

    return v->verdict == VERDICT_FAIL && r != NULL && strstr(r->channels, "NET") != NULL;
}

static void verdict_cut(const struct run_item *item, struct story_verdict *v,
                        const struct buf *whole)
{
    SCOPED(buf_drop) struct buf out = {0};
    struct pairs pairs;
    char path[1100];
    size_t n;

    buf_init(&out, CAPTURE_FILE_MAX + MIB(1));
    pairs_of(item, v, &pairs);
    n = cut(whole, &pairs, &out);
    snprintf(path, sizeof path, "%s/%s.pcapng", item->dir, v->rule);
    if (n == 0 || file_write(path, out.data, out.len, 0644, NULL) < 0)
        return;
    const size_t used = strlen(v->note);
    snprintf(v->note + used, sizeof v->note - used, "%s%zu packets in %s.pcapng beside the journal",
             used > 0 ? "; " : "", n, v->rule);
}

void packets_cut(struct run_item *item, bool keep_all)
{
    SCOPED(buf_drop) struct buf whole = {0};
    char path[1100];

    snprintf(path, sizeof path, "%s/" STAGE_PACKETS, item->dir);
    buf_init(&whole, CAPTURE_FILE_MAX + MIB(1));
    if (!file_exists(path) || file_read(path, &whole, NULL) < 0)
        return;
    for (size_t i = 0; i < item->judgement.n; i++)
        if (by_packets(&item->judgement.at[i]))
            verdict_cut(item, &item->judgement.at[i], &whole);
    if (!keep_all)
        (void)unlink(path);
}
