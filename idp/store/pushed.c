/*
 * Table pushed_request: statements, typed parameters and results.
 * Called by rules/pushed.c.
 */
#include "idp/store/pushed.h"
#include "idp/store/statements.h"

const struct db_stmt st_pushed_add = {
    "pushed_add",
    "WITH p AS (INSERT INTO idp.pushed_request (uri_hash, client_id, params, expires_at)"
    "  VALUES ($1, $2, $3, now() + make_interval(secs => $4::bigint)) RETURNING client_id)"
    " INSERT INTO idp.audit (event, client_id, request_id) SELECT 'request.pushed', client_id, $5 FROM p",
    5,
};
/* Whoever comes with the right client_id takes it, good or expired: what is gone cannot be used twice. */
const struct db_stmt st_pushed_take = {
    "pushed_take",
    "DELETE FROM idp.pushed_request WHERE uri_hash = $1 AND client_id = $2 RETURNING params, expires_at > now()",
    2,
};
err_t pushed_add(struct db_pool *p, const uint8_t uri_hash[TIMED_KEY_LEN], const char *client_id, struct bytes params, int64_t life,
                 const char *request_id)
{
    const struct db_param v[] = {TIMED_PARAM(uri_hash), DB_TEXT(client_id), DB_BYTES(params), DB_INT(life), DB_TEXT(request_id)};

    return store_one(p, &st_pushed_add, v, NULL);
}

err_t pushed_take(struct db_pool *p, const uint8_t uri_hash[TIMED_KEY_LEN], const char *client_id, struct buf *params)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_pushed_take, (struct db_param[]){TIMED_PARAM(uri_hash), DB_TEXT(client_id)}, &r));
    return db_bool(r, 0, 1) ? buf_copy(params, db_bytes(r, 0, 0)) : ERR_DB_NONE;
}
