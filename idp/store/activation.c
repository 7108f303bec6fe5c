/*
 * Table activation: the code with which a citizen chooses the first (or, after losing it, a new) password.
 * Called by rules/activation.c.
 */
#include "idp/store/account.h"
#include "idp/store/logout.h"
#include "idp/store/statements.h"
#include <string.h>

/* With the answer to be repeated under the same Idempotency-Key. */
const struct db_stmt st_activation_renew = {
    "activation_renew",
    "WITH a AS (INSERT INTO idp.activation (account_id, code_hash, created_by, expires_at)"
    "  SELECT id, $2, $4, now() + make_interval(days => $3::int) FROM idp.account WHERE id = $1 AND kind = 'citizen' AND state <> 'locked'"
    "  ON CONFLICT (account_id) DO UPDATE SET code_hash = excluded.code_hash, created_at = now(), created_by = excluded.created_by,"
    "   expires_at = excluded.expires_at, tries = 0, used_at = NULL RETURNING account_id),"
    " k AS (INSERT INTO idp.idempotency (principal, key, request_hash, status, answer, expires_at)"
    "  SELECT $4, $5, $6, $7::int, $8, now() + interval '1 day' FROM a)"
    " INSERT INTO idp.audit (event, account_id, by_account, request_id) SELECT 'activation.renewed', account_id, $4, $9 FROM a",
    9,
};
/* Counted before it is compared, so that guesses sent at once are all counted. */
const struct db_stmt st_activation_try = {
    "activation_try",
    "UPDATE idp.activation v SET tries = v.tries + 1 FROM idp.account a"
    " WHERE a.login_hash = $1 AND a.state <> 'locked' AND v.account_id = a.id"
    "  AND v.used_at IS NULL AND v.expires_at > now() AND v.tries < 20"
    " RETURNING v.account_id, v.code_hash",
    1,
};
const struct db_stmt st_activation_use = {
    "activation_use",
    "WITH v AS (UPDATE idp.activation SET used_at = now()"
    "  WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL AND expires_at > now() RETURNING account_id),"
    " a AS (UPDATE idp.account SET state = 'active', activated_at = now() FROM v"
    "  WHERE id = v.account_id AND state <> 'locked' RETURNING id),"
    " p AS (INSERT INTO idp.password (account_id, hash) SELECT id, $3 FROM a"
    "  ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, changed_at = now()),"
    " s AS (UPDATE idp.session SET ended_at = now() FROM a WHERE account_id = a.id AND ended_at IS NULL RETURNING sid),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'password' FROM a"
    "  WHERE account_id = a.id AND revoked_at IS NULL AND expires_at > now())"
    " INSERT INTO idp.audit (event, account_id, request_id) SELECT 'activation.used', id, $4 FROM a",
    4,
};

err_t activation_renew(struct db_pool *p, const struct activation_new *n)
{
    const struct db_param v[] = {
        DB_TEXT(n->account_id),           HASH_PARAM(n->code_hash), DB_INT(n->days),          DB_TEXT(n->by),         DB_TEXT(n->once.key),
        HASH_PARAM(n->once.request_hash), DB_INT(n->once.status),   DB_BYTES(n->once.answer), DB_TEXT(n->request_id),
    };

    return store_one(p, &st_activation_renew, v, NULL);
}

err_t activation_try(struct db_pool *p, const uint8_t login_hash[HASH_LEN], char account_id[UUID_LEN + 1], uint8_t code_hash[HASH_LEN])
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_activation_try, (struct db_param[]){HASH_PARAM(login_hash)}, &r));
    TRY(store_text(r, 0, 0, account_id, UUID_LEN + 1));
    struct bytes h = db_bytes(r, 0, 1);
    if (h.len != HASH_LEN)
        return ERR_DB;
    memcpy(code_hash, h.ptr, HASH_LEN);
    return OK;
}

err_t activation_use(struct db_pool *p, const char *account_id, const uint8_t code_hash[HASH_LEN], const char *password,
                     const char *request_id)
{
    const struct db_param v[] = {DB_TEXT(account_id), HASH_PARAM(code_hash), DB_TEXT(password), DB_TEXT(request_id)};

    return store_one(p, &st_activation_use, v, NULL);
}
