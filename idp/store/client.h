/*
 * Tables client, redirect_uri, post_logout_uri.
 * Called by rules/client.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_STORE_CLIENT_H
#define ANTIN_IDP_STORE_CLIENT_H

#include "common/jose.h"
#include "common/text.h"
#include "idp/store/audit.h"

#define CLIENT_ID_MAX 64
#define SCOPE_MAX 512
#define URI_MAX 2000

/* How what a client is told is signed (JOSE_NONE: with keyd's default) and to its own key encrypted ("": not at all). */
struct client_encryption {
    char alg[16], enc[16];
};
struct client_jose {
    enum jose_alg id_token, userinfo, introspection, authorization;
    struct client_encryption id_token_enc, userinfo_enc;
};

struct client {
    char id[CLIENT_ID_MAX + 1];
    char name[801]; /* 200 characters */
    char auth_method[32];
    uint8_t secret_hash[HASH_LEN];
    bool has_secret;
    bool first_party;
    char sector[256];
    char scope[SCOPE_MAX + 1];
    char grants[256];
    /* How it must go about things (RFC 9126, RFC 9101, RFC 9449, RFC 8705); a profile implies some. */
    bool par_required, object_required, dpop_required, dpop_nonce, cert_bound;
    bool fapi, fapi_signed; /* profile fapi2-security, or fapi2-message-signing (then both) */
    bool introspect;        /* a resource server: may ask about any token */
    bool userinfo_signed;   /* gets UserInfo as a JWT */
    bool ciba_ping;         /* is told when a backchannel request was answered (else it asks) */
    bool active;
    bool uri_registered; /* client_get: the redirect URI asked about is one of its */
    int64_t created_at;
    struct client_jose jose;
    char details_types[256]; /* authorization details that it may ask for (RFC 9396) */
    char default_acr[256];   /* classes of sign-in that it wishes for when a request says nothing */
    char name_in[2][801];    /* its name by language (enum lang); "" where it has none of that one: see client_name */
};

/* What to call it before a person who reads this language. */
const char *client_name(const struct client *c, enum lang lang);

/* redirect_uri may be NULL. ERR_DB_NONE: no such client. */
err_t client_get(struct db_pool *p, const char *id, const char *redirect_uri, struct client *out) MUST_USE;
err_t client_logout_uri_registered(struct db_pool *p, const char *id, const char *uri, bool *out) MUST_USE;

/* What a client proves itself with, beyond a hashed secret. */
struct client_keys {
    struct buf jwks;          /* JSON text; empty: none */
    struct buf secret_sealed; /* client_secret_jwt */
    char tls_match[601];      /* "" when none */
};
void client_keys_free(struct client_keys *k);
err_t client_keys_get(struct db_pool *p, const char *id, struct client_keys *out) MUST_USE; /* ERR_DB_NONE */

err_t client_uris(struct db_pool *p, const char *id, struct db_rows **rows) MUST_USE; /* kind (redirect, logout), uri */
err_t client_set_state(struct db_pool *p, const char *id, const char *state, const struct actor *by) MUST_USE; /* ERR_DB_NONE */

#endif
