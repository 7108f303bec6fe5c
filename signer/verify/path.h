/*
 * From a certificate to a trust anchor: building and checking the path at a given time, and whether the certificate is for its use.
 * Called by signature.c and stamp.c. RFC 5280 §6; ETSI EN 319 102-1 §5.2.6.
 */
#ifndef ANTIN_VERIFY_PATH_H
#define ANTIN_VERIFY_PATH_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

enum purpose {
    PURPOSE_SIGNER, /* a person's or organisation's signature: nonRepudiation or digitalSignature */
    PURPOSE_TSA,    /* RFC 3161 §2.3: extended key usage timeStamping alone, and critical */
};

struct path {
    STACK_OF(X509) *chain; /* leaf first, anchor last; NULL: none found */
    char anchor[200];      /* its name */
    bool valid;            /* nothing wrong with it at that time */
};

/* Findings tell what is wrong. proven: t is proven by a timestamp, else it is the time of verification. */
void path_build(const struct context *ctx, const struct evidence *ev, X509 *leaf, enum purpose purpose, int64_t t, bool proven,
                struct path *out, struct findings *f);
void path_free(struct path *p);
/* The valid path from the certificate to this very anchor at that time, or NULL; caller frees. For the issuers of CRLs (RFC 5280 §6.3.3 (f)). */
STACK_OF(X509) *path_to(const struct context *ctx, const struct evidence *ev, X509 *cert, int64_t t, const X509 *anchor);

void cert_facts_read(const X509 *cert, struct cert_facts *out);

#endif
