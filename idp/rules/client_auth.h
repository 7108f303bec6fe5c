/*
 * Client authentication: client_secret_basic, client_secret_post, none (public clients, whose codes PKCE protects).
 * Called by endpoints/token.c. RFC 6749 §2.3.1, §3.2.1.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_AUTH_H
#define ANTIN_IDP_RULES_CLIENT_AUTH_H

#include "idp/store/client.h"

struct client_auth_in {
    const char *authorization;             /* header, or NULL */
    const char *client_id, *client_secret; /* form fields, or NULL */
};
/*
 * ERR_CLIENT_AUTH: unknown, disabled, wrong secret, or by another method than registered: all alike. ERR_REQUEST: two methods at once.
 * *basic tells that the caller tried the Authorization header (then 401 carries WWW-Authenticate).
 */
err_t client_auth(struct db_pool *p, const struct client_auth_in *in, struct client *out, bool *basic) MUST_USE;

/* How a secret is kept: it has 256 random bits, so a fast hash is enough. */
void client_secret_hash(const char *secret, uint8_t out[HASH_LEN]);

#endif
