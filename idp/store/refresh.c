/*
 * Table refresh_token: statements, typed parameters and results.
 * Called by rules/refresh.c and rules/revoke.c.
 */
#include "idp/store/refresh.h"
#include "idp/store/statements.h"
#include <string.h>

#define FITS "($8::text IS NULL OR string_to_array($8::text, ' ') <@ string_to_array(g.scope, ' '))"

/*
 * The update of the token's own row comes first and takes its lock: of several at once each sees what the one before it did. A request for
 * more scopes than the grant has changes nothing. Its successor is used: whoever brings it now is not who got the successor.
 */
const struct db_stmt st_refresh_use = {
    "refresh_use",
    "WITH " PROOFS_CTES ","
    " t AS (UPDATE idp.refresh_token t SET uses = t.uses + (" FITS ")::int,"
    "  used_at = CASE WHEN " FITS " THEN coalesce(t.used_at, now()) ELSE t.used_at END"
    "  FROM idp.access_grant g WHERE t.token_hash = $5 AND t.expires_at > now() AND g.id = t.grant_id AND g.client_id = $7"
    "   AND g.revoked_at IS NULL AND g.expires_at > now() AND (g.dpop_jkt IS NULL OR g.dpop_jkt = $12) AND " PROOFS_GOOD
    "  RETURNING t.grant_id, g.account_id, g.client_id, g.expires_at, CASE WHEN NOT " FITS " THEN 3 WHEN t.uses = 1 THEN 0"
    "   WHEN t.used_at > now() - make_interval(secs => $10::bigint)"
    "    AND NOT EXISTS (SELECT 1 FROM idp.refresh_token s WHERE s.token_hash = $6 AND s.uses > 0) THEN 1 ELSE 2 END::bigint AS what),"
    " n AS (INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at)"
    "  SELECT $6, grant_id, least(expires_at, now() + make_interval(secs => $9::bigint)) FROM t WHERE what = 0),"
    " k AS (UPDATE idp.access_grant g SET revoked_at = now(), revoked_why = 'refresh_reuse' FROM t"
    "  WHERE g.id = t.grant_id AND t.what = 2 AND g.revoked_at IS NULL),"
    " l AS (INSERT INTO idp.audit (event, account_id, client_id, request_id)"
    "  SELECT CASE what WHEN 0 THEN 'token.refreshed' WHEN 1 THEN 'token.refreshed.again' ELSE 'grant.revoked.refresh_reuse' END,"
    "   account_id, client_id, $11 FROM t WHERE what <> 3 UNION ALL " PROOFS_EVENTS ", NULL, $7, $11 FROM bad)"
    " SELECT " GRANT_COLUMNS ", t.what, " PROOFS_OUTCOME " FROM (SELECT 1) one LEFT JOIN t ON true"
    " LEFT JOIN idp.access_grant g ON g.id = t.grant_id LEFT JOIN idp.account a ON a.id = g.account_id",
    12,
};
/* Not when somebody came again meanwhile and was given the same successor: then it is theirs, and stays. */
const struct db_stmt st_refresh_undo = {
    "refresh_undo",
    "WITH t AS (UPDATE idp.refresh_token SET uses = 0, used_at = NULL WHERE token_hash = $1 AND uses = 1"
    "  AND NOT EXISTS (SELECT 1 FROM idp.refresh_token s WHERE s.token_hash = $2 AND s.uses > 0) RETURNING 1),"
    " n AS (DELETE FROM idp.refresh_token WHERE token_hash = $2 AND uses = 0 AND EXISTS (SELECT 1 FROM t))"
    " INSERT INTO idp.audit (event, client_id, request_id) SELECT 'token.taken_back', $3, $4 FROM t",
    4,
};
const struct db_stmt st_refresh_get = {
    "refresh_get",
    "SELECT " GRANT_COLUMNS ", t.expires_at, t.uses = 0 AND t.expires_at > now() FROM idp.refresh_token t"
    " JOIN idp.access_grant g ON g.id = t.grant_id JOIN idp.account a ON a.id = g.account_id WHERE t.token_hash = $1",
    1,
};

err_t refresh_use(struct db_pool *p, const struct refresh_use *in, struct refresh_done *out)
{
    AUTO_ROWS r = NULL;
    const struct db_param v[] = {
        PROOFS_PARAMS(in->proofs), TIMED_PARAM(in->hash), TIMED_PARAM(in->next_hash), DB_TEXT(in->client_id), DB_TEXT(in->scope),
        DB_INT(in->idle),          DB_INT(in->window),    DB_TEXT(in->request_id),    DB_TEXT(in->jkt),
    };

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_refresh_use, v, &r));
    out->proofs = (enum proofs_outcome)db_int(r, 0, GRANT_NCOLUMNS + 1);
    if (out->proofs != PROOFS_FRESH)
        return OK;
    if (db_null(r, 0, 0))
        return ERR_DB_NONE;
    out->outcome = (enum refresh_outcome)db_int(r, 0, GRANT_NCOLUMNS);
    return grant_read(r, 0, &out->grant);
}

err_t refresh_undo(struct db_pool *p, const struct refresh_use *in)
{
    const struct db_param v[] = {TIMED_PARAM(in->hash), TIMED_PARAM(in->next_hash), DB_TEXT(in->client_id), DB_TEXT(in->request_id)};

    return store_one(p, &st_refresh_undo, v, NULL);
}

err_t refresh_get(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], struct grant *out, int64_t *expires_at, bool *good)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_refresh_get, (struct db_param[]){TIMED_PARAM(hash)}, &r));
    *expires_at = db_time(r, 0, GRANT_NCOLUMNS);
    *good = db_bool(r, 0, GRANT_NCOLUMNS + 1);
    return grant_read(r, 0, out);
}
