/*
 * Reads the names of digests, keys and signature algorithms and asks the table about them; what it does not know is refused under its own name.
 * Called by signing and signer/verify. RFC 4055, RFC 5754, RFC 5758, RFC 8410, RFC 8419.
 */
#include "signer/formats/algorithm.h"

#include "common/clock.h"
#include "common/x509_shared.h"
#include "signer/formats/algorithm_policy.h"
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#define SALT_MAX 64

static const struct {
    int nid, digest; /* NID_undef: named in parameters, or by the message digest */
    enum sign_scheme scheme;
} SIGNATURES[] = {
    {NID_ecdsa_with_SHA1, NID_sha1, SIGN_ECDSA},
    {NID_ecdsa_with_SHA224, NID_sha224, SIGN_ECDSA},
    {NID_ecdsa_with_SHA256, NID_sha256, SIGN_ECDSA},
    {NID_ecdsa_with_SHA384, NID_sha384, SIGN_ECDSA},
    {NID_ecdsa_with_SHA512, NID_sha512, SIGN_ECDSA},
    {NID_ecdsa_with_SHA3_256, NID_sha3_256, SIGN_ECDSA},
    {NID_ecdsa_with_SHA3_384, NID_sha3_384, SIGN_ECDSA},
    {NID_ecdsa_with_SHA3_512, NID_sha3_512, SIGN_ECDSA},
    {NID_sha1WithRSAEncryption, NID_sha1, SIGN_RSA_PKCS1},
    {NID_sha224WithRSAEncryption, NID_sha224, SIGN_RSA_PKCS1},
    {NID_sha256WithRSAEncryption, NID_sha256, SIGN_RSA_PKCS1},
    {NID_sha384WithRSAEncryption, NID_sha384, SIGN_RSA_PKCS1},
    {NID_sha512WithRSAEncryption, NID_sha512, SIGN_RSA_PKCS1},
    {NID_RSA_SHA3_256, NID_sha3_256, SIGN_RSA_PKCS1},
    {NID_RSA_SHA3_384, NID_sha3_384, SIGN_RSA_PKCS1},
    {NID_RSA_SHA3_512, NID_sha3_512, SIGN_RSA_PKCS1},
    {NID_rsaEncryption, NID_undef, SIGN_RSA_PKCS1}, /* RFC 5652: the digest is digestAlgorithm's */
    {NID_rsassaPss, NID_undef, SIGN_RSA_PSS},
    {NID_ED25519, NID_undef, SIGN_ED25519},
};
#define SIGNATURE_N (sizeof SIGNATURES / sizeof *SIGNATURES)

static size_t signature_find(int nid)
{
    size_t i = 0;
    while (i < SIGNATURE_N && SIGNATURES[i].nid != nid)
        i++;
    return i;
}

/* --- the table --- */

bool algorithm_ended(const struct algorithm_end *end, int64_t t)
{
    return end->at != 0 && t >= end->at;
}

void algorithm_end_merge(struct algorithm_end *end, const struct algorithm_end *other)
{
    if (end != NULL && other->at != 0 && (end->at == 0 || other->at < end->at))
        *end = *other;
}

/* The name as it is shown: with the day, when there is one. */
static err_t look_up(enum algorithm_use use, int id, int bits, const char *name, struct algorithm_end *end)
{
    const struct algorithm_policy *p = algorithm_policy_find(use, id, bits);
    char day[CLOCK_RFC3339_LEN + 1];
    struct algorithm_end own = {0};
    if (p == NULL)
        return ERR_UNSUPPORTED;
    if (p->until == 0)
        return OK;
    own.at = p->until;
    clock_rfc3339(p->until, day);
    snprintf(own.name, sizeof own.name, "%.40s, until %.10s", name, day);
    algorithm_end_merge(end, &own);
    return OK;
}

static err_t look_up_digest(const EVP_MD *md, struct algorithm_end *end)
{
    int nid = EVP_MD_get_type(md);
    return look_up(USE_DIGEST, nid, 0, OBJ_nid2ln(nid), end);
}

static err_t look_up_scheme(enum sign_scheme scheme, struct algorithm_end *end)
{
    static const char *const NAMES[] = {
        [SIGN_ECDSA] = "ECDSA", [SIGN_RSA_PKCS1] = "RSA PKCS#1 v1.5", [SIGN_RSA_PSS] = "RSASSA-PSS", [SIGN_ED25519] = "EdDSA"};
    return look_up(USE_SCHEME, (int)scheme, 0, NAMES[scheme], end);
}

/* --- digests and keys --- */

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

static const EVP_MD *digest_by_nid(int nid, struct algorithm_end *end)
{
    const EVP_MD *md = algorithm_policy_find(USE_DIGEST, nid, 0) != NULL ? EVP_get_digestbynid(nid) : NULL;
    return md != NULL && look_up_digest(md, end) == OK ? md : NULL;
}

/* RFC 5754 §2: parameters are absent or NULL. */
static const EVP_MD *digest_of(const X509_ALGOR *a, struct algorithm_end *end)
{
    const ASN1_OBJECT *oid;
    int type;
    X509_ALGOR_get0(&oid, &type, NULL, a);
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL ? digest_by_nid(OBJ_obj2nid(oid), end) : NULL;
}

err_t algorithm_digest(struct bytes algorithm, const EVP_MD **md, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    AUTO_ALGOR a = NULL;
    const ASN1_OBJECT *oid;
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    TRY(algor_parse(algorithm, &a));
    X509_ALGOR_get0(&oid, NULL, NULL, a);
    oid_name(oid, name);
    *md = digest_of(a, end);
    return *md != NULL ? OK : ERR_UNSUPPORTED;
}

void algorithm_hash(enum cms_hash hash, struct algorithm_end *end)
{
    (void)!look_up_digest(cms_hash_md(hash), end);
}

void algorithm_scheme(enum sign_scheme scheme, struct algorithm_end *end)
{
    (void)!look_up_scheme(scheme, end);
}

static err_t curve_accepted(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    char curve[40] = "explicit parameters";
    size_t n;
    (void)!EVP_PKEY_get_group_name(key, curve, sizeof curve, &n);
    snprintf(name, ALGORITHM_NAME_CAP, "EC %s", curve);
    return look_up(USE_KEY, OBJ_sn2nid(curve), 0, name, end);
}

err_t algorithm_key(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    if (key == NULL)
        return ERR_UNSUPPORTED;
    int bits = EVP_PKEY_get_bits(key);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: snprintf(name, ALGORITHM_NAME_CAP, "RSA %d", bits); return look_up(USE_KEY, NID_rsaEncryption, bits, name, end);
    case EVP_PKEY_EC: return curve_accepted(key, name, end);
    case EVP_PKEY_ED25519: snprintf(name, ALGORITHM_NAME_CAP, "Ed25519"); return look_up(USE_KEY, NID_ED25519, 0, name, end);
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
static err_t pss_params(const X509_ALGOR *a, struct pss *out, struct algorithm_end *end)
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
    out->md = digest_of(p->hashAlgorithm, end);
    if (mask == NULL || !numbers || salt < 0 || salt > SALT_MAX || trailer != 1 || out->md == NULL || digest_of(mask, NULL) != out->md)
        return ERR_UNSUPPORTED;
    out->salt_len = (int)salt;
    return OK;
}

err_t algorithm_x509(int nid, const X509_ALGOR *alg, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    struct pss pss;
    snprintf(name, ALGORITHM_NAME_CAP, "%s", OBJ_nid2ln(nid) != NULL ? OBJ_nid2ln(nid) : "?");
    size_t i = signature_find(nid);
    if (i == SIGNATURE_N || nid == NID_rsaEncryption)
        return ERR_UNSUPPORTED;
    TRY(look_up_scheme(SIGNATURES[i].scheme, end));
    if (nid == NID_rsassaPss)
        return pss_params(alg, &pss, end);
    return SIGNATURES[i].digest == NID_undef || digest_by_nid(SIGNATURES[i].digest, end) != NULL ? OK : ERR_UNSUPPORTED;
}

bool algorithm_crl_believed(const X509_CRL *crl, const X509 *issuer, int64_t t)
{
    char name[ALGORITHM_NAME_CAP];
    struct algorithm_end end = {0};
    const X509_ALGOR *alg;
    X509_CRL_get0_signature(crl, NULL, &alg);
    return algorithm_x509(X509_CRL_get_signature_nid(crl), alg, name, &end) == OK &&
           algorithm_key(X509_get0_pubkey(issuer), name, &end) == OK && !algorithm_ended(&end, t);
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
static bool params_fit(const X509_ALGOR *a, enum sign_scheme scheme)
{
    int type;
    X509_ALGOR_get0(NULL, &type, NULL, a);
    if (scheme == SIGN_RSA_PSS)
        return type == V_ASN1_SEQUENCE;
    return type == V_ASN1_UNDEF || (type == V_ASN1_NULL && scheme == SIGN_RSA_PKCS1);
}

static bool key_fits(const EVP_PKEY *key, enum sign_scheme scheme)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC: return scheme == SIGN_ECDSA;
    case EVP_PKEY_RSA: return scheme == SIGN_RSA_PKCS1 || scheme == SIGN_RSA_PSS;
    case EVP_PKEY_RSA_PSS: return scheme == SIGN_RSA_PSS;
    case EVP_PKEY_ED25519: return scheme == SIGN_ED25519;
    default: return false;
    }
}

/* With which digest, and which parameters? It must be that of the message too. */
static err_t signature_digest(const X509_ALGOR *a, size_t i, const EVP_MD *message_digest, struct pss *pss, const EVP_MD **md,
                              struct algorithm_end *end)
{
    *md = SIGNATURES[i].digest == NID_undef ? message_digest : digest_by_nid(SIGNATURES[i].digest, end);
    if (SIGNATURES[i].scheme == SIGN_ED25519) /* RFC 8419 §3.1 */
        return EVP_MD_is_a(message_digest, "SHA512") ? OK : ERR_UNSUPPORTED;
    if (SIGNATURES[i].scheme == SIGN_RSA_PSS) {
        TRY(pss_params(a, pss, end));
        *md = pss->md;
    }
    return *md != NULL && EVP_MD_get_type(*md) == EVP_MD_get_type(message_digest) ? look_up_digest(*md, end) : ERR_UNSUPPORTED;
}

err_t algorithm_verify(EVP_PKEY *key, struct bytes algorithm, const EVP_MD *message_digest, struct bytes data, struct bytes signature,
                       char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    AUTO_ALGOR a = NULL;
    const ASN1_OBJECT *oid;
    struct pss pss = {0};
    const EVP_MD *md;
    snprintf(name, ALGORITHM_NAME_CAP, "?");
    TRY(algor_parse(algorithm, &a));
    X509_ALGOR_get0(&oid, NULL, NULL, a);
    oid_name(oid, name);
    size_t i = signature_find(OBJ_obj2nid(oid));
    if (i == SIGNATURE_N || !params_fit(a, SIGNATURES[i].scheme) || !key_fits(key, SIGNATURES[i].scheme))
        return ERR_UNSUPPORTED;
    enum sign_scheme scheme = SIGNATURES[i].scheme;
    TRY(look_up_scheme(scheme, end));
    TRY(signature_digest(a, i, message_digest, &pss, &md, end));
    return verify_value(key, scheme == SIGN_ED25519 ? NULL : md, scheme == SIGN_RSA_PSS ? &pss : NULL, data, signature);
}

/* --- signing, and names that formats have for schemes --- */

/* Do they go together, and are all of them known? What is refused is named. */
static err_t combination(const EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, char name[ALGORITHM_NAME_CAP],
                         struct algorithm_end *end)
{
    if (algorithm_key(key, name, end) != OK || !key_fits(key, scheme) || look_up_scheme(scheme, end) != OK)
        return ERR_ALGORITHM;
    if (scheme == SIGN_ED25519 && hash != CMS_SHA512)
        return ERR_ALGORITHM;
    algorithm_hash(hash, end);
    return OK;
}

err_t algorithm_for_signing(const EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, int64_t now, char name[ALGORITHM_NAME_CAP])
{
    struct algorithm_end end = {0};
    TRY(combination(key, scheme, hash, name, &end));
    if (!algorithm_ended(&end, now))
        return OK;
    snprintf(name, ALGORITHM_NAME_CAP, "%s", end.name);
    return ERR_ALGORITHM;
}

err_t algorithm_for_key(const struct signing_key *key)
{
    AUTO_X509 cert = NULL;
    char name[ALGORITHM_NAME_CAP];
    TRY(x509_shared(key->cert, &cert));
    return algorithm_for_signing(X509_get0_pubkey(cert), key->scheme, key->hash, clock_now(), name);
}

err_t algorithm_verify_scheme(EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, struct bytes data, struct bytes signature)
{
    char name[ALGORITHM_NAME_CAP];
    const struct pss pss = {.md = cms_hash_md(hash), .salt_len = EVP_MD_get_size(cms_hash_md(hash))};
    TRY(combination(key, scheme, hash, name, NULL));
    err_t e = verify_value(key, scheme == SIGN_ED25519 ? NULL : pss.md, scheme == SIGN_RSA_PSS ? &pss : NULL, data, signature);
    return e == ERR_UNSUPPORTED ? ERR_ALGORITHM : e;
}
