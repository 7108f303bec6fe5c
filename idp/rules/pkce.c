/*
 * Proof Key for Code Exchange.
 * Called by rules/authz.c and rules/code.c. RFC 7636.
 */
#include "idp/rules/pkce.h"
#include "common/secret.h"
#include <string.h>

#define CHALLENGE_CHARS 43 /* base64url of a SHA-256 */

/* unreserved characters of RFC 3986: RFC 7636 §4.1 */
static bool unreserved(const char *s)
{
    return s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")] == '\0';
}

err_t pkce_challenge_check(const char *challenge, const char *method)
{
    uint8_t hash[SHA256_LEN];
    size_t n = 0;

    if (!challenge)
        return ERR_PKCE_MISSING;
    /* An absent method would mean "plain" (RFC 7636 §4.3). */
    if (!method || strcmp(method, "S256") != 0)
        return ERR_PKCE_METHOD;
    if (strlen(challenge) != CHALLENGE_CHARS || b64url_decode(bytes_str(challenge), hash, sizeof hash, &n) != OK || n != sizeof hash)
        return ERR_PKCE_METHOD;
    return OK;
}

err_t pkce_verify(const char *challenge, const char *verifier)
{
    uint8_t hash[SHA256_LEN];
    char made[CHALLENGE_CHARS + 1];

    if (!verifier)
        return ERR_PKCE_MISSING;
    size_t n = strlen(verifier);
    if (n < 43 || n > 128 || !unreserved(verifier))
        return ERR_PKCE_WRONG;
    sha256(BYTES(verifier, n), hash);
    b64url_encode(BYTES(hash, sizeof hash), made);
    return secret_eq(bytes_str(made), bytes_str(challenge)) ? OK : ERR_PKCE_WRONG;
}
