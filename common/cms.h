/*
 * Building CMS (RFC 5652) around a signature made elsewhere: the signed attributes that are signed, and the SignedData around them.
 * keyd builds what it signs with it; signer/formats assembles CAdES and PAdES from what keyd returns.
 */
#ifndef ANTIN_CMS_H
#define ANTIN_CMS_H

#include "common/bytes.h"
#include <openssl/evp.h>

enum cms_hash { CMS_SHA256, CMS_SHA384, CMS_SHA512, CMS_SHA3_256, CMS_SHA3_384, CMS_SHA3_512 };
size_t cms_hash_len(enum cms_hash h);
const EVP_MD *cms_hash_md(enum cms_hash h);
const char *cms_hash_oid(enum cms_hash h);

struct cms_attrs {
    const char *content_type; /* OID of the signed content; NULL: id-data */
    enum cms_hash digest_alg;
    struct bytes digest;   /* of the content */
    struct bytes cert;     /* signer's certificate, DER: signing-certificate-v2 (RFC 5035), SHA-256, with issuerSerial */
    int64_t signing_time;  /* 0: none (PAdES, EN 319 142-1 §6.3 forbids it); else seconds since 1970 */
    const char *mime_type; /* CAdES mime-type attribute (EN 319 122-1 §5.2.5), or NULL */
    bool countersignature; /* no content-type (RFC 5652 §11.4) */
};
/* The attributes as a DER SET OF (tag 0x31), sorted: these are the bytes that are hashed and signed (RFC 5652 §5.4). */
err_t cms_signed_attrs(const struct cms_attrs *a, struct buf *out) MUST_USE;

struct cms_signed {
    const char *content_type; /* NULL: id-data */
    struct bytes content;     /* ptr NULL: detached */
    enum cms_hash digest_alg;
    struct bytes signed_attrs; /* from cms_signed_attrs */
    struct bytes cert;         /* signer's certificate, DER */
    const struct bytes *chain; /* further certificates to include, DER */
    size_t chain_n;
    bool no_certs;            /* leave all certificates out (RFC 3161 certReq false) */
    const struct bytes *crls; /* CRLs to include, DER */
    size_t crls_n;
    struct bytes signature; /* as made over signed_attrs: DER for ECDSA */
    struct bytes timestamp; /* signature timestamp token (unsigned attribute), or empty */
    bool pss;               /* RSASSA-PSS with a plain RSA key; a key for PSS alone needs no word */
};
/* ContentInfo with SignedData with one SignerInfo (issuerAndSerialNumber), DER. The signature algorithm follows from the certificate's key. */
err_t cms_signed_data(const struct cms_signed *s, struct buf *out) MUST_USE;
/* Its SignerInfo alone: for a message that has signers already, and for countersignatures. */
err_t cms_signer_info(const struct cms_signed *s, struct buf *out) MUST_USE;

#endif
