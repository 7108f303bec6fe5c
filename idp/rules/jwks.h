/*
 * Our own public token keys, as keyd lists them, kept for a few seconds: published at /jwks, and used to check our own access tokens.
 * Called by endpoints/jwks.c and rules/token.c. RFC 7517.
 */
#ifndef ANTIN_IDP_RULES_JWKS_H
#define ANTIN_IDP_RULES_JWKS_H

#include "common/jose.h"
#include "common/keyclient.h"
#include "idp/errors.h"

struct jwks_cache;
err_t jwks_cache_open(struct keyclient *k, struct jwks_cache **out) MUST_USE;
void jwks_cache_close(struct jwks_cache **c);

/* A number that changes whenever the published keys do. Fresh: without waiting; false: keyd has to be asked first. */
bool jwks_cache_fresh(struct jwks_cache *c, uint64_t *version);
err_t jwks_cache_version(struct jwks_cache *c, uint64_t *version) MUST_USE; /* ERR_KEYD_DOWN: never answered */

/* The set as JSON text: keys that sign now, will sign (published before first use), or whose last tokens may still be good. */
err_t jwks_cache_json(struct jwks_cache *c, struct buf *out) MUST_USE;
/* As jwt_verify. at_hand: with the keys that are here, ERR_WAITS when keyd would have to be asked first. */
err_t jwks_cache_verify(struct jwks_cache *c, bool at_hand, struct bytes token, const char *typ, json_t **claims) MUST_USE;
enum jose_alg jwks_cache_alg(struct jwks_cache *c); /* that keyd signs with when nothing else is asked; JOSE_NONE when unknown */
unsigned jwks_cache_algs(struct jwks_cache *c);     /* bits 1 << enum jose_alg that keyd has a key for now; 0 when unknown */

#endif
