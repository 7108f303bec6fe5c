/*
 * Who may administer: an officer with the role admin who signed in a short while ago, or a service that proves itself by a key of its own.
 * auth_admin stands in routes.c. RFC 6750, RFC 9470.
 */
#include "idp/endpoints/admin.h"
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/scope.h"
#include "idp/store/cursor.h"
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

err_t admin_id(const struct http_req *r, const char **id)
{
    *id = http_path(r, "id");
    return uuid_ok(*id) ? OK : ERR_NOT_FOUND;
}

err_t admin_note(const struct http_req *r, const char *event, const char *account, const char *client, const char *detail)
{
    const struct audit row = {.event = event, .account_id = account, .client_id = client, .detail = detail, .by = admin_actor(r)};

    return idp_audit(app_of(r)->db, &row);
}

err_t admin_reply(struct http_req *r, json_t *j)
{
    http_reply_no_store(r);
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}

err_t admin_limit(struct http_req *r, int64_t def, int64_t max, int64_t *out)
{
    const char *v = http_query(r, "limit");

    *out = def;
    if (!v)
        return OK;
    size_t n = strlen(v);
    *out = n > 0 && n < 8 && strspn(v, "0123456789") == n ? strtoll(v, NULL, 10) : 0;
    if (*out >= 1 && *out <= max)
        return OK;
    http_problem_detail(r, "limit: 1 to %lld", (long long)max);
    return ERR_REQUEST;
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
    a->actor = (struct actor){.client = a->bearer.claims.client_id, .request_id = http_request_id(r)};
    bool asked = scope_has(a->bearer.claims.scope, "admin"), person = a->bearer.grant.id[0] != '\0';
    err_t e = !asked ? ERR_TOKEN_SCOPE : person ? officer(r, a) : service(a);
    if (e != ERR_TOKEN_SCOPE)
        return e;
    /* Somebody who is known tries what is not theirs. */
    const struct audit row = {
        .event = "admin.refused",
        .account_id = person ? a->bearer.grant.account_id : NULL,
        .client_id = a->bearer.claims.client_id,
        .detail = http_route_path(r),
        .request_id = http_request_id(r),
    };
    return audit_refusal(app_of(r)->db, &row, e);
}
