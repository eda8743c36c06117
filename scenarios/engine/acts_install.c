/* Acts of stage netns: the gateway is installed, with the code that Palette gave its user or with
 * another one. */
#include "scenarios/engine/acts.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/engine/user_body.h"

#include <string.h>

bool act_start(struct play *p, struct guest *g)
{
    struct err e = {0};
    if (guest_start(g, &e) == 0)
        return true;
    if (p->broken.code == 0)
        p->broken = e;
    return false;
}

enum act_state act_code_ask(struct play *p, void (*done)(void *arg, const struct http_result *r))
{
    const struct user_wish wish = {.verb = "pairing-code",
                                   .method = "GET",
                                   .path = "/v1/overlords/pairing/code?cloudType=maas",
                                   .body = "",
                                   .done = done,
                                   .arg = p};
    return act_ask(p, &wish) == ACT_DONE ? ACT_BEGUN : ACT_NOT_DONE;
}

bool act_code_keep(struct play *p, const struct http_result *r)
{
    return r->status == 200 &&
           jx_pick(buf_text(&r->body), r->body.len, "pairingCode", p->code, sizeof(p->code)) &&
           http_header_get(&r->headers, "X-Gp-Pcg-Uid", p->uid, sizeof(p->uid));
}

static bool install(struct play *p)
{
    bool fired =
        guest_secrets(&p->guest, p->uid, p->code, &p->broken) == 0 && act_start(p, &p->guest);
    p->code[0] = '\0';
    return fired;
}

static void on_code(void *arg, const struct http_result *r)
{
    struct play *p = arg;
    act_done(p, p->acting, act_code_keep(p, r) && install(p));
}

enum act_state act_gateway_installs(struct play *p, const struct script_line *line)
{
    (void)line;
    if (guest_running(&p->guest))
        return ACT_NOT_DONE;
    if (p->code[0] == '\0')
        return act_code_ask(p, on_code);
    return install(p) ? ACT_DONE : ACT_NOT_DONE;
}

/* --- with a code of another kind --- */

static void on_spent(void *arg, const struct http_result *r)
{
    struct play *p = arg;
    act_done(p, p->acting, r->status == 200 && install(p));
}

/* Somebody else comes first with it. */
static bool spend(struct play *p)
{
    SCOPED(buf_drop) struct buf path = {0}, body = {0};
    struct user_wish wish = {.method = "POST", .done = on_spent, .arg = p};
    buf_init(&path, URL_PATH_MAX);
    buf_init(&body, KIB(1));
    buf_printf(&path, USER_ENROL_PATH, p->uid);
    user_body_enrol(&body, p->code);
    wish.path = buf_text(&path);
    wish.body = buf_text(&body);
    return act_ask(p, &wish) == ACT_DONE;
}

static void on_other_code(void *arg, const struct http_result *r)
{
    struct play *p = arg;
    const char *kind = p->acting->args[0];
    if (!act_code_keep(p, r) || guest_running(&p->guest)) {
        act_done(p, p->acting, false);
        return;
    }
    if (text_is(kind, USER_CODE_USED)) {
        if (!spend(p))
            act_done(p, p->acting, false);
        return;
    }
    user_code_spoil(kind, p->code, p->uid);
    act_done(p, p->acting, install(p));
}

/* Whatever was installed before is gone, and so is all that it knew. */
enum act_state act_gateway_installs_code(struct play *p, const struct script_line *line)
{
    (void)line;
    if (p->guest.uid[0] != '\0' && guest_wipe(&p->guest, &p->broken) < 0)
        return ACT_NOT_DONE;
    return act_code_ask(p, on_other_code);
}
