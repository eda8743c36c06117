/* The life of a machine: what operations, time and an operator's hand make of it. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define FAILED "Installation failed (refer to the installation log for more information)."

/* --- the two events --------------------------------------------------------------------------- */

static void said(const struct maas_hands *h, const struct maas_machine *one, struct event *e,
                 const char *why)
{
    ev_text_add(e, EVF_MACHINE, one->hostname);
    ev_text_add(e, EVF_UID, one->system_id);
    ev_text_add(e, EVF_MARKER, one->agent_name);
    ev_text_add(e, EVF_OWNER, one->owner);
    ev_text_add(e, EVF_WHY, why);
    ev_list_add(h->events, e);
}

static void state_said(const struct maas_hands *h, const struct maas_machine *one,
                       const char *before, const char *state, const char *why)
{
    struct event e;

    ev_init(&e, EV_MAAS_STATE, h->now);
    ev_text_add(&e, EVF_STATE, state);
    ev_text_add(&e, EVF_BEFORE, before);
    said(h, one, &e, why);
}

void maas_marked(const struct maas_hands *h, const struct maas_machine *one, const char *why)
{
    struct event e;

    ev_init(&e, EV_MAAS_MARK, h->now);
    said(h, one, &e, why);
}

/* --- the only writer of a status -------------------------------------------------------------- */

void maas_move(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
               const char *why)
{
    const enum maas_status from = one->status;

    if (!maas_status_may(from, to))
        WRONG("a machine's status would change against MAAS's law");
    one->status = to;
    if (to == MAAS_NEW || to == MAAS_READY)
        one->owner[0] = '\0'; /* MAAS does so, whoever asked */
    state_said(h, one, maas_status_label(from), maas_status_label(to), why);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void timers_stop(struct maas_machine *one)
{
    for (size_t i = 0; i < MAAS_TIMER_COUNT; i++)
        one->at[i] = MS_NEVER;
}

/* How long the status just entered lasts. */
static void settle_after(const struct maas_hands *h, struct maas_machine *one,
                         enum maas_duration takes)
{
    ms_t lasts = maas_takes(takes);

    if (one->stay_ms > 0 && one->stay == one->status)
        lasts = ms_max(lasts, one->stay_ms);
    one->at[MAAS_TIMER_SETTLE] = h->at + lasts;
}

/* --- changes ---------------------------------------------------------------------------------- */

void maas_acquire(const struct maas_hands *h, struct maas_machine *one, const char *owner,
                  const char *agent_name)
{
    text_copy(one->owner, sizeof(one->owner), owner);
    text_copy(one->agent_name, sizeof(one->agent_name), agent_name);
    maas_marked(h, one, "allocate");
    maas_move(h, one, MAAS_ALLOCATED, "allocate");
}

static void user_data_set(struct maas_machine *one, const char *text)
{
    free(one->user_data);
    one->user_data = text ? strdup(text) : NULL;
    if (text && !one->user_data)
        WRONG("out of memory");
}

void maas_deploy(const struct maas_hands *h, struct maas_machine *one, const char *osystem,
                 const char *series, const char *kernel, const char *user_data)
{
    user_data_set(one, user_data);
    text_copy(one->osystem, sizeof(one->osystem), osystem);
    text_copy(one->distro_series, sizeof(one->distro_series), series);
    text_copy(one->hwe_kernel, sizeof(one->hwe_kernel), kernel);
    one->message = "Deploying";
    one->action = "";
    one->installation++;
    one->running = false;
    maas_move(h, one, MAAS_DEPLOYING, "deploy");
    one->at[MAAS_TIMER_POWER] = h->at + maas_takes(MAAS_TAKES_POWER);
    one->at[MAAS_TIMER_BOOT] = one->doomed ? MS_NEVER : h->at + maas_takes(MAAS_TAKES_BOOT);
    settle_after(h, one, MAAS_TAKES_DEPLOY);
}

static void undeploy(struct maas_machine *one)
{
    one->osystem[0] = one->distro_series[0] = one->hwe_kernel[0] = '\0';
    one->netboot = true;
    one->running = false;
}

/* Its owner keeps it, and its mark; what was deployed is gone. */
void maas_abort(const struct maas_hands *h, struct maas_machine *one)
{
    timers_stop(one);
    undeploy(one);
    one->power = MAAS_POWER_OFF;
    maas_address(h, one, false);
    maas_move(h, one, MAAS_ALLOCATED, "abort");
}

void maas_set_free(const struct maas_hands *h, struct maas_machine *one, const char *why)
{
    timers_stop(one);
    undeploy(one);
    one->agent_name[0] = '\0';
    one->n_annotations = 0;
    maas_address(h, one, false);
    one->locked = false;
    one->power = MAAS_POWER_OFF;
    one->message = "Released";
    one->action = "";
    maas_move(h, one, MAAS_READY, why);
    maas_marked(h, one, why);
}

/* MAAS forgets agent_name when the power-off begins, the annotations when the release ends. */
static void power_off_begins(const struct maas_hands *h, struct maas_machine *one)
{
    undeploy(one);
    one->agent_name[0] = '\0';
    one->message = "Releasing";
    one->action = "";
    maas_move(h, one, MAAS_RELEASING, "release");
    maas_marked(h, one, "release");
    settle_after(h, one, MAAS_TAKES_RELEASE);
}

void maas_release(const struct maas_hands *h, struct maas_machine *one, bool erase)
{
    timers_stop(one);
    if (erase) {
        one->running = false;
        maas_move(h, one, MAAS_DISK_ERASING, "release");
        settle_after(h, one, MAAS_TAKES_ERASE);
    } else if (one->power == MAAS_POWER_ON) {
        power_off_begins(h, one);
    } else {
        maas_set_free(h, one, "release");
    }
}

/* MAAS takes the mark off a broken machine; of the others it keeps it. */
void maas_stand(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
                const char *why)
{
    timers_stop(one);
    if (to == MAAS_BROKEN)
        one->agent_name[0] = '\0';
    one->running = to == MAAS_DEPLOYED && one->running;
    maas_move(h, one, to, why);
    maas_marked(h, one, why);
    if (to == MAAS_RELEASING)
        settle_after(h, one, MAAS_TAKES_RELEASE);
    if (to == MAAS_DISK_ERASING)
        settle_after(h, one, MAAS_TAKES_ERASE);
}

static void boot_begins(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->status == MAAS_DEPLOYED)
        one->at[MAAS_TIMER_BOOT] = h->at + maas_takes(MAAS_TAKES_BOOT);
}

void maas_power_set(const struct maas_hands *h, struct maas_machine *one, bool on)
{
    const bool was_on = one->power == MAAS_POWER_ON;

    one->power = on ? MAAS_POWER_ON : MAAS_POWER_OFF;
    if (!on) {
        one->running = false;
        one->at[MAAS_TIMER_BOOT] = MS_NEVER;
    } else if (!was_on) {
        boot_begins(h, one);
    }
}

void maas_machine_delete(const struct maas_hands *h, struct maas_machine *one, const char *why)
{
    timers_stop(one);
    one->running = false;
    one->gone = true;
    state_said(h, one, maas_status_label(one->status), "absent", why);
}

/* --- time ------------------------------------------------------------------------------------- */

static void booted(const struct maas_hands *h, struct maas_machine *one)
{
    one->running = true;
    one->boots++;
    state_said(h, one, maas_status_label(one->status), maas_status_label(one->status), "booted");
}

static void deployment_settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (!one->doomed) {
        one->netboot = false;
        one->message = "Deployed";
        maas_move(h, one, MAAS_DEPLOYED, "deployed");
        return;
    }
    one->running = false;
    one->message = "Marking node failed - " FAILED;
    one->action = "mark_failed";
    text_copy(one->error_description, sizeof(one->error_description), FAILED);
    maas_move(h, one, MAAS_FAILED_DEPLOYMENT, "failed");
}

static void settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->status == MAAS_DEPLOYING)
        deployment_settles(h, one);
    else if (one->status == MAAS_DISK_ERASING)
        power_off_begins(h, one);
    else if (one->status == MAAS_RELEASING)
        maas_set_free(h, one, "released");
}

static void fires(const struct maas_hands *h, struct maas_machine *one, enum maas_timer timer)
{
    one->at[timer] = MS_NEVER;
    switch (timer) {
    case MAAS_TIMER_POWER:
        one->power = MAAS_POWER_ON;
        break;
    case MAAS_TIMER_BOOT:
        booted(h, one);
        break;
    case MAAS_TIMER_SETTLE:
        settles(h, one);
        break;
    case MAAS_TIMER_COUNT:
        WRONG("no timer");
    }
}

/* The earliest timer of all: machines in their order, then power before boot before settle. */
static struct maas_machine *earliest(struct maas *m, enum maas_timer *ret)
{
    struct maas_machine *first = NULL;

    for (size_t i = 0; i < m->n_machines; i++)
        for (unsigned k = 0; k < MAAS_TIMER_COUNT; k++)
            if (m->machines[i].at[k] != MS_NEVER &&
                (!first || m->machines[i].at[k] < first->at[*ret])) {
                first = &m->machines[i];
                *ret = (enum maas_timer)k;
            }
    return first;
}

void maas_appeared(const struct maas_hands *h, const struct maas_machine *one)
{
    state_said(h, one, "", maas_status_label(one->status), "made");
}

static void announce(const struct maas_hands *h)
{
    for (size_t i = 0; i < h->m->n_machines; i++)
        maas_appeared(h, &h->m->machines[i]);
    h->m->announced = true;
}

void maas_catch_up(const struct maas_hands *h)
{
    struct maas_machine *one;
    enum maas_timer timer = MAAS_TIMER_COUNT;

    if (!h->m->announced)
        announce(h);
    while ((one = earliest(h->m, &timer)) && one->at[timer] <= h->now) {
        const struct maas_hands late = {
            .m = h->m, .now = h->now, .at = one->at[timer], .events = h->events};

        fires(&late, one, timer);
    }
}

ms_t maas_machines_due(const struct maas *m)
{
    ms_t due = MS_NEVER;

    if (!m->announced && m->n_machines > 0)
        return 0;
    for (size_t i = 0; i < m->n_machines; i++)
        for (size_t k = 0; k < MAAS_TIMER_COUNT; k++)
            due = ms_min(due, m->machines[i].at[k]);
    return due;
}

size_t maas_booting(const struct maas *m, struct maas_boot *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_machines && n < max; i++) {
        const struct maas_machine *one = &m->machines[i];

        if (!one->running || one->gone)
            continue;
        ret[n] = (struct maas_boot){.boots = one->boots};
        text_copy(ret[n].system_id, sizeof(ret[n].system_id), one->system_id);
        text_copy(ret[n].hostname, sizeof(ret[n].hostname), one->hostname);
        text_copy(ret[n++].address, sizeof(ret[0].address), one->ip);
    }
    return n;
}
