/*
 * Idempotency-Key: the same key and request give the same answer, another request under the key is refused.
 * Called by every state-changing POST of the API. The answer is written in the transaction that does the work, so one never exists without the other.
 */
#ifndef ANTIN_SIGNER_IDEMPOTENCY_H
#define ANTIN_SIGNER_IDEMPOTENCY_H

#include "common/db.h"
#include "common/json.h"
#include "common/secret.h"
#include "signer/rules/token.h"

/* Does the work inside the transaction (it may run again after a conflict) and makes the answer. */
typedef err_t idempotent_fn(struct db *db, void *arg, json_t **answer);

struct idempotent {
    const struct caller *caller;
    const char *key;             /* the header's value; NULL: ERR_IDEMPOTENCY_MISSING */
    uint8_t request[SHA256_LEN]; /* digest over method, target and body */
    int status;                  /* of the answer when the work succeeds */
    idempotent_fn *fn;
    void *arg;
};
/* ERR_IDEMPOTENCY_MISSING, ERR_IDEMPOTENCY_REUSED, ERR_IDEMPOTENCY_RACE, and the failures of fn (which leave no trace). Caller frees *answer. */
err_t idempotent_do(struct db_pool *db, const struct idempotent *i, int *status, struct buf *answer) MUST_USE;

#endif
