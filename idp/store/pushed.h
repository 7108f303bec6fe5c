/*
 * Tables pushed_request and seen: requests sent ahead, and proofs that were used.
 * Called by rules/pushed.c, rules/client_assertion.c and rules/dpop.c.
 */
#ifndef ANTIN_IDP_STORE_PUSHED_H
#define ANTIN_IDP_STORE_PUSHED_H

#include "idp/store/store.h"

err_t pushed_add(struct db_pool *p, const uint8_t uri_hash[HASH_LEN], const char *client_id, struct bytes params, int64_t life,
                 const char *request_id) MUST_USE;
/* Takes it out of the table: a second call finds nothing. ERR_DB_NONE: unknown, used, expired, or another client's. */
err_t pushed_take(struct db_pool *p, const uint8_t uri_hash[HASH_LEN], const char *client_id, struct buf *params) MUST_USE;

/* Remembers a proof until then. ERR_DB_NONE: it was used before. */
err_t seen_add(struct db_pool *p, const uint8_t id[HASH_LEN], int64_t until) MUST_USE;

#endif
