/*
 * A certificate from a profile: everything in it comes from the profile, the issuer and the named arguments, nothing from a request.
 * Called by antin-ca and by keyd. RFC 5280 §4, ETSI EN 319 412-2.
 */
#ifndef ANTIN_CERTS_ISSUE_H
#define ANTIN_CERTS_ISSUE_H

#include "certs/profile.h"
#include "common/bytes.h"
#include <openssl/evp.h>

struct cert_spec {
    const struct profile *profile;
    const X509_NAME *subject;
    const EVP_PKEY *key;   /* the public key */
    const uint8_t *serial; /* 20 octets, big-endian, positive */
    int64_t not_before, not_after;
    const X509 *issuer;            /* NULL: self-signed */
    const char *crl_url, *aia_url, *ocsp_url; /* the issuer's; used as the profile says */
};
/*
 * Builds and signs. ERR_SYNTAX: the subject does not fit the profile, or a bad serial; ERR_EXPIRED: validity is empty, longer than the
 * profile allows, or outside the issuer's; ERR_CRYPTO.
 */
err_t cert_issue(const struct cert_spec *s, EVP_PKEY *issuer_key, X509 **out) MUST_USE;

/* The hash that goes with a signing key: SHA-384 for P-384, else SHA-256. */
const EVP_MD *key_md(const EVP_PKEY *key);

#endif
