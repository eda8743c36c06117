/* What a user of Palette sends to make and change clusters: v1SpectroMaasClusterEntity and friends.
 * Pure. A story's cluster of N nodes is one control-plane machine and N - 1 workers. */
#ifndef SCENARIOS_ENGINE_USER_BODY_H
#define SCENARIOS_ENGINE_USER_BODY_H

#include "lib/base/buf.h"
#include "scenarios/engine/script.h"

/* where: what is asked of the machines, "zone=z2,pool=gold,cpu=8,mem=32768,tags=ssd+gpu"; what is
 * absent is as in a form that nobody touched. */
void user_body_create(struct buf *out, const char *name, const char *account_uid, int64_t nodes,
                      const char *where);
bool user_body_is_where(const char *text);              /* for the verb table */
void user_body_workers(struct buf *out, int64_t nodes); /* the pool, for so many nodes in all */
void user_body_label(struct buf *out, const char *name, const char *label); /* "key=value" */

/* --- accounts and gateways --- */

/* A cloud account, bound to that gateway or, "", to none. */
void user_body_account(struct buf *out, const char *name, const char *overlord_uid,
                       const char *endpoint, const char *key);
/* How a story's line wants the account bound: "on", "off", "by-hand", or "" when it does not say.
 */
const char *user_toggle(const struct script_line *line);
/* Of a list of accounts the uid of the one with that name; when there is none and the name is ""
 * or acc1, of the first: the gateway's own. false: not there. */
bool user_account_pick(const struct buf *body, const char *name, char *uid, size_t size);
/* Of a list of gateways the uid of Palette's own. false: none is listed. */
bool user_system_pick(const struct buf *body, char *uid, size_t size);
/* --- pairing codes --- */

#define USER_CODE_GOOD    "good"       /* as Palette gave it */
#define USER_CODE_WRONG   "wrong"      /* mistyped */
#define USER_CODE_USED    "used"       /* somebody else has enrolled with it */
#define USER_CODE_UNKNOWN "unknown"    /* of a gateway that Palette has not heard of */
extern const char *const user_codes[]; /* ends with NULL */
/* Makes of a good code and its gateway's uid what the kind says; used is a code that was spent. */
void user_code_spoil(const char *kind, char *code, char *uid);
/* Another one's enrolment, who comes first with that code. */
#define USER_ENROL_PATH "/v1/x-gp/pcg/%s/credential"
void user_body_enrol(struct buf *out, const char *code);

/* What the journal says of a list of gateways that a user was shown. */
#define USER_SHOWN_SYSTEM "system-gateway"
#define USER_SHOWN_NONE   "no-system-gateway"
/* A path that asks Palette for its own gateway, for a user who was shown none. */
#define USER_SYSTEM_PATH "/v1/overlords/vsphere/tenants/%s/system"
/* The uid that somebody writes who has heard of a system gateway and was never shown one. */
#define USER_SYSTEM_BY_HAND "000000000000000000000001"

#endif
