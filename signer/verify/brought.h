/*
 * Certificates, CRLs and OCSP responses that an XML or JSON signature brought along, as evidence.
 * Used by xades_signatures.c and jades_signatures.c. ETSI EN 319 102-1 §5.2.4.
 */
#ifndef ANTIN_VERIFY_BROUGHT_H
#define ANTIN_VERIFY_BROUGHT_H

#include "signer/formats/validation_data.h"
#include "signer/verify/context.h"

struct brought {
    STACK_OF(X509) *certs;
    STACK_OF(X509_CRL) *crls;
    struct bytes ocsp[VDATA_MAX];
    struct evidence ev;
};
/* cert: those of the signature itself; values: what was added later. What cannot be read is left out. ev borrows from both and from *b. */
void brought_read(const struct buf *cert, size_t n, const struct validation_data *values, struct brought *b);
void brought_free(struct brought *b);
#define AUTO_BROUGHT AUTO(brought_free) struct brought

#endif
