/* The files of GP_SECRETS_DIR (GP-7) and of trust anchors: read, checked, and never quoted. */
#ifndef GATEWAY_SECRETS_H
#define GATEWAY_SECRETS_H

#include "gateway/core.h"

/* pairing-code, maas-key and gateway-secret, each where it is there, into ret. A final newline is
 * not part of the value. Refused: a file that others could read, a value of the wrong form. */
int secrets_read(const char *variable, const char *dir, struct gw_config *ret, struct err *e)
    MUST_CHECK;
/* One of them as a person gave it: of the right form, into ret. */
int secret_take(const char *name, const char *value, struct gw_config *ret, struct err *e)
    MUST_CHECK;
/* The file can be read and holds at least one certificate in PEM. */
int secrets_anchors_check(const char *variable, const char *path, struct err *e) MUST_CHECK;

#endif
