/*
 * Table code: statements, typed parameters and results.
 * Called by rules/code.c. RFC 6749 §4.1.2, §4.1.3; RFC 7636 §4.6; RFC 9449 §10.
 */
#include "idp/store/code.h"
#include "idp/store/statements.h"
#include <string.h>

/* What the request must match besides the verifier, and what must still be so. */
#define CODE_FITS                                                                                    \
    "(c.expires_at > now() AND g.revoked_at IS NULL AND g.expires_at > now() AND a.state = 'active'" \
    " AND c.redirect_uri = $7 AND (c.dpop_jkt IS NULL OR c.dpop_jkt = $9))"
#define CODE_IS_RIGHT "(" CODE_FITS " AND c.challenge IS NOT DISTINCT FROM $8)"

/*
 * The update of the code's own row takes its lock; RETURNING tells what it found: uses is 1 for the first that was right, more for all that come
 * later, right or wrong. Outcomes are numbered as in code.h.
 */
const struct db_stmt st_code_use = {
    "code_use",
    "WITH " PROOFS_CTES ","
    " c AS (UPDATE idp.code c SET uses = c.uses + (c.uses > 0 OR " CODE_IS_RIGHT ")::int,"
    "   used_at = coalesce(c.used_at, CASE WHEN " CODE_IS_RIGHT " THEN now() END)"
    "  FROM idp.access_grant g, idp.account a"
    "  WHERE c.code_hash = $5 AND g.id = c.grant_id AND g.client_id = $6 AND a.id = g.account_id AND " PROOFS_GOOD
    "  RETURNING c.grant_id, c.nonce, g.account_id, g.client_id, g.expires_at, g.scope, g.revoked_at, CASE WHEN c.uses > 1 THEN 1"
    "   WHEN c.uses = 1 THEN 0 WHEN " CODE_FITS " THEN 2 ELSE 3 END::bigint AS what),"
    " t AS (INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at)"
    "  SELECT $10::bytea, grant_id, least(expires_at, now() + make_interval(secs => $11::bigint)) FROM c"
    "  WHERE what = 0 AND $10::bytea IS NOT NULL AND 'offline_access' = ANY (string_to_array(scope, ' '))),"
    " k AS (UPDATE idp.access_grant g SET dpop_jkt = CASE WHEN c.what = 0 THEN $9 ELSE g.dpop_jkt END,"
    "   revoked_at = CASE WHEN c.what = 1 THEN now() END, revoked_why = CASE WHEN c.what = 1 THEN 'replay' END FROM c"
    "  WHERE g.id = c.grant_id AND g.revoked_at IS NULL AND (c.what = 1 OR (c.what = 0 AND $12::boolean))),"
    " l AS (INSERT INTO idp.audit (event, account_id, client_id, request_id)"
    "  SELECT CASE what WHEN 0 THEN 'token.issued' ELSE 'grant.revoked.replay' END, account_id, client_id, $13 FROM c"
    "   WHERE what = 0 OR (what = 1 AND revoked_at IS NULL)"
    "  UNION ALL " PROOFS_EVENTS ", NULL, $6, $13 FROM bad)"
    " SELECT " GRANT_COLUMNS ", c.nonce, c.what, " PROOFS_OUTCOME " FROM (SELECT 1) one LEFT JOIN c ON true"
    " LEFT JOIN idp.access_grant g ON g.id = c.grant_id LEFT JOIN idp.account a ON a.id = g.account_id",
    13,
};
const struct db_stmt st_code_undo = {
    "code_undo",
    "WITH c AS (UPDATE idp.code SET uses = 0, used_at = NULL WHERE code_hash = $1 AND uses = 1 RETURNING grant_id),"
    " t AS (DELETE FROM idp.refresh_token WHERE token_hash = $2 AND uses = 0 AND EXISTS (SELECT 1 FROM c)),"
    " k AS (UPDATE idp.access_grant g SET dpop_jkt = NULL FROM c WHERE g.id = c.grant_id AND $3::boolean)"
    " INSERT INTO idp.audit (event, client_id, request_id) SELECT 'token.taken_back', $4, $5 FROM c",
    5,
};

err_t code_use(struct db_pool *p, const struct code_use *in, struct code_used *out)
{
    AUTO_ROWS r = NULL;
    const struct db_param v[] = {
        PROOFS_PARAMS(in->proofs),
        TIMED_PARAM(in->hash),
        DB_TEXT(in->client_id),
        DB_TEXT(in->redirect_uri),
        DB_TEXT(in->challenge),
        DB_TEXT(in->jkt),
        in->refresh_hash ? TIMED_PARAM(in->refresh_hash) : DB_NULL,
        DB_INT(in->refresh_idle),
        DB_BOOL(in->bind),
        DB_TEXT(in->request_id),
    };

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_code_use, v, &r));
    out->proofs = (enum proofs_outcome)db_int(r, 0, GRANT_NCOLUMNS + 2);
    if (out->proofs != PROOFS_FRESH)
        return OK;
    if (db_null(r, 0, 0))
        return ERR_DB_NONE;
    out->outcome = (enum code_outcome)db_int(r, 0, GRANT_NCOLUMNS + 1);
    TRY(store_text(r, 0, GRANT_NCOLUMNS, out->nonce, sizeof out->nonce));
    return grant_read(r, 0, &out->grant);
}

err_t code_undo(struct db_pool *p, const struct code_use *in)
{
    const struct db_param v[] = {
        TIMED_PARAM(in->hash),   in->refresh_hash ? TIMED_PARAM(in->refresh_hash) : DB_NULL, DB_BOOL(in->bind), DB_TEXT(in->client_id),
        DB_TEXT(in->request_id),
    };

    return store_one(p, &st_code_undo, v, NULL);
}
