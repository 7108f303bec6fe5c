/*
 * Authorization requests: what they must say, keeping them while a person signs in, and what is to be done next.
 * Called by endpoints/authorize.c, login.c, consent.c. RFC 6749 §4.1.1, OpenID Connect Core §3.1.2, RFC 9700.
 */
#ifndef ANTIN_IDP_RULES_AUTHZ_H
#define ANTIN_IDP_RULES_AUTHZ_H

#include "idp/rules/clients.h"
#include "idp/rules/resource.h"
#include "idp/rules/secrets.h"
#include "idp/store/auth_request.h"
#include "idp/store/grant.h"
#include "idp/store/session.h"

/* The parameters as they came; each may be NULL. */
struct authz_in {
    const char *response_type, *response_mode, *scope, *state, *nonce, *prompt, *max_age, *login_hint, *acr_values;
    const char *code_challenge, *code_challenge_method, *request, *request_uri, *registration;
    const char *dpop_jkt, *resource, *details, *claims;
    struct resources resources;
    bool pushed, pushed_needed, signed_object;
    bool upstream; /* people may sign in at another provider */
};

/*
 * Who asks and where to answer, proven before anything else: only then may an error travel by redirect. ERR_CLIENT_UNKNOWN,
 * ERR_REDIRECT_URI, ERR_REQUEST
 * (state longer than we keep): these get a page.
 */
err_t authz_client(struct clients *known, const char *client_id, const char *redirect_uri, const char *state, struct client *out) MUST_USE;
/* Everything else; failures go to the redirect URI. *out is complete for the answer (state, redirect URI) even then. */
err_t authz_read(const struct authz_in *in, const struct client *c, const char *redirect_uri, const uint8_t seal[IDP_KEY_LEN],
                 struct auth_request *out) MUST_USE;

/* Keeps the request for this browser; name: its public handle. */
err_t authz_keep(struct db_pool *p, const struct auth_request *q, const char *browser, int64_t life, char name[TIMED_CHARS + 1]) MUST_USE;
/* ERR_REQUEST_GONE: unknown, expired, answered, or another browser's. */
err_t authz_find(struct db_pool *p, const char *name, const char *browser, struct auth_request *out) MUST_USE;
/* The login hint in the clear; "" when none. */
void authz_hint(const struct auth_request *q, const uint8_t seal[IDP_KEY_LEN], char *out, size_t cap);

enum authz_step { AUTHZ_LOGIN, AUTHZ_CONSENT, AUTHZ_ANSWER };
/*
 * s NULL: nobody is signed in. consented: what was agreed to earlier. ERR_LOGIN_REQUIRED, ERR_CONSENT_REQUIRED (prompt=none),
 * ERR_ACCESS_DENIED (a role is missing).
 */
err_t authz_next(const struct auth_request *q, const struct client *c, const struct session *s, const struct consent *consented, int64_t now,
                 enum authz_step *step) MUST_USE;

#endif
