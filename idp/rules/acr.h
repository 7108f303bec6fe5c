/*
 * Authentication context classes: what a client may ask of a sign-in, and what a sign-in was.
 * Called by rules/authz.c, rules/claims.c, rules/code.c, rules/token.c and endpoints/discovery.c. OpenID Connect Core §2, §3.1.2.1, §5.5.1.1; RFC 8176.
 */
#ifndef ANTIN_IDP_RULES_ACR_H
#define ANTIN_IDP_RULES_ACR_H

#include "idp/store/auth_request.h"
#include "idp/store/session.h"

/* A class is met by a level of identification, or by ways of signing in; a new way is a new row. */
struct acr_info {
    const char *value;
    int level;       /* at least; 0: any */
    const char *amr; /* all of these in the session's amr, separated by spaces; "" any */
    bool offered;    /* the sign-in page can bring it about */
};
extern const struct acr_info acr_table[]; /* ends with a NULL value */

/* The values of asked (separated by spaces) that are ours, each once, in their order. out may be what it was before: more are added. */
void acr_add(const char *asked, size_t len, char out[ACR_VALUES_MAX + 1]);
/* Whether this installation can bring it about: where nobody else vouches for people, nobody signs in so. */
bool acr_here(const struct acr_info *i, bool upstream);
/* Takes out of a list what cannot be brought about here. */
void acr_keep_here(char values[ACR_VALUES_MAX + 1], bool upstream);
/* The first of wanted that a sign-in of this level and in these ways meets; NULL: none. */
const char *acr_met(const char *wanted, int level, const char *amr);
/* Whether signing in again could meet one of wanted: by another way, or with what this session does not prove and the account has. */
bool acr_reachable(const char *wanted, const struct session *s);
/* The class that a level is; NULL for none. */
const char *acr_of_level(int level);

#endif
