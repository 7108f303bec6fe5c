/*
 * Authorization codes: made for one client, one redirect URI, one challenge; used once, within a minute.
 * Called by endpoints/flow.c and endpoints/token.c. RFC 6749 §4.1.2, §4.1.3.
 */
#ifndef ANTIN_IDP_RULES_CODE_H
#define ANTIN_IDP_RULES_CODE_H

#include "idp/rules/secrets.h"
#include "idp/store/grant.h"
#include "idp/store/seen.h"

struct code_make {
    const struct idp_keys *keys;
    const struct client *client;
    const struct session *session;
    const struct auth_request *request;
    const char *consent_scope; /* NULL: nothing was asked */
    int64_t code_life, token_life, consent_days;
    int64_t refresh_life; /* how long it may be refreshed; 0: not at all */
    const char *request_id;
};
/* ERR_REQUEST_GONE: the request was answered already, or the session ended meanwhile. */
err_t code_issue(struct db_pool *p, const struct code_make *m, char code[TIMED_CHARS + 1]) MUST_USE;

struct code_redeem {
    const char *code, *redirect_uri, *verifier; /* form fields, each may be NULL */
    const char *jkt;                            /* key of the request's DPoP proof; "" when none */
    const struct client *client;
    struct proofs *proofs; /* used up by the same statement, whatever becomes of the code */
    int64_t refresh_idle;
    const char *request_id;
};
struct redeemed {
    struct grant grant;
    char nonce[NONCE_MAX + 1];     /* "" when none */
    char refresh[TIMED_CHARS + 1]; /* the grant's first refresh token; "" when none is due */
};
/*
 * Uses the code up: one statement. Of several at once exactly one gets OK, the rest ERR_CODE_REUSED, and what the one got is dead then (RFC 6749 §4.1.2).
 * ERR_REQUEST (a field is missing; nothing was asked), ERR_CODE, ERR_PKCE_MISSING, ERR_PKCE_WRONG (the code stays good), ERR_CLIENT_AUTH, ERR_DPOP (a proof
 * was used before).
 */
err_t code_redeem(struct db_pool *p, const struct code_redeem *r, struct redeemed *out) MUST_USE;
/* No token could be signed: the code stays good. A failure here costs this sign-in. */
void code_take_back(struct db_pool *p, const struct code_redeem *r, const struct redeemed *done);

#endif
