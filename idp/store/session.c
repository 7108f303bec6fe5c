/*
 * Table session: statements, typed parameters and results.
 * Called by rules/session.c.
 */
#include "idp/store/session.h"
#include "idp/store/logout.h"
#include "idp/store/statements.h"
#include <string.h>

/* The same person signing in again has not left: clients hear only of another one. */
#define TELL_CLIENTS_OF_OLD LOGOUT_NOTICES("old", "e.account_id <> $4::uuid")

/* One statement: the old session ends, the new one begins, the request knows, failed attempts are forgotten, the event is written. */
const struct db_stmt st_session_start = {
    "session_start",
    "WITH old AS (UPDATE idp.session SET ended_at = now() WHERE id_hash = $2 AND ended_at IS NULL RETURNING sid, account_id),"
    " " TELL_CLIENTS_OF_OLD ","
    " s AS (INSERT INTO idp.session (id_hash, sid, account_id, expires_at, amr, level_max, auth_time, upstream, client_id,"
    "   browser)"
    "  SELECT $1, $3, a.id, now() + make_interval(secs => $5::bigint), $10, $11, coalesce($12, now()), $13, $8, $14::text FROM idp.account "
    "a"
    "  WHERE a.id = $4 AND a.state = 'active' RETURNING account_id),"
    " q AS (UPDATE idp.auth_request SET login_at = now() WHERE id_hash = $6 AND EXISTS (SELECT 1 FROM s)),"
    " t AS (DELETE FROM idp.throttle WHERE bucket = $7 AND EXISTS (SELECT 1 FROM s))"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id, detail) SELECT 'login.ok', account_id, $8, $9, $14::text FROM s",
    14,
};
const struct db_stmt st_session_use = {
    "session_use",
    "UPDATE idp.session s SET seen_at = now() FROM idp.account a"
    " WHERE s.id_hash = $1 AND s.ended_at IS NULL AND s.expires_at > now() AND s.seen_at > now() - make_interval(secs => $2::bigint)"
    "  AND a.id = s.account_id AND a.state = 'active'"
    " RETURNING s.sid, s.account_id, least(a.level, s.level_max), s.auth_time,"
    "  EXISTS (SELECT 1 FROM idp.role r WHERE r.account_id = a.id AND r.role = 'registrar'), a.level, s.amr,"
    "  EXISTS (SELECT 1 FROM idp.role r WHERE r.account_id = a.id AND r.role = 'admin')",
    2,
};
const struct db_stmt st_session_end = {
    "session_end",
    "WITH s AS (UPDATE idp.session SET ended_at = now() WHERE id_hash = $1 AND ended_at IS NULL RETURNING account_id, sid),"
    " " TELL_CLIENTS " INSERT INTO idp.audit (event, account_id, request_id) SELECT 'logout', account_id, $2 FROM s",
    2,
};
const struct db_stmt st_session_revoke = {
    "session_revoke",
    "WITH s AS (UPDATE idp.session SET ended_at = now() WHERE account_id = $1 AND ended_at IS NULL AND expires_at > now() RETURNING sid),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'sessions'"
    "  WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > now()),"
    " a AS (INSERT INTO idp.audit (event, account_id, by_account, by_client, by_operator, request_id)"
    "  SELECT 'session.revoked', $1, $2, $3, $4, $5 FROM idp.account WHERE id = $1)"
    " SELECT count(*) FROM s",
    5,
};

err_t session_start(struct db_pool *p, const struct session_new *s)
{
    const struct db_param v[] = {
        TIMED_PARAM(s->id_hash),
        s->old_id_hash ? TIMED_PARAM(s->old_id_hash) : DB_NULL,
        DB_TEXT(s->sid),
        DB_TEXT(s->account_id),
        DB_INT(s->max_age),
        s->request_hash ? TIMED_PARAM(s->request_hash) : DB_NULL,
        s->throttle ? HASH_PARAM(s->throttle) : DB_NULL,
        DB_TEXT(s->client_id),
        DB_TEXT(s->request_id),
        DB_TEXT(s->amr ? s->amr : "pwd"),
        s->limited ? DB_INT(s->level_max) : DB_NULL,
        s->auth_time ? DB_TIME(s->auth_time) : DB_NULL,
        DB_TEXT(s->upstream),
        DB_TEXT(s->browser),
    };

    return store_one(p, &st_session_start, v, NULL);
}

err_t session_use(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], int64_t idle, struct session *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_session_use, (struct db_param[]){TIMED_PARAM(id_hash), DB_INT(idle)}, &r));
    memcpy(out->id_hash, id_hash, TIMED_KEY_LEN);
    TRY(store_text(r, 0, 0, out->sid, sizeof out->sid));
    TRY(store_text(r, 0, 1, out->account_id, sizeof out->account_id));
    out->level = (int)db_int(r, 0, 2);
    out->auth_time = db_time(r, 0, 3);
    out->registrar = db_bool(r, 0, 4);
    out->admin = db_bool(r, 0, 7);
    out->account_level = (int)db_int(r, 0, 5);
    return store_text(r, 0, 6, out->amr, sizeof out->amr);
}

err_t session_end(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const char *request_id)
{
    return store_one(p, &st_session_end, (struct db_param[]){TIMED_PARAM(id_hash), DB_TEXT(request_id)}, NULL);
}

err_t session_revoke_all(struct db_pool *p, const char *account_id, const struct actor *by, int64_t *n)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_session_revoke, (struct db_param[]){DB_TEXT(account_id), ACTOR_PARAMS(by)}, &r));
    *n = db_int(r, 0, 0);
    return OK;
}
