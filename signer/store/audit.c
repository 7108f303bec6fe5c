/*
 * Table signer.audit: append only.
 * Called by rules.
 */
#include "signer/store/audit.h"

const struct db_stmt audit_insert_stmt = {
    "audit_insert",
    "INSERT INTO signer.audit (event, actor, client_id, dossier_id, credential_id, detail, request_id)"
    " VALUES ($1, $2, $3, $4::uuid, $5::uuid, $6, $7)",
    7,
};

err_t audit_insert(struct db *db, const struct audit *a)
{
    const struct db_param p[] = {
        DB_TEXT(a->event),      DB_TEXT(a->actor),  DB_TEXT(a->client_id),  DB_TEXT(a->dossier),
        DB_TEXT(a->credential), DB_TEXT(a->detail), DB_TEXT(a->request_id),
    };
    return db_query(db, &audit_insert_stmt, p, NULL);
}
