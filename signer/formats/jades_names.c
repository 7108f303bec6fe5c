/*
 * The names that JOSE and JAdES have for algorithms.
 * Called by jades_*.c. RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864; ETSI TS 119 182-1 §5.2.2.
 */
#include "common/x509_shared.h"
#include "signer/formats/jades_impl.h"

#include <string.h>

/* An algorithm's first row is the one that is written. Ed25519 hashes by itself; what else is to be digested, is by SHA-512 (RFC 8419 §3.1). */
static const struct jades_alg ALGS[] = {
    {"ES256", SIGN_ECDSA, CMS_SHA256, "prime256v1"}, {"ES384", SIGN_ECDSA, CMS_SHA384, "secp384r1"},
    {"ES512", SIGN_ECDSA, CMS_SHA512, "secp521r1"},  {"PS256", SIGN_RSA_PSS, CMS_SHA256, NULL},
    {"PS384", SIGN_RSA_PSS, CMS_SHA384, NULL},       {"PS512", SIGN_RSA_PSS, CMS_SHA512, NULL},
    {"RS256", SIGN_RSA_PKCS1, CMS_SHA256, NULL},     {"RS384", SIGN_RSA_PKCS1, CMS_SHA384, NULL},
    {"RS512", SIGN_RSA_PKCS1, CMS_SHA512, NULL},     {"EdDSA", SIGN_ED25519, CMS_SHA512, NULL},
    {"Ed25519", SIGN_ED25519, CMS_SHA512, NULL},
};

static const char *const DIGESTS[] = {
    [CMS_SHA256] = "S256",     [CMS_SHA384] = "S384",     [CMS_SHA512] = "S512",
    [CMS_SHA3_256] = "S3-256", [CMS_SHA3_384] = "S3-384", [CMS_SHA3_512] = "S3-512",
};

#define N(a) (sizeof(a) / sizeof *(a))

const struct jades_alg *jades_alg_of(const char *name)
{
    for (size_t i = 0; i < N(ALGS); i++) {
        if (strcmp(ALGS[i].name, name) == 0)
            return &ALGS[i];
    }
    return NULL;
}

/* RFC 7518 §3.4: the name stands for curve and digest together. */
bool jades_alg_fits(const char *curve, const EVP_PKEY *key)
{
    char have[40];
    size_t n;
    return curve == NULL || (EVP_PKEY_get_group_name(key, have, sizeof have, &n) == 1 && strcmp(have, curve) == 0);
}

const struct jades_alg *jades_alg_for(const struct signing_key *key)
{
    AUTO_X509 cert = NULL;
    if (x509_shared(key->cert, &cert) != OK)
        return NULL;
    for (size_t i = 0; i < N(ALGS); i++) {
        if (ALGS[i].scheme == key->scheme && ALGS[i].hash == key->hash && jades_alg_fits(ALGS[i].curve, X509_get0_pubkey(cert)))
            return &ALGS[i];
    }
    return NULL;
}

const char *jades_alg_name(const struct jades_signature *s)
{
    for (size_t i = 0; i < N(ALGS); i++) {
        if (ALGS[i].scheme == s->scheme && ALGS[i].hash == s->hash)
            return ALGS[i].name;
    }
    return "?";
}

const char *jades_digest_name(enum cms_hash h)
{
    return DIGESTS[h];
}

err_t jades_digest_of(const char *name, enum cms_hash *out)
{
    for (size_t i = 0; i < N(DIGESTS); i++) {
        if (strcmp(DIGESTS[i], name) == 0) {
            *out = (enum cms_hash)i;
            return OK;
        }
    }
    return ERR_ALGORITHM;
}
