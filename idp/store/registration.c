/*
 * Table registration_token, and the tokens by which clients manage themselves: statements, typed parameters and results.
 * Called by endpoints/register.c, endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3, RFC 7592 §2.
 */
#include "idp/store/registration.h"
#include "idp/store/statements.h"

const struct db_stmt st_registration_add = {
    "registration_add",
    "WITH t AS (INSERT INTO idp.registration_token (id, token_hash, name, policy, uses, expires_at)"
    "  VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6::int)) RETURNING id)"
    " INSERT INTO idp.audit (event, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT 'registration.token_added', id::text, $7, $8, $9, $10 FROM t",
    10,
};
const struct db_stmt st_registration_list = {
    "registration_list",
    "SELECT id, name, policy, uses, used, created_at, expires_at,"
    " CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' WHEN used >= uses THEN 'used' ELSE 'live' END"
    " FROM idp.registration_token ORDER BY created_at DESC, id LIMIT 1000",
    0,
};
const struct db_stmt st_registration_revoke = {
    "registration_revoke",
    "WITH t AS (UPDATE idp.registration_token SET revoked_at = now() WHERE id::text = $1 AND revoked_at IS NULL RETURNING id)"
    " INSERT INTO idp.audit (event, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT 'registration.token_revoked', id::text, $2, $3, $4, $5 FROM t",
    5,
};
const struct db_stmt st_registration_live = {
    "registration_live",
    "SELECT policy FROM idp.registration_token WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now() AND used < uses",
    1,
};
const struct db_stmt st_registration_of = {
    "registration_of",
    "SELECT t.policy FROM idp.client c JOIN idp.registration_token t ON t.id = c.registration_id WHERE c.id = $1",
    1,
};
const struct db_stmt st_registration_access = {
    "registration_access",
    "WITH u AS (UPDATE idp.client SET registration_before = NULL"
    "  WHERE id = $1 AND registration_hash = $2 AND registration_before IS NOT NULL)"
    " SELECT 1 FROM idp.client WHERE id = $1 AND (registration_hash = $2 OR registration_before = $2) AND state <> 'removed'",
    2,
};

err_t registration_token_add(struct db_pool *p, const struct registration_new *t, const struct actor *by)
{
    const struct db_param v[] = {DB_TEXT(t->id),  HASH_PARAM(t->token_hash), DB_TEXT(t->name), DB_TEXT(t->policy),
                                 DB_INT(t->uses), DB_INT(t->days),           ACTOR_PARAMS(by)};

    return store_one(p, &st_registration_add, v, NULL);
}

err_t registration_token_list(struct db_pool *p, struct db_rows **rows)
{
    return store_query(p, &st_registration_list, NULL, rows);
}

err_t registration_token_revoke(struct db_pool *p, const char *id, const struct actor *by)
{
    return store_one(p, &st_registration_revoke, (struct db_param[]){DB_TEXT(id), ACTOR_PARAMS(by)}, NULL);
}

static err_t one_policy(struct db_pool *p, const struct db_stmt *s, const struct db_param *v, struct buf *policy)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, s, v, &r));
    return buf_copy(policy, bytes_str(db_str(r, 0, 0)));
}

err_t registration_policy_live(struct db_pool *p, const uint8_t token_hash[HASH_LEN], struct buf *policy)
{
    return one_policy(p, &st_registration_live, (struct db_param[]){HASH_PARAM(token_hash)}, policy);
}

err_t registration_policy_of(struct db_pool *p, const char *client_id, struct buf *policy)
{
    return one_policy(p, &st_registration_of, (struct db_param[]){DB_TEXT(client_id)}, policy);
}

err_t registration_access(struct db_pool *p, const char *client_id, const uint8_t token_hash[HASH_LEN])
{
    return store_one(p, &st_registration_access, (struct db_param[]){DB_TEXT(client_id), HASH_PARAM(token_hash)}, NULL);
}
