/*
 * The two kinds of lists in an ASiC-E container: ASiCManifest, which a CAdES signature or a timestamp covers, and the OpenDocument manifest beside
 * XAdES signatures; and names of files as the URIs in them. Called by asic_*.c and signer/verify. ETSI EN 319 162-1 §4.4.4, §A.4; OpenDocument 1.2-3 §3.
 */
#ifndef ANTIN_FORMATS_ASIC_MANIFEST_H
#define ANTIN_FORMATS_ASIC_MANIFEST_H

#include "common/bytes.h"
#include "signer/formats/signing.h"

#define ASIC_MANIFEST_MAX (4u << 20) /* bytes */

struct asic_reference {
    char *name;       /* of the file, decoded */
    char *media_type; /* NULL: not told */
    bool root;        /* Rootfile */
    enum cms_hash alg;
    uint8_t digest[EVP_MAX_MD_SIZE];
};

struct asic_manifest {
    char *signature;      /* the file that signs the manifest */
    char *signature_type; /* NULL: not told */
    struct asic_reference *ref;
    size_t n;
};

#define ASIC_TYPE_CADES "application/pkcs7-signature"
#define ASIC_TYPE_TIMESTAMP "application/vnd.etsi.timestamp-token"

/* Appends the XML. */
err_t asic_manifest_write(const struct asic_manifest *m, struct buf *out) MUST_USE;
/*
 * ERR_XML and its kin; ERR_ASIC: not this structure, no reference, one file twice, a reference out of the container, an extension.
 * ERR_ALGORITHM: a digest algorithm that is not accepted. *out is to be freed after OK.
 */
err_t asic_manifest_read(struct bytes xml, struct asic_manifest *out) MUST_USE;
void asic_manifest_free(struct asic_manifest *m);
#define AUTO_ASIC_MANIFEST AUTO(asic_manifest_free) struct asic_manifest
/* Copies the names; the digest is the caller's to fill in. *out lives until the next call. */
err_t asic_manifest_add(struct asic_manifest *m, struct bytes name, const char *media_type, struct asic_reference **out) MUST_USE;

/* The OpenDocument manifest: container's type, then pairs. */
err_t asic_open_manifest_begin(const char *container_type, struct buf *out) MUST_USE;
err_t asic_open_manifest_entry(const char *name, const char *media_type, struct buf *out) MUST_USE;
err_t asic_open_manifest_end(struct buf *out) MUST_USE;

/* A file's name as a relative reference: UTF-8, percent-encoded but for unreserved characters and '/' (RFC 3986 §2.1, RFC 3987 §3.1). */
err_t asic_uri(struct bytes name, struct buf *out) MUST_USE;
/* Back. Characters that need not or, in an IRI, must not be encoded are taken as they are. ERR_ASIC: a scheme, query, fragment, NUL or stray '%'. */
err_t asic_uri_name(const char *uri, struct buf *out) MUST_USE;

#endif
