/*
 * Partitions by time: statements, typed parameters and results.
 * Called by rules/keeping.c.
 */
#include "idp/store/partition.h"
#include "idp/store/statements.h"

const struct db_stmt st_partitions_make = {"partitions_make", "SELECT idp.make_partitions($1, $2, $3)", 3};
const struct db_stmt st_partition_drop = {"partition_drop", "SELECT idp.drop_partition()", 0};
const struct db_stmt st_consents_expire = {
    "consents_expire",
    "WITH c AS (DELETE FROM idp.consent WHERE expires_at < now() RETURNING 1) SELECT count(*) FROM c",
    0,
};

err_t partitions_make(struct db_pool *p, const struct partition_lives *lives, int64_t *made)
{
    AUTO_ROWS r = NULL;
    const struct db_param v[] = {DB_INT(lives->grant), DB_INT(lives->session), DB_INT(lives->request)};

    TRY(store_one(p, &st_partitions_make, v, &r));
    *made = db_int(r, 0, 0);
    return OK;
}

err_t partition_drop(struct db_pool *p, char name[64])
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_partition_drop, NULL, &r));
    return db_null(r, 0, 0) ? ERR_DB_NONE : store_text(r, 0, 0, name, 64);
}

err_t consents_expire(struct db_pool *p, int64_t *n)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_consents_expire, NULL, &r));
    *n = db_int(r, 0, 0);
    return OK;
}
