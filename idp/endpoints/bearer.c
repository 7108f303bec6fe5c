/*
 * Whose access token a request brought: in the header, or (UserInfo alone) in a form.
 * Called by userinfo.c; auth_registrar stands in routes.c. RFC 6750 §2, RFC 9068 §4.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/scope.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

err_t bearer_of(struct http_req *r, bool form, struct bearer *out)
{
    struct app *a = app_of(r);
    const char *header = http_header(r, "Authorization"), *field = form ? http_field(r, "access_token") : NULL;
    const struct token_conf conf = token_conf_of(a);

    memset(out, 0, sizeof *out);
    if (header && field)
        return ERR_REQUEST;
    if (!header && !field)
        return ERR_TOKEN_MISSING;
    if (header) {
        if (strncasecmp(header, "Bearer ", 7) != 0)
            return ERR_TOKEN_MISSING;
        field = header + 7 + strspn(header + 7, " ");
    }
    TRY(token_check(&conf, field, &out->claims));
    if (!out->claims.grant_id[0]) /* a service's token speaks for nobody */
        return ERR_TOKEN_SCOPE;
    err_t e = grant_get(a->db, out->claims.grant_id, &out->grant);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    if (!out->grant.live || strcmp(out->grant.client_id, out->claims.client_id) != 0)
        return ERR_TOKEN;
    return OK;
}

/* An officer's token: scope registrar, and the account holds the role at this moment. */
err_t auth_registrar(struct http_req *r)
{
    struct bearer *b = malloc(sizeof *b);

    if (!b)
        return ERR_NOMEM;
    http_set_principal(r, b, free);
    TRY(bearer_of(r, false, b));
    return scope_has(b->claims.scope, "registrar") && b->grant.registrar ? OK : ERR_TOKEN_SCOPE;
}
