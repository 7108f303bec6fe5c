/*
 * Table signer.idempotency: answers already given, per caller and Idempotency-Key.
 * Called by rules/idempotency.
 */
#ifndef ANTIN_SIGNER_STORE_IDEMPOTENCY_H
#define ANTIN_SIGNER_STORE_IDEMPOTENCY_H

#include "common/db.h"

struct idempotency_id {
    const char *client_id;
    const char *subject;
    const char *key;
};
struct idempotency_row {
    uint8_t request[32]; /* SHA-256 over method, target and body */
    int status;
    struct buf answer; /* JSON text; caller frees */
};
/* Inside the transaction that does the work. ERR_DB_CONFLICT: another request with this key was faster. */
err_t idempotency_insert(struct db *db, const struct idempotency_id *id, const struct idempotency_row *r) MUST_USE;
err_t idempotency_get(struct db *db, const struct idempotency_id *id, struct idempotency_row *out) MUST_USE; /* ERR_DB_NONE */
/* Forgets answers older than a day. */
err_t idempotency_expire(struct db *db) MUST_USE;

extern const struct db_stmt idempotency_insert_stmt, idempotency_get_stmt, idempotency_expire_stmt;

#endif
