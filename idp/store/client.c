/*
 * Tables client, redirect_uri, post_logout_uri: statements, typed parameters and results.
 * Called by rules/client.c and antin-idpctl.
 */
#include "idp/store/client.h"
#include "idp/store/client_jose.h"
#include "idp/store/statements.h"
#include <string.h>

/* uri is COLLATE "C": equality is equality of bytes. */
const struct db_stmt st_client_get = {
    "client_get",
    "SELECT id, name, auth_method, secret_hash, first_party, sector, scope, grants, state = 'active', created_at,"
    " EXISTS (SELECT 1 FROM idp.redirect_uri u WHERE u.client_id = c.id AND u.uri = $2),"
    " par_required OR profile <> '', object_required OR profile = 'fapi2-message-signing', dpop_required, dpop_nonce, cert_bound,"
    " profile <> '', profile = 'fapi2-message-signing', introspect, userinfo_signed, " CLIENT_JOSE_COLUMNS
    ", details_types, ciba_notify_uri IS NOT NULL, name_vi, name_en, default_acr FROM idp.client c WHERE id = $1",
    2,
};
const struct db_stmt st_client_logout_uri = {
    "client_logout_uri",
    "SELECT 1 FROM idp.post_logout_uri u JOIN idp.client c ON c.id = u.client_id"
    " WHERE u.client_id = $1 AND u.uri = $2 AND c.state = 'active'",
    2,
};
const struct db_stmt st_client_redirects = {
    "client_redirects",
    "SELECT 'redirect', uri FROM idp.redirect_uri WHERE client_id = $1"
    " UNION ALL SELECT 'logout', uri FROM idp.post_logout_uri WHERE client_id = $1 ORDER BY 1 DESC, 2",
    1,
};
const struct db_stmt st_client_state = {
    "client_state",
    "WITH c AS (UPDATE idp.client SET state = $2, version = version + 1, changed_at = now()"
    "  WHERE id = $1 AND state <> 'removed' RETURNING id)"
    " INSERT INTO idp.audit (event, client_id, by_account, by_client, by_operator, request_id)"
    "  SELECT CASE $2 WHEN 'active' THEN 'client.enabled' ELSE 'client.disabled' END, id, $3, $4, $5, $6 FROM c",
    6,
};
const struct db_stmt st_client_keys = {
    "client_keys",
    "SELECT jwks, secret_sealed, tls_match FROM idp.client WHERE id = $1",
    1,
};

const char *client_name(const struct client *c, enum lang lang)
{
    return c->name_in[lang][0] ? c->name_in[lang] : c->name;
}

err_t client_get(struct db_pool *p, const char *id, const char *redirect_uri, struct client *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_client_get, (struct db_param[]){DB_TEXT(id), DB_TEXT(redirect_uri)}, &r));
    TRY(store_text(r, 0, 0, out->id, sizeof out->id));
    TRY(store_text(r, 0, 1, out->name, sizeof out->name));
    TRY(store_text(r, 0, 2, out->auth_method, sizeof out->auth_method));
    struct bytes h = db_bytes(r, 0, 3);
    out->has_secret = !db_null(r, 0, 3);
    if (out->has_secret && h.len != HASH_LEN)
        return ERR_DB;
    if (out->has_secret)
        memcpy(out->secret_hash, h.ptr, HASH_LEN);
    out->first_party = db_bool(r, 0, 4);
    TRY(store_text(r, 0, 5, out->sector, sizeof out->sector));
    TRY(store_text(r, 0, 6, out->scope, sizeof out->scope));
    TRY(store_text(r, 0, 7, out->grants, sizeof out->grants));
    out->active = db_bool(r, 0, 8);
    out->created_at = db_time(r, 0, 9);
    out->uri_registered = db_bool(r, 0, 10);
    bool *const flags[] = {&out->par_required, &out->object_required, &out->dpop_required, &out->dpop_nonce, &out->cert_bound,
                           &out->fapi,         &out->fapi_signed};
    out->introspect = db_bool(r, 0, 18);
    out->userinfo_signed = db_bool(r, 0, 19);
    TRY(client_jose_read(r, 0, 20, &out->jose));
    TRY(store_text(r, 0, 20 + CLIENT_JOSE_N, out->details_types, sizeof out->details_types));
    out->ciba_ping = db_bool(r, 0, 20 + CLIENT_JOSE_N + 1);
    TRY(store_text(r, 0, 20 + CLIENT_JOSE_N + 2, out->name_in[LANG_VI], sizeof out->name_in[LANG_VI]));
    TRY(store_text(r, 0, 20 + CLIENT_JOSE_N + 3, out->name_in[LANG_EN], sizeof out->name_in[LANG_EN]));
    TRY(store_text(r, 0, 20 + CLIENT_JOSE_N + 4, out->default_acr, sizeof out->default_acr));
    for (int i = 0; i < (int)(sizeof flags / sizeof *flags); i++)
        *flags[i] = db_bool(r, 0, 11 + i);
    return OK;
}

err_t client_logout_uri_registered(struct db_pool *p, const char *id, const char *uri, bool *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_query(p, &st_client_logout_uri, (struct db_param[]){DB_TEXT(id), DB_TEXT(uri)}, &r));
    *out = db_count(r) == 1;
    return OK;
}

err_t client_uris(struct db_pool *p, const char *id, struct db_rows **rows)
{
    return store_query(p, &st_client_redirects, (struct db_param[]){DB_TEXT(id)}, rows);
}

err_t client_set_state(struct db_pool *p, const char *id, const char *state, const struct actor *by)
{
    const struct db_param v[] = {DB_TEXT(id), DB_TEXT(state), ACTOR_PARAMS(by)};

    return store_one(p, &st_client_state, v, NULL);
}

void client_keys_free(struct client_keys *k)
{
    buf_free(&k->jwks);
    buf_free(&k->secret_sealed);
}

err_t client_keys_get(struct db_pool *p, const char *id, struct client_keys *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_client_keys, (struct db_param[]){DB_TEXT(id)}, &r));
    TRY(buf_add_str(&out->jwks, db_str(r, 0, 0)));
    TRY(buf_add_bytes(&out->secret_sealed, db_bytes(r, 0, 1)));
    return store_text(r, 0, 2, out->tls_match, sizeof out->tls_match);
}
