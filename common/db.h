/*
 * PostgreSQL: a pool of connections with prepared statements, typed parameters, and the one place where work is retried.
 * Called by store/ files. Built on libpq.
 */
#ifndef ANTIN_DB_H
#define ANTIN_DB_H

#include "common/bytes.h"

struct db_pool;
struct db; /* one connection, lent for the length of a db_do */

/*
 * A statement: a static object in a store file, listed in the daemon's statement table (store/statements.c), prepared on
 * each new connection. `make lint` prepares every one against an empty migrated database.
 */
struct db_stmt {
    const char *name;
    const char *sql;
    int nparams;
};

struct db_pool_conf {
    const char *conninfo;               /* libpq connection string */
    unsigned size;                      /* connections at most; opened when first needed */
    unsigned wait_ms;                   /* how long db_do waits for a free one before ERR_BUSY */
    const struct db_stmt *const *stmts; /* NULL-terminated */
    unsigned statement_ms;              /* the server ends a statement after that long; 0: 10 s */
};
/* Opens no connection yet: a daemon starts without its database and recovers when it comes. */
err_t db_pool_open(const struct db_pool_conf *conf, struct db_pool **out) MUST_USE;
void db_pool_close(struct db_pool **p);

enum db_mode {
    DB_AUTOCOMMIT, /* each statement is its own transaction */
    DB_TX,         /* fn runs inside BEGIN … COMMIT (read committed); any error rolls back */
};
typedef err_t db_fn(struct db *db, void *arg);
/*
 * Lends a connection to fn. When fn (or COMMIT) fails with ERR_DB_RETRY, all of fn runs again, three times at most. A broken connection is
 * replaced and fn runs again only if nothing had been sent on it (else ERR_DB_DOWN: the outcome is unknown, the caller's idempotency decides).
 * Returns fn's error, ERR_DB_DOWN or ERR_BUSY.
 */
err_t db_do(struct db_pool *p, enum db_mode mode, db_fn *fn, void *arg) MUST_USE;
bool db_pool_alive(struct db_pool *p); /* for readiness: SELECT 1 */

/* Typed parameters; the caller keeps the memory until the call returns. */
enum db_type { DB_T_NULL, DB_T_TEXT, DB_T_INT, DB_T_BOOL, DB_T_BYTES, DB_T_TIME };
struct db_param {
    enum db_type type;
    union {
        const char *text;
        int64_t i; /* DB_T_INT; DB_T_TIME: seconds since 1970; DB_T_BOOL */
        struct bytes bytes;
    } v;
};
#define DB_TEXT(s) db_text_param(s) /* NULL gives SQL NULL; also for uuid, jsonb, inet columns */
#define DB_INT(x) ((struct db_param){.type = DB_T_INT, .v.i = (x)})
#define DB_BOOL(x) ((struct db_param){.type = DB_T_BOOL, .v.i = (x)})
#define DB_BYTES(b) ((struct db_param){.type = DB_T_BYTES, .v.bytes = (b)})
#define DB_TIME(t) ((struct db_param){.type = DB_T_TIME, .v.i = (t)})
#define DB_NULL ((struct db_param){.type = DB_T_NULL})
struct db_param db_text_param(const char *s);
/* The parameters of one call, in the statement's order: db_query(db, &stmt, DB_PARAMS(DB_TEXT(id), DB_INT(3)), NULL). */
#define DB_PARAMS(...) ((const struct db_param[]){__VA_ARGS__})

struct db_rows; /* a result; borrowed values live until it is freed */
void db_rows_free(struct db_rows **r);
#define AUTO_ROWS AUTO(db_rows_free) struct db_rows *

/*
 * Runs a prepared statement. rows may be NULL when no result is wanted. Errors: ERR_DB_RETRY (40001, 40P01), ERR_DB_CONFLICT (23505),
 * ERR_DB_DOWN (connection, 57P01…), ERR_BUSY (statement or lock timeout), ERR_DISK_FULL, ERR_DB (anything else, logged with SQLSTATE and statement name, never with values).
 */
err_t db_query(struct db *db, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows) MUST_USE;
/* As db_query, but ERR_DB_NONE when the statement returned no row (SELECT, RETURNING) or changed none. */
err_t db_one(struct db *db, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows) MUST_USE;

int db_count(const struct db_rows *r);
/* Columns are numbered from 0 in the statement's order. A NULL gives "", 0, false, empty: ask db_null first where it matters. */
bool db_null(const struct db_rows *r, int row, int col);
const char *db_str(const struct db_rows *r, int row, int col);
int64_t db_int(const struct db_rows *r, int row, int col);
bool db_bool(const struct db_rows *r, int row, int col);
int64_t db_time(const struct db_rows *r, int row, int col);       /* timestamptz in whole seconds */
struct bytes db_bytes(const struct db_rows *r, int row, int col); /* bytea */

#endif
