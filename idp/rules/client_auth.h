/*
 * Client authentication: a secret (basic, post), a signed assertion (client_secret_jwt, private_key_jwt), a TLS certificate, or none (public clients,
 * whose codes PKCE protects).
 * Called by endpoints/caller.c. RFC 6749 §2.3.1, §3.2.1; RFC 7523; RFC 8705.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_AUTH_H
#define ANTIN_IDP_RULES_CLIENT_AUTH_H

#include "idp/rules/client_assertion.h"
#include "idp/rules/client_cert.h"
#include "idp/store/client.h"

struct client_auth_in {
    const char *authorization;             /* header, or NULL */
    const char *client_id, *client_secret; /* form fields, or NULL */
    const char *assertion, *assertion_type;
    struct assertion_expect expect;
    struct clients *known;
    bool may_wait;   /* false: ERR_WAITS when the client is not in memory */
    X509 *cert;      /* its TLS certificate, or NULL */
    X509_STORE *cas; /* who may have issued it, or NULL */
};
/* used: the assertion that proved it, for the caller to use up. ERR_CLIENT_AUTH: unknown, disabled, wrong secret, or by another method than registered: all alike. ERR_REQUEST: two methods at once. */
err_t client_auth(const struct client_auth_in *in, struct client *out, struct proof *used) MUST_USE;

/* It proves itself by a key of its own that never leaves it, and not by a secret that both sides know. */
bool client_has_key(const struct client *c);

/* How a secret is kept: it has 256 random bits, so a fast hash is enough. */
void client_secret_hash(const char *secret, uint8_t out[HASH_LEN]);

#endif
