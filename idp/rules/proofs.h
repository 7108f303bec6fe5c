/*
 * Proofs that a request brought (client assertion, DPoP): each good once, whatever the answer is.
 * Called by endpoints/caller.c and endpoints/token.c; rules/code.c and rules/refresh.c use them up in their own statement.
 */
#ifndef ANTIN_IDP_RULES_PROOFS_H
#define ANTIN_IDP_RULES_PROOFS_H

#include "idp/store/seen.h"

/* What an outcome means to whoever sent it: OK, ERR_CLIENT_AUTH, ERR_DPOP. */
err_t proofs_fault(enum proofs_outcome o) MUST_USE;
/* Uses up what was not used yet: one statement, or none when there is nothing. ERR_CLIENT_AUTH, ERR_DPOP. */
err_t proofs_use(struct db_pool *p, struct proofs *proofs, const char *client_id, const char *request_id) MUST_USE;

#endif
