/*
 * What all steps of one verification share: trust, time, certificates and CRLs found along the way, the content that was signed.
 * Filled by verify.c; read by the steps.
 */
#ifndef ANTIN_VERIFY_CONTEXT_H
#define ANTIN_VERIFY_CONTEXT_H

#include "signer/verify/trust.h"

#define CLOCK_SKEW 300 /* seconds that two honest clocks may differ */

struct context {
    const struct trust *trust;
    int64_t at;                    /* the time of verification */
};

/* Certificates and CRLs that came with the document; none of them is trusted for being there. */
#define EVIDENCE_SETS_MAX 4
struct evidence {
    STACK_OF(X509) *certs[EVIDENCE_SETS_MAX];
    STACK_OF(X509_CRL) *crls[EVIDENCE_SETS_MAX];
    size_t n;
};

/* Signed bytes: a file, or a PDF's two ranges. */
struct content {
    struct bytes part[2];
};
/* out has room for EVP_MAX_MD_SIZE. ERR_CRYPTO. */
err_t content_digest(const struct content *c, const EVP_MD *md, uint8_t *out, size_t *len) MUST_USE;

#endif
