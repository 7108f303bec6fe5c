/*
 * The tables of accepted digests, keys and signature algorithms; what they do not name is refused under its own name.
 * Called by cades_sign.c and signer/verify. Circular 15/2025/TT-BKHCN (PKCS#1 with RSA ≥ 2048, ECDSA ≥ 256, SHA-2, SHA-3);
 * ETSI TS 119 312; RFC 4055, RFC 5754, RFC 5758, RFC 8410, RFC 8419.
 */
#include "signer/formats/algorithm.h"

#include "common/x509_shared.h"
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* larger ones only cost the verifier */
#define SALT_MAX 64

static const int DIGESTS[] = {NID_sha256, NID_sha384, NID_sha512, NID_sha3_256, NID_sha3_384, NID_sha3_512};

static const struct {
    int nid, digest; /* NID_undef: named in parameters, or by the message digest */
    const char *key;
} SIGNATURES[] = {
    {NID_ecdsa_with_SHA256, NID_sha256, "EC"},
    {NID_ecdsa_with_SHA384, NID_sha384, "EC"},
    {NID_ecdsa_with_SHA512, NID_sha512, "EC"},
    {NID_ecdsa_with_SHA3_256, NID_sha3_256, "EC"},
    {NID_ecdsa_with_SHA3_384, NID_sha3_384, "EC"},
    {NID_ecdsa_with_SHA3_512, NID_sha3_512, "EC"},
    {NID_sha256WithRSAEncryption, NID_sha256, "RSA"},
    {NID_sha384WithRSAEncryption, NID_sha384, "RSA"},
    {NID_sha512WithRSAEncryption, NID_sha512, "RSA"},
    {NID_RSA_SHA3_256, NID_sha3_256, "RSA"},
    {NID_RSA_SHA3_384, NID_sha3_384, "RSA"},
    {NID_RSA_SHA3_512, NID_sha3_512, "RSA"},
    {NID_rsaEncryption, NID_undef, "RSA"}, /* RFC 5652: the digest is digestAlgorithm's */
    {NID_rsassaPss, NID_undef, "RSA"},
    {NID_ED25519, NID_undef, "ED25519"},
};
#define N(a) (sizeof(a) / sizeof *(a))

static const char *const CURVES[] = {"prime256v1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};

static void algor_free(X509_ALGOR **a)
{
    X509_ALGOR_free(*a);
}
#define AUTO_ALGOR AUTO(algor_free) X509_ALGOR *

static err_t algor_parse(struct bytes der, X509_ALGOR **out)
{
    const uint8_t *p = der.ptr;
    *out = d2i_X509_ALGOR(NULL, &p, (long)der.len);
    return *out != NULL && p == der.ptr + der.len ? OK : ERR_SYNTAX;
}

/* "SHA1", "ecdsa-with-SHA1", or the dotted number of what has no name. */
static void oid_name(const ASN1_OBJECT *o, char name[ALGORITHM_NAME_CAP])
{
    int nid = OBJ_obj2nid(o);
    if (nid != NID_undef)
        snprintf(name, ALGORITHM_NAME_CAP, "%s", OBJ_nid2ln(nid));
    else
        OBJ_obj2txt(name, ALGORITHM_NAME_CAP, o, 1);
}

static const EVP_MD *digest_by_nid(int nid)
{
    for (size_t i = 0; i < N(DIGESTS); i++) {
        if (DIGESTS[i] == nid)
            return EVP_get_digestbynid(nid);
    }
    return NULL;
}

/* RFC 5754 §2: parameters are absent or NULL. */
static const EVP_MD *digest_of(const X509_ALGOR *a)
{
    const ASN1_OBJECT *oid;
    int type;
    X509_ALGOR_get0(&oid, &type, NULL, a);
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL ? digest_by_nid(OBJ_obj2nid(oid)) : NULL;
}

err_t algorithm_digest(struct bytes algorithm, const EVP_MD **md, char name[ALGORITHM_NAME_CAP])
{
    AUTO_ALGOR a = NULL;
    const ASN1_OBJECT *oid;
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    TRY(algor_parse(algorithm, &a));
    X509_ALGOR_get0(&oid, NULL, NULL, a);
    oid_name(oid, name);
    *md = digest_of(a);
    return *md != NULL ? OK : ERR_UNSUPPORTED;
}

static err_t curve_accepted(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP])
{
    char curve[40] = "explicit parameters";
    size_t n;
    (void)!EVP_PKEY_get_group_name(key, curve, sizeof curve, &n);
    snprintf(name, ALGORITHM_NAME_CAP, "EC %s", curve);
    for (size_t i = 0; i < N(CURVES); i++) {
        if (strcmp(CURVES[i], curve) == 0)
            return OK;
    }
    return ERR_UNSUPPORTED;
}

err_t algorithm_key(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP])
{
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    if (key == NULL)
        return ERR_UNSUPPORTED;
    int bits = EVP_PKEY_get_bits(key);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        snprintf(name, ALGORITHM_NAME_CAP, "RSA %d", bits);
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? OK : ERR_UNSUPPORTED;
    case EVP_PKEY_EC: return curve_accepted(key, name);
    case EVP_PKEY_ED25519: snprintf(name, ALGORITHM_NAME_CAP, "Ed25519"); return OK;
    default: snprintf(name, ALGORITHM_NAME_CAP, "%s %d", OBJ_nid2ln(EVP_PKEY_get_base_id(key)), bits); return ERR_UNSUPPORTED;
    }
}

/* --- RSASSA-PSS parameters (RFC 4055 §3.1) --- */

static void pss_free(RSA_PSS_PARAMS **p)
{
    RSA_PSS_PARAMS_free(*p);
}

struct pss {
    const EVP_MD *md;
    int salt_len;
};

/* Only: an accepted hash, MGF1 with the same hash, the one trailer there is. */
static err_t pss_params(const X509_ALGOR *a, struct pss *out)
{
    int type;
    const void *value;
    X509_ALGOR_get0(NULL, &type, &value, a);
    if (type != V_ASN1_SEQUENCE)
        return ERR_UNSUPPORTED; /* absent: SHA-1 */
    AUTO(pss_free) RSA_PSS_PARAMS *p = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    if (p == NULL || p->hashAlgorithm == NULL || p->maskGenAlgorithm == NULL || p->saltLength == NULL)
        return ERR_UNSUPPORTED;
    const ASN1_OBJECT *mgf;
    X509_ALGOR_get0(&mgf, &type, &value, p->maskGenAlgorithm);
    if (OBJ_obj2nid(mgf) != NID_mgf1 || type != V_ASN1_SEQUENCE)
        return ERR_UNSUPPORTED;
    AUTO_ALGOR mask = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
    int64_t salt = -1, trailer = 1;
    bool numbers = ASN1_INTEGER_get_int64(&salt, p->saltLength) == 1 &&
                   (p->trailerField == NULL || ASN1_INTEGER_get_int64(&trailer, p->trailerField) == 1);
    out->md = digest_of(p->hashAlgorithm);
    if (mask == NULL || !numbers || salt < 0 || salt > SALT_MAX || trailer != 1 || out->md == NULL || digest_of(mask) != out->md)
        return ERR_UNSUPPORTED;
    out->salt_len = (int)salt;
    return OK;
}

err_t algorithm_x509(int nid, const X509_ALGOR *alg, char name[ALGORITHM_NAME_CAP])
{
    struct pss pss;
    snprintf(name, ALGORITHM_NAME_CAP, "%s", OBJ_nid2ln(nid) != NULL ? OBJ_nid2ln(nid) : "?");
    if (nid == NID_rsassaPss)
        return pss_params(alg, &pss);
    for (size_t i = 0; i < N(SIGNATURES); i++) {
        if (SIGNATURES[i].nid == nid && nid != NID_rsaEncryption)
            return OK;
    }
    return ERR_UNSUPPORTED;
}

/* --- verifying --- */

static void md_ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static err_t verify_value(EVP_PKEY *key, const EVP_MD *md, const struct pss *pss, struct bytes data, struct bytes signature)
{
    AUTO(md_ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    if (ctx == NULL)
        return ERR_NOMEM;
    if (EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) != 1)
        return ERR_UNSUPPORTED;
    if (pss != NULL && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
                        EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, pss->md) != 1 || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, pss->salt_len) != 1))
        return ERR_UNSUPPORTED; /* a restricted key forbids these parameters */
    return EVP_DigestVerify(ctx, signature.ptr, signature.len, data.ptr, data.len) == 1 ? OK : ERR_BAD_SIGNATURE;
}

/* RFC 5758 §3.2, RFC 8410 §3: no parameters. RFC 5754 §3.2: NULL, and absent must be accepted. */
static bool params_fit(const X509_ALGOR *a, const char *kind, int nid)
{
    int type;
    X509_ALGOR_get0(NULL, &type, NULL, a);
    if (nid == NID_rsassaPss)
        return type == V_ASN1_SEQUENCE;
    return type == V_ASN1_UNDEF || (type == V_ASN1_NULL && strcmp(kind, "RSA") == 0);
}

static bool key_fits(const EVP_PKEY *key, const char *kind, int nid)
{
    int id = EVP_PKEY_get_base_id(key);
    if (strcmp(kind, "RSA") == 0)
        return id == EVP_PKEY_RSA || (id == EVP_PKEY_RSA_PSS && nid == NID_rsassaPss);
    return id == (strcmp(kind, "EC") == 0 ? EVP_PKEY_EC : EVP_PKEY_ED25519);
}

err_t algorithm_verify(EVP_PKEY *key, struct bytes algorithm, const EVP_MD *message_digest, struct bytes data, struct bytes signature,
                       char name[ALGORITHM_NAME_CAP])
{
    AUTO_ALGOR a = NULL;
    const ASN1_OBJECT *oid;
    struct pss pss = {0};
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    TRY(algor_parse(algorithm, &a));
    X509_ALGOR_get0(&oid, NULL, NULL, a);
    oid_name(oid, name);
    int nid = OBJ_obj2nid(oid);
    size_t i = 0;
    while (i < N(SIGNATURES) && SIGNATURES[i].nid != nid)
        i++;
    if (i == N(SIGNATURES) || !params_fit(a, SIGNATURES[i].key, nid) || !key_fits(key, SIGNATURES[i].key, nid))
        return ERR_UNSUPPORTED;

    if (nid == NID_ED25519) /* RFC 8419 §3.1 */
        return EVP_MD_is_a(message_digest, "SHA512") ? verify_value(key, NULL, NULL, data, signature) : ERR_UNSUPPORTED;
    const EVP_MD *md = SIGNATURES[i].digest == NID_undef ? message_digest : digest_by_nid(SIGNATURES[i].digest);
    if (nid == NID_rsassaPss) {
        TRY(pss_params(a, &pss));
        md = pss.md;
    }
    if (md == NULL || EVP_MD_get_type(md) != EVP_MD_get_type(message_digest))
        return ERR_UNSUPPORTED;
    return verify_value(key, md, nid == NID_rsassaPss ? &pss : NULL, data, signature);
}

err_t algorithm_for_signing(const EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, char name[ALGORITHM_NAME_CAP])
{
    if (algorithm_key(key, name) != OK)
        return ERR_ALGORITHM;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC: return scheme == SIGN_ECDSA ? OK : ERR_ALGORITHM;
    case EVP_PKEY_RSA: return scheme == SIGN_RSA_PKCS1 || scheme == SIGN_RSA_PSS ? OK : ERR_ALGORITHM;
    case EVP_PKEY_RSA_PSS: return scheme == SIGN_RSA_PSS ? OK : ERR_ALGORITHM;
    case EVP_PKEY_ED25519: return scheme == SIGN_ED25519 && hash == CMS_SHA512 ? OK : ERR_ALGORITHM;
    default: return ERR_ALGORITHM;
    }
}

err_t algorithm_for_key(const struct signing_key *key)
{
    AUTO_X509 cert = NULL;
    char name[ALGORITHM_NAME_CAP];
    TRY(x509_shared(key->cert, &cert));
    return algorithm_for_signing(X509_get0_pubkey(cert), key->scheme, key->hash, name);
}

err_t algorithm_verify_scheme(EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, struct bytes data, struct bytes signature)
{
    char name[ALGORITHM_NAME_CAP];
    const struct pss pss = {.md = cms_hash_md(hash), .salt_len = EVP_MD_get_size(cms_hash_md(hash))};
    TRY(algorithm_for_signing(key, scheme, hash, name));
    err_t e = verify_value(key, scheme == SIGN_ED25519 ? NULL : pss.md, scheme == SIGN_RSA_PSS ? &pss : NULL, data, signature);
    return e == ERR_UNSUPPORTED ? ERR_ALGORITHM : e;
}
