/*
 * Refresh tokens: opaque, used once, each the start of the next; a used one that comes back kills the whole family.
 * Called by endpoints/token.c. RFC 6749 §6, RFC 9700 §4.14.2.
 */
#ifndef ANTIN_IDP_RULES_REFRESH_H
#define ANTIN_IDP_RULES_REFRESH_H

#include "idp/rules/secrets.h"
#include "idp/store/refresh.h"

/* Whether this client gets one with this grant: it may refresh, and the person agreed to offline_access (OpenID Connect Core §11). */
bool refresh_due(const struct client *c, const char *scope);

struct refresh_redeem {
    const struct idp_keys *keys;
    const char *token, *scope; /* form fields, each may be NULL */
    const struct client *client;
    struct proofs *proofs; /* used up by the same statement, whatever becomes of the token */
    const char *jkt;       /* key of the request's DPoP proof; "" when none */
    int64_t idle, window;
    const char *request_id;
};
struct refreshed {
    struct grant grant;          /* its scope is what was asked now */
    char scope[SCOPE_MAX + 1];   /* of the new access token */
    char token[TIMED_CHARS + 1]; /* the next refresh token */
    bool rotated;                /* else a lost answer is given again */
};
/*
 * Uses the token up. ERR_REQUEST (none brought), ERR_SCOPE (more than was granted; the token stays good), ERR_REFRESH, ERR_REFRESH_REUSED
 * (its family is dead now), ERR_CLIENT_AUTH, ERR_DPOP (a proof was used before).
 */
err_t refresh_redeem(struct db_pool *p, const struct refresh_redeem *in, struct refreshed *out) MUST_USE;
/* No access token could be signed: the old one stays good. A failure here leaves it to the window. */
void refresh_take_back(struct db_pool *p, const struct refresh_redeem *in, const struct refreshed *done);

#endif
