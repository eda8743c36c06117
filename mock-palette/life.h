/* Who owns a cluster, and what each message may change about it: the profile's state table (GP-53)
 * and the transactions of claim, hand-over, delete, reclaim and release, over one small value and
 * nothing else. A test explores all of it exhaustively (tests/unit/palette_ownership_test.c).
 *
 * The stage is the only truth: owner, wanted state and what may be called follow from it by table.
 * A move either is refused and changes nothing, or is done as a whole. Times are domain time. */
#ifndef MOCK_PALETTE_LIFE_H
#define MOCK_PALETTE_LIFE_H

#include "lib/base/base.h"

#define PAL_OWNER_LEASE_MS  SECONDS(600)
#define PAL_LEASE_MARGIN_MS SECONDS(120)
#define PAL_FORCE_MS        SECONDS(900)
#define PAL_FORCED_KEEP_MS  SECONDS(259200)
#define PAL_SILENT_MS       SECONDS(600) /* unhealthySeconds: nobody to hand over to, after that */

enum pal_stage {
    PAL_STAGE_PENDING,
    PAL_STAGE_PROVISIONING,
    PAL_STAGE_RUNNING,
    PAL_STAGE_RECLAIM, /* Deleting, and the agent has not given the machines back yet */
    PAL_STAGE_DELETING,
    PAL_STAGE_DELETED,
    PAL_STAGE_COUNT
};

/* What a party may call in a stage. */
enum {
    PAL_CAN_CLAIM = 1,
    PAL_CAN_REPORT = 2, /* conditions, endpoints, machine records, events */
    PAL_CAN_HANDOVER = 4,
    PAL_CAN_RELEASED = 8,
    PAL_CAN_REGISTER = 16,
    PAL_CAN_BEAT = 32,
    PAL_CAN_READ = 64, /* assignment, spcApply, its own cluster */
    PAL_CAN_QUIESCED = 128
};

struct pal_stage_row {
    const char *name; /* as Palette shows it */
    bool by_cluster;  /* the cluster owns, else the gateway */
    bool absent;      /* desired */
    unsigned gateway, agent;
};
const struct pal_stage_row *pal_stage_row(enum pal_stage stage);

/* An offer of hand-over, by which its copy is known again. */
struct pal_offer {
    int64_t epoch, claim, revision;
    uint64_t machines; /* digest of the list */
};

struct pal_life {
    enum pal_stage stage;
    int64_t epoch, revision;
    int64_t claim, claim_epoch; /* the highest number given out, and when; 0: none */
    bool registered;            /* an agent that can speak for it has registered and is heard */
    bool forced;                /* the public record is gone; the item stays until released */
    bool reclaimed;             /* the machines came back from the cluster */
    bool quiesced;              /* how they came back: the agent said so */
    bool moving;                /* on its way to another gateway: nobody's list has it (GP-75) */
    ms_t moved_until;           /* when the old gateway's lease and the margin have run out */
    struct pal_offer accepted;
    ms_t switched_at, deleted_at, forced_at;
    ms_t agent_last; /* the agent's last call */
};
void pal_life_init(struct pal_life *l);

enum pal_move_kind {
    PAL_MOVE_CLAIM,    /* epoch */
    PAL_MOVE_HANDOVER, /* offer, complete */
    PAL_MOVE_RELEASED, /* epoch, claim, complete */
    PAL_MOVE_DELETE,
    PAL_MOVE_FORCE,
    PAL_MOVE_REGISTER, /* speaks */
    PAL_MOVE_QUIESCED,
    PAL_MOVE_CHANGE,    /* the user changed what is wanted */
    PAL_MOVE_LEASE_OUT, /* time: the agent was silent for too long */
    PAL_MOVE_KEEP_OUT,  /* time: a forced item was kept for long enough */
    PAL_MOVE_SILENT,    /* time: the agent to hand over to was not heard for too long */
    PAL_MOVE_MIGRATE,   /* the user names another gateway; lease_end: of the old one's */
    PAL_MOVE_ARRIVE,    /* and there it is: left, or time has passed */
    PAL_MOVE_COUNT
};

struct pal_move {
    enum pal_move_kind kind;
    struct pal_offer offer; /* epoch and claim of claim and released, too */
    bool complete;          /* the list of machines is the inventory */
    bool speaks;            /* the node that registers can speak for the cluster */
    bool left;              /* the old gateway has asked with a cursor of a list without it */
    ms_t lease_end;         /* of the old gateway, with the margin; in the past when it has none */
    ms_t now;
};

struct pal_verdict {
    bool made;  /* the move was made; false and a status below 300: it had been made before */
    int status; /* 200, 204, or a refusal */
    const char *code, *message;
};
/* Judges the move and, when it is not refused, makes it. */
const struct pal_verdict *pal_life_move(struct pal_life *l, const struct pal_move *m);

/* The rows of the transaction table that refuse or repeat an answer, for tests: "kind status code".
 */
size_t pal_life_rules(void);
const char *pal_life_rule(size_t i);

/* When time itself moves it; MS_NEVER. */
ms_t pal_life_due(const struct pal_life *l);
/* The state a user is shown. */
const char *pal_life_shown(const struct pal_life *l);
/* What the responsible gateway may call now: its column of the stage, or nothing. */
unsigned pal_life_gateway_may(const struct pal_life *l);
/* The gateway's feed lists it. */
bool pal_life_listed(const struct pal_life *l);

#endif
