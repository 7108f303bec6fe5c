/*
 * Whose access token a request brought: in the header, or (UserInfo alone) in a form; and whether it is the holder who brought it.
 * Called by userinfo.c; auth_registrar stands in routes.c. RFC 6750 §2, RFC 9068 §4, RFC 9449 §7, RFC 8705 §3.
 */
#include "common/clock.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/clients.h"
#include "idp/rules/scope.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The token behind "Bearer " or "DPoP "; NULL for any other scheme. */
static const char *token_behind(const char *header, const char *scheme)
{
    size_t n = strlen(scheme);

    return header && strncasecmp(header, scheme, n) == 0 && header[n] == ' ' ? header + n + strspn(header + n, " ") : NULL;
}

/* RFC 8705 §3: the certificate of this very connection. */
static err_t check_cert(struct http_req *r, const char *x5t)
{
    AUTO_X509 cert = NULL;
    char have[X5T_LEN + 1];

    if (!x5t[0])
        return OK;
    if (caller_cert(r, &cert) != OK || !cert)
        return ERR_TOKEN;
    TRY(client_cert_thumbprint(cert, have));
    return strcmp(have, x5t) == 0 ? OK : ERR_TOKEN;
}

/*
 * A bound token by the Bearer scheme, or an unbound one by DPoP, is refused: the first may be stolen, the second would make a proof of nothing
 * (RFC 9449 §7.1, §7.2).
 */
static err_t check_binding(struct http_req *r, const struct bearer *b, const char *token, bool by_dpop)
{
    char jkt[JKT_LEN + 1];

    TRY(check_cert(r, b->claims.bind.x5t));
    if ((b->claims.bind.jkt[0] != '\0') != by_dpop)
        return ERR_TOKEN;
    if (!by_dpop)
        return OK;
    TRY(caller_dpop(r, token, b->grant.dpop_nonce || b->service.dpop_nonce, jkt));
    if (!jkt[0])
        return ERR_DPOP;
    return strcmp(jkt, b->claims.bind.jkt) == 0 ? OK : ERR_TOKEN;
}

/* The person's grant lives, or the service is still one of ours. */
static err_t load_holder(const struct app *a, struct bearer *out)
{
    const char *client_id = out->claims.client_id;
    bool person = out->claims.grant_id[0] != '\0';

    err_t e = person ? grant_get(a->db, out->claims.grant_id, &out->grant) : clients_get(a->clients, client_id, NULL, &out->service);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    if (person)
        return out->grant.live && strcmp(out->grant.client_id, client_id) == 0 ? OK : ERR_TOKEN;
    return out->service.active ? OK : ERR_TOKEN;
}

/* The token of the request, checked. */
static err_t read_token(struct http_req *r, bool form, struct token_claims *out, const char **token, bool *by_dpop)
{
    const char *header = http_header(r, "Authorization"), *field = form ? http_field(r, "access_token") : NULL;
    const char *bearer = token_behind(header, "Bearer"), *dpop = token_behind(header, "DPoP");
    struct token_conf conf = token_conf_of(app_of(r));

    conf.at_hand = !http_may_wait(r);
    *token = bearer ? bearer : dpop ? dpop : field;
    *by_dpop = dpop != NULL;
    if (header && field)
        return ERR_REQUEST;
    return *token ? token_check(&conf, *token, out) : ERR_TOKEN_MISSING;
}

err_t bearer_plain(struct http_req *r, bool form, struct token_claims *out)
{
    const char *token;
    bool by_dpop;

    TRY(read_token(r, form, out, &token, &by_dpop));
    return by_dpop || out->bind.jkt[0] || out->bind.x5t[0] || !grant_id_ok(out->grant_id) ? ERR_WAITS : OK;
}

err_t bearer_any(struct http_req *r, bool form, struct bearer *out)
{
    struct app *a = app_of(r);
    const char *token;
    bool by_dpop;

    memset(out, 0, sizeof *out);
    TRY(read_token(r, form, &out->claims, &token, &by_dpop));
    TRY(load_holder(a, out));
    err_t e = check_binding(r, out, token, by_dpop);
    if (e != ERR_TOKEN && e != ERR_DPOP)
        return e;
    /* The token is good, but whoever brings it cannot prove that it is theirs. */
    const struct audit row = {
        .event = "token.unproven",
        .account_id = out->grant.id[0] ? out->grant.account_id : NULL,
        .client_id = out->claims.client_id,
        .detail = http_route_path(r),
        .request_id = http_request_id(r),
    };
    return audit_refusal(a->db, &row, e);
}

err_t bearer_of(struct http_req *r, bool form, struct bearer *out)
{
    TRY(bearer_any(r, form, out));
    return out->grant.id[0] ? OK : ERR_TOKEN_SCOPE; /* a service's token speaks for nobody */
}

/* An officer's token: scope registrar, and the account holds the role at this moment. */
err_t auth_registrar(struct http_req *r)
{
    struct bearer *b = malloc(sizeof *b);

    if (!b)
        return ERR_NOMEM;
    http_set_principal(r, b, free);
    TRY(bearer_of(r, false, b));
    if (!scope_has(b->claims.scope, "registrar") || !b->grant.registrar)
        return ERR_TOKEN_SCOPE;
    /* A token may be refreshed for months; whoever enrols people has signed in today (RFC 9470). */
    return clock_now() - b->grant.auth_time <= app_of(r)->conf.officer_max_age ? OK : ERR_TOKEN_OLD;
}
