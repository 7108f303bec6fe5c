/*
 * Signing in at an upstream provider: the way there and the way back.
 * Called by endpoints/upstream.c. OpenID Connect Core §3.1, RFC 7636, RFC 9207, RFC 9700 §4.4, §4.7.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_FLOW_H
#define ANTIN_IDP_RULES_UPSTREAM_FLOW_H

#include "common/db.h"
#include "common/text.h"
#include "idp/rules/secrets.h"
#include "idp/rules/upstream.h"
#include "idp/rules/upstream_claims.h"

#define UPSTREAM_WAITS_MAX 64

struct upstream_start {
    const char *browser; /* its cookie: nobody else's browser can come back with what this one was given */
    const char *waits;   /* what goes on after: the endpoint's own words, given back as they were; at most UPSTREAM_WAITS_MAX */
    bool fresh;          /* who is signed in there already must sign in again */
    bool level_2;        /* level 2 is needed */
    enum lang lang;
};
/* The address to send the browser to. Nothing is stored: state is sealed, nonce and verifier are made of it and the browser's cookie. */
err_t upstream_begin(struct upstream *u, const struct idp_keys *k, const struct upstream_start *s, struct buf *url) MUST_USE;

struct upstream_back {
    const char *browser, *state, *code, *iss, *error; /* each may be NULL */
};
struct upstream_came {
    char waits[UPSTREAM_WAITS_MAX + 1]; /* set as soon as state was believed, also when an error is returned; "" before */
    struct upstream_person person;
    int64_t auth_time; /* when the person signed in there, not after now; 0: it did not say */
};
/*
 * ERR_UPSTREAM_STATE: not of this browser and provider, too old, or used before; ERR_UPSTREAM_REFUSED: the person or the provider said no;
 * ERR_UPSTREAM_ANSWER: an answer that must not be believed; ERR_UPSTREAM_OLD: it did not sign the person in anew; ERR_UPSTREAM_LEVEL; ERR_UPSTREAM_DOWN;
 * ERR_BUSY.
 */
err_t upstream_return(struct upstream *u, struct db_pool *db, const struct idp_keys *k, const struct upstream_back *b,
                      struct upstream_came *out) MUST_USE;

#endif
