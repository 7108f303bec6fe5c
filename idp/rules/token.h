/*
 * Tokens: what goes into them (keyd signs), and the checking of our own access tokens when they come back.
 * Called by endpoints/token.c and endpoints/bearer.c. RFC 9068, OpenID Connect Core §2, RFC 6750.
 */
#ifndef ANTIN_IDP_RULES_TOKEN_H
#define ANTIN_IDP_RULES_TOKEN_H

#include "common/dpop.h"
#include "common/keyclient.h"
#include "idp/rules/client_cert.h"
#include "idp/rules/clients.h"
#include "idp/rules/jwks.h"
#include "idp/rules/secrets.h"
#include "idp/rules/verified.h"
#include "idp/store/grant.h"

/* What a token's holder has to prove (cnf); each may be "". */
struct token_binding {
    char jkt[JKT_LEN + 1];
    char x5t[X5T_LEN + 1];
};
struct token_conf {
    const char *issuer, *signer_resource, *signer_scopes;
    const struct idp_keys *keys;
    struct keyclient *keyd;
    struct jwks_cache *jwks;
    struct clients *clients;
    const struct client *client; /* who gets the tokens and says how they are signed and encrypted; NULL: the defaults */
    int64_t life;
    const struct token_binding *bind; /* NULL: bearer tokens */
    const char *resource;             /* asked for in this request (RFC 8707), or NULL */
    struct db_pool *db;               /* the person's data, when claims are asked for one by one */
    struct verified_facts facts;      /* of the installation; the level is the grant's */
    const char *details;              /* fewer authorization details for this token (RFC 9396 §6.1), or NULL */
    bool at_hand;                     /* a token is checked without waiting, or not at all: ERR_WAITS */
};
struct tokens {
    struct buf access;
    struct buf id;   /* empty without scope openid */
    json_t *details; /* the authorization details that the access token carries; NULL: none */
};
void tokens_free(struct tokens *t);

/* For a person's grant. nonce: "" when none. */
err_t token_for_grant(const struct token_conf *c, const struct grant *g, const char *nonce, struct tokens *out) MUST_USE;
/* The claim that carries authorization details (RFC 9396 §9.1), for key_claims.more; NULL without details. The caller frees it. */
err_t token_more(json_t *details, json_t **out) MUST_USE;
/*
 * What a service's token in its own name (client_credentials) says: sub is the client. *out borrows from all of
 * the arguments. ERR_TARGET.
 */
err_t token_client_claims(const struct token_conf *c, const char *client_id, const char *scope, char jti[UUID_LEN + 1],
                          struct key_claims *out) MUST_USE;

/*
 * Our own access token: signature, issuer, audience, time. ERR_TOKEN. grant_id "" for a service's. Whether the grant lives is the
 * caller's next question.
 */
struct token_claims {
    char client_id[CLIENT_ID_MAX + 1];
    char grant_id[UUID_LEN + 1];
    char scope[SCOPE_MAX + 1];
    struct token_binding bind; /* what whoever brings it must prove */
};
err_t token_check(const struct token_conf *c, const char *token, struct token_claims *out) MUST_USE;

/* An ID token given back as a hint: signature and issuer; expired ones are good (OpenID Connect RP-Initiated Logout §2). ERR_TOKEN. */
struct hint_claims {
    char client_id[CLIENT_ID_MAX + 1];
    char sub[SUB_LEN + 1];
    char sid[UUID_LEN + 1];
};
err_t token_hint(const struct token_conf *c, const char *token, struct hint_claims *out) MUST_USE;

#endif
