/* Operations on machines: what their files share, and their handlers. */
#ifndef MOCK_MAAS_WORK_H
#define MOCK_MAAS_WORK_H

#include "mock-maas/model.h"

/* --- time and the mock's own door (control.c) ------------------------------------------------- */

ms_t maas_now(const struct maas *m, ms_t now); /* the program's time → the mock's */
int64_t maas_time_of_day(const struct maas *m, ms_t now);
void maas_control(struct maas *m, const struct http_ctx *ctx, const struct http_request *rq,
                  struct http_reply *rp);

/* --- parts of operations ---------------------------------------------------------------------- */

struct maas_machine *maas_machine_for_admin(const struct http_exchange *x); /* NULL: answered */
void maas_state_refuse(struct maas_ask *a, const char *before, const struct maas_machine *one,
                       const char *behind);
bool maas_bridges_read(struct maas_ask *a, struct maas_bridges *ret); /* false: answered */
bool maas_option(struct maas_ask *a, const char *name, bool *ret);    /* false: answered */
/* The i-th of the form's `machines`; *ret NULL: there is none of that id. false: no more. */
bool maas_wished(const struct maas_ask *a, size_t *i, const char **id, struct maas_machine **ret);
bool maas_all_known(struct maas_ask *a);
bool maas_deploy_may(struct maas_ask *a, struct maas_machine *one, struct maas_system *s);
void maas_deploy_start(struct maas_ask *a, struct maas_machine *one, const struct maas_system *s);
bool maas_system_find(const struct maas *m, const struct maas_machine *one, const char *series,
                      struct maas_system *ret);
bool maas_abort_begin(const struct maas_hands *h,
                      struct maas_machine *one); /* its message; false: nothing to abort */
void maas_raise_late(struct maas_ask *a, int status, const char *text, const char *retry_after);
void maas_raise_no_rack(struct maas_ask *a, bool late);
void maas_curtin_write(const struct maas *m, const struct maas_machine *one, struct buf *out);
void maas_machine_short_write(struct pyjson *j, const struct maas *m,
                              const struct maas_machine *one);
void maas_arches_repr(const struct maas *m, struct buf *out); /* 'amd64/generic', … */
bool maas_arch_is_known(const struct maas *m, const char *arch);

/* --- handlers --------------------------------------------------------------------------------- */

http_handler maas_machines, maas_machines_allocated, maas_machine, maas_allocate, maas_annotate;
http_handler maas_machine_deploy, maas_machine_release, maas_release_many;
http_handler maas_machine_power_on, maas_machine_power_off, maas_machine_power,
    maas_machine_parameters, maas_machines_parameters;
http_handler maas_machine_lock, maas_machine_unlock, maas_machine_abort, maas_machine_break,
    maas_machine_fix, maas_machine_commission, maas_machine_test, maas_machine_override,
    maas_machine_rescue, maas_machine_rescue_end;
http_handler maas_machine_restore_network, maas_machine_restore_storage,
    maas_machine_restore_default, maas_machine_layout, maas_machine_clear_gateways;
http_handler maas_machine_curtin, maas_machine_details;
http_handler maas_machine_create, maas_machine_update, maas_machine_remove;
http_handler maas_machines_accept, maas_machines_accept_all, maas_machines_set_zone,
    maas_machines_clone, maas_machines_is_registered;
http_handler maas_node, maas_node_remove, maas_nodes;
http_handler maas_nics, maas_nic, maas_nic_link, maas_nic_unlink, maas_disks, maas_disk;
http_handler maas_machine_token;

#endif
