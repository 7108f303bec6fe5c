/*
 * Which algorithms and key sizes are accepted, and checking a signature value with them.
 * Called by signature.c, stamp.c, path.c and revocation.c. Circular 15/2025/TT-BKHCN, ETSI TS 119 312.
 */
#ifndef ANTIN_VERIFY_POLICY_H
#define ANTIN_VERIFY_POLICY_H

#include "common/x509.h"

#define POLICY_NAME_CAP 64

/* The accepted digest of an AlgorithmIdentifier (DER); ERR_UNSUPPORTED: refused. Its name goes into name[] either way. */
err_t policy_digest(struct bytes algorithm, const EVP_MD **md, char name[POLICY_NAME_CAP]) MUST_USE;
/* Is the key of an accepted kind and size? ERR_UNSUPPORTED: no. */
err_t policy_key(const EVP_PKEY *key, char name[POLICY_NAME_CAP]) MUST_USE;
/* Is the signature over this certificate or CRL made by an accepted algorithm? */
err_t policy_x509(int signature_nid, const X509_ALGOR *alg, char name[POLICY_NAME_CAP]) MUST_USE;

/*
 * Verifies a CMS signature value over data. ERR_UNSUPPORTED: algorithm refused, or not that of the key, or its digest is not the message
 * digest's (RFC 5652 §5.3, RFC 8933); ERR_BAD_SIGNATURE. name gets the algorithm's name.
 */
err_t policy_verify(EVP_PKEY *key, struct bytes algorithm, const EVP_MD *message_digest, struct bytes data, struct bytes signature,
                    char name[POLICY_NAME_CAP]) MUST_USE;

#endif
