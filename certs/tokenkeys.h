/*
 * The token keys in a folder of keyd: read, put in order, published.
 * Called by certs/rotate.c and antin-ca's jwks.
 */
#ifndef ANTIN_CERTS_TOKENKEYS_H
#define ANTIN_CERTS_TOKENKEYS_H

#include "certs/keyfile.h"

#define TOKEN_LIFE_MAX 3600 /* seconds that the longest-lived token is good: certs/keyd/token.c */
#define TOKEN_KEYS_MAX 64

struct token_key {
    char id[KEY_ID_LEN + 1];
    enum jose_alg alg;
    int64_t not_before, not_after;
    struct buf spki;
};
/* By algorithm, the oldest first: of those in their time the last one signs, as keyd has it. */
struct token_keys {
    struct token_key key[TOKEN_KEYS_MAX];
    size_t n;
    char bad[96]; /* the file that is to blame, after a failure */
};
void token_keys_free(struct token_keys *k);
#define AUTO_TOKEN_KEYS AUTO(token_keys_free) struct token_keys

/* domain_key empty: headers alone, not authenticated. ERR_IO, ERR_SYNTAX, ERR_CRYPTO (altered, or another domain's), ERR_TOO_LARGE (too many). */
err_t token_keys_read(const char *dir, struct bytes domain_key, struct token_keys *out) MUST_USE;
/* A JWK set (RFC 7517 §5) of those whose tokens may be good at that time or will be: published before first use, kept until the last token is dead. */
err_t token_keys_jwks(const struct token_keys *k, int64_t now, struct buf *text) MUST_USE;

#endif
