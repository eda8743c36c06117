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
/* The file can be read and holds certificates in PEM, at least one, and neither a private key nor a
 * zero byte. *ret_expired: the time of none of them is now or to come. */
int secrets_anchors_check(const char *variable, const char *path, bool *ret_expired, struct err *e)
    MUST_CHECK;

#endif
