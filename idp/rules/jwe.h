/*
 * Encryption to a client's own key, by a library (cjose): this daemon has public keys alone, and never decrypts.
 * Called by rules/token.c and endpoints/userinfo.c; the checks also by whoever registers clients. RFC 7516, RFC 7518 §4, §5; RFC 8725.
 */
#ifndef ANTIN_IDP_RULES_JWE_H
#define ANTIN_IDP_RULES_JWE_H

#include "idp/errors.h"
#include "idp/rules/clients.h"

/* Separated by spaces, as discovery lists them. Not among them: RSA1_5 (Bleichenbacher), dir and the symmetric ones (no secret is kept in the clear). */
#define JWE_ALGS "RSA-OAEP ECDH-ES"
#define JWE_ENCS "A128CBC-HS256 A256GCM"
#define JWE_MAX 16384 /* bytes of a plaintext */

bool jwe_alg_known(const char *alg);
bool jwe_enc_known(const char *enc);
/* Whether a JWK set (JSON text) has a key for this: use "enc", of the algorithm's kind, an alg that agrees or none, no private part, not weak. */
bool jwe_recipient(const char *jwks, const char *alg);

/*
 * Compact serialisation. nested: the plaintext is a JWT (cty "JWT", RFC 7519 §5.2). ERR_ENCRYPTION: no key of the client's to encrypt to.
 */
err_t jwe_encrypt(const struct client_encryption *how, const char *jwks, bool nested, struct bytes plain, struct buf *out) MUST_USE;
/* The same in place, with the client's registered keys; nothing happens where it registered no encryption. */
err_t jwe_wrap(struct clients *c, const char *client_id, const struct client_encryption *how, bool nested, struct buf *text) MUST_USE;

#endif
