/*
 * What a CRL may speak about, and what it says of one certificate. Whose it is and for which time are other questions.
 * Called by validation_collect.c and signer/verify/revocation.c. RFC 5280 §5.2.5, §5.3, §6.3.3.
 */
#ifndef ANTIN_FORMATS_CRL_H
#define ANTIN_FORMATS_CRL_H

#include "common/x509.h"

/* By its issuing distribution point: kind of certificate, all reasons, and one of the certificate's own points. Indirect CRLs: no. */
bool crl_in_scope(const X509_CRL *crl, X509 *cert);

struct crl_entry {
    int64_t since; /* the earlier of revocation date and invalidity date (§5.3.2); INT64_MIN: unreadable */
    int reason;    /* CRLReason; -1: not stated */
};
/* Is the certificate listed (and not taken off by removeFromCRL)? */
bool crl_entry_find(X509_CRL *crl, X509 *cert, struct crl_entry *out);

#endif
