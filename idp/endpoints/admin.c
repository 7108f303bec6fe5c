/*
 * Who may administer: an officer with the role admin who signed in a short while ago, or a service that proves itself by a key of its own.
 * auth_admin stands in routes.c. RFC 6750, RFC 9470.
 */
#include "idp/endpoints/admin.h"
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/scope.h"
#include <stdlib.h>
#include <string.h>

struct admin {
    struct bearer bearer;
    struct actor actor;
    char principal[UUID_LEN + 1];
};

const struct actor *admin_actor(const struct http_req *r)
{
    return &((const struct admin *)http_principal(r))->actor;
}

const char *admin_principal(const struct http_req *r)
{
    return ((const struct admin *)http_principal(r))->principal;
}

/* The role is asked at this moment; and a token may be refreshed for months, but whoever administers has signed in just now. */
static err_t officer(const struct http_req *r, struct admin *a)
{
    const struct grant *g = &a->bearer.grant;

    if (!g->admin)
        return ERR_TOKEN_SCOPE;
    a->actor.account = g->account_id;
    memcpy(a->principal, g->account_id, sizeof a->principal);
    return clock_now() - g->auth_time <= app_of(r)->conf.admin_max_age ? OK : ERR_ADMIN_OLD;
}

/* What the token was given for is asked again: the registration may have changed since. */
static err_t service(struct admin *a)
{
    const struct client *c = &a->bearer.service;
    uint8_t hash[SHA256_LEN];

    if (!scope_has(c->scope, "admin") || !client_has_key(c))
        return ERR_TOKEN_SCOPE;
    sha256(bytes_str(c->id), hash);
    uuid_of(hash, a->principal);
    return OK;
}

err_t auth_admin(struct http_req *r)
{
    struct admin *a = calloc(1, sizeof *a);

    if (!a)
        return ERR_NOMEM;
    http_set_principal(r, a, free);
    TRY(bearer_any(r, false, &a->bearer));
    if (!scope_has(a->bearer.claims.scope, "admin"))
        return ERR_TOKEN_SCOPE;
    a->actor = (struct actor){.client = a->bearer.claims.client_id, .request_id = http_request_id(r)};
    return a->bearer.grant.id[0] ? officer(r, a) : service(a);
}
