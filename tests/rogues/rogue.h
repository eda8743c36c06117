/* Rogues: the reference gateway with one switch on that makes it break one rule, at most ten lines
 * each (scenarios/judge/rogues.c says which rule and in which story). They exist in test builds
 * only: the core is the very archive we ship, and the linker puts a hook around some of its
 * functions (--wrap, tests/rogues/CMakeLists.txt). A rogue is one row in gateway_rogues.c.
 *
 * Which rogue a gateway is stands behind a '+' in its version ("0.1.0+leaker", a mood behind a
 * '.'), so that a thousand of them can live in one process, and so that none lies about what it is.
 * What it does journals itself: a line for people that begins with ROGUE_ACT, which the simulator,
 * or the program over the descriptor GP_ROGUE_FD, turns into rogue.act. */
#ifndef TESTS_ROGUES_ROGUE_H
#define TESTS_ROGUES_ROGUE_H

#include "gateway/cluster.h"

#define ROGUE_ACT "rogue.act "

/* A hook after the core's step. */
#define AFTER(name) static void name(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)

struct gw_rogue_before { /* what a hook may need of the time before the core's own function */
    size_t n_machines;
    bool intent;
};

struct gw_hand { /* what is handed to a machine, and which one */
    const struct gw_cluster *c;
    const struct gw_machine *m;
    struct buf *out;
};

#define ROGUE_KEPT_MAX KIB(16)
#define ROGUE_TICKET                                                                               \
    (UINT64_C(1) << 62) /* calls of a rogue's own: the core knows no such ticket                   \
                         */

struct gw_rogue {
    const char *name;
    /* after its first step; after each, with what the core wants done */
    void (*started)(struct gw *g, const struct gw_event *event);
    void (*stepped)(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
    /* instead of user data, and of the list of exceptions in it */
    bool (*hands)(struct gw *g, const struct gw_hand *h);
    void (*excepts)(struct gw *g, const struct gw_hand *h);
    /* before the core's step; false: the core never hears of it */
    bool (*before)(struct gw *g, const struct gw_event *ev, struct gw_effects *fx);
    /* after it: what it wants done may be changed */
    void (*after)(struct gw *g, const struct gw_event *ev, struct gw_effects *fx);
    /* the user data of a machine, as text */
    void (*handed)(const struct gw *g, struct buf *userdata);
    /* the records of a start that it is given */
    size_t (*remembers)(size_t n_records);
    /* after the records of a start were taken in */
    void (*loaded)(struct gw *g, struct gw_effects *fx);
    /* before the newest list is taken in; after it, and before anything is planned for it */
    void (*lists)(struct gw *g, const struct gw_item_head *heads, size_t n);
    void (*listed)(struct gw *g, struct gw_effects *fx);
    /* after an answer was taken in: to a look at the mark, a read of a machine, a release */
    void (*looked)(struct gw_turn *t, const struct gw_rogue_before *b);
    void (*has_read)(struct gw_turn *t);
    void (*released)(struct gw_turn *t);
    /* after a look at the name's record, and after it was written */
    void (*named)(struct gw_turn *t);
    /* a machine that is due to be released: true, it is kept */
    bool (*withholds)(const struct gw_cluster *c, const struct gw_machine *m);
    /* before a hand-over is offered; and the offer as bytes, once the core has written it */
    void (*offers)(struct gw_turn *t);
    void (*offer_written)(struct buf *body);
    /* a hand-over was accepted; true: the core does not hear of it */
    bool (*keeps)(struct gw_turn *t);
};

/* Each ends with a row without a name. */
extern const struct gw_rogue gw_link_rogues[], gw_work_rogues[], gw_maas_rogues[], gw_rest_rogues[],
    gw_life_rogues[], proxy_rogues[];

/* A call among the effects, from `from` on, with this method ("" = any) and this in its URL; NULL.
 */
struct gw_effect *gw_rogue_call(struct gw_effects *fx, size_t from, const char *method,
                                const char *piece);
/* It is never sent, and nobody answers. */
void gw_rogue_drop(struct gw_effect *f);
/* It is never sent, and the core is answered by the rogue itself. */
void gw_rogue_answer(struct gw *g, const struct gw_event *ev, struct gw_effects *fx,
                     struct gw_effect *f, int status, const char *body);
/* The heartbeat among the effects says this to Palette's door; true when there was one. */
bool gw_rogue_tells(struct gw_effects *fx, const char *message);
/* In a text: what stands between `head` and the next `end` becomes this. */
void gw_rogue_member(struct buf *text, const char *head, const char *end, const char *value);

/* A call of its own with the installer's key, of ticket ROGUE_TICKET; NULL: it has no MAAS. */
struct gw_effect *gw_rogue_asks_maas(struct gw *g, struct gw_effects *fx, const char *method,
                                     const char *path);
#define ANY_MACHINE "machines/?op=allocate" /* for nobody */
/* The core believes from now on that MAAS has it back. */
void gw_rogue_frees(struct gw_machine *m);

const struct gw_rogue *gw_rogue_find(const char *name); /* NULL: there is none */
/* The rogue that this gateway is; a row without hooks for a good one. */
const struct gw_rogue *gw_rogue_of(const struct gw *g);
/* Says that the rogue has done what it is there for. */
void gw_rogue_acts(struct gw_effects *fx, const char *fmt, ...) PRINTF_LIKE(2, 3);
void gw_rogue_acts_once(struct gw *g, struct gw_effects *fx, const char *what);
/* At the end of this step. */
void gw_rogue_will_act(struct gw *g, const struct gw_hand *h, const char *what);

#define GW_ROGUE_KEPT_MAX 128
struct gw_rogue_state { /* a rogue's own memory */
    bool acted, flag, on, done;
    int64_t n;
    ms_t at;
    uint64_t ticket;
    char *held;                   /* an answer or a secret, owned */
    const char *will;             /* an act that is due, or NULL */
    char kept[GW_ROGUE_KEPT_MAX]; /* also beyond a restart */
};
struct gw_rogue_state *gw_rogue_state(const struct gw *g);
/* What the proxies' rogues do once the core has made its step. */
void gw_rogue_stepped(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
void gw_rogue_recall(struct gw *g, const struct gw_event *ev);
void gw_rogue_keep(struct gw *g, struct gw_effects *fx, const char *text);
/* What the core itself would hand over. */
bool gw_hand_over(struct gw *g, const struct gw_hand *h);
void gw_hand_exceptions(struct gw *g, const struct gw_hand *h);

/* A tunnel of the gateway was closed under it: known to its program, or to the simulator. */
bool gw_rogue_tunnel_closed(const struct gw *g);

/* Rogues whose program does something beside its core. */
#define ROGUE_TRUSTING   "trusting"
#define ROGUE_HASTY      "proxy-deaf.on-idle-close"
#define ROGUE_STRAY      "env-reader"
#define ROGUE_RELAY      "relay"
#define ROGUE_RELAY_PORT 3128

#endif
