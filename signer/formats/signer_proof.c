/*
 * Checks one signer's attributes, certificate reference and signature value.
 * Called by signer/verify and antin-sign's time-stamping client. RFC 5652 §5.4, §11.1, §11.2; RFC 5035 §3, §5.
 */
#include "signer/formats/signer_proof.h"

#include "signer/formats/tlv.h"
#include <openssl/ess.h>
#include <string.h>

bool signer_declares(const struct signer_info *si, const char *content_type)
{
    struct bytes value;
    err_t e = attribute_one(si->signed_attrs, OID_CONTENT_TYPE, &value);
    return content_type != NULL ? e == OK && tlv_is_oid(value, content_type) : e == ERR_NOT_FOUND;
}

err_t signer_covers(const struct signer_info *si, const struct covered *content, const EVP_MD *md)
{
    struct bytes value;
    struct tlv t;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (attribute_one(si->signed_attrs, OID_MESSAGE_DIGEST, &value) != OK || tlv_expect(&value, 0x04, &t) != OK)
        return ERR_SYNTAX;
    bool same = covered_digest(content, md, digest, &n) == OK && bytes_eq(t.body, BYTES(digest, n));
    return same ? OK : ERR_BAD_SIGNATURE;
}

/* --- the certificate --- */

static void ess_free(ESS_SIGNING_CERT **e)
{
    ESS_SIGNING_CERT_free(*e);
}

static void ess2_free(ESS_SIGNING_CERT_V2 **e)
{
    ESS_SIGNING_CERT_V2_free(*e);
}

/* The hash of an ESSCertIDv2 must be an accepted one too (RFC 5035 §4: absent means SHA-256). */
static bool ess_hash_accepted(struct bytes value, struct algorithm_end *end)
{
    struct tlv outer, ids, id, alg;
    const EVP_MD *md;
    char name[ALGORITHM_NAME_CAP];
    if (tlv_expect(&value, 0x30, &outer) != OK || tlv_expect(&outer.body, 0x30, &ids) != OK || tlv_expect(&ids.body, 0x30, &id) != OK ||
        tlv_optional(&id.body, 0x30, &alg) != OK)
        return false;
    return alg.tag == 0 || algorithm_digest(alg.whole, &md, name, end) == OK;
}

static bool ess_matches(struct bytes value, bool v2, X509 *cert, struct algorithm_end *end)
{
    const uint8_t *p = value.ptr;
    AUTO(ess_free) ESS_SIGNING_CERT *one = NULL;
    AUTO(ess2_free) ESS_SIGNING_CERT_V2 *two = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    if (v2)
        two = d2i_ESS_SIGNING_CERT_V2(NULL, &p, (long)value.len);
    else
        one = d2i_ESS_SIGNING_CERT(NULL, &p, (long)value.len);
    bool matches = (one != NULL || two != NULL) && p == value.ptr + value.len && chain != NULL && sk_X509_push(chain, cert) > 0 &&
                   OSSL_ESS_check_signing_certs(one, two, chain, 1) == 1;
    sk_X509_free(chain);
    return matches && (!v2 || ess_hash_accepted(value, end));
}

err_t signer_names(const struct signer_info *si, X509 *cert, bool old, struct algorithm_end *end)
{
    struct bytes value;
    err_t e = attribute_one(si->signed_attrs, OID_SIGNING_CERTIFICATE_V2, &value);
    bool v2 = e != ERR_NOT_FOUND;
    if (!v2 && old)
        e = attribute_one(si->signed_attrs, OID_SIGNING_CERTIFICATE, &value);
    TRY(e);
    return ess_matches(value, v2, cert, end) ? OK : ERR_CONFLICT;
}

/* --- the value --- */

err_t signer_value(const struct signer_info *si, X509 *cert, const EVP_MD *md, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end)
{
    AUTO_BUF attrs = {0};
    EVP_PKEY *key = X509_get0_pubkey(cert);
    TRY(algorithm_key(key, name, end));
    TRY(signed_attrs_der(si, &attrs));
    return algorithm_verify(key, si->signature_alg, md, buf_bytes(&attrs), si->signature, name, end);
}
