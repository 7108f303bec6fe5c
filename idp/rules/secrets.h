/*
 * Small uses of the derived keys: random names and their hashes, look-up hashes, sealing of little things the database must keep
 * but not read.
 * Called by rules/, endpoints/ and antin-idpctl.
 */
#ifndef ANTIN_IDP_RULES_SECRETS_H
#define ANTIN_IDP_RULES_SECRETS_H

#include "common/secret.h"
#include "idp/store/store.h"

#define IDP_KEY_LEN 32
/* Keys derived from the master secret (BLAKE2b KDF), one a use, so that no value of one use means anything to another. */
struct idp_keys {
    uint8_t pairwise[32]; /* subjects: never changes while the installation lives */
    uint8_t lookup[32];   /* keyed hashes of numbers and phones */
    uint8_t csrf[32];     /* form tokens */
    uint8_t throttle[32]; /* keyed names of throttle buckets */
    uint8_t refresh[32];  /* makes each refresh token of the one before it */
    uint8_t nonce[32];    /* DPoP nonces */
    uint8_t upstream[32]; /* state, nonce and PKCE verifier of sign-ins at upstream providers */
    uint8_t seal[32];     /* little things that the database keeps but must not read */
};

#define TOKEN_BYTES 32
#define TOKEN_CHARS B64URL_LEN(TOKEN_BYTES) /* cookies, codes, request names: 256 random bits */

/* SHA-256 of a random name, as the database knows it. False when it does not look like one of ours (then nothing needs to be asked). */
bool token_hash(const char *token, uint8_t out[SHA256_LEN]);

/*
 * Names that end: eight characters that say when (48 bits of milliseconds since 1970), then a random name. The time is no secret and proves nothing;
 * it tells the database where to look (schema/idp/0007), so that what is over goes as a whole. until: seconds.
 */
#define TIMED_PREFIX_CHARS B64URL_LEN(TIME_PREFIX_LEN)
#define TIMED_CHARS (TIMED_PREFIX_CHARS + TOKEN_CHARS)
void timed_make(int64_t until, char out[TIMED_CHARS + 1]);
/* How the database knows it. False when it does not look like one of ours. Names of before they carried a time are known by time 0. */
bool timed_key(const char *name, uint8_t out[TIMED_KEY_LEN]);
/* Another name that ends when this one does; one without a time, then (seconds). */
void timed_beside(const char *name, int64_t then, char out[TIMED_CHARS + 1]);
/* A name that ends with a grant: its refresh tokens lie beside it. */
void timed_for_grant(const char *grant_id, char out[TIMED_CHARS + 1]);
/* A UUID that ends: version 8 (RFC 9562 §5.8), the same 48 bits in front. */
void timed_uuid(int64_t until, char out[UUID_LEN + 1]);

/* HMAC of "use|value": the same value under another use gives another hash. */
void lookup_hash(const uint8_t key[IDP_KEY_LEN], const char *use, const char *value, uint8_t out[SHA256_LEN]);

/* XChaCha20-Poly1305 with a random nonce in front; ad ties the sealed bytes to their place. open: ERR_CRYPTO when altered. */
err_t idp_seal(const uint8_t key[IDP_KEY_LEN], struct bytes ad, struct bytes plain, struct buf *out) MUST_USE;
err_t idp_unseal(const uint8_t key[IDP_KEY_LEN], struct bytes ad, struct bytes sealed, struct buf *out) MUST_USE;

#endif
