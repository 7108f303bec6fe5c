/*
 * Table throttle: failed attempts per account or address.
 * Called by rules/throttle.c.
 */
#ifndef ANTIN_IDP_STORE_THROTTLE_H
#define ANTIN_IDP_STORE_THROTTLE_H

#include "idp/store/store.h"

/*
 * Counts an attempt. From the limit-th on each one closes the bucket for a while that doubles (30 s at first, window at most);
 * after window seconds of quiet
 * the count begins anew. *wait: seconds until the bucket opens; 0: the attempt may go on.
 */
err_t throttle_row_try(struct db_pool *p, const uint8_t bucket[HASH_LEN], int64_t limit, int64_t window, int64_t *wait) MUST_USE;
err_t throttle_row_forgive(struct db_pool *p, const uint8_t bucket[HASH_LEN]) MUST_USE; /* takes one attempt back: it succeeded */
/*
 * Counts one use of something that may be used limit times in a window; a new window begins with the first use after the old one.
 * *wait: seconds until then; 0: go on.
 */
err_t throttle_row_count(struct db_pool *p, const uint8_t bucket[HASH_LEN], int64_t limit, int64_t window, int64_t *wait) MUST_USE;

#endif
