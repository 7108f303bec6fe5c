/*
 * Table signer.timestamp: every timestamp given out, committed before it is used.
 * Called by rules/timestamping.
 */
#ifndef ANTIN_SIGNER_STORE_TIMESTAMP_H
#define ANTIN_SIGNER_STORE_TIMESTAMP_H

#include "common/db.h"

struct timestamp_row {
    struct bytes serial;
    int64_t gen_time;    /* seconds since 1970 */
    const char *policy;  /* OID */
    const char *purpose; /* "tsa", "signature", "seal" */
    int hash;            /* 256, 384, 512 */
    struct bytes imprint;
};
err_t timestamp_insert(struct db *db, const struct timestamp_row *t) MUST_USE; /* ERR_DB_CONFLICT: the serial exists */

extern const struct db_stmt timestamp_insert_stmt;

#endif
