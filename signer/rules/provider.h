/*
 * The identity provider as this daemon sees it: its published keys, its token endpoint, its userinfo.
 * Called by rules/token and rules/oidc. OpenID Connect Core §3.1.3, RFC 7517.
 */
#ifndef ANTIN_SIGNER_PROVIDER_H
#define ANTIN_SIGNER_PROVIDER_H

#include "common/bytes.h"
#include "common/json.h"

struct provider;

struct provider_conf {
    const char *issuer;
    const char *backchannel; /* where this daemon reaches it; NULL or "": at the issuer */
    const char *client_id;
    struct bytes client_secret;
    const char *redirect_uri;
};
err_t provider_open(const struct provider_conf *c, struct provider **out) MUST_USE; /* connects to nothing yet */
void provider_close(struct provider **p);

/*
 * Signature, typ (NULL: any), iss, aud, exp, nbf, iat of a token. Keys are fetched when first needed and again, at most every few seconds, for an
 * unknown kid: a rotation is noticed, a flood of invented kids is not passed on. ERR_UNAUTHENTICATED, ERR_IDP_DOWN.
 */
err_t provider_verify(struct provider *p, struct bytes token, const char *typ, const char *aud, json_t **claims) MUST_USE;

/* Redeems a code. *tokens is the answer. ERR_IDP_DOWN, ERR_LOGIN_REFUSED (the code was not accepted), ERR_LOGIN_TOKEN. */
err_t provider_redeem(struct provider *p, const char *code, const char *verifier, json_t **tokens) MUST_USE;
err_t provider_userinfo(struct provider *p, const char *access_token, json_t **claims) MUST_USE; /* ERR_IDP_DOWN, ERR_LOGIN_TOKEN */

#endif
