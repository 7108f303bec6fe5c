/*
 * The token endpoint: authorization_code and client_credentials.
 * POST /token. RFC 6749 §3.2, §4.1.3, §4.4; RFC 7636 §4.5; OpenID Connect Core §3.1.3.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/code.h"
#include "idp/rules/scope.h"
#include <string.h>

struct token_conf token_conf_of(const struct app *a)
{
    return (struct token_conf){
        .issuer = a->conf.issuer,
        .signer_resource = a->conf.signer_resource,
        .signer_scopes = a->conf.signer_scopes,
        .keys = &a->keys,
        .keyd = a->keyd,
        .jwks = a->jwks,
        .life = a->conf.token_life,
    };
}

static err_t reply(struct http_req *r, const struct tokens *t, const char *scope)
{
    json_t *j = json_pack("{s:s, s:s, s:I, s:s, s:s*}", "access_token", buf_str(&t->access), "token_type", "Bearer", "expires_in",
                          (json_int_t)app_of(r)->conf.token_life, "scope", scope, "id_token", t->id.len ? buf_str(&t->id) : NULL);

    /* RFC 6749 §5.1 */
    http_reply_no_store(r);
    http_reply_header(r, "Pragma", "no-cache");
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}

static err_t by_code(struct http_req *r, const struct client *client)
{
    struct app *a = app_of(r);
    AUTO(tokens_free) struct tokens t = {0};
    struct code code;
    const struct token_conf conf = token_conf_of(a);
    const struct code_redeem in = {
        .code = http_field(r, "code"),
        .redirect_uri = http_field(r, "redirect_uri"),
        .verifier = http_field(r, "code_verifier"),
        .client = client,
        .request_id = http_request_id(r),
    };

    TRY(code_redeem_begin(a->db, &in, &code));
    /* Signed first, used up after: a keyd that is away burns no code. The loser of a race throws its tokens away. */
    TRY(token_for_grant(&conf, &code.grant, code.nonce, &t));
    TRY(code_redeem_finish(a->db, &in, &code));
    return reply(r, &t, code.grant.scope);
}

static err_t by_client(struct http_req *r, const struct client *client)
{
    AUTO(tokens_free) struct tokens t = {0};
    char scope[SCOPE_MAX + 1];
    const char *asked = http_field(r, "scope");
    const struct token_conf conf = token_conf_of(app_of(r));

    if (!client->has_secret) /* RFC 6749 §4.4: confidential clients only */
        return ERR_CLIENT_FORBIDDEN;
    TRY(scope_select(asked ? asked : client->scope, client->scope, scope));
    /* Nobody signed in: no scope that speaks of a person or of an officer's role. */
    if (scope_has(scope, "openid") || scope_has(scope, "registrar"))
        return ERR_SCOPE;
    TRY(token_for_client(&conf, client->id, scope, &t));
    return reply(r, &t, scope);
}

err_t post_token(struct http_req *r)
{
    static const struct {
        const char *type;
        err_t (*run)(struct http_req *r, const struct client *client);
    } grants[] = {{"authorization_code", by_code}, {"client_credentials", by_client}};
    const char *type = http_field(r, "grant_type");
    struct client client;
    bool basic;
    const struct client_auth_in in = {
        .authorization = http_header(r, "Authorization"),
        .client_id = http_field(r, "client_id"),
        .client_secret = http_field(r, "client_secret"),
    };

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    if (http_query(r, "client_secret") || http_query(r, "code") || http_query(r, "code_verifier"))
        return ERR_REQUEST; /* secrets do not belong in addresses (RFC 6749 §2.3.1) */
    TRY(client_auth(app_of(r)->db, &in, &client, &basic));
    if (!type)
        return ERR_REQUEST;
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
        if (strcmp(type, grants[i].type) == 0)
            return scope_has(client.grants, type) ? grants[i].run(r, &client) : ERR_CLIENT_FORBIDDEN;
    return ERR_GRANT_TYPE;
}
