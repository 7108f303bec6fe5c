/*
 * Makes keys and signed tokens for tests: the private side that the house's own code leaves to keyd.
 */
#ifndef ANTIN_TESTJWT_H
#define ANTIN_TESTJWT_H

#include "common/jose.h"
#include "tests/unit/unit.h"
#include <openssl/hmac.h>
#include <openssl/rsa.h>

static inline EVP_PKEY *key_new(enum jose_alg alg)
{
    EVP_PKEY *k = NULL;
    switch (alg) {
    case JOSE_ES256: k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); break;
    case JOSE_ES384: k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"); break;
    case JOSE_EDDSA: k = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    default: k = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    }
    assert_non_null(k);
    return k;
}

/* A signature in JOSE's form. */
static inline void sign(EVP_PKEY *key, enum jose_alg alg, struct bytes message, struct buf *out)
{
    uint8_t sig[600];
    size_t n = sizeof sig;
    EVP_PKEY_CTX *p = NULL;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const EVP_MD *md = alg == JOSE_EDDSA ? NULL : alg == JOSE_ES384 ? EVP_sha384() : EVP_sha256();
    assert_int_equal(EVP_DigestSignInit(c, &p, md, NULL, key), 1);
    if (alg == JOSE_PS256) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(c, sig, &n, message.ptr, message.len), 1);
    EVP_MD_CTX_free(c);
    if (alg == JOSE_ES256 || alg == JOSE_ES384) {
        uint8_t raw[96];
        size_t width = alg == JOSE_ES256 ? 32 : 48;
        assert_ok(ecdsa_der_to_raw(BYTES(sig, n), width, raw));
        assert_ok(buf_copy(out, BYTES(raw, 2 * width)));
    } else {
        assert_ok(buf_copy(out, BYTES(sig, n)));
    }
}

static inline void add_b64url(struct buf *out, struct bytes in)
{
    assert_ok(buf_reserve(out, B64URL_LEN(in.len) + 1));
    b64url_encode(in, (char *)out->ptr + out->len);
    out->len += B64URL_LEN(in.len);
}

/* header and payload are JSON texts. */
static inline void token_make(EVP_PKEY *key, enum jose_alg alg, const char *header, const char *payload, struct buf *out)
{
    AUTO_BUF sig = {0};
    out->len = 0;
    add_b64url(out, bytes_str(header));
    assert_ok(buf_add_str(out, "."));
    add_b64url(out, bytes_str(payload));
    sign(key, alg, buf_bytes(out), &sig);
    assert_ok(buf_add_str(out, "."));
    add_b64url(out, buf_bytes(&sig));
}

/* A set of this one key. */
static inline void set_of(EVP_PKEY *key, enum jose_alg alg, const char *kid, struct jwks *out)
{
    json_t *k;
    assert_ok(jwk_to_json(key, alg, kid, &k));
    AUTO_JSON set = json_pack("{s:[o]}", "keys", k);
    assert_ok(jwks_parse(set, out));
    assert_int_equal(out->n, 1);
}

#endif
