/*
 * Proofs that a request brought: used up once.
 * Called by endpoints/caller.c and endpoints/token.c. RFC 7523 §3 item 7, RFC 9449 §11.1.
 */
#include "idp/rules/proofs.h"

err_t proofs_fault(enum proofs_outcome o)
{
    return o == PROOFS_FRESH ? OK : o == PROOFS_ASSERTION_USED ? ERR_CLIENT_AUTH : ERR_DPOP;
}

err_t proofs_use(struct db_pool *p, struct proofs *proofs, const char *client_id, const char *request_id)
{
    enum proofs_outcome outcome;

    if (!proofs->assertion.there && !proofs->dpop.there)
        return OK;
    TRY(seen_use(p, proofs, client_id, request_id, &outcome));
    *proofs = (struct proofs){0};
    return proofs_fault(outcome);
}
