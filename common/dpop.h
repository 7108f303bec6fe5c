/*
 * DPoP proofs (RFC 9449): that whoever sends a request holds the key that its token is bound to.
 * Called by idpd (token endpoint, UserInfo, pushed requests) and signerd (dossier API). Whether a proof was used before is the caller's question: see
 * dpop_proof.id, and common/replay.h.
 */
#ifndef ANTIN_DPOP_H
#define ANTIN_DPOP_H

#include "common/jose.h"
#include "common/secret.h"

#define JKT_LEN 43 /* an RFC 7638 thumbprint */
#define DPOP_NONCE_MAX 128
#define DPOP_PAST 60  /* seconds that a proof is good for */
#define DPOP_FUTURE 5 /* seconds that its sender's clock may be ahead */
#define DPOP_ALGS "ES256 ES384 EdDSA PS256"

struct dpop_expect {
    const char *method;       /* htm */
    const char *url;          /* htu: scheme, host, port, path as the caller knows them; a query is left out */
    const char *access_token; /* ath must be its hash; NULL: there is none (token endpoint) */
    int64_t now;
};
struct dpop_proof {
    char jkt[JKT_LEN + 1];
    uint8_t id[SHA256_LEN];         /* of key and jti: refuse it a second time */
    int64_t until;                  /* when the proof's age alone refuses it */
    char nonce[DPOP_NONCE_MAX + 1]; /* "" when it has none */
};
/*
 * Every check of RFC 9449 §4.3 but nonce and replay. ERR_SYNTAX (no proof at all, private key, unknown alg), ERR_BAD_SIGNATURE, ERR_UNAUTHENTICATED (for
 * another method, address or token), ERR_EXPIRED (iat outside the window).
 */
err_t dpop_check(const char *proof, const struct dpop_expect *e, struct dpop_proof *out) MUST_USE;

#endif
