/*
 * Checks one signer's attributes, certificate reference, digest and signature value.
 * Called by signature.c and stamp.c. RFC 5652 §5.4, §5.6, §11.1, §11.2; RFC 5035 §3, §5; ETSI EN 319 102-1 §5.2.
 */
#include "signer/verify/signer.h"

#include "signer/formats/tlv.h"
#include <openssl/ess.h>

static void missing(err_t e, const char *name, struct findings *f)
{
    if (e == ERR_NOT_FOUND)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_ATTRIBUTE_MISSING, name);
    else
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, name);
}

/* RFC 5652 §11.1, §11.4: a signature says what kind of content it is over; one over another signature must not. */
static bool declares(const struct signer_info *si, const char *content_type)
{
    struct bytes value;
    err_t e = attribute_one(si->signed_attrs, OID_CONTENT_TYPE, &value);
    return content_type != NULL ? e == OK && tlv_is_oid(value, content_type) : e == ERR_NOT_FOUND;
}

/* RFC 5652 §11.1, §11.2: without these two the signature covers nothing. */
static bool check_content(const struct signer_info *si, const struct covered *content, const char *content_type, const EVP_MD *md,
                          struct findings *f)
{
    struct bytes value;
    struct tlv t;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (!declares(si, content_type)) {
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "content-type");
        return false;
    }
    if (attribute_one(si->signed_attrs, OID_MESSAGE_DIGEST, &value) != OK || tlv_expect(&value, 0x04, &t) != OK) {
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "message-digest");
        return false;
    }
    if (covered_digest(content, md, digest, &n) != OK || !bytes_eq(t.body, BYTES(digest, n))) {
        finding_add(f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH, NULL);
        return false;
    }
    return true;
}

static void ess_free(ESS_SIGNING_CERT **e)
{
    ESS_SIGNING_CERT_free(*e);
}

static void ess2_free(ESS_SIGNING_CERT_V2 **e)
{
    ESS_SIGNING_CERT_V2_free(*e);
}

/* The hash of an ESSCertIDv2 must be an accepted one too (RFC 5035 §4: absent means SHA-256). */
static bool ess_hash_accepted(struct bytes value)
{
    struct tlv outer, ids, id, alg;
    const EVP_MD *md;
    char name[ALGORITHM_NAME_CAP];
    if (tlv_expect(&value, 0x30, &outer) != OK || tlv_expect(&outer.body, 0x30, &ids) != OK || tlv_expect(&ids.body, 0x30, &id) != OK ||
        tlv_optional(&id.body, 0x30, &alg) != OK)
        return false;
    return alg.tag == 0 || algorithm_digest(alg.whole, &md, name) == OK;
}

static bool ess_matches(struct bytes value, bool v2, X509 *cert)
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
    return matches && (!v2 || ess_hash_accepted(value));
}

/* EN 319 122-1 §5.2.2: the signature names its certificate, so that no other one for the same key can take its place. */
static void check_ess(const struct signer_info *si, X509 *cert, bool old_ess, struct findings *f)
{
    struct bytes value;
    err_t e = attribute_one(si->signed_attrs, OID_SIGNING_CERTIFICATE_V2, &value);
    bool v2 = e != ERR_NOT_FOUND;
    if (!v2 && old_ess)
        e = attribute_one(si->signed_attrs, OID_SIGNING_CERTIFICATE, &value);
    if (e != OK)
        missing(e, "signing-certificate-v2", f);
    else if (!ess_matches(value, v2, cert))
        finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, NOTE_SIGNER_CERT_OTHER, NULL);
}

static bool check_value(const struct signer_info *si, X509 *cert, const EVP_MD *md, struct signer_check *out, struct findings *f)
{
    AUTO_BUF attrs = {0};
    char key_name[ALGORITHM_NAME_CAP];
    EVP_PKEY *key = X509_get0_pubkey(cert);
    if (algorithm_key(key, key_name) != OK) {
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, key_name);
        return false;
    }
    err_t e = signed_attrs_der(si, &attrs);
    if (e == OK)
        e = algorithm_verify(key, si->signature_alg, md, buf_bytes(&attrs), si->signature, out->signature_alg);
    if (e == OK)
        return true;
    if (e == ERR_UNSUPPORTED)
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, out->signature_alg);
    else
        finding_add(f, TOTAL_FAILED, SUB_SIG_CRYPTO_FAILURE, NOTE_SIGNATURE, NULL);
    return false;
}

struct evidence signer_evidence(const struct signed_data *sd, const struct evidence *around)
{
    struct evidence ev = *around;
    if (ev.n < EVIDENCE_SETS_MAX) {
        ev.certs[ev.n] = sd->certs;
        ev.crls[ev.n] = sd->crls;
        ev.ocsp[ev.n] = sd->ocsp;
        ev.ocsp_n[ev.n] = sd->ocsp_n;
        ev.n++;
    }
    return ev;
}

static X509 *find_certificate(const struct signed_data *sd, const struct signer_info *si, const struct evidence *ev)
{
    X509 *cert = signer_certificate(si, sd->certs);
    for (size_t i = 0; i < ev->n && cert == NULL; i++)
        cert = signer_certificate(si, ev->certs[i]);
    return cert;
}

void signer_check(const struct signed_data *sd, const struct signer_info *si, const struct evidence *ev, const struct covered *content,
                  const char *content_type, bool old_ess, struct signer_check *out, struct findings *f)
{
    const EVP_MD *md;
    *out = (struct signer_check){0};
    out->cert = find_certificate(sd, si, ev);
    if (out->cert == NULL)
        finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, NOTE_SIGNER_CERT_MISSING, NULL);
    if (algorithm_digest(si->digest_alg, &md, out->digest_alg) != OK) {
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, out->digest_alg);
        return;
    }
    if (content_type != NULL && !tlv_is_oid(sd->content_type, content_type))
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "eContentType");
    out->integrity = check_content(si, content, content_type, md, f);
    if (out->cert == NULL)
        return;
    out->mathematics = check_value(si, out->cert, md, out, f);
    check_ess(si, out->cert, old_ess, f);
}
