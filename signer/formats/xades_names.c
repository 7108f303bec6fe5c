/*
 * The names that XML gives to digests and signature algorithms; those it has no name for cannot be used.
 * Called by xades_*.c and asic. RFC 9231 §2.1, §2.3; XML Encryption 1.1 §5.7.
 */
#include "signer/formats/xades_impl.h"

#include <string.h>

#define MORE01 "http://www.w3.org/2001/04/xmldsig-more#"
#define MORE07 "http://www.w3.org/2007/05/xmldsig-more#"
#define MORE21 "http://www.w3.org/2021/04/xmldsig-more#"
#define ENC "http://www.w3.org/2001/04/xmlenc#"

static const char *const DIGESTS[] = {
    [CMS_SHA256] = ENC "sha256",        [CMS_SHA384] = MORE01 "sha384",     [CMS_SHA512] = ENC "sha512",
    [CMS_SHA3_256] = MORE07 "sha3-256", [CMS_SHA3_384] = MORE07 "sha3-384", [CMS_SHA3_512] = MORE07 "sha3-512",
};
#define DIGEST_N (sizeof DIGESTS / sizeof *DIGESTS)

static const struct {
    enum sign_scheme scheme;
    enum cms_hash hash;
    const char *uri;
} SIGNATURES[] = {
    {SIGN_ECDSA, CMS_SHA256, MORE01 "ecdsa-sha256"},
    {SIGN_ECDSA, CMS_SHA384, MORE01 "ecdsa-sha384"},
    {SIGN_ECDSA, CMS_SHA512, MORE01 "ecdsa-sha512"},
    {SIGN_ECDSA, CMS_SHA3_256, MORE21 "ecdsa-sha3-256"},
    {SIGN_ECDSA, CMS_SHA3_384, MORE21 "ecdsa-sha3-384"},
    {SIGN_ECDSA, CMS_SHA3_512, MORE21 "ecdsa-sha3-512"},
    {SIGN_RSA_PKCS1, CMS_SHA256, MORE01 "rsa-sha256"},
    {SIGN_RSA_PKCS1, CMS_SHA384, MORE01 "rsa-sha384"},
    {SIGN_RSA_PKCS1, CMS_SHA512, MORE01 "rsa-sha512"},
    {SIGN_RSA_PSS, CMS_SHA256, MORE07 "sha256-rsa-MGF1"}, /* salt as long as the digest, mask by the same digest */
    {SIGN_RSA_PSS, CMS_SHA384, MORE07 "sha384-rsa-MGF1"},
    {SIGN_RSA_PSS, CMS_SHA512, MORE07 "sha512-rsa-MGF1"},
    {SIGN_RSA_PSS, CMS_SHA3_256, MORE07 "sha3-256-rsa-MGF1"},
    {SIGN_RSA_PSS, CMS_SHA3_384, MORE07 "sha3-384-rsa-MGF1"},
    {SIGN_RSA_PSS, CMS_SHA3_512, MORE07 "sha3-512-rsa-MGF1"},
    {SIGN_ED25519, CMS_SHA512, MORE21 "eddsa-ed25519"},
};
#define SIGNATURE_N (sizeof SIGNATURES / sizeof *SIGNATURES)

const char *xades_digest_uri(enum cms_hash h)
{
    return (size_t)h < DIGEST_N ? DIGESTS[h] : NULL;
}

const char *xades_signature_uri(enum sign_scheme scheme, enum cms_hash h)
{
    for (size_t i = 0; i < SIGNATURE_N; i++) {
        if (SIGNATURES[i].scheme == scheme && SIGNATURES[i].hash == h)
            return SIGNATURES[i].uri;
    }
    return NULL;
}

err_t xades_digest_of(const char *uri, enum cms_hash *h)
{
    for (size_t i = 0; uri != NULL && i < DIGEST_N; i++) {
        if (strcmp(DIGESTS[i], uri) == 0) {
            *h = (enum cms_hash)i;
            return OK;
        }
    }
    return ERR_ALGORITHM;
}

err_t xades_signature_of(const char *uri, enum sign_scheme *scheme, enum cms_hash *h)
{
    for (size_t i = 0; uri != NULL && i < SIGNATURE_N; i++) {
        if (strcmp(SIGNATURES[i].uri, uri) == 0) {
            *scheme = SIGNATURES[i].scheme;
            *h = SIGNATURES[i].hash;
            return OK;
        }
    }
    return ERR_ALGORITHM;
}

const char *xades_scheme_name(enum sign_scheme scheme)
{
    static const char *const NAMES[] = {
        [SIGN_ECDSA] = "ECDSA", [SIGN_RSA_PKCS1] = "RSA", [SIGN_RSA_PSS] = "RSASSA-PSS", [SIGN_ED25519] = "ED25519"};
    return NAMES[scheme];
}
