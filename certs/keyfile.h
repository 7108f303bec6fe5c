/*
 * Sealed key files: a private key with its purpose and times, encrypted under a domain's key.
 * antin-ca writes them, keyd opens them at start. Layout: certs/keyd/PROTOCOL.md.
 */
#ifndef ANTIN_CERTS_KEYFILE_H
#define ANTIN_CERTS_KEYFILE_H

#include "common/jose.h"
#include "common/keyclient.h"
#include "common/secret.h"
#include <openssl/evp.h>

#define DOMAIN_KEY_LEN 32
#define KEYFILE_MAX 4096

struct keyfile {
    char id[KEY_ID_LEN + 1]; /* RFC 7638 thumbprint; of a data key: base64url SHA-256 of the file's nonce */
    enum key_purpose purpose;
    int64_t not_before, not_after; /* when it signs */
    enum jose_alg alg;             /* the one that it signs with; JOSE_NONE: a data key */
    struct buf spki;               /* empty: a data key */
    struct secret secret;          /* PKCS#8 DER, or the 32 bytes of a data key; empty after keyfile_peek */
};
void keyfile_free(struct keyfile *k);
#define AUTO_KEYFILE AUTO(keyfile_free) struct keyfile

/* "token", "data", "tsa", "seal", "ca", "ocsp"; NULL and 0 for others. */
const char *purpose_name(enum key_purpose p);
enum key_purpose purpose_from(const char *name);

/* The domain key as its file holds it: base64url of 32 bytes. ERR_SYNTAX. */
err_t domain_key_parse(struct bytes text, struct secret *key) MUST_USE;
err_t domain_key_load(const char *path, struct secret *key) MUST_USE;

/*
 * A fresh key of this purpose. kind: a curve, "P-256" or "P-384", or of a token key its algorithm, "ES256", "ES384", "EdDSA", "RS256" or "PS256"
 * (RSA of 3072 bits); not used for a data key. ERR_UNSUPPORTED, ERR_CRYPTO.
 */
err_t keyfile_new(enum key_purpose p, const char *kind, int64_t not_before, int64_t not_after, struct keyfile *out) MUST_USE;
/* The header alone, unauthenticated: id, purpose, times, public key. ERR_SYNTAX. */
err_t keyfile_peek(struct bytes file, struct keyfile *out) MUST_USE;
/* ERR_CRYPTO: another domain's key, or altered. */
err_t keyfile_open(struct bytes file, struct bytes domain_key, struct keyfile *out) MUST_USE;
/* Encrypts; sets k->id of a data key. */
err_t keyfile_seal(struct keyfile *k, struct bytes domain_key, struct buf *out) MUST_USE;
/* The private key; ERR_CRYPTO when it is not the one of the header's public key. */
err_t keyfile_pkey(const struct keyfile *k, EVP_PKEY **out) MUST_USE;

/* A key encrypted under a passphrase (Argon2id, XChaCha20-Poly1305), for keys that are kept apart. ERR_CRYPTO: wrong passphrase or altered. */
err_t passkey_seal(const EVP_PKEY *key, struct bytes passphrase, struct buf *out) MUST_USE;
err_t passkey_open(struct bytes file, struct bytes passphrase, EVP_PKEY **out) MUST_USE;

err_t pkey_generate(const char *curve, EVP_PKEY **out) MUST_USE;

#endif
