/* Certificates of a mock, from an authority in a folder: good ones, and those that a client must
 * not take. For --authority; the folder's ca.pem is what a client is told to trust. */
#ifndef LIB_IO_MOCK_CERTS_H
#define LIB_IO_MOCK_CERTS_H

#include "lib/base/http.h"
#include "lib/io/tls.h"

struct mock_certs;
/* Makes the folder and its authority when they are missing, and the mock's own certificate for
 * `names` (comma list). *ret_tls is the caller's; the two live as long as the process. */
int mock_certs_open(struct mock_certs **ret, const char *dir, const char *names,
                    struct tls_server **ret_tls, struct err *e) MUST_CHECK;
/* What new connections are shown from now on; those that are open keep what they saw. */
int mock_certs_show(struct mock_certs *c, enum http_certificate which, struct err *e) MUST_CHECK;

#endif
