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

/* MAAS's own record of it, which clients read at events/. */
static void changed_said(const struct maas_hands *h, const struct maas_machine *one,
                         enum maas_status from)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 127);
    buf_printf(&text, "From '%s' to '%s'", maas_status_label(from), maas_status_label(one->status));
    maas_event_add(h->m, h->at, one, MAAS_DEBUG, "Node changed status", buf_text(&text));
}

void maas_move(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
               const char *why)
{
    const enum maas_status from = one->status;

    maas_changed(h->m, one);
    if (!maas_status_may(from, to))
        WRONG("a machine's status would change against MAAS's law");
    one->was_status = from;
    text_copy(one->was_owner, sizeof(one->was_owner), one->owner);
    one->status = to;
    if (to == MAAS_NEW || to == MAAS_READY)
        one->owner[0] = '\0'; /* MAAS does so, whoever asked */
    maas_ready_sort(h->m, one);
    changed_said(h, one, from);
    state_said(h, one, maas_status_label(from), maas_status_label(to), why);
}

void maas_message(const struct maas_hands *h, struct maas_machine *one, const char *text,
                  const char *action)
{
    text_copy(one->message, sizeof(one->message), text);
    one->action = action;
    if (h)
        maas_event_add(h->m, h->at, one, *action ? MAAS_ERROR : MAAS_INFO, text, "");
}

/* --- timers ----------------------------------------------------------------------------------- */

void maas_timer_set(const struct maas_hands *h, struct maas_machine *one, enum maas_timer timer,
                    ms_t when)
{
    one->at[timer] = when;
    h->m->due = ms_min(h->m->due, when);
}

static void timers_stop(struct maas_machine *one)
{
    for (size_t i = 0; i < MAAS_TIMER_COUNT; i++)
        one->at[i] = MS_NEVER;
}

/* What ends the status just entered: that it is done, or MAAS's patience with it. */
static void settle_after(const struct maas_hands *h, struct maas_machine *one,
                         enum maas_duration takes, enum maas_duration limit)
{
    const bool hangs = maas_mishap(h->m, one, maas_mishap_of_hang(one->status));
    ms_t lasts = h->m->takes[hangs && limit != MAAS_DURATION_COUNT ? limit : takes];

    one->wrong = hangs ? one->wrong | BIT(maas_mishap_of_hang(one->status))
                       : one->wrong & ~BIT(maas_mishap_of_hang(one->status));
    if (one->stay_ms > 0 && one->stay == one->status)
        lasts = ms_max(lasts, one->stay_ms);
    maas_timer_set(h, one, MAAS_TIMER_SETTLE,
                   hangs && limit == MAAS_DURATION_COUNT ? MS_NEVER : h->at + lasts);
}

static void power_after(const struct maas_hands *h, struct maas_machine *one)
{
    maas_timer_set(h, one, MAAS_TIMER_POWER, h->at + h->m->takes[MAAS_TAKES_POWER]);
}

/* --- changes ---------------------------------------------------------------------------------- */

void maas_failed(const struct maas_hands *h, struct maas_machine *one, enum maas_status to,
                 const char *why)
{
    struct buf text SCOPED(buf_drop) = {0};

    timers_stop(one);
    one->running = false;
    if (*why) {
        buf_init(&text, sizeof(one->message) - 1);
        buf_printf(&text, "Marking node failed - %s", why);
        maas_message(h, one, buf_text(&text), "mark_failed");
        text_copy(one->error_description, sizeof(one->error_description), why);
    }
    maas_move(h, one, to, "failed");
}

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

/* 3.5 switches the power within the request, 3.7 leaves it to a workflow. */
void maas_deploy(const struct maas_hands *h, struct maas_machine *one, const struct maas_system *s)
{
    user_data_set(one, s->user_data);
    text_copy(one->osystem, sizeof(one->osystem), s->osystem);
    text_copy(one->distro_series, sizeof(one->distro_series), s->series);
    text_copy(one->hwe_kernel, sizeof(one->hwe_kernel), s->kernel);
    one->ephemeral = s->ephemeral;
    one->hw_sync = s->hw_sync;
    one->crash_dump = s->crash_dump;
    maas_message(h, one, "Deploying", "");
    one->installation = s->ephemeral ? 0 : ++h->m->next_result_id; /* in memory none is made */
    one->running = false;
    maas_move(h, one, MAAS_DEPLOYING, "deploy");
    power_after(h, one);
    settle_after(h, one, MAAS_TAKES_DEPLOY, MAAS_LIMIT_DEPLOY);
    one->wrong &= ~BIT(MAAS_MISHAP_DEPLOY_FAILS);
    if (maas_mishap(h->m, one, MAAS_MISHAP_DEPLOY_FAILS))
        one->wrong |= BIT(MAAS_MISHAP_DEPLOY_FAILS);
    if (!(one->wrong & (BIT(MAAS_MISHAP_DEPLOY_FAILS) | BIT(MAAS_MISHAP_DEPLOY_HANGS))))
        maas_timer_set(h, one, MAAS_TIMER_BOOT, h->at + h->m->takes[MAAS_TAKES_BOOT]);
}

static void undeploy(const struct maas_hands *h, struct maas_machine *one)
{
    one->osystem[0] = one->distro_series[0] = one->hwe_kernel[0] = '\0';
    one->netboot = true;
    one->running = one->ephemeral = one->hw_sync = one->crash_dump = false;
    if (!maas_is_37(h->m))
        one->installation = 0;
}

/* Of a deployment its owner keeps the machine and its mark; what was deployed is gone. */
void maas_abort(const struct maas_hands *h, struct maas_machine *one)
{
    timers_stop(one);
    one->power = MAAS_POWER_OFF;
    one->running = false;
    if (one->status == MAAS_DEPLOYING) {
        undeploy(h, one);
        maas_addresses_drop(h, one);
        maas_move(h, one, MAAS_ALLOCATED, "abort");
    } else if (one->status == MAAS_COMMISSIONING) {
        one->commissioning_status = one->testing_status = -1;
        maas_move(h, one, MAAS_NEW, "abort");
    } else if (one->status == MAAS_TESTING) {
        maas_move(h, one, one->before == MAAS_COMMISSIONING ? MAAS_READY : one->before, "abort");
    } else {
        maas_move(h, one, MAAS_FAILED_DISK_ERASING, "abort");
    }
}

void maas_set_free(const struct maas_hands *h, struct maas_machine *one, const char *why)
{
    timers_stop(one);
    undeploy(h, one);
    one->agent_name[0] = '\0';
    maas_annotations_clear(one);
    maas_addresses_drop(h, one);
    maas_bridges_drop(one);
    one->locked = false;
    one->power = MAAS_POWER_OFF;
    maas_message(h, one, "Released", "");
    maas_move(h, one, one->never_commissioned ? MAAS_NEW : MAAS_READY, why);
    maas_marked(h, one, why);
}

/* MAAS forgets agent_name when the power-off begins, the annotations when the release ends. */
static void power_off_begins(const struct maas_hands *h, struct maas_machine *one)
{
    undeploy(h, one);
    one->agent_name[0] = '\0';
    maas_message(h, one, "Releasing", "");
    maas_move(h, one, MAAS_RELEASING, "release");
    maas_marked(h, one, "release");
    settle_after(h, one, MAAS_TAKES_RELEASE, MAAS_LIMIT_RELEASE);
}

void maas_release(const struct maas_hands *h, struct maas_machine *one, bool erase)
{
    timers_stop(one);
    if (erase) {
        one->running = false;
        maas_move(h, one, MAAS_DISK_ERASING, "release");
        if (one->power != MAAS_POWER_ON)
            power_after(h, one);
        settle_after(h, one, MAAS_TAKES_ERASE, MAAS_DURATION_COUNT);
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
        settle_after(h, one, MAAS_TAKES_RELEASE, MAAS_LIMIT_RELEASE);
    if (to == MAAS_DISK_ERASING)
        settle_after(h, one, MAAS_TAKES_ERASE, MAAS_DURATION_COUNT);
}

static void boot_begins(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->status == MAAS_DEPLOYED)
        maas_timer_set(h, one, MAAS_TIMER_BOOT, h->at + h->m->takes[MAAS_TAKES_BOOT]);
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
    maas_addresses_drop(h, one);
    one->running = false;
    one->gone = true;
    maas_ready_sort(h->m, one);
    state_said(h, one, maas_status_label(one->status), "absent", why);
}

/* --- commissioning, tests, rescue, breaking --------------------------------------------------- */

void maas_commission(const struct maas_hands *h, struct maas_machine *one, const char *owner,
                     bool tests)
{
    timers_stop(one);
    text_copy(one->owner, sizeof(one->owner), owner);
    maas_message(h, one, "Commissioning", "");
    one->before = MAAS_COMMISSIONING;
    one->commissioning = ++h->m->next_result_id;
    one->testing = tests ? ++h->m->next_result_id : 0;
    one->installation = 0;
    one->commissioning_status = 0;
    one->testing_status = tests ? 0 : -1;
    one->error_description[0] = '\0';
    maas_layout_clear(one);
    maas_move(h, one, MAAS_COMMISSIONING, "commission");
    power_after(h, one);
    settle_after(h, one, MAAS_TAKES_COMMISSION, MAAS_LIMIT_COMMISSION);
}

void maas_test(const struct maas_hands *h, struct maas_machine *one, const char *owner)
{
    timers_stop(one);
    if (one->status != MAAS_COMMISSIONING) {
        one->before = one->status;
        one->testing = ++h->m->next_result_id;
    }
    one->testing_status = 0;
    if (!one->owner[0])
        text_copy(one->owner, sizeof(one->owner), owner);
    maas_message(h, one, "Testing", "");
    maas_move(h, one, MAAS_TESTING, "test");
    if (one->power != MAAS_POWER_ON)
        power_after(h, one);
    settle_after(h, one, MAAS_TAKES_TEST, MAAS_LIMIT_COMMISSION);
}

void maas_rescue(const struct maas_hands *h, struct maas_machine *one, const char *owner)
{
    timers_stop(one);
    one->before = one->status;
    if (!one->owner[0])
        text_copy(one->owner, sizeof(one->owner), owner);
    one->running = false;
    maas_message(h, one, "Entering rescue mode", "");
    maas_move(h, one, MAAS_ENTERING_RESCUE_MODE, "rescue");
    power_after(h, one);
    settle_after(h, one, MAAS_TAKES_RESCUE, MAAS_LIMIT_RESCUE);
}

void maas_rescue_end(const struct maas_hands *h, struct maas_machine *one)
{
    timers_stop(one);
    maas_message(h, one, "Exiting rescue mode", "");
    maas_move(h, one, MAAS_EXITING_RESCUE_MODE, "rescue");
    settle_after(h, one, MAAS_TAKES_RESCUE, MAAS_LIMIT_RELEASE);
}

/* Released first when it can be; 3.7 keeps the owner of one that is switched on. */
void maas_break(const struct maas_hands *h, struct maas_machine *one, const char *comment)
{
    const bool freed = maas_status_releasable(one->status);

    timers_stop(one);
    if (freed) {
        const bool kept = maas_is_37(h->m) && one->power == MAAS_POWER_ON;

        undeploy(h, one);
        maas_addresses_drop(h, one);
        maas_annotations_clear(one);
        maas_message(h, one, kept ? "Releasing" : "Released", "");
        if (!kept)
            one->owner[0] = '\0';
        one->power = MAAS_POWER_OFF;
        one->locked = false;
    }
    one->agent_name[0] = '\0';
    one->running = false;
    one->before = one->status;
    text_copy(one->error_description, sizeof(one->error_description), comment);
    maas_move(h, one, MAAS_BROKEN, "mark-broken");
    maas_marked(h, one, "mark-broken");
}

void maas_fix(const struct maas_hands *h, struct maas_machine *one)
{
    one->osystem[0] = one->distro_series[0] = one->error_description[0] = '\0';
    one->owner[0] = '\0';
    maas_move(h, one, one->before == MAAS_DEPLOYED ? MAAS_DEPLOYED : MAAS_READY, "mark-fixed");
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
    if (one->wrong & BIT(MAAS_MISHAP_DEPLOY_HANGS)) {
        maas_failed(h, one, MAAS_FAILED_DEPLOYMENT,
                    maas_is_37(h->m) ? ""
                                     : "Node operation 'Deploying' timed out after 30 minutes.");
    } else if (one->wrong & BIT(MAAS_MISHAP_DEPLOY_FAILS)) {
        maas_failed(h, one, MAAS_FAILED_DEPLOYMENT, FAILED);
    } else {
        one->netboot = one->ephemeral;
        maas_message(h, one, "Deployed", "");
        maas_move(h, one, MAAS_DEPLOYED, "deployed");
    }
}

static void commissioning_settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->wrong & BIT(MAAS_MISHAP_COMMISSION_HANGS)) {
        one->commissioning_status = 4;
        maas_failed(h, one, MAAS_FAILED_COMMISSIONING,
                    "Node operation 'Commissioning' timed out after 30 minutes.");
        return;
    }
    if (maas_mishap(h->m, one, MAAS_MISHAP_COMMISSION_FAILS)) {
        one->commissioning_status = -1; /* scripts that did not run have no result */
        maas_message(h, one, "Failed commissioning", "");
        maas_failed(h, one, MAAS_FAILED_COMMISSIONING, "");
        return;
    }
    one->commissioning_status = 2;
    maas_hardware_find(h->m, one);
    if (one->testing) {
        maas_test(h, one, one->owner);
        return;
    }
    maas_message(h, one, "Ready", "");
    maas_move(h, one, MAAS_READY, "commissioned");
    power_after(h, one);
}

static void test_settles(const struct maas_hands *h, struct maas_machine *one)
{
    const enum maas_status back = one->before == MAAS_COMMISSIONING ? MAAS_READY : one->before;

    if (one->wrong & BIT(MAAS_MISHAP_TEST_HANGS) ||
        maas_mishap(h->m, one, MAAS_MISHAP_TEST_FAILS)) {
        one->testing_status = one->wrong & BIT(MAAS_MISHAP_TEST_HANGS) ? 4 : 3;
        maas_message(h, one, "Failed testing", "");
        maas_failed(h, one, MAAS_FAILED_TESTING, "");
        return;
    }
    one->testing_status = 2;
    if (back == MAAS_READY)
        maas_message(h, one, "Ready", "");
    maas_move(h, one, back, "tested");
    if (back == MAAS_READY || back == MAAS_NEW)
        power_after(h, one);
}

static void erasing_settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (maas_mishap(h->m, one, MAAS_MISHAP_ERASE_FAILS))
        maas_failed(h, one, MAAS_FAILED_DISK_ERASING, "Failed to erase disks.");
    else
        power_off_begins(h, one);
}

static void release_settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->wrong & BIT(MAAS_MISHAP_RELEASE_HANGS))
        maas_failed(h, one, MAAS_FAILED_RELEASING,
                    "Node operation 'Releasing' timed out after 5 minutes.");
    else
        maas_set_free(h, one, "released");
}

static void rescue_settles(const struct maas_hands *h, struct maas_machine *one)
{
    const bool entering = one->status == MAAS_ENTERING_RESCUE_MODE;

    if (one->wrong & BIT(MAAS_MISHAP_RESCUE_HANGS)) {
        maas_failed(h, one,
                    entering ? MAAS_FAILED_ENTERING_RESCUE_MODE : MAAS_FAILED_EXITING_RESCUE_MODE,
                    entering ? "Node operation 'Entering rescue mode' timed out after 30 minutes."
                             : "Node operation 'Exiting rescue mode' timed out after 5 minutes.");
        return;
    }
    maas_message(h, one, entering ? "Rescue mode" : "Exited rescue mode", "");
    maas_move(h, one, entering ? MAAS_RESCUE_MODE : one->before, "rescue");
    if (!entering && one->before == MAAS_DEPLOYED)
        boot_begins(h, one);
}

static void settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (one->status == MAAS_DEPLOYING)
        deployment_settles(h, one);
    else if (one->status == MAAS_DISK_ERASING)
        erasing_settles(h, one);
    else if (one->status == MAAS_RELEASING)
        release_settles(h, one);
    else if (one->status == MAAS_COMMISSIONING)
        commissioning_settles(h, one);
    else if (one->status == MAAS_TESTING)
        test_settles(h, one);
    else if (one->status == MAAS_ENTERING_RESCUE_MODE || one->status == MAAS_EXITING_RESCUE_MODE)
        rescue_settles(h, one);
}

/* The power is what the status wants; a dead BMC says nothing, and MAAS gives up a deployment. */
static void power_settles(const struct maas_hands *h, struct maas_machine *one)
{
    if (!maas_mishap(h->m, one, MAAS_MISHAP_BMC_DEAD))
        one->power =
            one->status == MAAS_READY || one->status == MAAS_NEW ? MAAS_POWER_OFF : MAAS_POWER_ON;
    else if (one->status == MAAS_DEPLOYING)
        maas_failed(h, one, MAAS_FAILED_DEPLOYMENT, "");
}

static void fires(const struct maas_hands *h, struct maas_machine *one, enum maas_timer timer)
{
    one->at[timer] = MS_NEVER;
    maas_changed(h->m, one);
    switch (timer) {
    case MAAS_TIMER_POWER:
        power_settles(h, one);
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
            if (m->machines[i]->at[k] != MS_NEVER &&
                (!first || m->machines[i]->at[k] < first->at[*ret])) {
                first = m->machines[i];
                *ret = (enum maas_timer)k;
            }
    m->due = first ? first->at[*ret] : MS_NEVER;
    return first;
}

void maas_appeared(const struct maas_hands *h, const struct maas_machine *one)
{
    state_said(h, one, "", maas_status_label(one->status), "made");
}

static void announce(const struct maas_hands *h)
{
    for (size_t i = 0; i < h->m->n_machines; i++)
        maas_appeared(h, h->m->machines[i]);
    h->m->announced = true;
}

void maas_catch_up(const struct maas_hands *h)
{
    struct maas_machine *one;
    enum maas_timer timer = MAAS_TIMER_COUNT;

    if (!h->m->announced)
        announce(h);
    while (h->m->due <= h->now && (one = earliest(h->m, &timer)) && one->at[timer] <= h->now) {
        const struct maas_hands late = {
            .m = h->m, .now = h->now, .at = one->at[timer], .events = h->events};

        fires(&late, one, timer);
    }
}

ms_t maas_machines_due(const struct maas *m)
{
    return !m->announced && m->n_machines > 0 ? 0 : m->due;
}

size_t maas_booting(const struct maas *m, struct maas_boot *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_machines && n < max; i++) {
        const struct maas_machine *one = m->machines[i];

        if (!one->running || one->gone)
            continue;
        ret[n] = (struct maas_boot){.boots = one->boots};
        text_copy(ret[n].system_id, sizeof(ret[n].system_id), one->system_id);
        text_copy(ret[n].hostname, sizeof(ret[n].hostname), one->hostname);
        text_copy(ret[n++].address, sizeof(ret[0].address), one->ip);
    }
    return n;
}
