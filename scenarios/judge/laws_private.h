/* What the laws have in common: questions about one event, and the four ways to end. Private to the
 * files laws*.c and launch.c. */
#ifndef SCENARIOS_JUDGE_LAWS_PRIVATE_H
#define SCENARIOS_JUDGE_LAWS_PRIVATE_H

#include "scenarios/judge/laws.h"

law_fn law_top_1, law_top_3, law_top_4, law_top_5, law_reg_1, law_reg_2, law_reg_3, law_reg_4,
    law_reg_5, law_reg_6, law_con_1, law_con_2, law_con_3, law_con_4, law_con_5, law_maa_1,
    law_maa_2, law_maa_3, law_maa_4, law_maa_6, law_maa_7, law_prx_1, law_prx_2, law_prx_3,
    law_prx_4, law_prx_5, law_prx_6, law_prx_7, law_prx_8, law_prx_9, law_agt_1, law_agt_2,
    law_agt_3, law_agt_4, law_agt_5, law_agt_6, law_ind_1, law_ind_2, law_ind_3, law_ind_4,
    law_ind_5, law_ind_6, law_lif_1, law_lif_2, law_lif_3, law_lif_4, law_lif_7, law_lif_8,
    law_top_2, law_spg_1, law_spg_2, law_spg_3, law_spg_4, law_spg_5, law_spg_6, law_spg_8,
    law_spg_9;

#define LAW_TIME_SIZE 24 /* room for a duration in words */

/* The four ends. `expected` is a sentence, the rest makes `seen` (pass, fail) or `note`. */
void law_pass(struct story_verdict *ret, const char *expected, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void law_fail(struct story_verdict *ret, const char *expected, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Something that should be there is not: a fail only if the evidence is whole and the run was
 * played out, else inconclusive. */
void law_missing(struct story_verdict *ret, const struct law_context *c, const char *expected,
                 const char *fmt, ...) PRINTF_LIKE(4, 5);
void law_unproven(struct story_verdict *ret, enum verdict v, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void law_witness(struct story_verdict *ret, const struct event *e);

bool law_is_prog(const struct event *e, const char *kind); /* of a gateway, wherever it stands */
bool law_is_running(const struct event *e);                /* Palette shows a gateway Running */
bool law_is_sign(const struct event *e);         /* Palette answered the gateway, not with a 5xx */
bool law_is_from_outside(const struct event *e); /* a try from outside into private */
bool law_is_to_palette(const struct event *e);   /* a try of the gateway, at its own link */

/* An act on a wire between the gateway and Palette was done: "cut" or "mended". */
bool law_is_link(const struct event *e, const char *word);

/* Index of the first event from `from` on of which `is` holds; journal->n when there is none. */
size_t law_first(const struct ev_list *journal, size_t from, bool (*is)(const struct event *e));
/* How many different connections of the gateway Palette answered on; only those that were first
 * used while it was told of a proxy, with `told`. */
size_t law_connections(const struct ev_list *journal, bool told);

/* What the gateway is told of a proxy: by run.begin, and by each act that tells it something else.
 */
struct law_told {
    bool is_set;     /* of one */
    char proxy[128]; /* http://host:port */
    char sum[24];    /* digest of the whole value, credentials included */
    char no_proxy[EV_VALUE_MAX];
};
bool law_told_take(struct law_told *t, const struct event *e); /* true: it is told that */
bool law_was_told(const struct ev_list *journal, bool of_one); /* ever, of a proxy or of none */
/* All that it was told so far: a cluster inherits what was told when it was made. */
#define LAW_TOLDS_MAX 8
struct law_tolds {
    size_t n;
    struct {
        uint64_t seq; /* from this record on */
        struct law_told told;
    } at[LAW_TOLDS_MAX];
};
void law_tolds_take(struct law_tolds *t, const struct event *e);
/* At that record; NULL when nothing was told before it. */
const struct law_told *law_tolds_at(const struct law_tolds *t, const struct event *e);

#define LAW_TRUSTED "gateway is told to trust proxy" /* the act */

/* An act that closes, or opens, the way to Palette for everybody here: a cut between the two sides,
 * a proxy that serves nobody or opens TLS, a certificate that must not be taken. */
bool law_is_way(const struct event *e, bool opens);

bool law_is_start(const struct event *e);
ms_t law_end_of(const struct ev_list *journal); /* time of run.end, or of the last record */

#endif
