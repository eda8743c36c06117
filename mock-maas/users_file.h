/* The users of a mock MAAS as a file: [{"name":"alice","key":"c:t:s","superuser":false}]. */
#ifndef MOCK_MAAS_USERS_FILE_H
#define MOCK_MAAS_USERS_FILE_H

#include "lib/base/err.h"
#include "mock-maas/maas.h"

/* Appends to c->users. The sentence names file and field, never a key. */
int users_file_read(const char *path, struct maas_config *c, struct err *e) MUST_CHECK;

#endif
