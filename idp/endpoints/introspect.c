/*
 * A resource server asks what a token is worth; a client gives one back.
 * POST /introspect: RFC 7662, signed answers RFC 9701. POST /revoke: RFC 7009.
 */
#include "idp/rules/introspect.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include <string.h>

#define SIGNED_TYPE "application/token-introspection+jwt"

/* RFC 9701 §4: asked for by Accept, and only by this name (a wildcard means JSON). */
static bool wants_signed(const struct http_req *r)
{
    const char *accept = http_header(r, "Accept");

    return accept && strstr(accept, SIGNED_TYPE);
}

static err_t read_call(struct http_req *r, struct caller *c, const char **token)
{
    if (http_query(r, "token")) /* the rest that does not belong into addresses, caller_of refuses */
        return ERR_REQUEST;
    TRY(caller_of(r, c));
    *token = http_field(r, "token");
    return *token && **token ? OK : ERR_REQUEST;
}

err_t post_introspect(struct http_req *r)
{
    struct app *a = app_of(r);
    const struct token_conf conf = token_conf_of(a);
    AUTO_JSON answer = NULL;
    AUTO_BUF jwt = {0};
    struct caller c;
    const char *token;

    TRY(read_call(r, &c, &token));
    TRY(introspect(a->db, &conf, &c.client, token, &answer));
    http_reply_no_store(r);
    if (!wants_signed(r)) {
        http_reply_json(r, 200, take(&answer));
        return OK;
    }
    TRY(key_sign_statement(a->keyd, KEY_INTROSPECTION, c.client.jose.introspection, c.client.id, 0, answer, &jwt));
    http_reply(r, 200, SIGNED_TYPE, &jwt);
    return OK;
}

err_t post_revoke(struct http_req *r)
{
    struct app *a = app_of(r);
    const struct token_conf conf = token_conf_of(a);
    struct caller c;
    const char *token;

    TRY(read_call(r, &c, &token));
    TRY(revoke(a->db, &conf, &c.client, token, http_request_id(r)));
    http_reply_no_store(r);
    http_reply_json(r, 200, json_object());
    return OK;
}
