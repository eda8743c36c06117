/* What the store's two files share: store_open.c (the directory, the file, its version) and store.c
 * (records). Nobody else includes this. */
#ifndef GATEWAY_STORE_INNER_H
#define GATEWAY_STORE_INNER_H

#include "gateway/store.h"

#include <sqlite3.h>

#define STORE_PATH_MAX   1024
#define STORE_REMARK_MAX (STORE_PATH_MAX + 128)

enum { PUT, FORGET, LOAD, OWNER, CLAIM, STATEMENTS };

struct store {
    char path[STORE_PATH_MAX];
    char remark[STORE_REMARK_MAX];
    int lock_fd;
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    bool open; /* a transaction is open */
};

/* -EUCLEAN: the file is not what we wrote; it stays as it is. */
int store_damaged(const struct store *s, const char *what, struct err *e);
/* What SQLite, or the kernel below it, said last, with the remedy. */
int store_failed(const struct store *s, const char *what, struct err *e);
int store_do(struct store *s, const char *sql, const char *what, struct err *e) MUST_CHECK;

#endif
