/*
 * Proof Key for Code Exchange: S256, required of every client; "plain" is refused.
 * Called by rules/authz.c and rules/code.c. RFC 7636, RFC 9700 §2.1.1.
 */
#ifndef ANTIN_IDP_RULES_PKCE_H
#define ANTIN_IDP_RULES_PKCE_H

#include "common/secret.h"
#include "idp/errors.h"

#define PKCE_CHALLENGE_CHARS B64URL_LEN(SHA256_LEN)

/* At the authorization endpoint. ERR_PKCE_MISSING; ERR_PKCE_METHOD: other than S256, or a challenge that cannot be one. */
err_t pkce_challenge_check(const char *challenge, const char *method) MUST_USE;
/* At the token endpoint: the challenge that a verifier answers. ERR_PKCE_MISSING, ERR_PKCE_WRONG (no verifier looks like that). */
err_t pkce_of(const char *verifier, char challenge[PKCE_CHALLENGE_CHARS + 1]) MUST_USE;

#endif
