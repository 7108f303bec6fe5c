/*
 * Tables account, password, role: statements, typed parameters and results.
 * Called by rules/ and antin-idpctl.
 */
#include "idp/store/account.h"
#include "idp/store/logout.h"
#include "idp/store/statements.h"
#include <string.h>

const struct db_stmt st_account_create = {
    "account_create",
    "WITH a AS (INSERT INTO idp.account (id, kind, level, login_hash, phone_hash, data_key, data, created_by)"
    "  VALUES ($1, 'citizen', $2, $3, $4, $5, $6, $7) RETURNING id),"
    " c AS (INSERT INTO idp.activation (account_id, code_hash, created_by, expires_at)"
    "  SELECT id, $8, $7, now() + make_interval(days => $9::int) FROM a),"
    " k AS (INSERT INTO idp.idempotency (principal, key, request_hash, status, answer, expires_at)"
    "  SELECT $7, $10, $11, $12::int, $13, now() + interval '1 day' FROM a)"
    " INSERT INTO idp.audit (event, account_id, by_account, request_id) SELECT 'account.created', id, $7, $14 FROM a",
    14,
};
const struct db_stmt st_account_officer = {
    "account_officer",
    "WITH a AS (INSERT INTO idp.account (id, kind, level, state, login_hash, data_key, data, activated_at)"
    "  VALUES ($1, 'officer', 0, 'active', $2, $3, $4, now()) RETURNING id),"
    " p AS (INSERT INTO idp.password (account_id, hash) SELECT id, $5 FROM a),"
    " r AS (INSERT INTO idp.role (account_id, role) SELECT id, $6::text FROM a WHERE $6::text IS NOT NULL)"
    " INSERT INTO idp.audit (event, account_id, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT 'account.created', id, $6, $7, $8, $9, $10 FROM a",
    10,
};
#define ACCOUNT_COLUMNS                                     \
    "a.id, a.kind, a.state, a.level, p.hash, a.created_at," \
    " EXISTS (SELECT 1 FROM idp.role r WHERE r.account_id = a.id AND r.role = 'registrar')"
const struct db_stmt st_account_by_login = {
    "account_by_login",
    "SELECT " ACCOUNT_COLUMNS " FROM idp.account a LEFT JOIN idp.password p ON p.account_id = a.id WHERE a.login_hash = $1",
    1,
};
const struct db_stmt st_account_by_id = {
    "account_by_id",
    "SELECT " ACCOUNT_COLUMNS " FROM idp.account a LEFT JOIN idp.password p ON p.account_id = a.id WHERE a.id = $1",
    1,
};
const struct db_stmt st_account_role_give = {
    "account_role_give",
    "WITH r AS (INSERT INTO idp.role (account_id, role) SELECT id, $2 FROM idp.account WHERE id = $1 AND kind = 'officer'"
    "  ON CONFLICT DO NOTHING RETURNING account_id)"
    " INSERT INTO idp.audit (event, account_id, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT 'role.given', account_id, $2, $3, $4, $5, $6 FROM r",
    6,
};
const struct db_stmt st_account_role_take = {
    "account_role_take",
    "WITH r AS (DELETE FROM idp.role WHERE account_id = $1 AND role = $2 RETURNING account_id)"
    " INSERT INTO idp.audit (event, account_id, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT 'role.taken', account_id, $2, $3, $4, $5, $6 FROM r",
    6,
};
const struct db_stmt st_account_person = {"account_person", "SELECT data_key, data FROM idp.account WHERE id = $1", 1};
/* Unlocking an account without a password leaves it pending. */
const struct db_stmt st_account_state = {
    "account_state",
    "WITH a AS (UPDATE idp.account SET locked_at = CASE WHEN $2 = 'locked' THEN now() END,"
    "   state = CASE WHEN $2 = 'active' AND NOT EXISTS (SELECT 1 FROM idp.password p WHERE p.account_id = $1) THEN 'pending' ELSE $2 END"
    "  WHERE id = $1 RETURNING id),"
    " s AS (UPDATE idp.session SET ended_at = now() WHERE account_id = $1 AND ended_at IS NULL AND $2 = 'locked' RETURNING sid),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'locked'"
    "  WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > now() AND $2 = 'locked')"
    " INSERT INTO idp.audit (event, account_id, by_account, by_client, by_operator, request_id)"
    "  SELECT CASE WHEN $2 = 'locked' THEN 'account.locked' ELSE 'account.unlocked' END, id, $3, $4, $5, $6 FROM a",
    6,
};

const struct db_stmt st_account_password = {
    "account_password",
    "WITH p AS (UPDATE idp.password SET hash = $2, changed_at = now() WHERE account_id = $1 RETURNING account_id),"
    " s AS (UPDATE idp.session SET ended_at = now() FROM p WHERE session.account_id = p.account_id AND ended_at IS NULL RETURNING sid),"
    " " TELL_CLIENTS ","
    " g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'password' FROM p"
    "  WHERE access_grant.account_id = p.account_id AND revoked_at IS NULL AND expires_at > now())"
    " INSERT INTO idp.audit (event, account_id, by_account, by_client, by_operator, request_id)"
    "  SELECT 'password.set', account_id, $3, $4, $5, $6 FROM p",
    6,
};
const struct db_stmt st_account_rehash = {
    "account_rehash",
    "UPDATE idp.password SET hash = $2 WHERE account_id = $1",
    2,
};

err_t account_create_citizen(struct db_pool *p, const struct account_new *a)
{
    const struct db_param v[] = {
        DB_TEXT(a->id),
        DB_INT(a->level),
        HASH_PARAM(a->login_hash),
        a->phone_hash ? HASH_PARAM(a->phone_hash) : DB_NULL,
        DB_BYTES(a->data_key),
        DB_BYTES(a->data),
        DB_TEXT(a->created_by),
        HASH_PARAM(a->code_hash),
        DB_INT(a->activation_days),
        DB_TEXT(a->once.key),
        HASH_PARAM(a->once.request_hash),
        DB_INT(a->once.status),
        DB_BYTES(a->once.answer),
        DB_TEXT(a->request_id),
    };

    return store_one(p, &st_account_create, v, NULL);
}

err_t account_create_officer(struct db_pool *p, const struct account_new *a)
{
    const struct db_param v[] = {
        DB_TEXT(a->id),       HASH_PARAM(a->login_hash), DB_BYTES(a->data_key), DB_BYTES(a->data),
        DB_TEXT(a->password), DB_TEXT(a->role),          ACTOR_PARAMS(a->by),
    };

    return store_one(p, &st_account_officer, v, NULL);
}

static err_t read_account(const struct db_rows *r, struct account *out)
{
    memset(out, 0, sizeof *out);
    TRY(store_text(r, 0, 0, out->id, sizeof out->id));
    TRY(store_text(r, 0, 1, out->kind, sizeof out->kind));
    TRY(store_text(r, 0, 2, out->state, sizeof out->state));
    out->level = (int)db_int(r, 0, 3);
    TRY(store_text(r, 0, 4, out->password, sizeof out->password));
    out->created_at = db_time(r, 0, 5);
    out->registrar = db_bool(r, 0, 6);
    return OK;
}

err_t account_by_login(struct db_pool *p, const uint8_t login_hash[HASH_LEN], struct account *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_account_by_login, (struct db_param[]){HASH_PARAM(login_hash)}, &r));
    return read_account(r, out);
}

err_t account_by_id(struct db_pool *p, const char *id, struct account *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_account_by_id, (struct db_param[]){DB_TEXT(id)}, &r));
    return read_account(r, out);
}

err_t account_role_give(struct db_pool *p, const char *id, const char *role, const struct actor *by)
{
    return store_one(p, &st_account_role_give, (struct db_param[]){DB_TEXT(id), DB_TEXT(role), ACTOR_PARAMS(by)}, NULL);
}

err_t account_role_take(struct db_pool *p, const char *id, const char *role, const struct actor *by)
{
    return store_one(p, &st_account_role_take, (struct db_param[]){DB_TEXT(id), DB_TEXT(role), ACTOR_PARAMS(by)}, NULL);
}

err_t account_set_password(struct db_pool *p, const char *id, const char *hash, const struct actor *by)
{
    return store_one(p, &st_account_password, (struct db_param[]){DB_TEXT(id), DB_TEXT(hash), ACTOR_PARAMS(by)}, NULL);
}

err_t account_rehash(struct db_pool *p, const char *id, const char *hash)
{
    return store_one(p, &st_account_rehash, (struct db_param[]){DB_TEXT(id), DB_TEXT(hash)}, NULL);
}

err_t account_set_state(struct db_pool *p, const char *id, const char *state, const struct actor *by)
{
    return store_one(p, &st_account_state, (struct db_param[]){DB_TEXT(id), DB_TEXT(state), ACTOR_PARAMS(by)}, NULL);
}

err_t account_sealed_get(struct db_pool *p, const char *id, struct account_sealed *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_account_person, (struct db_param[]){DB_TEXT(id)}, &r));
    return account_sealed_read(r, 0, 0, out);
}

err_t account_sealed_read(const struct db_rows *r, int row, int column, struct account_sealed *out)
{
    struct bytes key = db_bytes(r, row, column);

    if (key.len != sizeof out->key)
        return ERR_DB;
    memcpy(out->key, key.ptr, sizeof out->key);
    return buf_copy(&out->data, db_bytes(r, row, column + 1));
}
