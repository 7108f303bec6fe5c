/*
 * XAdES baseline signatures: B-B, B-T, B-LT and B-LTA; detached, around their content, or inside the document that they sign; read back strictly.
 * Called by antin-sign, asic, signerd and signer/verify. ETSI EN 319 132-1; XML Signature 1.1; RFC 9231.
 */
#ifndef ANTIN_FORMATS_XADES_H
#define ANTIN_FORMATS_XADES_H

#include "common/x509.h"
#include "signer/formats/signing.h"
#include "signer/formats/validation_data.h"

struct _xmlNode;

#define XADES_REFS_MAX 1024
#define XADES_SIGNATURES_MAX 8
#define XADES_STAMPS_MAX 32
#define XADES_CERTS_MAX 64

/*
 * Files that detached signatures speak about. feed passes all bytes of one to EVP_DigestUpdate, in as many pieces as it likes; its failures pass
 * through, ERR_NOT_FOUND among them. name: UTF-8, as in the container.
 */
struct xades_files {
    err_t (*feed)(void *arg, const char *name, EVP_MD_CTX *ctx);
    void *arg;
};

/* --- signing (B-B) --- */

struct xades_opts {
    int64_t signing_time;
    bool container;        /* in <asic:XAdESSignatures>, as EN 319 162-1 §4.4.3.2 wants it */
    const char *mime_type; /* of the content, enveloping or enveloped; NULL: application/octet-stream or text/xml */
};

/* One file of a detached signature. The digest (by key->hash) is taken of what feed gives when it is empty. */
struct xades_data {
    const char *name;      /* UTF-8, relative; percent-encoded in the Reference (RFC 3986) */
    const char *mime_type; /* NULL: application/octet-stream */
    struct bytes digest;
};
/*
 * ERR_ALGORITHM: key, scheme and digest do not go together, or XML has no name for them. ERR_SYNTAX: no file, a bad digest or name.
 * ERR_TOO_LARGE. Also what key->sign and feed fail with. Replaces the contents of xml.
 */
err_t xades_sign_detached(const struct xades_data *data, size_t n, const struct xades_files *files, const struct xades_opts *o,
                          const struct signing_key *key, struct buf *xml) MUST_USE;
/* Around the content, whatever it is: base64 in a ds:Object. */
err_t xades_sign_enveloping(struct bytes content, const struct xades_opts *o, const struct signing_key *key, struct buf *xml) MUST_USE;
/*
 * Inside an XML document, as its root's last child; not one byte of it changes otherwise. What is signed is the document without any signature (XPath
 * Filter 2.0), so that others may sign beside. Also ERR_XML* of the document; ERR_CONFLICT: it has a signature that another one would break, or that is none
 * of this kind; ERR_BAD_SIGNATURE: one that is not about the document as it is.
 */
err_t xades_sign_enveloped(struct bytes document, const struct xades_opts *o, const struct signing_key *key, struct buf *xml) MUST_USE;

/* --- signing with a key that is elsewhere: prepare, have signed_info signed, fill --- */

struct xades_prepared {
    struct buf text;        /* the file, its SignatureValue empty */
    size_t value_at;        /* where that value goes */
    struct buf signed_info; /* what is to be signed: SignedInfo in its canonical form */
};
/* As xades_sign_detached; key->sign is not called. */
err_t xades_prepare_detached(const struct xades_data *data, size_t n, const struct xades_files *files, const struct xades_opts *o,
                             const struct signing_key *key, struct xades_prepared *out) MUST_USE;
/* signature: as key->sign would give it. Nothing is verified. Replaces the contents of xml. ERR_CRYPTO: not of the key's form. */
err_t xades_fill(struct bytes text, size_t value_at, const struct signing_key *key, struct bytes signature, struct buf *xml) MUST_USE;
void xades_prepared_free(struct xades_prepared *p);

/* --- reading --- */

enum xades_kind {
    XADES_FILE,       /* another file */
    XADES_OBJECT,     /* a ds:Object of this signature */
    XADES_DOCUMENT,   /* all of the document around the signature */
    XADES_PROPERTIES, /* this signature's own signed properties */
};

struct xades_ref {
    enum xades_kind kind;
    char *name;            /* of a file, decoded; else NULL */
    const char *mime_type; /* by its DataObjectFormat; NULL: none */
    enum cms_hash alg;
    struct buf digest;
    /* private: */
    struct _xmlNode *node, *target, *without; /* the Reference; what it points to, and which part of that is left out */
    bool without_all;                         /* of a document: all signatures are left out, not only this one */
    bool base64, canonical;                   /* what happens to it before it is digested */
    int c14n;
    const char *prefixes;
};

enum xades_stamp_kind { XADES_SIGNATURE_STAMP, XADES_ARCHIVE_STAMP };
struct xades_stamp {
    enum xades_stamp_kind kind;
    struct buf token;
    struct _xmlNode *node; /* private, and: */
    int c14n;
};

struct xades_signature {
    enum sign_scheme scheme;
    enum cms_hash hash;
    struct buf value; /* as XML has it: ECDSA as two numbers side by side */
    struct xades_ref *ref;
    size_t ref_n;
    struct buf cert[XADES_CERTS_MAX]; /* of KeyInfo */
    size_t cert_n;
    enum cms_hash cert_alg; /* SigningCertificateV2 (or the older SigningCertificate): the digest of the signer's certificate */
    struct buf cert_digest;
    int64_t signing_time; /* claimed; 0: none, or without a time zone */
    struct xades_stamp stamp[XADES_STAMPS_MAX];
    size_t stamp_n;
    struct validation_data values; /* CertificateValues, RevocationValues, TimeStampValidationData */
    bool has_values;
    bool unknown_unsigned; /* there are unsigned properties of a kind that is not read here */
    /* private: */
    struct _xmlNode *node, *signed_info, *signature_value, *key_info, *qualifying, *signed_properties, *unsigned_properties;
    int c14n; /* of SignedInfo */
    const char *prefixes;
};

struct xades;
/*
 * Every signature of an XML file, its structure checked to the last element; nothing is believed yet. ERR_NOT_FOUND: none there. ERR_XML*,
 * ERR_XML_WRAPPED, ERR_ALGORITHM (a name that is not in the table), ERR_UNSUPPORTED (a transform other than those that leave out this
 * signature or all signatures, base64 and the canonical forms; parts of documents; other addresses than files beside it), ERR_TOO_LARGE.
 */
err_t xades_open(struct bytes xml, struct xades **out) MUST_USE;
void xades_free(struct xades **x);
#define AUTO_XADES AUTO(xades_free) struct xades *
size_t xades_count(const struct xades *x);
const struct xades_signature *xades_signature(const struct xades *x, size_t i);

/* Is a reference's digest that of what it points to? ERR_BAD_SIGNATURE: no. ERR_NOT_FOUND: the file is not there. files NULL: no files. */
err_t xades_check_ref(const struct xades_ref *r, const struct xades_files *files) MUST_USE;
/* The very bytes that were signed: decoded, or canonical. Not for files. Replaces the contents of out. */
err_t xades_ref_content(const struct xades_ref *r, struct buf *out) MUST_USE;
/* Is it the certificate that the signed properties name? */
bool xades_names_cert(const struct xades_signature *s, struct bytes cert);
/* The signer's certificate among those of KeyInfo and CertificateValues; ERR_NOT_FOUND. Borrowed. */
err_t xades_signer(const struct xades_signature *s, struct bytes *cert) MUST_USE;
/* Does the signature value match? ERR_ALGORITHM: the key does not go with the scheme, or is not accepted. ERR_BAD_SIGNATURE. */
err_t xades_check_value(const struct xades_signature *s, X509 *cert) MUST_USE;
const char *xades_scheme_name(enum sign_scheme scheme); /* "ECDSA", "RSA", "RSASSA-PSS", "ED25519" */
/* What a timestamp (or, k == stamp_n, a further archive timestamp) covers, digested; files as for references. */
err_t xades_stamp_digest(const struct xades_signature *s, size_t k, enum cms_hash alg, const struct xades_files *files,
                         uint8_t digest[EVP_MAX_MD_SIZE], size_t *len) MUST_USE;
/* Is timestamp k the last of the unsigned properties, so that nothing came after it? */
bool xades_is_last_property(const struct xades_signature *s, size_t k);
/* What a signature timestamp covers. Replaces the contents of out. */
err_t xades_stamp_input(const struct xades_signature *s, size_t k, struct buf *out) MUST_USE;

/* --- levels --- */

struct xades_means {
    const struct stamping *ts;         /* for T and LTA */
    const struct vdata_source *source; /* for LT and LTA */
    const struct xades_files *files;   /* for LTA of detached signatures */
};
/*
 * Raises every signature of a file, ours or not; the text is only added to. Those that have the level keep it, but LTA asked for again adds a
 * further archive timestamp. On failure *out holds the file at *reached, which all of its signatures truly have.
 */
err_t xades_raise(struct bytes xml, enum sig_level level, const struct xades_means *m, struct buf *out, enum sig_level *reached) MUST_USE;
/* What its weakest signature's structure claims. */
err_t xades_level(struct bytes xml, enum sig_level *level) MUST_USE;

#endif
