/*
 * Table signer.timestamp.
 * Called by rules/timestamping.
 */
#include "signer/store/timestamp.h"

const struct db_stmt timestamp_insert_stmt = {
    "timestamp_insert",
    "INSERT INTO signer.timestamp (serial, gen_time, policy, purpose, hash, imprint) VALUES ($1, $2, $3, $4, $5::int::smallint, $6)",
    6,
};

err_t timestamp_insert(struct db *db, const struct timestamp_row *t)
{
    const struct db_param p[] = {
        DB_BYTES(t->serial), DB_TIME(t->gen_time), DB_TEXT(t->policy), DB_TEXT(t->purpose), DB_INT(t->hash), DB_BYTES(t->imprint),
    };
    return db_query(db, &timestamp_insert_stmt, p, NULL);
}
