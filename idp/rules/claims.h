/*
 * The claims parameter: which of them a client wants, and what must be true.
 * Called by rules/authz.c. OpenID Connect Core §5.5.
 */
#ifndef ANTIN_IDP_RULES_CLAIMS_H
#define ANTIN_IDP_RULES_CLAIMS_H

#include "idp/store/auth_request.h"

struct claims_wish {
    char scope[SCOPE_MAX + 1]; /* the scopes that the claims belong to: consent and UserInfo go by scope */
    char acr[ACR_VALUES_MAX + 1]; /* essential: one of them must be met; "" when none is known */
    bool acr_essential;
    char sub[64];              /* the one person that is meant; "" when anybody */
};
/* ERR_REQUEST: not what §5.5 says. Claims that are not ours are left out. */
err_t claims_read(const char *text, struct claims_wish *out) MUST_USE;

#endif
