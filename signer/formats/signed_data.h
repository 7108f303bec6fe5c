/*
 * A CMS SignedData taken apart: its content, certificates, CRLs and signers, each by the bytes where it stands.
 * Called by cms_edit.c, cades_*.c and signer/verify. RFC 5652 §5.
 */
#ifndef ANTIN_FORMATS_SIGNED_DATA_H
#define ANTIN_FORMATS_SIGNED_DATA_H

#include "common/cms.h"
#include "common/x509.h"

#define SIGNED_DATA_MAX (16u << 20) /* bytes */
#define SIGNERS_MAX 8
#define SIGNED_DATA_CERTS_MAX 64
#define SIGNED_DATA_CRLS_MAX 64
#define ATTRIBUTES_MAX 32 /* of one signer */

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_TST_INFO "1.2.840.113549.1.9.16.1.4"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_SIGNING_TIME "1.2.840.113549.1.9.5"
#define OID_SIGNING_CERTIFICATE "1.2.840.113549.1.9.16.2.12"
#define OID_SIGNING_CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"
#define OID_TIMESTAMP_TOKEN "1.2.840.113549.1.9.16.2.14"
#define OID_COUNTERSIGNATURE "1.2.840.113549.1.9.6"
#define OID_MIME_TYPE "0.4.0.1733.2.1"
#define OID_ARCHIVE_TIMESTAMP_V3 "0.4.0.1733.2.4" /* EN 319 122-1 §5.5.3 */
#define OID_ATS_HASH_INDEX_V3 "0.4.0.19122.1.5"   /* EN 319 122-1 §5.5.2 */
#define OID_RI_OCSP_RESPONSE "1.3.6.1.5.5.7.16.2" /* RFC 5940 §2.1 */

struct signer_info {
    struct bytes whole;         /* SignerInfo */
    struct bytes version;       /* INTEGER, whole */
    struct bytes issuer_serial; /* IssuerAndSerialNumber, whole; or empty: */
    struct bytes key_id;        /* SubjectKeyIdentifier */
    struct bytes digest_alg;    /* AlgorithmIdentifier, whole */
    struct bytes signed_attrs;  /* inside of [0] */
    struct bytes signature_alg; /* AlgorithmIdentifier, whole */
    struct bytes signature;
    struct bytes unsigned_attrs; /* inside of [1]; may be empty */
};

struct signed_data {
    struct bytes version;           /* INTEGER, whole */
    struct bytes digest_algs;       /* inside of the SET */
    struct bytes encap;             /* EncapsulatedContentInfo, whole */
    struct bytes content_type;      /* OBJECT IDENTIFIER, whole */
    struct bytes content;           /* ptr NULL: detached */
    struct bytes cert_set, crl_set; /* inside of [0] and [1]: each element as it stands there */
    STACK_OF(X509) *certs;
    STACK_OF(X509_CRL) *crls;
    struct bytes ocsp[SIGNED_DATA_CRLS_MAX]; /* OCSPResponse, whole */
    size_t ocsp_n;
    struct signer_info signer[SIGNERS_MAX];
    size_t signer_n;
    struct buf own; /* the message in DER when it came in BER */
};

/*
 * Reads a ContentInfo with SignedData; the whole input must be it. *out borrows from cms. ERR_SYNTAX (also a version that does not fit its
 * contents, a signer without signed attributes), ERR_TOO_LARGE.
 */
err_t signed_data_parse(struct bytes cms, struct signed_data *out) MUST_USE;
/* One SignerInfo alone, whole: a countersignature's value. Its version, name, attributes and signature; ERR_SYNTAX. */
err_t signer_info_parse(struct bytes whole, struct signer_info *out) MUST_USE;
void signed_data_free(struct signed_data *s);
#define AUTO_SIGNED_DATA AUTO(signed_data_free) struct signed_data

/*
 * The value of an attribute. ERR_NOT_FOUND: none. ERR_SYNTAX: the attribute stands there twice or has not exactly one value.
 * *value is the whole element.
 */
err_t attribute_one(struct bytes attrs, const char *oid, struct bytes *value) MUST_USE;
/* All values of all attributes of that type, at most max. */
err_t attribute_all(struct bytes attrs, const char *oid, struct bytes *values, size_t max, size_t *n) MUST_USE;
/* ERR_UNSUPPORTED: an attribute whose type is not in the NULL-terminated list. */
err_t attributes_known(struct bytes attrs, const char *const *oids) MUST_USE;
/* The signed attributes as they were signed: under the universal tag SET (RFC 5652 §5.4). */
err_t signed_attrs_der(const struct signer_info *s, struct buf *out) MUST_USE;
/* The signer's certificate among these; NULL: not there. */
X509 *signer_certificate(const struct signer_info *s, STACK_OF(X509) *certs);

#endif
