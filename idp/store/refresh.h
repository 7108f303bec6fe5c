/*
 * Table refresh_token: one row a token, by its hash; the chain of one grant is its family.
 * Called by rules/refresh.c and rules/revoke.c.
 */
#ifndef ANTIN_IDP_STORE_REFRESH_H
#define ANTIN_IDP_STORE_REFRESH_H

#include "idp/store/grant.h"
#include "idp/store/seen.h"

struct refresh_use {
    const struct proofs *proofs;     /* used up in the same breath */
    const uint8_t *hash, *next_hash; /* the token brought, the one that follows it */
    const char *client_id;
    const char *scope;    /* fewer scopes for this access token; NULL: all */
    int64_t idle, window; /* seconds: life of the next one without use; how long a lost answer is given again */
    const char *jkt;      /* key of the request's DPoP proof; "" when none */
    const char *request_id;
};
enum refresh_outcome { REFRESH_ROTATED, REFRESH_AGAIN, REFRESH_REUSED, REFRESH_SCOPE };
struct refresh_done {
    enum proofs_outcome proofs; /* not fresh: nothing else happened, nothing else is known */
    struct grant grant;
    enum refresh_outcome outcome;
};
/*
 * One statement, one commit: uses the token, makes its successor, or kills the family when it was used before. ERR_DB_NONE: unknown,
 * expired, revoked, or another client's.
 */
err_t refresh_use(struct db_pool *p, const struct refresh_use *in, struct refresh_done *out) MUST_USE;
/* Takes a rotation back, because no access token could be signed. ERR_DB_NONE: the successor was used meanwhile. */
err_t refresh_undo(struct db_pool *p, const struct refresh_use *in) MUST_USE;
/* The grant that a token belongs to, and until when it is good; whatever became of it is in live and good. ERR_DB_NONE. */
err_t refresh_get(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], struct grant *out, int64_t *expires_at, bool *good) MUST_USE;

#endif
