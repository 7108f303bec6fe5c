/*
 * Proof Key for Code Exchange.
 * Called by rules/authz.c and rules/code.c. RFC 7636.
 */
#include "idp/rules/pkce.h"
#include <string.h>

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
    if (strlen(challenge) != PKCE_CHALLENGE_CHARS || b64url_decode(bytes_str(challenge), hash, sizeof hash, &n) != OK || n != sizeof hash)
        return ERR_PKCE_METHOD;
    return OK;
}

err_t pkce_of(const char *verifier, char challenge[PKCE_CHALLENGE_CHARS + 1])
{
    uint8_t hash[SHA256_LEN];

    if (!verifier)
        return ERR_PKCE_MISSING;
    size_t n = strlen(verifier);
    if (n < 43 || n > 128 || !unreserved(verifier))
        return ERR_PKCE_WRONG;
    sha256(BYTES(verifier, n), hash);
    b64url_encode(BYTES(hash, sizeof hash), challenge);
    return OK;
}
