/*
 * Table auth_request: statements, typed parameters and results.
 * Called by rules/authz.c.
 */
#include "idp/store/auth_request.h"
#include "idp/store/statements.h"
#include <string.h>

static const struct {
    const char *name;
    enum response_mode mode;
} modes[] = {
    {"query", RESPONSE_QUERY},
    {"form_post", RESPONSE_FORM},
    {"query.jwt", RESPONSE_QUERY_JWT},
    {"form_post.jwt", RESPONSE_FORM_JWT},
    {"jwt", RESPONSE_QUERY_JWT}, /* last: rows hold the names above */
};

err_t response_mode_read(const char *name, enum response_mode *out)
{
    *out = RESPONSE_QUERY;
    for (size_t i = 0; name && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(name, modes[i].name) == 0) {
            *out = modes[i].mode;
            return OK;
        }
    return name ? ERR_REQUEST : OK;
}

const char *response_mode_name(enum response_mode m)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (modes[i].mode == m)
            return modes[i].name;
    return "query";
}

const struct db_stmt st_request_add = {
    "request_add",
    "INSERT INTO idp.auth_request (id_hash, browser_hash, client_id, redirect_uri, scope, state, nonce, challenge, prompt_login,"
    "  prompt_consent, max_age, login_hint, expires_at, dpop_jkt, resource, response_mode, device_hash, want_sub,"
    "  acr_values, acr_essential, claims, has_details, terms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now() + make_interval(secs => $13::bigint), $14, $15, $16, $17, $18, $19,"
    "  $20, $21, $22, $23)",
    23,
};
const struct db_stmt st_request_get = {
    "request_get",
    "SELECT client_id, redirect_uri, scope, state, nonce, challenge, prompt_login, prompt_consent, max_age, login_hint, created_at,"
    " login_at IS NOT NULL, dpop_jkt, resource, response_mode, device_hash, want_sub, acr_values, acr_essential, claims, has_details, terms"
    " FROM idp.auth_request WHERE id_hash = $1 AND browser_hash = $2 AND expires_at > now() AND done_at IS NULL",
    2,
};
const struct db_stmt st_request_deny = {
    "request_deny",
    "WITH q AS (UPDATE idp.auth_request SET done_at = now() WHERE id_hash = $1 AND done_at IS NULL RETURNING client_id)"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id) SELECT 'consent.refused', $2, client_id, $3 FROM q",
    3,
};

err_t auth_request_add(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const uint8_t browser_hash[HASH_LEN], int64_t life,
                       const struct auth_request *q)
{
    const struct db_param v[] = {
        TIMED_PARAM(id_hash),
        HASH_PARAM(browser_hash),
        DB_TEXT(q->client_id),
        DB_TEXT(q->redirect_uri),
        DB_TEXT(q->scope),
        q->has_state ? DB_TEXT(q->state) : DB_NULL,
        q->nonce[0] ? DB_TEXT(q->nonce) : DB_NULL,
        DB_TEXT(q->challenge),
        DB_BOOL(q->prompt_login),
        DB_BOOL(q->prompt_consent),
        q->max_age >= 0 ? DB_INT(q->max_age) : DB_NULL,
        q->hint_len ? DB_BYTES(BYTES(q->hint, q->hint_len)) : DB_NULL,
        DB_INT(life),
        q->dpop_jkt[0] ? DB_TEXT(q->dpop_jkt) : DB_NULL,
        q->resource[0] ? DB_TEXT(q->resource) : DB_NULL,
        DB_TEXT(response_mode_name(q->response_mode)),
        q->is_device ? TIMED_PARAM(q->device_hash) : DB_NULL,
        q->want_sub[0] ? DB_TEXT(q->want_sub) : DB_NULL,
        DB_TEXT(q->acr_values),
        DB_BOOL(q->acr_essential),
        DB_TEXT(q->claims),
        DB_BOOL(q->has_details),
        q->terms_len ? DB_BYTES(BYTES(q->terms, q->terms_len)) : DB_NULL,
    };

    return store_one(p, &st_request_add, v, NULL);
}

err_t auth_request_get(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const uint8_t browser_hash[HASH_LEN], struct auth_request *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_request_get, (struct db_param[]){TIMED_PARAM(id_hash), HASH_PARAM(browser_hash)}, &r));
    memcpy(out->id_hash, id_hash, TIMED_KEY_LEN);
    out->stored = true;
    TRY(store_text(r, 0, 0, out->client_id, sizeof out->client_id));
    TRY(store_text(r, 0, 1, out->redirect_uri, sizeof out->redirect_uri));
    TRY(store_text(r, 0, 2, out->scope, sizeof out->scope));
    out->has_state = !db_null(r, 0, 3);
    TRY(store_text(r, 0, 3, out->state, sizeof out->state));
    TRY(store_text(r, 0, 4, out->nonce, sizeof out->nonce));
    TRY(store_text(r, 0, 5, out->challenge, sizeof out->challenge));
    out->prompt_login = db_bool(r, 0, 6);
    out->prompt_consent = db_bool(r, 0, 7);
    out->max_age = db_null(r, 0, 8) ? -1 : db_int(r, 0, 8);
    struct bytes hint = db_bytes(r, 0, 9);
    if (hint.len > sizeof out->hint)
        return ERR_DB;
    if (hint.len > 0)
        memcpy(out->hint, hint.ptr, hint.len);
    out->hint_len = hint.len;
    out->created_at = db_time(r, 0, 10);
    out->logged_in = db_bool(r, 0, 11);
    TRY(store_text(r, 0, 12, out->dpop_jkt, sizeof out->dpop_jkt));
    TRY(store_text(r, 0, 13, out->resource, sizeof out->resource));
    TRY(response_mode_read(db_str(r, 0, 14), &out->response_mode));
    out->is_device = !db_null(r, 0, 15);
    if (out->is_device && db_bytes(r, 0, 15).len != TIMED_KEY_LEN)
        return ERR_DB;
    if (out->is_device)
        memcpy(out->device_hash, db_bytes(r, 0, 15).ptr, TIMED_KEY_LEN);
    TRY(store_text(r, 0, 16, out->want_sub, sizeof out->want_sub));
    TRY(store_text(r, 0, 17, out->acr_values, sizeof out->acr_values));
    out->acr_essential = db_bool(r, 0, 18);
    TRY(store_text(r, 0, 19, out->claims, sizeof out->claims));
    out->has_details = db_bool(r, 0, 20);
    return store_bytes(r, 0, 21, out->terms, sizeof out->terms, &out->terms_len);
}

err_t auth_request_deny(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const char *account_id, const char *request_id)
{
    return store_one(p, &st_request_deny, (struct db_param[]){TIMED_PARAM(id_hash), DB_TEXT(account_id), DB_TEXT(request_id)}, NULL);
}
