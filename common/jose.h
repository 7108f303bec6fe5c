/*
 * JSON Web Signature and Key (RFC 7515, 7517, 7518, 8037): public side only. Private keys are keyd's.
 * The algorithm is bound to the key, never to the token's header (CVE-2023-48238).
 */
#ifndef ANTIN_JOSE_H
#define ANTIN_JOSE_H

#include "common/bytes.h"
#include "common/json.h"
#include <openssl/evp.h>

enum jose_alg { JOSE_NONE, JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256, JOSE_PS256 };
const char *jose_alg_name(enum jose_alg a);
enum jose_alg jose_alg_from(const char *name); /* JOSE_NONE for any other, "none" among them */

#define JWK_KID_MAX 64
#define JWT_MAX 8192 /* bytes of a compact token */

/* A public key with the one algorithm it may be used with. */
struct jwk_ready; /* contexts that verify with a key, made once and used by one thread at a time */
struct jwk {
    char kid[JWK_KID_MAX + 1];
    enum jose_alg alg;
    EVP_PKEY *key;
    struct jwk_ready *ready; /* of a key in a set; NULL: a context is made each time */
};
#define JWKS_MAX 16
struct jwks {
    struct jwk key[JWKS_MAX];
    size_t n;
};
/*
 * A set from JSON; keys of unknown kty, curve, alg or use and weak RSA keys (under 2048 bits, ROCA) are skipped (RFC 7517 §5). A key without kid gets
 * its thumbprint for one. ERR_SYNTAX: a malformed key, a private one, the same kid twice, more than JWKS_MAX usable keys.
 */
err_t jwks_parse(const json_t *j, struct jwks *out) MUST_USE;
void jwks_free(struct jwks *s);
/* One public key (a DPoP proof's jwk header, RFC 9449 §4.2). ERR_SYNTAX: malformed or with a private part; ERR_UNSUPPORTED. Free with EVP_PKEY_free. */
err_t jwk_parse(const json_t *j, struct jwk *out) MUST_USE;
/* The same of a key to encrypt to: use is "enc", alg is left to the caller (out->alg is JOSE_NONE). ERR_UNSUPPORTED: for another use, or weak. */
err_t jwk_parse_recipient(const json_t *j, struct jwk *out) MUST_USE;
/* The public JWK of a key, with kid, use "sig" and alg. */
err_t jwk_to_json(const EVP_PKEY *key, enum jose_alg alg, const char *kid, json_t **out) MUST_USE;
/* RFC 7638 thumbprint, base64url; 43 characters and NUL. */
err_t jwk_thumbprint(const EVP_PKEY *key, char out[44]) MUST_USE;
/* The alg that a public key implies: P-256 ES256, P-384 ES384, Ed25519 EdDSA, RSA RS256. JOSE_NONE for others. */
enum jose_alg jose_alg_of(const EVP_PKEY *key);
/* For a key that will verify often. NULL is good too: then each verification makes its own context. */
struct jwk_ready *jwk_ready_new(void);
void jwk_ready_free(struct jwk_ready **r);

/*
 * Verifies a compact JWS against the set: kid must name a key of it, alg must be that key's, typ (case-insensitively) must be the
 * given one unless NULL, crit and b64 are refused. *claims is the payload, an object. ERR_SYNTAX, ERR_BAD_SIGNATURE, ERR_NOT_FOUND (kid).
 * Checks no claim: see jwt_check.
 */
err_t jwt_verify(struct bytes token, const struct jwks *keys, const char *typ, json_t **claims) MUST_USE;

/* The protected header, read but not verified: for choosing keys that the header may not choose alone. ERR_SYNTAX. */
err_t jwt_header(struct bytes token, json_t **header) MUST_USE;
/* As jwt_verify, for keys of another party that need not name them: kid may be absent, then any key of the set with the header's alg will do. */
err_t jwt_verify_any(struct bytes token, const struct jwks *keys, const char *typ, json_t **claims) MUST_USE;
/* HS256 with this secret (client_secret_jwt); no other algorithm, so that a public key is never taken for one. ERR_BAD_SIGNATURE. */
err_t jwt_verify_hs256(struct bytes token, struct bytes secret, json_t **claims) MUST_USE;

/* The same for any payload: *payload holds the very bytes that were verified. */
err_t jws_verify(struct bytes token, const struct jwks *keys, const char *typ, struct buf *payload) MUST_USE;
/* One signature in JOSE's form (ECDSA: R||S) over a message. ERR_BAD_SIGNATURE. */
err_t jwk_verify(const struct jwk *k, struct bytes message, struct bytes sig) MUST_USE;

/* exp is required; nbf and iat may be absent, and may not lie in the future. */
struct jwt_expect {
    const char *iss; /* byte equality */
    const char *aud; /* must be aud or in the aud array */
    int64_t now;
    int64_t skew; /* seconds of tolerance for exp, nbf, iat */
};
err_t jwt_check(const json_t *claims, const struct jwt_expect *e) MUST_USE; /* ERR_EXPIRED, ERR_UNAUTHENTICATED */

/* R||S (fixed width, RFC 7518 §3.4) from an ECDSA DER signature and back. */
err_t ecdsa_der_to_raw(struct bytes der, size_t width, uint8_t *raw) MUST_USE;
err_t ecdsa_raw_to_der(struct bytes raw, struct buf *der) MUST_USE;

#endif
