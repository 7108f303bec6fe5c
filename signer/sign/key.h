/*
 * The signer's key and certificate, wherever they are: PEM files, a PKCS#12 file, or a PKCS#11 token.
 * Used by key_server.c. RFC 7468, RFC 7292, PKCS#11 v2.40.
 */
#ifndef ANTIN_SIGN_KEY_H
#define ANTIN_SIGN_KEY_H

#include "common/secret.h"
#include "common/x509.h"
#include "signer/formats/signing.h"

#define KEY_CHAIN_MAX 16
#define KEY_FILE_MAX (256u << 10)
#define KEY_THREADS_MAX 64
#define KEY_SIGNATURE_MAX 1024 /* bytes: RSA 8192 */

struct key_source {
    const char *key, *cert;     /* PEM files; cert may hold those above it, too, and be given beside a token */
    const char *p12;            /* PKCS#12 */
    const char *module;         /* PKCS#11 module, an absolute path */
    const char *token, *object; /* labels; NULL: the only one there is */
    const char *const *chain;   /* further PEM or DER files with certificates above it; ends with NULL; may be NULL */
    struct bytes password;      /* of the file, or the token's PIN */
    bool pkcs1;                 /* RSA: PKCS#1 v1.5 and not PSS */
    const enum cms_hash *hash;  /* NULL: what suits the key */
};

struct key_token; /* key_token.c */
struct key {
    EVP_PKEY *pkey;
    X509 *x509;
    struct buf cert, chain[KEY_CHAIN_MAX];
    struct bytes chain_view[KEY_CHAIN_MAX];
    struct key_token *token;
    struct signing_key signing; /* what it is and how it signs; points into this struct, which stays where it is */
};
/*
 * ERR_IO: a file cannot be read, no such module or token; ERR_SYNTAX: none of that kind; ERR_KEY_PIN, ERR_KEY_LOCKED; ERR_NOT_FOUND: no key or
 * certificate in it, or more than one to choose from; ERR_CONFLICT: certificate and key do not belong together; ERR_UNSUPPORTED: encrypted in a way that
 * nobody should use; ERR_ALGORITHM: key and digest are refused by the table of algorithms. why names what.
 */
err_t key_open(struct key *k, const struct key_source *s, char why[160]) MUST_USE;
/* May this certificate sign now? ERR_EXPIRED: not yet or no longer valid; ERR_UNSUPPORTED: its key usage is not for signing. */
err_t key_usable(const struct key *k, int64_t now) MUST_USE;
void key_close(struct key *k);
#define AUTO_KEY AUTO(key_close) struct key

/* One thread's way to sign with it. ERR_NOMEM, ERR_CRYPTO. */
struct key_signer;
err_t key_signer_new(const struct key *k, struct key_signer **out) MUST_USE;
/* input: a digest by the key's hash; with Ed25519 all that is signed. ERR_CRYPTO. */
err_t key_signer_sign(struct key_signer *s, struct bytes input, uint8_t value[KEY_SIGNATURE_MAX], size_t *n) MUST_USE;
void key_signer_free(struct key_signer **s);

/* Inside key.c and key_token.c: the token's key, and its certificate when the token holds one. */
err_t key_token_open(const struct key_source *s, struct key_token **out, EVP_PKEY **pkey, X509 **cert, char why[160]) MUST_USE;
void key_token_close(struct key_token **t);

#endif
