/*
 * A certificate revocation list, written straight as DER so that a list of any length costs only its own size.
 * Called by antin-ca and keyd. RFC 5280 §5.
 */
#ifndef ANTIN_CERTS_CRL_H
#define ANTIN_CERTS_CRL_H

#include "common/keyclient.h"
#include <openssl/x509.h>

struct crl_spec {
    const X509 *issuer;
    uint64_t number;
    int64_t this_update, next_update;
    const struct key_crl_entry *entries;
    size_t n;
};
/* ERR_SYNTAX: an entry's serial is zero or negative, its reason none of RFC 5280 §5.3.1, or a time is out of range. Replaces *der. */
err_t crl_sign(const struct crl_spec *s, EVP_PKEY *key, struct buf *der) MUST_USE;

bool crl_reason_ok(int reason); /* 0 … 10 but 7 */
/* "keyCompromise" …; NULL and -1 for others. */
const char *crl_reason_name(int reason);
int crl_reason_from(const char *name);

#endif
