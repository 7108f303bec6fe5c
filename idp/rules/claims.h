/*
 * Claims about a person: which there are, which of them a client asks for one by one and where, and telling them there.
 * Called by rules/authz.c, rules/token.c, endpoints/userinfo.c, endpoints/agree.c and endpoints/discovery.c. OpenID Connect Core §5.1, §5.5.
 */
#ifndef ANTIN_IDP_RULES_CLAIMS_H
#define ANTIN_IDP_RULES_CLAIMS_H

#include "idp/rules/terms.h"
#include "idp/rules/verified.h"
#include "idp/store/grant.h"

struct claim_info {
    const char *name;
    const char *scope; /* that gives it, and that a client must have to ask for it alone; consent's words are under "claim." and its name */
    bool verified;     /* an officer looked at it: it may stand in verified_claims */
};
extern const struct claim_info claim_table[]; /* ends with a NULL name */
bool claim_is(const char *name);              /* one of the table */

struct claims_wish {
    char acr[ACR_VALUES_MAX + 1]; /* essential or not: the classes asked for; "" when none is known */
    bool acr_essential;
    char sub[64]; /* the one person that is meant; "" when anybody */
    /* What consent must name beyond the scopes: claims, and with "verified." before them verified ones, "evidence" and "document_number". */
    char names[CLAIM_NAMES_MAX + 1];
};
/*
 * The claims parameter of a client that gets these scopes. out->userinfo and ->id_token of t: what is asked there, of claims that are ours and
 * of scopes that the client may have; the rest is left out (§5.5.1). ERR_REQUEST: not what §5.5 says.
 */
err_t claims_read(const char *text, const struct client *c, const char *scope, struct claims_wish *out, struct terms *t) MUST_USE;

/* Whether somebody who agreed to this before need not be asked about these names. */
bool claims_covered(const char *names, const struct consent *given);

/* Adds what was asked for in one place (terms.userinfo or .id_token). scope: granted. */
err_t claims_tell(const json_t *asked, const json_t *person, const struct verified_facts *f, const char *scope, json_t *to) MUST_USE;
/* Adds what these scopes give at UserInfo. */
err_t claims_of_scopes(const json_t *person, const struct verified_facts *f, const char *scope, json_t *to) MUST_USE;

#endif
