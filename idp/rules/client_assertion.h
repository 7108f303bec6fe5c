/*
 * Clients that sign a statement about themselves: private_key_jwt and client_secret_jwt.
 * Called by rules/client_auth.c. RFC 7523 §3, OpenID Connect Core §9, FAPI 2.0 Security Profile §5.3.2.1.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_ASSERTION_H
#define ANTIN_IDP_RULES_CLIENT_ASSERTION_H

#include "idp/rules/clients.h"
#include "idp/rules/secrets.h"
#include "idp/store/seen.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_LIFE 300 /* seconds that one may be good for: so long jti are remembered */

/* Who an assertion says it is of (sub), before anything is proven. ERR_CLIENT_AUTH. */
err_t assertion_client(const char *assertion, char out[CLIENT_ID_MAX + 1]) MUST_USE;

struct assertion_expect {
    const char *issuer;    /* the one audience that every client may name */
    const char *endpoints; /* further ones, separated by spaces: the token endpoint, where this was sent */
    const uint8_t *seal;
};
/* Signature by the client's own keys or secret, iss, sub, aud, times. Its jti is the caller's to use up (out). ERR_CLIENT_AUTH. */
err_t assertion_check(struct clients *known, const struct client *c, const char *assertion, const struct assertion_expect *e,
                      struct proof *out) MUST_USE;

/* A client_secret_jwt secret as the database keeps it. */
err_t assertion_seal_secret(const uint8_t seal[IDP_KEY_LEN], const char *client_id, const char *secret, struct buf *out) MUST_USE;

#endif
