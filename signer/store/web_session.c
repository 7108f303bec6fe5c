/*
 * Tables signer.web_session and signer.login_request.
 * Called by rules/session and rules/oidc.
 */
#include "signer/store/web_session.h"

#include <stdio.h>
#include <string.h>

const struct db_stmt web_session_insert_stmt = {
    "web_session_insert",
    "INSERT INTO signer.web_session (id, subject, level, auth_time, expires_at, sealed) VALUES ($1, $2, $3::int::smallint, $4, $5, $6)",
    6,
};
const struct db_stmt web_session_get_stmt = {
    "web_session_get",
    "UPDATE signer.web_session SET seen_at = now() WHERE id = $1 AND expires_at > now() AND seen_at > now() - $2::int * interval '1 second'"
    " RETURNING subject, level, auth_time, expires_at, sealed",
    2,
};
const struct db_stmt web_session_delete_stmt = {
    "web_session_delete",
    "DELETE FROM signer.web_session WHERE id = $1",
    1,
};
const struct db_stmt web_session_expire_stmt = {
    "web_session_expire",
    "DELETE FROM signer.web_session WHERE expires_at < now() - interval '1 hour'",
    0,
};
const struct db_stmt login_request_insert_stmt = {
    "login_request_insert",
    "INSERT INTO signer.login_request (id, browser, return_to, signing_session, expires_at) VALUES ($1, $2, $3, $4::uuid, $5)",
    5,
};
const struct db_stmt login_request_take_stmt = {
    "login_request_take",
    "DELETE FROM signer.login_request WHERE id = $1 AND expires_at > now() RETURNING browser, return_to, signing_session",
    1,
};
const struct db_stmt login_request_expire_stmt = {
    "login_request_expire",
    "DELETE FROM signer.login_request WHERE expires_at < now() - interval '1 hour'",
    0,
};

err_t web_session_insert(struct db *db, const struct web_session_row *s)
{
    const struct db_param p[] = {
        DB_BYTES(BYTES(s->id, sizeof s->id)), DB_TEXT(s->subject), DB_INT(s->level), DB_TIME(s->auth_time), DB_TIME(s->expires),
        DB_BYTES(buf_bytes(&s->sealed)),
    };
    return db_query(db, &web_session_insert_stmt, p, NULL);
}

err_t web_session_get(struct db *db, const uint8_t id[SHA256_LEN], int64_t idle, struct web_session_row *out)
{
    AUTO_ROWS rows = NULL;
    const struct db_param p[] = {DB_BYTES(BYTES(id, SHA256_LEN)), DB_INT(idle)};
    TRY(db_one(db, &web_session_get_stmt, p, &rows));
    memcpy(out->id, id, SHA256_LEN);
    snprintf(out->subject, sizeof out->subject, "%s", db_str(rows, 0, 0));
    out->level = (int)db_int(rows, 0, 1);
    out->auth_time = db_time(rows, 0, 2);
    out->expires = db_time(rows, 0, 3);
    return buf_copy(&out->sealed, db_bytes(rows, 0, 4));
}

err_t web_session_delete(struct db *db, const uint8_t id[SHA256_LEN])
{
    return db_query(db, &web_session_delete_stmt, (const struct db_param[]){DB_BYTES(BYTES(id, SHA256_LEN))}, NULL);
}

err_t web_session_expire(struct db *db)
{
    TRY(db_query(db, &web_session_expire_stmt, NULL, NULL));
    return db_query(db, &login_request_expire_stmt, NULL, NULL);
}

err_t login_request_insert(struct db *db, const struct login_request_row *l)
{
    const struct db_param p[] = {
        DB_BYTES(BYTES(l->id, sizeof l->id)),
        DB_BYTES(BYTES(l->browser, sizeof l->browser)),
        DB_TEXT(l->return_to),
        DB_TEXT(l->signing_session[0] ? l->signing_session : NULL),
        DB_TIME(l->expires),
    };
    return db_query(db, &login_request_insert_stmt, p, NULL);
}

err_t login_request_take(struct db *db, const uint8_t id[SHA256_LEN], struct login_request_row *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &login_request_take_stmt, (const struct db_param[]){DB_BYTES(BYTES(id, SHA256_LEN))}, &rows));
    struct bytes browser = db_bytes(rows, 0, 0);
    if (browser.len != sizeof out->browser)
        return ERR_INTERNAL;
    memcpy(out->id, id, SHA256_LEN);
    memcpy(out->browser, browser.ptr, sizeof out->browser);
    snprintf(out->return_to, sizeof out->return_to, "%s", db_str(rows, 0, 1));
    snprintf(out->signing_session, sizeof out->signing_session, "%s", db_str(rows, 0, 2));
    return OK;
}
