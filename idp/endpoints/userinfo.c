/*
 * Claims about the person: what the granted scopes give, and what was asked for by name.
 * GET and POST /userinfo. OpenID Connect Core §5.3, §5.4, §5.5; RFC 6750.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/claims.h"
#include "idp/rules/jwe.h"
#include "idp/rules/person.h"
#include "idp/rules/scope.h"
#include <string.h>

/* What the token's scopes give, and what was asked for by name (OpenID Connect Core §5.4, §5.5). */
static err_t tell(const struct app *a, const struct bearer *b, json_t *claims)
{
    const struct grant *g = &b->grant;
    const struct verified_facts facts = {a->conf.trust_framework, a->conf.organization, g->level};
    AUTO_TERMS terms = {0};
    AUTO_JSON person = NULL;

    TRY(terms_open(a->keys.seal, g->client_id, BYTES(g->terms, g->terms_len), &terms));
    if (strcmp(b->claims.scope, "openid") == 0 && !terms.userinfo)
        return OK;
    TRY(person_open(a->keyd, a->db, g->account_id, &person));
    TRY(claims_of_scopes(person, &facts, b->claims.scope, claims));
    return claims_tell(terms.userinfo, person, &facts, b->claims.scope, claims);
}

/* §5.3.2: as JSON, or as its client registered: signed, encrypted, or signed and then encrypted. */
static err_t reply(struct http_req *r, const char *client_id, json_t *claims)
{
    struct app *a = app_of(r);
    AUTO_JSON mine = claims;
    AUTO_BUF text = {0};
    struct client client;

    TRY(clients_get(a->clients, client_id, NULL, &client));
    if (!client.userinfo_signed && !client.jose.userinfo_enc.alg[0]) {
        http_reply_json(r, 200, take(&mine));
        return OK;
    }
    if (client.userinfo_signed)
        TRY(key_sign_statement(a->keyd, KEY_USERINFO, client.jose.userinfo, client_id, 0, mine, &text));
    else
        TRY(json_text(mine, &text));
    TRY(jwe_wrap(a->clients, client_id, &client.jose.userinfo_enc, client.userinfo_signed, &text));
    http_reply(r, 200, "application/jwt", &text);
    return OK;
}

static err_t answer(struct http_req *r, bool form)
{
    struct app *a = app_of(r);
    AUTO_JSON claims = NULL;
    struct bearer b;

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(bearer_of(r, form, &b));
    if (!scope_has(b.claims.scope, "openid"))
        return ERR_TOKEN_SCOPE;
    claims = json_pack("{s:s}", "sub", b.grant.sub);
    if (!claims)
        return ERR_NOMEM;
    TRY(tell(a, &b, claims));
    http_reply_no_store(r);
    return reply(r, b.grant.client_id, take(&claims));
}

err_t get_userinfo(struct http_req *r)
{
    return answer(r, false);
}

err_t post_userinfo(struct http_req *r)
{
    return answer(r, true);
}
