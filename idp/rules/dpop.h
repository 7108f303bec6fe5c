/*
 * DPoP as this provider asks for it: each proof once, and a nonce where one is required.
 * Called by endpoints/caller.c and endpoints/bearer.c. RFC 9449 §4.3, §8, §11.1.
 */
#ifndef ANTIN_IDP_RULES_DPOP_H
#define ANTIN_IDP_RULES_DPOP_H

#include "common/dpop.h"
#include "idp/rules/secrets.h"
#include "idp/store/seen.h"

#define DPOP_NONCE_LEN B64URL_LEN(24) /* of those that we make */
#define DPOP_NONCE_LIFE 300           /* seconds */

struct dpop_in {
    const char *proof;        /* the header's value */
    const char *method, *url; /* of this request */
    const char *access_token; /* at a resource; NULL at the token endpoint */
    bool nonce_required;
};
/* Checks a proof; using it up is the caller's. ERR_DPOP, ERR_DPOP_NONCE (missing, foreign, or too old: a fresh one belongs into the answer). */
err_t dpop_accept(const uint8_t key[IDP_KEY_LEN], const struct dpop_in *in, char jkt[JKT_LEN + 1], struct proof *out) MUST_USE;

/* A nonce is a time and our MAC over it: nothing is kept. */
void dpop_nonce_make(const uint8_t key[IDP_KEY_LEN], int64_t now, char out[DPOP_NONCE_LEN + 1]);
bool dpop_nonce_ok(const uint8_t key[IDP_KEY_LEN], int64_t now, const char *nonce);

#endif
