/*
 * What an account has open, and ending it: statements, typed parameters and results.
 * Called by rules/overview.c.
 */
#include "idp/store/overview.h"
#include "idp/store/logout.h"
#include "idp/store/statements.h"

#define BY "by_account, by_client, by_operator, request_id"
#define NOW_LIVE "ended_at IS NULL AND expires_at > now()"

const struct db_stmt st_overview_account = {
    "overview_account",
    "SELECT a.id, a.kind, a.state, a.level, coalesce((SELECT string_agg(r.role, ' ' ORDER BY r.role) FROM idp.role r WHERE r.account_id = "
    "a.id), ''),"
    " a.created_at, a.activated_at, a.locked_at FROM idp.account a WHERE a.id = $1",
    1,
};
#define SESSION_ROWS                                                                                                            \
    "SELECT s.sid, s.account_id, coalesce(s.client_id, ''), coalesce(k.name, ''), coalesce(s.browser, ''), s.amr, s.auth_time," \
    " s.seen_at, s.expires_at, coalesce(s.upstream, ''), " SQL_US(                                                              \
        "s.auth_time") " FROM idp.session s LEFT JOIN idp.client k ON k.id = s.client_id WHERE s.ended_at IS NULL"              \
                       " AND s.expires_at > now() AND s.seen_at > now() - make_interval(secs => "
const struct db_stmt st_overview_sessions = {
    "overview_sessions",
    SESSION_ROWS "$2::bigint) AND s.account_id = $1 ORDER BY s.seen_at DESC LIMIT 200",
    2,
};
const struct db_stmt st_overview_all_sessions = {
    "overview_all_sessions",
    SESSION_ROWS "$2::bigint) AND ($3::bigint IS NULL OR (s.auth_time, s.sid) < (" SQL_AT(
        "$3") ", $4::uuid))"
              " ORDER BY s.auth_time DESC, s.sid DESC LIMIT $1::bigint",
    4,
};
const struct db_stmt st_overview_consents = {
    "overview_consents",
    "SELECT c.client_id, k.name, k.sector, c.scope, c.claims, c.given_at, c.expires_at FROM idp.consent c JOIN idp.client k ON k.id = "
    "c.client_id"
    " WHERE c.account_id = $1 AND c.expires_at > now() ORDER BY c.given_at DESC, c.client_id LIMIT 200",
    1,
};
const struct db_stmt st_overview_grants = {
    "overview_grants",
    "SELECT g.id, g.client_id, k.name, g.scope, g.sid, g.auth_time, g.created_at, g.expires_at FROM idp.access_grant g"
    " JOIN idp.client k ON k.id = g.client_id WHERE g.account_id = $1 AND g.revoked_at IS NULL AND g.expires_at > now()"
    " ORDER BY g.created_at DESC, g.id LIMIT 200",
    1,
};
const struct db_stmt st_overview_door = {
    "overview_door",
    "SELECT u.event, u.at, coalesce(k.name, ''), coalesce(u.detail, '') FROM idp.audit u LEFT JOIN idp.client k ON k.id = u.client_id"
    " WHERE u.account_id = $1 AND u.at > now() - interval '90 days' AND u.event IN ('login.ok', 'login.failed', 'login.throttled', "
    "'login.locked',"
    "  'activation.renewed', 'activation.used', 'password.set', 'account.locked', 'account.unlocked')"
    " ORDER BY u.at DESC LIMIT 10",
    1,
};

const struct db_stmt st_overview_session_end = {
    "overview_session_end",
    "WITH s AS (UPDATE idp.session SET ended_at = now() WHERE sid = $1 AND ($2::uuid IS NULL OR account_id = $2) AND " NOW_LIVE
    "  RETURNING sid, account_id),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant g SET revoked_at = now(), revoked_why = 'session' FROM s WHERE g.account_id = s.account_id AND g.sid = "
    "s.sid"
    "  AND g.revoked_at IS NULL AND g.expires_at > now())"
    " INSERT INTO idp.audit (event, account_id, detail, " BY ") SELECT 'session.ended', account_id, sid::text, $3, $4, $5, $6 FROM s",
    6,
};
const struct db_stmt st_overview_others_end = {
    "overview_others_end",
    "WITH s AS (UPDATE idp.session SET ended_at = now() WHERE account_id = $1 AND sid <> $2::uuid AND " NOW_LIVE
    " RETURNING sid, account_id),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant g SET revoked_at = now(), revoked_why = 'session' FROM s WHERE g.account_id = s.account_id AND g.sid = "
    "s.sid"
    "  AND g.revoked_at IS NULL AND g.expires_at > now()),"
    " a AS (INSERT INTO idp.audit (event, account_id, detail, " BY ") SELECT 'session.ended', account_id, sid::text, $3, $4, $5, $6 FROM s)"
    " SELECT count(*) FROM s",
    6,
};
const struct db_stmt st_overview_consent_remove = {
    "overview_consent_remove",
    "WITH c AS (DELETE FROM idp.consent WHERE account_id = $1 AND client_id = $2 RETURNING 1),"
    " g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'consent' WHERE account_id = $1 AND client_id = $2"
    "  AND revoked_at IS NULL AND expires_at > now() RETURNING 1)"
    " INSERT INTO idp.audit (event, account_id, client_id, " BY ")"
    "  SELECT 'consent.removed', $1::uuid, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT 1 FROM c) OR EXISTS (SELECT 1 FROM g)",
    6,
};
const struct db_stmt st_overview_grant_end = {
    "overview_grant_end",
    "WITH g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'admin' WHERE id = $1 AND revoked_at IS NULL AND expires_at "
    "> now()"
    "  RETURNING id, account_id, client_id)"
    " INSERT INTO idp.audit (event, account_id, client_id, detail, " BY ")"
    "  SELECT 'grant.revoked.admin', account_id, client_id, id::text, $2, $3, $4, $5 FROM g",
    5,
};

err_t overview_account_row(struct db_pool *p, const char *account_id, struct db_rows **rows)
{
    return store_one(p, &st_overview_account, DB_PARAMS(DB_TEXT(account_id)), rows);
}

err_t overview_session_rows(struct db_pool *p, const char *account_id, int64_t idle, struct db_rows **rows)
{
    return store_query(p, &st_overview_sessions, DB_PARAMS(DB_TEXT(account_id), DB_INT(idle)), rows);
}

err_t overview_all_session_rows(struct db_pool *p, const struct cursor *after, int64_t idle, int64_t limit, struct db_rows **rows)
{
    return store_query(p, &st_overview_all_sessions, DB_PARAMS(DB_INT(limit), DB_INT(idle), CURSOR_PARAMS(after)), rows);
}

err_t overview_consent_rows(struct db_pool *p, const char *account_id, struct db_rows **rows)
{
    return store_query(p, &st_overview_consents, DB_PARAMS(DB_TEXT(account_id)), rows);
}

err_t overview_grant_rows(struct db_pool *p, const char *account_id, struct db_rows **rows)
{
    return store_query(p, &st_overview_grants, DB_PARAMS(DB_TEXT(account_id)), rows);
}

err_t overview_door_rows(struct db_pool *p, const char *account_id, struct db_rows **rows)
{
    return store_query(p, &st_overview_door, DB_PARAMS(DB_TEXT(account_id)), rows);
}

err_t overview_session_end(struct db_pool *p, const char *sid, const char *account_id, const struct actor *by)
{
    return store_one(p, &st_overview_session_end, DB_PARAMS(DB_TEXT(sid), DB_TEXT(account_id), ACTOR_PARAMS(by)), NULL);
}

err_t overview_others_end(struct db_pool *p, const char *account_id, const char *but_sid, const struct actor *by, int64_t *n)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_overview_others_end, DB_PARAMS(DB_TEXT(account_id), DB_TEXT(but_sid), ACTOR_PARAMS(by)), &r));
    *n = db_int(r, 0, 0);
    return OK;
}

err_t overview_consent_remove(struct db_pool *p, const char *account_id, const char *client_id, const struct actor *by)
{
    return store_one(p, &st_overview_consent_remove, DB_PARAMS(DB_TEXT(account_id), DB_TEXT(client_id), ACTOR_PARAMS(by)), NULL);
}

err_t overview_grant_end(struct db_pool *p, const char *grant_id, const struct actor *by)
{
    return store_one(p, &st_overview_grant_end, DB_PARAMS(DB_TEXT(grant_id), ACTOR_PARAMS(by)), NULL);
}
