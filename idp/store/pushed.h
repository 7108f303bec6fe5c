/*
 * Table pushed_request: requests sent ahead.
 * Called by rules/pushed.c.
 */
#ifndef ANTIN_IDP_STORE_PUSHED_H
#define ANTIN_IDP_STORE_PUSHED_H

#include "idp/store/store.h"

err_t pushed_add(struct db_pool *p, const uint8_t uri_hash[TIMED_KEY_LEN], const char *client_id, struct bytes params, int64_t life,
                 const char *request_id) MUST_USE;
/* Takes it out of the table: a second call finds nothing. ERR_DB_NONE: unknown, used, expired, or another client's. */
err_t pushed_take(struct db_pool *p, const uint8_t uri_hash[TIMED_KEY_LEN], const char *client_id, struct buf *params) MUST_USE;

#endif
