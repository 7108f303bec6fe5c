/*
 * Which client sent a request, and what its tokens will be bound to.
 * Called by token.c, par.c and every other endpoint that clients call in their own name.
 */
#ifndef ANTIN_IDP_ENDPOINTS_CALLER_H
#define ANTIN_IDP_ENDPOINTS_CALLER_H

#include "common/http.h"
#include "idp/rules/proofs.h"
#include "idp/rules/token.h"
#include "idp/store/client.h"

struct caller {
    struct client client;
    struct proofs proofs; /* what is still to be used up */
    bool deferred;
    char x5t[X5T_LEN + 1]; /* thumbprint of its TLS certificate; "" when the front end forwarded none */
};
/* Whether the client can be authenticated without waiting, as far as the request tells: no assertion to use up, no certificate. */
bool caller_quick(const struct http_req *r);
/*
 * Authenticates the client by the one method it is registered for. ERR_REQUEST_DOUBLED, ERR_REQUEST (secrets in the address, two methods at once),
 * ERR_CLIENT_AUTH.
 */
err_t caller_of(struct http_req *r, struct caller *out) MUST_USE;
/*
 * The same, but its assertion is not used up yet, nor is the proof that caller_binding finds: a statement of the grant takes both, or caller_prove.
 * Whoever calls this sees to it that one of the two happens before anything is answered.
 */
err_t caller_begin(struct http_req *r, struct caller *out) MUST_USE;
err_t caller_prove(struct http_req *r, struct caller *c) MUST_USE; /* ERR_CLIENT_AUTH, ERR_DPOP */
/*
 * Anybody can speak for a public client: what is begun in its name is counted by the caller's network, "what" limit times in [login]
 * throttle_window. ERR_RATE; OK for whoever proved who they are, or when no address is known.
 */
err_t caller_rate(struct http_req *r, const struct client *c, const char *what, int64_t limit) MUST_USE;
/*
 * The key or certificate that tokens given to this request will be bound to (RFC 9449 §5, RFC 8705 §3). ERR_DPOP, ERR_DPOP_NONCE; ERR_TOKEN_BOUND:
 * this client gets no token that anybody could use.
 */
err_t caller_binding(struct http_req *r, struct caller *c, struct token_binding *out) MUST_USE;
/* The key of the request's DPoP proof, used up; "" when it has none. */
err_t caller_dpop(struct http_req *r, const char *access_token, bool nonce_required, char jkt[JKT_LEN + 1]) MUST_USE;
/* The certificate that the TLS front end forwarded; NULL when it did not. ERR_CLIENT_AUTH: what it forwarded is none. */
err_t caller_cert(const struct http_req *r, X509 **out) MUST_USE;

#endif
