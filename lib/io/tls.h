/* OpenSSL: server contexts for the edge, and a small authority for labs and tests. */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "lib/base/err.h"

struct tls_server; /* wraps SSL_CTX */
int tls_server_new(struct tls_server **ret, const char *cert_file, const char *key_file,
                   struct err *e) MUST_CHECK;
void tls_server_free(struct tls_server *s);
void *tls_server_ctx(struct tls_server *s); /* SSL_CTX * */
/* Replaces certificate and key for new connections. */
int tls_server_load(struct tls_server *s, const char *cert_file, const char *key_file,
                    struct err *e) MUST_CHECK;
/* The same, and it speaks no TLS newer than 1.1: for clients that must not take that any more. */
int tls_server_load_old(struct tls_server *s, const char *cert_file, const char *key_file,
                        struct err *e) MUST_CHECK;

/* An authority in a directory: DIR/ca.pem, DIR/ca.key (P-256). Serial numbers count from 1.
 * Files are written with mode 0600. not_before is seconds since 1970, so that a stepped run's
 * certificates do not depend on the wall. */
int tls_ca_make(const char *dir, const char *common_name, int64_t not_before_s, int64_t days,
                struct err *e) MUST_CHECK;
/* A leaf signed by DIR's authority: OUT.pem, OUT.key in DIR. names: comma list of DNS names and
 * addresses for the SAN. */
int tls_leaf_make(const char *dir, const char *out, const char *names, int64_t not_before_s,
                  int64_t days, struct err *e) MUST_CHECK;
/* The same, signed by nobody but itself; DIR needs no authority. */
int tls_self_make(const char *dir, const char *out, const char *names, int64_t not_before_s,
                  int64_t days, struct err *e) MUST_CHECK;

#endif
