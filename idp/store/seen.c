/*
 * Table seen: statements.
 * Called by rules/proofs.c and rules/upstream_flow.c.
 */
#include "idp/store/seen.h"
#include "idp/store/statements.h"

const struct db_stmt st_seen_use = {
    "seen_use",
    "WITH " PROOFS_CTES ","
    " l AS (INSERT INTO idp.audit (event, client_id, request_id) " PROOFS_EVENTS ", $5, $6 FROM bad)"
    " SELECT " PROOFS_OUTCOME,
    6,
};
const struct db_stmt st_seen_add = {
    "seen_add",
    "INSERT INTO idp.seen (id, expires_at) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM idp.seen WHERE id = $1) ON CONFLICT DO NOTHING",
    2,
};

err_t seen_use(struct db_pool *p, const struct proofs *proofs, const char *client_id, const char *request_id, enum proofs_outcome *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_seen_use, (struct db_param[]){PROOFS_PARAMS(proofs), DB_TEXT(client_id), DB_TEXT(request_id)}, &r));
    *out = (enum proofs_outcome)db_int(r, 0, 0);
    return OK;
}

err_t seen_add(struct db_pool *p, const uint8_t id[HASH_LEN], int64_t until)
{
    return store_one(p, &st_seen_add, (struct db_param[]){HASH_PARAM(id), DB_TIME(until)}, NULL);
}
