/*
 * Which service tokens are for: this provider itself (UserInfo, the counter's API) or the signing service.
 * Called by rules/authz.c, rules/token.c and endpoints/token.c. RFC 8707.
 */
#ifndef ANTIN_IDP_RULES_RESOURCE_H
#define ANTIN_IDP_RULES_RESOURCE_H

#include "idp/errors.h"
#include <stdbool.h>

struct resources {
    const char *issuer, *signer; /* their names; signer may be "" */
    const char *signer_scopes;
};
/*
 * Whether tokens with these scopes may be for the one that was asked for. asked NULL or "": whatever the scopes say. chosen: what the grant was
 * limited to before, or "". ERR_TARGET.
 */
err_t resource_check(const struct resources *r, const char *asked, const char *chosen, const char *scope) MUST_USE;

/* The audience (second may be NULL) of a token, and whether it is the signing service that reads its sub. */
struct audience {
    const char *aud[2];
    bool signer;
};
struct audience resource_audience(const struct resources *r, const char *chosen, const char *scope);

#endif
