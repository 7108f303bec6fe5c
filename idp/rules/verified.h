/*
 * Verified claims: what an officer checked when a person was enrolled, told together with how, where and when.
 * Called by rules/claims.c. OpenID Connect for Identity Assurance 1.0; OpenID Identity Assurance Schema Definition 1.0.
 */
#ifndef ANTIN_IDP_RULES_VERIFIED_H
#define ANTIN_IDP_RULES_VERIFIED_H

#include "common/json.h"
#include "idp/errors.h"

#define VERIFIED_MAX 2 /* requests in one place: answers must fit into a token */

/* What the installation and the account say; the rest is in the person's sealed data. */
struct verified_facts {
    const char *trust_framework; /* of the law that the enrolment follows */
    const char *organization;    /* who enrols, when the officer named nobody else; "" unknown */
    int level;
};

/* One request or several; *out is an array of them, copies. ERR_REQUEST: verification or claims missing or of another kind, evidence without type. */
err_t verified_read(const json_t *asked, json_t **out) MUST_USE;
bool verified_wants_evidence(const json_t *one);
bool verified_wants_number(const json_t *one);

/*
 * The answer, an object or an array; NULL when nothing can be told as it was asked for (then the whole is left out, §6.3). known: the person's
 * claims. The document's number only with scope citizen_number.
 */
err_t verified_tell(const json_t *asked, const json_t *person, const json_t *known, const struct verified_facts *f, const char *scope,
                    json_t **out) MUST_USE;

#endif
