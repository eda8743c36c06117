/* Inside mock-maas (model.h includes it): what handlers of resources share, and the handlers of all
 * resources but machines. */
#ifndef MOCK_MAAS_PARTS_H
#define MOCK_MAAS_PARTS_H

/* --- parameters ------------------------------------------------------------------------------- */

/* The last value of that name in the form, or in the query; NULL: absent. */
const char *maas_field(const struct maas_ask *a, const char *name);
const char *maas_field_or(const struct maas_ask *a, const char *name, const char *otherwise);
const char *maas_asked(const struct maas_ask *a, const char *name);
bool maas_must(struct maas_ask *a, const char *value, const char *name); /* false: answered */
bool maas_checked(const char *value, bool otherwise);                    /* Django's checkbox */
bool maas_word_is_bool(const char *value, bool *ret); /* formencode's; false: it is none */
bool maas_id_of(const struct http_exchange *x, const char *name, int64_t *ret); /* of the path */
bool maas_is_id(const char *text);                                              /* digits */
bool maas_spec_is(const char *spec, int64_t id, const char *name); /* "<id|name>", "id:", "name:" */
int64_t maas_id_take(int64_t wish, int64_t *next);

/* A form's complaints: {"field": ["text", …], …}, in the order in which they are made. */
struct maas_complaints {
    struct buf text;
    char field[64];
};
void maas_complain(struct maas_complaints *c, const char *field, const char *text);
void maas_complain_as(struct maas_complaints *c, const char *field, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* true: answered with 400. */
bool maas_complained(struct maas_ask *a, struct maas_complaints *c, const char *type);
void maas_complaints_drop(struct maas_complaints *c);
bool maas_form_number(struct maas_complaints *c, const char *field, const char *value, int64_t min,
                      int64_t max, int64_t *ret);
bool maas_form_text_fits(struct maas_complaints *c, const char *field, const char *value,
                         size_t max);
bool maas_is_word_letter(char c);
bool maas_is_model_name(const char *name);
bool maas_is_own_name(const char *name, const char *head);

/* --- answers ---------------------------------------------------------------------------------- */

struct maas_doc {
    struct buf body;
    struct pyjson j;
};
struct pyjson *maas_doc_open(struct maas_doc *d); /* first of all, then SCOPED(maas_doc_drop) */
void maas_doc_drop(struct maas_doc *d);
void maas_doc_answer(struct maas_ask *a, const struct maas_doc *d, int status);
void maas_done(struct maas_ask *a);     /* 204 */
void maas_no_place(struct maas_ask *a); /* 500: a bound of ours, not MAAS's */
void maas_conflict(struct maas_ask *a); /* 409, the page */
void maas_time_write(struct pyjson *j, const char *name, const struct maas *m, ms_t at);
void maas_day_write(struct pyjson *j, const char *name, const struct maas *m, ms_t at);
bool maas_base64_read(const char *text, struct buf *out);
void maas_base64_write(const void *bytes, size_t len, struct buf *out);

enum { MAAS_TYPE_MACHINE = 0, MAAS_TYPE_DEVICE = 1, MAAS_TYPE_REGION_AND_RACK = 4 };

/* --- bodies ----------------------------------------------------------------------------------- */

void maas_body_read(struct maas_ask *a);
bool maas_json_read(struct maas_ask *a); /* into the form; false: it is no JSON */
void maas_body_drop(struct maas_ask *a);
bool maas_header_parameter(const char *header, const char *name, char *out, size_t size);

/* --- who holds which address ------------------------------------------------------------------ */

struct maas_held {
    uint32_t ip;
    enum maas_alloc alloc;
    const char *owner; /* NULL: nobody */
    ms_t made;
    /* One of these, or none: */
    const struct maas_used *used;
    const struct maas_machine *machine; /* with */
    const struct maas_nic *nic;
    const struct maas_machine *bmc; /* the first machine behind it */
};
size_t maas_held_list(const struct maas *m, struct maas_held **ret); /* freed by the caller */
void maas_held_write(struct pyjson *j, struct maas *m, const struct maas_held *held);
bool maas_ip_within(const char *text, uint32_t *ret);
void maas_used_forget(struct maas *m, struct maas_used *u);

/* --- pieces of others --------------------------------------------------------------------------*/

void maas_user_write(struct pyjson *j, const char *name, const struct maas_account *u);
void maas_zone_write(struct pyjson *j, const char *name, const struct maas *m, int64_t id);
void maas_pool_write(struct pyjson *j, const char *name, const struct maas *m, int64_t id);
const char *maas_domain_name(const struct maas *m, int64_t id);
void maas_subnet_write_fresh(struct pyjson *j, const char *name, const struct maas *m,
                             const struct maas_subnet *s, bool fresh);
struct maas_subnet *maas_subnet_for(const struct http_exchange *x); /* NULL: answered */
void maas_plain_nic_write(struct pyjson *j, const struct maas *m, const char *system_id,
                          const struct maas_nic_plain *nic, bool rack, const char *links);
void maas_rack_nic_write(struct pyjson *j, const struct maas *m, const struct maas_rack *rack);
const struct maas_rack *maas_rack_find(const struct maas *m, const char *system_id);
int64_t maas_nic_number(struct maas *m); /* the next one */
size_t maas_machines_of(const struct maas *m, const char *owner);
bool maas_level_read(const char *name, enum maas_level *ret);

/* A machine's own key to the metadata service, as op=get_token tells it. */
void maas_node_token(const struct maas *m, const struct maas_machine *one, struct maas_token *ret);
struct maas_machine *maas_node_of_token(struct maas *m, const char *token, struct maas_token *ret);

/* words.c; false: no such words, or nothing that they name. */
bool maas_by_words(struct maas *m, const char *text);

struct maas_naming { /* the name that a request means */
    char name[MAAS_NAME_MAX];
    size_t domain; /* place in the list; n_domains: none such */
    bool has_name, has_domain;
};
bool maas_naming_read(struct maas_ask *a, const struct pairs *p, struct maas_naming *ret);
bool maas_naming_fits(const struct maas *m, const struct maas_naming *want,
                      const struct maas_record *r);
struct maas_record *maas_record_ensure(struct maas_ask *a, const struct maas_naming *n);
void maas_record_drop_empty(struct maas_ask *a, int64_t id);
void maas_dns_implied_write(struct pyjson *j, const struct maas *m);
void maas_dns_point(struct maas_ask *a, const char *name, const char *ip);
void maas_dns_unpoint(struct maas_ask *a, const char *ip);
void maas_rr_write(struct pyjson *j, struct maas *m, const struct maas_rr *rr);

/* --- handlers --------------------------------------------------------------------------------- */

http_handler maas_user_create, maas_user_delete, maas_tokens, maas_token_create, maas_token_delete,
    maas_token_rename, maas_login;
http_handler maas_keys, maas_key, maas_key_create, maas_key_delete;
http_handler maas_zone_update, maas_zone_delete, maas_pool_update, maas_pool_delete;
http_handler maas_tag_update, maas_tag_delete, maas_tag_machines, maas_tag_nobody,
    maas_tag_update_nodes, maas_tag_rebuild;
http_handler maas_domain_create, maas_domain_update, maas_domain_delete, maas_domain_default,
    maas_domain_serial;
http_handler maas_rrs, maas_rr, maas_rr_create, maas_rr_update, maas_rr_delete;
http_handler maas_fabrics, maas_fabric, maas_fabric_create, maas_fabric_update, maas_fabric_delete;
http_handler maas_vlans, maas_vlan, maas_vlan_create, maas_vlan_update, maas_vlan_delete;
http_handler maas_spaces, maas_space, maas_space_create, maas_space_update, maas_space_delete;
http_handler maas_subnet_create, maas_subnet_update, maas_subnet_delete, maas_subnet_reserved,
    maas_subnet_unreserved, maas_subnet_statistics, maas_subnet_addresses;
http_handler maas_ranges, maas_range, maas_range_create, maas_range_update, maas_range_delete;
http_handler maas_reserveds, maas_reserved, maas_reserved_create, maas_reserved_update,
    maas_reserved_delete;
http_handler maas_addresses, maas_address_reserve, maas_address_release;
http_handler maas_config_get, maas_config_set, maas_events;
http_handler maas_devices, maas_device, maas_device_create, maas_device_update, maas_device_delete;
http_handler maas_files, maas_file, maas_file_create, maas_file_delete, maas_file_get,
    maas_file_by_key;
http_handler maas_racks, maas_rack, maas_rack_images, maas_rack_import;
http_handler maas_none, maas_no_item, maas_repositories, maas_repository, maas_notifications;
http_handler maas_image_create, maas_image_delete, maas_image_upload, maas_image_import,
    maas_image_stop;
http_handler maas_sources, maas_source, maas_source_create, maas_source_update, maas_source_delete;
http_handler maas_selections, maas_selection, maas_selection_create, maas_selection_update,
    maas_selection_delete;
http_handler maas_describe;
http_handler maas_metadata_root, maas_metadata_list, maas_metadata_value, maas_metadata_user_data,
    maas_metadata_vendor_data;

#endif
