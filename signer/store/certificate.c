/*
 * Tables signer.certificate and signer.crl.
 * Called by rules/credential, rules/signing and rules/crl.
 */
#include "signer/store/certificate.h"

#include <stdlib.h>
#include <string.h>

const struct db_stmt certificate_intend_stmt = {
    "certificate_intend",
    "INSERT INTO signer.certificate (serial, credential_id, state, not_before, not_after) VALUES ($1, $2::uuid, 'intended', $3, $4)",
    4,
};
const struct db_stmt certificate_issued_stmt = {
    "certificate_issued",
    "UPDATE signer.certificate SET state = 'issued', der = $2, issued_at = now() WHERE serial = $1 AND state = 'intended'",
    2,
};
const struct db_stmt certificate_of_stmt = {
    "certificate_of",
    "SELECT serial, not_before, not_after, issued_at, revoked_at, invalid_since, reason, der FROM signer.certificate"
    " WHERE credential_id = $1::uuid AND state IN ('issued', 'revoked') ORDER BY issued_at DESC LIMIT 1",
    1,
};
const struct db_stmt certificate_status_stmt = {
    "certificate_status",
    "SELECT revoked_at, invalid_since, coalesce(reason, 0) FROM signer.certificate WHERE serial = $1 AND state <> 'intended'",
    1,
};
const struct db_stmt certificate_revoke_stmt = {
    "certificate_revoke",
    "UPDATE signer.certificate SET state = 'revoked', revoked_at = now(), invalid_since = $2, reason = $3::int::smallint"
    " WHERE credential_id = $1::uuid AND state = 'issued'",
    3,
};
const struct db_stmt certificate_crl_waits_stmt = {
    "certificate_crl_waits",
    "SELECT EXISTS (SELECT 1 FROM signer.certificate WHERE revoked_at IS NOT NULL AND on_crl IS NULL)",
    0,
};
const struct db_stmt certificate_revoked_list_stmt = {
    "certificate_revoked_list",
    "SELECT serial, revoked_at, invalid_since, reason FROM signer.certificate WHERE revoked_at IS NOT NULL AND on_crl IS NOT NULL"
    " ORDER BY revoked_at, serial",
    0,
};
const struct db_stmt certificate_mark_on_crl_stmt = {
    "certificate_mark_on_crl",
    "UPDATE signer.certificate SET on_crl = $1::bigint WHERE revoked_at IS NOT NULL AND on_crl IS NULL",
    1,
};
const struct db_stmt crl_latest_stmt = {
    "crl_latest",
    "SELECT number, this_update, next_update, entries, der FROM signer.crl ORDER BY number DESC LIMIT 1",
    0,
};
const struct db_stmt crl_insert_stmt = {
    "crl_insert",
    "INSERT INTO signer.crl (number, this_update, next_update, entries, der) VALUES ($1, $2, $3, $4, $5)",
    5,
};
const struct db_stmt crl_serialise_stmt = {
    "crl_serialise",
    "SELECT pg_advisory_xact_lock(hashtext('signer.crl'))",
    0,
};

void certificate_free(struct certificate *c)
{
    buf_free(&c->der);
}

err_t certificate_intend(struct db *db, const uint8_t serial[SERIAL_LEN], const char *credential, int64_t not_before, int64_t not_after)
{
    const struct db_param p[] = {DB_BYTES(BYTES(serial, SERIAL_LEN)), DB_TEXT(credential), DB_TIME(not_before), DB_TIME(not_after)};
    return db_query(db, &certificate_intend_stmt, p, NULL);
}

err_t certificate_issued(struct db *db, const uint8_t serial[SERIAL_LEN], struct bytes der)
{
    const struct db_param p[] = {DB_BYTES(BYTES(serial, SERIAL_LEN)), DB_BYTES(der)};
    return db_one(db, &certificate_issued_stmt, p, NULL);
}

err_t certificate_of(struct db *db, const char *credential, struct certificate *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &certificate_of_stmt, (const struct db_param[]){DB_TEXT(credential)}, &rows));
    struct bytes serial = db_bytes(rows, 0, 0);
    if (serial.len != SERIAL_LEN)
        return ERR_INTERNAL;
    memcpy(out->serial, serial.ptr, SERIAL_LEN);
    out->not_before = db_time(rows, 0, 1);
    out->not_after = db_time(rows, 0, 2);
    out->issued_at = db_time(rows, 0, 3);
    out->revoked_at = db_null(rows, 0, 4) ? 0 : db_time(rows, 0, 4);
    out->invalid_since = db_null(rows, 0, 5) ? 0 : db_time(rows, 0, 5);
    out->reason = (int)db_int(rows, 0, 6);
    return buf_copy(&out->der, db_bytes(rows, 0, 7));
}

err_t certificate_status(struct db *db, const uint8_t serial[SERIAL_LEN], struct certificate_status *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &certificate_status_stmt, (const struct db_param[]){DB_BYTES(BYTES(serial, SERIAL_LEN))}, &rows));
    out->revoked_at = db_null(rows, 0, 0) ? 0 : db_time(rows, 0, 0);
    out->invalid_since = db_null(rows, 0, 1) ? 0 : db_time(rows, 0, 1);
    out->reason = (int)db_int(rows, 0, 2);
    return OK;
}

err_t certificate_revoke(struct db *db, const char *credential, int64_t invalid_since, int reason)
{
    const struct db_param p[] = {DB_TEXT(credential), invalid_since != 0 ? DB_TIME(invalid_since) : DB_NULL, DB_INT(reason)};
    return db_query(db, &certificate_revoke_stmt, p, NULL);
}

err_t certificate_crl_waits(struct db *db, bool *waits)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &certificate_crl_waits_stmt, NULL, &rows));
    *waits = db_bool(rows, 0, 0);
    return OK;
}

err_t certificate_revoked_list(struct db *db, struct key_crl_entry **out, size_t *n)
{
    AUTO_ROWS rows = NULL;
    TRY(db_query(db, &certificate_revoked_list_stmt, NULL, &rows));
    *n = (size_t)db_count(rows);
    *out = calloc(*n + 1, sizeof **out);
    if (*out == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < *n; i++) {
        struct bytes serial = db_bytes(rows, (int)i, 0);
        if (serial.len != SERIAL_LEN)
            return ERR_INTERNAL;
        memcpy((*out)[i].serial, serial.ptr, SERIAL_LEN);
        (*out)[i].revoked_at = db_time(rows, (int)i, 1);
        (*out)[i].invalid_since = db_null(rows, (int)i, 2) ? 0 : db_time(rows, (int)i, 2);
        (*out)[i].reason = (int)db_int(rows, (int)i, 3);
    }
    return OK;
}

err_t certificate_mark_on_crl(struct db *db, int64_t number)
{
    return db_query(db, &certificate_mark_on_crl_stmt, (const struct db_param[]){DB_INT(number)}, NULL);
}

err_t crl_latest(struct db *db, struct crl_row *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &crl_latest_stmt, NULL, &rows));
    out->number = db_int(rows, 0, 0);
    out->this_update = db_time(rows, 0, 1);
    out->next_update = db_time(rows, 0, 2);
    out->entries = db_int(rows, 0, 3);
    return buf_copy(&out->der, db_bytes(rows, 0, 4));
}

err_t crl_insert(struct db *db, const struct crl_row *c)
{
    const struct db_param p[] = {
        DB_INT(c->number), DB_TIME(c->this_update), DB_TIME(c->next_update), DB_INT(c->entries), DB_BYTES(buf_bytes(&c->der)),
    };
    return db_query(db, &crl_insert_stmt, p, NULL);
}

err_t crl_serialise(struct db *db)
{
    return db_query(db, &crl_serialise_stmt, NULL, NULL);
}
