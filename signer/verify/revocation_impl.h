/*
 * What revocation.c (CRLs) and revocation_ocsp.c share: a question, and what is known in the end.
 * Included by these two alone.
 */
#ifndef ANTIN_VERIFY_REVOCATION_IMPL_H
#define ANTIN_VERIFY_REVOCATION_IMPL_H

#include "signer/formats/crl.h"
#include "signer/verify/path.h"

/* What all usable CRLs and OCSP responses together tell of one certificate. */
struct knowledge {
    bool covered; /* one of them speaks for the time in question */
    bool listed;
    struct crl_entry earliest; /* when listed */
    int64_t this_update, next_update;
};

/* What is asked: about which certificate, of which path, at which time. */
struct question {
    const struct context *ctx;
    const struct evidence *ev;
    X509 *cert, *issuer, *anchor;
    int64_t t;
    bool direct; /* only answers by the issuer's own key: ends the recursion */
};

/* Somebody says that the certificate is revoked; the earliest of several counts. */
void knowledge_listed(struct knowledge *k, const struct crl_entry *e);
/* Somebody speaks for the time in question; the newest counts. */
void knowledge_covered(struct knowledge *k, int64_t this_update, int64_t next_update);

/* Is every certificate of this path known to be good, without leaning on answers by other keys again? */
bool unrevoked(const struct question *q, STACK_OF(X509) *chain);

/* All OCSP responses that came with the document. RFC 6960. */
void consult_ocsp(const struct question *q, struct knowledge *k);

#endif
