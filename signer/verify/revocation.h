/*
 * Was a certificate of a path revoked at a given time? Answered from CRLs and OCSP responses, whoever supplied them.
 * Called by signature.c and stamp.c. RFC 5280 §5, §6.3; ETSI EN 319 102-1 §5.2.5; RFC 3161 §4.
 */
#ifndef ANTIN_VERIFY_REVOCATION_H
#define ANTIN_VERIFY_REVOCATION_H

#include "signer/verify/path.h"

/*
 * Checks every certificate of the chain but the anchor at time t. Findings: revoked, suspended, or nobody who speaks for t (INDETERMINATE, naming
 * whose is missing). leaf gets the facts of the first certificate. A TSA's certificate follows RFC 3161 §4: revoked for any reason but those
 * harmless to its key, its timestamps count no more, however old.
 */
void revocation_check(const struct context *ctx, const struct evidence *ev, STACK_OF(X509) *chain, enum purpose purpose, int64_t t,
                      struct revocation_facts *leaf, struct findings *f);

#endif
