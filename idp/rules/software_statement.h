/*
 * Software statements: what somebody whom we trust says about software that registers itself.
 * Called by app.c (opened at start) and endpoints/register.c. RFC 7591 §2.3, §3.1.1.
 */
#ifndef ANTIN_IDP_RULES_SOFTWARE_STATEMENT_H
#define ANTIN_IDP_RULES_SOFTWARE_STATEMENT_H

#include "idp/rules/software_policy.h"

/* Who may make statements, and their keys: a file of the operator's. Nothing is fetched. */
struct statement_issuers;
/*
 * {"issuers": [{"issuer": "https://…", "jwks": {"keys": […]}}]}. ERR_CONFIG with a line on stderr. path "": there are none, every statement
 * is unapproved.
 */
err_t statement_issuers_open(const char *path, struct statement_issuers **out) MUST_USE;
void statement_issuers_close(struct statement_issuers **s);

struct statement_expect {
    const struct statement_issuers *issuers;
    const char *audience; /* us: when a statement names one, it must be this */
    const struct software_policy *policy;
};
/*
 * Takes the statement out of the metadata, checks it, and puts what it says over what the software says of itself; doc keeps the statement.
 * ERR_STATEMENT (broken, expired, signed by another key, or missing where the policy requires one), ERR_STATEMENT_UNAPPROVED (of an issuer or of
 * software that the policy does not name, or where it wants none).
 */
err_t statement_apply(const struct statement_expect *e, json_t *doc, struct client_fault *f) MUST_USE;

#endif
