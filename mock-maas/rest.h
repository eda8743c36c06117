/* What a MAAS knows besides machines and networks: users with their keys, settings, events,
 * controllers, devices, stored files, image sources. All of it is bounded by name. */
#ifndef MOCK_MAAS_REST_H
#define MOCK_MAAS_REST_H

#include "lib/base/oauth.h"
#include "mock-maas/net.h"

#define MAAS_ACCOUNTS_MAX   128
#define MAAS_TOKENS_MAX     256
#define MAAS_SSH_KEYS_MAX   64
#define MAAS_SSH_KEY_MAX    KIB(2)
#define MAAS_EVENTS_MAX     4096 /* older ones are forgotten */
#define MAAS_DEVICES_MAX    64
#define MAAS_DEVICE_NICS    4
#define MAAS_FILES_MAX      64
#define MAAS_FILE_MAX       KIB(256)
#define MAAS_RACKS_MAX      8
#define MAAS_SETTINGS_MAX   96
#define MAAS_SETTING_MAX    256 /* letters of a value, as JSON */
#define MAAS_RR_MAX         64
#define MAAS_SOURCES_MAX    8
#define MAAS_SELECTIONS_MAX 32
#define MAAS_IMAGES_MAX     64
#define MAAS_IMAGE_FILES    8

struct maas_account { /* a user. Its place does not change while it is there */
    char name[64], email[96];
    char password[64]; /* "": cannot log in by one */
    bool superuser, inactive;
    bool gone; /* the place is free */
};
struct maas_token {  /* an API key */
    int64_t account; /* place of its user */
    bool gone;
    char name[64];
    char consumer[OAUTH_TEXT_MAX], token[OAUTH_TEXT_MAX], secret[OAUTH_TEXT_MAX];
};
struct maas_ssh_key { /* of a user; also TLS client certificates */
    int64_t id, account;
    bool ssl;
    char source[64]; /* "": null */
    char key[MAAS_SSH_KEY_MAX];
};

enum maas_level {
    MAAS_AUDIT = 0,
    MAAS_DEBUG = 10,
    MAAS_INFO = 20,
    MAAS_WARNING = 30,
    MAAS_ERROR = 40,
    MAAS_CRITICAL = 50
};
struct maas_event {
    int64_t id;
    ms_t at;
    enum maas_level level;
    char node[8], hostname[64], user[64]; /* user "": "unknown" */
    char type[48], text[128];
};

struct maas_nic_plain { /* of a device or a controller */
    int64_t id, vlan;   /* vlan 0: null */
    char name[16], mac[18];
};
struct maas_rack { /* region and rack in one, as MAAS installs itself */
    char system_id[8], hostname[64];
    struct maas_nic_plain nic;
    int64_t commissioning; /* number of its result set */
};
struct maas_device {
    char system_id[8], hostname[64], owner[64], parent[8], description[256];
    int64_t domain, zone;
    size_t n_nics;
    struct maas_nic_plain nics[MAAS_DEVICE_NICS];
};
struct maas_file { /* a user's stored file */
    char name[256], owner[64], key[37];
    char *bytes; /* owned */
    size_t len;
};
struct maas_setting {
    const char *name;             /* of the table in config.c */
    char value[MAAS_SETTING_MAX]; /* JSON */
};
struct maas_rr {             /* one piece of data of a name in DNS */
    int64_t id, record, ttl; /* ttl 0: null */
    char type[8], data[256];
};

struct maas_image_file {
    char name[64], type[32], sha256[65];
    int64_t size;
    int64_t got; /* bytes uploaded; complete when got is size */
};
struct maas_image { /* a boot resource */
    int64_t id;
    char name[64],
        architecture[32]; /* "ubuntu/jammy", "amd64/ga-22.04"; uploaded ones: the bare name */
    bool uploaded, complete;
    char title[64], version[16], filetype[16];
    size_t n_files; /* 0: the usual three, of no particular content */
    struct maas_image_file files[MAAS_IMAGE_FILES];
};
struct maas_source {
    int64_t id, next_selection;
    char url[256], keyring_filename[128], keyring_data[1024]; /* base64 */
    ms_t made, changed;
};
struct maas_selection {
    int64_t id, source;
    char os[32], release[32], arches[128], subarches[128], labels[64]; /* lists: by blanks */
};

struct maas_rest {
    size_t n_accounts, n_tokens, n_keys, n_devices, n_files, n_racks, n_settings, n_rrs, n_sources,
        n_selections;
    int64_t next_key, next_event, next_rr, next_source, next_selection;
    struct maas_account accounts[MAAS_ACCOUNTS_MAX];
    struct maas_token tokens[MAAS_TOKENS_MAX];
    struct maas_ssh_key keys[MAAS_SSH_KEYS_MAX];
    size_t n_events;           /* ever written; the ring holds the last MAAS_EVENTS_MAX */
    size_t events_cap;         /* of MAAS_EVENTS_MAX */
    struct maas_event *events; /* owned */
    struct maas_device devices[MAAS_DEVICES_MAX];
    struct maas_file files[MAAS_FILES_MAX];
    struct maas_rack racks[MAAS_RACKS_MAX];
    struct maas_setting settings[MAAS_SETTINGS_MAX];
    struct maas_rr rrs[MAAS_RR_MAX];
    struct maas_source sources[MAAS_SOURCES_MAX];
    struct maas_selection selections[MAAS_SELECTIONS_MAX];
};

struct maas;
struct maas_machine;

void maas_rest_drop(struct maas *m); /* what it owns */

/* --- users ------------------------------------------------------------------------------------ */

struct maas_account *maas_account_add(struct maas *m, const struct maas_account *account);
struct maas_account *maas_account_named(struct maas *m, const char *name); /* NULL: none */
/* key is consumer:token:secret; "" makes a random one. NULL: no place, or no key. */
struct maas_token *maas_token_add(struct maas *m, const struct maas_account *account,
                                  const char *key, const char *name);

/* --- the others ------------------------------------------------------------------------------- */

struct maas_rack *maas_rack_add(struct maas *m, const struct maas_rack *rack);
void maas_settings_fresh(struct maas *m);
/* value is JSON. false: no such setting. */
bool maas_setting_put(struct maas *m, const char *name, const char *value);
const char *maas_setting(const struct maas *m, const char *name); /* JSON; NULL: none */
bool maas_erases(const struct maas *m); /* disks, when a machine is released */
/* id MAAS_NEXT_ID: the next one. node NULL: about no node. */
void maas_event_add(struct maas *m, ms_t at, const struct maas_machine *node, enum maas_level level,
                    const char *type, const char *text);
void maas_event_put(struct maas *m, const struct maas_event *event);

#endif
