/*
 * Signing in through the identity provider: the way there and the way back.
 * Called by endpoints/login, callback and sign. OpenID Connect Core §3.1, RFC 7636, RFC 9207.
 */
#ifndef ANTIN_SIGNER_OIDC_H
#define ANTIN_SIGNER_OIDC_H

#include "common/db.h"
#include "common/text.h"
#include "signer/rules/provider.h"
#include "signer/rules/websession.h"

#define OIDC_BROWSER_BYTES 32
#define OIDC_BROWSER_LEN B64URL_LEN(OIDC_BROWSER_BYTES)
#define OIDC_SECONDS 900 /* a login may take so long */

struct oidc_conf {
    struct db_pool *db;
    struct provider *provider;
    const char *issuer, *client_id, *redirect_uri;
};

struct oidc_start {
    const char *return_to;       /* a path of ours */
    const char *browser;         /* the login cookie, or NULL: a new one is made */
    const char *signing_session; /* uuid, or NULL for a plain sign-in */
    const char *nonce;           /* the activation's, or NULL: one is derived */
    long max_age;                /* seconds since the person last signed in there; 0: any */
    enum lang lang;
};
/* The address to send the browser to; browser gets the login cookie's value. */
err_t oidc_start(const struct oidc_conf *c, const struct oidc_start *s, struct buf *url, char browser[OIDC_BROWSER_LEN + 1]) MUST_USE;

struct oidc_back {
    char return_to[RETURN_TO_MAX + 1];
    char signing_session[UUID_LEN + 1]; /* "" for a plain sign-in */
    char subject[SUBJECT_MAX + 1];
    int level;
    int64_t auth_time;
    char nonce[65];       /* as in the ID token: for an activation, the caller compares it with the session's */
    struct buf id_token;  /* caller frees */
    struct person person; /* a plain sign-in only */
};
void oidc_back_free(struct oidc_back *b);
/*
 * ERR_LOGIN_STATE: state unknown, used, expired, or another browser's; ERR_LOGIN_REFUSED: the provider or the person said no (return_to is set);
 * ERR_LOGIN_TOKEN: an answer that must not be trusted; ERR_IDP_DOWN.
 */
struct oidc_params {
    const char *state, *code, *iss, *error, *browser;
};
err_t oidc_finish(const struct oidc_conf *c, const struct oidc_params *p, struct oidc_back *out) MUST_USE;

#endif
