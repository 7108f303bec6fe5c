/*
 * One PostgreSQL connection: opening, preparing, waiting with a deadline, and the reading of its faults.
 * Called only by db.c and db_pool.c; store files see common/db.h.
 */
#ifndef ANTIN_DB_CONN_H
#define ANTIN_DB_CONN_H

#include "common/db.h"
#include <libpq-fe.h>

struct db {
    PGconn *pg;  /* NULL: not connected */
    bool broken; /* never to be used again: lent no more, closed on return */
    bool sent;   /* a statement of the borrower has gone out: its outcome may be unknown */
    unsigned statement_ms;
};

/* Connects, fixes the session's formats and prepares every statement. ERR_DB_DOWN, logged. */
err_t db_conn_open(struct db *db, const char *conninfo, const struct db_stmt *const *stmts) MUST_USE;
void db_conn_close(struct db *db);
/* False when the server has hung up on an idle connection (found without sending anything). */
bool db_conn_usable(struct db *db);

/* Waits for the answer to what was just sent; *out is never NULL when OK is returned, and may hold an error result. ERR_DB_DOWN. */
err_t db_conn_result(struct db *db, PGresult **out) MUST_USE;
/* A command without parameters (BEGIN, COMMIT, ROLLBACK); tag, if not NULL, gets what the server says it did ("COMMIT"). */
#define DB_TAG_CAP 32
err_t db_conn_command(struct db *db, const char *sql, char tag[DB_TAG_CAP]) MUST_USE;
/* The error number of a failed result; logs SQLSTATE, what, and the constraint's name: never values, never the server's message. */
err_t db_conn_fault(struct db *db, const PGresult *res, const char *what) MUST_USE;

void db_result_free(PGresult **res);
#define AUTO_RESULT AUTO(db_result_free) PGresult *

#endif
