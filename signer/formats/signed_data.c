/*
 * Takes a CMS SignedData apart; every byte of it belongs to an element that is known.
 * Called by cms_edit.c, cades_*.c and signer/verify. RFC 5652 §5, §5.1, §5.3.
 */
#include "signer/formats/signed_data.h"

#include "common/x509_shared.h"
#include "signer/formats/tlv.h"
#include <openssl/cms.h>

#define SEQUENCE 0x30
#define SET 0x31

/* --- reading --- */

static err_t parse_certs(struct bytes in, struct signed_data *out, bool *other)
{
    struct tlv t;
    while (in.len > 0) {
        AUTO_X509 cert = NULL;
        TRY(tlv_next(&in, &t));
        if (t.tag != SEQUENCE) { /* attribute certificates and the like are not looked at */
            *other = true;
            continue;
        }
        TRY(x509_shared(t.whole, &cert));
        if (sk_X509_num(out->certs) == SIGNED_DATA_CERTS_MAX)
            return ERR_TOO_LARGE;
        if (sk_X509_push(out->certs, cert) <= 0)
            return ERR_NOMEM;
        cert = NULL;
    }
    return OK;
}

/* OtherRevocationInfoFormat; of those we know OCSP responses alone (RFC 5652 §10.2.1, RFC 5940 §2.1). */
static err_t parse_other_revocation(struct bytes in, struct signed_data *out)
{
    struct tlv type, value;
    TRY(tlv_expect(&in, 0x06, &type));
    TRY(tlv_next(&in, &value));
    if (in.len != 0)
        return ERR_SYNTAX;
    if (!tlv_is_oid(type.whole, OID_RI_OCSP_RESPONSE))
        return OK;
    if (out->ocsp_n == SIGNED_DATA_CRLS_MAX)
        return ERR_TOO_LARGE;
    out->ocsp[out->ocsp_n++] = value.whole;
    return OK;
}

static err_t parse_crls(struct bytes in, struct signed_data *out, bool *other)
{
    struct tlv t;
    while (in.len > 0) {
        AUTO_X509_CRL crl = NULL;
        TRY(tlv_next(&in, &t));
        if (t.tag != SEQUENCE) {
            *other = true;
            if (t.tag == 0xa1)
                TRY(parse_other_revocation(t.body, out));
            continue;
        }
        TRY(x509_crl_from_der(t.whole, &crl));
        if (sk_X509_CRL_num(out->crls) == SIGNED_DATA_CRLS_MAX)
            return ERR_TOO_LARGE;
        if (sk_X509_CRL_push(out->crls, crl) <= 0)
            return ERR_NOMEM;
        crl = NULL;
    }
    return OK;
}

static err_t parse_signer(struct bytes in, struct signer_info *out)
{
    struct tlv t;
    unsigned version;
    TRY(tlv_next(&in, &t));
    TRY(tlv_small_integer(&t, &version));
    out->version = t.whole;
    TRY(tlv_next(&in, &t));
    if (t.tag == SEQUENCE && version == 1) /* §5.3: the version follows the kind of name */
        out->issuer_serial = t.whole;
    else if (t.tag == 0x80 && version == 3)
        out->key_id = t.body;
    else
        return ERR_SYNTAX;
    TRY(tlv_expect(&in, SEQUENCE, &t));
    out->digest_alg = t.whole;
    TRY(tlv_expect(&in, 0xa0, &t)); /* a signature without signed attributes is no CAdES */
    out->signed_attrs = t.body;
    TRY(tlv_expect(&in, SEQUENCE, &t));
    out->signature_alg = t.whole;
    TRY(tlv_expect(&in, 0x04, &t));
    out->signature = t.body;
    TRY(tlv_optional(&in, 0xa1, &t));
    out->unsigned_attrs = t.body;
    return in.len == 0 && out->signature.len > 0 ? OK : ERR_SYNTAX;
}

err_t signer_info_parse(struct bytes whole, struct signer_info *out)
{
    struct tlv t;
    struct bytes in = whole;
    *out = (struct signer_info){.whole = whole};
    TRY(tlv_expect(&in, SEQUENCE, &t));
    return in.len == 0 ? parse_signer(t.body, out) : ERR_SYNTAX;
}

static err_t parse_signers(struct bytes in, struct signed_data *out)
{
    struct tlv t;
    while (in.len > 0) {
        TRY(tlv_expect(&in, SEQUENCE, &t));
        if (out->signer_n == SIGNERS_MAX)
            return ERR_TOO_LARGE;
        TRY(signer_info_parse(t.whole, &out->signer[out->signer_n++]));
    }
    return out->signer_n > 0 ? OK : ERR_SYNTAX;
}

/* Each signer's digest algorithm is announced (§5.1). Parameters may be NULL in one place and absent in the other (RFC 5754 §2). */
static err_t check_digest_algs(struct bytes algs, const struct signed_data *s)
{
    struct bytes oids[16];
    size_t n = 0;
    while (algs.len > 0 && n < sizeof oids / sizeof *oids) {
        struct tlv alg, oid;
        TRY(tlv_expect(&algs, SEQUENCE, &alg));
        TRY(tlv_expect(&alg.body, 0x06, &oid));
        if (alg.body.len != 0 && !bytes_eq(alg.body, BYTES("\x05\x00", 2)))
            return ERR_SYNTAX;
        oids[n++] = oid.whole;
    }
    if (algs.len != 0)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < s->signer_n; i++) {
        struct bytes whole = s->signer[i].digest_alg;
        struct tlv alg, oid;
        bool found = false;
        TRY(tlv_expect(&whole, SEQUENCE, &alg));
        TRY(tlv_expect(&alg.body, 0x06, &oid));
        for (size_t k = 0; k < n && !found; k++)
            found = bytes_eq(oids[k], oid.whole);
        if (!found)
            return ERR_SYNTAX;
    }
    return OK;
}

static err_t parse_content(struct bytes in, struct signed_data *out)
{
    struct tlv t, octets;
    TRY(tlv_expect(&in, 0x06, &t));
    out->content_type = t.whole;
    TRY(tlv_optional(&in, 0xa0, &t));
    if (t.tag != 0) {
        TRY(tlv_expect(&t.body, 0x04, &octets));
        if (t.body.len != 0)
            return ERR_SYNTAX;
        out->content = octets.body;
    }
    return in.len == 0 ? OK : ERR_SYNTAX;
}

/* §5.1, as far as what is read here goes; other certificates and revocation formats raise it further. */
static bool version_fits(unsigned version, const struct signed_data *s, bool other)
{
    if (other)
        return version == 3 || version == 4 || version == 5;
    bool three = !tlv_is_oid(s->content_type, OID_DATA);
    for (size_t i = 0; i < s->signer_n; i++)
        three = three || s->signer[i].key_id.ptr != NULL;
    return version == (three ? 3u : 1u);
}

static err_t parse_body(struct bytes in, struct signed_data *out)
{
    struct tlv t, algs, content, certs, crls, signers;
    unsigned version;
    bool other = false;
    TRY(tlv_next(&in, &t));
    TRY(tlv_small_integer(&t, &version));
    out->version = t.whole;
    TRY(tlv_expect(&in, SET, &algs));
    TRY(tlv_expect(&in, SEQUENCE, &content));
    TRY(tlv_optional(&in, 0xa0, &certs));
    TRY(tlv_optional(&in, 0xa1, &crls));
    TRY(tlv_expect(&in, SET, &signers));
    if (in.len != 0)
        return ERR_SYNTAX;
    out->digest_algs = algs.body;
    out->encap = content.whole;
    out->cert_set = certs.body;
    out->crl_set = crls.body;
    TRY(parse_content(content.body, out));
    TRY(parse_certs(certs.body, out, &other));
    TRY(parse_crls(crls.body, out, &other));
    TRY(parse_signers(signers.body, out));
    TRY(check_digest_algs(algs.body, out));
    return version_fits(version, out, other) ? OK : ERR_SYNTAX;
}

static err_t parse_der(struct bytes in, struct signed_data *out)
{
    struct tlv info, type, wrapped, body;
    TRY(tlv_expect(&in, SEQUENCE, &info));
    if (in.len != 0)
        return ERR_SYNTAX; /* trailing garbage */
    TRY(tlv_expect(&info.body, 0x06, &type));
    TRY(tlv_expect(&info.body, 0xa0, &wrapped));
    if (info.body.len != 0 || !tlv_is_oid(type.whole, OID_SIGNED_DATA))
        return ERR_SYNTAX;
    TRY(tlv_expect(&wrapped.body, SEQUENCE, &body));
    return wrapped.body.len == 0 ? parse_body(body.body, out) : ERR_SYNTAX;
}

static void cms_free(CMS_ContentInfo **c)
{
    CMS_ContentInfo_free(*c);
}

/* Some signers write BER (indefinite lengths): OpenSSL reads it and writes DER. */
static err_t to_der(struct bytes ber, struct buf *out)
{
    const uint8_t *p = ber.ptr;
    AUTO(cms_free) CMS_ContentInfo *c = d2i_CMS_ContentInfo(NULL, &p, (long)ber.len);
    uint8_t *der = NULL;
    if (c == NULL || p != ber.ptr + ber.len)
        return ERR_SYNTAX;
    int n = i2d_CMS_ContentInfo(c, &der);
    err_t e = n > 0 ? buf_copy(out, BYTES(der, (size_t)n)) : ERR_SYNTAX;
    OPENSSL_free(der);
    return e;
}

static bool is_indefinite(struct bytes cms)
{
    return cms.len > 2 && cms.ptr[0] == SEQUENCE && cms.ptr[1] == 0x80;
}

static err_t parse_either(struct bytes cms, struct signed_data *out)
{
    out->certs = sk_X509_new_null();
    out->crls = sk_X509_CRL_new_null();
    if (out->certs == NULL || out->crls == NULL)
        return ERR_NOMEM;
    if (!is_indefinite(cms))
        return parse_der(cms, out);
    TRY(to_der(cms, &out->own));
    return parse_der(buf_bytes(&out->own), out);
}

err_t signed_data_parse(struct bytes cms, struct signed_data *out)
{
    *out = (struct signed_data){0};
    if (cms.len > SIGNED_DATA_MAX)
        return ERR_TOO_LARGE;
    err_t e = parse_either(cms, out);
    if (e != OK)
        signed_data_free(out);
    return e;
}

void signed_data_free(struct signed_data *s)
{
    x509_stack_free(&s->certs);
    x509_crl_stack_free(&s->crls);
    buf_free(&s->own);
    *s = (struct signed_data){0};
}

/* --- attributes and signers --- */

err_t attribute_all(struct bytes attrs, const char *oid, struct bytes *values, size_t max, size_t *n)
{
    *n = 0;
    for (unsigned seen = 0; attrs.len > 0; seen++) {
        struct tlv attr, type, set, value;
        if (seen == ATTRIBUTES_MAX)
            return ERR_TOO_LARGE;
        TRY(tlv_expect(&attrs, SEQUENCE, &attr));
        TRY(tlv_expect(&attr.body, 0x06, &type));
        TRY(tlv_expect(&attr.body, SET, &set));
        if (attr.body.len != 0)
            return ERR_SYNTAX;
        if (!tlv_is_oid(type.whole, oid))
            continue;
        while (set.body.len > 0) {
            TRY(tlv_next(&set.body, &value));
            if (*n == max)
                return ERR_SYNTAX;
            values[(*n)++] = value.whole;
        }
    }
    return OK;
}

err_t attributes_known(struct bytes attrs, const char *const *oids)
{
    while (attrs.len > 0) {
        struct tlv attr, type;
        const char *const *known = oids;
        TRY(tlv_expect(&attrs, SEQUENCE, &attr));
        TRY(tlv_expect(&attr.body, 0x06, &type));
        while (*known != NULL && !tlv_is_oid(type.whole, *known))
            known++;
        if (*known == NULL)
            return ERR_UNSUPPORTED;
    }
    return OK;
}

err_t attribute_one(struct bytes attrs, const char *oid, struct bytes *value)
{
    size_t n;
    TRY(attribute_all(attrs, oid, value, 1, &n));
    return n == 1 ? OK : ERR_NOT_FOUND;
}

err_t signed_attrs_der(const struct signer_info *s, struct buf *out)
{
    uint8_t header[6] = {SET};
    size_t n = 1, len = s->signed_attrs.len;
    if (len < 0x80) {
        header[n++] = (uint8_t)len;
    } else {
        unsigned octets = len > 0xffffff ? 4 : len > 0xffff ? 3 : len > 0xff ? 2 : 1;
        header[n++] = (uint8_t)(0x80 | octets);
        for (unsigned i = octets; i-- > 0;)
            header[n++] = (uint8_t)(len >> (8 * i));
    }
    TRY(buf_copy(out, BYTES(header, n)));
    return buf_add_bytes(out, s->signed_attrs);
}

/* RFC 5652 §5.3: the issuer is copied from the certificate, so the bytes must be its; names that merely compare equal hide a changed byte. */
static bool has_issuer_serial(X509 *cert, struct bytes issuer_serial)
{
    struct tlv seq, issuer, serial;
    if (tlv_expect(&issuer_serial, SEQUENCE, &seq) != OK || tlv_expect(&seq.body, SEQUENCE, &issuer) != OK ||
        tlv_expect(&seq.body, 0x02, &serial) != OK || seq.body.len != 0)
        return false;
    const uint8_t *name = NULL, *p = serial.whole.ptr;
    size_t name_len = 0;
    if (X509_NAME_get0_der(X509_get_issuer_name(cert), &name, &name_len) != 1 || !bytes_eq(BYTES(name, name_len), issuer.whole))
        return false;
    ASN1_INTEGER *number = d2i_ASN1_INTEGER(NULL, &p, (long)serial.whole.len);
    bool same = number != NULL && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(cert)) == 0;
    ASN1_INTEGER_free(number);
    return same;
}

X509 *signer_certificate(const struct signer_info *s, STACK_OF(X509) *certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
        if (s->issuer_serial.ptr != NULL && has_issuer_serial(cert, s->issuer_serial))
            return cert;
        if (s->key_id.ptr != NULL && ski != NULL && bytes_eq(s->key_id, BYTES(ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski))))
            return cert;
    }
    return NULL;
}
