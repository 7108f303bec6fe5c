/*
 * Another issuer's published keys: fetched when first needed, kept, and fetched again at a bounded rate when a token names one that is not known.
 * Called by signer/rules/provider and idp/rules/upstream. RFC 7517 §5; OpenID Connect Core §10.1.1 (rotation).
 */
#ifndef ANTIN_REMOTE_KEYS_H
#define ANTIN_REMOTE_KEYS_H

#include "common/fetch.h"
#include "common/jose.h"

struct remote_keys; /* used by any number of threads at once */

struct remote_keys_conf {
    struct fetch *fetch; /* the caller's; outlives the keys */
    const char *url;
    const char *event;  /* of log lines: which issuer is in trouble */
    enum jose_alg only; /* the one algorithm that counts; JOSE_NONE: each key's own */
    bool kid_optional;  /* its tokens may name no key (jwt_verify_any); else they must (jwt_verify) */
    size_t body_max;
};
err_t remote_keys_open(const struct remote_keys_conf *c, struct remote_keys **out) MUST_USE; /* connects to nothing yet */
void remote_keys_close(struct remote_keys **k);

/*
 * As jwt_verify. A rotation is noticed at the first token of the new key; a flood of invented kids costs the issuer one request every few seconds, and
 * holds up nobody but the one who sends it. ERR_IO: there are no keys and none could be had; ERR_NOT_FOUND, ERR_BAD_SIGNATURE, ERR_SYNTAX.
 */
err_t remote_keys_verify(struct remote_keys *k, struct bytes token, const char *typ, json_t **claims) MUST_USE;

#endif
