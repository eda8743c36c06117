/* Started by somebody who wants to try it: a user of its own, and words that tell how to begin. */
#ifndef MOCK_MAAS_ALONE_H
#define MOCK_MAAS_ALONE_H

#include "mock-maas/maas.h"

/* Makes "admin", an administrator with the password "admin"; its key is drawn by the seed. */
void alone_user(struct maas_config *c);
/* Writes the address, the key of alone_user() and examples to standard output. control: address of
 * the door to the mock itself, or "". */
void alone_greet(const char *url, const char *control);

#endif
