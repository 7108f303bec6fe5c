/*
 * Which algorithms and key sizes are accepted, and checking a signature value with them.
 * Called by cades_sign.c and signer/verify. Circular 15/2025/TT-BKHCN, ETSI TS 119 312.
 */
#ifndef ANTIN_FORMATS_ALGORITHM_H
#define ANTIN_FORMATS_ALGORITHM_H

#include "common/x509.h"
#include "signer/formats/signing.h"

#define ALGORITHM_NAME_CAP 64

/* The accepted digest of an AlgorithmIdentifier (DER); ERR_UNSUPPORTED: refused. Its name goes into name[] either way. */
err_t algorithm_digest(struct bytes algorithm, const EVP_MD **md, char name[ALGORITHM_NAME_CAP]) MUST_USE;
/* Is the key of an accepted kind and size? ERR_UNSUPPORTED: no. */
err_t algorithm_key(const EVP_PKEY *key, char name[ALGORITHM_NAME_CAP]) MUST_USE;
/* Is the signature over this certificate or CRL made by an accepted algorithm? */
err_t algorithm_x509(int signature_nid, const X509_ALGOR *alg, char name[ALGORITHM_NAME_CAP]) MUST_USE;

/*
 * Verifies a CMS signature value over data. ERR_UNSUPPORTED: algorithm refused, or not that of the key, or its digest is not the message
 * digest's (RFC 5652 §5.3, RFC 8933); ERR_BAD_SIGNATURE. name gets the algorithm's name.
 */
err_t algorithm_verify(EVP_PKEY *key, struct bytes algorithm, const EVP_MD *message_digest, struct bytes data, struct bytes signature,
                       char name[ALGORITHM_NAME_CAP]) MUST_USE;

/* May a signature be made with this key, scheme and digest? ERR_ALGORITHM: no, or they do not go together; its name tells what was refused. */
err_t algorithm_for_signing(const EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, char name[ALGORITHM_NAME_CAP]) MUST_USE;
/* The same for a key with its certificate; ERR_ALGORITHM, or what reading the certificate fails with. */
err_t algorithm_for_key(const struct signing_key *key) MUST_USE;
/*
 * Verifies a signature value by a scheme (PSS: mask by the same digest, salt of its length), as formats with names of their own for algorithms have
 * it. ERR_ALGORITHM: key, scheme and digest do not go together, or are not accepted; ERR_BAD_SIGNATURE. ECDSA in DER.
 */
err_t algorithm_verify_scheme(EVP_PKEY *key, enum sign_scheme scheme, enum cms_hash hash, struct bytes data,
                              struct bytes signature) MUST_USE;

#endif
