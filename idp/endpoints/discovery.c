/*
 * What this provider can do, and its keys.
 * GET /.well-known/openid-configuration, /.well-known/oauth-authorization-server, /jwks. OpenID Connect Discovery §3, RFC 8414, RFC 7517.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/jwks.h"
#include "idp/rules/scope.h"

static json_t *url(const struct app *a, const char *path)
{
    return json_sprintf("%s%s", a->conf.issuer, path);
}

static json_t *scopes(void)
{
    json_t *list = json_array();

    for (const struct scope_info *s = scope_table; list && s->name; s++)
        json_array_append_new(list, json_string(s->name));
    return list;
}

err_t get_discovery(struct http_req *r)
{
    struct app *a = app_of(r);
    enum jose_alg alg = jwks_cache_alg(a->jwks);
    AUTO_JSON doc = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "issuer", a->conf.issuer, "authorization_endpoint",
                              url(a, "/authorize"), "token_endpoint", url(a, "/token"), "userinfo_endpoint", url(a, "/userinfo"),
                              "jwks_uri", url(a, "/jwks"), "end_session_endpoint", url(a, "/logout"), "scopes_supported", scopes());
    AUTO_JSON can = json_pack(
        "{s:[s], s:[s], s:[s,s], s:[s], s:[s], s:[s,s,s], s:[s], s:[s,s,s,s], s:[s,s], s:[s,s], s:[s], s:b, s:b, s:b, s:b}",
        "response_types_supported", "code", "response_modes_supported", "query", "grant_types_supported", "authorization_code",
        "client_credentials", "subject_types_supported", "pairwise", "id_token_signing_alg_values_supported", jose_alg_name(alg),
        "token_endpoint_auth_methods_supported", "client_secret_basic", "client_secret_post", "none", "code_challenge_methods_supported",
        "S256", "prompt_values_supported", "none", "login", "consent", "select_account", "acr_values_supported", "urn:antin:loa:1",
        "urn:antin:loa:2", "ui_locales_supported", "vi", "en", "claim_types_supported", "normal", "claims_parameter_supported", 0,
        "request_parameter_supported", 0, "request_uri_parameter_supported", 0, "authorization_response_iss_parameter_supported", 1);
    AUTO_JSON claims =
        json_pack("[s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s]", "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "name",
                  "family_name", "middle_name", "given_name", "birthdate", "gender", "phone_number", "address");

    if (alg == JOSE_NONE) /* keyd has not answered since the start: nobody knows what it signs with */
        return ERR_KEYD_DOWN;
    if (!doc || !can || !claims || json_object_update(doc, can) != 0 || json_array_append_new(claims, json_string("email")) != 0 ||
        json_array_append_new(claims, json_string("citizen_number")) != 0 || json_object_set(doc, "claims_supported", claims) != 0)
        return ERR_NOMEM;
    http_reply_header(r, "Cache-Control", "public, max-age=300");
    http_reply_json(r, 200, take(&doc));
    return OK;
}

err_t get_jwks(struct http_req *r)
{
    AUTO_BUF body = {0};

    TRY(jwks_cache_json(app_of(r)->jwks, &body));
    /* Short: a new key is published before it signs, and must have been seen by then. */
    http_reply_header(r, "Cache-Control", "public, max-age=60");
    http_reply(r, 200, "application/jwk-set+json", &body);
    return OK;
}
