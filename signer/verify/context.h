/*
 * What all steps of one verification share: trust, time, certificates and CRLs found along the way, the content that was signed.
 * Filled by verify.c; read by the steps.
 */
#ifndef ANTIN_VERIFY_CONTEXT_H
#define ANTIN_VERIFY_CONTEXT_H

#include "signer/formats/covered.h"
#include "signer/verify/trust.h"

#define CLOCK_SKEW 300 /* seconds that two honest clocks may differ */

/*
 * CRLs whose signature was found good: the same root's CRL speaks about several certificates of a file, and about those of many files.
 * Digests of the CRL and of the certificate whose key verified it.
 */
#define CRL_MEMORY_MAX 256
struct crl_memory {
    struct {
        uint8_t crl[32], issuer[32];
    } good[CRL_MEMORY_MAX];
    unsigned n;
};

struct context {
    const struct trust *trust;
    int64_t at;                /* the time of verification */
    struct crl_memory *memory; /* NULL: each signature is checked each time */
};

/* Certificates, CRLs and OCSP responses that came with the document; none of them is trusted for being there. */
#define EVIDENCE_SETS_MAX 4
struct evidence {
    STACK_OF(X509) *certs[EVIDENCE_SETS_MAX];
    STACK_OF(X509_CRL) *crls[EVIDENCE_SETS_MAX];
    const struct bytes *ocsp[EVIDENCE_SETS_MAX]; /* OCSPResponse, DER */
    size_t ocsp_n[EVIDENCE_SETS_MAX];
    size_t n;
};

#endif
