/*
 * The qualifying properties of a signature: whose certificate, when, what formats; timestamps and validation data.
 * Called by xades_read.c. ETSI EN 319 132-1 §5.2 to §5.5.
 */
#include "common/clock.h"
#include "signer/formats/xades_impl.h"

#include <string.h>

/* --- signed --- */

/* §5.2.2: the first one is the signer's. */
static err_t read_signing_cert(const xmlNode *n, struct xades_signature *s)
{
    const xmlNode *cert = xml_first(n);
    const xmlNode *digest = cert != NULL ? xml_first(cert) : NULL;
    if (s->cert_digest.len > 0 || !xml_is(cert, NS_XADES, "Cert") || !xml_is(digest, NS_XADES, "CertDigest"))
        return ERR_XML;
    xmlNode *method = xml_first(digest);
    return method != NULL ? xades_read_digest(method, &s->cert_alg, &s->cert_digest) : ERR_XML;
}

static err_t read_time(const xmlNode *n, int64_t *out)
{
    AUTO_BUF text = {0};
    if (*out != 0)
        return ERR_XML;
    TRY(xml_text(n, &text));
    if (clock_parse_rfc3339(buf_str(&text), out) != OK)
        *out = 0;
    return OK;
}

static err_t read_signature_properties(const xmlNode *n, struct xades_signature *s)
{
    TRY(xml_only_elements(n));
    for (xmlNode *at = xml_first(n); at != NULL; at = xml_next(at)) {
        if (xml_is(at, NS_XADES, "SigningTime"))
            TRY(read_time(at, &s->signing_time));
        else if (xml_is(at, NS_XADES, "SigningCertificateV2") || xml_is(at, NS_XADES, "SigningCertificate"))
            TRY(read_signing_cert(at, s));
    }
    return s->cert_digest.len > 0 ? OK : ERR_XML;
}

static struct xades_ref *ref_by_id(const struct xades_signature *s, const char *address)
{
    for (size_t i = 0; address != NULL && address[0] == '#' && i < s->ref_n; i++) {
        const char *id = xml_attr(s->ref[i].node, "Id");
        if (id != NULL && strcmp(id, address + 1) == 0)
            return &s->ref[i];
    }
    return NULL;
}

/* The text of an element without comments; NULL: other things are in it. Borrowed from the document. */
static const char *plain_text(const xmlNode *n)
{
    const xmlNode *t = n->children;
    return t != NULL && t->type == XML_TEXT_NODE && t->next == NULL ? (const char *)t->content : NULL;
}

static err_t read_formats(const xmlNode *n, struct xades_signature *s)
{
    for (xmlNode *at = xml_first(n); at != NULL; at = xml_next(at)) {
        if (!xml_is(at, NS_XADES, "DataObjectFormat"))
            continue;
        struct xades_ref *r = ref_by_id(s, xml_attr(at, "ObjectReference"));
        if (r == NULL || r->mime_type != NULL)
            return ERR_XML;
        for (xmlNode *c = xml_first(at); c != NULL; c = xml_next(c)) {
            if (xml_is(c, NS_XADES, "MimeType"))
                r->mime_type = plain_text(c);
        }
    }
    return OK;
}

static err_t read_signed(struct xades_signature *s)
{
    TRY(xml_only_elements(s->signed_properties));
    xmlNode *at = xml_first(s->signed_properties);
    if (!xml_is(at, NS_XADES, "SignedSignatureProperties"))
        return ERR_XML;
    TRY(read_signature_properties(at, s));
    at = xml_next(at);
    if (at == NULL)
        return OK;
    if (!xml_is(at, NS_XADES, "SignedDataObjectProperties") || xml_next(at) != NULL)
        return ERR_XML;
    return read_formats(at, s);
}

/* --- unsigned --- */

static err_t read_stamp(xmlNode *n, enum xades_stamp_kind kind, struct xades_signature *s)
{
    const char *prefixes;
    xmlNode *at = xml_first(n);
    if (s->stamp_n == XADES_STAMPS_MAX)
        return ERR_TOO_LARGE;
    TRY(xml_only_elements(n));
    struct xades_stamp *t = &s->stamp[s->stamp_n++];
    *t = (struct xades_stamp){.kind = kind, .node = n, .c14n = C14N_INCLUSIVE_10};
    if (xml_is(at, NS_DS, "CanonicalizationMethod")) {
        TRY(xades_read_c14n(at, &t->c14n, &prefixes));
        if (prefixes != NULL)
            return ERR_UNSUPPORTED;
        at = xml_next(at);
    }
    if (!xml_is(at, NS_XADES, "EncapsulatedTimeStamp") || xml_next(at) != NULL) /* one token: others would need their own order */
        return ERR_UNSUPPORTED;
    return xml_base64(at, &t->token);
}

typedef err_t add_fn(struct validation_data *v, struct bytes der);

static err_t read_values(const xmlNode *n, const char *name, add_fn *add, struct validation_data *v)
{
    for (xmlNode *at = xml_first(n); at != NULL; at = xml_next(at)) {
        AUTO_BUF der = {0};
        if (!xml_is(at, NS_XADES, name))
            continue;
        TRY(xml_base64(at, &der));
        TRY(add(v, buf_bytes(&der)));
    }
    return OK;
}

static err_t read_revocation(const xmlNode *n, struct validation_data *v)
{
    for (xmlNode *at = xml_first(n); at != NULL; at = xml_next(at)) {
        if (xml_is(at, NS_XADES, "CRLValues"))
            TRY(read_values(at, "EncapsulatedCRLValue", vdata_add_crl, v));
        else if (xml_is(at, NS_XADES, "OCSPValues"))
            TRY(read_values(at, "EncapsulatedOCSPValue", vdata_add_ocsp, v));
    }
    return OK;
}

static err_t read_both(const xmlNode *n, struct validation_data *v)
{
    for (xmlNode *at = xml_first(n); at != NULL; at = xml_next(at)) {
        if (xml_is(at, NS_XADES, "CertificateValues"))
            TRY(read_values(at, "EncapsulatedX509Certificate", vdata_add_cert, v));
        else if (xml_is(at, NS_XADES, "RevocationValues"))
            TRY(read_revocation(at, v));
    }
    return OK;
}

static err_t read_unsigned(xmlNode *at, struct xades_signature *s)
{
    if (xml_is(at, NS_XADES, "SignatureTimeStamp"))
        return read_stamp(at, XADES_SIGNATURE_STAMP, s);
    if (xml_is(at, NS_XADES141, "ArchiveTimeStamp"))
        return read_stamp(at, XADES_ARCHIVE_STAMP, s);
    if (xml_is(at, NS_XADES141, "TimeStampValidationData"))
        return read_both(at, &s->values);
    bool certs = xml_is(at, NS_XADES, "CertificateValues");
    if (!certs && !xml_is(at, NS_XADES, "RevocationValues")) {
        s->unknown_unsigned = true;
        return OK;
    }
    s->has_values = true;
    return certs ? read_values(at, "EncapsulatedX509Certificate", vdata_add_cert, &s->values) : read_revocation(at, &s->values);
}

err_t xades_read_properties(struct xades_signature *s)
{
    TRY(xml_only_elements(s->qualifying));
    TRY(read_signed(s));
    const xmlNode *around = xml_next(s->signed_properties);
    if (around == NULL)
        return OK;
    s->unsigned_properties = xml_first(around);
    bool fine = xml_is(around, NS_XADES, "UnsignedProperties") && xml_next(around) == NULL &&
                xml_is(s->unsigned_properties, NS_XADES, "UnsignedSignatureProperties") && xml_next(s->unsigned_properties) == NULL;
    if (!fine)
        return ERR_XML;
    TRY(xml_only_elements(around));
    TRY(xml_only_elements(s->unsigned_properties));
    for (xmlNode *at = xml_first(s->unsigned_properties); at != NULL; at = xml_next(at))
        TRY(read_unsigned(at, s));
    return OK;
}
