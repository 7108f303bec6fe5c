/*
 * Which algorithms and key sizes are accepted, until when, and checking a signature value with them. The table is in algorithm_policy.c.
 * Called by signing and signer/verify. Circular 15/2025/TT-BKHCN, ETSI TS 119 312; EN 319 102-1 §5.2.8 (cryptographic verification of dates).
 */
#ifndef ANTIN_FORMATS_ALGORITHM_H
#define ANTIN_FORMATS_ALGORITHM_H

#include "common/x509.h"
#include "signer/formats/signing.h"

#define ALGORITHM_NAME_CAP 64

/*
 * Of all algorithms that something leans on, the one that is the first to end. The functions here add to it what they meet; it starts zeroed.
 * Whoever knows when the thing is proven to have existed asks algorithm_ended.
 */
struct algorithm_end {
    int64_t at; /* from this moment on it proves nothing; 0: no end is set */
    char name[ALGORITHM_NAME_CAP];
};
/* Had it ended at t already? */
bool algorithm_ended(const struct algorithm_end *end, int64_t t);
void algorithm_end_merge(struct algorithm_end *end, const struct algorithm_end *other);

/*
 * The digest of an AlgorithmIdentifier (DER); ERR_UNSUPPORTED: not in the table. Its name goes into name[] either way. end (here and below): NULL
 * where dates do not matter.
 */
err_t algorithm_digest(struct bytes algorithm, const EVP_MD **md, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end) MUST_USE;
/* Digests and schemes that formats read by names of their own; these are known. */
void algorithm_hash(enum cms_hash hash, struct algorithm_end *end);
void algorithm_scheme(enum sign_scheme scheme, struct algorithm_end *end);
/* Is the key of a kind and size that is in the table? ERR_UNSUPPORTED: no. */
err_t algorithm_key(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end) MUST_USE;
/* Is the signature over this certificate, CRL or OCSP response made by an algorithm of the table? */
err_t algorithm_x509(int signature_nid, const X509_ALGOR *alg, char name[ALGORITHM_NAME_CAP], struct algorithm_end *end) MUST_USE;
/* Were the algorithms of a CRL, and of the key that signed it, believed at t? */
bool algorithm_crl_believed(const X509_CRL *crl, const X509 *issuer, int64_t t);

/*
 * Verifies a CMS signature value over data. ERR_UNSUPPORTED: algorithm refused, or not that of the key, or its digest is not the message
 * digest's (RFC 5652 §5.3, RFC 8933); ERR_BAD_SIGNATURE. name gets the algorithm's name.
 */
err_t algorithm_verify(EVP_PKEY *key, struct bytes algorithm, const EVP_MD *message_digest, struct bytes data, struct bytes signature,
                       char name[ALGORITHM_NAME_CAP], struct algorithm_end *end) MUST_USE;

/*
 * May a signature be made at this time with this key, scheme and digest? ERR_ALGORITHM: no, no longer, or they do not go together; its name tells
 * what was refused.
 */
err_t algorithm_for_signing(const EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, int64_t now,
                            char name[ALGORITHM_NAME_CAP]) MUST_USE;
/* The same now, for a key with its certificate; ERR_ALGORITHM, or what reading the certificate fails with. */
err_t algorithm_for_key(const struct signing_key *key) MUST_USE;
/*
 * Verifies a signature value by a scheme (PSS: mask by the same digest, salt of its length), as formats with names of their own for algorithms have
 * it. ERR_ALGORITHM: key, scheme and digest do not go together, or are not in the table; ERR_BAD_SIGNATURE. ECDSA in DER.
 */
err_t algorithm_verify_scheme(EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, struct bytes data,
                              struct bytes signature) MUST_USE;

#endif
