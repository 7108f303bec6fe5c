/*
 * What the files of XAdES share: names of elements and algorithms. Included by xades_*.c alone.
 */
#ifndef ANTIN_FORMATS_XADES_IMPL_H
#define ANTIN_FORMATS_XADES_IMPL_H

#include "signer/formats/xades.h"
#include "signer/formats/xml.h"

#define NS_DS "http://www.w3.org/2000/09/xmldsig#"
#define NS_XADES "http://uri.etsi.org/01903/v1.3.2#"
#define NS_XADES141 "http://uri.etsi.org/01903/v1.4.1#"
#define NS_ASIC "http://uri.etsi.org/02918/v1.2.1#"
#define NS_EXC "http://www.w3.org/2001/10/xml-exc-c14n#"
#define TYPE_PROPERTIES "http://uri.etsi.org/01903#SignedProperties"
#define TYPE_OBJECT NS_DS "Object"
#define TRANSFORM_BASE64 NS_DS "base64"
#define TRANSFORM_ENVELOPED NS_DS "enveloped-signature"
#define NS_FILTER2 "http://www.w3.org/2002/06/xmldsig-filter2"
#define TRANSFORM_XPATH "http://www.w3.org/TR/1999/REC-xpath-19991116"
#define MIME_ANY "application/octet-stream"

/* NULL: XML has no name for it. */
const char *xades_digest_uri(enum cms_hash h);
const char *xades_signature_uri(enum sign_scheme scheme, enum cms_hash h);
/* ERR_ALGORITHM: not in the table. */
err_t xades_digest_of(const char *uri, enum cms_hash *h) MUST_USE;
err_t xades_signature_of(const char *uri, enum sign_scheme *scheme, enum cms_hash *h) MUST_USE;

/* Adds the octets that a reference to something inside the file yields; node sets in this form unless the reference says. */
err_t xades_ref_octets(const struct xades_ref *r, enum xml_c14n otherwise, struct buf *out) MUST_USE;

struct xades {
    struct buf text;
    struct _xmlDoc *doc;
    struct xades_signature *signature;
    size_t n;
};

/* Fills one signature from its ds:Signature: XML Signature's own part, and the References. */
err_t xades_read_signature(struct _xmlNode *node, struct xades_signature *s) MUST_USE;
/* Does a transform (XPath or XPath Filter 2.0) leave out all signatures of the document? Nothing else is read of these languages. ERR_UNSUPPORTED, ERR_XML. */
err_t xades_read_filter(struct _xmlNode *transform) MUST_USE;
/* A Reference of s, whose qualifying properties are known already. */
err_t xades_read_ref(const struct xades_signature *s, struct _xmlNode *node, struct xades_ref *r) MUST_USE;
/* Signed and unsigned properties. */
err_t xades_read_properties(struct xades_signature *s) MUST_USE;
/* DigestMethod here and DigestValue behind it, the last of their parent. */
err_t xades_read_digest(struct _xmlNode *method, enum cms_hash *alg, struct buf *digest) MUST_USE;
/* CanonicalizationMethod or a Transform with its InclusiveNamespaces. */
err_t xades_read_c14n(struct _xmlNode *n, int *c14n, const char **prefixes) MUST_USE;

#endif
