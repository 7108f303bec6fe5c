/*
 * Tables signer.web_session and signer.login_request: browsers that are signed in, and browsers on their way to the identity provider.
 * Called by rules/session and rules/oidc.
 */
#ifndef ANTIN_SIGNER_STORE_WEB_SESSION_H
#define ANTIN_SIGNER_STORE_WEB_SESSION_H

#include "common/db.h"
#include "common/secret.h"

#define SUBJECT_MAX 64

struct web_session_row {
    uint8_t id[SHA256_LEN]; /* SHA-256 of the cookie */
    char subject[SUBJECT_MAX + 1];
    int level;
    int64_t auth_time;
    int64_t expires;
    struct buf sealed; /* caller frees */
};
err_t web_session_insert(struct db *db, const struct web_session_row *s) MUST_USE;
/* A session that is neither expired nor idle for longer than idle seconds; touches it. ERR_DB_NONE. */
err_t web_session_get(struct db *db, const uint8_t id[SHA256_LEN], int64_t idle, struct web_session_row *out) MUST_USE;
err_t web_session_delete(struct db *db, const uint8_t id[SHA256_LEN]) MUST_USE;
err_t web_session_expire(struct db *db) MUST_USE; /* drops old rows of both tables */

#define RETURN_TO_MAX 512
struct login_request_row {
    uint8_t id[SHA256_LEN];      /* SHA-256 of state */
    uint8_t browser[SHA256_LEN]; /* SHA-256 of the login cookie */
    char return_to[RETURN_TO_MAX + 1];
    char signing_session[UUID_LEN + 1]; /* "" for a plain sign-in */
    int64_t expires;
};
err_t login_request_insert(struct db *db, const struct login_request_row *l) MUST_USE;
/* Takes it: the row is gone afterwards (one use). ERR_DB_NONE. */
err_t login_request_take(struct db *db, const uint8_t id[SHA256_LEN], struct login_request_row *out) MUST_USE;

extern const struct db_stmt web_session_insert_stmt, web_session_get_stmt, web_session_delete_stmt, web_session_expire_stmt,
    login_request_insert_stmt, login_request_take_stmt, login_request_expire_stmt;

#endif
