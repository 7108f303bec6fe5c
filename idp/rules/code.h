/*
 * Authorization codes: made for one client, one redirect URI, one challenge; used once, within a minute.
 * Called by endpoints/flow.c and endpoints/token.c. RFC 6749 §4.1.2, §4.1.3.
 */
#ifndef ANTIN_IDP_RULES_CODE_H
#define ANTIN_IDP_RULES_CODE_H

#include "idp/rules/secrets.h"
#include "idp/store/grant.h"

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
err_t code_issue(struct db_pool *p, const struct code_make *m, char code[TOKEN_CHARS + 1]) MUST_USE;

struct code_redeem {
    const char *code, *redirect_uri, *verifier; /* form fields, each may be NULL */
    const char *jkt; /* key of the request's DPoP proof; "" when none */
    const struct client *client;
    const char *request_id;
    const char *refresh_token; /* code_redeem_finish: the first one of the grant; NULL: none */
    int64_t refresh_idle;
};
/*
 * Looks the code up and checks everything, but does not use it yet: that is code_redeem_finish, after the tokens were signed, so
 * that a keyd that is away
 * burns no code. A used one kills its grant (RFC 6749 §4.1.2). ERR_REQUEST (a field is missing), ERR_CODE, ERR_CODE_REUSED,
 * ERR_PKCE_MISSING, ERR_PKCE_WRONG.
 */
err_t code_redeem_begin(struct db_pool *p, const struct code_redeem *r, struct code *out) MUST_USE;
/* Uses it up; of several at once exactly one gets OK, the rest ERR_CODE_REUSED. */
err_t code_redeem_finish(struct db_pool *p, const struct code_redeem *r, const struct code *c) MUST_USE;

#endif
