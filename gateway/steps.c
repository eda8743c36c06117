/* Tables C and D as one table (GP-57, GP-70): one row a step, in the order in which they go before
 * each other. What a row needs, and since when, says its `when`; rows of a cluster that is wanted
 * and of one that is to go exclude each other there. Back-off follows every outcome but DONE, and
 * the action of an outcome may say more. */
#include "gateway/cluster.h"

#define ON(outcome, action) [GW_OUT_##outcome] = (action)
/* GP-88: nothing about this item gets better before a higher pair is listed */
#define LEFT ON(FORBIDDEN, gw_leave), ON(GONE, gw_leave), ON(BAD, gw_item_wrong)
#define REPORT                                                                                     \
    ON(FORBIDDEN, gw_report_dropped), ON(GONE, gw_report_dropped), ON(BAD, gw_report_dropped),     \
        ON(CONFLICT, gw_report_dropped)
#define CHANGE      GW_IS_CHANGE
#define OF_MACHINES GW_IS_MACHINES

/* clang-format off */
const struct gw_step gw_steps[GW_STEPS] = {
    /* work: name, whom, flags, when, before, request, good, other outcomes */
    [GW_STEP_OFFER_AGAIN] = {"hand-over", GW_PALETTE, GW_IS_GATE | GW_IS_END, gw_offer_again_when, NULL,
        gw_offer_write, gw_offer_good, {ON(CONFLICT, gw_offer_conflict), LEFT}},
    [GW_STEP_CLAIM] = {"claim", GW_PALETTE, GW_IS_GATE, gw_claim_when, NULL,
        gw_claim_write, gw_claim_good, {ON(CONFLICT, gw_leave), LEFT}},
    [GW_STEP_WHOAMI] = {"user of the key", GW_MAAS, GW_IS_GATE, gw_whoami_when, NULL,
        gw_whoami_write, gw_whoami_good, {0}},
    [GW_STEP_LOOK] = {"look", GW_MAAS, 0, gw_look_when, NULL,
        gw_look_write, gw_look_good, {0}},
    [GW_STEP_LOOK_OWN] = {"look at what is annotated", GW_MAAS, GW_IS_GATE, gw_look_own_when, NULL,
        gw_look_own_write, gw_look_own_good, {0}},
    [GW_STEP_READ] = {"read", GW_MAAS, OF_MACHINES, gw_read_when, NULL,
        gw_read_write, gw_read_good,
        {ON(GONE, gw_read_gone), ON(FORBIDDEN, gw_read_forbidden)}},
    [GW_STEP_NAME_READ] = {"look up the name", GW_MAAS, 0, gw_name_read_when, NULL,
        gw_name_read_write, gw_name_read_good,
        {ON(GONE, gw_name_domain), ON(FORBIDDEN, gw_name_forbidden)}},
    [GW_STEP_NAME_MAKE] = {"make the name", GW_MAAS, CHANGE, gw_name_make_when, NULL,
        gw_name_make_write, gw_name_written_good,
        {ON(UNKNOWN, gw_name_again), ON(BAD, gw_name_again), ON(CONFLICT, gw_name_again),
         ON(GONE, gw_name_domain), ON(FORBIDDEN, gw_name_forbidden)}},
    [GW_STEP_NAME_SET] = {"change the name", GW_MAAS, CHANGE, gw_name_set_when, NULL,
        gw_name_set_write, gw_name_written_good,
        {ON(UNKNOWN, gw_name_again), ON(BAD, gw_name_again), ON(CONFLICT, gw_name_again),
         ON(GONE, gw_name_again), ON(FORBIDDEN, gw_name_forbidden)}},
    [GW_STEP_NAME_DROP] = {"delete the name", GW_MAAS, CHANGE, gw_name_drop_when, NULL,
        gw_name_drop_write, gw_name_drop_good,
        {ON(UNKNOWN, gw_name_again), ON(BAD, gw_name_again), ON(CONFLICT, gw_name_again),
         ON(GONE, gw_name_gone), ON(FORBIDDEN, gw_name_forbidden)}},
    [GW_STEP_MARK] = {"annotate", GW_MAAS, CHANGE | OF_MACHINES, gw_mark_when, NULL,
        gw_mark_write, gw_mark_good,
        {ON(UNKNOWN, gw_machine_unknown), ON(CONFLICT, gw_mark_refused),
         ON(FORBIDDEN, gw_mark_refused), ON(BAD, gw_mark_refused), ON(GONE, gw_machine_unknown)}},
    [GW_STEP_RELEASE] = {"release", GW_MAAS, CHANGE | OF_MACHINES, gw_release_when,
        gw_release_before, gw_release_write, gw_release_good,
        {ON(UNKNOWN, gw_release_unknown), ON(CONFLICT, gw_release_refused),
         ON(FORBIDDEN, gw_release_refused), ON(BAD, gw_release_refused),
         ON(GONE, gw_machine_unknown)}},
    [GW_STEP_IMAGES] = {"look for the image", GW_MAAS, 0, gw_images_when, NULL,
        gw_images_write, gw_images_good, {0}},
    [GW_STEP_IMAGE] = {"look at the image", GW_MAAS, 0, gw_image_when, NULL,
        gw_image_write, gw_image_good, {ON(GONE, gw_image_gone), ON(FORBIDDEN, gw_image_gone)}},
    [GW_STEP_CHOOSE] = {"choose a machine", GW_MAAS, 0, gw_choose_when, NULL,
        gw_choose_write, gw_choose_good, {0}},
    [GW_STEP_ALLOCATE] = {"allocate", GW_MAAS, CHANGE, gw_allocate_when, gw_allocate_before,
        gw_allocate_write, gw_allocate_good,
        {ON(NOT_NOW, gw_allocate_not_done), ON(UNKNOWN, gw_allocate_unknown),
         ON(CONFLICT, gw_allocate_none), ON(BAD, gw_allocate_bad), ON(GONE, gw_allocate_bad),
         ON(FORBIDDEN, gw_allocate_bad)}},
    [GW_STEP_DEPLOY] = {"deploy", GW_MAAS, CHANGE | OF_MACHINES, gw_deploy_when, gw_deploy_before,
        gw_deploy_write, gw_deploy_good,
        {ON(BAD, gw_deploy_bad), ON(UNKNOWN, gw_deploy_unknown), ON(CONFLICT, gw_machine_unknown),
         ON(FORBIDDEN, gw_machine_unknown), ON(GONE, gw_machine_unknown)}},
    [GW_STEP_OFFER] = {"hand-over", GW_PALETTE, GW_IS_END, gw_offer_when, gw_offer_before,
        gw_offer_write, gw_offer_good,
        {ON(NOT_NOW, gw_offer_not_now), ON(CONFLICT, gw_offer_conflict), LEFT}},
    [GW_STEP_RELEASED] = {"released", GW_PALETTE, GW_IS_END, gw_released_when, NULL,
        gw_released_write, gw_released_good,
        {ON(GONE, gw_released_gone), ON(CONFLICT, gw_released_conflict),
         ON(FORBIDDEN, gw_leave), ON(BAD, gw_item_wrong)}},
    /* report */
    [GW_STEP_RECORD_MAKE] = {"machine record", GW_PALETTE, OF_MACHINES, gw_record_make_when,
        gw_record_before, gw_record_make_write, gw_record_make_good,
        {ON(NOT_NOW, gw_record_missed), REPORT}},
    [GW_STEP_RECORD_SET] = {"machine record", GW_PALETTE, OF_MACHINES, gw_record_set_when,
        gw_record_before, gw_record_set_write, gw_record_set_good,
        {ON(GONE, gw_record_gone), ON(FORBIDDEN, gw_report_dropped), ON(BAD, gw_report_dropped),
         ON(CONFLICT, gw_report_dropped)}},
    [GW_STEP_RECORD_DROP] = {"machine record", GW_PALETTE, OF_MACHINES, gw_record_drop_when, NULL,
        gw_record_drop_write, gw_record_drop_good, {REPORT}},
    [GW_STEP_ENDPOINT] = {"endpoint", GW_PALETTE, 0, gw_endpoint_when, NULL,
        gw_endpoint_write, gw_endpoint_good, {REPORT}},
    [GW_STEP_CONDITIONS] = {"conditions", GW_PALETTE, 0, gw_conditions_when, gw_conditions_before,
        gw_conditions_write, gw_conditions_good, {REPORT}},
    [GW_STEP_EVENT] = {"event", GW_PALETTE, 0, gw_cluster_event_when, NULL,
        gw_event_write, gw_event_good, {REPORT}},
};
/* clang-format on */
