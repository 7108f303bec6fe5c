/*
 * Resource indicators: a small, fixed set of services.
 * Called by rules/authz.c, rules/token.c and endpoints/token.c. RFC 8707 §2.
 */
#include "idp/rules/resource.h"
#include "idp/rules/scope.h"
#include <string.h>

static bool is_signer(const struct resources *r, const char *name)
{
    return r->signer[0] && strcmp(name, r->signer) == 0;
}

err_t resource_check(const struct resources *r, const char *asked, const char *chosen, const char *scope)
{
    if (!asked || !*asked)
        return OK;
    if (strcmp(asked, r->issuer) != 0 && !is_signer(r, asked))
        return ERR_TARGET;
    if (chosen[0] && strcmp(asked, chosen) != 0) /* §2.2: no wider than what the person agreed to */
        return ERR_TARGET;
    return is_signer(r, asked) && !scope_any(scope, r->signer_scopes) ? ERR_TARGET : OK;
}

struct audience resource_audience(const struct resources *r, const char *chosen, const char *scope)
{
    if (chosen[0] && is_signer(r, chosen))
        return (struct audience){.aud = {r->signer}, .signer = true};
    if (chosen[0] || !r->signer[0] || !scope_any(scope, r->signer_scopes))
        return (struct audience){.aud = {r->issuer}};
    return (struct audience){.aud = {r->issuer, r->signer}, .signer = true};
}
