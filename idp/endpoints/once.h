/*
 * Idempotency-Key: the same request gets the same answer, another request under the same key is refused. For a day, per officer.
 * Called by citizens.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_ONCE_H
#define ANTIN_IDP_ENDPOINTS_ONCE_H

#include "idp/endpoints/page.h"
#include "idp/store/account.h"

struct once {
    const char *principal; /* the officer's account */
    const char *key;
    uint8_t hash[HASH_LEN]; /* of method, address and body */
};
/* Reads the header and answers at once when this request was answered before (*done). ERR_KEY_MISSING, ERR_KEY_REUSED. */
err_t once_begin(struct http_req *r, const char *principal, struct once *o, bool *done) MUST_USE;
/* The answer again, after a store call said ERR_DB_CONFLICT. ERR_DB_NONE: the conflict was about something else. */
err_t once_replay(struct http_req *r, const struct once *o) MUST_USE;
/* What goes into the same statement as the change: the answer, sealed into *sealed (caller frees). */
err_t once_keep(const struct app *a, const struct once *o, int status, struct bytes answer, struct buf *sealed,
                struct once_new *row) MUST_USE;

#endif
