/*
 * Table code: the one statement that redeems an authorization code, and the one that takes it back.
 * Called by rules/code.c.
 */
#ifndef ANTIN_IDP_STORE_CODE_H
#define ANTIN_IDP_STORE_CODE_H

#include "idp/store/grant.h"
#include "idp/store/seen.h"

struct code_use {
    const struct proofs *proofs; /* used up in the same breath */
    const uint8_t *hash;
    const char *client_id, *redirect_uri;
    const char *challenge;       /* of the verifier that was brought; NULL: none, or one that cannot be */
    const char *jkt;             /* key of the request's DPoP proof; "" when none */
    const uint8_t *refresh_hash; /* the grant's first refresh token, kept if offline_access was granted; NULL: none */
    int64_t refresh_idle;
    bool bind; /* to jkt, from now on (public clients) */
    const char *request_id;
};
enum code_outcome { CODE_RIGHT, CODE_REUSED, CODE_CHALLENGE, CODE_WRONG };
struct code_used {
    enum proofs_outcome proofs; /* not fresh: nothing else happened, nothing else is known */
    enum code_outcome outcome;
    struct grant grant;
    char nonce[NONCE_MAX + 1];
};
/*
 * One statement, one commit. Of several at once each sees what the one before did: the first gets CODE_RIGHT, every later one CODE_REUSED, and the grant is dead
 * then, whatever else that one brought. What is wrong with a code that was not used leaves it good (CODE_CHALLENGE, CODE_WRONG).
 * ERR_DB_NONE: unknown, or another client's.
 */
err_t code_use(struct db_pool *p, const struct code_use *in, struct code_used *out) MUST_USE;
/* Takes it back, because no token could be signed; with its refresh token and its binding. ERR_DB_NONE: somebody used it a second time meanwhile. */
err_t code_undo(struct db_pool *p, const struct code_use *in) MUST_USE;

#endif
