/* Questions that `install` asks of Palette and of MAAS, one after the other, before anything is
 * written. Each says in one sentence what is wrong and what to do; what the other side sent is
 * never quoted, because MAAS prints the right secret in a refusal (GP-103). */
#ifndef GATEWAY_PROBE_H
#define GATEWAY_PROBE_H

#include "gateway/config.h"

#define PROBE_MS     SECONDS(15)
#define PROBE_SKEW_S 300 /* MAAS refuses a signature that is older (GP-100) */

struct probe;
int probe_new(struct probe **ret, struct err *e) MUST_CHECK;
void probe_free(struct probe *p);

/* Name, way (proxy included), TLS, and the clock as Palette sees it. */
int probe_palette(struct probe *p, const struct config *c, struct err *e) MUST_CHECK;
/* That it is a MAAS. */
int probe_maas(struct probe *p, const struct config *c, struct err *e) MUST_CHECK;
/* The key, the clock; *remark gets a line when the key is good and not an administrator's. */
int probe_key(struct probe *p, const struct config *c, char remark[256], struct err *e) MUST_CHECK;
int probe_domain(struct probe *p, const struct config *c, const char *name, struct err *e)
    MUST_CHECK;
/* "ubuntu/jammy", "custom/x" or "x". */
int probe_image(struct probe *p, const struct config *c, const char *name, struct err *e)
    MUST_CHECK;

#endif
