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

/*
 * What an archive timestamp, a document timestamp or an evidence record around the thing under verification proves: by then it was there (EN 319 102-1
 * §5.6.2.3). 0: nothing proves more than that it is here now.
 */
struct proof {
    int64_t object; /* the signature or timestamp itself */
    int64_t data;   /* all certificates, CRLs and OCSP responses that came along */
};

struct context {
    const struct trust *trust;
    int64_t at;                /* the time of verification */
    struct crl_memory *memory; /* NULL: each signature is checked each time */
    struct proof proof;
};
/* Both prove something: the earlier time counts. */
static inline int64_t earlier_proof(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}
/* By when was it there, at the latest? */
static inline int64_t object_proven(const struct context *ctx)
{
    return ctx->proof.object != 0 ? ctx->proof.object : ctx->at;
}
static inline int64_t data_proven(const struct context *ctx)
{
    return ctx->proof.data != 0 ? ctx->proof.data : ctx->at;
}

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
