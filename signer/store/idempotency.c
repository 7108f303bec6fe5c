/*
 * Table signer.idempotency.
 * Called by rules/idempotency.
 */
#include "signer/store/idempotency.h"

#include <string.h>

const struct db_stmt idempotency_insert_stmt = {
    "idempotency_insert",
    "INSERT INTO signer.idempotency (client_id, subject, key, request, status, answer) VALUES ($1, $2, $3, $4, $5::int::smallint, $6)",
    6,
};
const struct db_stmt idempotency_get_stmt = {
    "idempotency_get",
    "SELECT request, status, answer FROM signer.idempotency WHERE client_id = $1 AND subject = $2 AND key = $3",
    3,
};
const struct db_stmt idempotency_expire_stmt = {
    "idempotency_expire",
    "DELETE FROM signer.idempotency WHERE created_at < now() - interval '24 hours'",
    0,
};

err_t idempotency_insert(struct db *db, const struct idempotency_id *id, const struct idempotency_row *r)
{
    const struct db_param p[] = {
        DB_TEXT(id->client_id), DB_TEXT(id->subject),         DB_TEXT(id->key), DB_BYTES(BYTES(r->request, sizeof r->request)),
        DB_INT(r->status),      DB_TEXT(buf_str(&r->answer)),
    };
    return db_query(db, &idempotency_insert_stmt, p, NULL);
}

err_t idempotency_get(struct db *db, const struct idempotency_id *id, struct idempotency_row *out)
{
    AUTO_ROWS rows = NULL;
    const struct db_param p[] = {DB_TEXT(id->client_id), DB_TEXT(id->subject), DB_TEXT(id->key)};
    TRY(db_one(db, &idempotency_get_stmt, p, &rows));
    struct bytes request = db_bytes(rows, 0, 0);
    if (request.len != sizeof out->request)
        return ERR_INTERNAL;
    memcpy(out->request, request.ptr, sizeof out->request);
    out->status = (int)db_int(rows, 0, 1);
    return buf_copy(&out->answer, BYTES_STR(db_str(rows, 0, 2)));
}

err_t idempotency_expire(struct db *db)
{
    return db_query(db, &idempotency_expire_stmt, NULL, NULL);
}
