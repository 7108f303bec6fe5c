/*
 * The CRL of the citizens' CA: made by keyd when something was revoked or the last one grows old, kept in the database.
 * Called by the CRL endpoint and by rules/signing (it travels inside signatures). RFC 5280 §5.
 */
#ifndef ANTIN_SIGNER_CRL_H
#define ANTIN_SIGNER_CRL_H

#include "signer/rules/context.h"

struct crl_now {
    struct buf der;
    int64_t this_update, next_update;
};
void crl_now_free(struct crl_now *c);
/* The newest; a revocation that was committed before this call is on it. */
err_t crl_current(struct app *a, struct crl_now *out) MUST_USE;

#endif
