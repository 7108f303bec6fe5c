/*
 * Table signer.timestamp: every timestamp given out, committed before it is used.
 * Called by rules/timestamping.
 */
#ifndef ANTIN_SIGNER_STORE_TIMESTAMP_H
#define ANTIN_SIGNER_STORE_TIMESTAMP_H

#include "common/db.h"

struct timestamp_row {
    struct bytes serial;
    int64_t gen_time; /* seconds since 1970 */
    int hash;         /* 256, 384, 512 */
    struct bytes imprint;
};
struct timestamp_kind {
    const char *policy;  /* OID */
    const char *purpose; /* "tsa", "signature", "seal" */
};
/* All rows in one statement, or none. ERR_DB_CONFLICT: a serial exists. */
err_t timestamp_insert(struct db *db, const struct timestamp_kind *kind, const struct timestamp_row *const *rows, size_t n) MUST_USE;

extern const struct db_stmt timestamp_insert_stmt, timestamp_insert_one_stmt;

#endif
